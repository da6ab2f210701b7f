//! What the synth promises of its sound, measured: level, silence, clicks, DC, pitch, aliasing.

mod live_support;

use live_support::Rig;
use oneiro::bridge::Part;
use oneiro::live::{Patch, PlayerEvent, PlayerKind, Setup};
use oneiro::time::SampleRate;
use std::f64::consts::TAU;

const RATE: f64 = 48_000.0;
const PATCHES: [Patch; 8] =
    [Patch::Keys, Patch::Bells, Patch::Lead, Patch::Pad, Patch::Marimba, Patch::Strings, Patch::Pluck, Patch::Organ];

/// A rig without effects, both parts in the middle, one patch.
fn dry(patch: Patch) -> Rig {
    let mut setup = Setup::new(SampleRate(48_000));
    for part in &mut setup.parts {
        (part.patch, part.pan, part.reverb, part.chorus) = (patch, 0.0, 0.0, 0.0);
    }
    Rig::with(setup)
}

fn peak(samples: &[f32]) -> f32 {
    samples.iter().fold(0.0, |peak, x| peak.max(x.abs()))
}

/// The steepest step from one sample to the next.
fn steepest(samples: &[f32]) -> f32 {
    samples.windows(2).fold(0.0, |steep, pair| steep.max((pair[1] - pair[0]).abs()))
}

fn middle([left, right]: &[Vec<f32>; 2]) -> Vec<f64> {
    left.iter().zip(right).map(|(l, r)| f64::from(l + r)).collect()
}

fn hann(samples: &[f64]) -> Vec<f64> {
    let length = samples.len() as f64;
    samples.iter().enumerate().map(|(i, x)| x * (0.5 - 0.5 * (TAU * i as f64 / length).cos())).collect()
}

/// Power at one frequency, by Goertzel's recurrence.
fn power(windowed: &[f64], hz: f64) -> f64 {
    let turn = 2.0 * (TAU * hz / RATE).cos();
    let (mut a, mut b) = (0.0, 0.0);
    for x in windowed {
        (a, b) = (x + turn * a - b, a);
    }
    a * a + b * b - turn * a * b
}

#[test]
fn thirty_two_hard_voices_stay_below_full_scale() {
    for patch in PATCHES {
        let mut rig = Rig::new();
        rig.performer.set_patch(Part::Call, patch);
        for i in 0..32 {
            rig.note(Part::Call, 0.0, 4.0, 36 + 2 * i, 127);
        }
        let [left, right] = rig.play(1.0);
        let peak = peak(&left).max(peak(&right));
        assert!(peak > 0.4 && peak <= 0.8913, "{patch:?}: peak {peak}");
    }
}

#[test]
fn the_tail_ends_in_silence() {
    let mut rig = Rig::new();
    for (i, part) in [Part::Call, Part::Answer].into_iter().enumerate() {
        rig.note(part, 0.0, 1.0, 57 + i as u8, 110);
    }
    let [left, _] = rig.play(8.0);
    let rms = |range: std::ops::Range<usize>| {
        let square: f64 = left[range.clone()].iter().map(|x| f64::from(x * x)).sum();
        10.0 * (square / range.len() as f64).max(1e-30).log10()
    };
    let (sounding, tail, late) = (rms(0..24_000), rms(48_000..72_000), rms(192_000..216_000));
    assert!(sounding > -30.0 && tail > sounding - 40.0, "a room is heard: {sounding:.1} then {tail:.1} dB");
    assert!(late < -80.0, "{late:.1} dB four seconds on");
    assert!(left[360_000..].iter().all(|&x| x == 0.0), "half a second after the last sound it is exactly silent");
    assert_eq!(rig.performer.voices(), 0);
}

#[test]
fn notes_begin_and_end_without_clicks() {
    for patch in PATCHES {
        for pitch in [40, 60, 84] {
            let mut rig = dry(patch);
            rig.note(Part::Call, 0.0, 2.0, pitch, 100);
            let [left, _] = rig.play(1.5);
            let sustained = steepest(&left[480..46_000]);
            let (begin, end) = (steepest(&left[..480]), steepest(&left[47_900..50_000]));
            assert!(begin <= 1.3 * sustained, "{patch:?} {pitch} begins with {begin} against {sustained}");
            assert!(end <= 1.1 * sustained, "{patch:?} {pitch} ends with {end} against {sustained}");
        }
    }
}

#[test]
fn stealing_and_panic_do_not_click() {
    for patch in [Patch::Lead, Patch::Pad] {
        let mut rig = dry(patch);
        for i in 0..32 {
            rig.note(Part::Call, 0.0, 40.0, 40 + i, 30);
        }
        for i in 0..12 {
            rig.note(Part::Answer, 2.0 + 0.01 * f64::from(i), 40.0, 50 + i, 30);
        }
        let [left, _] = rig.play(1.5);
        let sustained = steepest(&left[24_000..47_900]);
        let stolen = steepest(&left[47_900..56_000]);
        assert!(rig.watcher.counters.voices_stolen.get() >= 12);
        assert!(stolen <= 1.3 * sustained, "{patch:?}: {stolen} against {sustained}");
        let panic = [PlayerEvent { sample_offset: 0, kind: PlayerKind::Panic }];
        let [left, _] = rig.block(2_048, &panic, &mut Vec::new());
        assert!(steepest(&left) <= 1.3 * sustained, "{patch:?}: panic {}", steepest(&left));
        assert!(peak(&left[1_900..]) < 0.05 * peak(&left), "panic is quick");
    }
}

