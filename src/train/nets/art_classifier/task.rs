//! Training: what a step is, what it is fed with, and how far it has come.

use super::augment;
use super::collection::Collection;
use super::evaluate::{Prediction, figures};
use super::export::{network, performing_weights};
use super::network::{self, SIDE, look};
use super::teacher::{self, Teacher};
use crate::train::graph::Graph;
use crate::train::nets::efficientnet::EfficientNet;
use crate::train::ops::BatchStatistics;
use crate::train::pictures::dataset::{Options, crop};
use crate::train::pictures::sheet::{self, Layout};
use crate::train::program::{Device, Feed, Feeds, Forward};
use crate::train::run::{self, Batch, Rates, RunError};
use crate::train::step::{Adam, Objective, Step};
use crate::train::tensor::{Tensor, Tensors};
use image::{Rgb, RgbImage};
use rand::Rng;
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
    /// Channels of the maps at strides 2, 4, 8 and 16.
    pub channels: [usize; 4],
    /// Names of the classes.
    pub classes: Vec<String>,
    /// Pictures in a batch.
    pub batch: usize,
    /// Weight of what the teacher sees beside the classes; 0 for no teacher.
    pub distillation: f64,
    /// Highest learning rate.
    pub rate: f64,
    /// Folds that the pictures are dealt to, and the one that is not learnt.
    pub folds: usize,
    /// See `folds`.
    pub held_out: usize,
    /// Stands for the pictures: [`Collection::fingerprint`].
    pub data: u64,
    /// Seed of order, crops and changes.
    pub seed: u64,
}

/// Places in each picture that the teacher looks at, and the side at which it does.
const PLACES: usize = 6;
const TEACHER_SIDE: usize = 128;
/// Side of a place as a part of the picture's short side, smallest and largest.
const CROP: (f32, f32) = (0.6, 1.0);
/// Share of the probability that is spread over all classes (Szegedy et al. 2016).
const SMOOTHING: f32 = 0.1;
/// Share of the pooled channels that a step leaves out.
const DROPPED: f64 = 0.3;

/// The training of a classifier on all folds but one.
pub struct Task {
    settings: Settings,
    collection: Arc<Collection>,
    /// Numbers of the training pictures, by class.
    training: Vec<Vec<usize>>,
    held_out: Vec<usize>,
    /// For each training picture, for each place: what the teacher saw, standardised.
    seen: Arc<BTreeMap<usize, Vec<f32>>>,
    device: Device,
}

impl Task {
    /// Lets the teacher look at the training pictures.
    ///
    /// # Errors
    /// [`RunError::Data`] where a class has no pictures to learn or to measure, or one cannot be read; if ONNX Runtime fails.
    pub fn new(
        settings: Settings,
        collection: Arc<Collection>,
        teacher: Option<&EfficientNet>,
        device: Device,
    ) -> Result<Self, RunError> {
        let folds = collection.folds(settings.folds);
        let all = |keep: &dyn Fn(usize) -> bool| (0..folds.len()).filter(|&at| keep(folds[at])).collect::<Vec<_>>();
        let (learnt, held_out) = (all(&|f| f != settings.held_out), all(&|f| f == settings.held_out));
        let classes = collection.classes.len();
        let of =
            |list: &[usize], class| list.iter().copied().filter(|&at| collection.items[at].class == class).collect();
        let training: Vec<Vec<usize>> = (0..classes).map(|class| of(&learnt, class)).collect();
        for (class, list) in training.iter().enumerate() {
            let measured: Vec<usize> = of(&held_out, class);
            if list.is_empty() || measured.is_empty() {
                return Err(RunError::Data(format!(
                    "class {}: {} pictures to learn and {} held out; both are needed, so fewer folds, or pictures of more artists",
                    collection.classes[class],
                    list.len(),
                    measured.len()
                )));
            }
        }
        let mut task = Self { settings, collection, training, held_out, seen: Arc::new(BTreeMap::new()), device };
        if task.settings.distillation > 0.0 {
            let Some(network) = teacher else {
                return Err(RunError::Data("distillation needs the weights of EfficientNet-Lite0".into()));
            };
            task.seen = Arc::new(task.taught(network, &learnt)?);
        }
        Ok(task)
    }

