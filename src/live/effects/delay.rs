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

    #[inline]
    pub fn put(&mut self, x: f32) {
        self.samples[self.write] = x;
        self.write = (self.write + 1) & self.mask;
    }

    /// What was put in `delay` samples before the next one; 1 is the newest.
    #[inline]
    pub fn get(&self, delay: usize) -> f32 {
        self.samples[self.write.wrapping_sub(delay) & self.mask]
    }

    /// The same between samples, by a straight line.
    #[inline]
    pub fn get_between(&self, delay: f32) -> f32 {
        let whole = delay as i32 as usize;
        let part = delay - whole as f32;
        let near = self.get(whole);
        near + part * (self.get(whole + 1) - near)
    }
}
