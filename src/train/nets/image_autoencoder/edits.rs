//! Edits of pictures as directions in the latent space.
//!
//! An edit that can be done in pixels is done to training pictures; a linear regression finds how their places move:
//! Δz ≈ amount · (A z + b) in every cell, so that a direction may depend on where it starts (more texture means more of
//! the texture that is there). The four maps are stored in the model.
//!
//! | Amount | Unit |
//! |---|---|
//! | 0, 1: hue | shift of the mean (Cb, Cr), which span −0.5 … 0.5; as a hue: (strength · cos, strength · sin) of an angle |
//! | 2: light | shift of the mean luma, which spans 0 … 1 |
//! | 3: texture | part of the fine detail added (taken away below 0) |
//!
//! Luma and chroma are those of ITU-R BT.601 in full range. Fine detail is what a blur of deviation 1.5 pixels takes away.

use super::Shape;
use super::baselines::gaussian_blur;
use super::network::encode;
use crate::train::graph::{Graph, Init, Role, Var, Weights};
use crate::train::ops::Conv;
use crate::train::pictures::dataset::{Dataset, Split};
use crate::train::program::{Device, Feed, Feeds, Forward};
use crate::train::run::RunError;
use crate::train::tensor::{Tensor, Tensors};
use nalgebra::DMatrix;

/// Amounts in an edit.
pub const COUNT: usize = 4;

/// Deviation of the blur that tells fine detail from the rest, in pixels.
const DETAIL: f64 = 1.5;

const WEIGHT: &str = "edit.weight";
const BIAS: &str = "edit.bias";

/// The edit done to the pixels of a picture `(3, S, S)` in −1 … 1.
pub fn edit_pixels(planes: &[f32], side: usize, edit: [f32; COUNT]) -> Vec<f32> {
    let [cb, cr, light, texture] = edit;
    let mut out = planes.to_vec();
    if texture != 0.0 {
        let smooth = gaussian_blur(planes, side, DETAIL);
        out.iter_mut().zip(smooth).for_each(|(v, s)| *v += texture * (*v - s));
    }
    // The inverse of luma and chroma; values span 2.
    let shift = [1.402 * cr, -0.344_136 * cb - 0.714_136 * cr, 1.772 * cb].map(|s| 2.0 * (s + light));
    for (plane, shift) in out.chunks_mut(side * side).zip(shift) {
        plane.iter_mut().for_each(|v| *v = (*v + shift).clamp(-1.0, 1.0));
    }
    out
}

/// What edits change.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Measures {
    /// Mean Cb and Cr.
    pub chroma: [f64; 2],
    /// Mean luma, 0 to 1.
    pub light: f64,
    /// Mean size of the fine detail of luma.
    pub texture: f64,
}

/// Measures a picture `(3, S, S)` in −1 … 1; what lies outside is cut first.
pub fn measure(planes: &[f32], side: usize) -> Measures {
    let pixels = side * side;
    let at = |channel: usize, i: usize| (planes[channel * pixels + i].clamp(-1.0, 1.0) + 1.0) / 2.0;
    let luma: Vec<f32> = (0..pixels).map(|i| 0.299 * at(0, i) + 0.587 * at(1, i) + 0.114 * at(2, i)).collect();
    let mean = |f: &dyn Fn(usize) -> f32| (0..pixels).map(|i| f64::from(f(i))).sum::<f64>() / pixels as f64;
    let smooth = gaussian_blur(&luma, side, DETAIL);
    Measures {
        chroma: [mean(&|i| (at(2, i) - luma[i]) / 1.772), mean(&|i| (at(0, i) - luma[i]) / 1.402)],
        light: mean(&|i| luma[i]),
        texture: mean(&|i| (luma[i] - smooth[i]).abs()),
    }
}

/// In a graph: the places `z` after the edits `(n, 4)`, held within what can be stored.
pub fn apply(g: &mut Graph, shape: &Shape, z: Var, edit: Var) -> Var {
    let latent = g.shape(z).to_vec();
    let (n, c) = (latent[0], latent[1]);
    let cells: usize = latent[2..].iter().product();
    let w = g.parameter(WEIGHT, &[COUNT * c, c, 1, 1], Init::Constant(0.0), Role::State);
    let b = g.parameter(BIAS, &[COUNT * c], Init::Constant(0.0), Role::State);
    let map = g.reshape(z, &[n, c, 1, cells]);
    let moves = g.conv(map, w, Conv::padded(1, 0));
    let moves = g.add_channels(moves, b);
    let moves = g.reshape(moves, &[n, COUNT, c, cells]);
    let amounts = g.reshape(edit, &[n, COUNT, 1, 1]);
    let moves = g.mul(moves, amounts);
    let moved = g.sum(moves, &[1], false);
    let moved = g.reshape(moved, &latent);
    let z = g.add(z, moved);
    let reach = shape.storage().1;
    g.clip(z, -reach, reach)
}

