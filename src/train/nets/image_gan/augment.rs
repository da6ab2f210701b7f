//! The same random changes for real and painted pictures, so that few pictures do not get learnt by heart
//! (Zhao et al. 2020, "Differentiable augmentation"): brightness, contrast, translation.
//!
//! At first both are blurred too, less and less (as in StyleGAN3): otherwise the discriminator tells them apart by their
//! grain before the generator has found forms and colours.

use crate::model::onnx::DataType;
use crate::train::graph::{Graph, Var};
use crate::train::program::{Feed, Feeds};
use crate::train::tensor::Tensor;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

const BRIGHTNESS: f32 = 0.2;
const CONTRAST: (f32, f32) = (0.4, 1.6);
/// Translation reaches this part of the side, in both directions.
const REACH: usize = 8;

/// One picture's changes.
struct Change {
    brightness: f32,
    contrast: f32,
}

fn change(rng: &mut ChaCha8Rng) -> Change {
    Change {
        brightness: rng.random_range(-BRIGHTNESS..=BRIGHTNESS),
        contrast: rng.random_range(CONTRAST.0..=CONTRAST.1),
    }
}

/// Changes real pictures `(N, 3, S, S)` on the host, each in its own way.
pub fn real(pictures: &mut Tensor, rng: &mut ChaCha8Rng) {
    let side = pictures.shape[3];
    let reach = side / REACH;
    for picture in pictures.data.chunks_exact_mut(3 * side * side) {
        let Change { brightness, contrast } = change(rng);
        let mean = picture.iter().map(|&v| f64::from(v)).sum::<f64>() / picture.len() as f64;
        let mean = mean as f32 + brightness;
        picture.iter_mut().for_each(|v| *v = (*v + brightness - mean) * contrast + mean);
        let (down, right) = (rng.random_range(0..=2 * reach), rng.random_range(0..=2 * reach));
        let from = picture.to_vec();
        for (at, value) in picture.iter_mut().enumerate() {
            let (plane, y, x) = (at / (side * side), at / side % side, at % side);
            let (y, x) = ((y + down).checked_sub(reach), (x + right).checked_sub(reach));
            *value = match (y, x) {
                (Some(y), Some(x)) if y < side && x < side => from[(plane * side + y) * side + x],
                _ => 0.0,
            };
        }
    }
}

/// A matrix `(side, side)` that blurs a line of pixels by a Gaussian of this deviation in pixels, mirrored at its ends.
pub fn blur(side: usize, deviation: f64) -> Tensor {
    let mut data = vec![0.0; side * side];
    let reach = (3.0 * deviation).ceil() as isize;
    let weight = |d: isize| if d == 0 { 1.0 } else { (-0.5 * (d as f64 / deviation).powi(2)).exp() };
    let total: f64 = (-reach..=reach).map(weight).sum();
    let last = side as isize - 1;
    for at in 0..side {
        for d in -reach..=reach {
            let from = (at as isize + d).abs();
            let from = if from > last { (2 * last - from).max(0) } else { from };
            data[at * side + from as usize] += (weight(d) / total) as f32;
        }
    }
    Tensor::new(&[side, side], data)
}

/// Blurs pictures `(N, 3, S, S)` on the host by a matrix of [`blur`] in both directions.
pub fn blur_real(pictures: &mut Tensor, matrix: &Tensor) {
    let side = matrix.shape[0];
    let band: Vec<(usize, usize)> = matrix
        .data
        .chunks_exact(side)
        .map(|row| {
            let first = row.iter().position(|w| *w != 0.0).unwrap_or(0);
            (first, row.iter().rposition(|w| *w != 0.0).unwrap_or(0))
        })
        .collect();
    let mut half = vec![0.0; side * side];
    for plane in pictures.data.chunks_exact_mut(side * side) {
        for (i, &(first, last)) in band.iter().enumerate() {
            let row = &mut half[i * side..(i + 1) * side];
            row.fill(0.0);
            for k in first..=last {
                let w = matrix.data[i * side + k];
                row.iter_mut().zip(&plane[k * side..(k + 1) * side]).for_each(|(y, x)| *y += w * x);
            }
        }
        for (y, x) in plane.chunks_exact_mut(side).zip(half.chunks_exact(side)) {
            for (j, &(first, last)) in band.iter().enumerate() {
                let weights = &matrix.data[j * side + first..=j * side + last];
                y[j] = weights.iter().zip(&x[first..=last]).map(|(w, x)| w * x).sum();
            }
        }
    }
}

/// Changes painted pictures `(N, 3, S, S)` in the graph; gradients flow through. A batch shares its translation, which
/// for a discriminator that sees single pictures is the same.
pub fn painted(g: &mut Graph, x: Var) -> Var {
    let [n, _, side, _] = *g.shape(x) else { unreachable!("pictures have four axes") };
    let brightness = g.input("augment.brightness", &[n, 1, 1, 1]);
    let contrast = g.input("augment.contrast", &[n, 1, 1, 1]);
    let starts = g.input_indices("augment.starts", &[2]);
    let matrix = g.input("augment.blur", &[side, side]);
    let turned = g.transpose(matrix, &[1, 0]);
    let x = g.matmul(x, turned);
    let x = g.matmul(matrix, x);
    let x = g.add(x, brightness);
    let mean = g.mean(x, &[1, 2, 3], true);
    let x = g.sub(x, mean);
    let x = g.mul(x, contrast);
    let x = g.add(x, mean);
    let reach = side / REACH;
    let twice = g.ints(&[2 * reach as i64; 2]);
    let back = g.emit_typed("Sub", &[twice, starts], vec![], &[2], DataType::Int64);
    shift(g, x, starts, back, reach)
}

/// What [`painted`] is fed with.
pub fn feeds(n: usize, side: usize, rng: &mut ChaCha8Rng, feeds: &mut Feeds) {
    let changes: Vec<Change> = (0..n).map(|_| change(rng)).collect();
    let mut put = |name: &str, data| feeds.insert(name.to_owned(), Feed::Floats(Tensor::new(&[n, 1, 1, 1], data)));
    put("augment.brightness", changes.iter().map(|c| c.brightness).collect());
    put("augment.contrast", changes.iter().map(|c| c.contrast).collect());
    let most = 2 * (side / REACH) as i64;
    let starts = vec![rng.random_range(0..=most), rng.random_range(0..=most)];
    feeds.insert("augment.starts".to_owned(), Feed::Indices(vec![2], starts));
}

/// The window of `x` between zeros that begins at `starts`: y[i] = x[i + start − reach]. Its derivative is the window
/// of dy that begins at `back` = 2·reach − start.
fn shift(g: &mut Graph, x: Var, starts: Var, back: Var, reach: usize) -> Var {
    let shape = g.shape(x).to_vec();
    let side = shape[2] as i64;
    // Not `Graph::pad`, whose derivative would be added to this one's.
    let wide = [shape[0], shape[1], shape[2] + 2 * reach, shape[3] + 2 * reach];
    let r = reach as i64;
    let pads = g.ints(&[0, 0, r, r, 0, 0, r, r]);
    let padded = g.emit1("Pad", &[x, pads], vec![], &wide);
    let sides = g.ints(&[side, side]);
    let ends = g.emit_typed("Add", &[starts, sides], vec![], &[2], DataType::Int64);
    let axes = g.ints(&[2, 3]);
    let y = g.emit1("Slice", &[padded, starts, ends, axes], vec![], &shape);
    g.derive1(y, move |g, dy| vec![(x, shift(g, dy, back, starts, reach))])
}
