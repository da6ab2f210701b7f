use super::SPAN;

/// A delay line in a fixed block of memory.
#[derive(Debug)]
pub(super) struct DelayLine {
    samples: Box<[f32]>,
    mask: usize,
    write: usize,
}

impl DelayLine {
    /// Allocates room for delays of up to `longest` samples.
    pub fn prepare(longest: usize) -> Self {
        let size = (longest + 4).next_power_of_two();
        Self { samples: vec![0.0; size].into_boxed_slice(), mask: size - 1, write: 0 } // allocates: prepare
    }

    pub fn silence(&mut self) {
        self.samples.fill(0.0);
        self.write = 0;
    }

    /// Puts in the first samples of a span.
    #[inline]
    pub fn put(&mut self, span: &[f32; SPAN], count: usize) {
        match self.samples.get_mut(self.write..self.write + SPAN) {
            Some(places) if count == SPAN => places.copy_from_slice(span),
            _ => {
                for (i, x) in span.iter().take(count).enumerate() {
                    self.samples[(self.write + i) & self.mask] = *x;
                }
            }
        }
        self.write = (self.write + count) & self.mask;
    }

    /// What was put in `delay` samples before each of the next ones. What was not put in yet, from the sample number `delay`
    /// on, means nothing.
    #[inline]
    pub fn get(&self, delay: usize) -> [f32; SPAN] {
        let start = self.write.wrapping_sub(delay) & self.mask;
        if let Some(span) = self.samples[start..].first_chunk() {
            return *span;
        }
        std::array::from_fn(|i| self.samples[(start + i) & self.mask])
    }

    /// What was put in `delay` samples before the one that comes `ahead` samples after the next; between samples by a
    /// straight line. `delay` is more than `ahead`.
    #[inline]
    pub fn get_between(&self, ahead: usize, delay: f32) -> f32 {
        let whole = delay as i32 as usize;
        let part = delay - whole as f32;
        let at = |delay: usize| self.samples[(self.write + ahead).wrapping_sub(delay) & self.mask];
        let near = at(whole);
        near + part * (at(whole + 1) - near)
    }
}
