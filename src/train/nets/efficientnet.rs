//! EfficientNet-Lite0 (Tan & Le 2019; the Lite variant has no squeeze-and-excitation and ReLU6 instead of swish), frozen:
//! what it sees in pictures tells real from painted ones and measures how near they are.
//!
//! Batch normalisation is folded into the convolutions when the weights are read. Used in training only; nothing of it
//! goes into an exported model.

use super::frozen::{Error, shaped};
use crate::train::graph::{Graph, Var};
use crate::train::ops::Conv;
use crate::train::pictures::torch;
use crate::train::tensor::{Tensor, Tensors};
use std::collections::BTreeMap;
use std::path::Path;

/// A row of the architecture: kernel, stride of the first block, expansion, channels, blocks.
const STAGES: [(usize, usize, usize, usize, usize); 7] = [
    (3, 1, 1, 16, 1),
    (3, 2, 6, 24, 2),
    (5, 2, 6, 40, 2),
    (3, 2, 6, 80, 3),
    (5, 1, 6, 112, 3),
    (5, 2, 6, 192, 4),
    (3, 1, 6, 320, 1),
];
/// Stages whose output is a feature: at strides 4, 8, 16 and 32.
const TAPS: [usize; 4] = [1, 2, 4, 6];
const STEM: usize = 32;
const EPSILON: f32 = 1e-3;

/// Channels of the four features.
pub const CHANNELS: [usize; 4] = [24, 40, 112, 320];

struct Layer {
    weight: Tensor,
    /// `(1, O, 1, 1)`
    bias: Tensor,
}

/// The frozen network.
pub struct EfficientNet {
    layers: BTreeMap<String, Layer>,
}

impl EfficientNet {
    /// Reads a PyTorch weight file.
    ///
    /// # Errors
    /// If the file cannot be read or is that of another network.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let tensors = torch::read_state_dict(path)?;
        let file = path.display().to_string();
        let mut layers = BTreeMap::new();
        for (conv, norm, shape) in plan() {
            let layer = fold(&tensors, &file, &conv, &norm, &shape)?;
            layers.insert(conv, layer);
        }
        Ok(Self { layers })
    }

    /// The network with weights drawn from `seed`: for tests of what is built on it.
    pub fn random(seed: u64) -> Self {
        use crate::train::graph::Init;
        let layers = plan().into_iter().map(|(conv, _, shape)| {
            let fan_in = shape[1] * shape[2] * shape[3];
            let init = Init::Normal((2.0 / fan_in as f32).sqrt());
            let weight = crate::train::step::draw(&init, &conv, &shape, seed);
            let bias = Tensor::zeros(&[1, shape[0], 1, 1]);
            (conv, Layer { weight, bias })
        });
        Self { layers: layers.collect() }
    }

    /// Features of pictures `(N, 3, S, S)` in −1 … 1, `S` a multiple of 32: at strides 4, 8, 16 and 32, with [`CHANNELS`].
    pub fn features(&self, g: &mut Graph, pictures: Var) -> [Var; 4] {
        // The network was trained on (byte − 127) / 128.
        let x = g.scale(pictures, 127.5 / 128.0);
        let x = g.add_scalar(x, 0.5 / 128.0);
        let x = self.conv(g, "_conv_stem", x, 2, 1);
        let mut x = g.clip(x, 0.0, 6.0);
        let mut found = Vec::new();
        for block in blocks() {
            let name = |part: &str| format!("_blocks.{}.{part}", block.number);
            let mut y = x;
            if block.expansion > 1 {
                y = self.conv(g, &name("_expand_conv"), y, 1, 1);
                y = g.clip(y, 0.0, 6.0);
            }
            let groups = g.shape(y)[1];
            y = self.conv(g, &name("_depthwise_conv"), y, block.stride, groups);
            y = g.clip(y, 0.0, 6.0);
            y = self.conv(g, &name("_project_conv"), y, 1, 1);
            x = if block.stride == 1 && block.from == block.to { g.add(y, x) } else { y };
            if block.last_of.is_some_and(|stage| TAPS.contains(&stage)) {
                found.push(x);
            }
        }
        [found[0], found[1], found[2], found[3]]
    }

    /// The features at stride 32 averaged over the picture: `(N, 320)`.
    pub fn pooled(&self, g: &mut Graph, pictures: Var) -> Var {
        let last = self.features(g, pictures)[3];
        g.mean(last, &[2, 3], false)
    }

    fn conv(&self, g: &mut Graph, name: &str, x: Var, stride: usize, groups: usize) -> Var {
        let layer = &self.layers[name];
        let side = g.shape(x)[2];
        let k = layer.weight.shape[2];
        // "Same" padding: what is missing on both sides together, the odd pixel after.
        let missing = ((side.div_ceil(stride) - 1) * stride + k).saturating_sub(side);
        let (before, after) = (missing / 2, missing - missing / 2);
        let conv = Conv { stride, pads: [before, before, after, after], dilation: 1, groups };
        let (w, b) = (g.constant(&layer.weight), g.constant(&layer.bias));
        let y = g.conv(x, w, conv);
        g.add(y, b)
    }
}

