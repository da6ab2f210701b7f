//! The instrument under random hands for as long as one likes, faster than time: does it hold?
//!
//! Everything that [`super::Running`] plays with, but devices and threads: the intake, the instrument and the director,
//! on a virtual clock. The same seed does the same.

mod hands;

use super::intake::Intake;
use crate::bridge::{Counters, Part, RingReceiver, SampleClock, Stage, WatcherSide, ring};
use crate::compose::{Director, MelodyModel, PhraseModel};
use crate::devices::midi::Input as _;
use crate::live::{Instrument, LatePolicy, OrderKind, Report, ReportKind, Setup};
use crate::memory::resident;
use crate::time::{Beats, Bpm, SampleRate};
use hands::{Act, DEVICES, Hands};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;
use std::sync::Arc;

/// Samples a second.
const RATE: SampleRate = SampleRate(48_000);
/// The longest block, in samples.
const BLOCK: usize = 512;
/// Seconds of music from one look at everything to the next.
const LOOK_SECONDS: f64 = 60.0;
/// Longest time that the last sounds may take to die away, in seconds.
const TAIL_SECONDS: f64 = 15.0;
/// Peak of what is silence: -80 dBFS.
const SILENCE: f32 = 1e-4;
/// Memory may grow by so many bytes once it is warm, and is looked at after so many looks.
const GROWTH: (u64, u64) = (4 << 20, 10);
/// Faults and errors that are told in full.
const TOLD: usize = 20;

/// How memory went, in bytes that lie in the machine's memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Memory {
    /// After a sixth of the time.
    pub warm: u64,
    /// The most after that.
    pub most: u64,
    /// At the end.
    pub end: u64,
}

/// What came of it.
#[derive(Debug, Serialize)]
pub struct SoakReport {
    /// The seed.
    pub seed: u64,
    /// Seconds of music.
    pub music_seconds: f64,
    /// Notes that began, by [`Part::index`].
    pub notes: [u64; Part::ALL.len()],
    /// Phrases that were planned.
    pub phrases: u64,
    /// What hands did: messages, knobs, orders.
    pub acts: u64,
    /// Phrases that did not fit the phrase network.
    pub refusals: u64,
    /// How often everything was stopped, and looked at.
    pub looks: u64,
    /// What went wrong on the audio side.
    #[serde(serialize_with = "counts")]
    pub counters: Arc<Counters>,
    /// What the director could not do, and how often.
    pub errors: u64,
    /// Promises that were broken: notes that began twice or did not end, sounds that did not die away, samples out of
    /// range. And how often.
    pub faults: u64,
    /// The first of both, in words.
    pub told: Vec<String>,
    /// Memory of the whole program, where the system tells.
    pub memory: Option<Memory>,
}

fn counts<S: serde::Serializer>(counters: &Arc<Counters>, serializer: S) -> Result<S::Ok, S::Error> {
    Counters::serialize(counters, serializer)
}

impl SoakReport {
    /// Whether every promise was kept, nothing was lost, and memory stayed flat in a run of more than ten minutes. Late
    /// notes, stale plans and stolen voices may be.
    pub fn is_sound(&self) -> bool {
        let c = &self.counters;
        let lost =
            [&c.heard_dropped, &c.show_dropped, &c.plans_refused, &c.queue_full, &c.orders_dropped, &c.reports_dropped];
        let kept = self.faults + self.errors + lost.iter().map(|count| count.get()).sum::<u64>() == 0;
        kept && self.growth() <= GROWTH.0
    }

    /// Bytes that memory grew by after it was warm; 0 where that cannot be told yet.
    fn growth(&self) -> u64 {
        let told = self.memory.filter(|_| self.looks > GROWTH.1);
        told.map_or(0, |memory| memory.end.saturating_sub(memory.warm))
    }

    fn fault(&mut self, what: String) {
        self.faults += 1;
        self.tell(what);
    }

    fn tell(&mut self, what: String) {
        if self.told.len() < TOLD {
            let at = self.music_seconds;
            self.told.push(format!("{at:.3} s: {what}"));
        }
    }
}

/// Plays for so many seconds of music. `progress` is told the seconds that have been played.
pub fn soak(
    seed: u64,
    seconds: f64,
    melody: MelodyModel,
    phrases: Option<PhraseModel>,
    progress: &mut dyn FnMut(f64),
) -> SoakReport {
    let mut bench = Bench::new(seed, melody, phrases);
    let mut memory: Vec<u64> = Vec::new();
    let mut look = LOOK_SECONDS;
    while bench.report.music_seconds < seconds {
        bench.play();
        if bench.report.music_seconds >= look {
            look += LOOK_SECONDS;
            bench.look();
            memory.extend(resident());
            progress(bench.report.music_seconds);
        }
    }
    bench.look();
    memory.extend(resident());
    progress(bench.report.music_seconds);
    let warm = memory.len() / 6;
    bench.report.memory = memory.get(warm).zip(memory.last()).map(|(&at_first, &end)| Memory {
        warm: at_first,
        most: memory[warm..].iter().copied().fold(end, u64::max),
        end,
    });
    bench.report.refusals = bench.director.status().refused;
    bench.report
}

struct Bench {
    instrument: Instrument,
    intake: Intake,
    reports: RingReceiver<Report>,
    watcher: WatcherSide,
    director: Director,
    hands: Hands,
    rng: ChaCha8Rng,
    /// Notes that sound, a bit for each key, by part.
    open: [u128; Part::ALL.len()],
    report: SoakReport,
}

