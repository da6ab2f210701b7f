//! Training: what a step is, what it is fed with, and how far it has come.

use super::discriminator::{self, Heads, Projection};
use super::evaluate::{ALARMING_SPREAD, Eye, spread};
use super::export::{network, performing_weights};
use super::{Shape, augment, generator};
use crate::train::graph::{Graph, Var, Weights};
use crate::train::history::Examples;
use crate::train::nets::efficientnet::EfficientNet;
use crate::train::ops::BatchStatistics;
use crate::train::pictures::dataset::{Dataset, Split};
use crate::train::pictures::metrics::frechet_distance;
use crate::train::pictures::sheet::{self, Layout};
use crate::train::program::{Device, Feed, Feeds, Forward};
use crate::train::random::random;
use crate::train::run::{self, Batch, Rates, RunError};
use crate::train::step::{Adam, Objective, Step, normal};
use crate::train::tensor::{Tensor, Tensors};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

/// Settings of a training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// The generator.
    pub shape: Shape,
    /// Pictures in a batch.
    pub batch: usize,
    /// Learning rate of the generator.
    pub rate: f64,
    /// Learning rate of the discriminator.
    pub discriminator_rate: f64,
    /// Deviation of the first blur in pixels, and the step at which blurring ends.
    pub blur: (f64, u64),
    /// Memory of the running average of the generator's weights, as its decay a step.
    pub average: f64,
    /// Seed of data, latent points and projections.
    pub seed: u64,
    /// The game that both networks play. Left out where it is the usual one, so that older runs go on.
    #[serde(default, skip_serializing_if = "Loss::is_default")]
    pub loss: Loss,
}

/// The losses of the two networks.
///
/// The Wasserstein loss needs a critic of bounded slope. The heads' kernels are divided by their spectral norm
/// (Miyato et al. 2018), which bounds it as far as they reach. A gradient penalty (Gulrajani et al. 2017) would need the
/// derivative of the derivative through the frozen features, twice the work of a step, and bounds it on sampled points only.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loss {
    /// Hinge (Lim & Ye 2017); the generator raises the mean judgement.
    #[default]
    Hinge,
    /// The minimax game with the generator's non-saturating loss (Goodfellow et al. 2014).
    NonSaturating,
    /// Difference of mean judgements (Arjovsky et al. 2017).
    Wasserstein,
}

impl Loss {
    fn is_default(&self) -> bool {
        *self == Self::default()
    }

    /// Losses of discriminator and generator from what a head says of real and of painted pictures.
    fn of(self, g: &mut Graph, real: Var, painted: Var) -> (Var, Var) {
        let mean = g.mean_all(painted);
        match self {
            Self::Hinge => (g.hinge_loss(real, painted), g.neg(mean)),
            Self::NonSaturating => (g.logistic_loss(real, painted), g.non_saturating_loss(painted)),
            Self::Wasserstein => (g.wasserstein_loss(real, painted), g.neg(mean)),
        }
    }
}

/// The training of an image GAN.
pub struct Task {
    settings: Settings,
    dataset: Arc<Dataset>,
    features: EfficientNet,
    projection: Projection,
    device: Device,
}

/// Pictures that the usual size of features is measured on.
const CALIBRATION: usize = 64;

impl Task {
    /// Measures the size of the features on some training pictures.
    ///
    /// # Errors
    /// If a picture cannot be read or ONNX Runtime fails.
    pub fn new(
        settings: Settings,
        dataset: Arc<Dataset>,
        features: EfficientNet,
        device: Device,
    ) -> Result<Self, RunError> {
        let side = settings.shape.size;
        let mut g = Graph::new();
        let pictures = g.input("pictures", &[CALIBRATION, 3, side, side]);
        let enlarged = enlarged(&mut g, pictures);
        let found = features.features(&mut g, enlarged);
        let deviations: Vec<Var> = found
            .into_iter()
            .map(|f| {
                let mean = g.mean(f, &[0, 2, 3], true);
                let centred = g.sub(f, mean);
                let squares = g.mul(centred, centred);
                let variance = g.mean(squares, &[0, 2, 3], false);
                g.sqrt(variance)
            })
            .collect();
        let names = ["0", "1", "2", "3"];
        let outputs: Vec<(&str, Var)> = names.into_iter().zip(deviations).collect();
        let mut forward = Forward::new(&g.to_model(&outputs, Weights::Fed), device)?;
        let batch = dataset.batch(settings.seed, 0, CALIBRATION).map_err(|e| RunError::Data(e.to_string()))?;
        let feeds = Feeds::from([("pictures".to_owned(), Feed::Floats(Tensor::new(&batch.shape, batch.data)))]);
        let found = forward.run(&feeds)?;
        let deviations = names.map(|n| found[n].data.clone());
        let projection = Projection::new(settings.seed, &deviations);
        Ok(Self { settings, dataset, features, projection, device })
    }

