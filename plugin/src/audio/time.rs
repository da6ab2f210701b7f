//! A host's time as the performer takes it, and a clock of our own where a host has none.

use nice_plug::context::process::Transport as HostTransport;
use oneiro::live::transport::{InternalClock, TransportSource as _};
use oneiro::time::{Beats, Bpm, SampleRate, TimeSignature, Transport};

/// Tempo where no host says any.
const USUAL_TEMPO: Bpm = Bpm(120.0);
/// No music lasts longer, in quarter notes: years. Far beyond it, positions have no room for a step of the grid any more.
const FARTHEST: f64 = 1e9;

/// What a host tells of time with a block; any of it may be missing or make no sense.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct HostTime {
    /// Whether time runs.
    pub playing: bool,
    /// Quarter notes a minute.
    pub tempo: Option<f64>,
    /// Beats of a bar, and the note value of one.
    pub metre: Option<(i32, i32)>,
    /// Quarter notes from the start, at the first sample.
    pub pos_beats: Option<f64>,
}

impl From<&HostTransport> for HostTime {
    fn from(host: &HostTransport) -> Self {
        // Bar starts are left out: hosts tell wrong ones, and the position is enough.
        Self {
            playing: host.playing,
            tempo: host.tempo,
            metre: host.time_sig_numerator.zip(host.time_sig_denominator),
            pos_beats: host.pos_beats(),
        }
    }
}

/// Keeps what a host leaves out of one block from the block before.
#[derive(Debug)]
pub(super) struct Clock {
    own: InternalClock,
    rate: SampleRate,
    tempo: Bpm,
    time_signature: TimeSignature,
    /// Where the next block begins if time goes on.
    next: Beats,
}

impl Clock {
    pub fn new(rate: SampleRate) -> Self {
        let own = InternalClock::new(rate, USUAL_TEMPO);
        Self { own, rate, tempo: USUAL_TEMPO, time_signature: TimeSignature::COMMON, next: Beats(0.0) }
    }

    /// Our own time begins anew.
    pub fn reset(&mut self) {
        self.own.locate(Beats(0.0));
        self.own.set_playing(false);
    }

    /// The transport of a block of `length` samples. Our own clock runs where the player wants it to while the host
    /// stands, and where the host tells nothing of time at all.
    pub fn block(&mut self, host: &HostTime, free_run: bool, length: usize) -> Transport {
        if let Some(tempo) = host.tempo.and_then(|tempo| Bpm::new(tempo).ok()) {
            self.tempo = tempo;
        }
        let metre = host.metre.and_then(|(n, d)| Some((u8::try_from(n).ok()?, u8::try_from(d).ok()?)));
        if let Some(metre) = metre.and_then(|(n, d)| TimeSignature::new(n, d).ok()) {
            self.time_signature = metre;
        }
        let position = host.pos_beats.filter(|beats| beats.abs() <= FARTHEST);
        let timeless = host.tempo.is_none() && position.is_none();
        let free = !host.playing && (free_run || timeless);
        self.own.set_tempo(self.tempo);
        self.own.set_time_signature(self.time_signature);
        if free != self.own.playing() {
            self.own.locate(Beats(0.0));
            self.own.set_playing(free);
        }
        let own = self.own.next_block(length as u32);
        if free {
            return own;
        }
        let pos_beats = position.map_or(self.next, Beats);
        let transport =
            Transport { playing: host.playing, pos_beats, tempo: self.tempo, time_signature: self.time_signature };
        self.next = if host.playing { self.later(&transport, length).pos_beats } else { pos_beats };
        transport
    }

    /// The transport some samples into a block.
    pub fn later(&self, transport: &Transport, samples: usize) -> Transport {
        if !transport.playing || samples == 0 {
            return *transport;
        }
        let beats = samples as f64 / (f64::from(self.rate.0) * transport.tempo.seconds_per_beat());
        Transport { pos_beats: transport.pos_beats + Beats(beats), ..*transport }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_host_leaves_out_is_kept_and_nonsense_is_passed_over() {
        let mut clock = Clock::new(SampleRate(48_000));
        let mut told = HostTime::default();
        (told.playing, told.tempo, told.pos_beats) = (true, Some(60.0), Some(-4.0));
        told.metre = Some((6, 8));
        let first = clock.block(&told, false, 48_000);
        assert_eq!((first.pos_beats, first.tempo, first.time_signature.numerator), (Beats(-4.0), Bpm(60.0), 6));
        (told.tempo, told.pos_beats, told.metre) = (Some(f64::NAN), None, Some((-3, 8)));
        let second = clock.block(&told, false, 48_000);
        assert_eq!((second.pos_beats, second.tempo, second.time_signature.numerator), (Beats(-3.0), Bpm(60.0), 6));
        told.pos_beats = Some(f64::INFINITY);
        assert_eq!(clock.block(&told, false, 10).pos_beats, Beats(-2.0));
        told.pos_beats = Some(1e17);
        assert!((clock.block(&told, false, 10).pos_beats.0 + 2.0).abs() < 0.01);
    }

    #[test]
    fn our_own_time_runs_where_it_is_wanted_or_there_is_no_other() {
        let mut clock = Clock::new(SampleRate(48_000));
        let mut told = HostTime::default();
        assert!(clock.block(&told, false, 48_000).playing, "a host without time");
        assert_eq!(clock.block(&told, false, 1).pos_beats, Beats(2.0));
        (told.tempo, told.pos_beats) = (Some(120.0), Some(7.0));
        let stands = clock.block(&told, false, 48_000);
        assert_eq!((stands.playing, stands.pos_beats), (false, Beats(7.0)));
        assert_eq!(clock.block(&told, true, 48_000).pos_beats, Beats(0.0));
        assert_eq!(clock.block(&told, true, 48_000).pos_beats, Beats(2.0));
        told.playing = true;
        assert_eq!(clock.block(&told, true, 1).pos_beats, Beats(7.0));
    }
}
