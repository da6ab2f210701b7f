//! Looking at pictures as the losses do, and painting them: for measuring.

use super::loss::CONTENT;
use super::styles::{NAMES, Targets};
use crate::model::onnx::ModelProto;
use crate::train::graph::{Graph, Weights};
use crate::train::nets::vgg::Vgg;
use crate::train::program::{Device, Feed, Feeds, Forward, ProgramError};
use crate::train::tensor::Tensor;

/// An exported network that is ready to paint.
pub struct Painter {
    forward: Forward,
    styles: usize,
}

impl Painter {
    /// Opens a session.
    ///
    /// # Errors
    /// If ONNX Runtime is missing or refuses the network.
    pub fn new(model: &ModelProto, styles: usize, device: Device) -> Result<Self, ProgramError> {
        Ok(Self { forward: Forward::new(model, device)?, styles })
    }

    /// The shares of one style alone.
    pub fn only(&self, style: usize) -> Vec<f32> {
        (0..self.styles).map(|i| if i == style { 1.0 } else { 0.0 }).collect()
    }

    /// `picture`, `(3, side, side)` in −1 … 1, repainted.
    ///
    /// # Errors
    /// If a size does not fit or ONNX Runtime fails.
    pub fn paint(&mut self, picture: &[f32], side: usize, style: &[f32]) -> Result<Vec<f32>, ProgramError> {
        let picture = Tensor::new(&[1, 3, side, side], picture.to_vec());
        let style = Tensor::new(&[1, self.styles], style.to_vec());
        let feeds = Feeds::from([("picture".into(), Feed::Floats(picture)), ("style".into(), Feed::Floats(style))]);
        let mut found = self.forward.run(&feeds)?;
        found.remove("painted").map(|t| t.data).ok_or_else(|| ProgramError::Ort("no output painted".into()))
    }
}

/// What the frozen network sees in a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    content: Vec<f32>,
    grams: [Vec<f32>; 4],
}

/// The frozen network, looking at pictures of one size.
pub struct Eye {
    forward: Forward,
    side: usize,
    targets: Targets,
}

impl Eye {
    /// For pictures of `side` pixels, a multiple of 8.
    ///
    /// # Errors
    /// If ONNX Runtime is missing or fails.
    pub fn new(vgg: &Vgg, side: usize, targets: Targets, device: Device) -> Result<Self, ProgramError> {
        let mut g = Graph::new();
        let picture = g.input("picture", &[1, 3, side, side]);
        let features = vgg.features(&mut g, picture);
        let grams = features.map(|f| g.gram(f));
        let mut outputs = vec![("content", features[CONTENT])];
        outputs.extend(NAMES.into_iter().zip(grams));
        Ok(Self { forward: Forward::new(&g.to_model(&outputs, Weights::Fed), device)?, side, targets })
    }

    /// Looks at a picture, `(3, side, side)` in −1 … 1.
    ///
    /// # Errors
    /// If ONNX Runtime fails.
    pub fn look(&mut self, picture: &[f32]) -> Result<Seen, ProgramError> {
        let picture = Tensor::new(&[1, 3, self.side, self.side], picture.to_vec());
        let mut found = self.forward.run(&Feeds::from([("picture".into(), Feed::Floats(picture))]))?;
        let mut take = |name: &str| found.remove(name).map(|t| t.data).unwrap_or_default();
        Ok(Seen { content: take("content"), grams: NAMES.map(&mut take) })
    }

    /// The squared distance of the content's features as a share of their squared size: 0 for the content itself.
    pub fn content_loss(&self, painted: &Seen, content: &Seen) -> f64 {
        share(&painted.content, &content.content)
    }

    /// The squared distance of the Gram matrices from those of `style` as a share of their squared size, the mean over depths: 0 for
    /// the style itself.
    ///
    /// # Panics
    /// If there is no such style.
    pub fn style_loss(&self, painted: &Seen, style: usize) -> f64 {
        let depths = painted.grams.iter().zip(&self.targets.grams).map(|(gram, table)| {
            let width = table.shape[1];
            share(gram, &table.data[style * width..(style + 1) * width])
        });
        depths.sum::<f64>() / 4.0
    }
}

fn share(found: &[f32], wanted: &[f32]) -> f64 {
    let distance: f64 = found.iter().zip(wanted).map(|(a, b)| f64::from(a - b).powi(2)).sum();
    let size: f64 = wanted.iter().map(|b| f64::from(*b).powi(2)).sum();
    distance / size.max(1e-12)
}
