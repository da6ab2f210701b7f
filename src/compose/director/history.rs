//! The phrases that were written, and which of them is the present one.

use super::draft::Written;

/// Phrases that are kept; older ones are forgotten.
const LONGEST: usize = 64;

/// Phrases in the order in which they were written. A new one goes to the end, so that nothing is lost by going back.
#[derive(Debug, Default)]
pub(super) struct History {
    written: Vec<Written>,
    present: usize,
}

impl History {
    /// Adds a phrase, which becomes the present one.
    pub fn add(&mut self, written: Written) {
        if self.written.len() == LONGEST {
            self.written.remove(0);
        }
        self.written.push(written);
        self.present = self.written.len() - 1;
    }

    /// Puts a phrase in place of the newest, which it goes on from.
    pub fn amend(&mut self, written: Written) {
        if let Some(last) = self.written.last_mut() {
            *last = written;
        }
    }

    pub fn present(&self) -> Option<&Written> {
        self.written.get(self.present)
    }

    /// Goes back by one: whether there was one.
    pub fn undo(&mut self) -> bool {
        let can = self.present > 0;
        self.present -= usize::from(can);
        can
    }

    /// Goes forward by one: whether there was one.
    pub fn redo(&mut self) -> bool {
        let can = self.present + 1 < self.written.len();
        self.present += usize::from(can);
        can
    }

    /// Number of the next take of the present phrase's draft.
    pub fn next_take(&self) -> u32 {
        let Some(present) = self.present() else { return 0 };
        let same = self.written.iter().filter(|w| std::sync::Arc::ptr_eq(&w.draft, &present.draft));
        same.map(|w| w.take + 1).max().unwrap_or(0)
    }

    /// Which phrase is the present one, from 1, and how many there are.
    pub fn place(&self) -> (usize, usize) {
        (self.written.len().min(self.present + 1), self.written.len())
    }
}
