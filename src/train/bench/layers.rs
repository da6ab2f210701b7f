//! The forms in which the derivatives of single convolutions can be computed, measured: what the choices in [`crate::train::ops`] rest on.

use super::{Clock, Rival, SEED, corner, median};
use crate::train::graph::{Graph, Weights};
use crate::train::ops::{Conv, InputForm, KernelForm};
use crate::train::program::{Device, Feed, Feeds, Forward};
use crate::train::run::RunError;
use crate::train::step::normal;
use crate::train::tensor::Tensor;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Serialize;
use serde_json::json;
use std::fmt;

/// A convolution of square pictures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Layer {
    /// Pictures in a batch.
    pub pictures: usize,
    /// Channels in.
    pub from: usize,
    /// Channels out.
    pub to: usize,
    /// Side of the pictures.
    pub side: usize,
    /// Side of the kernel.
    pub kernel: usize,
    /// Stride.
    pub stride: usize,
}

impl fmt::Display for Layer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { pictures, from, to, side, kernel, stride } = self;
        write!(f, "{pictures}×{from}→{to} at {side}², {kernel}×{kernel}/{stride}")
    }
}

impl Layer {
    const fn new(pictures: usize, from: usize, to: usize, side: usize, kernel: usize, stride: usize) -> Self {
        Self { pictures, from, to, side, kernel, stride }
    }

    /// Zeros on every side.
    fn pad(self) -> usize {
        (self.kernel - 1) / 2
    }

    fn conv(self) -> Conv {
        Conv::padded(self.stride, self.pad())
    }

    fn side_out(self) -> usize {
        (self.side + 2 * self.pad() - self.kernel) / self.stride + 1
    }
}

/// Convolutions of the networks that are trained here, by batch, channels in and out, side, kernel and stride.
pub const LAYERS: &[Layer] = &[
    Layer::new(16, 3, 32, 32, 5, 1),
    Layer::new(16, 32, 32, 32, 3, 1),
    Layer::new(16, 32, 48, 32, 3, 1),
    Layer::new(8, 32, 32, 64, 3, 1),
    Layer::new(8, 48, 48, 32, 3, 1),
    Layer::new(8, 96, 96, 16, 3, 1),
    Layer::new(24, 128, 128, 6, 3, 1),
    Layer::new(8, 32, 12, 64, 3, 1),
    Layer::new(16, 32, 3, 64, 3, 1),
    Layer::new(16, 64, 64, 32, 2, 1),
    Layer::new(16, 256, 256, 8, 2, 1),
    Layer::new(24, 16, 32, 48, 3, 2),
    Layer::new(8, 24, 48, 64, 4, 2),
    Layer::new(16, 64, 64, 16, 4, 2),
];

/// A way to compute something, and the milliseconds that it takes: a median.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Form {
    /// Its name.
    pub form: String,
    /// Median time.
    pub milliseconds: f64,
    /// Whether training uses it for this layer.
    pub used: bool,
}

/// What was measured of a layer, one thread.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LayerSpeed {
    /// The layer.
    pub layer: Layer,
    /// Operations of each of its three products in 10⁹: forward, by the kernel, by the pictures.
    pub giga_operations: f64,
    /// Forms of the derivative by the kernel.
    pub by_kernel: Vec<Form>,
    /// Forms of the derivative by the pictures.
    pub by_pictures: Vec<Form>,
    /// The two derivatives elsewhere.
    pub elsewhere: Option<[f64; 2]>,
}

/// What is timed.
#[derive(Debug, Clone, Copy)]
enum What {
    ByKernel(KernelForm),
    ByPictures(InputForm),
}

/// One form of a derivative, ready to run.
pub struct Candidate {
    /// Name of the form.
    pub name: String,
    /// Whether training uses it for the layer.
    pub used: bool,
    forward: Forward,
    times: Vec<f64>,
}

/// All forms of a layer's derivatives by the kernel and by the pictures.
///
/// # Errors
/// If a session cannot be made.
pub fn candidates(layer: Layer) -> Result<[Vec<Candidate>; 2], RunError> {
    let (pixels, taps) = (layer.side_out().pow(2), layer.kernel.pow(2));
    let best = KernelForm::fastest(layer.from, layer.to, layer.side_out(), taps, layer.stride);
    let by_kernel = KernelForm::ALL.into_iter().filter(|f| f.fits(layer.stride));
    let by_kernel = by_kernel.map(|f| Candidate::new(layer, What::ByKernel(f), format!("{f:?}"), f == best));
    let best = match layer.stride {
        1 => InputForm::fastest_at_stride_1(layer.from, layer.to, pixels, true),
        _ => InputForm::Transposed,
    };
    let by_pictures = InputForm::ALL.into_iter().filter(|f| f.fits([layer.kernel; 2], layer.conv()));
    let by_pictures = by_pictures.map(|f| Candidate::new(layer, What::ByPictures(f), format!("{f:?}"), f == best));
    Ok([by_kernel.collect::<Result<_, _>>()?, by_pictures.collect::<Result<_, _>>()?])
}

