//! The audio callback, called at the times a sound card would call it, beside workers that rest and workers that work.

use super::company::Company;
use super::rig::{BLOCK, Hands, RATE, Rig};
use super::{BenchError, Memory, Models, Spread};
use crate::priority::ask_for_real_time;
use serde::Serialize;
use std::hint::black_box;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The callback's speed.
#[derive(Debug, Clone, Serialize)]
pub struct CallbackSpeed {
    /// Samples a second.
    pub rate: u32,
    /// Audio frames in a block.
    pub block: usize,
    /// A block's length.
    pub block_ms: f64,
    /// Voices that sounded: the least, and on the average.
    pub voices: (u32, f64),
    /// Messages that were lost in rings, and notes that were late.
    pub lost: u64,
    /// Why the audio thread has no real-time priority, where it has none.
    pub not_real_time: Option<String>,
    /// With workers that rest.
    pub idle: Condition,
    /// With both workers at full load.
    pub busy: Condition,
}

/// What was measured in one condition.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Condition {
    /// The callback, in shares of a block's length.
    pub callback: Spread,
    /// A fixed piece of arithmetic that the same thread does after each callback, in shares of a block's length: its p50
    /// is what it needs, and what it needs more elsewhere is what the machine does to a thread.
    pub arithmetic: Spread,
    /// How much too late the thread was woken, in shares of a block's length.
    pub woken_late: Spread,
    /// Blocks that were not ready when the next one began.
    pub missed: u64,
    /// Phrases that were composed a second.
    pub phrases: f64,
    /// Pictures that were painted a second.
    pub pictures: f64,
}

/// What the audio thread writes down, in nanoseconds.
#[derive(Debug, Clone, Copy, Default)]
struct Block {
    late: u32,
    callback: u32,
    arithmetic: u32,
    busy: bool,
    missed: bool,
}

/// Turns of each condition, in alternation, so that what the machine does besides meets both.
const TURNS: usize = 4;
/// Blocks at the start of a turn that are not counted.
const SETTLE: usize = 100;

/// Plays for `seconds` in each condition.
///
/// # Errors
/// [`BenchError`] where a model cannot be opened, or a worker failed.
pub fn measure(models: &Models, seconds: f64, memory: &mut Memory) -> Result<CallbackSpeed, BenchError> {
    let company = Company::spawn(models)?;
    memory.note("sessions of all workers");
    let (rig, mut hands) = Rig::new(None);
    memory.note("the instrument");
    let length_ns = BLOCK as f64 * 1e9 / f64::from(RATE);
    let per_turn = (seconds * 1e9 / length_ns / TURNS as f64) as usize + SETTLE;
    let total = 2 * TURNS * per_turn;
    let (busy, played) = (AtomicBool::new(false), AtomicUsize::new(0));
    let mut done = [(0_u64, 0_u64); 2];
    let (blocks, denied) = std::thread::scope(|scope| {
        let audio = scope.spawn(|| play(rig, total, length_ns, &busy, &played));
        for turn in 0..2 * TURNS {
            let works = turn % 2 == 1;
            let before = company.done();
            company.work(works);
            busy.store(works, Ordering::Relaxed);
            look_after(&mut hands, || played.load(Ordering::Relaxed) >= (turn + 1) * per_turn || audio.is_finished());
            let after = company.done();
            let sum = &mut done[usize::from(works)];
            *sum = (sum.0 + after.0 - before.0, sum.1 + after.1 - before.1);
        }
        memory.note("while all play");
        audio.join()
    })
    .map_err(|_| BenchError::Lost("plays"))?;
    company.end()?;
    let condition = |works: bool| {
        let turns = blocks.chunks(per_turn).flat_map(|turn| turn.iter().skip(SETTLE.min(turn.len() / 2)));
        let all: Vec<&Block> = turns.filter(|block| block.busy == works).collect();
        let spread = |of: fn(&Block) -> u32| Spread::of(all.iter().map(|b| f64::from(of(b)) / length_ns).collect());
        let (phrases, pictures) = done[usize::from(works)];
        let a_second = |count: u64| count as f64 / (TURNS as f64 * per_turn as f64 * length_ns / 1e9);
        Condition {
            callback: spread(|block| block.callback),
            arithmetic: spread(|block| block.arithmetic),
            woken_late: spread(|block| block.late),
            missed: all.iter().filter(|block| block.missed).count() as u64,
            phrases: a_second(phrases),
            pictures: a_second(pictures),
        }
    };
    Ok(CallbackSpeed {
        rate: RATE,
        block: BLOCK,
        block_ms: length_ns / 1e6,
        voices: hands.voices(),
        lost: hands.lost(),
        not_real_time: denied,
        idle: condition(false),
        busy: condition(true),
    })
}

/// What other threads do about the callback, every millisecond.
fn look_after(hands: &mut Hands, ends: impl Fn() -> bool) {
    while !ends() {
        hands.step();
        std::thread::sleep(Duration::from_millis(1));
    }
}

/// The audio thread: a block each time one is due. Where it comes too late for several, the missed ones are left out, as
/// by a sound card.
fn play(
    mut rig: Rig,
    total: usize,
    length_ns: f64,
    busy: &AtomicBool,
    played: &AtomicUsize,
) -> (Vec<Block>, Option<String>) {
    let denied = ask_for_real_time().err().map(|e| e.to_string());
    let mut blocks = vec![Block::default(); total];
    let start = Instant::now();
    let now_ns = || start.elapsed().as_nanos() as u64;
    let mut due = 0.0_f64;
    for (number, block) in (1..).zip(&mut blocks) {
        due += length_ns;
        if let Some(left) = (due as u64).checked_sub(now_ns()) {
            std::thread::sleep(Duration::from_nanos(left));
        }
        let works = busy.load(Ordering::Relaxed);
        let begun = now_ns();
        rig.block(begun);
        let ended = now_ns();
        arithmetic();
        let after = now_ns();
        let missed = ended as f64 > due + length_ns;
        let short = |ns: u64| u32::try_from(ns).unwrap_or(u32::MAX);
        *block = Block {
            late: short(begun.saturating_sub(due as u64)),
            callback: short(ended - begun),
            arithmetic: short(after - ended),
            busy: works,
            missed,
        };
        played.store(number, Ordering::Relaxed);
        while missed && due + length_ns < now_ns() as f64 {
            due += length_ns;
        }
    }
    (blocks, denied)
}

/// A chain of multiplications and additions, each waiting for the last: it needs no memory, and takes as long as the
/// processor's clock says.
fn arithmetic() {
    let mut x = black_box(0.5_f32);
    for _ in 0..4000 {
        x = x * black_box(0.999) + 0.001;
    }
    black_box(x);
}
