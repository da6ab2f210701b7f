//! Training: what a step is, what it is fed with, and how far it has come.

use super::evaluate::{mean_psnr, reduced};
use super::export::{network, performing_weights};
use super::filter::{Filter, resample};
use super::network::{self, enlarge};
use super::{Shape, patches};
use crate::train::graph::{Graph, Var};
use crate::train::history::Examples;
use crate::train::nets::efficientnet::EfficientNet;
use crate::train::pictures::dataset::{Dataset, Split};
use crate::train::pictures::sheet::{self, Layout};
use crate::train::program::{Device, Feed, Feeds, Forward};
use crate::train::run::{self, Batch, Rates, RunError};
use crate::train::step::{Adam, Objective, Step};
use crate::train::tensor::{Tensor, Tensors};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// How the distance of pixels is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum PixelLoss {
    /// Mean of |d|.
    L1,
    /// Mean of √(d² + ε²), a smooth |d| (Charbonnier et al. 1994).
    Charbonnier,
}

/// ε of the Charbonnier loss; black to white is 2.
const EPSILON: f32 = 4e-3;
/// Weight of the picture twice as large beside the one four times as large.
const TWICE: f32 = 0.5;

/// Settings of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The network.
    pub shape: Shape,
    /// Patches in a batch.
    pub batch: usize,
    /// Side of the small patches in pixels: a multiple of 8.
    pub patch: usize,
    /// Distance of pixels.
    pub loss: PixelLoss,
    /// Weight of the distance of features that EfficientNet-Lite0 sees at strides 4 and 8, beside that of pixels; 0 for none.
    pub perceptual: f64,
    /// Highest learning rate.
    pub rate: f64,
    /// Seed of data and harm.
    pub seed: u64,
}

/// The training of an upscaler.
pub struct Task {
    settings: Settings,
    /// Pictures of four times the patch's side.
    dataset: Arc<Dataset>,
    features: Option<EfficientNet>,
    device: Device,
}

impl Task {
    /// A training on pictures whose side is four times that of a patch.
    ///
    /// # Errors
    /// [`RunError::Data`] where sides do not fit, a split is empty, or the perceptual loss lacks its network.
    pub fn new(
        settings: Settings,
        dataset: Arc<Dataset>,
        features: Option<EfficientNet>,
        device: Device,
    ) -> Result<Self, RunError> {
        let refuse = |reason: String| Err(RunError::Data(reason));
        let (side, patch) = (dataset.options().size, settings.patch);
        if patch == 0 || !patch.is_multiple_of(8) || side != 4 * patch {
            return refuse(format!(
                "patches of {patch} pixels from pictures of {side}: multiples of 8 from four times as much are needed"
            ));
        }
        for split in [Split::Train, Split::HeldOut] {
            if dataset.count(split) == 0 {
                return refuse(format!("no pictures in the split {split:?}: more pictures are needed"));
            }
        }
        if settings.perceptual > 0.0 && features.is_none() {
            return refuse("a perceptual loss needs the weights of EfficientNet-Lite0".into());
        }
        Ok(Self { settings, dataset, features, device })
    }

    fn pixels(&self, g: &mut Graph, a: Var, b: Var) -> Var {
        match self.settings.loss {
            PixelLoss::L1 => g.l1_loss(a, b),
            PixelLoss::Charbonnier => {
                let d = g.sub(a, b);
                let d = g.square(d);
                let d = g.add_scalar(d, EPSILON * EPSILON);
                let d = g.sqrt(d);
                g.mean_all(d)
            }
        }
    }

    /// Mean over two scales of the features' distance, as a part of their size.
    fn perceived(&self, g: &mut Graph, features: &EfficientNet, a: Var, b: Var) -> Var {
        let (a, b) = (features.features(g, a), features.features(g, b));
        let mut sum = g.scalar(0.0);
        for (a, b) in a.into_iter().zip(b).take(2) {
            let distance = g.l1_loss(a, b);
            let size = g.abs(b);
            let size = g.mean_all(size);
            let share = g.div(distance, size);
            sum = g.add(sum, share);
        }
        g.scale(sum, 0.5)
    }
}

