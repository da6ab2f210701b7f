use super::{Chorus, Reverb, SPAN, Span};
use crate::time::SampleRate;

/// What a part sends to the effects, and what goes past them, for a span.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::live) struct Sent {
    pub dry: Span,
    pub to_chorus: Span,
    pub to_reverb: Span,
}

/// Chorus and reverb together: linear, so that what parts get of it one by one adds up to what they get together.
#[derive(Debug)]
pub(in crate::live) struct Room {
    chorus: Chorus,
    reverb: Reverb,
}

impl Room {
    /// Allocates the delay lines.
    pub fn prepare(rate: SampleRate) -> Self {
        Self { chorus: Chorus::prepare(rate), reverb: Reverb::prepare(rate) }
    }

    pub fn silence(&mut self) {
        self.chorus.silence();
        self.reverb.silence();
    }

    /// The first samples of a span, dry and with all that comes back; `wet` is what the chorus sends on to the reverb.
    #[inline]
    pub fn run(&mut self, sent: &Sent, wet: f32, count: usize) -> Span {
        let Sent { mut dry, to_chorus, mut to_reverb } = *sent;
        let chorus = self.chorus.run(&to_chorus, count);
        for side in 0..2 {
            for i in 0..SPAN {
                to_reverb[side][i] += chorus[side][i] * wet;
                dry[side][i] += chorus[side][i];
            }
        }
        let reverb = self.reverb.run(&to_reverb, count);
        for side in 0..2 {
            for i in 0..SPAN {
                dry[side][i] += reverb[side][i];
            }
        }
        dry
    }
}
