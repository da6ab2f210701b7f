//! Instances of the plugin in a host announce themselves when they are activated, tell what they play, and leave nothing behind;
//! also where a host has loaded two copies of the plugin's code, as it does with CLAP and VST3.
#![allow(unsafe_code)]

mod host;

use clack_host::prelude::PluginEntry;
use host::{Daw, INSTRUMENT, library, load};
use oneiro::bridge::{Part, ShowKind};
use oneiro::link::{Choice, Listener, Merge, Mirror, Position, Room, Tidings, instances};
use oneiro::moment::now_ns;
use oneiro::time::Bpm;
use std::ffi::OsString;
use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Longest wait for anything: machines are busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// Nanoseconds that the link's threads of this process had a processor.
#[cfg(target_os = "linux")]
fn worked_ns() -> u64 {
    let threads = std::fs::read_dir("/proc/self/task").unwrap().flatten().map(|entry| entry.path());
    let links =
        threads.filter(|path| std::fs::read_to_string(path.join("comm")).is_ok_and(|n| n.trim() == "oneiro link"));
    let times = links.filter_map(|path| std::fs::read_to_string(path.join("schedstat")).ok());
    times.filter_map(|text| text.split_whitespace().next()?.parse::<u64>().ok()).sum()
}

/// A host with two instances, of two copies of the code, that plays until its input ends.
fn play() {
    let copy = Room::usual().unwrap().folder().with_extension("copy");
    std::fs::create_dir_all(copy.parent().unwrap()).unwrap();
    std::fs::copy(library(), &copy).unwrap();
    // SAFETY: the file is a copy of the one that cargo has just built from this package; its entry keeps to CLAP.
    let (entry, other) = (load(), unsafe { PluginEntry::load(&copy) }.unwrap());
    let mut one = Daw::open(&entry, INSTRUMENT);
    let mut two = Daw::open(&other, INSTRUMENT);
    std::thread::sleep(Duration::from_millis(100));
    assert!(!Room::usual().unwrap().folder().exists(), "something was opened before it was activated");
    one.activate(48_000.0, 512);
    two.activate(44_100.0, 512);

    // While nobody follows, next to nothing is done.
    #[cfg(target_os = "linux")]
    {
        std::thread::sleep(Duration::from_millis(500));
        let (before, began) = (worked_ns(), Instant::now());
        std::thread::sleep(Duration::from_secs(2));
        let share = (worked_ns() - before) as f64 / began.elapsed().as_nanos() as f64 / 2.0;
        eprintln!("an instance that nobody follows: {:.4} % of a core", 100.0 * share);
        assert!(share < 0.002, "{share}");
    }

    std::fs::write(copy.with_extension("plays"), "").unwrap();
    let ended = std::thread::spawn(|| std::io::stdin().read_to_end(&mut Vec::new()));
    (one.tempo, one.playing) = (240.0, true);
    let mut due = Instant::now();
    let (mut began, mut call) = (one.now, one.call(0.0));
    #[cfg(target_os = "linux")]
    let (before, started) = (worked_ns(), Instant::now());
    while !ended.is_finished() {
        due += Duration::from_secs_f64(512.0 / one.rate);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        if one.now > began + one.samples(8.0) {
            // Once more, in a loop.
            began = one.now;
            one.locate(0.0);
            call = one.call(0.0);
        }
        one.block(512, &call);
        two.block(512, &[]);
    }
    #[cfg(target_os = "linux")]
    {
        let share = (worked_ns() - before) as f64 / started.elapsed().as_nanos() as f64 / 2.0;
        eprintln!("an instance, followed most of the time: {:.3} % of a core", 100.0 * share);
    }
    one.deactivate();
    two.deactivate();
}

/// Follows until it has seen both, and notes of the one that plays.
fn follow() {
    let listener = Listener::spawn(Choice::All, Mirror::default());
    let (mut merge, mut events, began) = (Merge::default(), Vec::new(), Instant::now());
    let (mut heard, mut notes) = (0, 0);
    while heard < 2 || notes < 20 {
        assert!(began.elapsed() < PATIENCE, "{heard} are heard, {notes} notes");
        std::thread::sleep(Duration::from_millis(16));
        while let Some(tidings) = listener.next() {
            match tidings {
                Tidings::Joined(line, found) => merge.join(line, found),
                Tidings::Left(line) => merge.leave(line),
                Tidings::Told { line, read_ns, pulse } => merge.take(line, pulse, read_ns),
                Tidings::Problem(reason) => panic!("{reason}"),
            }
        }
        events.clear();
        let at = merge.advance(now_ns(), &mut events);
        heard = heard.max(merge.about(now_ns()).map_or(0, |(_, count)| count));
        notes += events.iter().filter(|e| matches!(e.kind, ShowKind::NoteOn { part: Part::Call, .. })).count();
        // Of the one that has a loop of eight beats; where the host is held up, time is taken to go on for a second, which is four.
        let goes_round = |at: &Position| at.playing && at.tempo == Bpm(240.0);
        assert!(at.filter(goes_round).is_none_or(|at| (-1.0..13.0).contains(&at.beats.0)), "{at:?}");
    }
}

#[test]
fn part() {
    match std::env::var("LINK_PART").as_deref() {
        Ok("play") => play(),
        Ok("follow") => follow(),
        _ => {}
    }
}

fn until(what: &str, so: impl Fn() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn instances_announce_themselves_are_followed_and_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let name = format!("p{}", std::process::id());
    let room = Room::new(folder.path().to_owned(), &name).unwrap();
    let start = |part: &str| -> Child {
        let mut command = Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "part", "--nocapture"]).env("LINK_PART", part).stdin(Stdio::piped());
        // There are neither models nor a runtime in this cache; what is played goes its way all the same.
        command.env("ONEIRO_CACHE", folder.path()).env("ONEIRO_LINK", &name);
        command.spawn().unwrap()
    };
    let mut host = start("play");
    until("they do not announce themselves", || instances(&room).is_ok_and(|found| found.len() == 2));
    let all = instances(&room).unwrap();
    assert!(all.iter().all(|f| f.process == host.id() && f.name.starts_with("Oneiro ")), "{all:?}");
    let mut rates: Vec<u32> = all.iter().map(|f| f.rate).collect();
    rates.sort_unstable();
    assert_eq!(rates, [44_100, 48_000]);
    until("it does not play", || room.folder().with_extension("plays").exists());
    for _ in 0..2 {
        assert!(start("follow").wait().unwrap().success());
        assert_eq!(instances(&room).unwrap().len(), 2, "the other copy was taken for dead");
    }
    drop(host.stdin.take());
    assert!(host.wait().unwrap().success());
    assert_eq!(instances(&room), Ok(Vec::new()));
    // One of 16 bytes counts those who have met here, and stays as long as the machine runs.
    let files = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.file_name());
    let ours = |name: &OsString| name.to_string_lossy().starts_with(room.prefix());
    let (counts, mut left): (Vec<_>, Vec<_>) =
        files("/dev/shm".as_ref()).filter(ours).partition(|name| name.to_string_lossy().ends_with(".global_mgmt"));
    counts.iter().for_each(|name| drop(std::fs::remove_file(Path::new("/dev/shm").join(name))));
    left.extend(files(room.folder()));
    assert_eq!(left, [""; 0]);
}