struct Block {
    number: usize,
    stride: usize,
    expansion: usize,
    kernel: usize,
    from: usize,
    to: usize,
    /// The stage that this block ends.
    last_of: Option<usize>,
}

fn blocks() -> Vec<Block> {
    let mut list = Vec::new();
    let mut from = STEM;
    for (stage, (kernel, first_stride, expansion, to, count)) in STAGES.into_iter().enumerate() {
        for i in 0..count {
            let stride = if i == 0 { first_stride } else { 1 };
            let last_of = (i + 1 == count).then_some(stage);
            list.push(Block { number: list.len(), stride, expansion, kernel, from, to, last_of });
            from = to;
        }
    }
    list
}

/// Name of each convolution, that of the normalisation after it, and the kernel's shape.
fn plan() -> Vec<(String, String, Vec<usize>)> {
    let mut list = vec![("_conv_stem".to_owned(), "_bn0".to_owned(), vec![STEM, 3, 3, 3])];
    for b in blocks() {
        let name = |part: &str| format!("_blocks.{}.{part}", b.number);
        let wide = b.from * b.expansion;
        if b.expansion > 1 {
            list.push((name("_expand_conv"), name("_bn0"), vec![wide, b.from, 1, 1]));
        }
        list.push((name("_depthwise_conv"), name("_bn1"), vec![wide, 1, b.kernel, b.kernel]));
        list.push((name("_project_conv"), name("_bn2"), vec![b.to, wide, 1, 1]));
    }
    list
}

