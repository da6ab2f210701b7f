use crate::sync::{Consumer, Producer, PushError, RingBuffer};

/// The message that found the ring full, given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the ring is full")]
pub struct Full<T>(pub T);

/// The writing end of a ring between two threads.
///
/// **Drop policy:** what is in the ring stays; the newest message is refused and given back, and the caller counts
/// it. A message that promises another one later (a note-on promises its note-off) is sent with
/// [`RingSender::send_leaving`], which keeps room for the promise, so that an "on" which arrived is
/// never left without its "off".
#[derive(Debug)]
pub struct RingSender<T>(Producer<T>);

/// The reading end of a ring between two threads.
#[derive(Debug)]
pub struct RingReceiver<T>(Consumer<T>);

/// A ring for messages that must all arrive, in order, from one thread to one other. Allocates `capacity` slots here,
/// never again. Messages are `Copy` so that neither end ever has anything to free.
pub fn ring<T: Copy + Send>(capacity: usize) -> (RingSender<T>, RingReceiver<T>) {
    let (producer, consumer) = RingBuffer::new(capacity.max(1));
    (RingSender(producer), RingReceiver(consumer))
}

impl<T: Copy + Send> RingSender<T> {
    /// Sends one message.
    ///
    /// # Errors
    /// The message itself where the ring is full.
    ///
    /// # Realtime Safety
    /// Wait-free; no allocation.
    pub fn send(&mut self, message: T) -> Result<(), Full<T>> {
        self.0.push(message).map_err(|PushError::Full(message)| Full(message))
    }

    /// Sends one message if `reserve` slots stay free after it.
    ///
    /// # Errors
    /// The message itself where that much room is not there.
    pub fn send_leaving(&mut self, reserve: usize, message: T) -> Result<(), Full<T>> {
        if self.0.slots() > reserve { self.send(message) } else { Err(Full(message)) }
    }

    /// Whether the other end is gone.
    pub fn is_abandoned(&self) -> bool {
        self.0.is_abandoned()
    }
}

impl<T: Copy + Send> RingReceiver<T> {
    /// The oldest message, if there is one.
    ///
    /// # Realtime Safety
    /// Wait-free; no allocation.
    pub fn receive(&mut self) -> Option<T> {
        self.0.pop().ok()
    }

    /// Messages waiting.
    pub fn waiting(&self) -> usize {
        self.0.slots()
    }
}
