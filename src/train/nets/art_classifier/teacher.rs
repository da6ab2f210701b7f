//! What EfficientNet-Lite0 sees in pictures: the teacher's side of the distillation, and the features of the ridge baseline.

use crate::train::graph::{Graph, Weights};
use crate::train::nets::efficientnet::{CHANNELS, EfficientNet};
use crate::train::program::{Device, Feed, Feeds, Forward, ProgramError};
use crate::train::tensor::Tensor;

/// Numbers that it sees in a picture.
pub const WIDTH: usize = CHANNELS[3];

/// Pictures a call.
const BATCH: usize = 8;

/// The frozen network, ready to look at pictures of one side.
pub struct Teacher {
    forward: Forward,
    side: usize,
}

impl Teacher {
    /// A session for pictures of `side` pixels, a multiple of 32.
    ///
    /// # Errors
    /// If ONNX Runtime is missing or refuses the graph.
    pub fn new(network: &EfficientNet, side: usize, device: Device) -> Result<Self, ProgramError> {
        let mut g = Graph::new();
        let pictures = g.input("pictures", &[BATCH, 3, side, side]);
        let pooled = network.pooled(&mut g, pictures);
        let forward = Forward::new(&g.to_model(&[("pooled", pooled)], Weights::Fed), device)?;
        Ok(Self { forward, side })
    }

    /// Rows of [`WIDTH`] numbers for pictures `(N, 3, S, S)` in −1 … 1.
    ///
    /// # Errors
    /// If ONNX Runtime fails.
    pub fn see(&mut self, pictures: &[f32]) -> Result<Vec<f32>, ProgramError> {
        let one = 3 * self.side * self.side;
        let mut rows = Vec::with_capacity(pictures.len() / one * WIDTH);
        for chunk in pictures.chunks(BATCH * one) {
            let mut data = chunk.to_vec();
            // The last call is filled up with grey.
            data.resize(BATCH * one, 0.0);
            let feed = Feed::Floats(Tensor::new(&[BATCH, 3, self.side, self.side], data));
            let found = self.forward.run(&Feeds::from([("pictures".to_owned(), feed)]))?;
            rows.extend_from_slice(&found["pooled"].data[..chunk.len() / one * WIDTH]);
        }
        Ok(rows)
    }
}
