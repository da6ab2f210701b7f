//! The audio side of `oneiro play`: it keeps time, never allocates, and ends every note that it has begun, whatever
//! comes in.

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use oneiro::bridge::{
    ComposerSide, Counters, Part, Plan, RingReceiver, RingSender, SampleClock, Scheduled, Stage, WatcherSide, ring,
};
use oneiro::live::transport::ClockMessage;
use oneiro::live::{Instrument, Order, OrderKind, Patch, PlayerKind, Report, ReportKind, Setup};
use oneiro::time::{Beats, Bpm, SampleRate, TimeSignature};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

#[global_allocator]
static GUARD: AllocDisabler = AllocDisabler;

const RATE: u64 = 48_000;

struct Rig {
    instrument: Instrument,
    orders: RingSender<Order>,
    reports: RingReceiver<Report>,
    clock: Arc<SampleClock>,
    composer: ComposerSide,
    watcher: WatcherSide,
    ns: u64,
}

impl Rig {
    fn new() -> Self {
        let Stage { audio, composer, watcher } = Stage::default();
        let ((orders, ordered), (reporter, reports)) = (ring(4096), ring(8192));
        let clock = Arc::new(SampleClock::new(SampleRate(RATE as u32)));
        let setup = Setup::new(SampleRate(RATE as u32));
        let instrument = Instrument::prepare(setup, Bpm(120.0), audio, ordered, reporter, Arc::clone(&clock));
        Self { instrument, orders, reports, clock, composer, watcher, ns: 5_000_000_000 }
    }

    fn order(&mut self, sample: u64, kind: OrderKind) {
        self.orders.send(Order { sample, kind }).expect("the ring has room");
    }

    /// Plays a block, in which nothing may be allocated, and gives its reports.
    fn block(&mut self, length: usize) -> Vec<Report> {
        let (mut left, mut right) = (vec![9.0; length], vec![9.0; length]);
        assert_no_alloc(|| self.instrument.block(self.ns, &mut left, &mut right));
        assert!(left.iter().chain(&right).all(|x| x.abs() <= 1.0), "every sample was written, and is sound");
        self.ns += length as u64 * 1_000_000_000 / RATE;
        std::iter::from_fn(|| self.reports.receive()).collect()
    }

    fn counters(&self) -> &Counters {
        &self.watcher.counters
    }
}

fn press(pitch: u8) -> OrderKind {
    OrderKind::Play(PlayerKind::NoteOn { pitch, velocity: 90 })
}

fn note_samples(reports: &[Report]) -> Vec<(u64, u8, bool)> {
    let note = |r: &Report| match r.kind {
        ReportKind::Note { pitch, velocity, .. } => Some((r.sample, pitch, velocity > 0)),
        _ => None,
    };
    reports.iter().filter_map(note).collect()
}

/// Follows notes: none begins twice, none ends that has not begun.
fn follow(open: &mut BTreeSet<(Part, u8)>, reports: &[Report]) {
    for report in reports {
        if let ReportKind::Note { part, pitch, velocity } = report.kind {
            let sound = if velocity > 0 { open.insert((part, pitch)) } else { open.remove(&(part, pitch)) };
            assert!(sound, "{report:?}");
        }
    }
}

#[test]
fn keys_keep_their_distances_whatever_the_blocks() {
    let played = |block: usize| {
        let mut rig = Rig::new();
        for (sample, pitch) in [(1000, 60), (1003, 61), (1500, 62), (1500, 63), (2900, 64)] {
            rig.order(sample, press(pitch));
        }
        let reports: Vec<_> = (0..6000_usize.div_ceil(block)).flat_map(|_| rig.block(block)).collect();
        note_samples(&reports)
    };
    for block in [1, 7, 64, 480, 1024] {
        let notes = played(block);
        let expected = [(1000, 60), (1003, 61), (1500, 62), (1500, 63), (2900, 64)];
        let expected: Vec<_> = expected.map(|(sample, pitch)| (sample + block as u64, pitch, true)).to_vec();
        assert_eq!(notes, expected, "blocks of {block}");
    }
}

#[test]
fn a_thousand_notes_at_once_end_all() {
    let mut rig = Rig::new();
    let mut open = BTreeSet::new();
    for i in 0..1000_u32 {
        rig.order(10, press((i % 128) as u8));
    }
    for i in 0..128_u8 {
        rig.order(5000, OrderKind::Play(PlayerKind::NoteOff { pitch: i }));
    }
    for _ in 0..100 {
        let reports = rig.block(64);
        follow(&mut open, &reports);
    }
    assert!(open.is_empty(), "{open:?}");
    assert_eq!(rig.counters().orders_dropped.get() + rig.counters().reports_dropped.get(), 0);
}

