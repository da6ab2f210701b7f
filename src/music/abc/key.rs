use serde::{Deserialize, Serialize};

/// A key as the `K:` field names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AbcKey {
    /// Pitch class of the tonic, 0 (C) to 11; `None` where the field says `none`.
    pub tonic: Option<u8>,
    /// The mode.
    pub mode: AbcMode,
    /// Sharps of the key signature, −7 to 7; flats are negative.
    pub fifths: i8,
}

/// The modes ABC knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AbcMode {
    /// Ionian.
    Major,
    /// Aeolian.
    Minor,
    /// Natural minor with a raised sixth.
    Dorian,
    /// Natural minor with a lowered second.
    Phrygian,
    /// Major with a raised fourth.
    Lydian,
    /// Major with a lowered seventh.
    Mixolydian,
    /// Phrygian with a lowered fifth.
    Locrian,
}

impl AbcMode {
    /// Fifths that the mode lies away from the major key on the same tonic.
    fn shift(self) -> i8 {
        match self {
            Self::Lydian => 1,
            Self::Major => 0,
            Self::Mixolydian => -1,
            Self::Dorian => -2,
            Self::Minor => -3,
            Self::Phrygian => -4,
            Self::Locrian => -5,
        }
    }

    /// The mode that a word such as `mix`, `Dorian` or `m` names; only its first three letters count.
    fn from_word(word: &str) -> Option<Self> {
        let short: String = word.chars().take(3).collect::<String>().to_ascii_lowercase();
        Some(match short.as_str() {
            "maj" | "ion" => Self::Major,
            "m" | "min" | "aeo" => Self::Minor,
            "dor" => Self::Dorian,
            "phr" => Self::Phrygian,
            "lyd" => Self::Lydian,
            "mix" => Self::Mixolydian,
            "loc" => Self::Locrian,
            _ => return None,
        })
    }
}

/// A key and the accidental (in semitones) it gives to each of the letters C D E F G A B.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signature {
    pub key: AbcKey,
    pub alter: [i8; 7],
}

/// Letters in the order in which sharps appear (F C G D A E B), counted from C = 0.
const SHARP_ORDER: [usize; 7] = [3, 0, 4, 1, 5, 2, 6];

/// Position of a note letter above C: C = 0 … B = 6.
pub(super) fn letter_step(letter: u8) -> Option<usize> {
    match letter.to_ascii_uppercase() {
        c @ b'C'..=b'G' => Some(usize::from(c - b'C')),
        c @ b'A'..=b'B' => Some(usize::from(c - b'A') + 5),
        _ => None,
    }
}

/// Semitones above C of the natural letters C D E F G A B.
pub(super) const NATURAL: [i16; 7] = [0, 2, 4, 5, 7, 9, 11];

impl Signature {
    pub(super) const NONE: Self = Self { key: AbcKey { tonic: None, mode: AbcMode::Major, fifths: 0 }, alter: [0; 7] };

    fn new(tonic: Option<u8>, mode: AbcMode, fifths: i8) -> Self {
        let mut alter = [0; 7];
        for n in 0..usize::from(fifths.unsigned_abs()).min(7) {
            let at = if fifths > 0 { n } else { 6 - n };
            alter[SHARP_ORDER[at]] = fifths.signum();
        }
        Self { key: AbcKey { tonic, mode, fifths }, alter }
    }

    /// Reads the text of a `K:` field; `None` where it names no key (a clef alone, say).
    ///
    /// Known: tonic with `#` or `b`, the seven modes by their first three letters, `m`, `Hp` and `HP`
    /// (Highland pipes, two sharps), `none`, and explicit accidentals such as `=c` or `exp ^f _b`.
    pub(super) fn parse(field: &str) -> Option<Self> {
        let field = field.trim();
        let bytes = field.as_bytes();
        if field.is_empty() || field.eq_ignore_ascii_case("none") {
            return Some(Self::NONE);
        }
        if field.starts_with("HP") || field.starts_with("Hp") {
            return Some(Self::new(Some(2), AbcMode::Major, 2));
        }
        if !(b'A'..=b'G').contains(&bytes[0]) {
            return None;
        }
        let step = letter_step(bytes[0])?;
        let mut at = 1;
        let accidental: i8 = match bytes.get(1) {
            Some(b'#') => 1,
            Some(b'b') => -1,
            _ => 0,
        };
        at += usize::from(accidental != 0);
        let rest = &field[at..];
        let word: String = rest.trim_start().chars().take_while(char::is_ascii_alphabetic).collect();
        let mode = AbcMode::from_word(&word);
        // Fifths of the major keys on C D E F G A B.
        let natural = [0, 2, 4, -1, 1, 3, 5][step];
        let fifths = natural + 7 * accidental + mode.map_or(0, AbcMode::shift);
        if !(-7..=7).contains(&fifths) {
            return None;
        }
        let tonic = (NATURAL[step] + i16::from(accidental)).rem_euclid(12) as u8;
        let mut signature = Self::new(Some(tonic), mode.unwrap_or(AbcMode::Major), fifths);
        if word.eq_ignore_ascii_case("exp") {
            signature.alter = [0; 7];
        }
        signature.explicit(rest.as_bytes());
        Some(signature)
    }

    /// Applies explicit accidentals such as `=c ^f`.
    fn explicit(&mut self, text: &[u8]) {
        let mut at = 0;
        while at < text.len() {
            let (value, width) = match &text[at..] {
                [b'^', b'^', ..] => (2, 2),
                [b'^', ..] => (1, 1),
                [b'_', b'_', ..] => (-2, 2),
                [b'_', ..] => (-1, 1),
                [b'=', ..] => (0, 1),
                _ => {
                    at += 1;
                    continue;
                }
            };
            at += width;
            // A single letter only: "clef=bass" is not an accidental.
            let alone = text.get(at + 1).is_none_or(|c| !c.is_ascii_alphabetic());
            if let Some(step) = text.get(at).filter(|_| alone).and_then(|&c| letter_step(c)) {
                self.alter[step] = value;
            }
        }
    }
}
