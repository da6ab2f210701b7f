//! The same recording, seed and settings give the same notes: for any blocks, any sample rate, and however late the
//! director is asked within its lead.

mod compose_support;

use compose_support::{CALL, OTHER, melody_model, phrase_model};
use oneiro::bridge::{ClockReading, Part, SampleClock, Stage, ring};
use oneiro::compose::{Controls, Corner, Direction, Director, DirectorWorker, Mode, Order, Settings, stride};
use oneiro::live::{
    Instrument, LatePolicy, OrderKind, Performer, PlayedNote, PlayerEvent, PlayerKind, ReportKind, Setup,
};
use oneiro::time::{Beats, Bpm, SampleRate, TimeSignature, Transport};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::sync::Arc;

/// A stretch of the host's time. Where time stands, the way is what it would go.
#[derive(Clone)]
struct Stretch {
    from: f64,
    to: f64,
    bpm: f64,
    metre: TimeSignature,
    playing: bool,
    /// Where, and what the player does.
    played: Vec<(f64, PlayerKind)>,
    /// Where, and what is ordered of the director.
    orders: Vec<(f64, Order)>,
}

impl Stretch {
    fn new(from: f64, to: f64, bpm: f64) -> Self {
        let metre = TimeSignature::COMMON;
        Self { from, to, bpm, metre, playing: true, played: Vec::new(), orders: Vec::new() }
    }

    /// Keys pressed and let go, as far as that lies in the stretch.
    fn play(mut self, at: f64, notes: &[(f64, f64, u8)]) -> Self {
        for &(onset, length, pitch) in notes {
            let on = PlayerKind::NoteOn { pitch, velocity: 60 + pitch % 40 };
            self.played.extend([(at + onset, on), (at + onset + length, PlayerKind::NoteOff { pitch })]);
        }
        self.played.retain(|(at, _)| (self.from..self.to).contains(at));
        self.played.sort_by(|a, b| a.0.total_cmp(&b.0));
        self
    }

    fn order(mut self, at: f64, order: Order) -> Self {
        self.orders.push((at, order));
        self
    }

    fn metre(self, upper: u8, lower: u8) -> Self {
        Self { metre: TimeSignature::new(upper, lower).unwrap(), ..self }
    }
}

/// How a recording is played.
#[derive(Clone, Copy)]
struct Way {
    rate: u32,
    /// The longest block; blocks are irregular where there is a seed.
    block: usize,
    seed: Option<u64>,
    /// Whether the director is asked as seldom as it may be, or after each piece.
    late: bool,
    /// Whether it has a thread of its own.
    thread: bool,
}

const USUAL: Way = Way { rate: 48_000, block: 256, seed: None, late: false, thread: false };

#[derive(Debug, Clone, Copy, PartialEq)]
struct Played {
    stretch: usize,
    /// Beats since the beginning of the stretch.
    at: f64,
    part: Part,
    pitch: u8,
    velocity: u8,
}

#[derive(Default)]
struct Performance {
    notes: Vec<Played>,
    sound: Vec<[u32; 2]>,
}

enum Company {
    Here(Box<Director>),
    There(DirectorWorker),
}

impl Company {
    fn order(&mut self, at: f64, order: Order) {
        match self {
            Self::Here(director) => {
                director.order(Beats(at), order).unwrap();
            }
            Self::There(worker) => {
                worker.order(Beats(at), order).unwrap();
                // What is played next must not be heard before it.
                while worker.news().is_none_or(|news| news.order.is_none()) {
                    std::thread::yield_now();
                }
            }
        }
    }

    fn follow(&mut self, clock: ClockReading) {
        match self {
            Self::Here(director) => director.follow(&clock).unwrap(),
            Self::There(worker) => {
                let pos = if clock.playing { clock.pos_beats } else { Beats(f64::NEG_INFINITY) };
                assert!(worker.run_to(pos).unwrap().error.is_none());
            }
        }
    }
}

