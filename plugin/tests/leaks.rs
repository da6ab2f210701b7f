//! Nothing is left of instances that were made, played and dropped, nor of files that were loaded and unloaded: no thread, no
//! open file, no shared memory, and no memory that grows. CLAP and VST3 in one process.
//!
//! One test in a program of its own, for what is counted belongs to the process. It prints what it counted.
#![cfg(target_os = "linux")]

mod host;
mod host3;

use host::{Daw, INSTRUMENT, NOTES, answers, library, load_from};
use host3::{Host3, In};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Instances that are made, and times that the files are loaded.
const INSTANCES: usize = 200;
const LOADS: usize = 50;
/// After so many it is printed what is held.
const EVERY: usize = 25;
/// Most that memory may grow from one half of the rounds to the other: the allocator leaves holes of two megabytes, which come and
/// go, while a leak of a hundredth of an instance's memory in each round would be four times as much as this.
const MOST_KIB: i64 = 5 * 1024;

/// Set in the copy of this program that counts.
const MARK: &str = "ONEIRO_TEST_COUNTS";

/// What a process holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    threads: usize,
    files: usize,
    /// Mapped pieces of memory, and those of them that are shared.
    maps: usize,
    shared: usize,
    /// Memory of its own.
    kib: i64,
}

fn held() -> Held {
    let count = |folder: &str| std::fs::read_dir(folder).map_or(0, Iterator::count);
    let text = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    let (status, maps) = (text("/proc/self/status"), text("/proc/self/maps"));
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap_or_default();
    Held {
        threads: count("/proc/self/task"),
        files: count("/proc/self/fd"),
        maps: maps.lines().count(),
        shared: maps.lines().filter(|line| line.contains("/dev/shm/")).count(),
        kib: line.trim().trim_end_matches(" kB").parse().unwrap_or_default(),
    }
}

/// Waits until threads that are about to end have ended.
fn settled(threads: usize) -> Held {
    let began = Instant::now();
    loop {
        let now = held();
        if now.threads <= threads || began.elapsed() > Duration::from_secs(5) {
            return now;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// An instance in CLAP, from its making to its end: it waits for its models, hears a bar, and is dropped in mid-music.
fn in_clap(clap: &Path, id: &str, beats: f64) {
    let entry = load_from(clap);
    let mut daw = Daw::open(&entry, id);
    daw.offline(true);
    daw.activate(24_000.0, 1024);
    let (call, end) = (daw.call(0.0), daw.samples(beats));
    let notes = daw.play_to(end, &call, || 1024);
    assert!(beats < 12.0 || !answers(&notes).is_empty(), "it does not answer");
}

/// The same in VST3.
fn in_vst3(vst3: &Path, beats: f64) {
    let mut host = Host3::open(vst3);
    host.activate(24_000.0, 1024, true);
    let events = [(0, In::On { key: 60, velocity: 0.7 }), (9_000, In::Off { key: 60 })];
    host.play_to((beats * 12_000.0) as u64, &events, || 1024);
}

/// Goes round and round; what is held after each round.
fn rounds(name: &str, count: usize, mut round: impl FnMut(usize)) {
    round(0);
    let first = held();
    let mut all: Vec<Held> = Vec::new();
    let began = Instant::now();
    for i in 0..count {
        round(i);
        all.push(settled(first.threads));
    }
    println!("{name}: {count} in {:.1} s", began.elapsed().as_secs_f64());
    for (i, held) in all.iter().enumerate().filter(|(i, _)| (i + 1).is_multiple_of(EVERY)) {
        println!("  after {:3}: {held:?}", i + 1);
    }
    let after = all[count - 1];
    assert!(after.threads <= first.threads && after.files <= first.files, "{name}: {first:?} became {after:?}");
    assert!(after.shared <= first.shared, "{name}: {first:?} became {after:?}");
    // What stays when most is free: the rest is what the allocator has not given back yet.
    let least = |part: &[Held]| (part.iter().map(|h| h.kib).min(), part.iter().map(|h| h.maps).min());
    let (before, now) = (least(&all[..count / 2]), least(&all[count / 2..]));
    println!("  least memory and maps of the first half: {before:?}, of the second: {now:?}");
    assert!(now.0 < before.0.map(|kib| kib + MOST_KIB), "{name}: {before:?} became {now:?} in {count} rounds");
    assert!(now.1 <= before.1.map(|maps| maps + 2), "{name}: {before:?} became {now:?} in {count} rounds");
}

#[test]
fn instances_and_files_that_come_and_go_leave_nothing_behind() {
    if std::env::var_os(MARK).is_none() {
        // The allocator keeps a heap for each thread that there was, and much of what was freed. Not here.
        let mut again = Command::new(std::env::current_exe().unwrap());
        again.args(["--nocapture", "--test-threads", "1"]).env(MARK, "1").env("MALLOC_ARENA_MAX", "1");
        again.env("MALLOC_TRIM_THRESHOLD_", "262144").env("MALLOC_MMAP_THRESHOLD_", "65536");
        let output = again.output().unwrap();
        let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        println!("{text}");
        return assert!(output.status.success(), "{text}");
    }
    // Two files to the system, as a .clap and a .vst3 are.
    let folder = tempfile::tempdir().unwrap();
    let [clap, vst3] = ["Oneiro.clap", "Oneiro.so"].map(|name| folder.path().join(name));
    for copy in [&clap, &vst3] {
        std::fs::copy(library(), copy).unwrap();
    }
    let kept = (load_from(&clap), Host3::open(&vst3));
    in_clap(&clap, INSTRUMENT, 12.0);
    rounds("instances made, played and dropped", INSTANCES, |i| match i % 4 {
        0 | 2 => in_clap(&clap, INSTRUMENT, 2.0),
        1 => in_vst3(&vst3, 2.0),
        _ => in_clap(&clap, NOTES, 2.0),
    });
    drop(kept);
    rounds("files loaded, played through and unloaded", LOADS, |_| {
        in_clap(&clap, INSTRUMENT, 2.0);
        in_vst3(&vst3, 2.0);
    });
}
