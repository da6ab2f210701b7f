use crate::sync::{Input, Output, triple_buffer};

/// The writing end of a value of which only the newest matters: a picture frame, the clock, a meter.
///
/// **Drop policy:** a value that nobody read before the next one was written is overwritten; that is what it is for,
/// so nothing is counted.
#[derive(Debug)]
pub struct NewestWriter<T: Send>(Input<T>);

/// The reading end.
#[derive(Debug)]
pub struct NewestReader<T: Send>(Output<T>);

/// A triple buffer: neither side ever waits for the other. Holds three values, cloned from `initial` here.
pub fn newest<T: Clone + Send>(initial: &T) -> (NewestWriter<T>, NewestReader<T>) {
    let (input, output) = triple_buffer(initial);
    (NewestWriter(input), NewestReader(output))
}

impl<T: Send> NewestWriter<T> {
    /// Replaces the value. The value it displaces is dropped here, so on the audio thread `T` must be `Copy`.
    pub fn write(&mut self, value: T) {
        self.0.write(value);
    }

    /// Fills the spare buffer in place and then publishes it: for pictures, whose memory is worth keeping.
    pub fn fill(&mut self, fill: impl FnOnce(&mut T)) {
        fill(self.0.input_buffer_mut());
        self.0.publish();
    }
}

impl<T: Send> NewestReader<T> {
    /// The newest value.
    pub fn read(&mut self) -> &T {
        self.0.read()
    }

    /// Whether a value has been written that [`NewestReader::read`] has not seen.
    pub fn is_new(&self) -> bool {
        self.0.updated()
    }
}