/// Times every form of both derivatives of a layer in turns, with those of the rival, `rounds` times.
///
/// # Errors
/// If a session cannot be made or fails.
pub fn measure(layer: Layer, rounds: usize, mut rival: Option<&mut dyn Rival>) -> Result<LayerSpeed, RunError> {
    let mut parts = candidates(layer)?;
    let clock = Clock::for_threads(1);
    let mut others = [Vec::new(), Vec::new()];
    for (part, candidates) in ["kernel", "pictures"].into_iter().zip(0..) {
        let mut sizes = json!(layer);
        (sizes["pad"], sizes["by"]) = (json!(layer.pad()), json!(part));
        let mut other = match rival.as_mut() {
            Some(r) => r.prepare("convolution", &sizes)?.map(|_| r),
            None => None,
        };
        for round in 0..=rounds.max(1) {
            // The first round warms up.
            let counts = round > 0;
            for candidate in &mut parts[candidates] {
                let (time, done) = clock.time(|| candidate.run());
                done?;
                candidate.times.extend(counts.then_some(time));
            }
            if let Some(other) = other.as_mut() {
                let time = other.step()?;
                others[candidates].extend(counts.then_some(time));
            }
        }
    }
    let [by_kernel, by_pictures] = parts.map(|list| list.into_iter().map(Candidate::done).collect());
    let elsewhere = (!others[1].is_empty()).then(|| others.each_mut().map(|times| median(times)));
    let operations = 2 * layer.pictures * layer.to * layer.side_out().pow(2) * layer.from * layer.kernel.pow(2);
    Ok(LayerSpeed { layer, giga_operations: operations as f64 / 1e9, by_kernel, by_pictures, elsewhere })
}

impl Candidate {
    fn new(layer: Layer, what: What, name: String, used: bool) -> Result<Self, RunError> {
        let Layer { pictures, from, to, side, kernel, .. } = layer;
        let mut rng = ChaCha8Rng::seed_from_u64(SEED);
        let mut feeds = Feeds::new();
        let mut g = Graph::new();
        let mut input = |g: &mut Graph, name: &str, shape: [usize; 4]| {
            let data = normal(&mut rng, 1.0, shape.iter().product());
            feeds.insert(name.to_owned(), Feed::Floats(Tensor::new(&shape, data)));
            g.input(name, &shape)
        };
        let dy = input(&mut g, "dy", [pictures, to, layer.side_out(), layer.side_out()]);
        let result = match what {
            What::ByKernel(form) => {
                let x = input(&mut g, "x", [pictures, from, side, side]);
                g.conv_kernel_gradient_by(form, x, dy, [kernel; 2], layer.conv())
            }
            What::ByPictures(form) => {
                let w = input(&mut g, "w", [to, from, kernel, kernel]);
                g.conv_input_gradient_by(form, dy, w, [side; 2], layer.conv())
            }
        };
        let corner = corner(&mut g, result);
        let mut forward = Forward::new(&g.to_model(&[("corner", corner)], Weights::Fed), Device::Cpu { threads: 1 })?;
        forward.hold(&feeds)?;
        Ok(Self { name, used, forward, times: Vec::new() })
    }

    /// Computes the derivative once.
    ///
    /// # Errors
    /// If the session fails.
    pub fn run(&mut self) -> Result<(), RunError> {
        self.forward.run(&Feeds::new())?;
        Ok(())
    }

    fn done(mut self) -> Form {
        Form { form: self.name, milliseconds: median(&mut self.times), used: self.used }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_layer_is_timed_and_one_of_each_kind_is_used() {
        for stride in [1, 2] {
            let speed = measure(Layer::new(2, 4, 6, 8, 3, stride), 1, None).unwrap();
            for forms in [&speed.by_kernel, &speed.by_pictures] {
                assert_eq!(forms.iter().filter(|f| f.used).count(), 1, "{speed:?}");
                assert!(forms.iter().all(|f| f.milliseconds > 0.0), "{speed:?}");
            }
            assert_eq!(speed.by_kernel.len(), if stride == 1 { 4 } else { 2 });
            let side = 8 / stride;
            assert_eq!(speed.giga_operations * 1e9, (2 * 2 * 6 * side * side * 4 * 9) as f64);
        }
    }
}
