//! What edits along the found directions do: whether they do what is asked for, and what else they move.

use super::{Coder, cut};
use anyhow::Result;
use oneiro::picture::autoencoder::Edit;
use oneiro::train::nets::image_autoencoder::edits::{Measures, edit_pixels, measure as look};
use oneiro::train::pictures::quality::psnr;
use serde::Serialize;

/// Means over pictures, angles and signs, each against the same picture decoded without an edit.
#[derive(Serialize, Default)]
pub struct Effect {
    /// Movement of what the edit is about, as a part of what the same edit done in pixels moves it: best is 1.
    pub reached: f64,
    /// PSNR between the edit and the same edit done in pixels, in dB.
    pub psnr_to_pixel_edit: f64,
    /// Size of the movement of the mean (Cb, Cr), which span −0.5 … 0.5; of a hue, across the direction asked for.
    pub chroma_moved: f64,
    /// Size of the movement of the mean luma, 0 … 1.
    pub light_moved: f64,
    /// Size of the change of fine detail, as a logarithm: 0.1 is about a tenth.
    pub texture_moved: f64,
}

#[derive(Serialize)]
pub struct Figures {
    /// Eight hues, tint 0.1.
    pub hue: Effect,
    /// Mean angle between the hue asked for and the movement found, in degrees.
    pub hue_degrees_off: f64,
    /// Light ±0.15.
    pub light: Effect,
    /// Texture ±0.5.
    pub texture: Effect,
}

/// Hues tried.
pub const HUES: usize = 8;
const TINT: f32 = 0.1;
const LIGHT: f32 = 0.15;
const TEXTURE: f32 = 0.5;

/// Fine detail of a picture without any is taken to be this.
const FLAT: f64 = 1e-3;

/// Movement from one picture to another: chroma, light, logarithm of texture.
struct Movement {
    chroma: [f64; 2],
    light: f64,
    texture: f64,
}

fn movement(from: Measures, to: Measures) -> Movement {
    Movement {
        chroma: [to.chroma[0] - from.chroma[0], to.chroma[1] - from.chroma[1]],
        light: to.light - from.light,
        texture: ((to.texture + FLAT) / (from.texture + FLAT)).ln(),
    }
}

pub fn measure(coder: &mut Coder, pictures: &[&[f32]]) -> Result<Figures> {
    let side = coder.side;
    let mut degrees = 0.0;
    let (mut hue, mut light, mut texture) = (Effect::default(), Effect::default(), Effect::default());
    // For each effect: what was found, what was asked for, runs.
    let mut totals = [[0.0_f64; 3]; 3];
    let places = pictures.iter().map(|p| Ok(coder.encoder.encode_planes(p)?)).collect::<Result<Vec<_>>>()?;
    for place in &places {
        let before = cut(coder.decoder.decode_planes(place, Edit::default())?);
        let start = look(&before, side);
        let mut one = |edit: Edit| -> Result<(Movement, Movement, f64)> {
            let after = cut(coder.decoder.decode_planes(place, edit)?);
            let pixels = edit_pixels(&before, side, edit.amounts());
            let near = psnr(&pixels, &after, 2.0)?.min(99.0);
            Ok((movement(start, look(&after, side)), movement(start, look(&pixels, side)), near))
        };
        for i in 0..HUES {
            let edit = Edit { hue: i as f32 / HUES as f32, tint: TINT, ..Edit::default() };
            let angle = f64::from(edit.hue) * std::f64::consts::TAU;
            let along = |m: &Movement| m.chroma[0] * angle.cos() + m.chroma[1] * angle.sin();
            let across = |m: &Movement| m.chroma[1] * angle.cos() - m.chroma[0] * angle.sin();
            let (found, expected, near) = one(edit)?;
            degrees += across(&found).atan2(along(&found)).to_degrees().abs();
            add(&mut hue, &mut totals[0], (along(&found), along(&expected)), across(&found).abs(), &found, near);
        }
        for sign in [1.0_f32, -1.0] {
            let (found, expected, near) = one(Edit { light: sign * LIGHT, ..Edit::default() })?;
            let about = (f64::from(sign) * found.light, f64::from(sign) * expected.light);
            add(&mut light, &mut totals[1], about, size(&found), &found, near);
            let (found, expected, near) = one(Edit { texture: sign * TEXTURE, ..Edit::default() })?;
            let about = (f64::from(sign) * found.texture, f64::from(sign) * expected.texture);
            add(&mut texture, &mut totals[2], about, size(&found), &found, near);
        }
    }
    for (effect, [found, expected, runs]) in [&mut hue, &mut light, &mut texture].into_iter().zip(totals) {
        effect.reached = found / expected;
        for figure in [
            &mut effect.psnr_to_pixel_edit,
            &mut effect.chroma_moved,
            &mut effect.light_moved,
            &mut effect.texture_moved,
        ] {
            *figure /= runs;
        }
    }
    Ok(Figures { hue, hue_degrees_off: degrees / (HUES * places.len()) as f64, light, texture })
}

fn size(m: &Movement) -> f64 {
    m.chroma[0].hypot(m.chroma[1])
}

fn add(
    effect: &mut Effect,
    [found_sum, expected_sum, runs]: &mut [f64; 3],
    (found, expected): (f64, f64),
    chroma: f64,
    moved: &Movement,
    near: f64,
) {
    *found_sum += found;
    *expected_sum += expected;
    *runs += 1.0;
    effect.psnr_to_pixel_edit += near;
    effect.chroma_moved += chroma;
    effect.light_moved += moved.light.abs();
    effect.texture_moved += moved.texture.abs();
}
