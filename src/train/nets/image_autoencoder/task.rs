//! Training: what a step is, what it is fed with, and how far it has come.

use super::export::{averaged, coder};
use super::network::{Code, PREFIX, decode, encode, finish};
use super::{Bottleneck, Shape};
use crate::train::graph::{Graph, Var};
use crate::train::history::Examples;
use crate::train::nets::efficientnet::EfficientNet;
use crate::train::pictures::dataset::{Dataset, Split};
use crate::train::pictures::quality::psnr;
use crate::train::pictures::sheet::{self, Layout};
use crate::train::program::{Device, Feed, Feeds, Forward};
use crate::train::random::random;
use crate::train::run::{self, Rates, RunError};
use crate::train::step::{Adam, Objective, Step, normal};
use crate::train::tensor::{Tensor, Tensors};
use rand::Rng;
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
    /// Highest learning rate.
    pub rate: f64,
    /// Strongest noise added to pictures while learning, as the deviation in parts of full white; half of the
    /// pictures stay clean. Of the autoencoder alone.
    pub noise: f32,
    /// Weight of the perceptual loss beside the pixels'.
    pub perceptual: f32,
    /// Nats that every number of a latent point may tell for nothing, and steps until all of the divergence counts. Of
    /// the variational autoencoder alone.
    pub free_nats: f32,
    /// See `free_nats`.
    pub warm_up: u64,
    /// Memory of the running average of the weights, as its decay a step.
    pub average: f64,
    /// Seed of data and noise.
    pub seed: u64,
}

/// The training of an autoencoder of either kind.
pub struct Task {
    settings: Settings,
    dataset: Arc<Dataset>,
    features: Option<EfficientNet>,
    device: Device,
}

impl Task {
    /// `features` are needed where the perceptual loss has weight.
    ///
    /// # Errors
    /// [`RunError::Data`] where they are missing.
    pub fn new(
        settings: Settings,
        dataset: Arc<Dataset>,
        features: Option<EfficientNet>,
        device: Device,
    ) -> Result<Self, RunError> {
        if settings.perceptual > 0.0 && features.is_none() {
            return Err(RunError::Data("a perceptual loss needs the frozen network that sees".into()));
        }
        Ok(Self { settings, dataset, features, device })
    }

    /// Mean over the features at strides 4 and 8 of |difference| / mean |feature|: a perceptual loss (Johnson et al. 2016) that
    /// does not depend on the features' size.
    fn perceptual(&self, g: &mut Graph, original: Var, found: Var) -> Option<Var> {
        let network = self.features.as_ref().filter(|_| self.settings.perceptual > 0.0)?;
        let (real, found) = (network.features(g, original), network.features(g, found));
        let mut total = g.scalar(0.0);
        for (real, found) in real.into_iter().zip(found).take(2) {
            let difference = g.l1_loss(real, found);
            let size = g.abs(real);
            let size = g.mean_all(size);
            let size = g.add_scalar(size, 1e-6);
            let relative = g.div(difference, size);
            let relative = g.scale(relative, 0.5);
            total = g.add(total, relative);
        }
        Some(total)
    }

