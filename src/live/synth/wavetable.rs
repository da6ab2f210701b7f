/// Samples in a cycle.
const SIZE: usize = 2048;
/// Harmonics in each table, most first: about two to the octave.
const HARMONICS: [usize; 16] = [256, 192, 128, 96, 64, 48, 32, 24, 16, 12, 8, 6, 4, 3, 2, 1];

/// A cycle of a wave at several brightnesses; the one to play has no harmonic above the limit.
#[derive(Debug)]
pub(super) struct Wavetable {
    /// `HARMONICS.len()` tables of SIZE + 3 samples: one more before and two after, for interpolation.
    samples: Box<[f32]>,
}

const STRIDE: usize = SIZE + 3;

impl Wavetable {
    /// Adds up sines of amplitude `amplitude(harmonic)`, softened towards the last one (Lanczos' sigma factors), so that
    /// no table rings at its edge.
    pub fn prepare(amplitude: impl Fn(usize) -> f64) -> Self {
        let mut sine = vec![0.0_f64; SIZE]; // allocates: prepare
        for (i, y) in sine.iter_mut().enumerate() {
            *y = (i as f64 / SIZE as f64 * std::f64::consts::TAU).sin();
        }
        let mut samples = vec![0.0_f32; STRIDE * HARMONICS.len()]; // allocates: prepare
        for (table, &count) in samples.chunks_exact_mut(STRIDE).zip(&HARMONICS) {
            let mut cycle = vec![0.0_f64; SIZE]; // allocates: prepare
            for harmonic in 1..=count {
                let x = std::f64::consts::PI * harmonic as f64 / (count + 1) as f64;
                let level = amplitude(harmonic) * x.sin() / x;
                if level != 0.0 {
                    for (i, y) in cycle.iter_mut().enumerate() {
                        *y += level * sine[i * harmonic % SIZE];
                    }
                }
            }
            for (i, y) in table.iter_mut().enumerate() {
                *y = cycle[(i + SIZE - 1) % SIZE] as f32;
            }
        }
        Self { samples: samples.into_boxed_slice() }
    }

    /// The brightest table without a harmonic above 0.45 of the sample rate, for a frequency in cycles a sample.
    pub fn brightest(cycles_per_sample: f64) -> usize {
        let fits = |&count: &usize| count as f64 * cycles_per_sample <= 0.45;
        HARMONICS.iter().position(fits).unwrap_or(HARMONICS.len() - 1)
    }

    pub fn table(&self, number: usize) -> &[f32] {
        &self.samples[number * STRIDE..(number + 1) * STRIDE]
    }
}

/// The wave at a phase, by the cubic through four neighbours that is smooth at them (Hermite).
#[inline]
pub(super) fn read(table: &[f32], phase: u32) -> f32 {
    const BITS: u32 = 32 - SIZE.trailing_zeros();
    let i = (phase >> BITS) as usize;
    let t = (phase & ((1 << BITS) - 1)) as i32 as f32 * (1.0 / (1_u32 << BITS) as f32);
    let &[a, b, c, d] = &table[i..i + 4] else { return 0.0 };
    let slope = 0.5 * (c - a);
    let v = b - c;
    let w = slope + v;
    let bend = w + v + 0.5 * (d - b);
    ((bend * t - (w + bend)) * t + slope) * t + b
}
