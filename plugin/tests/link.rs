//! Instances of the plugin in a host announce themselves when they are activated, tell what they play, and leave nothing behind.

mod host;

use host::{Daw, INSTRUMENT, load};
use oneiro::bridge::{Part, ShowKind};
use oneiro::link::{Choice, Found, Listener, Merge, Mirror, Room, Tidings, instances};
use oneiro::moment::now_ns;
use std::ffi::OsString;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// Longest wait for anything: machines are busy.
const PATIENCE: Duration = Duration::from_secs(20);

fn until(what: &str, mut so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !so() {
        assert!(began.elapsed() < PATIENCE, "{what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Nanoseconds that the link's threads of this process had a processor.
#[cfg(target_os = "linux")]
fn worked_ns() -> u64 {
    let threads = std::fs::read_dir("/proc/self/task").unwrap().flatten().map(|entry| entry.path());
    let links =
        threads.filter(|path| std::fs::read_to_string(path.join("comm")).is_ok_and(|n| n.trim() == "oneiro link"));
    let times = links.filter_map(|path| std::fs::read_to_string(path.join("schedstat")).ok());
    times.filter_map(|text| text.split_whitespace().next()?.parse::<u64>().ok()).sum()
}

/// A host with two instances, in a process whose room is its own.
#[test]
fn part() {
    if std::env::var_os("LINK_PART").is_none() {
        return;
    }
    let room = Room::usual().unwrap();
    let found = || -> Vec<Found> { instances(&room).unwrap() };
    let entry = load();
    let mut one = Daw::open(&entry, INSTRUMENT);
    let mut two = Daw::open(&entry, INSTRUMENT);
    std::thread::sleep(Duration::from_millis(100));
    assert!(!room.folder().exists(), "something was opened before it was activated");
    one.activate(48_000.0, 512);
    until("it does not announce itself", || found().len() == 1);
    two.activate(44_100.0, 512);
    until("the other does not announce itself", || found().len() == 2);
    let all = found();
    assert!(all.iter().all(|f| f.process == std::process::id() && f.name.starts_with("Oneiro ")), "{all:?}");
    let mut rates: Vec<u32> = all.iter().map(|f| f.rate).collect();
    rates.sort_unstable();
    assert_eq!(rates, [44_100, 48_000]);

    // While nobody follows, next to nothing is done.
    #[cfg(target_os = "linux")]
    {
        let (before, began) = (worked_ns(), Instant::now());
        std::thread::sleep(Duration::from_secs(2));
        let share = (worked_ns() - before) as f64 / began.elapsed().as_nanos() as f64 / 2.0;
        println!("an instance that nobody follows: {:.4} % of a core", 100.0 * share);
        assert!(share < 0.002, "{share}");
    }

    // Played in real time, a call is seen note by note.
    let listener = Listener::spawn(Choice::All, Mirror::default());
    let (mut merge, mut events) = (Merge::default(), Vec::new());
    one.tempo = 240.0;
    let call = one.call(0.0);
    let mut due = Instant::now();
    let mut positions = Vec::new();
    one.playing = false;
    let mut began = None;
    let end = due + PATIENCE;
    loop {
        due += Duration::from_secs_f64(512.0 / one.rate);
        std::thread::sleep(due.saturating_duration_since(Instant::now()));
        while let Some(tidings) = listener.next() {
            match tidings {
                Tidings::Joined(line, found) => merge.join(line, found),
                Tidings::Left(line) => merge.leave(line),
                Tidings::Told { line, read_ns, pulse } => merge.take(line, pulse, read_ns),
                Tidings::Problem(reason) => panic!("{reason}"),
            }
        }
        let seen = merge.advance(now_ns(), &mut events);
        if began.is_none() && merge.about(now_ns()).is_some_and(|(_, count)| count == 2) {
            // Both are heard: the host starts.
            one.playing = true;
            one.locate(0.0);
            began = Some(one.now);
        }
        let start = began.unwrap_or(one.now + 1_000_000);
        let shifted: Vec<_> = call.iter().map(|(at, event)| (at + start, *event)).collect();
        one.block(512, &shifted);
        two.block(512, &[]);
        if let (Some(at), true) = (seen, one.playing) {
            positions.push(at.beats.0);
        }
        let notes = events.iter().filter(|e| matches!(e.kind, ShowKind::NoteOn { part: Part::Call, .. })).count();
        if notes >= 9 {
            break;
        }
        assert!(Instant::now() < end, "{notes} notes are seen");
    }
    assert!(positions.windows(2).all(|w| w[1] >= w[0] - 0.5), "time runs backwards");

    #[cfg(target_os = "linux")]
    {
        let (before, began) = (worked_ns(), Instant::now());
        while began.elapsed() < Duration::from_secs(1) {
            one.block(512, &[]);
            std::thread::sleep(Duration::from_millis(10));
        }
        let share = (worked_ns() - before) as f64 / began.elapsed().as_nanos() as f64 / 2.0;
        println!("an instance that is followed: {:.3} % of a core", 100.0 * share);
    }

    one.deactivate();
    drop(one);
    until("it is still listed", || found().len() == 1);
    drop(listener);
    two.deactivate();
    drop(two);
    until("the other is still listed", || found().is_empty());
}

#[test]
fn instances_announce_themselves_and_leave_nothing_behind() {
    let folder = tempfile::tempdir().unwrap();
    let name = format!("p{}", std::process::id());
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "part", "--nocapture"]).env("LINK_PART", "host");
    // There are neither models nor a runtime in this cache; what is played goes its way all the same.
    command.env("ONEIRO_CACHE", folder.path()).env("ONEIRO_LINK", &name);
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let room = Room::new(folder.path().to_owned(), &name).unwrap();
    let files = |folder: &Path| std::fs::read_dir(folder).into_iter().flatten().flatten().map(|e| e.file_name());
    let mut left: Vec<_> = ["nodes", "services"].iter().flat_map(|part| files(&room.folder().join(part))).collect();
    // One of 16 bytes counts those who have met here, and stays as long as the machine runs.
    let ours = |name: &OsString| name.to_string_lossy().starts_with(room.prefix());
    let (counts, shared): (Vec<_>, Vec<_>) =
        files("/dev/shm".as_ref()).filter(ours).partition(|name| name.to_string_lossy().ends_with(".global_mgmt"));
    counts.iter().for_each(|name| drop(std::fs::remove_file(Path::new("/dev/shm").join(name))));
    left.extend(shared);
    assert_eq!(left, [""; 0]);
}
