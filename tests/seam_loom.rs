//! The seam between threads, in the orders in which two or three threads can get through it, and with every value that
//! the memory model lets them see: the sources of `src/bridge`, of the load meter and of the watchdog's turns, built on loom in place of the
//! processor's atomics (`crate::sync`). No flag is needed: `cargo test --test seam_loom`.

#[path = "../src/bridge/mod.rs"]
#[allow(dead_code, unused_imports, reason = "the sources of the library, of which a part is tested here")]
mod bridge;
#[path = "../src/devices/load.rs"]
#[allow(dead_code, reason = "as above")]
mod load;
#[path = "loom_support/mod.rs"]
mod sync;
#[path = "../src/model/turn.rs"]
mod turn;

use bridge::{
    AudioSide, ClockReading, Count, Heard, HeardKind, NewestReader, Part, Plan, RingReceiver, SampleClock, Stage,
    StageSizes, newest, ring,
};
use load::Load;
use loom::thread;
use oneiro::{music, time};
use std::sync::Arc;
use time::{Beats, SampleRate};
use turn::{Turn, Verdict};

/// Tries every order of the threads that `scenario` starts in which they change up to three times where none has to wait.
fn in_every_order(scenario: impl Fn() + Send + Sync + 'static) {
    let mut orders = loom::model::Builder::new();
    orders.preemption_bound = Some(3);
    orders.check(scenario);
}

#[test]
fn counts_of_two_threads_add_up_and_never_fall() {
    in_every_order(|| {
        let count = Arc::new(Count::default());
        let raisers = [1, 2].map(|n| {
            let count = Arc::clone(&count);
            thread::spawn(move || count.add(n))
        });
        let (first, second) = (count.get(), count.get());
        assert!(first <= second && second <= 3);
        raisers.into_iter().for_each(|raiser| raiser.join().unwrap());
        assert_eq!(count.get(), 3);
    });
}

/// 1,000 samples a second, so that a sample is a million nanoseconds.
const SLOW: SampleRate = SampleRate(1000);

#[test]
fn a_sample_clock_is_unknown_or_right_but_never_between() {
    in_every_order(|| {
        let clock = Arc::new(SampleClock::new(SLOW));
        let audio = Arc::clone(&clock);
        // Another device takes over in the second block: the zero jumps from 5 s to 9 s.
        let audio = thread::spawn(move || {
            audio.follow(0, 5_000_000_000);
            audio.follow(100, 9_100_000_000);
        });
        let hand = Arc::clone(&clock);
        let hand = thread::spawn(move || hand.sample_at(10_000_000_000));
        let told = [clock.ns_at(0), clock.ns_at(0)];
        assert!(told[0] <= told[1], "what was known is known no more: {told:?}");
        assert!(told.iter().all(|ns| [None, Some(5_000_000_000), Some(9_000_000_000)].contains(ns)), "{told:?}");
        let sample = hand.join().unwrap();
        assert!([0, 5000, 1000].contains(&sample), "{sample}");
        audio.join().unwrap();
        assert_eq!(clock.sample_at(10_000_000_000), 1000);
    });
}

#[test]
fn no_peak_of_the_load_is_lost_or_told_twice() {
    in_every_order(|| {
        let load = Arc::new(Load::default());
        let audio = Arc::clone(&load);
        // Blocks of a millisecond: a tenth, three tenths, two tenths of them.
        let audio = thread::spawn(move || [100_000, 300_000, 200_000].map(|ns| audio.tell(ns, 1, 1000)));
        let mut seen = vec![load.take_worst(), load.take_worst()];
        audio.join().unwrap();
        seen.push(load.take_worst());
        assert_eq!(seen.iter().copied().fold(0.0, f64::max), 0.3, "{seen:?}");
        assert_eq!(seen.iter().filter(|&&share| share == 0.3).count(), 1, "{seen:?}");
        assert_eq!(load.take_worst(), 0.0);
    });
}

#[test]
fn who_sees_a_block_counted_sees_its_figures() {
    in_every_order(|| {
        let load = Arc::new(Load::default());
        let audio = Arc::clone(&load);
        let audio = thread::spawn(move || {
            audio.tell(1_000_000, 1, 1000);
            audio.tell(4_000_000, 2, 1000);
        });
        let blocks = load.blocks();
        let (frames, share) = (load.frames(), load.newest());
        assert!(u64::from(frames) >= blocks, "{blocks} blocks, {frames} frames in the newest");
        assert!(share >= blocks as f64, "{blocks} blocks, {share} of the newest");
        audio.join().unwrap();
    });
}

#[test]
fn a_note_that_was_told_has_its_end_told_however_full_the_ring() {
    in_every_order(|| {
        let (mut tx, mut rx) = ring::<i32>(2);
        let audio = thread::spawn(move || {
            let mut told = Vec::new();
            for note in 1..=2 {
                // Room for its end is kept; where there is none, the note is not told at all.
                if tx.send_leaving(1, note).is_ok() {
                    tx.send(-note).expect("room was kept");
                    told.extend([note, -note]);
                }
            }
            told
        });
        let mut heard: Vec<i32> = (0..2).filter_map(|_| rx.receive()).collect();
        let told = audio.join().unwrap();
        heard.extend(std::iter::from_fn(|| rx.receive()));
        assert_eq!(heard, told);
        assert!(!told.is_empty());
    });
}

