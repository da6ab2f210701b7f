//! The director at the instrument, without any device: calls are played by hand on a virtual clock, and answers sound.

mod compose_support;

use compose_support::{CALL, OTHER, melody_model, phrase_model};
use oneiro::bridge::{Part, RingReceiver, RingSender, SampleClock, Stage, WatcherSide, ring};
use oneiro::compose::{Corner, Direction, Director, Mode, Order as Wanted, Refusal, Settings};
use oneiro::live::{Instrument, Order, OrderKind, PlayerKind, Report, ReportKind, Setup};
use oneiro::time::{Beats, Bpm, SampleRate};
use std::collections::BTreeSet;
use std::sync::Arc;

const RATE: u64 = 48_000;
/// At 120 quarter notes a minute.
const SAMPLES_PER_BEAT: f64 = 24_000.0;

struct Rig {
    instrument: Instrument,
    orders: RingSender<Order>,
    reports: RingReceiver<Report>,
    watcher: WatcherSide,
    director: Director,
    block: usize,
    sample: u64,
    /// Notes that began: position in beats, whose, pitch.
    notes: Vec<(f64, Part, u8)>,
    open: BTreeSet<(Part, u8)>,
}

impl Rig {
    fn new(block: usize, phrases: bool) -> Self {
        let Stage { audio, composer, watcher } = Stage::default();
        let ((mut orders, ordered), (reporter, reports)) = (ring(4096), ring(8192));
        let rate = SampleRate(RATE as u32);
        let clock = Arc::new(SampleClock::new(rate));
        let instrument = Instrument::prepare(Setup::new(rate), Bpm(120.0), audio, ordered, reporter, clock);
        orders.send(Order { sample: 0, kind: OrderKind::Run(true) }).unwrap();
        let director = Director::new(melody_model(), phrases.then(phrase_model), composer);
        let (notes, open) = (Vec::new(), BTreeSet::new());
        Self { instrument, orders, reports, watcher, director, block, sample: 0, notes, open }
    }

    /// Presses and lets go of the keys of a phrase that begins at a beat.
    fn play(&mut self, from: f64, notes: &[(f64, f64, u8)]) {
        for &(at, length, pitch) in notes {
            let on = ((from + at) * SAMPLES_PER_BEAT) as u64;
            let off = ((from + at + length) * SAMPLES_PER_BEAT) as u64;
            for (sample, kind) in
                [(on, PlayerKind::NoteOn { pitch, velocity: 80 }), (off, PlayerKind::NoteOff { pitch })]
            {
                self.orders.send(Order { sample, kind: OrderKind::Play(kind) }).unwrap();
            }
        }
    }

    fn order(&mut self, order: Wanted) {
        let at = self.watcher.clock.read().pos_beats;
        self.director.order(at, order).unwrap();
    }

    /// Goes on to a beat; the director is told of the time after each block.
    fn run_to(&mut self, beat: f64) {
        let (mut left, mut right) = (vec![0.0; self.block], vec![0.0; self.block]);
        while (self.sample as f64) < beat * SAMPLES_PER_BEAT {
            self.instrument.block(self.sample * 1_000_000_000 / RATE, &mut left, &mut right);
            self.sample += self.block as u64;
            while let Some(Report { sample, kind }) = self.reports.receive() {
                let ReportKind::Note { part, pitch, velocity } = kind else { continue };
                if velocity > 0 {
                    assert!(self.open.insert((part, pitch)), "{part:?} {pitch} begins twice");
                    self.notes.push((sample as f64 / SAMPLES_PER_BEAT, part, pitch));
                } else {
                    assert!(self.open.remove(&(part, pitch)), "{part:?} {pitch} ends twice");
                }
            }
            let clock = *self.watcher.clock.read();
            self.director.follow(&clock).unwrap();
        }
    }

    /// Answers that began between two beats.
    fn answers(&self, from: f64, to: f64) -> Vec<(f64, u8)> {
        let within = |at: f64| at >= from && at < to;
        self.notes.iter().filter(|(at, part, _)| *part == Part::Answer && within(*at)).map(|n| (n.0, n.2)).collect()
    }

    /// Ends all, and sees to it that all has ended.
    fn end(mut self) {
        self.orders.send(Order { sample: 0, kind: OrderKind::Play(PlayerKind::Panic) }).unwrap();
        self.orders.send(Order { sample: 0, kind: OrderKind::Run(false) }).unwrap();
        let beat = self.sample as f64 / SAMPLES_PER_BEAT;
        self.run_to(beat + 1.0);
        assert!(self.open.is_empty(), "{:?}", self.open);
        let counters = &self.watcher.counters;
        assert_eq!(counters.late_dropped.get() + counters.late_moved.get(), 0, "every note came in time");
    }
}