    /// What the teacher sees in each place of each picture, standardised over all of them.
    fn taught(&self, network: &EfficientNet, learnt: &[usize]) -> Result<BTreeMap<usize, Vec<f32>>, RunError> {
        let mut teacher = Teacher::new(network, TEACHER_SIDE, self.device)?;
        let mut seen = BTreeMap::new();
        for &at in learnt {
            let views = (0..PLACES).map(|place| self.view(at, place, TEACHER_SIDE)).collect::<Result<Vec<_>, _>>()?;
            seen.insert(at, teacher.see(&views.concat())?);
        }
        let width = teacher::WIDTH;
        let rows = (learnt.len() * PLACES) as f64;
        let mut moments = vec![(0.0, 0.0); width];
        for value in seen.values().flat_map(|v: &Vec<f32>| v.chunks_exact(width)) {
            moments.iter_mut().zip(value).for_each(|(m, v)| (m.0, m.1) = (m.0 + f64::from(*v), m.1 + f64::from(v * v)));
        }
        for row in seen.values_mut().flat_map(|v| v.chunks_exact_mut(width)) {
            for (value, (sum, squares)) in row.iter_mut().zip(&moments) {
                let mean = sum / rows;
                let deviation = (squares / rows - mean * mean).max(0.0).sqrt().max(1e-6);
                *value = ((f64::from(*value) - mean) / deviation) as f32;
            }
        }
        Ok(seen)
    }

    /// One place of a picture, `(3, side, side)`: the same for student and teacher.
    fn view(&self, at: usize, place: usize, side: usize) -> Result<Vec<f32>, RunError> {
        let item = &self.collection.items[at];
        let lost = |reason: &dyn std::fmt::Display| RunError::Data(format!("{}: {reason}", item.path.display()));
        let picture = item.picture().map_err(|e| lost(&e))?;
        let options = Options { crop: CROP, flip: false, ..Options::default() };
        let mut rng = self.random(1, (at * PLACES + place) as u64);
        let area = crop::random(picture.dimensions(), &options, &mut rng);
        let mut planes = vec![0.0; 3 * side * side];
        crop::write(&picture, area, side, &mut planes).map_err(|e| lost(&e))?;
        Ok(planes)
    }

    fn random(&self, purpose: u64, number: u64) -> ChaCha8Rng {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&self.settings.seed.to_le_bytes());
        key[8..16].copy_from_slice(&purpose.to_le_bytes());
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(number);
        rng
    }

    /// The picture with this number in the endless sequence: classes in turn, each in shuffled rounds.
    fn drawn(&self, number: u64) -> usize {
        let classes = self.training.len() as u64;
        let class = (number % classes) as usize;
        let list = &self.training[class];
        let (round, place) = ((number / classes) / list.len() as u64, (number / classes) % list.len() as u64);
        let mut order = list.clone();
        order.shuffle(&mut self.random(10 + class as u64, round));
        order[place as usize]
    }

    /// What a training's state says of the held-out pictures, and each picture as it was shown; with `harmed`, after it was made small, blurred,
    /// noisy and compressed.
    ///
    /// # Errors
    /// If a picture cannot be read or ONNX Runtime fails.
    pub fn predictions(&self, state: &Tensors, harmed: bool) -> Result<Vec<(Prediction, Vec<f32>)>, RunError> {
        let model = network(&self.settings, &performing_weights(state), 1.0);
        let mut forward = Forward::new(&model, self.device)?;
        let mut rng = self.random(3, 0);
        let mut found = Vec::new();
        for &at in &self.held_out {
            let item = &self.collection.items[at];
            let planes = item.centre(SIDE).map_err(|e| RunError::Data(format!("{}: {e}", item.path.display())))?;
            let planes = if harmed { augment::harmed(&planes, SIDE, &mut rng) } else { planes };
            let feed = Feed::Floats(Tensor::new(&[1, 3, SIDE, SIDE], planes.clone()));
            let outputs = forward.run(&Feeds::from([("picture".to_owned(), feed)]))?;
            found.push((Prediction { class: item.class, logits: outputs["logits"].data.clone() }, planes));
        }
        Ok(found)
    }
}

impl run::Task for Task {
    fn steps(&self) -> Vec<Step> {
        let Settings { channels, classes, batch, distillation, .. } = &self.settings;
        let mut g = Graph::new();
        let pictures = g.input("pictures", &[*batch, 3, SIDE, SIDE]);
        let keep = g.input("keep", &[*batch, channels[3]]);
        let targets = g.input("targets", &[*batch, classes.len()]);
        let heads = look(&mut g, channels, classes.len(), pictures, Some(keep), BatchStatistics::Batch);
        // Cross-entropy with targets that are no longer all or nothing.
        let logs = g.log_softmax(heads.logits);
        let told = g.mul(logs, targets);
        let told = g.sum(told, &[1], false);
        let told = g.mean_all(told);
        let classified = g.neg(told);
        let mut loss = classified;
        let mut metrics = vec![("classes", classified)];
        if *distillation > 0.0 {
            let seen = g.input("seen", &[*batch, teacher::WIDTH]);
            let distance = g.l2_loss(heads.seen, seen);
            metrics.push(("distillation", distance));
            let distance = g.scale(distance, *distillation as f32);
            loss = g.add(loss, distance);
        }
        let adam = Adam { weight_decay: 0.05, ..Adam::default() };
        // Without running averages of weights: normalisations belong to the weights that they were measured with.
        let adam = Adam { average: false, ..adam };
        let objective = Objective { name: "c".into(), loss, prefix: network::PREFIX.into(), adam };
        vec![Step::new(g, &[objective], &metrics)]
    }