    fn judged(&self, g: &mut Graph, heads: &Heads, pictures: Var) -> Vec<Var> {
        let pictures = enlarged(g, pictures);
        let features = self.features.features(g, pictures);
        let mixed = self.projection.apply(g, features);
        heads.judge(g, mixed)
    }

    fn latent_points(&self, rng: &mut ChaCha8Rng, count: usize) -> Tensor {
        let latent = self.settings.shape.latent;
        Tensor::new(&[count, latent], normal(rng, 1.0, count * latent))
    }
}

impl run::Task for Task {
    /// Both networks move at once, from one forward pass: the generator's gradient flows through the heads as they
    /// were before this step. That saves a third of the work of alternating steps.
    fn steps(&self) -> Vec<Step> {
        let Settings { shape, batch, .. } = &self.settings;
        let mut g = Graph::new();
        let real = g.input("real", &[*batch, 3, shape.size, shape.size]);
        let z = g.input("z", &[*batch, shape.latent]);
        let sides = [4, 8, 16, 32].map(|stride| shape.size.max(SEEN) / stride);
        let heads = Heads::new(&mut g, sides);
        let painted = generator::generate(&mut g, shape, z, None, BatchStatistics::Batch);
        let painted = augment::painted(&mut g, painted);
        let painted = self.judged(&mut g, &heads, painted);
        let real = self.judged(&mut g, &heads, real);

        let mut d_loss = g.scalar(0.0);
        let mut g_loss = g.scalar(0.0);
        let (mut mean_real, mut mean_painted) = (g.scalar(0.0), g.scalar(0.0));
        for (real, painted) in real.into_iter().zip(painted) {
            let (d_part, g_part) = self.settings.loss.of(&mut g, real, painted);
            d_loss = g.add(d_loss, d_part);
            g_loss = g.add(g_loss, g_part);
            let (real, painted) = (g.mean_all(real), g.mean_all(painted));
            let (real, painted) = (g.scale(real, 0.25), g.scale(painted, 0.25));
            mean_real = g.add(mean_real, real);
            mean_painted = g.add(mean_painted, painted);
        }
        let adam = Adam { beta1: 0.0, beta2: 0.99, clip_norm: None, ..Adam::default() };
        let objectives = [
            Objective { name: "g".into(), loss: g_loss, prefix: generator::PREFIX.into(), adam },
            Objective {
                name: "d".into(),
                loss: d_loss,
                prefix: discriminator::PREFIX.into(),
                adam: Adam { average: false, ..adam },
            },
        ];
        vec![Step::new(g, &objectives, &[("seen/real", mean_real), ("seen/painted", mean_painted)])]
    }

    fn batch(&self, step: u64) -> Batch {
        let Settings { shape, batch: n, seed, .. } = &self.settings;
        let mut feeds = Feeds::new();
        let pictures = self.dataset.batch_or_grey(*seed, step, *n);
        let mut real = Tensor::new(&pictures.shape, pictures.data);
        let mut rng = random(self.settings.seed, 1, step);
        let (deviation, until) = self.settings.blur;
        let deviation = deviation * (1.0 - step as f64 / until.max(1) as f64).max(0.0);
        let matrix = augment::blur(shape.size, deviation);
        if deviation > 0.0 {
            augment::blur_real(&mut real, &matrix);
        }
        feeds.insert("augment.blur".into(), Feed::Floats(matrix));
        augment::real(&mut real, &mut rng);
        feeds.insert("real".into(), Feed::Floats(real));
        augment::feeds(*n, shape.size, &mut rng, &mut feeds);
        feeds.insert("z".into(), Feed::Floats(self.latent_points(&mut rng, *n)));
        Batch { program: 0, feeds, examples: *n }
    }

