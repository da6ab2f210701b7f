//! Scaling pictures by separable filters: what small pictures are made with, and what the network is compared with.

/// An interpolation filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Filter {
    /// Mean of the area of a pixel.
    Box,
    /// Linear interpolation.
    Triangle,
    /// Cubic interpolation with a = −½ (Keys 1981), usually called bicubic.
    CatmullRom,
    /// Windowed sinc over three pixels on each side.
    Lanczos3,
}

impl Filter {
    /// Distance in pixels from which on the weight is nil.
    fn reach(self) -> f64 {
        match self {
            Self::Box => 0.5,
            Self::Triangle => 1.0,
            Self::CatmullRom => 2.0,
            Self::Lanczos3 => 3.0,
        }
    }

    /// Weight of a pixel at this distance.
    pub fn weight(self, distance: f64) -> f64 {
        let x = distance.abs();
        let sinc = |x: f64| if x == 0.0 { 1.0 } else { (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x) };
        match self {
            _ if x > self.reach() => 0.0,
            Self::Box => 1.0,
            Self::Triangle => 1.0 - x,
            Self::CatmullRom if x < 1.0 => (1.5 * x - 2.5) * x * x + 1.0,
            Self::CatmullRom => ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0,
            Self::Lanczos3 => sinc(x) * sinc(x / 3.0),
        }
    }

    /// For each of `to` pixels of a line: the first of `from` pixels that counts, and the weights from there on.
    /// Where the line gets shorter the filter is widened, so that nothing aliases.
    fn taps(self, from: usize, to: usize) -> Vec<(usize, Vec<f32>)> {
        let scale = from as f64 / to as f64;
        let width = scale.max(1.0);
        let taps = |i: usize| {
            let at = (i as f64 + 0.5) * scale - 0.5;
            let reach = self.reach() * width;
            let first = (at - reach).ceil().max(0.0) as usize;
            let last = ((at + reach).floor() as usize).min(from - 1);
            let weights: Vec<f64> = (first..=last).map(|j| self.weight((j as f64 - at) / width)).collect();
            let sum: f64 = weights.iter().sum();
            (first, weights.into_iter().map(|w| (w / sum) as f32).collect())
        };
        (0..to).map(taps).collect()
    }
}

/// Planes of `from × from` numbers, one after another, scaled to `to × to`.
///
/// # Panics
/// If `planes` holds no whole number of planes, or a side is nil.
pub fn resample(planes: &[f32], from: usize, to: usize, filter: Filter) -> Vec<f32> {
    assert!(from > 0 && to > 0 && planes.len().is_multiple_of(from * from), "{} numbers, side {from}", planes.len());
    if from == to {
        return planes.to_vec();
    }
    let taps = filter.taps(from, to);
    let mut out = Vec::with_capacity(planes.len() / (from * from) * to * to);
    for plane in planes.chunks_exact(from * from) {
        let mut across = Vec::with_capacity(from * to);
        for line in plane.chunks_exact(from) {
            let value = |(first, weights): &(usize, Vec<f32>)| {
                line[*first..].iter().zip(weights).map(|(v, w)| v * w).sum::<f32>()
            };
            across.extend(taps.iter().map(value));
        }
        for (first, weights) in &taps {
            let mut line = vec![0.0; to];
            for (row, weight) in across[first * to..].chunks_exact(to).zip(weights) {
                line.iter_mut().zip(row).for_each(|(sum, v)| *sum += v * weight);
            }
            out.extend(line);
        }
    }
    out
}