#[test]
fn time_comes_from_outside_and_goes_on_alone_where_that_dies() {
    let mut rig = Rig::new();
    rig.order(0, OrderKind::Follow(true));
    rig.order(0, OrderKind::Clock(ClockMessage::Start));
    for tick in 0..96_u64 {
        rig.order(1000 + tick * 1000, OrderKind::Clock(ClockMessage::Tick));
    }
    let mut transports = Vec::new();
    for _ in 0..1700 {
        let tells = |r: &Report| if let ReportKind::Transport(t) = r.kind { Some((r.sample, t)) } else { None };
        transports.extend(rig.block(64).iter().filter_map(tells));
    }
    let started = transports.iter().find(|(_, t)| t.playing).expect("it plays");
    assert!((900..1300).contains(&started.0), "{started:?}");
    let steady = transports.iter().filter(|(sample, _)| *sample < 96_000).count();
    assert!(steady < 10, "{steady} transports for four steady beats: {transports:#?}");
    for _ in 0..600 {
        let tells = |r: &Report| if let ReportKind::Transport(t) = r.kind { Some((r.sample, t)) } else { None };
        transports.extend(rig.block(64).iter().filter_map(tells));
    }
    assert!(!transports.last().unwrap().1.playing, "a clock that dies stops the music");
    rig.order(0, OrderKind::Follow(false));
    rig.order(0, OrderKind::Run(true));
    let told = rig.block(64);
    let ReportKind::Transport(now) = told.last().unwrap().kind else { panic!("{told:?}") };
    assert!(now.playing && (now.pos_beats.0 - 4.0).abs() < 0.3, "it goes on from there: {now:?}");
}

#[test]
fn taps_and_clock_out() {
    let mut rig = Rig::new();
    rig.order(0, OrderKind::SendClock(true));
    rig.order(0, OrderKind::Run(true));
    for tap in 0..4_u64 {
        rig.order(tap * 32_000, OrderKind::Tap);
    }
    let reports: Vec<_> = (0..1600).flat_map(|_| rig.block(64)).collect();
    let last =
        reports.iter().filter_map(|r| if let ReportKind::Transport(t) = r.kind { Some(t) } else { None }).next_back();
    assert!((last.unwrap().tempo.0 - 90.0).abs() < 1e-6, "{last:?}");
    let ticks = reports.iter().filter(|r| r.kind == ReportKind::Clock(ClockMessage::Tick)).count();
    assert!((75..110).contains(&ticks), "{ticks} ticks in two seconds between 90 and 120 a minute");
}

#[test]
fn a_moment_of_a_device_becomes_a_sample() {
    let mut rig = Rig::new();
    rig.block(480);
    let ns = rig.ns;
    rig.block(480);
    assert_eq!(rig.clock.sample_at(ns), 480);
    assert_eq!(rig.clock.sample_at(ns + 1_000_000), 528);
}

fn any_order() -> impl Strategy<Value = OrderKind> {
    let pitch = 0_u8..=255;
    prop_oneof![
        8 => (pitch.clone(), 0_u8..=255).prop_map(|(pitch, velocity)| OrderKind::Play(PlayerKind::NoteOn { pitch, velocity })),
        4 => pitch.prop_map(|pitch| OrderKind::Play(PlayerKind::NoteOff { pitch })),
        1 => Just(OrderKind::Play(PlayerKind::Panic)),
        1 => any::<bool>().prop_map(OrderKind::Run),
        1 => prop::num::f64::ANY.prop_map(|x| OrderKind::Locate(Beats(x))),
        1 => prop::num::f64::ANY.prop_map(|x| OrderKind::Tempo(Bpm(x))),
        1 => (1_u8..9, 0_u32..4).prop_map(|(n, d)| OrderKind::Metre(TimeSignature { numerator: n, denominator: 1 << d })),
        1 => any::<bool>().prop_map(OrderKind::Follow),
        1 => any::<bool>().prop_map(OrderKind::SendClock),
        4 => prop_oneof![
            Just(ClockMessage::Tick), Just(ClockMessage::Start), Just(ClockMessage::Stop), Just(ClockMessage::Continue),
            any::<u16>().prop_map(ClockMessage::Position),
        ].prop_map(OrderKind::Clock),
        1 => Just(OrderKind::Tap),
        1 => Just(OrderKind::Patch(Part::Call, Patch::Organ)),
        1 => prop::num::f32::ANY.prop_map(OrderKind::Volume),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever is ordered, played and composed: nothing is allocated, no note begins twice, and a panic ends all.
    #[test]
    fn no_script_of_orders_leaves_a_note_behind(
        script in prop::collection::vec((0_u64..3000, any_order()), 0..150),
        blocks in prop::collection::vec(1_usize..700, 1..20),
        notes in prop::collection::vec((0.0..4.0, 0.01..3.0, 0_u8..128), 0..20),
    ) {
        let mut rig = Rig::new();
        let mut open = BTreeSet::new();
        for (at, duration, pitch) in notes {
            let note = Scheduled { at: Beats(at), duration: Beats(duration), part: Part::Answer, pitch, velocity: 70 };
            rig.composer.plan(Plan::Note { epoch: 0, note }).expect("room");
        }
        for (sample, kind) in script {
            rig.order(sample, kind);
        }
        for length in blocks.into_iter().cycle().take(30) {
            let reports = rig.block(length);
            follow(&mut open, &reports);
        }
        rig.order(0, OrderKind::Play(PlayerKind::Panic));
        for _ in 0..20 {
            let reports = rig.block(512);
            follow(&mut open, &reports);
        }
        prop_assert!(open.is_empty(), "{:?}", open);
    }
}
