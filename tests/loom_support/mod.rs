//! What `crate::sync` names, in versions that the model checker loom looks into. The ring and the triple buffer say what
//! the crates `rtrb` and `triple_buffer` promise: a message that is seen brings along everything that was done before
//! it was sent, and nothing else. Their memory is loom's cells, which fail where two threads touch one at a time.

pub use loom::sync::atomic::Ordering;

use loom::cell::Cell;
use loom::sync::atomic;
use std::sync::Arc;

/// An atomic whose every operation is a place where threads change. Loom looks for such places itself, but (0.7.2)
/// remembers of each atomic the last access alone: where one thread loads, and then another loads and stores, it never
/// tries to let the other go first. A relaxed count beside the number makes all its operations depend on each other, and
/// orders nothing that a thread may see.
macro_rules! atomic {
    ($name:ident, $number:ty) => {
        #[derive(Debug, Default)]
        pub struct $name {
            number: atomic::$name,
            turn: atomic::AtomicUsize,
        }

        #[allow(dead_code, reason = "not every number is used in every way")]
        impl $name {
            pub fn new(number: $number) -> Self {
                Self { number: atomic::$name::new(number), turn: atomic::AtomicUsize::new(0) }
            }

            fn turn(&self) -> &atomic::$name {
                self.turn.fetch_add(1, Ordering::Relaxed);
                &self.number
            }

            pub fn load(&self, order: Ordering) -> $number {
                self.turn().load(order)
            }

            pub fn store(&self, number: $number, order: Ordering) {
                self.turn().store(number, order);
            }

            pub fn swap(&self, number: $number, order: Ordering) -> $number {
                self.turn().swap(number, order)
            }

            pub fn fetch_add(&self, number: $number, order: Ordering) -> $number {
                self.turn().fetch_add(number, order)
            }

            pub fn compare_exchange(
                &self,
                from: $number,
                to: $number,
                done: Ordering,
                not: Ordering,
            ) -> Result<$number, $number> {
                self.turn().compare_exchange(from, to, done, not)
            }

            pub fn fetch_max(&self, number: $number, order: Ordering) -> $number {
                self.turn().fetch_max(number, order)
            }
        }
    };
}

atomic!(AtomicU32, u32);
atomic!(AtomicU64, u64);
atomic!(AtomicUsize, usize);

/// As `rtrb::PushError`.
#[derive(Debug)]
pub enum PushError<T> {
    Full(T),
}

/// As `rtrb::RingBuffer`.
pub struct RingBuffer;

#[derive(Debug)]
struct Slots<T> {
    slots: Vec<Cell<Option<T>>>,
    read: AtomicUsize,
    written: AtomicUsize,
}

/// As `rtrb::Producer`.
#[derive(Debug)]
pub struct Producer<T>(Arc<Slots<T>>);

/// As `rtrb::Consumer`.
#[derive(Debug)]
pub struct Consumer<T>(Arc<Slots<T>>);

impl RingBuffer {
    #[allow(clippy::new_ret_no_self, reason = "as in rtrb")]
    pub fn new<T>(capacity: usize) -> (Producer<T>, Consumer<T>) {
        let slots = Arc::new(Slots {
            slots: (0..capacity).map(|_| Cell::new(None)).collect(),
            read: AtomicUsize::new(0),
            written: AtomicUsize::new(0),
        });
        (Producer(Arc::clone(&slots)), Consumer(slots))
    }
}

impl<T> Producer<T> {
    pub fn push(&mut self, message: T) -> Result<(), PushError<T>> {
        let written = self.0.written.load(Ordering::Relaxed);
        if self.slots() == 0 {
            return Err(PushError::Full(message));
        }
        self.0.slots[written % self.0.slots.len()].set(Some(message));
        self.0.written.store(written + 1, Ordering::Release);
        Ok(())
    }

    pub fn slots(&self) -> usize {
        let read = self.0.read.load(Ordering::Acquire);
        self.0.slots.len() - (self.0.written.load(Ordering::Relaxed) - read)
    }

    pub fn is_abandoned(&self) -> bool {
        Arc::strong_count(&self.0) == 1
    }
}

impl<T> Consumer<T> {
    pub fn pop(&mut self) -> Result<T, ()> {
        let read = self.0.read.load(Ordering::Relaxed);
        if self.slots() == 0 {
            return Err(());
        }
        let message = self.0.slots[read % self.0.slots.len()].replace(None).ok_or(())?;
        self.0.read.store(read + 1, Ordering::Release);
        Ok(message)
    }

    pub fn slots(&self) -> usize {
        self.0.written.load(Ordering::Acquire) - self.0.read.load(Ordering::Relaxed)
    }
}

const FRESH: usize = 4;

#[derive(Debug)]
struct Buffers<T> {
    buffers: [Cell<Option<T>>; 3],
    /// The buffer that neither side has, and whether it was written since it was last taken.
    between: AtomicUsize,
}

/// As `triple_buffer::Input`.
#[derive(Debug)]
pub struct Input<T> {
    shared: Arc<Buffers<T>>,
    own: usize,
    spare: T,
    clone: fn(&T) -> T,
}

/// As `triple_buffer::Output`.
#[derive(Debug)]
pub struct Output<T> {
    shared: Arc<Buffers<T>>,
    own: usize,
    newest: T,
}

/// As `triple_buffer::triple_buffer`.
pub fn triple_buffer<T: Clone>(initial: &T) -> (Input<T>, Output<T>) {
    let buffers = [(); 3].map(|()| Cell::new(None));
    let shared = Arc::new(Buffers { buffers, between: AtomicUsize::new(1) });
    let output = Output { shared: Arc::clone(&shared), own: 2, newest: initial.clone() };
    (Input { shared, own: 0, spare: initial.clone(), clone: T::clone }, output)
}

impl<T> Input<T> {
    pub fn write(&mut self, value: T) {
        self.spare = value;
        self.publish();
    }

    pub fn input_buffer_mut(&mut self) -> &mut T {
        &mut self.spare
    }

    pub fn publish(&mut self) {
        self.shared.buffers[self.own].set(Some((self.clone)(&self.spare)));
        self.own = self.shared.between.swap(self.own | FRESH, Ordering::AcqRel) & !FRESH;
    }
}

impl<T> Output<T> {
    pub fn read(&mut self) -> &T {
        if self.updated() {
            self.own = self.shared.between.swap(self.own, Ordering::AcqRel) & !FRESH;
            if let Some(value) = self.shared.buffers[self.own].replace(None) {
                self.newest = value;
            }
        }
        &self.newest
    }

    pub fn updated(&self) -> bool {
        self.shared.between.load(Ordering::Relaxed) & FRESH != 0
    }
}
