//! Training: what a step is, what it is fed with, and how far it has come.

use super::evaluate::Painter;
use super::export::performing_weights;
use super::loss::{CONTENT, Weighting, content_loss, style_loss, variation};
use super::network::{self, repaint};
use super::styles::Targets;
use super::{Shape, export};
use crate::train::fingerprint::Fingerprint;
use crate::train::graph::{Graph, Var, Weights};
use crate::train::history::Examples;
use crate::train::nets::vgg::Vgg;
use crate::train::pictures::dataset::{self, Dataset, Split};
use crate::train::pictures::sheet::{self, Layout};
use crate::train::program::{Device, Feed, Feeds, Forward};
use crate::train::run::{self, Batch, Rates, RunError};
use crate::train::step::{Adam, Objective, Step};
use crate::train::tensor::{Tensor, Tensors};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Settings of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The network.
    pub shape: Shape,
    /// Pictures in a batch.
    pub batch: usize,
    /// Side of the pieces of pictures that are learnt from, in pixels: a multiple of 8.
    pub crop: usize,
    /// Highest learning rate.
    pub rate: f64,
    /// How much content and style count.
    pub weighting: Weighting,
    /// Memory of the running average of the weights, as its decay a step.
    pub average: f64,
    /// Side that the styles' pictures are seen at, in pixels.
    pub style_side: usize,
    /// Part cut off each edge of the styles' pictures.
    pub style_edge: f32,
    /// Seed of everything random.
    pub seed: u64,
}

/// The training of a style transfer.
pub struct Task {
    settings: Settings,
    dataset: Arc<Dataset>,
    vgg: Vgg,
    targets: Targets,
    /// Pictures `(N, 3, S, S)` that samples are painted from.
    shown: Tensor,
    device: Device,
}

impl Task {
    /// A training on pieces of the pictures of `dataset`, whose size is the crop; samples are painted from `shown`.
    ///
    /// # Errors
    /// [`RunError::Data`] where settings, styles and data do not fit together.
    pub fn new(
        settings: Settings,
        dataset: Arc<Dataset>,
        vgg: Vgg,
        targets: Targets,
        shown: Tensor,
        device: Device,
    ) -> Result<Self, RunError> {
        let wrong = |text: String| Err(RunError::Data(text));
        let (styles, size) = (settings.shape.styles, dataset.options().size);
        if targets.count() != styles {
            return wrong(format!("a network of {styles} styles, but {} pictures of them", targets.count()));
        }
        if size != settings.crop || size % 8 != 0 {
            return wrong(format!("pictures of {size} pixels for crops of {}, a multiple of 8", settings.crop));
        }
        Ok(Self { settings, dataset, vgg, targets, shown, device })
    }

    /// Content and style loss of `painted`.
    fn losses(&self, g: &mut Graph, painted: Var, content: Var, style: Var) -> (Var, Var) {
        let seen = self.vgg.features(g, painted);
        let wanted = self.vgg.features(g, content)[CONTENT];
        (content_loss(g, seen[CONTENT], wanted), style_loss(g, seen, style, &self.targets))
    }

    /// The style of the `n`th example of the training: all come equally often, in shuffled rounds.
    fn style_of(&self, n: u64) -> usize {
        let count = self.settings.shape.styles as u64;
        let mut rng = ChaCha8Rng::seed_from_u64(self.settings.seed);
        rng.set_stream(n / count);
        let mut order: Vec<usize> = (0..count as usize).collect();
        order.shuffle(&mut rng);
        order[(n % count) as usize]
    }

    /// Rows with a single 1.
    fn shares(&self, styles: impl ExactSizeIterator<Item = usize>) -> Tensor {
        let width = self.settings.shape.styles;
        let mut shares = Tensor::zeros(&[styles.len(), width]);
        for (row, style) in styles.enumerate() {
            shares.data[row * width + style] = 1.0;
        }
        shares
    }

    /// Held-out pieces, one for each style; training pieces where nothing was held out.
    fn held_out(&self) -> Result<Tensor, dataset::Error> {
        let split = if self.dataset.count(Split::HeldOut) > 0 { Split::HeldOut } else { Split::Train };
        let batch = self.dataset.sample(split, self.settings.seed, 0, self.settings.shape.styles)?;
        Ok(Tensor::new(&batch.shape, batch.data))
    }
}

