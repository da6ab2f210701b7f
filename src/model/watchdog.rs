//! Ends what a model does for too long, or takes too much memory for.
//!
//! One thread looks at all sessions a few times a second. Time is counted in its naps: a process that is stopped and goes on, or a
//! clock that jumps, makes no model late. An end is asked for, and comes between two operators; an operator that has begun goes
//! on to its own end.

use crate::memory::resident;
use ort::session::RunOptions;
use ort::session::builder::LoadCanceler;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::thread::JoinHandle;
use std::time::Duration;

/// Time from one look to the next: while anything runs, and while nothing does.
const LOOKS: [Duration; 2] = [Duration::from_millis(50), Duration::from_millis(250)];
/// Turns of a leash that was pulled, for one reason or the other. They are even: nothing runs.
const TOO_LONG: u64 = u64::MAX - 1;
const TOO_LARGE: u64 = u64::MAX - 3;

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
    /// Odd while it runs.
    turn: AtomicU64,
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
        let held = Arc::new(Held { turn: AtomicU64::new(0), limit, memory, end });
        lock(&dog.list).push(Seen { held: Arc::clone(&held), turn: 0, time: Duration::ZERO, memory: None });
        Ok(Self { held, dog })
    }

    /// How to end what runs.
    pub fn end(&self) -> &End {
        &self.held.end
    }

    /// It begins to run: false where it was ended once, and so may not.
    pub fn begin(&self) -> bool {
        self.held.step()
    }

    /// It has run to its end, or was ended: false then.
    pub fn done(&self) -> bool {
        self.held.step()
    }

    /// Why it was ended, if it was.
    pub fn verdict(&self) -> Option<String> {
        match self.held.turn.load(Ordering::Acquire) {
            TOO_LONG => Some(format!("took longer than {} s", self.held.limit.as_secs_f32())),
            TOO_LARGE => Some(format!("took more than {} MiB of memory", self.held.memory >> 20)),
            _ => None,
        }
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
    /// The next turn, unless it was ended.
    fn step(&self) -> bool {
        let turn = self.turn.load(Ordering::Relaxed);
        turn < TOO_LARGE && self.turn.compare_exchange(turn, turn + 1, Ordering::AcqRel, Ordering::Relaxed).is_ok()
    }

    fn pull(&self, turn: u64, verdict: u64) {
        if self.turn.compare_exchange(turn, verdict, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
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
        let turn = seen.held.turn.load(Ordering::Acquire);
        let same = turn == seen.turn;
        ran |= !same || turn % 2 == 1;
        seen.turn = turn;
        if turn % 2 == 0 || !same {
            (seen.time, seen.memory) = (Duration::ZERO, None);
            continue;
        }
        // What runs for a moment costs no look at the system.
        seen.time += nap;
        let now = resident().unwrap_or(0);
        if now.saturating_sub(*seen.memory.get_or_insert(now)) > seen.held.memory {
            overdue.push((Arc::clone(&seen.held), turn, TOO_LARGE));
        }
        if seen.time > seen.held.limit {
            overdue.push((Arc::clone(&seen.held), turn, TOO_LONG));
        }
    }
    for (held, turn, verdict) in overdue {
        held.pull(turn, verdict);
    }
    ran
}
