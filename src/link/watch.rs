//! What a visualizer tells an instance: that it looks, and sometimes what it shows.

use super::bytes::{Malformed, Reader, Writer};
use std::sync::Arc;

/// Largest width and height of a picture that is sent, in pixels.
pub const PICTURE: (u16, u16) = (160, 90);
/// Bytes of the longest message.
pub(super) const LONGEST: usize = 32 + 3 * PICTURE.0 as usize * PICTURE.1 as usize;
/// Its kind.
const KIND: u16 = 2;

/// A small picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Thumbnail {
    /// Pixels: 1 to [`PICTURE`].
    pub width: u16,
    /// Pixels: 1 to [`PICTURE`].
    pub height: u16,
    /// Rows from the top of red, green, blue.
    pub rgb: Arc<[u8]>,
}

/// A message of a visualizer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Watch {
    /// Its process.
    pub process: u32,
    /// Which of that process's.
    pub watcher: u32,
    /// When it was sent, by [`crate::moment::now_ns`].
    pub sent_ns: u64,
    /// What it shows.
    pub picture: Option<Thumbnail>,
}

impl Thumbnail {
    /// A picture of another size, made small: rows of red, green, blue and, where `channels` is 4, something else. `None`
    /// where the bytes are not those of such a picture.
    pub fn shrink(size: (usize, usize), channels: usize, bytes: &[u8]) -> Option<Self> {
        let (width, height) = size;
        let whole = width.checked_mul(height)?.checked_mul(channels)?;
        if width == 0 || height == 0 || !(3..=4).contains(&channels) || bytes.len() != whole {
            return None;
        }
        let share = (f64::from(PICTURE.0) / width as f64).min(f64::from(PICTURE.1) / height as f64).min(1.0);
        let to = |side: usize, most: u16| ((side as f64 * share).round() as usize).clamp(1, usize::from(most));
        let (small_width, small_height) = (to(width, PICTURE.0), to(height, PICTURE.1));
        let range = |i: usize, small: usize, side: usize| {
            let from = i * side / small;
            from..((i + 1) * side / small).max(from + 1)
        };
        let mut rgb = Vec::with_capacity(3 * small_width * small_height);
        for y in 0..small_height {
            let rows = range(y, small_height, height);
            for x in 0..small_width {
                let columns = range(x, small_width, width);
                let mut sum = [0_usize; 3];
                for row in rows.clone() {
                    for column in columns.clone() {
                        let at = (row * width + column) * channels;
                        sum.iter_mut().zip(&bytes[at..at + 3]).for_each(|(sum, byte)| *sum += usize::from(*byte));
                    }
                }
                let count = rows.len() * columns.len();
                rgb.extend(sum.map(|sum| (sum / count) as u8));
            }
        }
        Some(Self { width: small_width as u16, height: small_height as u16, rgb: rgb.into() })
    }
}

impl Watch {
    /// Writes it.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        let mut w = Writer(bytes);
        w.begin(KIND);
        w.put(self.process.to_le_bytes());
        w.put(self.watcher.to_le_bytes());
        w.put(self.sent_ns.to_le_bytes());
        let (width, height) = self.picture.as_ref().map_or((0, 0), |picture| (picture.width, picture.height));
        w.put(width.to_le_bytes());
        w.put(height.to_le_bytes());
        if let Some(picture) = &self.picture {
            w.0.extend_from_slice(&picture.rgb);
        }
    }

    /// Reads one.
    ///
    /// # Errors
    /// [`Malformed`] where any value cannot be.
    pub fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut r = Reader::begin(bytes, KIND)?;
        let (process, watcher, sent_ns) = (r.u32()?, r.u32()?, r.u64()?);
        let (width, height) = (r.u16()?, r.u16()?);
        let picture = match (width, height) {
            (0, 0) => None,
            (1..=160, 1..=90) => {
                let rgb = r.slice(3 * usize::from(width) * usize::from(height))?;
                Some(Thumbnail { width, height, rgb: rgb.into() })
            }
            _ => return Err(Malformed::Value { what: "a picture's width", value: i64::from(width) }),
        };
        Ok(Self { process, watcher, sent_ns, picture })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_made_small_and_arrive_as_they_were_sent() {
        let large: Vec<u8> = (0..320 * 240).flat_map(|i| [(i % 320 / 2) as u8, (i / 320) as u8, 9, 255]).collect();
        let picture = Thumbnail::shrink((320, 240), 4, &large).unwrap();
        assert_eq!((picture.width, picture.height, picture.rgb.len()), (120, 90, 3 * 120 * 90));
        assert!(picture.rgb[0] <= 2 && picture.rgb[3 * 119] >= 157 && picture.rgb[2] == 9, "{:?}", &picture.rgb[..3]);
        assert!(Thumbnail::shrink((320, 240), 3, &large).is_none() && Thumbnail::shrink((0, 0), 3, &[]).is_none());
        let tiny = Thumbnail::shrink((2, 1), 3, &[1, 2, 3, 4, 5, 6]).unwrap();
        assert_eq!((tiny.width, tiny.height, &tiny.rgb[..]), (2, 1, &[1, 2, 3, 4, 5, 6][..]));
        for picture in [None, Some(picture), Some(tiny)] {
            let (watch, mut bytes) = (Watch { process: 7, watcher: 1, sent_ns: 8, picture }, Vec::new());
            watch.write(&mut bytes);
            assert!(bytes.len() <= LONGEST);
            assert_eq!(Watch::read(&bytes), Ok(watch));
            assert!(Watch::read(&bytes[..bytes.len() - 1]).is_err());
        }
    }
}
