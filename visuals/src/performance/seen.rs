//! What surfaces see of a performance.

use crate::control::{MusicSeen, chord_name};
use crate::show::Show;
use crate::show::clock::Clock;
use oneiro::bridge::{ShowEvent, ShowKind};
use oneiro::time::{Beats, TimeSignature};

/// Remembers of events what a line of status tells.
#[derive(Debug, Clone, Default)]
pub(super) struct Seen {
    bar: Option<(f64, i32, TimeSignature)>,
    chord: String,
}

impl Seen {
    /// An event was heard.
    pub fn hear(&mut self, event: &ShowEvent) {
        match event.kind {
            ShowKind::Bar { bar, time_signature } => self.bar = Some((event.pos_beats.0, bar, time_signature)),
            ShowKind::Chord { root, pitch_classes } => self.chord = chord_name(root, pitch_classes),
            _ => {}
        }
    }

    /// The music at a position.
    pub fn music(&self, show: &Show, clock: &Clock, beats: Beats, from: String) -> MusicSeen {
        let at = if beats.is_finite() { beats.0 } else { 0.0 };
        let (bar, beat) = show.music().metre();
        let (start, number, metre) = self.bar.unwrap_or((0.0, 0, TimeSignature::COMMON));
        let into = at - show.music().bar_at(at);
        MusicSeen {
            beats: at,
            bar: i64::from(number) + 1 + ((at - start) / bar.max(0.25)).floor().clamp(0.0, 1e9) as i64,
            beat: (into / beat.max(0.125)).floor().clamp(0.0, 255.0) as u32 + 1,
            metre: u32::from(metre.numerator.max(1)),
            tempo: clock.tempo().0,
            playing: clock.playing(),
            chord: self.chord.clone(),
            energy: show.music().at(beats).energy,
            from,
        }
    }
}
