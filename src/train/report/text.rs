//! Text as a page needs it.

use std::fmt::{Display, Formatter, Result, Write};

/// Text with the characters of mark-up replaced.
pub(super) struct Escaped<'a>(pub &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            other => f.write_char(other),
        })
    }
}

/// A whole number with its thousands set apart.
pub(super) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let groups = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join(",")
}

/// Bytes as base 64 (RFC 4648, section 4).
pub(super) fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let byte = |n: usize| u32::from(chunk.get(n).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for n in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * n) & 63) as usize];
            text.push(if n <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

/// The leaves of settings, each with the path to it.
pub(super) fn flattened(value: &serde_json::Value) -> Vec<(String, String)> {
    fn walk(path: &str, value: &serde_json::Value, out: &mut Vec<(String, String)>) {
        match value {
            serde_json::Value::Object(fields) => {
                for (name, value) in fields {
                    let below = if path.is_empty() { name.clone() } else { format!("{path}, {name}") };
                    walk(&below, value, out);
                }
            }
            serde_json::Value::String(text) => out.push((path.to_owned(), text.clone())),
            // Settings of single precision are shown as they were given.
            serde_json::Value::Number(n) if n.is_f64() => {
                let value = n.as_f64().unwrap_or(f64::NAN);
                let single = value as f32;
                let given = if f64::from(single) == value { single.to_string() } else { value.to_string() };
                out.push((path.to_owned(), given));
            }
            other => out.push((path.to_owned(), other.to_string())),
        }
    }
    let mut out = Vec::new();
    walk("", value, &mut out);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The vectors of RFC 4648, section 10.
    #[test]
    fn base64_is_that_of_its_specification() {
        let vectors =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy")];
        for (plain, coded) in vectors {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn numbers_and_settings_are_easy_to_read() {
        assert_eq!([0, 999, 1000, 6_500_000].map(thousands), ["0", "999", "1,000", "6,500,000"]);
        let settings = serde_json::json!({"config": {"hidden": 192}, "dropout": 0.2_f32, "rate": 2e-3, "kind": "x"});
        let flat = flattened(&settings);
        let flat = flat.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect::<Vec<_>>();
        assert_eq!(flat, [("config, hidden", "192"), ("dropout", "0.2"), ("kind", "x"), ("rate", "0.002")]);
    }
}
