use crate::time::{Beats, Bpm, SampleRate, TimeSignature, Transport};

/// A difference between the reported and the expected position below this is rounding: our own count is kept.
const SAME_SAMPLES: f64 = 0.05;
/// A difference above this many seconds is a jump; below it the host's count is followed gently.
const JUMP_SECONDS: f64 = 0.005;
const TEMPO_RANGE: (f64, f64) = (1.0, 2000.0);

/// What a block's transport means, compared with the block before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Change {
    pub started: bool,
    pub stopped: bool,
    pub jumped: bool,
    pub tempo: bool,
    pub metre: bool,
    pub malformed: bool,
}

impl Change {
    pub fn any(self) -> bool {
        self.started || self.stopped || self.jumped || self.tempo || self.metre
    }
}

/// The musical clock. While time runs steadily it counts samples from one anchor, so that the sample an event falls on
/// does not depend on how the samples were cut into blocks.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    rate: f64,
    anchor_beats: f64,
    anchor_sample: i64,
    samples_per_beat: f64,
    transport: Transport,
    seen: bool,
}

impl Clock {
    pub fn new(rate: SampleRate) -> Self {
        let rate = f64::from(rate.0.max(1));
        Self {
            rate,
            anchor_beats: 0.0,
            anchor_sample: 0,
            samples_per_beat: rate * 0.5,
            transport: Transport {
                playing: false,
                pos_beats: Beats(0.0),
                tempo: Bpm(120.0),
                time_signature: TimeSignature::COMMON,
            },
            seen: false,
        }
    }

    pub fn playing(&self) -> bool {
        self.transport.playing
    }

    pub fn tempo(&self) -> Bpm {
        self.transport.tempo
    }

    pub fn time_signature(&self) -> TimeSignature {
        self.transport.time_signature
    }

    /// Samples in a beat at the tempo of the block.
    pub fn samples_per_beat(&self) -> f64 {
        self.samples_per_beat
    }

    /// The sample nearest to a position; a tie goes to the later one.
    pub fn sample_of(&self, beats: Beats) -> i64 {
        let distance = ((beats.0 - self.anchor_beats) * self.samples_per_beat + 0.5).floor();
        self.anchor_sample.saturating_add(distance as i64)
    }

    /// The position of a sample; time stands still while the transport is stopped.
    pub fn pos_of(&self, sample: i64) -> Beats {
        if !self.transport.playing {
            return Beats(self.anchor_beats);
        }
        Beats(self.anchor_beats + (sample - self.anchor_sample) as f64 / self.samples_per_beat)
    }

    /// The change that `reported`, valid from sample `now` on, makes. [`Clock::follow`] then makes it.
    pub fn compare(&self, now: i64, reported: &Transport) -> (Change, Transport) {
        let (clean, malformed) = self.clean(now, reported);
        let was = &self.transport;
        let mut change = Change {
            started: clean.playing && !was.playing,
            stopped: !clean.playing && was.playing,
            malformed,
            tempo: clean.tempo != was.tempo,
            metre: clean.time_signature != was.time_signature,
            jumped: false,
        };
        if self.seen {
            let off = (clean.pos_beats.0 - self.pos_of(now).0).abs() * self.samples_per_beat;
            change.jumped = !change.stopped && off > JUMP_SECONDS * self.rate;
        }
        (change, clean)
    }

    /// Takes a transport that [`Clock::compare`] has judged.
    pub fn follow(&mut self, now: i64, change: Change, clean: Transport) {
        let expected = self.pos_of(now).0;
        let off = (clean.pos_beats.0 - expected).abs() * self.samples_per_beat;
        let follows_host = !self.seen || change.started || change.stopped || change.jumped || off > SAME_SAMPLES;
        if follows_host || change.tempo {
            self.anchor_beats = if follows_host { clean.pos_beats.0 } else { expected };
            self.anchor_sample = now;
        }
        self.samples_per_beat = self.rate * 60.0 / clean.tempo.0;
        self.transport = clean;
        self.seen = true;
    }

    /// Replaces what makes no sense by what was true before.
    fn clean(&self, now: i64, reported: &Transport) -> (Transport, bool) {
        let mut clean = *reported;
        let mut malformed = false;
        if !clean.pos_beats.0.is_finite() || clean.pos_beats.0.abs() > 1e9 {
            clean.pos_beats = self.pos_of(now);
            malformed = true;
        }
        if !clean.tempo.0.is_finite() || clean.tempo.0 < TEMPO_RANGE.0 || clean.tempo.0 > TEMPO_RANGE.1 {
            clean.tempo = self.transport.tempo;
            malformed = true;
        }
        let metre = clean.time_signature;
        if TimeSignature::new(metre.numerator, metre.denominator).is_err() {
            clean.time_signature = self.transport.time_signature;
            malformed = true;
        }
        (clean, malformed)
    }
}
