use super::AbcWarning;
use super::key::Signature;
use super::line::Line;
use super::tune::{field, metre, unit_length};
use super::unroll::{Item, WHOLE};
use crate::time::TimeSignature;

/// Warnings kept of one tune; the rest would say the same again.
const MAX_WARNINGS: usize = 32;
/// The longest single note that is read: sixteen whole notes.
const MAX_TICKS: u64 = 16 * WHOLE;

/// Reads the music of one tune line by line into items of its first voice.
pub(super) struct Body {
    pub items: Vec<Item>,
    pub warnings: Vec<AbcWarning>,
    pub(super) signature: Signature,
    /// The last accidental of each letter in the bar so far.
    pub(super) bar: [Option<i8>; 7],
    /// Letter, octave and accidental of the note read last.
    pub(super) last: (usize, i16, i8),
    pub(super) unit: u64,
    pub(super) compound: bool,
    /// What `>` or `<` leaves for the next note: numerator over denominator.
    pub(super) broken: Option<(u64, u64)>,
    /// Factor and notes left of a tuplet.
    pub(super) tuplet: Option<(u64, u64, u64)>,
    /// The voice that is read, and whether it is this voice's turn.
    voice: Option<String>,
    pub(super) heard: bool,
    number: usize,
}

impl Body {
    pub(super) fn new(signature: Signature, unit: u64, metre: Option<TimeSignature>) -> Self {
        Self {
            items: Vec::new(),
            warnings: Vec::new(),
            signature,
            bar: [None; 7],
            last: (0, 0, 0),
            unit,
            compound: metre.is_some_and(is_compound),
            broken: None,
            tuplet: None,
            voice: None,
            heard: true,
            number: 0,
        }
    }

    /// Reads a line: a field, or music.
    pub(super) fn line(&mut self, line: &str, number: usize) {
        self.number = number;
        if let Some((name, text)) = field(line) {
            self.field(name, text);
        } else if self.heard || line.contains("[V:") {
            Line::new(self, line).read();
        }
    }

    pub(super) fn warn(&mut self, what: String) {
        if self.warnings.len() < MAX_WARNINGS {
            self.warnings.push(AbcWarning { line: self.number, what });
        }
    }

    pub(super) fn field(&mut self, name: u8, text: &str) {
        match name {
            b'V' => {
                let id = text.split_whitespace().next().unwrap_or("");
                // Music before any V: belongs to the first voice that is named.
                let first = self.voice.get_or_insert_with(|| id.to_owned());
                self.heard = first == id;
            }
            b'K' if self.heard => match Signature::parse(text) {
                Some(signature) => self.signature = signature,
                None => self.warn(format!("key {text:?} not understood, the old one stays")),
            },
            b'M' if self.heard => {
                if let Some(metre) = metre(text) {
                    self.compound = is_compound(metre);
                }
            }
            b'L' if self.heard => self.unit = unit_length(text).unwrap_or(self.unit),
            b'P' if self.heard => {
                if let Some(label) = text.chars().next().filter(char::is_ascii_uppercase) {
                    self.items.push(Item::Part(label));
                    self.bar = [None; 7];
                }
            }
            _ => {}
        }
    }

    /// The accidental that a tie carries over the bar line to the same letter.
    pub(super) fn held(&self, step: usize, octave: i16) -> Option<i8> {
        let note = self.items.iter().rev().find(|item| !matches!(item, Item::Bar(_)));
        let tied = matches!(note, Some(Item::Note { tie: true, .. }));
        (tied && (self.last.0, self.last.1) == (step, octave)).then_some(self.last.2)
    }

    /// Adds a note with its tuplet and broken rhythm.
    pub(super) fn note(&mut self, pitch: Option<u8>, mut ticks: u64, tie: bool) {
        if let Some((top, bottom, left)) = self.tuplet {
            ticks = ticks * top / bottom;
            self.tuplet = (left > 1).then_some((top, bottom, left - 1));
        }
        if let Some((top, bottom)) = self.broken.take() {
            ticks = ticks * top / bottom;
        }
        if ticks == 0 || ticks > MAX_TICKS {
            self.warn("a note without length, or longer than sixteen whole notes, left out".into());
            return;
        }
        self.items.push(Item::Note { pitch, ticks, tie });
    }
}

/// As the standard lists them for tuplets (2.1, section 4.13): fewer than [`TimeSignature::is_compound`] has.
fn is_compound(metre: TimeSignature) -> bool {
    matches!((metre.numerator, metre.denominator), (6 | 9 | 12, 8..))
}
