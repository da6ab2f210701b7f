//! What an instance says of itself, in the attributes of its service: names of any script, as plain ASCII, since
//! `iceoryx2` takes nothing else.

use super::room::LinkError;
use iceoryx2::prelude::{AttributeSet, AttributeSpecifier, SemanticString as _};
use iceoryx2::service::attribute::{AttributeKey, AttributeValue};

/// Longest value, in bytes as written; a name of letters without accents has as many letters.
const LONGEST: usize = 240;

/// Writes a text: what is not a printable ASCII character, or is `%`, becomes `%` and two digits for each of its bytes.
fn encode(text: &str) -> String {
    let mut coded = String::new();
    for c in text.chars() {
        let mut bytes = [0; 4];
        let piece = match c {
            ' '..='$' | '&'..='~' => c.to_string(),
            _ => c.encode_utf8(&mut bytes).bytes().map(|byte| format!("%{byte:02x}")).collect(),
        };
        if coded.len() + piece.len() > LONGEST {
            break;
        }
        coded += &piece;
    }
    if coded.is_empty() { "?".to_owned() } else { coded }
}

/// Reads a text, without anything in it that a terminal would obey.
fn decode(coded: &[u8]) -> String {
    let digit = |at: usize| coded.get(at).and_then(|b| char::from(*b).to_digit(16)).map(|d| d as u8);
    let (mut bytes, mut at) = (Vec::new(), 0);
    while let Some(&byte) = coded.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(high << 4 | low);
                at += 3;
            }
            _ => {
                bytes.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&bytes).chars().filter(|c| !c.is_control()).collect()
}

/// Attributes of these names and texts.
pub(super) fn describe(all: &[(&str, &str)]) -> Result<AttributeSpecifier, LinkError> {
    let what = "an instance's description";
    all.iter().try_fold(AttributeSpecifier::new(), |about, (key, text)| {
        let key = AttributeKey::new(key.as_bytes()).map_err(|e| LinkError::system(what)(&e))?;
        let value = AttributeValue::new(encode(text).as_bytes()).map_err(|e| LinkError::system(what)(&e))?;
        about.define(&key, &value).map_err(|e| LinkError::system(what)(&e))
    })
}

/// The text of an attribute; empty where there is none.
pub(super) fn text(about: &AttributeSet, key: &str) -> String {
    let Ok(key) = AttributeKey::new(key.as_bytes()) else { return String::new() };
    about.key_value(&key, 0).map(|value| decode(value.as_bytes())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_any_script_come_through_and_are_never_too_long() {
        for name in ["Lead 1", "Bässe / 100 %", "低音", "🎹", "%41", "a%", "%zz"] {
            let coded = encode(name);
            assert!(coded.is_ascii(), "{coded}");
            assert_eq!(decode(coded.as_bytes()), name);
        }
        assert_eq!(encode(""), "?");
        assert_eq!(decode(b"evil\x1b[2J%1b%0a\xff"), "evil[2J\u{fffd}");
        let long = "ü".repeat(500);
        let coded = encode(&long);
        assert!(coded.len() <= LONGEST && long.starts_with(&decode(coded.as_bytes())), "{coded}");
        let about = describe(&[("name", &long), ("program", "音")]).unwrap();
        assert_eq!(text(about.attributes(), "program"), "音");
        assert!(text(about.attributes(), "name").len() == 80 && text(about.attributes(), "other").is_empty());
    }
}
