use crate::bridge::Part;
use crate::time::Beats;

const KEYS: usize = 128;

/// A note that sounds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct SoundingNote {
    pub part: Part,
    pub pitch: u8,
    /// The sample at which it began.
    pub began: i64,
    /// Where it will end; infinite while a player holds the key.
    pub end: Beats,
    /// Whether the composer was told of its beginning, and so must be told of its end.
    pub told_composer: bool,
    /// The same for the pictures.
    pub told_show: bool,
}

/// Every note that sounds, at most one for each key of each part. As there is a place for every key, an end can never
/// be lost for want of room.
#[derive(Debug)]
pub(super) struct Sounding {
    at_key: [Option<SoundingNote>; KEYS * Part::ALL.len()],
    /// Indices into `at_key` of the first `len` notes, in no order.
    active: [u16; KEYS * Part::ALL.len()],
    len: usize,
}

impl Sounding {
    pub fn new() -> Self {
        Self { at_key: [None; KEYS * Part::ALL.len()], active: [0; KEYS * Part::ALL.len()], len: 0 }
    }

    pub fn len(&self) -> usize {
        self.len
    }

    fn key(part: Part, pitch: u8) -> usize {
        part.index() * KEYS + usize::from(pitch & 127)
    }

    /// Whether a key of a part sounds.
    pub fn sounds(&self, part: Part, pitch: u8) -> bool {
        self.at_key[Self::key(part, pitch)].is_some()
    }

    /// The note of a key, if it sounds.
    pub fn at_key(&mut self, part: Part, pitch: u8) -> Option<&mut SoundingNote> {
        self.at_key[Self::key(part, pitch)].as_mut()
    }

    /// Adds a note whose key is free.
    pub fn add(&mut self, note: SoundingNote) {
        let key = Self::key(note.part, note.pitch);
        if self.at_key[key].is_none() {
            self.active[self.len] = key as u16;
            self.len += 1;
        }
        self.at_key[key] = Some(note);
    }

    /// Takes the note of a key out, if it sounds.
    pub fn remove(&mut self, part: Part, pitch: u8) -> Option<SoundingNote> {
        let key = Self::key(part, pitch);
        let note = self.at_key[key].take()?;
        let place = self.active[..self.len].iter().position(|&active| usize::from(active) == key)?;
        self.len -= 1;
        self.active.swap(place, self.len);
        Some(note)
    }

    /// The note that ends first; of several, the lowest of the call.
    pub fn first_to_end(&self) -> Option<SoundingNote> {
        self.notes().min_by(|a, b| {
            a.end.0.total_cmp(&b.end.0).then_with(|| a.part.cmp(&b.part)).then_with(|| a.pitch.cmp(&b.pitch))
        })
    }

    fn notes(&self) -> impl Iterator<Item = SoundingNote> + '_ {
        self.active[..self.len].iter().filter_map(|&key| self.at_key[usize::from(key)])
    }
}