/// Plays a recording.
fn perform(first: &[Order], stretches: &[Stretch], way: Way) -> Performance {
    let Stage { audio, composer, mut watcher } = Stage::default();
    let rate = SampleRate(way.rate);
    let mut performer = Performer::prepare(Setup { late: LatePolicy::Drop, ..Setup::new(rate) }, audio);
    let director = Director::new(melody_model(), Some(phrase_model()), composer);
    let mut company =
        if way.thread { Company::There(DirectorWorker::spawn(director)) } else { Company::Here(Box::new(director)) };
    first.iter().for_each(|order| company.order(0.0, order.clone()));
    let mut rng = way.seed.map(ChaCha8Rng::seed_from_u64);
    let mut all = Performance::default();
    let (mut left, mut right) = (vec![0.0; 4096], vec![0.0; 4096]);
    for (number, stretch) in stretches.iter().enumerate() {
        let samples_per_beat = f64::from(way.rate) * 60.0 / stretch.bpm;
        let sample_of = |at: f64| ((at - stretch.from) * samples_per_beat).round() as usize;
        let transport = |sample: usize| Transport {
            playing: stretch.playing,
            pos_beats: Beats(stretch.from + if stretch.playing { sample as f64 / samples_per_beat } else { 0.0 }),
            tempo: Bpm(stretch.bpm),
            time_signature: stretch.metre,
        };
        let (length, mut now) = (sample_of(stretch.to), 0);
        let mut orders = stretch.orders.iter().peekable();
        // Up to where the director has thought far enough.
        let mut until = stride(&transport(0), rate, length);
        while now < length {
            let block = match &mut rng {
                Some(rng) => (1_usize << rng.random_range(0..13) | rng.random_range(0..64)).min(way.block),
                None => way.block,
            };
            let end = (now + block.clamp(1, 4096)).min(length);
            while now < end {
                if now == until {
                    company.follow(*watcher.clock.read());
                    until = now + stride(&transport(now), rate, length - now);
                }
                let to = end.min(until);
                // Orders come with the block in which they lie.
                while let Some((at, order)) = orders.next_if(|(at, _)| sample_of(*at) < to) {
                    company.order(*at, order.clone());
                }
                let within = |(at, _): &&(f64, PlayerKind)| (now..to).contains(&sample_of(*at));
                let event =
                    |&(at, kind): &(f64, PlayerKind)| PlayerEvent { sample_offset: (sample_of(at) - now) as u32, kind };
                let events: Vec<PlayerEvent> = stretch.played.iter().filter(within).map(event).collect();
                let (l, r) = (&mut left[..to - now], &mut right[..to - now]);
                performer.process_with(&transport(now), &events, l, r, &mut |note: PlayedNote| {
                    let PlayedNote { sample_offset, part, pitch, velocity } = note;
                    let at = (now + sample_offset as usize) as f64 / samples_per_beat;
                    all.notes.push(Played { stretch: number, at, part, pitch, velocity });
                });
                all.sound.extend(l.iter().zip(&*r).map(|(l, r)| [l.to_bits(), r.to_bits()]));
                while watcher.show.receive().is_some() {}
                now = to;
                if !way.late {
                    until = now;
                }
            }
        }
        // Another tempo would lead on faster; where time breaks off nobody need be asked.
        if stretches.get(number + 1).is_some_and(|next| next.playing && next.from == stretch.to) {
            company.follow(*watcher.clock.read());
        }
    }
    let counters = &watcher.counters;
    let lost = [&counters.late_dropped, &counters.late_moved, &counters.plans_refused, &counters.queue_full];
    assert_eq!(lost.map(|count| count.get()), [0; 4], "late, moved, refused, full");
    all
}

/// The same notes in the same order, each at the same sample of its own rate, to the rounding.
fn assert_same_notes(a: &Performance, b: &Performance, slack_beats: f64, what: &str) {
    for (i, (x, y)) in a.notes.iter().zip(&b.notes).enumerate() {
        let near = (x.at - y.at).abs() <= slack_beats;
        assert!(near && Played { at: y.at, ..*x } == *y, "{what}, note {i}: {x:?} against {y:?}");
    }
    assert_eq!(a.notes.len(), b.notes.len(), "{what}");
}

