//! Many instances side by side: quick to make, and all of them play.

mod host;

use host::{Daw, INSTRUMENT, In, assert_paired, load};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What is counted belongs to the process: one test at a time.
static ALONE: Mutex<()> = Mutex::new(());

/// Plays up to a sample at which an answer sounds.
fn warm_up(daw: &mut Daw) {
    daw.offline(true);
    daw.activate(48_000.0, 1024);
    let (call, end) = (daw.call(0.0), daw.samples(10.0));
    daw.play_to(end, &call, || 1024);
}

/// Threads of this process, and its memory in MiB.
fn held() -> (usize, f64) {
    let threads = std::fs::read_dir("/proc/self/task").map_or(0, Iterator::count);
    let pages = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 = pages.split(' ').nth(1).and_then(|n| n.parse().ok()).unwrap_or_default();
    (threads, pages * 4096.0 / 1048576.0)
}

#[test]
fn making_and_activating_is_quick() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let entry = load();
    // The first opens what all share.
    let mut first = Daw::open(&entry, INSTRUMENT);
    warm_up(&mut first);
    // The quickest of some, for a busy machine may hold up any.
    let another = || {
        let began = Instant::now();
        let mut daw = Daw::open(&entry, INSTRUMENT);
        daw.activate(48_000.0, 512);
        began.elapsed()
    };
    let quickest = std::iter::repeat_with(another).take(5).min().unwrap();
    assert!(quickest < Duration::from_millis(150), "{quickest:?}");
}

#[test]
fn twenty_instances_play_side_by_side() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let entry = load();
    println!("before: {:?}", held());
    let mut one = Daw::open(&entry, INSTRUMENT);
    warm_up(&mut one);
    println!("one instance: {:?}", held());
    let mut two = Daw::open(&entry, INSTRUMENT);
    warm_up(&mut two);
    println!("two instances: {:?}", held());
    drop((one, two));
    let mut all: Vec<Daw> = (0..20).map(|_| Daw::open(&entry, INSTRUMENT)).collect();
    for daw in &mut all {
        daw.activate(48_000.0, 64);
    }
    let call = all[0].call(0.0);
    let mut notes = vec![Vec::new(); all.len()];
    let began = Instant::now();
    for _ in 0..750 {
        for (daw, notes) in all.iter_mut().zip(&mut notes) {
            notes.extend(daw.block(64, &call));
        }
    }
    println!("20 instances hold {:?} threads and MiB", held());
    println!("20 instances: {:.2} of their time", began.elapsed().as_secs_f64() / (750.0 * 64.0 / 48_000.0));
    for (daw, notes) in all.iter_mut().zip(&mut notes) {
        daw.playing = false;
        notes.extend(daw.block(64, &[]));
        let at = daw.now;
        notes.extend(daw.block(64, &[(at, In::Choke)]));
        assert_paired(notes);
        assert!(notes.iter().filter(|note| note.channel == 0).count() >= 3);
    }
}
