use super::{ClockMessage, TICKS_PER_BEAT, TICKS_PER_POSITION, TransportSource};
use crate::time::{Beats, Bpm, SampleRate, TimeSignature, Transport};

/// Follows MIDI clock from outside.
///
/// Ticks arrive with jitter of a few milliseconds. A delay-locked loop smooths them (Adriaensen 2005, "Using a DLL to
/// filter time"): a second-order filter of the ticks' times that also gives their period. Its bandwidth is wide at the
/// start and narrows, so that it locks within a beat and is calm afterwards.
#[derive(Debug, Clone)]
pub struct ClockIn {
    rate: f64,
    time_signature: TimeSignature,
    /// First sample of the block that comes next.
    now: i64,
    state: State,
    /// Position that [`ClockMessage::Continue`] plays from, in ticks.
    resting: u64,
    filter: Option<Filter>,
    /// The tempo as it is told: it follows the filter in steps large enough to be worth telling.
    told: Bpm,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Stopped,
    /// Start or Continue came; the next tick is the position at which time runs on.
    Armed,
    /// The last tick was this one, counted from the beginning.
    Playing(u64),
}

#[derive(Debug, Clone, Copy)]
struct Filter {
    /// When the last tick came, in samples, and when it did in truth.
    heard: i64,
    time: f64,
    /// Samples in a tick.
    period: f64,
    /// Ticks since the filter began.
    age: u32,
    /// Ticks in a row that came far from where they were expected.
    astray: u32,
}

/// A pause of this many seconds ends a stream of ticks: the slowest tempo followed is 5 a minute.
const LOST_SECONDS: f64 = 0.5;
/// Bandwidth in periods⁻¹, at the start and later.
const BANDWIDTH: (f64, f64) = (0.1, 0.008);
/// A tick is astray when it is off by more than this share of a period; so many in a row are a new tempo, not jitter.
const ASTRAY: (f64, u32) = (0.3, 3);
/// The tempo is told anew when it has moved by this share.
const TEMPO_STEP: f64 = 0.002;

impl Filter {
    fn begin(at: i64, period: f64) -> Self {
        Self { heard: at, time: at as f64, period, age: 0, astray: 0 }
    }

    fn tick(&mut self, at: i64) {
        let expected = self.time + self.period;
        let error = at as f64 - expected;
        self.astray = if error.abs() > ASTRAY.0 * self.period { self.astray + 1 } else { 0 };
        if self.age == 0 || self.astray >= ASTRAY.1 {
            // One interval is the first guess.
            (self.age, self.astray) = (0, 0);
            self.period = (at - self.heard).max(1) as f64;
            self.time = at as f64;
        } else {
            let bandwidth = BANDWIDTH.1.max(BANDWIDTH.0 / f64::from(self.age).sqrt());
            let omega = std::f64::consts::TAU * bandwidth;
            self.time = expected + std::f64::consts::SQRT_2 * omega * error;
            self.period = (self.period + omega * omega * error).max(1.0);
        }
        self.heard = at;
        self.age = self.age.saturating_add(1);
    }
}

impl ClockIn {
    /// Waits for a clock; until ticks come the tempo is 120.
    pub fn new(rate: SampleRate) -> Self {
        Self {
            rate: f64::from(rate.0.max(1)),
            time_signature: TimeSignature::COMMON,
            now: 0,
            state: State::Stopped,
            resting: 0,
            filter: None,
            told: Bpm(120.0),
        }
    }

    /// MIDI clock does not tell the metre; this does.
    pub fn set_time_signature(&mut self, time_signature: TimeSignature) {
        self.time_signature = time_signature;
    }

    /// Whether ticks have come lately.
    pub fn locked(&self) -> bool {
        self.filter.is_some_and(|f| f.age > 1 && (self.now - f.heard) as f64 <= LOST_SECONDS * self.rate)
    }

    /// A message at a sample of the block that comes next. Messages come in order.
    ///
    /// # Realtime Safety
    /// No allocation, lock or wait.
    pub fn message(&mut self, sample_offset: u32, message: ClockMessage) {
        let at = self.now + i64::from(sample_offset);
        match message {
            ClockMessage::Tick => self.tick(at),
            ClockMessage::Start => {
                self.resting = 0;
                self.state = State::Armed;
            }
            ClockMessage::Continue => self.state = State::Armed,
            ClockMessage::Stop => {
                // The tick after the last one heard is the one to go on with.
                if let State::Playing(tick) = self.state {
                    self.resting = tick + 1;
                }
                self.state = State::Stopped;
            }
            ClockMessage::Position(at) => {
                let ticks = u64::from(at) * u64::from(TICKS_PER_POSITION);
                match self.state {
                    // Allowed only while stopped, yet some senders jump so: the next tick is the new position.
                    State::Playing(_) => self.state = State::Armed,
                    State::Stopped | State::Armed => {}
                }
                self.resting = ticks;
            }
        }
    }

