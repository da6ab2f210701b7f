//! The show follows an instance that plays in another process, and dreams before and after.

mod support;

use oneiro::bridge::{ShowEvent, ShowKind, relay};
use oneiro::link::{Choice, Identity, Mirror, Onlooker, PICTURE, Publisher, Watched};
use oneiro::time::SampleRate;
use oneiro_visuals::show::clock::Reading;
use oneiro_visuals::sources::{Feed as _, Link};
use oneiro_visuals::stage::Peeked;
use oneiro_visuals::thumbnail;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use support::Running;

/// Longest wait for anything: machines are busy.
const PATIENCE: Duration = Duration::from_secs(60);

/// `oneiro`, which lies with the program that is tested, where it was built.
fn oneiro() -> Option<PathBuf> {
    let beside = PathBuf::from(env!("CARGO_BIN_EXE_oneiro-visuals"));
    let path = beside.with_file_name(format!("oneiro{}", std::env::consts::EXE_SUFFIX));
    path.is_file().then_some(path)
}

struct Screen {
    link: Link,
    began: Instant,
    events: Vec<ShowEvent>,
    reading: Reading,
}

impl Screen {
    /// Frames until something is so.
    fn until(&mut self, what: &str, so: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !so(self) {
            assert!(began.elapsed() < PATIENCE, "{what}: {}", self.link.about());
            std::thread::sleep(Duration::from_millis(16));
            let seconds = self.began.elapsed().as_secs_f64();
            self.reading = self.link.advance(seconds, &mut self.events);
            assert_eq!(self.reading.seconds, seconds);
        }
    }

    fn count(&self, kind: impl Fn(&ShowKind) -> bool) -> usize {
        self.events.iter().filter(|event| kind(&event.kind)).count()
    }
}

/// The show, in a process whose room is its own.
#[test]
fn part() {
    let Ok(program) = std::env::var("LINK_PROGRAM") else { return };
    let mut link = Link::new(Choice::All, Mirror::default(), 1, 60.0);
    let mut events = Vec::new();
    let reading = link.advance(0.0, &mut events);
    let mut screen = Screen { link, began: Instant::now(), events, reading };
    screen.until("it does not dream", |s| s.reading.playing && s.count(|k| matches!(k, ShowKind::Beat { .. })) > 1);
    assert!(screen.link.about().contains("dreaming") && screen.link.set_tempo(90.0));

    let mut command = Command::new(program);
    command.args(["bench", "link", "--seconds", "600", "--play", "Lead"]);
    let player = Running(command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().unwrap());
    screen.until("it does not follow", |s| s.link.about() == "following Lead in bench");
    screen.events.clear();
    screen.until("no notes come", |s| s.count(|k| matches!(k, ShowKind::NoteOn { .. })) > 5);
    assert!(!screen.link.set_tempo(90.0), "the tempo is the host's");
    assert!([120.0, 97.0].contains(&screen.reading.tempo.0) && screen.reading.playing);

    drop(player);
    screen.events.clear();
    screen.until("it does not dream again", |s| s.link.about().contains("dreaming"));
    assert!(screen.reading.playing && screen.reading.tempo.0 == 90.0);
    let turns = screen.count(|k| matches!(k, ShowKind::Transport { .. }));
    assert!(turns >= 1 && screen.events.len() < 200, "{turns} of {}", screen.events.len());
}

/// An editor that is open.
struct Editor(Arc<Mutex<Watched>>);

impl Onlooker for Editor {
    fn watched(&mut self, watched: &Watched) {
        self.0.lock().unwrap().clone_from(watched);
    }

    fn problem(&mut self, reason: &str) {
        panic!("{reason}");
    }

    fn wants_picture(&self) -> bool {
        true
    }
}

/// What the stage shows on its way to an editor, in a process whose room is its own.
#[test]
fn small_pictures_part() {
    if std::env::var_os("LINK_PICTURES").is_none() {
        return;
    }
    let mirror = Mirror::default();
    let lookout = thumbnail::begin(mirror.clone());
    let mut link = Link::new(Choice::All, mirror, 1, 60.0);
    let mut events = Vec::new();
    let reading = link.advance(0.0, &mut events);
    let mut screen = Screen { link, began: Instant::now(), events, reading };
    screen.until("it does not dream", |s| s.began.elapsed() > Duration::from_millis(500));
    assert_eq!(lookout.watchers.load(Ordering::Relaxed), 0, "nobody looks");
    let rate = SampleRate(48_000);
    let (sender, receiver) = relay(rate);
    let seen = Arc::new(Mutex::new(Watched::default()));
    let identity = Identity { name: "Lead".into(), program: "test".into(), rate };
    let editor = Publisher::spawn(identity, receiver, Box::new(Editor(Arc::clone(&seen))));
    screen.until("nothing is wanted", |_| {
        sender.begin(0, oneiro::moment::now_ns());
        lookout.watchers.load(Ordering::Relaxed) == 1
    });
    // A device reads the frame back at the size that the lookout has.
    assert_eq!(lookout.size, (u32::from(PICTURE.0), u32::from(PICTURE.1)));
    let bytes = [10, 200, 30, 255].repeat(160 * 90);
    screen.until("no picture comes", |_| {
        // One that finds no room is dropped, as on a stage.
        drop(lookout.taker.try_send(Peeked { size: lookout.size, bytes: bytes.clone() }));
        seen.lock().unwrap().picture.as_ref().is_some_and(|picture| picture.rgb[..3] == [10, 200, 30])
    });
    drop(editor);
    screen.until("it is read back for nobody", |_| lookout.watchers.load(Ordering::Relaxed) == 0);
}

#[test]
fn an_editor_sees_what_the_stage_shows_and_nothing_is_read_back_for_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "small_pictures_part", "--nocapture"]).env("LINK_PICTURES", "1");
    command.env("ONEIRO_CACHE", folder.path()).env("ONEIRO_LINK", format!("p{}", std::process::id()));
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn it_follows_as_soon_as_somebody_plays_and_dreams_before_and_after() {
    let Some(program) = oneiro() else {
        eprintln!("left out: `oneiro` was not built");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let room = format!("v{}", std::process::id());
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", "part", "--nocapture"]).env("LINK_PROGRAM", program);
    command.env("ONEIRO_CACHE", folder.path()).env("ONEIRO_LINK", &room);
    let done = command.output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let list = |room: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_oneiro-visuals"));
        command.arg("--list-instances").env("ONEIRO_CACHE", folder.path()).env("ONEIRO_LINK", room);
        let done = command.output().unwrap();
        (done.status.code(), String::from_utf8_lossy(&done.stdout).into_owned())
    };
    let (code, told) = list(&room);
    assert!(code == Some(0) && told.contains("nobody plays"), "{told}");
    assert_eq!(list("off").0, Some(1));
}
