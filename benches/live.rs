//! `cargo bench --bench live`: the hot functions of the audio side, by criterion.

use criterion::{Criterion, criterion_group, criterion_main};
use oneiro::bench::Rig;
use oneiro::bridge::{Part, Plan, Scheduled, Stage};
use oneiro::live::transport::{ClockIn, ClockMessage, InternalClock, TransportSource};
use oneiro::live::{Patch, Performer, Setup};
use oneiro::time::{Beats, Bpm, SampleRate, TimeSignature, Transport};
use std::hint::black_box;
use std::time::{Duration, Instant};

const RATE: SampleRate = SampleRate(48_000);
/// Blocks between two looks at the callback: about a millisecond, as in a performance.
const BLOCKS: usize = 1;

/// A block of 64 samples with sixteen voices and more.
fn blocks(c: &mut Criterion) {
    let mut group = c.benchmark_group("block");
    let patches = Patch::ALL.map(|patch| (format!("{patch:?}").to_lowercase(), Some(patch)));
    for (name, patch) in [("house".to_owned(), None)].into_iter().chain(patches) {
        let (mut rig, mut hands) = Rig::new(patch);
        // Up to where all lines sound.
        for _ in 0..1000 {
            hands.step();
            rig.blocks(BLOCKS);
        }
        group.bench_function(name, |b| {
            b.iter_custom(|times| {
                let mut spent = Duration::ZERO;
                for _ in 0..times {
                    hands.step();
                    let begun = Instant::now();
                    black_box(rig.blocks(BLOCKS));
                    spent += begun.elapsed();
                }
                spent
            });
        });
    }
    group.finish();
}

fn plan(n: u32) -> Plan {
    let at = Beats(8.0 + f64::from(n.wrapping_mul(2_654_435_761) >> 20) * 0.01);
    Plan::Note { epoch: 0, note: Scheduled { at, duration: Beats(0.5), part: Part::Answer, pitch: 60, velocity: 90 } }
}

/// What waits: a plan more among a thousand, and taking back a phrase among them.
fn schedule(c: &mut Criterion) {
    let mut group = c.benchmark_group("schedule");
    let Stage { audio, .. } = Stage::default();
    let mut performer = Performer::prepare(Setup::new(RATE), audio);
    let fill = |performer: &mut Performer| {
        let mut n = 0;
        while performer.queued() < 1000 && performer.schedule(plan(n)).is_ok() {
            n += 1;
        }
    };
    fill(&mut performer);
    group.bench_function("a plan among a thousand", |b| {
        b.iter_custom(|times| {
            let mut spent = Duration::ZERO;
            for n in 0..times {
                if performer.queued() > 1100 {
                    let from = Beats(0.0);
                    let _taken = performer.schedule(Plan::Withdraw { epoch: 0, from, part: Part::Answer });
                    fill(&mut performer);
                }
                let begun = Instant::now();
                let _room = black_box(performer.schedule(plan(n as u32)));
                spent += begun.elapsed();
            }
            spent
        });
    });
    fill(&mut performer);
    group.bench_function("nothing is taken back among a thousand", |b| {
        let from = Beats(1e6);
        b.iter(|| performer.schedule(Plan::Withdraw { epoch: 0, from, part: Part::Answer }).is_ok());
    });
    group.finish();
}

/// The two clocks, a block of 64 samples each.
fn clocks(c: &mut Criterion) {
    let mut group = c.benchmark_group("clock");
    let mut internal = InternalClock::new(RATE, Bpm(120.0));
    internal.set_playing(true);
    group.bench_function("own", |b| b.iter(|| internal.next_block(64)));
    let mut outside = ClockIn::new(RATE);
    outside.message(0, ClockMessage::Start);
    let mut block = 0_u32;
    group.bench_function("MIDI clock in", |b| {
        b.iter(|| {
            block = block.wrapping_add(1);
            // A tick in about every sixteenth block: 120 quarter notes a minute.
            if block.is_multiple_of(16) {
                outside.message(0, ClockMessage::Tick);
            }
            outside.next_block(64)
        });
    });
    let Stage { audio, .. } = Stage::default();
    let mut performer = Performer::prepare(Setup::new(RATE), audio);
    let (tempo, time_signature) = (Bpm(120.0), TimeSignature::COMMON);
    let (mut left, mut right, mut sample) = ([0.0; 64], [0.0; 64], 0_u64);
    group.bench_function("a block of silence", |b| {
        b.iter(|| {
            let pos_beats = Beats(sample as f64 / 24_000.0);
            performer.process(
                &Transport { playing: true, pos_beats, tempo, time_signature },
                &[],
                &mut left,
                &mut right,
            );
            sample += 64;
        });
    });
    group.finish();
}

criterion_group!(benches, blocks, schedule, clocks);
criterion_main!(benches);
