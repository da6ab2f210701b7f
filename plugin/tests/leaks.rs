//! Nothing is left of instances that were made, played and dropped, nor of files that were loaded and unloaded: no thread, no
//! open file, no file in memory, and nothing that was allocated. CLAP and VST3 in one process.
//!
//! One test in a program of its own, for what is counted belongs to the process. It prints what it counted.
#![cfg(target_os = "linux")]
#![allow(unsafe_code)]

mod host;
mod host3;
#[path = "../../tests/support/hushes.rs"]
mod hushes;

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
/// Most bytes that a round may leave behind, from the middle of one half of the rounds to the middle of the other. What a host asks
/// differs by some dozens from round to round; the smallest thing that could be left, a pointer in a list, is eight each time.
const MOST_BYTES: usize = 8;
/// Most that the memory which the system counts may grow from the middle of one half to that of the other: what the allocator does
/// not know, in pieces that join those beside them. It keeps holes of some megabytes, which come and go.
const MOST_KIB: usize = 8 * 1024;
/// Longest time in which what ends has ended, on a busy machine.
const END_LIMIT: Duration = Duration::from_secs(30);

/// Set in the copy of this program that counts.
const MARK: &str = "ONEIRO_TEST_COUNTS";

/// What a process holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Held {
    threads: usize,
    files: usize,
    /// Files in memory: libraries, models, what programs share.
    mapped: usize,
    /// Other pieces of memory: the heap, large blocks, stacks of threads. Stacks are kept for the next threads, as many as there
    /// were at once; so their number is chance.
    anonymous: usize,
    /// What was allocated and not freed.
    bytes: usize,
    /// Memory that the system counts as this process's own, with what the allocator keeps.
    resident_kib: usize,
}

fn held() -> Held {
    let count = |folder: &str| std::fs::read_dir(folder).map_or(0, Iterator::count);
    let text = |file: &str| std::fs::read_to_string(file).unwrap_or_default();
    let (status, maps) = (text("/proc/self/status"), text("/proc/self/maps"));
    let line = status.lines().find_map(|line| line.strip_prefix("RssAnon:")).unwrap_or_default();
    let mapped = maps.lines().filter(|line| line.contains(" /")).count();
    // SAFETY: it reads the allocator's counts, which it locks.
    let counts = unsafe { libc::mallinfo2() };
    Held {
        threads: count("/proc/self/task"),
        files: count("/proc/self/fd"),
        mapped,
        anonymous: maps.lines().count() - mapped,
        bytes: counts.uordblks + counts.hblkhd,
        resident_kib: line.trim().trim_end_matches(" kB").parse().unwrap_or_default(),
    }
}

impl Held {
    /// Nothing is held that was not before, but memory.
    fn is_no_more_than(&self, before: &Self) -> bool {
        self.threads <= before.threads && self.files <= before.files && self.mapped <= before.mapped
    }
}

/// The least of each that is held within a second: what ends has ended then.
fn at_rest() -> Held {
    let began = Instant::now();
    let mut least = held();
    while began.elapsed() < Duration::from_secs(1) {
        std::thread::sleep(Duration::from_millis(10));
        let now = held();
        least.threads = least.threads.min(now.threads);
        least.files = least.files.min(now.files);
        least.mapped = least.mapped.min(now.mapped);
    }
    least
}

/// Waits until no more is held than before.
fn settled(before: &Held) -> Held {
    let began = Instant::now();
    loop {
        let now = held();
        if now.is_no_more_than(before) || began.elapsed() > END_LIMIT {
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

fn median(part: &[Held], of: impl Fn(&Held) -> usize) -> usize {
    let mut all: Vec<usize> = part.iter().map(of).collect();
    all.sort_unstable();
    all[all.len() / 2]
}

/// Goes round and round; what is held after each round.
fn rounds(name: &str, count: usize, mut round: impl FnMut(usize)) {
    round(0);
    let first = at_rest();
    let began = Instant::now();
    let mut all: Vec<Held> = Vec::with_capacity(count);
    for i in 0..count {
        round(i);
        let after = settled(&first);
        assert!(after.is_no_more_than(&first), "{name}: {first:?} became {after:?} in round {i}");
        all.push(after);
    }
    println!("{name}: {count} in {:.1} s", began.elapsed().as_secs_f64());
    for (i, held) in all.iter().enumerate().filter(|(i, _)| (i + 1).is_multiple_of(EVERY)) {
        println!("  after {:3}: {held:?}", i + 1);
    }
    // What most rounds of each half hold: the rest is what was just about to be freed, or made.
    let (before, now) = all.split_at(count / 2);
    let bytes = [before, now].map(|part| median(part, |held| held.bytes));
    println!("  allocated in the first half: {} bytes, in the second: {}", bytes[0], bytes[1]);
    assert!(bytes[1] < bytes[0] + MOST_BYTES * count / 2, "{name}: {bytes:?} bytes in {count} rounds");
    // A piece of memory that a quarter of the rounds leaves behind, as each fourth instance is of another kind.
    let pieces = [before, now].map(|part| median(part, |held| held.anonymous));
    assert!(pieces[1] < pieces[0] + count / 8, "{name}: {pieces:?} pieces of memory in {count} rounds");
    let resident = [before, now].map(|part| median(part, |held| held.resident_kib));
    println!("  resident: {} KiB, then {}", resident[0], resident[1]);
    assert!(resident[1] < resident[0] + MOST_KIB, "{name}: {resident:?} KiB in {count} rounds");
}

#[test]
fn instances_and_files_that_come_and_go_leave_nothing_behind() {
    if std::env::var_os(MARK).is_none() {
        // One heap, and nothing of what was freed kept for a thread, little of it kept at all: what is counted as allocated is.
        let mut again = Command::new(std::env::current_exe().unwrap());
        again.args(["--nocapture", "--test-threads", "1"]).env(MARK, "1").env("MALLOC_ARENA_MAX", "1");
        again.env("GLIBC_TUNABLES", "glibc.malloc.tcache_count=0");
        again.env("MALLOC_TRIM_THRESHOLD_", "262144").env("MALLOC_MMAP_THRESHOLD_", "65536");
        for name in hushes::HUSHES {
            again.env_remove(name);
        }
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
