//! A [`Follower`] on a thread of its own, and the picture on its way back.

use super::follower::{Change, Choice, Follower, Found};
use super::pulse::Pulse;
use super::room::{LinkError, Room};
use super::watch::Thumbnail;
use crate::caught::{caught, trap};
use crate::moment::now_ns;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// Tidings that wait to be read; more are lost, newest first, and their numbers tell.
const WAITING: usize = 8192;
/// How often instances are looked for, and told that somebody looks.
const LOOK_NS: u64 = 200_000_000;
/// How long the thread rests: while nothing is followed or time stands, and while music plays.
const REST: [Duration; 2] = [Duration::from_millis(8), Duration::from_millis(2)];
/// For so long after time ran last music plays.
const BUSY_NS: u64 = 2_000_000_000;
/// When a room that could not be joined is tried again.
const AGAIN_NS: u64 = 5_000_000_000;
/// Least time between two pictures: ten a second.
const PICTURE_NS: u64 = 100_000_000;

/// What a listener has to say.
#[derive(Debug, Clone, PartialEq)]
pub enum Tidings {
    /// An instance is followed from now on, as this line.
    Joined(u64, Found),
    /// A line has ended.
    Left(u64),
    /// An instance tells.
    Told {
        /// Its line.
        line: u64,
        /// When it was read, by [`crate::moment::now_ns`].
        read_ns: u64,
        /// What.
        pulse: Pulse,
    },
    /// Nobody can be followed: why, in one line. Told once.
    Problem(String),
}

/// Where what is shown is left for those who want a small picture of it. Copies are one and the same.
#[derive(Debug, Clone, Default)]
pub struct Mirror(Arc<Glass>);

#[derive(Debug, Default)]
struct Glass {
    wanted: AtomicBool,
    offered_ns: AtomicU64,
    newest: Mutex<Option<Thumbnail>>,
}

impl Mirror {
    /// Whether somebody looks: an editor is open.
    pub fn is_watched(&self) -> bool {
        self.0.wanted.load(Ordering::Relaxed)
    }

    /// Whether somebody wants a picture now: about ten times a second, while an editor is open.
    pub fn is_wanted(&self) -> bool {
        let rested = now_ns().saturating_sub(self.0.offered_ns.load(Ordering::Relaxed)) >= PICTURE_NS;
        rested && self.is_watched()
    }

    /// Offers a picture of any size: rows of red, green, blue and, where `channels` is 4, something else. Costs nothing
    /// where none is wanted.
    pub fn offer(&self, size: (usize, usize), channels: usize, bytes: &[u8]) {
        if self.is_wanted()
            && let Some(picture) = Thumbnail::shrink(size, channels, bytes)
        {
            self.0.offered_ns.store(now_ns(), Ordering::Relaxed);
            *self.0.newest.lock().unwrap_or_else(PoisonError::into_inner) = Some(picture);
        }
    }

    fn take(&self) -> Option<Thumbnail> {
        self.0.newest.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}

/// Follows instances, as long as this lives.
#[derive(Debug)]
pub struct Listener {
    tidings: Receiver<Tidings>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Listener {
    /// Starts to follow in the usual room.
    pub fn spawn(choice: Choice, mirror: Mirror) -> Self {
        let (told, tidings) = sync_channel(WAITING);
        let ends = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&ends);
        let run = move || {
            let (mut lines, mut complained) = (BTreeSet::new(), false);
            while let Err(reason) = caught(|| listen(&choice, &mirror, &told, &ended, &mut lines)) {
                let_go(&mut lines, &told);
                if !std::mem::replace(&mut complained, true) {
                    let problem = format!("the link between programs has failed ({reason}) and begins anew");
                    let _full = told.try_send(Tidings::Problem(problem));
                }
                std::thread::park_timeout(Duration::from_nanos(AGAIN_NS / 5));
            }
            mirror.0.wanted.store(false, Ordering::Relaxed);
        };
        let thread = std::thread::Builder::new().name("link".to_owned()).spawn(run).ok();
        Self { tidings, ends, thread }
    }

    /// The oldest tidings that were not read.
    pub fn next(&self) -> Option<Tidings> {
        self.tidings.try_recv().ok()
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic there was caught and told.
            let _ended = thread.join();
        }
    }
}

/// Tells that lines have ended of which nothing will be heard any more.
fn let_go(lines: &mut BTreeSet<u64>, told: &SyncSender<Tidings>) {
    while let Some(line) = lines.pop_first() {
        // Who reads nothing sees nothing either.
        let _full = told.try_send(Tidings::Left(line));
    }
}

/// Follows instances until it is to end; `lines` are those that are followed.
fn listen(choice: &Choice, mirror: &Mirror, told: &SyncSender<Tidings>, ends: &AtomicBool, lines: &mut BTreeSet<u64>) {
    let mut follower: Option<Follower> = None;
    let (mut again_ns, mut looked_ns, mut busy_ns, mut complained) = (0, 0, 0, false);
    // Lines whose joining has not been told, for want of room: nothing of them is told before.
    let mut untold: BTreeMap<u64, Found> = BTreeMap::new();
    while !ends.load(Ordering::Acquire) {
        trap("listener");
        let now = now_ns();
        if follower.is_none() && now >= again_ns {
            match Room::usual().and_then(|room| Follower::open(&room, choice.clone())) {
                Ok(opened) => follower = Some(opened),
                Err(LinkError::Off) => return,
                Err(e) => {
                    again_ns = now + AGAIN_NS;
                    if !std::mem::replace(&mut complained, true) {
                        let _full = told.try_send(Tidings::Problem(e.to_string()));
                    }
                }
            }
        }
        if let Some(open) = &mut follower {
            if now.saturating_sub(looked_ns) > LOOK_NS {
                looked_ns = now;
                let looked = open.look(|change| match change {
                    Change::Joined(line, found) => {
                        lines.insert(line);
                        untold.insert(line, found);
                    }
                    Change::Left(line) => {
                        lines.remove(&line);
                        untold.remove(&line);
                        // A line of which nothing is heard any more is let go in any case.
                        let _full = told.try_send(Tidings::Left(line));
                    }
                });
                if looked.is_err() {
                    (follower, again_ns) = (None, now + AGAIN_NS);
                    untold.clear();
                    let_go(lines, told);
                    continue;
                }
                mirror.0.wanted.store(open.is_asked_for_pictures(), Ordering::Relaxed);
                open.watch(None);
            }
            untold.retain(|line, found| told.try_send(Tidings::Joined(*line, found.clone())).is_err());
            open.read(|line, pulse| {
                if pulse.now.clock.playing || !pulse.events.is_empty() {
                    busy_ns = now;
                }
                if !untold.contains_key(&line) {
                    let _full = told.try_send(Tidings::Told { line, read_ns: now_ns(), pulse });
                }
            });
            if let Some(picture) = mirror.take() {
                open.watch(Some(&picture));
            }
        }
        std::thread::park_timeout(REST[usize::from(now.saturating_sub(busy_ns) < BUSY_NS)]);
    }
}
