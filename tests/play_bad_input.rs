//! What no decent device sends, through the intake and the instrument: no note is left, nothing panics, and what is lost is
//! counted.
#![cfg(feature = "play")]

use oneiro::bridge::{Counters, RingReceiver, SampleClock, Stage, WatcherSide, ring};
use oneiro::devices::midi::Input as _;
use oneiro::live::{Instrument, OrderKind, Report, ReportKind, Setup};
use oneiro::play::Intake;
use oneiro::time::{Beats, Bpm, SampleRate, Transport};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::BTreeSet;
use std::sync::Arc;

const RATE: SampleRate = SampleRate(48_000);
const BLOCK: usize = 128;

struct Rig {
    intake: Intake,
    instrument: Instrument,
    reports: RingReceiver<Report>,
    watcher: WatcherSide,
    open: BTreeSet<u8>,
    begun: usize,
    transports: Vec<Transport>,
}

impl Rig {
    fn new(orders: usize) -> Self {
        let Stage { audio, watcher, .. } = Stage::default();
        let ((orders, ordered), (reporter, reports)) = (ring(orders), ring(8192));
        let clock = Arc::new(SampleClock::new(RATE));
        let intake = Intake::alone(orders, Arc::clone(&clock), Arc::clone(&watcher.counters));
        let instrument = Instrument::prepare(Setup::new(RATE), Bpm(120.0), audio, ordered, reporter, clock);
        let (open, transports) = (BTreeSet::new(), Vec::new());
        let mut rig = Self { intake, instrument, reports, watcher, open, begun: 0, transports };
        rig.play(1);
        rig
    }

    fn ns(&self) -> u64 {
        1_000_000_000 + self.instrument.now() * 1_000_000_000 / u64::from(RATE.0)
    }

    fn bytes(&self, hand: u32, bytes: &[u8]) {
        self.intake.bytes(hand, self.ns(), bytes);
    }

    fn order(&self, kind: OrderKind) {
        assert!(self.intake.order(self.ns(), kind));
    }

    fn play(&mut self, blocks: usize) {
        for _ in 0..blocks {
            let (mut left, mut right) = ([9.0; BLOCK], [9.0; BLOCK]);
            self.instrument.block(self.ns(), &mut left, &mut right);
            assert!(left.iter().chain(&right).all(|x| x.abs() <= 1.0));
            while let Some(report) = self.reports.receive() {
                match report.kind {
                    ReportKind::Note { pitch, velocity: 0, .. } => {
                        assert!(self.open.remove(&pitch), "{pitch} ends twice")
                    }
                    ReportKind::Note { pitch, .. } => {
                        self.begun += 1;
                        assert!(self.open.insert(pitch), "{pitch} begins twice");
                    }
                    ReportKind::Transport(transport) => self.transports.push(transport),
                    _ => {}
                }
            }
        }
    }

    fn counters(&self) -> &Counters {
        &self.watcher.counters
    }

    /// Orders that found their ring full, reports that did, and events that made no sense.
    fn lost(&self) -> [u64; 3] {
        let c = self.counters();
        [&c.orders_dropped, &c.reports_dropped, &c.malformed].map(|count| count.get())
    }
}

#[test]
fn a_storm_of_running_status_cut_anywhere_leaves_nothing() {
    for seed in 0..5 {
        let (mut rig, mut rng) = (Rig::new(4096), ChaCha8Rng::seed_from_u64(seed));
        let mut storm = vec![0x93];
        for _ in 0..4000 {
            storm.extend([rng.random_range(0..128), rng.random_range(0..40) * 3]);
            if rng.random_ratio(1, 9) {
                storm.push(*[0xFE, 0xF8, 0xFF].get(rng.random_range(0..3)).unwrap());
            }
        }
        let mut rest = &storm[..];
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(rng.random_range(1..200).min(rest.len()));
            rig.bytes(1, piece);
            rig.play(1);
            rest = after;
        }
        assert!(rig.begun > 1000, "seed {seed}: {}", rig.begun);
        rig.bytes(1, &[0xB3, 123, 0]);
        rig.play(4);
        assert_eq!((&rig.open, rig.lost()), (&BTreeSet::new(), [0; 3]), "seed {seed}");
    }
}

#[test]
fn a_thousand_notes_at_once_are_played_or_counted_and_all_end() {
    for (room, lost) in [(4096, false), (300, true)] {
        let mut rig = Rig::new(room);
        let notes: Vec<u8> = std::iter::once(0x90).chain((0..1000).flat_map(|i| [(i % 128) as u8, 100])).collect();
        rig.bytes(1, &notes);
        rig.play(12);
        assert_eq!(rig.counters().orders_dropped.get() > 0, lost);
        assert!(rig.counters().voices_stolen.get() > 0, "there are fewer voices than notes");
        let sounding = rig.open.len();
        assert_eq!(sounding, 128);
        let ends: Vec<u8> = std::iter::once(0x90).chain((0..1000).flat_map(|i| [(i % 128) as u8, 0])).collect();
        rig.bytes(1, &ends);
        rig.play(12);
        assert_eq!(rig.open, BTreeSet::new(), "room for {room} orders");
    }
}

