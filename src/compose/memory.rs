//! What a melody network looks back on: earlier events with their keys.

use crate::music::encoding::Token;
use std::collections::VecDeque;

/// Entries that there is room for at first, where a network takes as many as there are. Then twice as many, and so on: the
/// runtime prepares itself for a length the first time it meets it, and the fewer the faster.
const FIRST_ROOM: usize = 64;

/// M earlier events with their keys, and how well the present matches each. When full, the oldest entry gives way.
#[derive(Debug, Clone)]
pub(super) struct Memory {
    /// Most entries.
    most: usize,
    width: usize,
    pub heard: usize,
    /// The last events, at most one more than there are entries.
    events: VecDeque<Token>,
    /// `(M, K)`; event j lies in row j mod M.
    pub keys: Vec<f32>,
    pub duration: Vec<i64>,
    pub pitch: Vec<i64>,
    /// How many events backwards from now equal those backwards from the entry.
    pub full: Vec<f32>,
    pub rhythm: Vec<f32>,
    pub valid: Vec<f32>,
}

impl Memory {
    /// An empty memory of at most so many entries, all of which are there from the start where `fixed`.
    pub fn new(most: usize, fixed: bool, width: usize) -> Self {
        let mut memory = Self {
            most,
            width,
            heard: 0,
            events: VecDeque::new(),
            keys: Vec::new(),
            duration: Vec::new(),
            pitch: Vec::new(),
            full: Vec::new(),
            rhythm: Vec::new(),
            valid: Vec::new(),
        };
        memory.make_room(if fixed { most } else { FIRST_ROOM });
        memory
    }

    /// M: entries that there is room for; a function of how much was heard.
    pub fn room(&self) -> usize {
        self.valid.len()
    }

    fn make_room(&mut self, entries: usize) {
        let entries = entries.min(self.most);
        self.keys.resize(entries * self.width, 0.0);
        self.duration.resize(entries, 0);
        self.pitch.resize(entries, 0);
        for lengths in [&mut self.full, &mut self.rhythm, &mut self.valid] {
            lengths.resize(entries, 0.0);
        }
    }

    pub fn add(&mut self, key: &[f32], event: Token) {
        if self.heard == self.room() {
            self.make_room(2 * self.heard);
        }
        let m = self.room();
        let slot = self.heard % m;
        self.keys[slot * self.width..(slot + 1) * self.width].copy_from_slice(key);
        self.duration[slot] = i64::from(event.duration);
        self.pitch[slot] = i64::from(event.pitch);
        self.valid[slot] = 1.0;
        self.events.push_back(event);
        if self.events.len() > m + 1 {
            self.events.pop_front();
        }
        self.heard += 1;
        // L(t, j) = L(t − 1, j − 1) + 1 where event t − 1 equals event j − 1, else 0; t is the event to come.
        let oldest = self.heard - self.events.len();
        let lowest = self.heard.saturating_sub(m);
        let evicted = [self.full[slot], self.rhythm[slot]];
        for j in (lowest..self.heard).rev() {
            let here = j % m;
            let Some(before) = j.checked_sub(1).filter(|&b| b >= oldest) else {
                (self.full[here], self.rhythm[here]) = (0.0, 0.0);
                continue;
            };
            let was = before % m;
            // The entry before the oldest one kept has just given its row to the new event.
            let [full, rhythm] = if was == slot { evicted } else { [self.full[was], self.rhythm[was]] };
            let earlier = self.events[before - oldest];
            self.full[here] = if earlier == event { full + 1.0 } else { 0.0 };
            self.rhythm[here] = if earlier.duration == event.duration { rhythm + 1.0 } else { 0.0 };
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn match_lengths_are_those_of_counting_backwards_even_when_old_entries_give_way() {
        let mut rng = ChaCha8Rng::seed_from_u64(5);
        for (capacity, fixed) in [(3, true), (8, true), (64, true), (8, false), (100, false), (512, false)] {
            let mut memory = Memory::new(capacity, fixed, 1);
            let mut events: Vec<Token> = Vec::new();
            for t in 0..160_usize {
                let event = Token { duration: rng.random_range(0..2), pitch: rng.random_range(0..2) };
                memory.add(&[t as f32], event);
                events.push(event);
                let t = events.len();
                let lowest = t.saturating_sub(capacity);
                for j in lowest..t {
                    let counted = (1..=j).take_while(|&back| events[t - back] == events[j - back]).count();
                    let slot = j % capacity;
                    assert_eq!(
                        memory.full[slot], counted as f32,
                        "seed 5, {capacity} entries, fixed {fixed}, t {t}, j {j}"
                    );
                    assert_eq!(memory.keys[slot], j as f32);
                    assert_eq!(memory.pitch[slot], i64::from(events[j].pitch));
                }
            }
        }
    }

    #[test]
    fn there_is_room_for_what_was_heard_and_not_much_more() {
        let mut memory = Memory::new(300, false, 2);
        let rooms = (0..400).map(|_| {
            memory.add(&[1.0, 2.0], Token { duration: 3, pitch: 4 });
            assert_eq!(memory.keys.len(), 2 * memory.room());
            assert_eq!(memory.valid.iter().filter(|v| **v > 0.0).count(), memory.heard.min(300));
            memory.room()
        });
        let rooms: Vec<usize> = rooms.collect();
        assert_eq!([63, 64, 128, 256, 399].map(|i| rooms[i]), [64, 128, 256, 300, 300]);
    }
}
