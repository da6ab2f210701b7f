//! Outputs, and the messages that wait for their time.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Messages that may wait for their time.
const QUEUE: usize = 4096;

/// A short message and the moment it is for.
#[derive(Debug, Clone, Copy)]
pub(in crate::devices) struct Packet {
    pub ns: u64,
    bytes: [u8; 3],
    length: u8,
}

impl Packet {
    pub fn new(ns: u64, bytes: &[u8]) -> Option<Self> {
        let mut packet = Self { ns, bytes: [0; 3], length: u8::try_from(bytes.len()).ok().filter(|n| *n <= 3)? };
        packet.bytes[..bytes.len()].copy_from_slice(bytes);
        Some(packet)
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.length)]
    }
}

/// An output port.
pub(in crate::devices) trait Output: Send {
    /// Sends a message; one that keeps time itself gets it ahead of its time. `false`: the port is dead.
    fn send(&mut self, packet: &Packet) -> bool;
    /// Whether it keeps time itself.
    fn keeps_time(&self) -> bool {
        false
    }
}

/// Every output that is connected, and what waits for its time.
#[derive(Default)]
pub struct Outputs(Mutex<OutputsInner>);

#[derive(Default)]
struct OutputsInner {
    ports: BTreeMap<String, Box<dyn Output>>,
    queue: VecDeque<Packet>,
    dropped: u64,
}

impl Outputs {
    fn lock(&self) -> MutexGuard<'_, OutputsInner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends a short message at a moment, in the order of the calls. Where too many wait the oldest goes at once.
    pub fn send(&self, ns: u64, bytes: &[u8]) {
        let Some(packet) = Packet::new(ns, bytes) else { return };
        let mut inner = self.lock();
        inner.send_all(&packet, true);
        if inner.queue.len() >= QUEUE
            && let Some(oldest) = inner.queue.pop_front()
        {
            inner.dropped += 1;
            inner.send_all(&oldest, false);
        }
        inner.queue.push_back(packet);
    }

    /// Sends what is due.
    pub fn flush(&self, now_ns: u64) {
        let mut inner = self.lock();
        while let Some(packet) = inner.queue.front().copied().filter(|packet| packet.ns <= now_ns) {
            inner.queue.pop_front();
            inner.send_all(&packet, false);
        }
    }

    pub(in crate::devices) fn add(&self, id: &str, port: Box<dyn Output>) {
        self.lock().ports.insert(id.to_owned(), port);
    }

    pub(in crate::devices) fn remove(&self, id: &str) {
        self.lock().ports.remove(id);
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.lock().ports.contains_key(id)
    }
}

impl OutputsInner {
    /// To those that keep time themselves, or to those that do not; dead ports are forgotten.
    fn send_all(&mut self, packet: &Packet, keep_time: bool) {
        self.ports.retain(|_, port| port.keeps_time() != keep_time || port.send(packet));
    }
}