#[test]
fn ends_without_beginnings_are_nothing() {
    let mut rig = Rig::new(4096);
    let ends: Vec<u8> = std::iter::once(0x85).chain((0..1000).flat_map(|i| [(i % 128) as u8, 64])).collect();
    rig.bytes(1, &ends);
    rig.bytes(2, &[0xB0, 123, 0, 120, 0, 64, 0]);
    rig.intake.gone(7, rig.ns());
    rig.play(4);
    assert_eq!((rig.begun, rig.lost()), (0, [0; 3]));
    rig.bytes(1, &[0x95, 60, 80]);
    rig.play(4);
    assert_eq!(rig.open, BTreeSet::from([60]), "notes are still played");
}

#[test]
fn a_clock_that_jumps_and_dies_leaves_no_note_behind() {
    let mut rig = Rig::new(4096);
    rig.order(OrderKind::Follow(true));
    rig.bytes(1, &[0xFA]);
    for tick in 0..240 {
        rig.bytes(1, &[0xF8]);
        match tick {
            30 => rig.bytes(2, &[0x90, 60, 90, 64, 90]),
            // It is stopped, moved and started again with the keys down.
            60 => rig.bytes(1, &[0xFC, 0xF2, 0, 2, 0xFB]),
            // It jumps while it runs, to an end that no music has, and starts over.
            120 => rig.bytes(1, &[0xF2, 0x7F, 0x7F]),
            150 => rig.bytes(1, &[0xFA, 0xFA, 0xFC, 0xFB, 0xFA]),
            180 => rig.bytes(2, &[0x90, 67, 90]),
            _ => {}
        }
        rig.play(8);
    }
    assert!(rig.watcher.clock.read().playing);
    // Then it dies, without a word.
    rig.play(1200);
    let clock = *rig.watcher.clock.read();
    assert!(!clock.playing && clock.epoch >= 2, "{clock:?}");
    assert!(rig.transports.iter().all(|t| t.pos_beats.is_finite() && t.tempo.0 > 1.0));
    rig.bytes(2, &[0x80, 60, 0, 64, 0, 67, 0]);
    rig.play(4);
    assert_eq!((&rig.open, rig.lost()), (&BTreeSet::new(), [0; 3]));
    // The own clock goes on where that one stood.
    rig.order(OrderKind::Follow(false));
    rig.order(OrderKind::Run(true));
    rig.play(100);
    let now = *rig.watcher.clock.read();
    assert!(now.playing && now.pos_beats > clock.pos_beats - Beats(0.1), "{now:?}");
}

#[test]
fn exclusives_without_end_or_sense_are_passed_over() {
    let mut rig = Rig::new(4096);
    rig.bytes(1, &[0x90, 62, 90]);
    // A megabyte in pieces, in which the clock goes on.
    rig.bytes(1, &[0xF0]);
    for _ in 0..1000 {
        rig.bytes(1, &[0x42; 1000]);
        rig.bytes(1, &[0xF8]);
    }
    rig.play(8);
    assert_eq!(rig.open, BTreeSet::from([62]));
    // Ended by a status, by nothing, doubly, or never begun.
    rig.bytes(1, &[0x80, 62, 0, 0xF0, 0xF0, 1, 2, 0xF7, 0xF7, 60, 61, 62, 0xF4, 1, 0xF5, 2, 0xF7]);
    rig.bytes(1, &[60, 90, 0xF0, 0x7E]);
    rig.play(8);
    assert_eq!((&rig.open, rig.begun, rig.lost()), (&BTreeSet::new(), 1, [0; 3]));
    rig.bytes(1, &[0x90, 64, 90]);
    rig.play(4);
    assert_eq!(rig.open, BTreeSet::from([64]));
}

#[test]
fn devices_that_vanish_let_go_of_what_they_alone_held() {
    let mut rig = Rig::new(4096);
    // One holds by hand and pedal, on two channels; another holds one of the keys as well.
    rig.bytes(1, &[0xB0, 64, 127, 0x90, 60, 90, 62, 90, 60, 0, 0x94, 65, 90]);
    rig.bytes(2, &[0x90, 62, 70]);
    rig.play(4);
    assert_eq!(rig.open, BTreeSet::from([60, 62, 65]));
    // It goes in the middle of a message.
    rig.bytes(1, &[0x90, 70]);
    rig.intake.gone(1, rig.ns());
    rig.play(4);
    assert_eq!(rig.open, BTreeSet::from([62]));
    // What comes back under its number begins anew: half a message from before means nothing.
    rig.bytes(1, &[90]);
    rig.play(4);
    assert_eq!(rig.open, BTreeSet::from([62]));
    rig.intake.gone(2, rig.ns());
    rig.intake.gone(2, rig.ns());
    rig.play(4);
    // The key that two hands struck has begun twice, and ended between.
    assert_eq!((&rig.open, rig.begun, rig.lost()), (&BTreeSet::new(), 4, [0; 3]));
}
