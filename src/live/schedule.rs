use crate::bridge::{Part, Plan};
use crate::time::Beats;
use std::cmp::Ordering;

/// Plans in the order of their positions: a binary heap in a fixed block of memory.
///
/// Plans at the same position come out in an order that depends on the plans alone, never on when they came in.
#[derive(Debug)]
pub(super) struct Schedule {
    heap: Box<[Plan]>,
    len: usize,
}

impl Schedule {
    /// Allocates room for `capacity` plans.
    pub fn prepare(capacity: usize) -> Self {
        let nothing = Plan::Withdraw { epoch: 0, from: Beats(0.0), part: Part::Call };
        Self { heap: vec![nothing; capacity.max(1)].into_boxed_slice(), len: 0 } // allocates: prepare
    }

    pub fn clear(&mut self) {
        self.len = 0;
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_full(&self) -> bool {
        self.len == self.heap.len()
    }

    pub fn next(&self) -> Option<&Plan> {
        self.heap[..self.len].first()
    }

    /// Queues a plan, or says that there is no room.
    #[must_use]
    pub fn add(&mut self, plan: Plan) -> bool {
        if self.is_full() {
            return false;
        }
        self.heap[self.len] = plan;
        self.len += 1;
        self.rise(self.len - 1);
        true
    }

    pub fn take_next(&mut self) -> Option<Plan> {
        let first = *self.next()?;
        self.len -= 1;
        self.heap.swap(0, self.len);
        self.sink(0);
        Some(first)
    }

    /// Drops the plans for which `keep` is false.
    pub fn retain(&mut self, keep: impl Fn(&Plan) -> bool) {
        let mut kept = 0;
        for i in 0..self.len {
            if keep(&self.heap[i]) {
                self.heap.swap(kept, i);
                kept += 1;
            }
        }
        self.len = kept;
        for i in (0..kept / 2).rev() {
            self.sink(i);
        }
    }

    fn rise(&mut self, mut child: usize) {
        while child > 0 {
            let parent = (child - 1) / 2;
            if order(&self.heap[child], &self.heap[parent]) != Ordering::Less {
                break;
            }
            self.heap.swap(child, parent);
            child = parent;
        }
    }

    fn sink(&mut self, mut parent: usize) {
        loop {
            let mut first = 2 * parent + 1;
            if first >= self.len {
                break;
            }
            if first + 1 < self.len && order(&self.heap[first + 1], &self.heap[first]) == Ordering::Less {
                first += 1;
            }
            if order(&self.heap[first], &self.heap[parent]) != Ordering::Less {
                break;
            }
            self.heap.swap(first, parent);
            parent = first;
        }
    }
}

/// By position; marks before notes, so that pictures know the phrase before its first note; then by content.
fn order(a: &Plan, b: &Plan) -> Ordering {
    a.at().0.total_cmp(&b.at().0).then_with(|| rank(a).cmp(&rank(b))).then_with(|| match (a, b) {
        (Plan::Note { note: a, .. }, Plan::Note { note: b, .. }) => {
            a.duration.0.total_cmp(&b.duration.0).then_with(|| a.velocity.cmp(&b.velocity))
        }
        _ => Ordering::Equal,
    })
}

fn rank(plan: &Plan) -> (u8, usize, u32) {
    match *plan {
        Plan::Withdraw { part, .. } => (0, part.index(), 0),
        Plan::Chord { root, pitch_classes, .. } => (1, usize::from(root), u32::from(pitch_classes)),
        Plan::Phrase { part, .. } => (2, part.index(), 0),
        Plan::Second { tones, .. } => (3, usize::from(tones.is_some()), 0),
        Plan::Note { note, .. } => (4, note.part.index(), u32::from(note.pitch)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::Scheduled;
    use proptest::prelude::*;

    fn note(at: f64, pitch: u8) -> Plan {
        let note =
            Scheduled { at: Beats(at), duration: Beats(1.0), part: Part::Answer, pitch: pitch % 128, velocity: 64 };
        Plan::Note { epoch: 0, note }
    }

    proptest! {
        #[test]
        fn plans_come_out_in_order_and_none_is_lost(mut at in prop::collection::vec((-9_i32..9, 0_u8..6), 0..60)) {
            let mut schedule = Schedule::prepare(60);
            for &(beat, pitch) in &at {
                prop_assert!(schedule.add(note(f64::from(beat), pitch)));
            }
            schedule.retain(|plan| plan.at().0 != 3.0);
            at.retain(|&(beat, _)| beat != 3);
            at.sort_unstable();
            for (beat, pitch) in at {
                prop_assert_eq!(schedule.take_next(), Some(note(f64::from(beat), pitch)));
            }
            prop_assert_eq!(schedule.take_next(), None);
        }
    }

    #[test]
    fn a_full_queue_refuses_and_keeps_what_it_has() {
        let mut schedule = Schedule::prepare(2);
        assert!(schedule.add(note(2.0, 1)) && schedule.add(note(1.0, 1)));
        assert!(!schedule.add(note(0.0, 1)));
        assert_eq!(schedule.take_next(), Some(note(1.0, 1)));
        assert_eq!(schedule.len(), 1);
    }
}