    fn batch(&self, step: u64) -> Batch {
        let Settings { channels, classes, batch: n, distillation, .. } = &self.settings;
        let k = classes.len();
        let mut rng = self.random(2, step);
        let (mut pictures, mut targets, mut seen) = (Vec::new(), Vec::new(), Vec::new());
        for i in 0..*n as u64 {
            let at = self.drawn(step * *n as u64 + i);
            let place = rng.random_range(0..PLACES);
            // A picture that was there when the set was opened can be gone; grey is then fed, and the log says so.
            let mut planes = self.view(at, place, SIDE).unwrap_or_else(|e| {
                tracing::warn!("{e}");
                vec![0.0; 3 * SIDE * SIDE]
            });
            if rng.random_bool(0.5) {
                planes.chunks_exact_mut(SIDE).for_each(<[f32]>::reverse);
            }
            augment::change(&mut planes, SIDE, &mut rng);
            pictures.extend(planes);
            let class = self.collection.items[at].class;
            let target = |c| SMOOTHING / k as f32 + if c == class { 1.0 - SMOOTHING } else { 0.0 };
            targets.extend((0..k).map(target));
            if let Some(rows) = self.seen.get(&at) {
                seen.extend_from_slice(&rows[place * teacher::WIDTH..(place + 1) * teacher::WIDTH]);
            }
        }
        let kept = (1.0 / (1.0 - DROPPED)) as f32;
        let keep = (0..n * channels[3]).map(|_| if rng.random_bool(DROPPED) { 0.0 } else { kept }).collect();
        let mut feeds = Feeds::new();
        let mut put =
            |name: &str, shape: &[usize], data| feeds.insert(name.into(), Feed::Floats(Tensor::new(shape, data)));
        put("pictures", &[*n, 3, SIDE, SIDE], pictures);
        put("keep", &[*n, channels[3]], keep);
        put("targets", &[*n, k], targets);
        if *distillation > 0.0 {
            put("seen", &[*n, teacher::WIDTH], seen);
        }
        Batch { program: 0, feeds, examples: *n }
    }

    fn objectives(&self) -> Vec<Rates> {
        let (peak, beta1, beta2) = (self.settings.rate, 0.9, 0.999);
        vec![Rates { objective: "c".into(), peak, warm_up: 30, end: 0.01, beta1, beta2, average: None }]
    }

    fn settings(&self) -> serde_json::Value {
        json!(self.settings)
    }

    fn fingerprint(&self) -> Option<u64> {
        Some(self.settings.data)
    }

    /// Writes a sheet of held-out pictures, grouped by what is said of them, those told wrong in a red frame, and tells the figures.
    fn validate(&self, state: &Tensors, folder: &Path, step: u64) -> Result<BTreeMap<String, f64>, RunError> {
        let found = self.predictions(state, false)?;
        let mut shown: Vec<&(Prediction, Vec<f32>)> = found.iter().collect();
        shown.sort_by_key(|(p, _)| p.said());
        let cells: Vec<RgbImage> = shown.into_iter().map(|(p, planes)| framed(p, planes)).collect();
        let path = folder.join(format!("samples-{step:06}.png"));
        let page = sheet::sheet(&cells, Layout::for_count(cells.len(), SIDE as u32));
        sheet::save_png(&page, &path).map_err(|error| RunError::Io { path, error })?;
        let told: Vec<Prediction> = found.into_iter().map(|(p, _)| p).collect();
        let Some(f) = figures(&self.settings.classes, &told, 1.0) else { return Ok(BTreeMap::new()) };
        let mut all = BTreeMap::from([
            ("balanced_accuracy".to_owned(), f.balanced_accuracy),
            ("log_loss".to_owned(), f.log_loss),
            ("calibration_error".to_owned(), f.calibration_error),
        ]);
        all.extend(f.pairs);
        Ok(all)
    }
}

/// A held-out picture, in a red frame where it was told wrong.
fn framed(prediction: &Prediction, planes: &[f32]) -> RgbImage {
    let mut picture = sheet::from_planes(planes, SIDE);
    if prediction.said() != prediction.class {
        let last = SIDE as u32 - 1;
        for (x, y, pixel) in picture.enumerate_pixels_mut() {
            if [x, y, last - x, last - y].into_iter().any(|d| d < 4) {
                *pixel = Rgb([225, 40, 30]);
            }
        }
    }
    picture
}
