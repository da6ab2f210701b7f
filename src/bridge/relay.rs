use super::{ClockReading, Count, NewestReader, NewestWriter, RingReceiver, RingSender, SampleClock, ShowEvent};
use super::{ShowKind, newest, ring};
use crate::time::SampleRate;
use std::sync::Arc;

/// Events that may wait: some seconds of the densest music.
const WAITING: usize = 4096;
/// Room that is kept for the ends of all notes that may sound.
const ENDS: usize = 3 * 128;

/// Something worth seeing, and when.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shown {
    /// The moment of its sample, by [`crate::moment::now_ns`]; 0 where no moment was told yet.
    pub ns: u64,
    /// What.
    pub event: ShowEvent,
}

/// The musical clock, and when it stood so.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Moment {
    /// The moment of its sample, by [`crate::moment::now_ns`]; 0 where no moment was told yet.
    pub ns: u64,
    /// The clock.
    pub clock: ClockReading,
}

/// The audio thread's end of what goes to other programs: everything worth seeing and the clock, each with its moment.
///
/// **Drop policy:** as that of [`RingSender`]; what finds no room is counted.
#[derive(Debug)]
pub struct RelaySender {
    ring: RingSender<Shown>,
    now: NewestWriter<Moment>,
    moments: SampleClock,
    dropped: Arc<Count>,
    open: bool,
}

/// The other end, for a thread that may wait.
#[derive(Debug)]
pub struct RelayReceiver {
    ring: RingReceiver<Shown>,
    now: NewestReader<Moment>,
    dropped: Arc<Count>,
}

/// Both ends. Allocates everything here.
pub fn relay(rate: SampleRate) -> (RelaySender, RelayReceiver) {
    let (sender, receiver) = ring(WAITING);
    let (writer, reader) = newest(&Moment::default());
    let dropped = Arc::new(Count::default());
    let theirs = Arc::clone(&dropped);
    let sender = RelaySender { ring: sender, now: writer, moments: SampleClock::new(rate), dropped, open: true };
    (sender, RelayReceiver { ring: receiver, now: reader, dropped: theirs })
}

impl RelaySender {
    /// Samples come at another rate from now on.
    pub fn set_rate(&mut self, rate: SampleRate) {
        self.moments = SampleClock::new(rate);
    }

    /// Whether anything is to be told: not while a host renders faster than time.
    pub fn set_open(&mut self, open: bool) {
        self.open = open;
    }

    /// A block begins: its first sample, and the moment.
    ///
    /// # Realtime Safety
    /// Wait-free; no allocation. The same holds for what follows.
    pub fn begin(&self, sample: u64, now_ns: u64) {
        self.moments.follow(sample, now_ns);
    }

    /// Tells of something that happens at a sample.
    pub fn show(&mut self, sample: u64, event: ShowEvent) {
        if !self.open {
            return;
        }
        let shown = Shown { ns: self.moments.ns_at(sample).unwrap_or(0), event };
        let sent = match event.kind {
            ShowKind::NoteOff { .. } => self.ring.send(shown),
            _ => self.ring.send_leaving(ENDS, shown),
        };
        if sent.is_err() {
            self.dropped.raise();
        }
    }

    /// Tells the clock at the end of a block, after everything that happened in it.
    pub fn tell(&mut self, clock: ClockReading) {
        if self.open {
            self.now.write(Moment { ns: self.moments.ns_at(clock.sample).unwrap_or(0), clock });
        }
    }
}

impl RelayReceiver {
    /// The newest clock. Whoever reads it first finds in the ring everything that happened before it.
    pub fn now(&mut self) -> Moment {
        *self.now.read()
    }

    /// The oldest event that waits.
    pub fn receive(&mut self) -> Option<Shown> {
        self.ring.receive()
    }

    /// Events that found no room.
    pub fn dropped(&self) -> u64 {
        self.dropped.get()
    }
}