    fn objectives(&self) -> Vec<Rates> {
        let rates = |name: &str, peak, average| Rates {
            objective: name.into(),
            peak,
            warm_up: 20,
            end: 0.2,
            beta1: 0.0,
            beta2: 0.99,
            average,
        };
        let Settings { rate, discriminator_rate, average, .. } = self.settings;
        vec![rates("g", rate, Some(average)), rates("d", discriminator_rate, None)]
    }

    fn settings(&self) -> serde_json::Value {
        let mut settings = json!(self.settings);
        settings["kind"] = json!("image-gan");
        settings["folders"] = self.dataset.said_of_folders();
        settings
    }

    fn fingerprint(&self) -> Option<u64> {
        Some(self.dataset.fingerprint())
    }

    /// Writes a sheet of samples, always of the same points, and tells how far the samples are from the training
    /// pictures and how much they differ among themselves.
    fn validate(&self, state: &Tensors, folder: &Path, step: u64) -> Result<BTreeMap<String, f64>, RunError> {
        let shape = &self.settings.shape;
        let weights = performing_weights(&self.settings, state, self.device)?;
        let mut forward = Forward::new(&network(shape, &weights, SHEET), self.device)?;
        let mut rng = random(self.settings.seed, 2, 0);
        let mut pictures = Vec::new();
        for _ in 0..SAMPLES / SHEET {
            let z = self.latent_points(&mut rng, SHEET);
            let psi = Tensor::new(&[1], vec![1.0]);
            let feeds = Feeds::from([("z".into(), Feed::Floats(z)), ("psi".into(), Feed::Floats(psi))]);
            pictures.extend_from_slice(&forward.run(&feeds)?["picture"].data);
        }
        let one = 3 * shape.size * shape.size;
        let page =
            sheet::sheet_of_planes(&pictures[..SHEET * one], shape.size, Layout::for_count(SHEET, shape.size as u32));
        run::save_samples(&page, folder, step)?;

        let data = |e: &dyn std::fmt::Display| RunError::Data(e.to_string());
        let mut eye = Eye::new(&self.features, shape.size, self.device)?;
        let real = self.dataset.sample(Split::Train, self.settings.seed, 0, SAMPLES).map_err(|e| data(&e))?;
        let real = eye.features(&real.data).map_err(|e| data(&e))?;
        let painted = eye.features(&pictures).map_err(|e| data(&e))?;
        let spread = spread(&painted) / spread(&real).max(f64::MIN_POSITIVE);
        let collapsed = spread < ALARMING_SPREAD;
        if collapsed {
            eprintln!(
                "warning: mode collapse: painted pictures differ {spread:.2} times as much as real ones, below {ALARMING_SPREAD}. \
                 Lower the discriminator's rate, add pictures, or go back to an earlier checkpoint"
            );
        }
        Ok(BTreeMap::from([
            ("frechet_training".into(), frechet_distance(&painted, &real).map_err(|e| data(&e))?),
            ("spread".into(), spread),
            ("mode_collapse".into(), f64::from(u8::from(collapsed))),
        ]))
    }

    /// No figure decides; the last state is what a run is for. The distance from the training pictures would have copies
    /// of them win, and too few pictures are held out for a distance from those. Nor would it choose among good states:
    /// over the second half of the shipped model's run it moved by 3 % up and down, and ended within 1 % of its best.
    fn decisive(&self) -> Option<&'static str> {
        None
    }

    fn about_data(&self) -> Vec<(String, String)> {
        self.dataset.about("flipped, cropped and changed in light and colour")
    }

    fn examples(&self) -> Option<Examples> {
        Some(self.dataset.examples(ENOUGH))
    }
}

/// With fewer pictures, samples are soon copies of them.
const ENOUGH: usize = 100;

/// Side at which the frozen features look at least: they were learnt on larger pictures, and see little in small ones.
const SEEN: usize = 128;

fn enlarged(g: &mut Graph, pictures: Var) -> Var {
    let side = g.shape(pictures)[3].max(SEEN);
    g.resize_linear(pictures, side, side)
}

/// Pictures of a sheet, and pictures that figures are taken on.
const SHEET: usize = 64;
const SAMPLES: usize = 192;
