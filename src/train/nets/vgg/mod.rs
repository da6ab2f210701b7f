//! The first convolutions of VGG19 (Simonyan & Zisserman 2015), frozen: what they see in pictures is the measure of content
//! and style (Gatys et al. 2016).
//!
//! Weights come with 256 values a layer: a table, and a place in it for each weight. Used in training and measuring only; nothing of
//! them goes into an exported model.

use super::frozen::{Error, shaped, wrong};
use crate::train::graph::{Graph, Init, Var};
use crate::train::ops::Conv;
use crate::train::pictures::torch;
use crate::train::step::draw;
use crate::train::tensor::{Tensor, Tensors};
use std::path::Path;

/// Convolutions up to the last that is looked at: block, number in the block, channels in and out.
const LAYERS: [(usize, usize, usize, usize); 9] = [
    (1, 1, 3, 64),
    (1, 2, 64, 64),
    (2, 1, 64, 128),
    (2, 2, 128, 128),
    (3, 1, 128, 256),
    (3, 2, 256, 256),
    (3, 3, 256, 256),
    (3, 4, 256, 256),
    (4, 1, 256, 512),
];

/// Means of red, green and blue that the network was trained with, in bytes.
const MEANS: [f32; 3] = [123.68, 116.779, 103.939];

struct Layer {
    weight: Tensor,
    /// `(1, O, 1, 1)`
    bias: Tensor,
}

/// The frozen network.
pub struct Vgg {
    layers: Vec<Layer>,
}

impl Vgg {
    /// Reads a PyTorch file with the tensors `blockB_convN_W_q` (places in the table), `blockB_convN_W_table` and
    /// `blockB_convN_b`, for pictures of blue, green and red as Caffe read them.
    ///
    /// # Errors
    /// If the file cannot be read or is that of another network.
    pub fn read(path: &Path) -> Result<Self, Error> {
        Self::from_tensors(&torch::read_state_dict(path)?, &path.display().to_string())
    }

    fn from_tensors(tensors: &Tensors, file: &str) -> Result<Self, Error> {
        let layers = LAYERS.iter().map(|&(block, number, from, to)| {
            let name = format!("block{block}_conv{number}");
            let places = shaped(tensors, file, &format!("{name}_W_q"), &[to, from, 3, 3])?;
            let table_name = format!("{name}_W_table");
            let table = tensors.get(&table_name).filter(|t| t.shape.len() == 1);
            let table = &table.ok_or_else(|| wrong(tensors, file, &table_name, &[256]))?.data;
            let bias = shaped(tensors, file, &format!("{name}_b"), &[to])?;
            let look_up = |&place: &f32| {
                // A negative or huge place saturates and is then not in the table.
                let found = (place >= 0.0).then(|| table.get(place as usize)).flatten();
                let beyond = || Error::Place {
                    file: file.to_owned(),
                    name: format!("{name}_W_q"),
                    found: place,
                    length: table.len(),
                };
                found.copied().ok_or_else(beyond)
            };
            let mut weight = places.data.iter().map(look_up).collect::<Result<Vec<f32>, Error>>()?;
            if from == 3 {
                // From blue, green, red to red, green, blue.
                weight.chunks_exact_mut(27).for_each(|kernel| {
                    let (blue, rest) = kernel.split_at_mut(9);
                    blue.swap_with_slice(&mut rest[9..]);
                });
            }
            let bias = Tensor::new(&[1, to, 1, 1], bias.data.clone());
            Ok(Layer { weight: Tensor::new(&[to, from, 3, 3], weight), bias })
        });
        Ok(Self { layers: layers.collect::<Result<_, Error>>()? })
    }

    /// The network with weights drawn from `seed`: for tests of what is built on it.
    pub fn random(seed: u64) -> Self {
        let layers = LAYERS.iter().map(|&(block, number, from, to)| {
            let init = Init::Normal((2.0 / (9 * from) as f32).sqrt());
            let weight = draw(&init, &format!("block{block}_conv{number}"), &[to, from, 3, 3], seed);
            Layer { weight, bias: Tensor::zeros(&[1, to, 1, 1]) }
        });
        Self { layers: layers.collect() }
    }

    /// Features of pictures `(N, 3, H, W)` in −1 … 1, sides multiples of 8: after the first activation of blocks 1 to 4, with
    /// 64, 128, 256 and 512 channels and at strides 1, 2, 4 and 8.
    ///
    /// Between blocks the mean of 2×2 pixels is taken in place of the largest, as Gatys et al. 2016 (section 2) advise for making pictures.
    pub fn features(&self, g: &mut Graph, pictures: Var) -> [Var; 4] {
        let offset = g.constant(&Tensor::new(&[1, 3, 1, 1], MEANS.map(|mean| 127.5 - mean).to_vec()));
        let x = g.scale(pictures, 127.5);
        let mut x = g.add(x, offset);
        let mut found = Vec::with_capacity(4);
        for (layer, &(block, number, ..)) in self.layers.iter().zip(&LAYERS) {
            if number == 1 && block > 1 {
                x = g.average_pool(x);
            }
            let (w, b) = (g.constant(&layer.weight), g.constant(&layer.bias));
            let y = g.conv(x, w, Conv::same(3));
            let y = g.add(y, b);
            x = g.relu(y);
            if number == 1 {
                found.push(x);
            }
        }
        [found[0], found[1], found[2], found[3]]
    }
}

#[cfg(test)]
mod tests;
