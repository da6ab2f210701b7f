//! Ends what a model does for too long, or takes too much memory for.
//!
//! One thread looks at all sessions a few times a second. Time is counted in its naps: a process that is stopped and goes on, or a
//! clock that jumps, makes no model late. An end is asked for, and comes between two operators; an operator that has begun goes
//! on to its own end.

use super::turn::{Turn, Verdict};
use crate::memory::resident;
use ort::session::RunOptions;
use ort::session::builder::LoadCanceler;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

/// Time from one look to the next: while anything runs, and while nothing does.
const LOOKS: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(250)];

/// How to end what runs.
pub(super) enum End {
    /// A run.
    Run(RunOptions),
    /// The opening of a session.
    Load(LoadCanceler),
}

/// What is watched: something that runs again and again, or once.
pub(super) struct Leash {
    held: Arc<Held>,
    dog: Arc<Watchdog>,
}

/// The watchdog's end of a leash.
struct Held {
    turn: Turn,
    limit: Duration,
    memory: u64,
    end: End,
}

/// A leash in the watchdog's list: the turn that it saw last, for how long it saw it, and the memory when it saw it again first.
struct Seen {
    held: Arc<Held>,
    turn: u64,
    time: Duration,
    memory: Option<u64>,
}

/// The thread, as long as anything is watched.
struct Watchdog {
    list: Arc<Mutex<Vec<Seen>>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// The one of this process.
static DOG: Mutex<Weak<Watchdog>> = Mutex::new(Weak::new());

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing here is left half done by a panic.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Leash {
    /// Watches something that may take `limit` and `memory` bytes at a time.
    ///
    /// # Errors
    /// Where no thread can be had, in words.
    pub fn new(end: End, limit: Duration, memory: u64) -> Result<Self, String> {
        let dog = Watchdog::of_this_process()?;
        let held = Arc::new(Held { turn: Turn::default(), limit, memory, end });
        lock(&dog.list).push(Seen { held: Arc::clone(&held), turn: 0, time: Duration::ZERO, memory: None });
        Ok(Self { held, dog })
    }

    /// How to end what runs.
    pub fn end(&self) -> &End {
        &self.held.end
    }

    /// It begins to run: false where it was ended once, and so may not.
    pub fn begin(&self) -> bool {
        self.held.turn.step()
    }

    /// It has run to its end, or was ended: false then.
    pub fn done(&self) -> bool {
        self.held.turn.step()
    }

    /// Why it was ended, if it was.
    pub fn verdict(&self) -> Option<String> {
        Some(match self.held.turn.verdict()? {
            Verdict::TooLong => format!("took longer than {} s", self.held.limit.as_secs_f32()),
            Verdict::TooLarge => format!("took more than {} MiB of memory", self.held.memory >> 20),
        })
    }
}

impl fmt::Debug for Leash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Leash").field("turn", &self.held.turn).field("limit", &self.held.limit).finish_non_exhaustive()
    }
}

impl Drop for Leash {
    fn drop(&mut self) {
        lock(&self.dog.list).retain(|seen| !Arc::ptr_eq(&seen.held, &self.held));
    }
}

impl Held {
    /// Ends what runs in a turn, if that still lasts.
    fn pull(&self, turn: u64, verdict: Verdict) {
        if self.turn.end(turn, verdict) {
            // Where the runtime refuses there is nothing else to try; the verdict stands.
            let _refused = match &self.end {
                End::Run(options) => options.terminate(),
                End::Load(canceler) => canceler.cancel(),
            };
        }
    }
}

impl Watchdog {
    fn of_this_process() -> Result<Arc<Self>, String> {
        let mut known = lock(&DOG);
        if let Some(dog) = known.upgrade() {
            return Ok(dog);
        }
        let (list, stop) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicBool::new(false)));
        let (looked_at, stopped) = (Arc::clone(&list), Arc::clone(&stop));
        let thread = std::thread::Builder::new()
            .name("model watchdog".into())
            .spawn(move || {
                let mut idle = false;
                while !stopped.load(Ordering::Acquire) {
                    let nap = LOOKS[usize::from(idle)];
                    std::thread::park_timeout(nap);
                    idle = !look(&looked_at, nap);
                }
            })
            .map_err(|e| format!("no thread could be started to watch it: {e}"))?;
        let dog = Arc::new(Self { list, stop, thread: Some(thread) });
        *known = Arc::downgrade(&dog);
        Ok(dog)
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        // A library may be unloaded after this: no thread of ours is left in it.
        self.stop.store(true, Ordering::Release);
        if let Some(thread) = self.thread.take() {
            thread.thread().unpark();
            // A panic there has ended it already.
            drop(thread.join());
        }
    }
}

/// Looks at all after a nap: whether anything has run since.
fn look(list: &Mutex<Vec<Seen>>, nap: Duration) -> bool {
    let mut overdue = Vec::new();
    let mut ran = false;
    for seen in lock(list).iter_mut() {
        let turn = seen.held.turn.get();
        let same = turn == seen.turn;
        ran |= !same || Turn::runs(turn);
        seen.turn = turn;
        if !Turn::runs(turn) || !same {
            (seen.time, seen.memory) = (Duration::ZERO, None);
            continue;
        }
        // What runs for a moment costs no look at the system.
        seen.time += nap;
        let now = resident().unwrap_or(0);
        if now.saturating_sub(*seen.memory.get_or_insert(now)) > seen.held.memory {
            overdue.push((Arc::clone(&seen.held), turn, Verdict::TooLarge));
        }
        if seen.time > seen.held.limit {
            overdue.push((Arc::clone(&seen.held), turn, Verdict::TooLong));
        }
    }
    for (held, turn, verdict) in overdue {
        held.pull(turn, verdict);
    }
    ran
}