/// Presses the keys a moment after the beat, as samples of a first block would have it.
const FIRST: f64 = 0.05;

#[test]
fn a_call_is_answered_after_it() {
    let mut rig = Rig::new(256, true);
    rig.play(FIRST, &CALL);
    rig.run_to(20.0);
    assert!(rig.answers(0.0, 7.9).is_empty(), "it listens first");
    assert!(rig.answers(7.9, 16.0).len() >= 3, "{:?}", rig.notes);
    assert!(rig.answers(16.5, 20.0).is_empty(), "then it waits");
    rig.end();
}

#[test]
fn it_goes_on_where_the_player_stops_and_stops_where_he_goes_on() {
    let mut rig = Rig::new(256, true);
    rig.order(Wanted::Mode(Mode::Continue));
    rig.play(FIRST, &CALL);
    rig.play(20.0, &[(0.0, 3.9, 60), (4.0, 3.9, 64)]);
    rig.run_to(27.0);
    assert!(rig.answers(8.0, 20.0).len() >= 3, "{:?}", rig.notes);
    assert!(rig.answers(20.5, 27.0).is_empty(), "{:?}", rig.answers(20.5, 27.0));
    rig.end();
}

#[test]
fn it_morphs_between_phrases_that_were_captured_while_it_was_silent() {
    let mut rig = Rig::new(256, true);
    rig.order(Wanted::Mode(Mode::Continue));
    rig.play(FIRST, &CALL);
    rig.play(8.0 + FIRST, &OTHER);
    rig.run_to(7.8);
    rig.order(Wanted::Capture(Corner::A));
    rig.run_to(15.8);
    rig.order(Wanted::Capture(Corner::B));
    rig.order(Wanted::Mode(Mode::Morph));
    rig.run_to(36.0);
    let status = rig.director.status();
    assert_eq!((status.mode, status.captured), (Mode::Morph, [true, true, false, false]));
    assert_eq!(status.refusal, None);
    assert!(rig.answers(17.0, 36.0).len() >= 4, "{:?}", rig.notes);
    rig.end();
}

#[test]
fn it_is_silent_where_answers_are_switched_off_and_plays_again_after() {
    let mut rig = Rig::new(256, true);
    let answers = |answers| {
        let direction = Direction { answers, ..Direction::default() };
        Wanted::Settings(Box::new(Settings { direction, ..Settings::default() }))
    };
    rig.play(FIRST, &CALL);
    rig.play(20.0 + FIRST, &OTHER);
    rig.run_to(10.0);
    rig.order(answers(false));
    rig.run_to(19.0);
    rig.order(answers(true));
    rig.run_to(38.0);
    assert!(!rig.answers(7.9, 10.3).is_empty(), "{:?}", rig.notes);
    assert!(rig.answers(10.4, 27.9).is_empty(), "what was planned is taken back: {:?}", rig.notes);
    assert!(!rig.answers(27.9, 37.0).is_empty(), "{:?}", rig.notes);
    rig.end();
}

#[test]
fn without_a_phrase_network_morph_says_so_and_answers() {
    let mut rig = Rig::new(256, false);
    rig.order(Wanted::Mode(Mode::Morph));
    rig.play(FIRST, &CALL);
    rig.run_to(16.0);
    assert_eq!(rig.director.status().refusal, Some(Refusal::NoNetwork));
    assert!(rig.answers(7.9, 16.0).len() >= 3, "{:?}", rig.notes);
    rig.end();
}

#[test]
fn orders_and_keys_give_the_same_notes_for_any_block() {
    let played = |block: usize| {
        let mut rig = Rig::new(block, true);
        rig.order(Wanted::Mode(Mode::Vary));
        rig.play(FIRST, &CALL);
        rig.director.order(Beats(14.0), Wanted::Another).unwrap();
        rig.run_to(24.0);
        rig.notes.iter().filter(|n| n.1 == Part::Answer).map(|n| n.2).collect::<Vec<_>>()
    };
    let notes = played(64);
    assert!(notes.len() >= 4, "{notes:?}");
    for block in [48, 320, 480] {
        assert_eq!(played(block), notes, "blocks of {block}");
    }
}
