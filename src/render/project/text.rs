//! Values that stand in a project as a person writes them.

use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer, Serializer};
use std::fmt::Display;
use std::str::FromStr;

/// A number or a text.
#[derive(serde::Deserialize)]
#[serde(untagged)]
enum Written {
    Whole(i64),
    Number(f64),
    Text(String),
}

impl Written {
    fn text(self) -> String {
        match self {
            Self::Whole(number) => number.to_string(),
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text,
        }
    }
}

/// What reads and shows itself.
pub mod required {
    use super::*;

    pub fn serialize<T: Display, S: Serializer>(value: &T, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(value)
    }

    pub fn deserialize<'de, T: FromStr<Err = String>, D: Deserializer<'de>>(from: D) -> Result<T, D::Error> {
        Written::deserialize(from)?.text().parse().map_err(D::Error::custom)
    }
}

/// The same, where it may be left out.
pub mod optional {
    use super::*;

    pub fn serialize<T: Display, S: Serializer>(value: &Option<T>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            Some(value) => to.collect_str(value),
            None => to.serialize_none(),
        }
    }

    pub fn deserialize<'de, T: FromStr<Err = String>, D: Deserializer<'de>>(from: D) -> Result<Option<T>, D::Error> {
        required::deserialize(from).map(Some)
    }
}

/// Pixels across and down.
pub mod size {
    use super::*;
    use crate::picture::VideoSize;

    pub fn serialize<S: Serializer>(size: &VideoSize, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(&format_args!("{}x{}", size.width, size.height))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<VideoSize, D::Error> {
        read(&Written::deserialize(from)?.text()).map_err(D::Error::custom)
    }

    /// Reads `720` or `1280x720`: even numbers from 16 to 4096.
    pub fn read(text: &str) -> Result<VideoSize, String> {
        let (width, height) = text.split_once(['x', '×']).unwrap_or((text, text));
        let side = |text: &str| text.trim().parse::<u32>().ok().filter(|n| (16..=4096).contains(n) && n % 2 == 0);
        match (side(width), side(height)) {
            (Some(width), Some(height)) => Ok(VideoSize { width, height }),
            _ => Err("sizes are even numbers from 16 to 4096, such as 720 or 1280x720".into()),
        }
    }
}
