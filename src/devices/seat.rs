//! Where the instrument sits while a device plays it.

use super::Load;
use crate::live::Instrument;
use crate::moment::now_ns;
use assert_no_alloc::assert_no_alloc;
use cpal::{FromSample, Sample};
use std::sync::Arc;
use std::sync::mpsc::Sender;

/// Most audio frames that are played in one go; longer blocks are cut.
const CHUNK: usize = 1024;

/// Holds the instrument while it is played, and sends it home when the device lets go, whatever the reason.
pub(super) struct Seat {
    instrument: Option<Instrument>,
    home: Sender<Instrument>,
    load: Arc<Load>,
    rate: u32,
    scratch: [[f32; CHUNK]; 2],
}

impl Seat {
    pub fn new(instrument: Instrument, home: Sender<Instrument>, load: Arc<Load>, rate: u32) -> Self {
        Self { instrument: Some(instrument), home, load, rate, scratch: [[0.0; CHUNK]; 2] }
    }

    /// Plays a block of interleaved samples. Channels after the second are silent; one channel gets the mean of both.
    ///
    /// # Realtime Safety
    /// No allocation, lock or wait: a debug build of a program that has the guard as its allocator aborts where one
    /// happens.
    pub fn fill<T: Sample + FromSample<f32>>(&mut self, out: &mut [T], channels: usize) {
        let began = now_ns();
        let Some(instrument) = &mut self.instrument else { return };
        let scratch = &mut self.scratch;
        let channels = channels.max(1);
        assert_no_alloc(|| {
            let mut at = began;
            for chunk in out.chunks_mut(CHUNK * channels) {
                let frames = chunk.len() / channels;
                let [left, right] = scratch;
                instrument.block(at, &mut left[..frames], &mut right[..frames]);
                at += frames as u64 * 1_000_000_000 / u64::from(self.rate.max(1));
                for ((frame, &l), &r) in chunk.chunks_mut(channels).zip(left.iter()).zip(right.iter()) {
                    match frame {
                        [mono] => *mono = T::from_sample(0.5 * (l + r)),
                        [first, second, rest @ ..] => {
                            *first = T::from_sample(l);
                            *second = T::from_sample(r);
                            rest.fill(T::EQUILIBRIUM);
                        }
                        [] => {}
                    }
                }
            }
        });
        self.load.tell(now_ns().saturating_sub(began), out.len() / channels, self.rate);
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(instrument) = self.instrument.take() {
            // Nobody waits for it when the program ends.
            let _nobody = self.home.send(instrument);
        }
    }
}
