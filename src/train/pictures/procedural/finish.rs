//! From paint to picture: light on the relief, the cloth's weave, varnish, and a camera that is not perfect. Without
//! these, "too clean" is the first thing a critic learns.

use super::canvas::Canvas;
use super::dice::Dice;
use super::noise::Noise;
use super::palette::{to_linear, to_srgb};
use crate::train::pictures::harm::through_jpeg;
use image::RgbImage;

/// How the surface of one picture behaves.
pub(super) struct Surface {
    /// Depth of the weave, and threads along a side.
    pub weave: f32,
    pub threads: f32,
    /// Depth of fine brush grain.
    pub grain: f32,
    /// Unevenness of the pigment.
    pub mottle: f32,
}

impl Surface {
    pub(super) fn new(dice: &mut Dice) -> Self {
        Self {
            weave: dice.range(0.15, 0.6),
            threads: dice.range(90.0, 170.0),
            grain: dice.range(0.2, 0.7),
            mottle: dice.range(0.006, 0.02),
        }
    }
}

/// Lights, varnishes, halves and photographs the canvas.
pub(super) fn finish(canvas: &Canvas, surface: &Surface, dice: &mut Dice) -> RgbImage {
    let lit = light(canvas, surface, dice);
    let side = canvas.side / 2;
    let (warm, dim, contrast) = (dice.range(0.0, 0.02), dice.range(0.0, 0.07), dice.range(0.97, 1.06));
    let mut halved = vec![[0.0f32; 3]; side * side];
    for row in 0..side {
        for column in 0..side {
            let mut sum = [0.0; 3];
            for (dy, dx) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
                let [l, a, b] = lit[(2 * row + dy) * canvas.side + 2 * column + dx];
                let l = 0.55 + (l - 0.55) * contrast;
                for (s, v) in sum.iter_mut().zip(to_linear([l, a + 0.2 * warm, b + warm])) {
                    *s += v.clamp(0.0, 1.0) / 4.0;
                }
            }
            let (x, y) = (column as f32 / side as f32 - 0.5, row as f32 / side as f32 - 0.5);
            let corner = 1.0 - dim * 2.0 * (x * x + y * y);
            halved[row * side + column] = sum.map(|v| v * corner);
        }
    }
    let blurred = blur(&halved, side, dice.range(0.0, 0.16));
    let picture = RgbImage::from_fn(side as u32, side as u32, |x, y| {
        image::Rgb(blurred[y as usize * side + x as usize].map(to_srgb))
    });
    // Once through JPEG, as nearly all photographs of paintings went.
    through_jpeg(&picture, dice.count(86, 96) as u8).unwrap_or(picture)
}

/// Lambert's light from the upper left on relief, weave and grain; and pigment that is nowhere quite even.
fn light(canvas: &Canvas, surface: &Surface, dice: &mut Dice) -> Vec<[f32; 3]> {
    let side = canvas.side;
    let (threads, fine, cloud) = (dice.noise(), dice.noise(), dice.noise());
    let direction = dice.angle();
    let (sin, cos) = direction.sin_cos();
    // Never finer than four points, or halving would leave moiré.
    let pitch = (side as f32 / surface.threads).max(4.0);
    let height = |column: usize, row: usize| {
        let (x, y) = (column as f32, row as f32);
        let uneven = 1.0 + 0.5 * threads.at(x / 37.0, y / 41.0);
        let weave = ((x / pitch * std::f32::consts::PI).sin() * (y / pitch * std::f32::consts::PI).sin()) * uneven;
        let (u, v) = (cos * x + sin * y, -sin * x + cos * y);
        let grain = fine.at(u / 40.0, v / 3.1) + 0.5 * Noise(fine.0 ^ 77).at(x / 2.7, y / 2.7);
        canvas.relief[row * side + column] + 0.06 * surface.weave * weave + 0.05 * surface.grain * grain
    };
    let heights: Vec<f32> = (0..side * side).map(|at| height(at % side, at / side)).collect();
    (0..side * side)
        .map(|at| {
            let (column, row) = (at % side, at / side);
            let right = heights[row * side + (column + 1).min(side - 1)];
            let below = heights[(row + 1).min(side - 1) * side + column];
            let slope = ((heights[at] - right) + (heights[at] - below)).clamp(-0.5, 0.5);
            let [l, a, b] = canvas.colour[at];
            let (x, y) = (column as f32 / side as f32, row as f32 / side as f32);
            let mottle = surface.mottle * cloud.fbm(7.0 * x, 7.0 * y, 3);
            [l * (1.0 - 0.45 * slope) + mottle, a + 0.3 * mottle, b - 0.4 * mottle]
        })
        .collect()
}

/// A 3×3 blur: each neighbour beside counts `part` of the middle.
fn blur(pixels: &[[f32; 3]], side: usize, part: f32) -> Vec<[f32; 3]> {
    let pass = |pixels: &[[f32; 3]], step: usize| -> Vec<[f32; 3]> {
        (0..side * side)
            .map(|at| {
                let place = if step == 1 { at % side } else { at / side };
                let before = if place == 0 { at } else { at - step };
                let after = if place + 1 == side { at } else { at + step };
                std::array::from_fn(|c| {
                    (pixels[at][c] + part * (pixels[before][c] + pixels[after][c])) / (1.0 + 2.0 * part)
                })
            })
            .collect()
    };
    pass(&pass(pixels, 1), side)
}