#[test]
fn a_newest_value_is_whole_and_never_older_than_the_last() {
    in_every_order(|| {
        let (mut writer, mut reader) = newest(&[0, 0]);
        let audio = thread::spawn(move || (1..=3).for_each(|n| writer.write([n, n])));
        let mut last = 0;
        for _ in 0..2 {
            let [a, b] = *reader.read();
            assert!(a == b && a >= last, "{a} {b} after {last}");
            last = a;
        }
        audio.join().unwrap();
        assert_eq!(*reader.read(), [3, 3]);
        assert!(!reader.is_new());
    });
}

fn stage() -> Stage {
    Stage::new(StageSizes { plans: 2, heard: 2, show: 1 })
}

fn heard(n: u32) -> Heard {
    Heard { pos_beats: Beats(f64::from(n)), kind: HeardKind::NoteOff { pitch: 60 } }
}

fn reading(n: u32) -> ClockReading {
    ClockReading { sample: u64::from(n), pos_beats: Beats(f64::from(n)), playing: true, ..ClockReading::default() }
}

/// A block as `Performer::process_with` has it: what is heard is told, and then how far time has come.
fn block(audio: &mut AudioSide, n: u32) {
    audio.heard.send(heard(n)).expect("room");
    audio.clock.write(reading(n));
}

/// What a director relies on: the clock is read first, then the ring is emptied, on another thread at that.
fn follow(mut clock: NewestReader<ClockReading>, mut ring: RingReceiver<Heard>) {
    let (tell, told) = loom::sync::mpsc::channel();
    let director = thread::spawn(move || {
        let ClockReading { sample, .. } = told.recv().unwrap();
        let heard: Vec<f64> = std::iter::from_fn(|| ring.receive()).map(|heard| heard.pos_beats.0).collect();
        // A director that thinks at `sample` without what was heard up to there decides otherwise than it should.
        assert!(heard.len() as u64 >= sample, "time is at {sample}, heard is {heard:?}");
    });
    // The stagehand.
    tell.send(*clock.read()).unwrap();
    director.join().unwrap();
}

#[test]
fn whoever_reads_the_clock_first_finds_everything_before_it_in_the_ring() {
    in_every_order(|| {
        let Stage { mut audio, composer, watcher } = stage();
        let audio = thread::spawn(move || (1..=2).for_each(|n| block(&mut audio, n)));
        follow(watcher.clock, composer.heard);
        audio.join().unwrap();
    });
}

#[test]
#[should_panic(expected = "time is at")]
fn the_check_itself_finds_a_clock_that_runs_ahead() {
    in_every_order(|| {
        let Stage { mut audio, composer, watcher } = stage();
        let audio = thread::spawn(move || {
            audio.clock.write(reading(1));
            audio.heard.send(heard(1)).expect("room");
        });
        follow(watcher.clock, composer.heard);
        audio.join().unwrap();
    });
}

#[test]
fn plans_that_are_refused_are_counted_and_the_others_come_in_order() {
    in_every_order(|| {
        let Stage { mut audio, composer, watcher } = Stage::new(StageSizes { plans: 1, heard: 1, show: 1 });
        let (mut side, counters) = (composer, watcher.counters);
        let plan = |n: u32| Plan::Withdraw { epoch: n, from: Beats(0.0), part: Part::Answer };
        let worker = thread::spawn(move || (0..2).filter(|&n| side.plan(plan(n)).is_ok()).collect::<Vec<u32>>());
        let mut come: Vec<u32> = audio.plans.receive().iter().map(Plan::epoch).collect();
        let sent = worker.join().unwrap();
        come.extend(std::iter::from_fn(|| audio.plans.receive()).map(|plan| plan.epoch()));
        assert_eq!(come, sent);
        assert_eq!(counters.plans_refused.get(), 2 - sent.len() as u64);
    });
}

#[test]
fn a_verdict_ends_the_turn_that_it_is_about_or_none() {
    in_every_order(|| {
        let turn = Arc::new(Turn::default());
        // One that looks once, and judges what it saw as late; another that judges the first turn alone.
        let dogs = [Verdict::TooLong, Verdict::TooLarge].map(|verdict| {
            let turn = Arc::clone(&turn);
            thread::spawn(move || {
                let seen = if verdict == Verdict::TooLong { turn.get() } else { 1 };
                turn.end(seen, verdict).then_some((seen, verdict))
            })
        });
        // A model's two runs; the turns that came to their end.
        let mut whole = Vec::new();
        for run in [1, 3] {
            if turn.step() && turn.step() {
                whole.push(run);
            }
        }
        let ended: Vec<_> = dogs.into_iter().filter_map(|dog| dog.join().unwrap()).collect();
        // What was ended is ended once, and is none of those that came to their end; what comes after it does not begin.
        assert!(ended.len() <= 1, "{ended:?}");
        assert_eq!(turn.verdict(), ended.first().map(|(_, verdict)| *verdict));
        match ended.first() {
            Some((1, _)) => assert!(whole.is_empty()),
            Some((3, _)) => assert_eq!(whole, [1]),
            Some(other) => panic!("{other:?} was no run"),
            None => assert_eq!(whole, [1, 3]),
        }
    });
}
