//! Hears loudness, onsets and tempo in sound. A function of the samples alone.
//!
//! Onsets are peaks of the spectral flux, the sum of what rises in the logarithm of the spectrum (Bello et al. 2005, "A tutorial
//! on onset detection in music signals"). The tempo is the strongest period of the flux's autocorrelation, weighed towards
//! moderate tempi (Ellis 2007, "Beat tracking by dynamic programming"), and its phase the one in which the flux is greatest.

use std::collections::VecDeque;

/// Samples of a window, and from one to the next.
const WINDOW: usize = 1024;
const HOP: usize = 512;
/// Seconds of flux in which tempo is looked for, and between two looks.
const LOOK: (f64, f64) = (6.0, 0.5);
/// Range of tempi.
const TEMPI: (f64, f64) = (60.0, 190.0);
/// The tempo that is taken rather than others, and how wide: octaves.
const USUAL: (f64, f64) = (118.0, 0.9);
/// Seconds between two onsets at least.
const PAUSE: f64 = 0.07;
/// How far above its surroundings the flux of an onset is.
const ABOVE: (f32, f32) = (1.6, 0.35);

/// An onset.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Onset {
    /// Seconds since the first sample.
    pub at: f64,
    /// 0 to 1.
    pub strength: f32,
    /// Pitch of the strongest partial, a MIDI key number.
    pub pitch: u8,
}

/// Tempo and phase.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Beat {
    /// Quarter notes a minute.
    pub tempo: f64,
    /// Second of a beat.
    pub at: f64,
    /// How plain it is: 0 to 1.
    pub sure: f32,
}

/// Listens.
#[derive(Debug)]
pub(super) struct Hearing {
    rate: f64,
    samples: VecDeque<f32>,
    heard: u64,
    before: Vec<f32>,
    flux: VecDeque<f32>,
    last_onset: f64,
    /// The flux of the hop before.
    rising: f32,
    looked: f64,
    /// 0 to 1: -60 dBFS or less to full scale.
    pub loudness: f32,
    pub onsets: Vec<Onset>,
    pub beat: Option<Beat>,
}

impl Hearing {
    pub fn new(rate: f64) -> Self {
        Self {
            rate: rate.clamp(8_000.0, 384_000.0),
            samples: VecDeque::with_capacity(2 * WINDOW),
            heard: 0,
            before: vec![0.0; WINDOW / 2],
            flux: VecDeque::new(),
            last_onset: f64::NEG_INFINITY,
            rising: 0.0,
            looked: 0.0,
            loudness: 0.0,
            onsets: Vec::new(),
            beat: None,
        }
    }

    /// Seconds that were heard.
    pub fn seconds(&self) -> f64 {
        self.heard as f64 / self.rate
    }

    /// Hears samples of one channel. Onsets are added to `onsets`.
    pub fn hear(&mut self, samples: &[f32]) {
        for &sample in samples {
            self.samples.push_back(if sample.is_finite() { sample.clamp(-4.0, 4.0) } else { 0.0 });
            self.heard += 1;
            if self.samples.len() == WINDOW {
                self.window();
                self.samples.drain(..HOP);
            }
        }
    }

    fn window(&mut self) {
        let power = self.samples.iter().map(|s| s * s).sum::<f32>() / WINDOW as f32;
        let decibels = 10.0 * power.max(1e-12).log10();
        let loudness = ((decibels + 60.0) / 60.0).clamp(0.0, 1.0);
        // Quick to rise, slow to fall, as a meter is.
        let follow = if loudness > self.loudness { 0.4 } else { 0.02 };
        self.loudness += follow * (loudness - self.loudness);
        let mut re: Vec<f32> = self.samples.iter().enumerate().map(|(i, s)| s * hann(i)).collect();
        let mut im = vec![0.0; WINDOW];
        transform(&mut re, &mut im);
        let logs: Vec<f32> = (0..WINDOW / 2).map(|k| (1.0 + 30.0 * re[k].hypot(im[k])).ln()).collect();
        let flux = logs.iter().zip(&self.before).map(|(now, before)| (now - before).max(0.0)).sum::<f32>()
            / (WINDOW / 2) as f32;
        let lowest = (70.0 * WINDOW as f64 / self.rate).ceil() as usize;
        let peak = (lowest.max(1)..WINDOW / 4).max_by(|a, b| logs[*a].total_cmp(&logs[*b])).unwrap_or(1);
        let hertz = peak as f64 * self.rate / WINDOW as f64;
        let pitch = (69.0 + 12.0 * (hertz / 440.0).log2()).round().clamp(0.0, 127.0) as u8;
        self.before = logs;
        self.onset(flux, pitch);
        self.flux.push_back(flux);
        if self.flux.len() > (LOOK.0 * self.hops()) as usize {
            self.flux.pop_front();
        }
        if self.seconds() - self.looked >= LOOK.1 {
            self.looked = self.seconds();
            self.look();
        }
    }