#[test]
fn there_is_no_dc() {
    for patch in PATCHES {
        let mut rig = dry(patch);
        for pitch in [45, 52, 61, 68] {
            rig.note(Part::Call, 0.0, 20.0, pitch, 100);
        }
        let sound = middle(&rig.play(3.0))[48_000..].to_vec();
        let windowed = hann(&sound);
        let mean = windowed.iter().sum::<f64>() / (0.5 * sound.len() as f64);
        let rms = (sound.iter().map(|x| x * x).sum::<f64>() / sound.len() as f64).sqrt();
        let db = 20.0 * (mean.abs() / rms).log10();
        assert!(db < -60.0, "{patch:?}: {db:.1} dB");
    }
}

#[test]
fn pitch_is_true_within_two_cents() {
    for patch in PATCHES {
        for pitch in [40_u8, 57, 69, 88] {
            let mut rig = dry(patch);
            rig.note(Part::Call, 0.0, 20.0, pitch, 90);
            let windowed = hann(&middle(&rig.play(4.0))[12_000..]);
            let hz = 440.0 * 2_f64.powf((f64::from(pitch) - 69.0) / 12.0);
            // Where the fundamental's power lies on average: its halves left and right are detuned against each other.
            let cents = (-20..=20).map(|i| f64::from(i) * 2.0);
            let (mut sum, mut weight) = (0.0, 0.0);
            for cent in cents {
                let p = power(&windowed, hz * 2_f64.powf(cent / 1200.0));
                (sum, weight) = (sum + p * cent, weight + p);
            }
            let off = sum / weight;
            assert!(weight > 1.0 && off.abs() < 2.0, "{patch:?} {pitch}: {off:.2} cents");
        }
    }
}

#[test]
fn high_notes_do_not_alias() {
    for (patch, pitch) in
        [(Patch::Keys, 103_u8), (Patch::Keys, 90), (Patch::Lead, 103), (Patch::Lead, 90), (Patch::Pad, 96)]
    {
        let mut rig = dry(patch);
        rig.note(Part::Call, 0.0, 20.0, pitch, 110);
        let windowed = hann(&middle(&rig.play(0.4))[9_600..9_600 + 8_192]);
        let hz = 440.0 * 2_f64.powf((f64::from(pitch) - 69.0) / 12.0);
        let (mut total, mut stray) = (0.0, 0.0);
        for bin in 8..4_096 {
            let at = f64::from(bin) * RATE / 8_192.0;
            let p = power(&windowed, at);
            total += p;
            let harmonic = (at / hz).round().max(1.0);
            if (at - harmonic * hz).abs() > 60.0 + 0.01 * at {
                stray += p;
            }
        }
        let db = 10.0 * (stray / total).log10();
        assert!(db < -65.0, "{patch:?} {pitch}: {db:.1} dB beside the harmonics");
    }
}

#[test]
fn a_harder_touch_is_louder_and_brighter() {
    for patch in PATCHES {
        let measure = |velocity| {
            let mut rig = dry(patch);
            rig.note(Part::Call, 0.0, 20.0, 57, velocity);
            let sound = middle(&rig.play(0.5));
            let total: f64 = sound.iter().map(|x| x * x).sum();
            // The second difference weighs power by the fourth power of the frequency.
            let bright: f64 = sound.windows(3).map(|x| (x[0] - 2.0 * x[1] + x[2]).powi(2)).sum();
            (total, bright / total)
        };
        let (soft, hard) = (measure(30), measure(120));
        assert!(hard.0 > 3.0 * soft.0, "{patch:?}: {:.2} times the power", hard.0 / soft.0);
        assert!(hard.1 > 1.5 * soft.1, "{patch:?}: {soft:?} {hard:?}");
    }
}

#[test]
fn other_sample_rates_play_the_same_pitch_at_the_same_level() {
    let loudness = |rate: u32| {
        let mut rig = Rig::with(Setup::new(SampleRate(rate)));
        rig.note(Part::Answer, 0.0, 4.0, 60, 90);
        let [left, _] = rig.play(1.0);
        10.0 * (left.iter().map(|x| f64::from(x * x)).sum::<f64>() / left.len() as f64).log10()
    };
    let reference = loudness(48_000);
    for rate in [22_050, 44_100, 96_000, 192_000] {
        let level = loudness(rate);
        assert!((level - reference).abs() < 0.5, "{rate} Hz: {level:.2} dB against {reference:.2} dB");
    }
}
