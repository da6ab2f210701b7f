//! What a visualizer sees of an instance's time: tempo changes, loops, stops and jumps, each at its moment. And the link
//! leaves alone what is the program's: its signals, and, where there is no room to meet, everything.

mod link_support;

use link_support::{Alone, own_part};
use oneiro::bridge::{ShowEvent, ShowKind, Stage, relay};
use oneiro::link::{Choice, Identity, Listener, Merge, Mirror, Onlooker, Position, Publisher, Tidings, Watched};
use oneiro::live::{Performer, Setup};
use oneiro::moment::now_ns;
use oneiro::time::{Beats, Bpm, SampleRate, TimeSignature, Transport};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const RATE: SampleRate = SampleRate(48_000);
const BLOCK: usize = 480;

#[derive(Default)]
struct Seen {
    watched: Watched,
    problems: Vec<String>,
}

struct Teller(Arc<Mutex<Seen>>);

impl Onlooker for Teller {
    fn watched(&mut self, watched: &Watched) {
        self.0.lock().unwrap().watched = watched.clone();
    }

    fn problem(&mut self, reason: &str) {
        self.0.lock().unwrap().problems.push(reason.to_owned());
    }

    fn wants_picture(&self) -> bool {
        true
    }
}

/// An instance and who follows it, in one process.
struct Both {
    performer: Performer,
    stage: (oneiro::bridge::ComposerSide, oneiro::bridge::WatcherSide),
    seen: Arc<Mutex<Seen>>,
    _publisher: Publisher,
    listener: Listener,
    mirror: Mirror,
    merge: Merge,
    due_ns: u64,
    /// What was seen, and when.
    frames: Vec<(u64, Position)>,
    events: Vec<ShowEvent>,
}

impl Both {
    fn new() -> Self {
        let Stage { audio, composer, watcher } = Stage::default();
        let (sender, receiver) = relay(RATE);
        let performer = Performer::prepare(Setup::new(RATE), audio).with_relay(sender);
        let (seen, mirror) = (Arc::<Mutex<Seen>>::default(), Mirror::default());
        let identity = Identity { name: "both".into(), program: "test".into(), rate: RATE };
        let publisher = Publisher::spawn(identity, receiver, Box::new(Teller(Arc::clone(&seen))));
        let listener = Listener::spawn(Choice::All, mirror.clone());
        Self {
            performer,
            stage: (composer, watcher),
            seen,
            _publisher: publisher,
            listener,
            mirror,
            merge: Merge::default(),
            due_ns: now_ns(),
            frames: Vec::new(),
            events: Vec::new(),
        }
    }

    /// Plays one block, then looks as a frame would.
    fn block(&mut self, playing: bool, beats: f64, bpm: f64) {
        self.due_ns += 1_000_000_000 * BLOCK as u64 / u64::from(RATE.0);
        if let Some(rest) = self.due_ns.checked_sub(now_ns()) {
            std::thread::sleep(Duration::from_nanos(rest));
        }
        let time_signature = TimeSignature::COMMON;
        let transport = Transport { playing, pos_beats: Beats(beats), tempo: Bpm(bpm), time_signature };
        let (mut left, mut right) = ([0.0; BLOCK], [0.0; BLOCK]);
        self.performer.begins_at(now_ns());
        self.performer.process(&transport, &[], &mut left, &mut right);
        while self.stage.0.heard.receive().is_some() {}
        while self.stage.1.show.receive().is_some() {}
        self.look();
    }

    fn look(&mut self) {
        while let Some(tidings) = self.listener.next() {
            match tidings {
                Tidings::Joined(line, found) => self.merge.join(line, found),
                Tidings::Left(line) => self.merge.leave(line),
                Tidings::Told { line, read_ns, pulse } => self.merge.take(line, pulse, read_ns),
                Tidings::Problem(reason) => panic!("{reason}"),
            }
        }
        let now = now_ns();
        if let Some(position) = self.merge.advance(now, &mut self.events) {
            self.frames.push((now, position));
        }
    }

    /// Plays so many blocks from a position on, and gives where that leads.
    fn play(&mut self, blocks: usize, from: f64, bpm: f64) -> f64 {
        let a_block = BLOCK as f64 / f64::from(RATE.0) * bpm / 60.0;
        for i in 0..blocks {
            self.block(true, from + i as f64 * a_block, bpm);
        }
        from + blocks as f64 * a_block
    }

    fn last(&self) -> Position {
        self.frames.last().unwrap().1
    }

    fn transports(&mut self) -> usize {
        let count = self.events.iter().filter(|e| matches!(e.kind, ShowKind::Transport { .. })).count();
        self.events.clear();
        count
    }
}

/// Whether the last frame is at a position, to within three blocks, which a busy machine may be late.
fn near(both: &Both, beats: f64) -> bool {
    let at = both.last();
    (at.beats.0 - beats).abs() * at.tempo.seconds_per_beat() < 0.06
}

