//! What is written over the pictures: the title, help, a message for a while.

use crate::stage::{Letters, TextBox};

/// Seconds that a message stands.
const MESSAGE: f64 = 2.5;

/// Bytes of a text and their size: rows of four bytes a pixel.
pub(super) type Set = ((u32, u32), Vec<u8>);

/// The texts.
#[derive(Default)]
pub(super) struct Texts {
    letters: Letters,
    title: Option<TextBox>,
    pub help: bool,
    message: Option<(String, f64)>,
    set: Option<Vec<TextBox>>,
    size: (u32, u32),
}

impl Texts {
    pub fn new(title: Option<String>) -> Self {
        Self { title: title.map(TextBox::Title), ..Self::default() }
    }

    /// Says something for a while.
    pub fn say(&mut self, message: String, seconds: f64) {
        self.message = Some((message, seconds + MESSAGE));
    }

    /// Says something that stays.
    pub fn insist(&mut self, message: String) {
        self.message = Some((message, f64::INFINITY));
    }

    /// Whether there is something that must be seen even where titles are not.
    pub fn urgent(&self) -> bool {
        self.help || self.message.is_some()
    }

    /// Sets the text anew where it has changed; `help` says how the show is. Gives the text, and whether it came or went.
    pub fn write(
        &mut self,
        seconds: f64,
        size: (u32, u32),
        help: impl FnOnce() -> String,
    ) -> Option<(Set, Option<bool>)> {
        if self.message.as_ref().is_some_and(|(_, until)| *until <= seconds) {
            self.message = None;
        }
        let mut texts: Vec<TextBox> = self.title.iter().cloned().collect();
        if self.help {
            texts = vec![TextBox::Help(help())];
        } else if let Some((message, _)) = &self.message {
            texts.push(TextBox::Help(message.clone()));
        }
        // Once a second is enough for what changes all the time.
        let often = self.help && (seconds.fract() > 0.05) && self.set.is_some();
        let same =
            self.set.as_ref().is_some_and(|set| *set == texts || (often && matches!(set[..], [TextBox::Help(_)])));
        if same && self.size == size {
            return None;
        }
        // Text is drawn small enough to be quick and large enough to be sharp.
        let height = size.1.clamp(1, 1080);
        let width = (u64::from(size.0.max(1)) * u64::from(height) / u64::from(size.1.max(1))).max(1) as u32;
        let bytes = self.letters.set(&texts, (width, height));
        let there = !texts.is_empty();
        let turned = self.set.as_ref().is_none_or(|set| set.is_empty() == there).then_some(there);
        (self.set, self.size) = (Some(texts), size);
        Some((((width, height), bytes), turned))
    }
}