    /// Hops a second.
    fn hops(&self) -> f64 {
        self.rate / HOP as f64
    }

    /// The hop before was an onset if it stood out and this one is lower; its pitch is plain by now.
    fn onset(&mut self, flux: f32, pitch: u8) {
        let near = self.flux.iter().rev().take((0.6 * self.hops()) as usize);
        let count = near.len().max(1) as f32;
        let mean = near.sum::<f32>() / count;
        let before = self.rising;
        let now = self.seconds() - 2.0 * HOP as f64 / self.rate;
        let stands_out = before > ABOVE.0 * mean + ABOVE.1 * 0.1;
        if stands_out && flux <= before && now - self.last_onset >= PAUSE {
            self.last_onset = now;
            let strength = ((before - mean) / (before + 0.2)).clamp(0.0, 1.0);
            self.onsets.push(Onset { at: now, strength, pitch });
        }
        self.rising = flux;
    }

    fn look(&mut self) {
        let count = self.flux.len();
        let hops = self.hops();
        if (count as f64) < 0.5 * LOOK.0 * hops {
            return;
        }
        let mean = self.flux.iter().sum::<f32>() / count as f32;
        // Smoothed, since a period is seldom a whole number of hops and peaks are narrow.
        let at = |i: usize, shift: isize| self.flux[(i as isize + shift).clamp(0, count as isize - 1) as usize];
        let soft = |i: usize| (-2..=2).map(|shift: isize| (3 - shift.abs()) as f32 * at(i, shift)).sum::<f32>() / 9.0;
        let flux: Vec<f32> = (0..count).map(|i| soft(i) - mean).collect();
        let power = flux.iter().map(|f| f * f).sum::<f32>().max(1e-9);
        let related = |lag: f64| {
            // Between two hops, linear.
            let (whole, part) = (lag.floor() as usize, lag.fract() as f32);
            let sum = |lag: usize| (lag..count).map(|i| flux[i] * flux[i - lag]).sum::<f32>();
            ((1.0 - part) * sum(whole) + part * sum(whole + 1)) / power
        };
        let mut best = (0.0, 0.0_f32);
        let mut tempo = TEMPI.0;
        while tempo <= TEMPI.1 {
            let lag = 60.0 / tempo * hops;
            let octaves = (tempo / USUAL.0).log2() / USUAL.1;
            let weight = (-0.5 * octaves * octaves).exp() as f32;
            // A beat that is one comes again after two and after four.
            let strength = weight * (related(lag) + 0.5 * related(2.0 * lag) + 0.25 * related(4.0 * lag));
            if strength > best.1 {
                best = (tempo, strength);
            }
            tempo *= 1.004;
        }
        if best.1 < 0.12 {
            self.beat = None;
            return;
        }
        let period = 60.0 / best.0 * hops;
        let comb = |phase: f64| {
            (0..).map(|n| phase + n as f64 * period).take_while(|at| *at < count as f64 - 1.0).fold(0.0, |sum, at| {
                let (i, part) = (at as usize, at.fract() as f32);
                sum + (1.0 - part) * flux[i] + part * flux[i + 1]
            })
        };
        let steps = 48;
        let phase = (0..steps)
            .map(|i| period * f64::from(i) / f64::from(steps))
            .max_by(|a, b| comb(*a).total_cmp(&comb(*b)))
            .unwrap_or(0.0);
        // The first value of the flux belongs to this second.
        let first = self.seconds() - (count as f64 + 0.5) / hops;
        self.beat = Some(Beat { tempo: best.0, at: first + phase / hops, sure: best.1.min(1.0) });
    }
}