fn time_is_seen_right() {
    let mut both = Both::new();
    let mut at = 0.0;
    while both.frames.is_empty() {
        at = both.play(1, at, 120.0);
    }
    at = both.play(40, at, 120.0);
    assert!(near(&both, at) && both.last().playing, "{at} {:?}", both.last());
    assert_eq!(both.last().tempo, Bpm(120.0));
    both.transports();

    at = both.play(60, at, 75.0);
    assert!(near(&both, at) && both.last().tempo == Bpm(75.0), "{at} {:?}", both.last());
    assert_eq!(both.transports(), 1);

    // A loop of half a quarter note, three times.
    for _ in 0..3 {
        at = both.play(40, 16.0, 75.0);
    }
    assert!(near(&both, at), "{at} {:?}", both.last());
    assert_eq!(both.transports(), 3);
    let loops = both.frames.windows(2).filter(|w| w[1].1.beats.0 < w[0].1.beats.0 - 0.2).count();
    assert!((2..=3).contains(&loops), "{loops}");
    assert!(both.frames[both.frames.len() - 60..].iter().all(|(_, p)| p.beats.0 < 16.7), "beyond the loop");

    for _ in 0..30 {
        both.block(false, 20.0, 75.0);
    }
    assert!(!both.last().playing && both.last().beats == Beats(20.0), "{:?}", both.last());

    at = both.play(30, -2.0, 180.0);
    assert!(near(&both, at) && both.last().playing, "{at} {:?}", both.last());

    // A host that stops calling is seen to stand.
    std::thread::sleep(Duration::from_millis(1300));
    both.look();
    assert!(!both.last().playing, "{:?}", both.last());

    // Somebody looks, and shows what it shows.
    let grey = vec![99; 4 * 320 * 180];
    let sent = (0..200).any(|_| {
        both.mirror.offer((320, 180), 4, &grey);
        std::thread::sleep(Duration::from_millis(10));
        both.seen.lock().unwrap().watched.picture.is_some()
    });
    let seen = both.seen.lock().unwrap();
    let picture = seen.watched.picture.clone().expect("no picture comes back");
    assert!(sent && seen.watched.watchers == 1);
    assert_eq!((picture.width, picture.height, picture.rgb[7]), (160, 90, 99));
    assert!(seen.problems.is_empty(), "{:?}", seen.problems);
}

/// What the kernel says of a process's signals: those with a handler, and those that are ignored.
#[cfg(target_os = "linux")]
fn signals() -> Vec<String> {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    status.lines().filter(|line| line.starts_with("SigCgt") || line.starts_with("SigIgn")).map(str::to_owned).collect()
}

#[cfg(target_os = "linux")]
fn signals_stay() {
    let before = signals();
    let mut both = Both::new();
    let mut at = 0.0;
    while both.frames.len() < 20 {
        at = both.play(1, at, 120.0);
    }
    assert_eq!(signals(), before);
    drop(both);
    assert_eq!(signals(), before);
}

fn nowhere_to_meet() {
    let (sender, receiver) = relay(RATE);
    let Stage { audio, composer: _composer, watcher: _watcher } = Stage::default();
    let mut performer = Performer::prepare(Setup::new(RATE), audio).with_relay(sender);
    let seen = Arc::<Mutex<Seen>>::default();
    let identity = Identity { name: "alone".into(), program: "test".into(), rate: RATE };
    let publisher = Publisher::spawn(identity, receiver, Box::new(Teller(Arc::clone(&seen))));
    let listener = Listener::spawn(Choice::All, Mirror::default());
    let (mut left, mut right) = ([0.0; BLOCK], [0.0; BLOCK]);
    let mut told = None;
    for _ in 0..60 {
        let time_signature = TimeSignature::COMMON;
        let transport = Transport { playing: true, pos_beats: Beats(0.0), tempo: Bpm(120.0), time_signature };
        performer.begins_at(now_ns());
        performer.process(&transport, &[], &mut left, &mut right);
        std::thread::sleep(Duration::from_millis(5));
        told = told.or_else(|| listener.next());
    }
    drop(publisher);
    let problems = std::mem::take(&mut seen.lock().unwrap().problems);
    let off = std::env::var("ONEIRO_LINK").is_ok_and(|name| name == "off");
    assert_eq!((problems.len(), told.is_some()), if off { (0, false) } else { (1, true) }, "{problems:?} {told:?}");
    if let [problem] = &problems[..] {
        assert!(problem.to_lowercase().contains("link") && !problem.contains('\n'), "{problem}");
    }
}

#[test]
fn part() {
    match own_part().as_ref().map(|(part, _)| part.as_str()) {
        Some("time") => time_is_seen_right(),
        #[cfg(target_os = "linux")]
        Some("signals") => signals_stay(),
        Some("nowhere") => nowhere_to_meet(),
        _ => {}
    }
}

#[test]
fn tempo_loops_stops_and_jumps_are_seen_and_a_picture_comes_back() {
    // A machine that is held up for a moment shows what is right too late; not three times in a row.
    let in_time = |_| {
        let alone = Alone::new();
        let ended_well = alone.part("time", "").ends_well();
        assert!(!ended_well || alone.left().is_empty(), "{:?}", alone.left());
        ended_well
    };
    assert!((0..3).any(in_time));
}

#[cfg(target_os = "linux")]
#[test]
fn signals_are_left_to_the_program() {
    let alone = Alone::new();
    assert!(alone.part("signals", "").ends_well());
    assert_eq!(alone.left(), [""; 0]);
}

#[test]
fn where_nobody_can_meet_it_is_said_once_and_music_goes_on() {
    let folder = std::env::temp_dir();
    let sound = folder.to_str().unwrap();
    for (cache, name) in [("/proc/nowhere", ""), ("/dev/null", "x"), (sound, "no such name!"), (sound, "off")] {
        let mut command = std::process::Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", "part", "--nocapture"]).env("LINK_PART", "nowhere");
        command.env("ONEIRO_CACHE", cache).env("ONEIRO_LINK", name);
        let done = command.output().unwrap();
        assert!(done.status.success(), "{cache} {name}: {}", String::from_utf8_lossy(&done.stderr));
    }
}
