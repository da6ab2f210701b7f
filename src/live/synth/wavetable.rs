use super::GROUP;

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

    pub fn table(&self, number: usize) -> &Table {
        self.samples[number * STRIDE..].first_chunk().unwrap_or(&SILENT)
    }
}

/// One cycle.
pub(super) type Table = [f32; STRIDE];
static SILENT: Table = [0.0; STRIDE];

/// The wave at a group of phases from one on, by the cubic through four neighbours that is smooth at them (Hermite).
#[inline]
pub(super) fn read(table: &Table, phase: u32, step: u32) -> [f32; GROUP] {
    const BITS: u32 = 32 - SIZE.trailing_zeros();
    let mut near = [[0.0; GROUP]; 4];
    let mut parts = [0.0; GROUP];
    for i in 0..GROUP {
        let phase = phase.wrapping_add(step.wrapping_mul(i as u32));
        let at = (phase >> BITS) as usize;
        parts[i] = (phase & ((1 << BITS) - 1)) as i32 as f32 * (1.0 / (1_u32 << BITS) as f32);
        for (lane, near) in near.iter_mut().enumerate() {
            near[i] = table[at + lane];
        }
    }
    let [a, b, c, d] = near;
    let mut out = [0.0; GROUP];
    for i in 0..GROUP {
        let slope = 0.5 * (c[i] - a[i]);
        let v = b[i] - c[i];
        let w = slope + v;
        let bend = w + v + 0.5 * (d[i] - b[i]);
        let t = parts[i];
        out[i] = ((bend * t - (w + bend)) * t + slope) * t + b[i];
    }
    out
}
