//! How far the audio side may go where time waits for the director.

use super::second_voice::PROMPT;
use super::{heard_at, position, step_after};
use crate::time::{SampleRate, Transport};

/// How many of `samples` may be played in one go from a transport on, where time waits for a director with the usual lead:
/// in a host that renders offline, in a test, in a soak. Longer blocks are cut into such pieces. At least 1.
///
/// After each piece the director takes in what was heard and thinks up to the end of the piece
/// ([`Director::follow`](super::Director::follow) with the performer's clock), and only then the next one is played. So
/// everything that it plans is in the ring before its sample comes, and the notes are the same for any block length and
/// any speed. Orders are given before the piece in which they lie is played, and have been taken in by then. The tempo is that of the whole piece: the caller cuts blocks where it changes, as hosts do.
///
/// ```
/// use oneiro::compose::stride;
/// use oneiro::time::{Beats, Bpm, SampleRate, TimeSignature, Transport};
/// let tempo = Bpm(120.0);
/// let transport = Transport { playing: true, pos_beats: Beats(0.0), tempo, time_signature: TimeSignature::COMMON };
/// assert_eq!(stride(&transport, SampleRate(48_000), 512), 512);
/// // Two steps of 1,000 samples, and a sample for rounding.
/// assert_eq!(stride(&transport, SampleRate(48_000), 4096), 1999);
/// ```
pub fn stride(transport: &Transport, rate: SampleRate, samples: usize) -> usize {
    let Transport { playing, pos_beats, tempo, .. } = *transport;
    if !playing || !pos_beats.is_finite() {
        return samples.max(1);
    }
    // The first step that may not have been thought at, and where its soonest note may begin.
    let soonest = position(step_after(heard_at(pos_beats)) + PROMPT);
    let room = (soonest - pos_beats).0 * tempo.seconds_per_beat() * f64::from(rate.0);
    // One less, for the performer may round otherwise. A tempo that is no number makes no room.
    samples.min((room - 1.0).floor() as usize).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::{Beats, Bpm, TimeSignature};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_piece_reaches_what_is_not_thought_yet_and_every_piece_gets_on(
            at in -100.0..10_000.0_f64, bpm in 5.0..1000.0_f64, rate in 8_000_u32..192_000, samples in 1_usize..100_000,
        ) {
            let metre = TimeSignature::COMMON;
            let transport = Transport { playing: true, pos_beats: Beats(at), tempo: Bpm(bpm), time_signature: metre };
            let piece = stride(&transport, SampleRate(rate), samples);
            prop_assert!((1..=samples).contains(&piece));
            let samples_per_beat = f64::from(rate) * 60.0 / bpm;
            let last = at + (piece - 1) as f64 / samples_per_beat;
            // All steps before the start were thought at, so the next one's effect lies two steps after it at least.
            let next = (at * 24.0 - 0.5 / 40.0).ceil();
            prop_assert!((last * 24.0) < next + 2.0 || piece == 1, "{last} {next}");
            prop_assert!(piece == samples || piece as f64 > samples_per_beat / 24.0 * 0.9 - 2.0, "{piece}");
        }
    }

    #[test]
    fn time_that_stands_or_makes_no_sense_waits_for_nobody() {
        let mut transport = Transport {
            playing: false,
            pos_beats: Beats(0.0),
            tempo: Bpm(120.0),
            time_signature: TimeSignature::COMMON,
        };
        assert_eq!(stride(&transport, SampleRate(48_000), 100_000), 100_000);
        assert_eq!(stride(&transport, SampleRate(48_000), 0), 1);
        (transport.playing, transport.tempo) = (true, Bpm(f64::NAN));
        assert_eq!(stride(&transport, SampleRate(48_000), 64), 1);
        transport.pos_beats = Beats(f64::NAN);
        assert_eq!(stride(&transport, SampleRate(48_000), 64), 64);
    }
}