impl run::Task for Task {
    fn steps(&self) -> Vec<Step> {
        let Settings { shape, batch, patch, perceptual, .. } = &self.settings;
        let mut g = Graph::new();
        let picture = |g: &mut Graph, name: &str, side: usize| g.input(name, &[*batch, 3, side, side]);
        let small = picture(&mut g, "small", *patch);
        let [middle, large] = [picture(&mut g, "middle", 2 * patch), picture(&mut g, "large", 4 * patch)];
        let [twice, four_times] = enlarge(&mut g, shape, small);
        let at_four = self.pixels(&mut g, four_times, large);
        let at_two = self.pixels(&mut g, twice, middle);
        let at_two_weighted = g.scale(at_two, TWICE);
        let mut loss = g.add(at_four, at_two_weighted);
        let mut metrics = vec![("pixels/x2", at_two), ("pixels/x4", at_four)];
        if let (Some(features), true) = (&self.features, *perceptual > 0.0) {
            let perceived = self.perceived(&mut g, features, four_times, large);
            metrics.push(("perceived/x4", perceived));
            let perceived = g.scale(perceived, *perceptual as f32);
            loss = g.add(loss, perceived);
        }
        let objective = Objective { name: "u".into(), loss, prefix: network::PREFIX.into(), adam: Adam::default() };
        vec![Step::new(g, &[objective], &metrics)]
    }

    fn batch(&self, step: u64) -> Batch {
        let Settings { batch: n, patch, seed, .. } = self.settings;
        let side = 4 * patch;
        let large = self.dataset.batch_or_grey(seed, step, n).data;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(step);
        let small =
            large.chunks_exact(3 * side * side).flat_map(|p| patches::small(p, side, patch, &mut rng)).collect();
        let middle = resample(&large, side, side / 2, Filter::CatmullRom);
        let feed = |side: usize, data| Feed::Floats(Tensor::new(&[n, 3, side, side], data));
        let feeds = Feeds::from([
            ("small".to_owned(), feed(patch, small)),
            ("middle".to_owned(), feed(side / 2, middle)),
            ("large".to_owned(), feed(side, large)),
        ]);
        Batch { program: 0, feeds, examples: n }
    }

    fn objectives(&self) -> Vec<Rates> {
        let peak = self.settings.rate;
        let (beta1, beta2) = (0.9, 0.999);
        vec![Rates { objective: "u".into(), peak, warm_up: 50, end: 0.02, beta1, beta2, average: Some(0.995) }]
    }

    fn settings(&self) -> serde_json::Value {
        let mut settings = json!(self.settings);
        settings["folders"] = self.dataset.said_of_folders();
        settings
    }

    fn about_data(&self) -> Vec<(String, String)> {
        self.dataset.about("flipped and cropped, made smaller and harmed for the network")
    }

    fn examples(&self) -> Option<Examples> {
        Some(self.dataset.examples(ENOUGH))
    }

    fn fingerprint(&self) -> Option<u64> {
        Some(self.dataset.fingerprint())
    }

    /// Writes a sheet (small, Catmull–Rom, the network, the original) and tells the peak signal-to-noise ratios on held-out pictures.
    fn validate(&self, state: &Tensors, folder: &Path, step: u64) -> Result<BTreeMap<String, f64>, RunError> {
        let (side, patch) = (4 * self.settings.patch, self.settings.patch);
        let large = self.dataset.centres(Split::HeldOut, 0, MEASURED).map_err(|e| RunError::Data(e.to_string()))?.data;
        let small = reduced(&large, side, patch);
        let mut forward = Forward::new(&network(&self.settings.shape, &performing_weights(state)), self.device)?;
        let one = 3 * patch * patch;
        let mut ours = Vec::with_capacity(large.len());
        for picture in small.chunks_exact(one) {
            let feed = Feed::Floats(Tensor::new(&[1, 3, patch, patch], picture.to_vec()));
            ours.extend_from_slice(&forward.run(&Feeds::from([("picture".to_owned(), feed)]))?["x4"].data);
        }
        ours.iter_mut().for_each(|v| *v = v.clamp(-1.0, 1.0));
        let plain = resample(&small, patch, side, Filter::CatmullRom);
        let nearest = |p: &[f32]| sheet::from_planes(p, patch);
        let shown = |p: &[f32], i: usize| sheet::from_planes(&p[i * 3 * side * side..(i + 1) * 3 * side * side], side);
        let cells: Vec<_> = small
            .chunks_exact(one)
            .take(SHOWN)
            .enumerate()
            .flat_map(|(i, p)| [nearest(p), shown(&plain, i), shown(&ours, i), shown(&large, i)])
            .collect();
        let page = sheet::sheet(&cells, Layout { columns: 8, ..Layout::for_count(cells.len(), side as u32) });
        run::save_samples(&page, folder, step)?;
        let each = 3 * side * side;
        Ok(BTreeMap::from([
            ("psnr".to_owned(), mean_psnr(&ours, &large, each)),
            ("psnr_catmull_rom".to_owned(), mean_psnr(&plain, &large, each)),
        ]))
    }
}

/// Held-out pictures that figures are taken on, and those of them on a sheet.
const MEASURED: usize = 48;
const SHOWN: usize = 16;

/// With fewer pictures, it is their textures that are learnt.
const ENOUGH: usize = 30;