impl Bench {
    fn new(seed: u64, melody: MelodyModel, phrases: Option<PhraseModel>) -> Self {
        let Stage { audio, composer, watcher } = Stage::default();
        let ((orders, ordered), (reporter, reports)) = (ring(4096), ring(32_768));
        let clock = Arc::new(SampleClock::new(RATE));
        let setup = Setup { late: LatePolicy::NextStep(Beats(0.25)), ..Setup::new(RATE) };
        let instrument = Instrument::prepare(setup, Bpm(110.0), audio, ordered, reporter, Arc::clone(&clock));
        let counters = Arc::clone(&watcher.counters);
        let intake = Intake::alone(orders, clock, Arc::clone(&counters));
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let hands = Hands::new(ChaCha8Rng::seed_from_u64(rng.random()));
        let report = SoakReport {
            seed,
            music_seconds: 0.0,
            notes: [0; Part::ALL.len()],
            phrases: 0,
            acts: 0,
            refusals: 0,
            looks: 0,
            counters,
            errors: 0,
            faults: 0,
            told: Vec::new(),
            memory: None,
        };
        let director = Director::new(melody, phrases, composer);
        let mut bench = Self { instrument, intake, reports, watcher, director, hands, rng, open: [0; 3], report };
        bench.block(BLOCK);
        bench.act(Act::Instrument(OrderKind::Run(true)));
        bench
    }

    fn ns(&self) -> u64 {
        // Not from 0, as with a steady clock.
        1_000_000_000 + self.instrument.now() * 1_000_000_000 / u64::from(RATE.0)
    }

    /// Plays a block of some length, after everything that the hands do up to there.
    fn play(&mut self) {
        for act in self.hands.due(self.report.music_seconds) {
            self.act(act);
        }
        let length = self.rng.random_range(16..=BLOCK);
        self.block(length);
    }

    fn act(&mut self, act: Act) {
        let ns = self.ns();
        self.report.acts += 1;
        match act {
            Act::Bytes(device, bytes) => self.intake.bytes(device, ns, &bytes),
            Act::Gone(device) => self.intake.gone(device, ns),
            Act::Instrument(kind) => drop(self.intake.order(ns, kind)),
            Act::Panic => self.intake.panic(ns),
            Act::Composer(order) => {
                let at = self.watcher.clock.read().pos_beats;
                let ordered = self.director.order(at, order);
                self.mind(ordered.map(|_| ()));
            }
        }
    }

    fn mind(&mut self, result: Result<(), crate::compose::ComposeError>) {
        if let Err(e) = result {
            self.report.errors += 1;
            self.report.tell(format!("the director: {e}"));
        }
    }

    fn block(&mut self, length: usize) {
        let (mut left, mut right) = ([0.0; BLOCK], [0.0; BLOCK]);
        let (left, right) = (&mut left[..length], &mut right[..length]);
        self.instrument.block(self.ns(), left, right);
        self.report.music_seconds = self.instrument.now() as f64 / f64::from(RATE.0);
        // A NaN lies in no range.
        if let Some(odd) = left.iter().chain(&*right).find(|x| !(-1.0..=1.0).contains(*x)) {
            self.report.fault(format!("a sample of {odd}"));
        }
        while let Some(Report { kind, .. }) = self.reports.receive() {
            if let ReportKind::Note { part, pitch, velocity } = kind {
                let (open, key) = (&mut self.open[part.index()], 1_u128 << (pitch & 127));
                let sounds = *open & key != 0;
                *open = if velocity > 0 { *open | key } else { *open & !key };
                self.report.notes[part.index()] += u64::from(velocity > 0);
                if sounds == (velocity > 0) {
                    let what = if sounds { "begins twice" } else { "ends without a beginning" };
                    self.report.fault(format!("key {pitch} of {part:?} {what}"));
                }
            }
        }
        while self.watcher.show.receive().is_some() {}
        let clock = *self.watcher.clock.read();
        let followed = self.director.follow(&clock);
        self.mind(followed);
        self.report.phrases += self.director.take_phrases().count() as u64;
    }

    /// Lets go of everything, or panics, and stops: then nothing may sound but releases, and soon nothing at all.
    fn look(&mut self) {
        self.report.looks += 1;
        if self.rng.random() {
            (1..=DEVICES).for_each(|device| self.act(Act::Gone(device)));
        } else {
            self.act(Act::Panic);
        }
        self.act(Act::Instrument(OrderKind::Follow(false)));
        self.act(Act::Instrument(OrderKind::Run(false)));
        // Orders wait for a block.
        (0..3).for_each(|_| self.block(BLOCK));
        for (part, open) in Part::ALL.into_iter().zip(self.open) {
            if open != 0 {
                self.report.fault(format!("{} notes of {part:?} sound after a stop", open.count_ones()));
            }
        }
        let began = self.report.music_seconds;
        while self.report.music_seconds - began < TAIL_SECONDS && !self.is_silent() {
            self.block(BLOCK);
        }
        if !self.is_silent() {
            let meters = *self.watcher.meters.read();
            let (voices, peak) = (meters.voices, meters.peak[0].max(meters.peak[1]));
            self.report.fault(format!("{voices} voices and a peak of {peak} {TAIL_SECONDS} s after a stop"));
        }
        self.hands.rest(self.report.music_seconds, 0.1);
        self.act(Act::Instrument(OrderKind::Run(true)));
    }

    fn is_silent(&mut self) -> bool {
        let meters = self.watcher.meters.read();
        meters.voices == 0 && meters.peak.iter().all(|peak| *peak < SILENCE)
    }
}
