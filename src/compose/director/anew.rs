//! A director in the place of one that has failed.

use super::Director;
use crate::bridge::{ClockReading, Heard, HeardKind, Part, Plan};

impl Director {
    /// A director with the same networks, settings, captured phrases and ends of the rings, that has heard nothing yet: for after a panic, which
    /// may have left anything else half done. What was planned after the clock's position is withdrawn, and a second voice ends.
    #[must_use]
    pub fn begin_anew(self, clock: &ClockReading) -> Self {
        let Self { settings, mut side, line, phrases, lead, mode, next_mode, captured, learner, .. } = self;
        let &ClockReading { pos_beats: at, tempo, time_signature, playing, epoch, .. } = clock;
        for plan in [Plan::Withdraw { epoch, from: at, part: Part::Answer }, Plan::Second { epoch, at, tones: None }] {
            // Where there is no room for it, the audio side has enough to do.
            let _counted = side.plan(plan);
        }
        let mode = next_mode.unwrap_or(mode);
        let mut anew = Self { settings, lead, mode, captured, learner, ..Self::new(line.into_model(), phrases, side) };
        // What was told of time before.
        anew.hear(Heard { pos_beats: at, kind: HeardKind::Transport { playing, tempo, time_signature, epoch } });
        anew
    }
}