/// Plays a recording in every way, and compares.
fn assert_same_in_every_way(first: &[Order], stretches: &[Stretch], answers: usize) {
    let whole = perform(first, stretches, USUAL);
    let answered = whole.notes.iter().filter(|n| n.part == Part::Answer && n.velocity > 0).count();
    assert!(answered >= answers, "{answered} notes: {:?}", whole.notes);
    for (what, way) in [
        ("single samples", Way { block: 1, ..USUAL }),
        ("long blocks", Way { block: 4096, thread: true, ..USUAL }),
        ("irregular, late", Way { block: 4096, seed: Some(5), late: true, ..USUAL }),
    ] {
        let other = perform(first, stretches, way);
        assert_same_notes(&whole, &other, 0.0, what);
        let differs = whole.sound.iter().zip(&other.sound).position(|(a, b)| a != b);
        assert_eq!((differs, whole.sound.len()), (None, other.sound.len()), "{what}: sound");
    }
    let slowest = stretches.iter().map(|s| s.bpm).fold(0.0, f64::max);
    for (rate, late) in [(44_100, true), (96_000, false)] {
        let other = perform(first, stretches, Way { rate, late, block: 1024, seed: Some(6), thread: false });
        let slack = 1.01 * slowest / 60.0 / f64::from(rate.min(48_000));
        assert_same_notes(&whole, &other, slack, &format!("{rate} Hz"));
    }
}

fn settings(mode: Mode) -> [Order; 2] {
    let mut controls = Controls { seed: 11, ..Controls::default() };
    (controls.expression.timing, controls.expression.dynamics) = (Beats(0.03), 8.0);
    let settings =
        Settings { controls, direction: Direction { vary: 0.6, ..Direction::default() }, ..Settings::default() };
    [Order::Settings(Box::new(settings)), Order::Mode(mode)]
}

/// A call, something else after it, orders, and a change of tempo; positions on the grid and beside it.
fn recording() -> Vec<Stretch> {
    let first = Stretch::new(0.0, 12.0, 197.0).play(0.0, &CALL).order(7.9, Order::Capture(Corner::A));
    let second = Stretch::new(12.0, 22.0, 263.0).order(15.75, Order::Another).play(16.0, &OTHER);
    vec![first, second.order(18.5, Order::Mode(Mode::Harmonise))]
}

#[test]
fn answers() {
    assert_same_in_every_way(&settings(Mode::Answer), &recording(), 4);
}

#[test]
fn continuations() {
    assert_same_in_every_way(&settings(Mode::Continue), &recording(), 4);
}

#[test]
fn improvisations() {
    let chords = [
        (0.0, 3.9, 43),
        (0.0, 3.9, 59),
        (4.0, 3.9, 40),
        (4.01, 3.9, 55),
        (8.0, 7.0, 45),
        (8.02, 7.0, 60),
        (8.0, 7.0, 52),
    ];
    let stretches: Vec<Stretch> = recording().into_iter().map(|stretch| stretch.play(0.0, &chords)).collect();
    assert_same_in_every_way(&settings(Mode::Improvise), &stretches, 8);
}

#[test]
fn morphs() {
    assert_same_in_every_way(&settings(Mode::Morph), &recording(), 4);
}

#[test]
fn variations() {
    assert_same_in_every_way(&settings(Mode::Vary), &recording(), 4);
}

#[test]
fn second_voices() {
    // Each lies on the very step at which it is decided whether its voice begins at once or at the next sixteenth.
    let notes: Vec<(f64, f64, u8)> =
        (0..16).map(|i| (f64::from(6 * i + 4) / 24.0, 0.2, 60 + (i * 5 % 12) as u8)).collect();
    let mut stretches = recording();
    stretches[0] = stretches[0].clone().play(8.0, &notes);
    assert_same_in_every_way(&settings(Mode::Harmonise), &stretches, 6);
}