fn hann(i: usize) -> f32 {
    0.5 - 0.5 * (std::f32::consts::TAU * i as f32 / WINDOW as f32).cos()
}

/// The discrete Fourier transform in place (Cooley and Tukey 1965, radix 2); lengths are powers of two.
fn transform(re: &mut [f32], im: &mut [f32]) {
    let n = re.len();
    let bits = n.trailing_zeros();
    for i in 0..n {
        let j = i.reverse_bits() >> (usize::BITS - bits);
        if j > i {
            re.swap(i, j);
            im.swap(i, j);
        }
    }
    let mut half = 1;
    while half < n {
        let angle = -std::f32::consts::PI / half as f32;
        for start in (0..n).step_by(2 * half) {
            for k in 0..half {
                let (sin, cos) = (angle * k as f32).sin_cos();
                let (a, b) = (start + k, start + k + half);
                let (x, y) = (re[b] * cos - im[b] * sin, re[b] * sin + im[b] * cos);
                (re[b], im[b]) = (re[a] - x, im[a] - y);
                (re[a], im[a]) = (re[a] + x, im[a] + y);
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RATE: f64 = 48_000.0;

    /// Clicks of a decaying tone at a tempo, on faint noise.
    fn clicks(tempo: f64, seconds: f64) -> Vec<f32> {
        let period = 60.0 / tempo;
        let mut noise = 12_345_u32;
        (0..(seconds * RATE) as usize)
            .map(|i| {
                let t = i as f64 / RATE;
                let since = t.rem_euclid(period);
                noise = noise.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let hiss = f64::from(noise >> 8) / f64::from(1 << 24) - 0.5;
                ((std::f64::consts::TAU * 440.0 * t).sin() * (-18.0 * since).exp() * 0.6 + 0.002 * hiss) as f32
            })
            .collect()
    }

    #[test]
    fn the_transform_finds_a_tone() {
        let mut re: Vec<f32> = (0..256).map(|i| (std::f32::consts::TAU * 9.0 * i as f32 / 256.0).cos()).collect();
        let mut im = vec![0.0; 256];
        transform(&mut re, &mut im);
        for (k, (re, im)) in re.iter().zip(&im).take(128).enumerate() {
            let size = re.hypot(*im);
            assert!(if k == 9 { (size - 128.0).abs() < 0.1 } else { size < 0.1 }, "{k}: {size}");
        }
    }

    #[test]
    fn onsets_tempo_and_phase_of_clicks_are_heard() {
        for tempo in [84.0, 120.0, 150.0] {
            let mut hearing = Hearing::new(RATE);
            // Cut anywhere.
            clicks(tempo, 9.0).chunks(333).for_each(|part| hearing.hear(part));
            let expected = 9.0 * tempo / 60.0;
            let found = hearing.onsets.len() as f64;
            assert!((found - expected).abs() <= 3.0, "{tempo}: {found} onsets instead of {expected}");
            let off = |at: f64| {
                let beats = at * tempo / 60.0;
                (beats - beats.round()).abs() * 60.0 / tempo
            };
            assert!(hearing.onsets.iter().skip(1).all(|o| off(o.at) < 0.035), "{tempo}: {:?}", hearing.onsets);
            let pitches = hearing.onsets.iter().filter(|o| o.pitch.abs_diff(69) <= 1).count() as f64;
            assert!(pitches > 0.7 * found, "{tempo}: {:?}", hearing.onsets);
            let beat = hearing.beat.unwrap();
            assert!((beat.tempo / tempo - 1.0).abs() < 0.015, "{tempo}: {beat:?}");
            assert!(off(beat.at) < 0.04, "{tempo}: {beat:?} is {} s off", off(beat.at));
            assert!(hearing.loudness > 0.3);
        }
    }

    #[test]
    fn silence_and_nonsense_have_no_beat() {
        let mut hearing = Hearing::new(RATE);
        hearing.hear(&vec![0.0; 300_000]);
        hearing.hear(&[f32::NAN, f32::INFINITY, -1e30, 1.0]);
        hearing.hear(&vec![0.0; 2_000]);
        assert!(hearing.beat.is_none() && hearing.loudness < 0.8 && hearing.onsets.len() <= 1);
    }
}
