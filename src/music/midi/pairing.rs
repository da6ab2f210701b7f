//! From note-ons and note-offs to notes, and the repair of what does not pair.

use super::warning::{WarningCounter, WarningKind};

/// A note-on (`velocity` above zero) or note-off, at a tick.
#[derive(Debug, Clone, Copy)]
pub(super) struct KeyEvent {
    pub tick: u64,
    /// Channel in the upper byte, key in the lower one: events of one key of one channel belong together.
    pub key: u16,
    pub velocity: u8,
}

/// A note in ticks; `end` lies after `start`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct TickNote {
    pub start: u64,
    pub end: u64,
    pub key: u16,
    pub velocity: u8,
}

/// Lengths that repairs give.
pub(super) struct Repair<'a> {
    /// Ticks of a note that had no length; at least 1.
    pub shortest: u64,
    /// Ticks after which a note without an end is ended.
    pub longest_hanging: u64,
    /// Where a tick lies, for the warnings.
    pub beats: &'a dyn Fn(u64) -> crate::time::Beats,
}

/// Pairs the events of one track, in order of time as the file has them.
///
/// Where a key has as many note-offs as note-ons, the first off ends the first on, so that two voices crossing on a
/// key keep both ends. Where offs are missing, that rule would give every later note the end of its successor;
/// there, the next event of the key ends a note, whichever it is.
pub(super) fn pair(
    events: &[KeyEvent],
    track_end: u64,
    repair: &Repair,
    warnings: &mut WarningCounter,
    density: &mut Density,
) -> Vec<TickNote> {
    let mut by_key = events.to_vec();
    by_key.sort_by_key(|e| e.key); // stable: time order within a key stays
    let mut notes = Vec::with_capacity(events.len() / 2);
    for group in by_key.chunk_by(|a, b| a.key == b.key) {
        let ons = group.iter().filter(|e| e.velocity > 0).count();
        let first = notes.len();
        if group.len() - ons >= ons {
            pair_first_in_first_out(group, track_end, repair, warnings, &mut notes);
        } else {
            pair_with_next(group, track_end, repair, warnings, &mut notes);
        }
        let key_notes = notes.split_off(first);
        density.add(&key_notes);
        notes.extend(untangle(key_notes, repair, warnings));
    }
    notes.sort_by_key(|n| (n.start, n.key));
    notes
}

fn pair_first_in_first_out(
    group: &[KeyEvent],
    track_end: u64,
    repair: &Repair,
    warnings: &mut WarningCounter,
    notes: &mut Vec<TickNote>,
) {
    let mut open = std::collections::VecDeque::new();
    for event in group {
        if event.velocity > 0 {
            open.push_back(*event);
        } else if let Some(on) = open.pop_front() {
            notes.push(TickNote { start: on.tick, end: event.tick, key: on.key, velocity: on.velocity });
        } else {
            warnings.add(WarningKind::StrayNoteOff, (repair.beats)(event.tick));
        }
    }
    // Strays earlier in the key can leave a last note open although the counts agree.
    for on in open {
        notes.push(hanging(on, track_end, repair, warnings));
    }
}

fn pair_with_next(
    group: &[KeyEvent],
    track_end: u64,
    repair: &Repair,
    warnings: &mut WarningCounter,
    notes: &mut Vec<TickNote>,
) {
    let mut open: Option<KeyEvent> = None;
    for event in group {
        match (open.take(), event.velocity > 0) {
            (Some(on), false) => {
                notes.push(TickNote { start: on.tick, end: event.tick, key: on.key, velocity: on.velocity });
            }
            (Some(on), true) => {
                notes.push(hanging(on, event.tick, repair, warnings));
                open = Some(*event);
            }
            (None, true) => open = Some(*event),
            (None, false) => warnings.add(WarningKind::StrayNoteOff, (repair.beats)(event.tick)),
        }
    }
    notes.extend(open.map(|on| hanging(on, track_end, repair, warnings)));
}

fn hanging(on: KeyEvent, until: u64, repair: &Repair, warnings: &mut WarningCounter) -> TickNote {
    warnings.add(WarningKind::MissingNoteOff, (repair.beats)(on.tick));
    let end = until.min(on.tick.saturating_add(repair.longest_hanging)).max(on.tick);
    // A note that hangs at the very end of its track would have no length: that is the same fault, not a second one.
    let end = if end == on.tick { on.tick.saturating_add(repair.shortest) } else { end };
    TickNote { start: on.tick, end, key: on.key, velocity: on.velocity }
}

/// Gives the notes of one key a length above zero and no overlap.
fn untangle(mut notes: Vec<TickNote>, repair: &Repair, warnings: &mut WarningCounter) -> Vec<TickNote> {
    for note in &mut notes {
        if note.end <= note.start {
            warnings.add(WarningKind::ZeroLength, (repair.beats)(note.start));
            note.end = note.start.saturating_add(repair.shortest);
        }
    }
    notes.sort_by_key(|n| n.start);
    let mut clean: Vec<TickNote> = Vec::with_capacity(notes.len());
    for note in notes {
        match clean.last_mut() {
            Some(last) if last.start == note.start => {
                warnings.add(WarningKind::Duplicate, (repair.beats)(note.start));
                last.end = last.end.max(note.end);
                last.velocity = last.velocity.max(note.velocity);
            }
            Some(last) if last.end > note.start => {
                warnings.add(WarningKind::Overlap, (repair.beats)(note.start));
                last.end = note.start;
                clean.push(note);
            }
            _ => clean.push(note),
        }
    }
    clean
}

/// Notes as they were paired, before any was cut or joined: tells how many sound at once.
#[derive(Debug, Default)]
pub(super) struct Density {
    changes: Vec<(u64, i32)>,
}

impl Density {
    fn add(&mut self, notes: &[TickNote]) {
        for note in notes {
            self.changes.push((note.start, 1));
            self.changes.push((note.end.max(note.start + 1), -1));
        }
    }

    /// The most notes that sound together, stacked ones of one key included, and the tick where they do.
    pub(super) fn most_at_once(mut self) -> (usize, u64) {
        self.changes.sort_unstable(); // at one tick, ends come before beginnings
        let (mut now, mut most, mut at) = (0i64, 0i64, 0);
        for (tick, change) in self.changes {
            now += i64::from(change);
            if now > most {
                (most, at) = (now, tick);
            }
        }
        (most.max(0) as usize, at)
    }
}