    fn tick(&mut self, at: i64) {
        let begins = self.state == State::Armed;
        let usual = self.rate * self.told.seconds_per_beat() / f64::from(TICKS_PER_BEAT);
        match &mut self.filter {
            Some(filter) if (at - filter.heard) as f64 <= LOST_SECONDS * self.rate => {
                // Two ticks in one sample are a burst from a queue: they count, yet say nothing of the tempo.
                if begins {
                    // After a jump the ticks fall elsewhere in time; their period stays.
                    (filter.heard, filter.time) = (at, at as f64);
                } else if at > filter.heard || filter.age > 0 {
                    filter.tick(at);
                }
            }
            filter => *filter = Some(Filter::begin(at, usual)),
        }
        self.state = match self.state {
            State::Stopped => State::Stopped,
            State::Armed => State::Playing(self.resting),
            State::Playing(tick) => State::Playing(tick + 1),
        };
        if let Some(filter) = self.filter.filter(|f| f.age > 0) {
            let tempo = 60.0 * self.rate / (filter.period * f64::from(TICKS_PER_BEAT));
            if (tempo / self.told.0 - 1.0).abs() > TEMPO_STEP {
                self.told = Bpm(tempo.clamp(Bpm::MIN.0, Bpm::MAX.0));
            }
        }
    }

    /// Ticks from the beginning at a sample, between the last tick and the next.
    fn ticks_at(&self, tick: u64, sample: i64) -> f64 {
        // Time does not run on without ticks for more than one of them: a stalled clock stalls us.
        let along = self.filter.map_or(0.0, |f| (sample as f64 - f.time) / f.period);
        tick as f64 + along.clamp(-1.0, 1.5)
    }
}