/// Through everything that hosts do: a stop, a start elsewhere in another metre, jumps back in the middle of a phrase and
/// just before one begins, a panic; then what was written before is asked for again.
#[test]
fn a_tour_of_stops_jumps_and_orders() {
    let stop = Stretch { playing: false, ..Stretch::new(8.9, 9.2, 150.0) };
    let stretches = [
        Stretch::new(0.0, 8.9, 220.0).play(0.0, &CALL).order(3.0, Order::Mode(Mode::Vary)),
        stop.order(8.9, Order::Again),
        Stretch::new(30.0, 38.0, 231.0).metre(3, 4).play(30.0, &OTHER).order(36.0, Order::Mode(Mode::Continue)),
        Stretch::new(38.0, 43.9, 240.0)
            .metre(3, 4)
            .order(39.0, Order::Mode(Mode::Answer))
            .order(40.0, Order::Undo)
            .order(41.99, Order::Capture(Corner::B)),
        // The loop comes round just when an answer was thought of, which then never sounds.
        Stretch::new(24.0, 31.765, 213.7).play(24.0, &CALL[..8]),
        Stretch::new(24.0, 36.0, 213.7).order(25.0, Order::Again).play(30.0, &OTHER).order(33.3, Order::Redo),
    ];
    let mut stretches = stretches.to_vec();
    stretches[5].played.push((35.2, PlayerKind::Panic));
    assert_same_in_every_way(&settings(Mode::Answer), &stretches, 8);
}

/// The stand-alone instrument, whose orders have samples: one second at 200 quarter notes a minute is three and a third.
fn stand_alone(block: usize, seed: Option<u64>) -> Vec<(u64, Part, u8, u8)> {
    const RATE: SampleRate = SampleRate(48_000);
    const LATENCY: u64 = 4096;
    let Stage { audio, composer, mut watcher } = Stage::default();
    let ((mut orders, ordered), (reporter, mut reports)) = (ring(4096), ring(8192));
    let clock = Arc::new(SampleClock::new(RATE));
    let instrument = Instrument::prepare(Setup::new(RATE), Bpm(200.0), audio, ordered, reporter, clock);
    let mut instrument = instrument.with_latency(LATENCY);
    let mut director = Director::new(melody_model(), Some(phrase_model()), composer);
    for order in settings(Mode::Answer) {
        director.order(Beats(0.0), order).unwrap();
    }
    let at = |beat: f64| (beat * 14_400.0) as u64;
    let (changed, stopped, last) = (at(9.0), at(15.5), at(18.0));
    let mut all =
        vec![(0, OrderKind::Run(true)), (changed, OrderKind::Tempo(Bpm(170.0))), (stopped, OrderKind::Run(false))];
    for (onset, length, pitch) in CALL {
        let kinds = [PlayerKind::NoteOn { pitch, velocity: 80 }, PlayerKind::NoteOff { pitch }].map(OrderKind::Play);
        all.extend([at(onset), at(onset + length)].into_iter().zip(kinds));
    }
    all.sort_by_key(|(sample, _)| *sample);
    for (sample, kind) in all {
        orders.send(oneiro::live::Order { sample, kind }).unwrap();
    }
    let mut rng = seed.map(ChaCha8Rng::seed_from_u64);
    let (mut left, mut right) = ([0.0; 4096], [0.0; 4096]);
    let (mut now, mut notes) = (0, Vec::new());
    while now < last {
        let ClockReading { playing, pos_beats, tempo, time_signature, .. } = *watcher.clock.read();
        let transport = Transport { playing, pos_beats, tempo, time_signature };
        let block = rng.as_mut().map_or(block, |rng| 1_usize << rng.random_range(0..13));
        // A piece ends where time changes, and before the first step of a stretch has its effect.
        let change = [LATENCY, changed + LATENCY, stopped + LATENCY].into_iter().filter(|at| *at > now).min();
        let piece = stride(&transport, RATE, block).min(change.map_or(block, |at| (at - now) as usize));
        let piece = if playing { piece } else { piece.min(500) };
        instrument.block(now * 1_000_000_000 / 48_000, &mut left[..piece], &mut right[..piece]);
        now += piece as u64;
        director.follow(watcher.clock.read()).unwrap();
        while let Some(report) = reports.receive() {
            if let ReportKind::Note { part, pitch, velocity } = report.kind {
                notes.push((report.sample, part, pitch, velocity));
            }
        }
    }
    notes
}

#[test]
fn the_stand_alone_instrument_plays_the_same_for_any_blocks() {
    let whole = stand_alone(256, None);
    assert!(whole.iter().filter(|note| note.1 == Part::Answer && note.3 > 0).count() > 3, "{whole:?}");
    for (block, seed) in [(1, None), (4096, None), (0, Some(8))] {
        assert_eq!(stand_alone(block, seed), whole, "blocks of {block}, seed {seed:?}");
    }
}
