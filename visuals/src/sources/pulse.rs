//! Bars and beats where only a position is known, and how loud it is between them.

use oneiro::bridge::{ShowEvent, ShowKind};
use oneiro::time::{Beats, TimeSignature};

/// Most beats that are made up for; what is longer ago is left out.
const MOST: f64 = 64.0;

/// Tells the bars and beats that a position passes.
#[derive(Debug, Clone)]
pub(super) struct Pulse {
    metre: TimeSignature,
    /// The next beat of the metre, counted from beat 0.
    next: Option<i64>,
}

impl Pulse {
    pub fn new(metre: TimeSignature) -> Self {
        Self { metre, next: None }
    }

    /// Forgets where it was: a jump.
    pub fn jump(&mut self) {
        self.next = None;
    }

    /// Appends the bars and beats up to a position, each beat with the loudness before it.
    pub fn advance(&mut self, beats: f64, level: f32, events: &mut Vec<ShowEvent>) {
        let beat = self.metre.beat_beats().0;
        let now = (beats / beat).floor() as i64;
        let first = self.next.unwrap_or(now).max(now - MOST as i64);
        for number in first..=now {
            let pos_beats = Beats(number as f64 * beat);
            let count = i64::from(self.metre.numerator.max(1));
            let in_bar = number.rem_euclid(count) as u8;
            if in_bar == 0 || self.next.is_none() {
                let bar = number.div_euclid(count) as i32;
                let start = Beats(f64::from(bar) * self.metre.bar_beats().0);
                events.push(ShowEvent { pos_beats: start, kind: ShowKind::Bar { bar, time_signature: self.metre } });
            }
            events.push(ShowEvent { pos_beats, kind: ShowKind::Energy { level } });
            events.push(ShowEvent { pos_beats, kind: ShowKind::Beat { in_bar } });
            self.next = Some(number + 1);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_beat_is_told_once_whatever_the_steps() {
        let told = |step: f64| {
            let mut pulse = Pulse::new(TimeSignature::new(3, 4).unwrap());
            let mut events = Vec::new();
            (0..=(30.0 / step) as usize).for_each(|i| pulse.advance(i as f64 * step, 0.5, &mut events));
            events
        };
        assert_eq!(told(0.01), told(0.5));
        let bars = told(0.5).iter().filter(|e| matches!(e.kind, ShowKind::Bar { .. })).count();
        assert_eq!(bars, 11);
    }

    #[test]
    fn a_far_jump_is_not_made_up_for() {
        let mut pulse = Pulse::new(TimeSignature::COMMON);
        let mut events = Vec::new();
        pulse.advance(0.0, 0.0, &mut events);
        pulse.advance(1e9, 0.0, &mut events);
        assert!(events.len() < 300, "{}", events.len());
    }
}