impl TransportSource for ClockIn {
    /// When ticks stay away for half a second the transport stops, where it is.
    fn next_block(&mut self, frames: u32) -> Transport {
        let lost = self.filter.is_some_and(|f| (self.now - f.heard) as f64 > LOST_SECONDS * self.rate);
        if let (true, State::Playing(tick)) = (lost, self.state) {
            self.resting = tick + 1;
            // Ticks that come back go on from there.
            self.state = State::Armed;
        }
        let (playing, ticks) = match self.state {
            State::Playing(tick) => (true, self.ticks_at(tick, self.now)),
            State::Stopped | State::Armed => (false, self.resting as f64),
        };
        self.now += i64::from(frames);
        Transport {
            playing,
            pos_beats: Beats(ticks / f64::from(TICKS_PER_BEAT)),
            tempo: self.told,
            time_signature: self.time_signature,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    const RATE: f64 = 48_000.0;
    const BLOCK: u32 = 64;

    /// Sends messages, each at its sample, and gives what every block told: (first sample, transport).
    fn follow(clock: &mut ClockIn, messages: &[(i64, ClockMessage)], seconds: f64) -> Vec<(i64, Transport)> {
        let mut queue = messages.iter().peekable();
        let mut told = Vec::new();
        while (clock.now as f64) < seconds * RATE {
            let start = clock.now;
            while let Some((at, message)) = queue.next_if(|(at, _)| *at < start + i64::from(BLOCK)) {
                clock.message((at - start).max(0) as u32, *message);
            }
            told.push((start, clock.next_block(BLOCK)));
        }
        told
    }

    /// Start at once, then ticks at a tempo, each late by up to `jitter` milliseconds.
    fn ticks(tempo: f64, count: u64, jitter: f64, seed: u64) -> Vec<(i64, ClockMessage)> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let period = RATE * 60.0 / tempo / 24.0;
        let late = |rng: &mut ChaCha8Rng| rng.random_range(0.0..=1.0) * jitter * RATE / 1000.0;
        let tick = |n: u64, rng: &mut ChaCha8Rng| ((n as f64 * period + late(rng)) as i64, ClockMessage::Tick);
        let mut all = vec![(0, ClockMessage::Start)];
        all.extend((0..count).map(|n| tick(n, &mut rng)));
        all
    }

    #[test]
    fn jitter_of_four_milliseconds_moves_the_position_by_less_than_one() {
        for (seed, tempo) in [(1, 120.0), (2, 73.5), (3, 174.0)] {
            let mut clock = ClockIn::new(SampleRate(48_000));
            let told = follow(&mut clock, &ticks(tempo, (24.0 * tempo / 60.0 * 20.0) as u64, 4.0, seed), 20.0);
            let settled = told.iter().filter(|(at, _)| *at as f64 > 4.0 * RATE);
            for (at, transport) in settled {
                assert!(transport.playing);
                // Jitter only delays: its mean of two milliseconds is the part that nobody can know.
                let truth = (*at as f64 - 0.002 * RATE) * tempo / 60.0 / RATE;
                let off = (transport.pos_beats.0 - truth) * 60.0 / tempo * 1000.0;
                assert!(off.abs() < 1.0, "{off} ms at {} s, tempo {tempo}, seed {seed}", *at as f64 / RATE);
                let bend = transport.tempo.0 / tempo - 1.0;
                assert!(bend.abs() < 0.01, "tempo {:?} for {tempo}, seed {seed}", transport.tempo);
            }
        }
    }

    #[test]
    fn time_never_runs_backwards_and_few_tempos_are_told() {
        let mut clock = ClockIn::new(SampleRate(48_000));
        let told = follow(&mut clock, &ticks(120.0, 960, 3.0, 4), 20.0);
        let settled: Vec<_> = told.iter().filter(|(at, _)| *at as f64 > 4.0 * RATE).map(|(_, t)| t).collect();
        assert!(settled.windows(2).all(|w| w[0].pos_beats <= w[1].pos_beats));
        let tempos = settled.windows(2).filter(|w| w[0].tempo != w[1].tempo).count();
        assert!(tempos <= 16, "{tempos} tempos in sixteen seconds");
    }

    #[test]
    fn a_change_of_tempo_is_followed_within_two_beats() {
        let mut clock = ClockIn::new(SampleRate(48_000));
        let mut messages = ticks(100.0, 240, 0.0, 0);
        let (last, period) = (messages.last().unwrap().0, RATE * 60.0 / 140.0 / 24.0);
        messages.extend((1..=240).map(|n| (last + (f64::from(n) * period) as i64, ClockMessage::Tick)));
        let told = follow(&mut clock, &messages, 9.5);
        let later = told.iter().find(|(at, _)| *at as f64 > last as f64 + 2.0 * RATE * 60.0 / 140.0).unwrap();
        assert!((later.1.tempo.0 / 140.0 - 1.0).abs() < 0.03, "{:?}", later.1);
        let truth = 239.0 / 24.0 + (later.0 - last) as f64 * 140.0 / 60.0 / RATE;
        assert!((later.1.pos_beats.0 - truth).abs() < 1.0 / 24.0, "{:?}, in truth {truth}", later.1);
    }

    #[test]
    fn stop_and_continue_go_on_where_they_stopped_and_a_position_moves() {
        let mut clock = ClockIn::new(SampleRate(48_000));
        let mut messages = ticks(120.0, 48, 0.0, 0);
        let end = messages.last().unwrap().0;
        messages.push((end + 10, ClockMessage::Stop));
        messages.extend((1..=48).map(|n| (end + n * 1000, ClockMessage::Tick)));
        messages.push((end + 48_100, ClockMessage::Continue));
        messages.extend((49..=72).map(|n| (end + n * 1000, ClockMessage::Tick)));
        messages.push((end + 72_100, ClockMessage::Stop));
        messages.push((end + 72_200, ClockMessage::Position(32)));
        let told = follow(&mut clock, &messages, 3.0);
        let at = |sample: i64| told.iter().find(|(start, _)| *start >= sample).unwrap().1;
        assert!(!at(end + 24_000).playing);
        assert_eq!(at(end + 24_000).pos_beats, Beats(2.0));
        let again = at(end + 60_000);
        assert!(again.playing && (again.pos_beats.0 - (2.0 + 11.0 / 24.0)).abs() < 0.05, "{again:?}");
        let moved = at(end + 73_000);
        assert!(!moved.playing);
        assert_eq!(moved.pos_beats, Beats(8.0));
    }

    #[test]
    fn a_clock_that_dies_stops_the_music() {
        let mut clock = ClockIn::new(SampleRate(48_000));
        let told = follow(&mut clock, &ticks(120.0, 48, 0.0, 0), 3.0);
        let (_, last) = told.last().unwrap();
        assert!(!last.playing && !clock.locked());
        assert_eq!(last.pos_beats, Beats(2.0));
    }
}
