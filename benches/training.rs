//! `cargo bench`: the hot functions of training, one thread: whole steps of the quick kinds, and the forms of convolutions' derivatives.

use criterion::{Criterion, criterion_group, criterion_main};
use oneiro::train::bench::{Ready, SUBJECTS, layers};
use oneiro::train::program::Device;

/// Kinds whose step takes a fifth of a second or less.
const QUICK: [&str; 3] = ["melody-vae", "art-classifier", "upscaler"];

fn steps(c: &mut Criterion) {
    let mut group = c.benchmark_group("step");
    group.sample_size(10);
    for subject in SUBJECTS.iter().filter(|s| QUICK.contains(&s.kind)) {
        let folder = tempfile::tempdir().expect("a folder for made-up data");
        let mut ready = Ready::new(subject, folder.path(), Device::Cpu { threads: 1 }).expect("a training");
        group.bench_function(subject.kind, |b| b.iter(|| ready.step().expect("a step")));
    }
    group.finish();
}

/// A layer of each kind: as many channels in as out, few out, stride 2.
fn derivatives(c: &mut Criterion) {
    let layers = layers::LAYERS.iter().filter(|l| matches!((l.from, l.to, l.stride), (32, 32 | 3, 1) | (16, 32, 2)));
    for &layer in layers.filter(|l| l.kernel == 3 && l.pictures > 8) {
        let mut group = c.benchmark_group(format!("derivatives of {layer}"));
        group.sample_size(20);
        for mut candidate in layers::candidates(layer).expect("sessions").into_iter().flatten() {
            let name = candidate.name.clone();
            group.bench_function(name, |b| b.iter(|| candidate.run().expect("a derivative")));
        }
        group.finish();
    }
}

criterion_group!(benches, steps, derivatives);
criterion_main!(benches);