impl run::Task for Task {
    fn steps(&self) -> Vec<Step> {
        let Settings { shape, batch, crop, weighting, .. } = &self.settings;
        let mut g = Graph::new();
        let content = g.input("content", &[*batch, 3, *crop, *crop]);
        let style = g.input("style", &[*batch, shape.styles]);
        let painted = repaint(&mut g, shape, content, style);
        let (content_share, style_share) = self.losses(&mut g, painted, content, style);
        let roughness = variation(&mut g, painted);
        let mut loss = g.scale(content_share, weighting.content);
        for (part, weight) in [(style_share, weighting.style), (roughness, weighting.variation)] {
            let part = g.scale(part, weight);
            loss = g.add(loss, part);
        }
        let objective = Objective {
            name: "s".into(),
            loss,
            prefix: network::PREFIX.into(),
            adam: Adam { clip_norm: Some(5.0), ..Adam::default() },
        };
        let metrics = [("content_loss", content_share), ("style_loss", style_share), ("variation", roughness)];
        vec![Step::new(g, &[objective], &metrics)]
    }

    fn batch(&self, step: u64) -> Batch {
        let Settings { batch: n, seed, .. } = self.settings;
        let pictures = self.dataset.batch_or_grey(seed, step, n);
        let first = step * n as u64;
        let style = self.shares((0..n).map(|i| self.style_of(first + i as u64)));
        let content = Tensor::new(&pictures.shape, pictures.data);
        let feeds = Feeds::from([("content".into(), Feed::Floats(content)), ("style".into(), Feed::Floats(style))]);
        Batch { program: 0, feeds, examples: n }
    }

    fn objectives(&self) -> Vec<Rates> {
        let Settings { rate, average, .. } = self.settings;
        let adam = Adam::default();
        let (beta1, beta2) = (f64::from(adam.beta1), f64::from(adam.beta2));
        vec![Rates { objective: "s".into(), peak: rate, warm_up: 20, end: 0.05, beta1, beta2, average: Some(average) }]
    }

    fn settings(&self) -> serde_json::Value {
        let mut settings = json!(self.settings);
        settings["folders"] = self.dataset.said_of_folders();
        settings
    }

    fn about_data(&self) -> Vec<(String, String)> {
        self.dataset.about("flipped and cropped")
    }

    fn examples(&self) -> Option<Examples> {
        Some(self.dataset.examples(ENOUGH))
    }

    fn fingerprint(&self) -> Option<u64> {
        Some(
            Fingerprint::default()
                .with_list([self.dataset.fingerprint(), self.targets.fingerprint].into_iter())
                .number(),
        )
    }

    /// Paints some pictures in all styles on a sheet, each row beginning with the picture itself, and measures content and style of
    /// held-out pieces, one in each style.
    fn validate(&self, state: &Tensors, folder: &Path, step: u64) -> Result<BTreeMap<String, f64>, RunError> {
        let shape = &self.settings.shape;
        let weights = performing_weights(state);
        let mut painter = Painter::new(&export::network(shape, &weights), shape.styles, self.device)?;
        let side = self.shown.shape[3];
        let mut cells = Vec::new();
        for content in self.shown.data.chunks_exact(3 * side * side) {
            cells.extend_from_slice(content);
            for style in 0..shape.styles {
                cells.extend(painter.paint(content, side, &painter.only(style))?);
            }
        }
        let page = sheet::sheet_of_planes(
            &cells,
            side,
            Layout { columns: shape.styles + 1, ..Layout::for_count(1, side as u32) },
        );
        run::save_samples(&page, folder, step)?;

        let content = self.held_out().map_err(|e| RunError::Data(e.to_string()))?;
        let mut g = Graph::new();
        let pictures = g.input("content", &content.shape);
        let style = g.input("style", &[shape.styles, shape.styles]);
        let painted = repaint(&mut g, shape, pictures, style);
        let (content_share, style_share) = self.losses(&mut g, painted, pictures, style);
        let outputs = [("content_loss", content_share), ("style_loss", style_share)];
        let mut forward = Forward::new(&g.to_model(&outputs, Weights::Inside(&weights)), self.device)?;
        let style = self.shares(0..shape.styles);
        let feeds = Feeds::from([("content".into(), Feed::Floats(content)), ("style".into(), Feed::Floats(style))]);
        let found = forward.run(&feeds)?;
        Ok(found.into_iter().map(|(name, t)| (name, f64::from(t.data[0]))).collect())
    }
}

/// With fewer pictures, the network learns to repaint these.
const ENOUGH: usize = 30;