/// Training pictures that the regression looks at, and how many are encoded at once.
const PICTURES: usize = 384;
const BATCH: usize = 8;

/// Amounts that the regression tries, to both sides.
const TRIED: [f32; COUNT] = [0.12, 0.12, 0.15, 0.5];

/// Finds the directions: the tensors that [`apply`] needs.
///
/// # Errors
/// If a picture cannot be read or ONNX Runtime fails.
pub fn find(
    shape: &Shape,
    weights: &Tensors,
    dataset: &Dataset,
    seed: u64,
    device: Device,
) -> Result<Tensors, RunError> {
    let side = shape.size;
    let mut g = Graph::new();
    let pictures = g.input("pictures", &[BATCH, 3, side, side]);
    let place = encode(&mut g, shape, pictures).place();
    let mut forward = Forward::new(&g.to_model(&[("place", place)], Weights::Inside(weights)), device)?;
    let mut places = |data: Vec<f32>| -> Result<Vec<f32>, RunError> {
        let feed = Feed::Floats(Tensor::new(&[BATCH, 3, side, side], data));
        Ok(forward.run(&Feeds::from([("pictures".to_owned(), feed)]))?.remove("place").map_or(Vec::new(), |t| t.data))
    };
    let c = shape.cell();
    let cells = shape.latent(1)[2..].iter().product::<usize>();
    let mut sums: Vec<Normal> = (0..COUNT).map(|_| Normal::new(c)).collect();
    for step in 0..PICTURES / BATCH {
        let batch = dataset.sample(Split::Train, seed ^ EDIT_STREAM, (step * BATCH) as u64, BATCH);
        let batch = batch.map_err(|e| RunError::Data(e.to_string()))?.data;
        let before = places(batch.clone())?;
        for (direction, (sum, tried)) in sums.iter_mut().zip(TRIED).enumerate() {
            for amount in [tried, -tried] {
                let mut edit = [0.0; COUNT];
                edit[direction] = amount;
                let changed = batch.chunks(3 * side * side).flat_map(|p| edit_pixels(p, side, edit)).collect();
                let after = places(changed)?;
                for (before, after) in before.chunks(c * cells).zip(after.chunks(c * cells)) {
                    for cell in 0..cells {
                        let at = |z: &[f32], i: usize| f64::from(z[i * cells + cell]);
                        sum.add(f64::from(amount), |i| at(before, i), |i| at(after, i) - at(before, i));
                    }
                }
            }
        }
    }
    let (mut weight, mut bias) = (Vec::new(), Vec::new());
    for sum in sums {
        let solution = sum.solve().ok_or_else(|| RunError::Data("edits leave no trace in the latent space".into()))?;
        for out in 0..c {
            weight.extend((0..c).map(|i| solution[(i, out)] as f32));
            bias.push(solution[(c, out)] as f32);
        }
    }
    Ok(Tensors::from([
        (WEIGHT.to_owned(), Tensor::new(&[COUNT * c, c, 1, 1], weight)),
        (BIAS.to_owned(), Tensor::new(&[COUNT * c], bias)),
    ]))
}

/// Keeps these crops apart from those of training and measuring.
const EDIT_STREAM: u64 = 0x0065_6469_7473;

/// Normal equations of Δ ≈ amount · (z, 1) · X with ridge.
struct Normal {
    rows: usize,
    xx: DMatrix<f64>,
    xy: DMatrix<f64>,
    x: Vec<f64>,
}

impl Normal {
    fn new(c: usize) -> Self {
        Self { rows: 0, xx: DMatrix::zeros(c + 1, c + 1), xy: DMatrix::zeros(c + 1, c), x: vec![0.0; c + 1] }
    }

    fn add(&mut self, amount: f64, z: impl Fn(usize) -> f64, change: impl Fn(usize) -> f64) {
        let c = self.xy.ncols();
        self.rows += 1;
        (0..c).for_each(|i| self.x[i] = amount * z(i));
        self.x[c] = amount;
        for j in 0..=c {
            let xj = self.x[j];
            self.xx.column_mut(j).iter_mut().zip(&self.x).for_each(|(s, xi)| *s += xi * xj);
        }
        for j in 0..c {
            let y = change(j);
            self.xy.column_mut(j).iter_mut().zip(&self.x).for_each(|(s, xi)| *s += xi * y);
        }
    }

    /// `(c + 1, c)`; the ridge grows with the number of unknowns to a row, and spares the constant part.
    fn solve(mut self) -> Option<DMatrix<f64>> {
        let c = self.xy.ncols();
        let mean = (0..c).map(|i| self.xx[(i, i)]).sum::<f64>() / c as f64;
        let ridge = mean * (4.0 * c as f64 / self.rows as f64) + 1e-9;
        (0..c).for_each(|i| self.xx[(i, i)] += ridge);
        Some(self.xx.cholesky()?.solve(&self.xy))
    }
}