/// w' = w·γ/√(v + ε), b' = β − m·γ/√(v + ε)
fn fold(tensors: &Tensors, file: &str, conv: &str, norm: &str, shape: &[usize]) -> Result<Layer, Error> {
    let get = |name: String, expected: &[usize]| shaped(tensors, file, &name, expected).map(|t| &t.data);
    let out = [shape[0]];
    let weight = get(format!("{conv}.weight"), shape)?;
    let gain = get(format!("{norm}.weight"), &out)?;
    let bias = get(format!("{norm}.bias"), &out)?;
    let mean = get(format!("{norm}.running_mean"), &out)?;
    let variance = get(format!("{norm}.running_var"), &out)?;
    let factors: Vec<f32> = gain.iter().zip(variance).map(|(g, v)| g / (v + EPSILON).sqrt()).collect();
    let each = weight.len() / shape[0];
    let weight = weight.iter().enumerate().map(|(i, w)| w * factors[i / each]).collect();
    let bias = (0..shape[0]).map(|o| bias[o] - mean[o] * factors[o]).collect();
    Ok(Layer { weight: Tensor::new(shape, weight), bias: Tensor::new(&[1, shape[0], 1, 1], bias) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::graph::Weights;
    use crate::train::program::{Device, Feed, Feeds, Forward};
    use crate::train::step::normal;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    /// A map of one picture: channels × side × side.
    struct Map {
        channels: usize,
        side: usize,
        data: Vec<f64>,
    }

    impl Map {
        fn at(&self, c: usize, y: isize, x: isize) -> f64 {
            let inside = |v: isize| (0..self.side as isize).contains(&v);
            if inside(y) && inside(x) { self.data[(c * self.side + y as usize) * self.side + x as usize] } else { 0.0 }
        }
    }

    /// Convolution by its definition, with TensorFlow's "same" padding: ⌈side / stride⌉ outputs, the odd zero after.
    fn plain(layer: &Layer, x: &Map, stride: usize, depthwise: bool) -> Map {
        let [out, ci, k, _] = layer.weight.shape[..] else { panic!("a kernel has four axes") };
        let side = x.side.div_ceil(stride);
        let before = ((side - 1) * stride + k).saturating_sub(x.side) / 2;
        let mut data = Vec::with_capacity(out * side * side);
        for o in 0..out {
            for y in 0..side {
                for column in 0..side {
                    let mut sum = f64::from(layer.bias.data[o]);
                    for i in 0..ci {
                        for ky in 0..k {
                            for kx in 0..k {
                                let w = f64::from(layer.weight.data[((o * ci + i) * k + ky) * k + kx]);
                                let row = (y * stride + ky) as isize - before as isize;
                                let col = (column * stride + kx) as isize - before as isize;
                                sum += w * x.at(if depthwise { o } else { i }, row, col);
                            }
                        }
                    }
                    data.push(sum);
                }
            }
        }
        Map { channels: out, side, data }
    }

    fn held(mut x: Map) -> Map {
        x.data.iter_mut().for_each(|v| *v = v.clamp(0.0, 6.0));
        x
    }

    #[test]
    fn features_are_those_of_the_architecture_written_out() {
        let seed = 5;
        let network = EfficientNet::random(seed);
        let picture = normal(&mut ChaCha8Rng::seed_from_u64(seed), 0.5, 3 * 32 * 32);
        let layer = |name: String| &network.layers[&name];
        let data = picture.iter().map(|&v| (f64::from(v) * 127.5 + 127.5 - 127.0) / 128.0).collect();
        let mut x = held(plain(layer("_conv_stem".into()), &Map { channels: 3, side: 32, data }, 2, false));
        // Blocks as (stride, expansion, channels), one after another; features follow blocks 2, 4, 10 and 15.
        let blocks = [
            (1, 1, 16),
            (2, 6, 24),
            (1, 6, 24),
            (2, 6, 40),
            (1, 6, 40),
            (2, 6, 80),
            (1, 6, 80),
            (1, 6, 80),
            (1, 6, 112),
            (1, 6, 112),
            (1, 6, 112),
            (2, 6, 192),
            (1, 6, 192),
            (1, 6, 192),
            (1, 6, 192),
            (1, 6, 320),
        ];
        let mut expected = Vec::new();
        for (i, (stride, expansion, channels)) in blocks.into_iter().enumerate() {
            let from = x.channels;
            let mut y = Map { channels: from, side: x.side, data: x.data.clone() };
            if expansion > 1 {
                y = held(plain(layer(format!("_blocks.{i}._expand_conv")), &y, 1, false));
                assert_eq!(y.channels, from * expansion);
            }
            y = held(plain(layer(format!("_blocks.{i}._depthwise_conv")), &y, stride, true));
            y = plain(layer(format!("_blocks.{i}._project_conv")), &y, 1, false);
            assert_eq!(y.channels, channels, "block {i}");
            if stride == 1 && from == channels {
                y.data.iter_mut().zip(&x.data).for_each(|(y, x)| *y += x);
            }
            x = y;
            if [2, 4, 10, 15].contains(&i) {
                expected.push(x.data.clone());
            }
        }

        let mut g = Graph::new();
        let pictures = g.input("pictures", &[1, 3, 32, 32]);
        let found = network.features(&mut g, pictures);
        let names = ["0", "1", "2", "3"];
        let outputs: Vec<(&str, Var)> = names.into_iter().zip(found).collect();
        let mut forward = Forward::new(&g.to_model(&outputs, Weights::Fed), Device::Cpu { threads: 1 }).unwrap();
        let feed = Feed::Floats(Tensor::new(&[1, 3, 32, 32], picture));
        let found = forward.run(&Feeds::from([("pictures".to_owned(), feed)])).unwrap();
        for ((name, expected), channels) in names.into_iter().zip(expected).zip(CHANNELS) {
            let t = &found[name];
            assert_eq!(t.shape[1], channels);
            let size = expected.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
            assert!(size > 1e-3, "feature {name} is dead, seed {seed}");
            for (a, b) in t.data.iter().zip(&expected) {
                assert!(
                    (f64::from(*a) - b).abs() < 1e-4 * size.max(1.0),
                    "feature {name}: {a} against {b}, seed {seed}"
                );
            }
        }
    }

    /// The sum of all features, weighted at random, along the line picture + t·direction.
    #[test]
    fn gradients_by_the_picture_are_the_slopes_of_the_features() {
        let seed = 11;
        let network = EfficientNet::random(seed);
        let shape = [1, 3, 64, 64];
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let mut g = Graph::new();
        let pictures = g.input("pictures", &shape);
        let mut total = g.scalar(0.0);
        for found in network.features(&mut g, pictures) {
            let shape = g.shape(found).to_vec();
            let weights = g.constant(&Tensor::new(&shape, normal(&mut rng, 1.0, shape.iter().product())));
            let weighted = g.mul(found, weights);
            let sum = g.mean_all(weighted);
            total = g.add(total, sum);
        }
        let gradient = g.gradients(total, &[pictures])[0];
        let outputs = [("total", total), ("gradient", gradient)];
        let mut forward = Forward::new(&g.to_model(&outputs, Weights::Fed), Device::Cpu { threads: 1 }).unwrap();
        let mut run = |data: Vec<f32>| {
            let feed = Feed::Floats(Tensor::new(&shape, data));
            let found = forward.run(&Feeds::from([("pictures".to_owned(), feed)])).unwrap();
            (f64::from(found["total"].data[0]), found["gradient"].data.clone())
        };
        let picture = normal(&mut rng, 0.5, 3 * 64 * 64);
        let (_, gradient) = run(picture.clone());
        let length = gradient.iter().map(|v| f64::from(*v).powi(2)).sum::<f64>().sqrt();
        assert!(length > 0.0, "seed {seed}");
        let step = 0.002;
        let moved = |sign: f64| {
            let to = picture.iter().zip(&gradient).map(|(p, d)| p + (sign * step / length * f64::from(*d)) as f32);
            to.collect::<Vec<f32>>()
        };
        let slope = (run(moved(1.0)).0 - run(moved(-1.0)).0) / (2.0 * step);
        // Features bend at 0 and 6, so that the slope over a line is near the one at its middle, not the same.
        assert!((slope / length - 1.0).abs() < 0.05, "slope {slope}, gradient {length}, seed {seed}");
    }

    #[test]
    fn a_file_of_another_network_is_refused_with_the_name_of_what_is_missing() {
        let error = fold(&BTreeMap::new(), "file.pth", "_conv_stem", "_bn0", &[32, 3, 3, 3]).err().unwrap();
        assert_eq!(error.to_string(), "file.pth: tensor _conv_stem.weight is missing, expected shape [32, 3, 3, 3]");
    }
}