    /// |pixels| + perceptual for what the middle gives, and |pixels| for the finished picture.
    fn denoising(&self, g: &mut Graph, original: Var) -> (Var, Vec<(&'static str, Var)>) {
        let Settings { shape, batch, .. } = &self.settings;
        let noisy = g.input("noisy", &[*batch, 3, shape.size, shape.size]);
        let rounding = g.input("rounding", &shape.latent(*batch));
        let z = encode(g, shape, noisy).place();
        // Rounding for storage, as noise of the same size, which has a gradient (Ballé et al. 2017, section 3).
        let z = g.add(z, rounding);
        let decoded = decode(g, shape, z);
        let still = g.detach(decoded);
        let finished = finish(g, noisy, still);
        let pixels = g.l1_loss(decoded, original);
        let finished = g.l1_loss(finished, original);
        (g.add(pixels, finished), vec![("pixels", pixels), ("finished", finished), ("decoded", decoded)])
    }

    /// The negative ELBO a number of the picture, in nats: ½ ln(mean squared error), which is the Gaussian likelihood with the
    /// deviation that fits best (Rybkin et al. 2021), and beta · Σ max(KL, free) / numbers (Kingma et al. 2016, free bits).
    fn variational(&self, g: &mut Graph, original: Var) -> (Var, Vec<(&'static str, Var)>) {
        let Settings { shape, batch, .. } = &self.settings;
        let Code::Point { mu, logvar } = encode(g, shape, original) else {
            unreachable!("the shape says that there is a point")
        };
        let noise = g.input("epsilon", &shape.latent(*batch));
        let beta = g.input("beta", &[]);
        let half = g.scale(logvar, 0.5);
        let deviation = g.exp(half);
        let away = g.mul(deviation, noise);
        let z = g.add(mu, away);
        let decoded = decode(g, shape, z);
        let squares = g.l2_loss(decoded, original);
        let safe = g.add_scalar(squares, 1e-6);
        let log = g.log(safe);
        let likelihood = g.scale(log, 0.5);
        let kl = g.kl_divergence(mu, logvar);
        let each = g.mean(kl, &[0], false);
        let counted = g.max_scalar(each, self.settings.free_nats);
        let counted = g.sum_all(counted);
        let counted = g.scale(counted, 1.0 / (3 * shape.size * shape.size) as f32);
        let counted = g.mul(counted, beta);
        let kl = g.sum_all(each);
        (g.add(likelihood, counted), vec![("squares", squares), ("kl", kl), ("decoded", decoded)])
    }
}

impl run::Task for Task {
    fn steps(&self) -> Vec<Step> {
        let Settings { shape, batch, perceptual, .. } = &self.settings;
        let mut g = Graph::new();
        let original = g.input("original", &[*batch, 3, shape.size, shape.size]);
        let (mut loss, mut metrics) = match shape.bottleneck {
            Bottleneck::Map { .. } => self.denoising(&mut g, original),
            Bottleneck::Point { .. } => self.variational(&mut g, original),
        };
        let (_, decoded) = metrics.pop().expect("the decoded pictures come last");
        if let Some(seen) = self.perceptual(&mut g, original, decoded) {
            let weighted = g.scale(seen, *perceptual);
            loss = g.add(loss, weighted);
            metrics.push(("seen", seen));
        }
        let adam = Adam { beta2: 0.99, ..Adam::default() };
        let objective = Objective { name: "a".into(), loss, prefix: PREFIX.into(), adam };
        vec![Step::new(g, &[objective], &metrics)]
    }

    fn batch(&self, step: u64) -> run::Batch {
        let Settings { shape, batch: n, seed, noise, warm_up, .. } = &self.settings;
        let pictures = self.dataset.batch_or_grey(*seed, step, *n);
        let original = Tensor::new(&pictures.shape, pictures.data);
        let mut rng = random(self.settings.seed, 1, step);
        let latent = shape.latent(*n);
        let count = latent.iter().product();
        let mut feeds = Feeds::new();
        match shape.bottleneck {
            Bottleneck::Map { bits, .. } => {
                let mut noisy = original.clone();
                let each = noisy.data.len() / n;
                for picture in noisy.data.chunks_mut(each) {
                    if rng.random::<bool>() {
                        // Values span 2, deviations are in parts of white.
                        let deviation = 2.0 * noise * rng.random::<f32>();
                        let added = normal(&mut rng, deviation, each);
                        picture.iter_mut().zip(added).for_each(|(p, a)| *p += a);
                    }
                }
                let half = 1.0 / ((1u32 << bits) - 1) as f32;
                let rounding = (0..count).map(|_| rng.random_range(-half..=half)).collect();
                feeds.insert("noisy".into(), Feed::Floats(noisy));
                feeds.insert("rounding".into(), Feed::Floats(Tensor::new(&latent, rounding)));
            }
            Bottleneck::Point { .. } => {
                let epsilon = Tensor::new(&latent, normal(&mut rng, 1.0, count));
                let beta = ((step + 1) as f32 / (*warm_up).max(1) as f32).min(1.0);
                feeds.insert("epsilon".into(), Feed::Floats(epsilon));
                feeds.insert("beta".into(), Feed::Floats(Tensor::scalar(beta)));
            }
        }
        feeds.insert("original".into(), Feed::Floats(original));
        run::Batch { program: 0, feeds, examples: *n }
    }

    fn objectives(&self) -> Vec<Rates> {
        vec![Rates {
            objective: "a".into(),
            peak: self.settings.rate,
            warm_up: 50,
            end: 0.02,
            beta1: 0.9,
            beta2: 0.99,
            average: Some(self.settings.average),
        }]
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
        Some(self.dataset.fingerprint())
    }

    /// Writes a sheet with originals above reconstructions (and noisy pictures above denoised ones), and tells how near
    /// these are on pictures held out, or on training pictures where none are.
    fn validate(&self, state: &Tensors, folder: &Path, step: u64) -> Result<BTreeMap<String, f64>, RunError> {
        let shape = &self.settings.shape;
        let data = |e: &dyn std::fmt::Display| RunError::Data(e.to_string());
        let held_out = self.dataset.count(Split::HeldOut) > 0;
        let split = if held_out { Split::HeldOut } else { Split::Train };
        let count = self.dataset.count(split).min(SHEET);
        let every = (self.dataset.count(split) / count).max(1);
        let mut pictures = Vec::new();
        for i in 0..count {
            pictures.extend(self.dataset.centres(split, i * every, 1).map_err(|e| data(&e))?.data);
        }
        let each = 3 * shape.size * shape.size;
        let mut forward = Forward::new(&coder(shape, &averaged(state), 1), self.device)?;
        let mut rng = random(self.settings.seed, 2, 0);
        let mut rows: Vec<Vec<f32>> = vec![pictures.clone(), Vec::new()];
        let maps = matches!(shape.bottleneck, Bottleneck::Map { .. });
        if maps {
            rows.extend([Vec::new(), Vec::new()]);
        }
        let mut figures = BTreeMap::new();
        let mut add = |name: &str, a: &[f32], b: &[f32]| -> Result<(), RunError> {
            *figures.entry(name.to_owned()).or_insert(0.0) += psnr(a, b, 2.0).map_err(|e| data(&e))? / count as f64;
            Ok(())
        };
        for picture in pictures.chunks(each) {
            let mut run = |picture: &[f32], output: &str| -> Result<Vec<f32>, RunError> {
                let feed = Feed::Floats(Tensor::new(&[1, 3, shape.size, shape.size], picture.to_vec()));
                let mut found = forward.run(&Feeds::from([("original".to_owned(), feed)]))?;
                Ok(found.remove(output).map_or(Vec::new(), |t| t.data))
            };
            let again = run(picture, "picture")?;
            add("psnr", picture, &again)?;
            rows[1].extend(again);
            if maps {
                let added = normal(&mut rng, 2.0 * SHOWN_NOISE, each);
                let noisy: Vec<f32> = picture.iter().zip(added).map(|(p, a)| p + a).collect();
                let denoised = run(&noisy, "denoised")?;
                add("psnr_denoised", picture, &denoised)?;
                rows[2].extend(noisy);
                rows[3].extend(denoised);
            }
        }
        let columns = 8;
        let cells: Vec<f32> = (0..count.div_ceil(columns))
            .flat_map(|part| {
                let range = part * columns * each..((part + 1) * columns).min(count) * each;
                // Short rows are filled up, so that what belongs together stays one above the other.
                let missing = ((part + 1) * columns).saturating_sub(count) * each;
                rows.iter().flat_map(move |row| {
                    row[range.clone()].iter().copied().chain(std::iter::repeat_n(-1.0, missing)).collect::<Vec<_>>()
                })
            })
            .collect();
        let layout = Layout { columns, ..Layout::for_count(64, shape.size as u32) };
        let page = sheet::sheet_of_planes(&cells, shape.size, layout);
        run::save_samples(&page, folder, step)?;
        Ok(figures)
    }
}

/// Pictures of a sheet, and the noise of its noisy ones.
const SHEET: usize = 16;
const SHOWN_NOISE: f32 = 25.0 / 255.0;

/// With fewer pictures, these are all that the network can draw.
const ENOUGH: usize = 100;
