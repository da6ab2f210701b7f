//! Training: what a step is, what it is fed with, and how far it has come.

use super::augment;
use super::collection::{Collection, Item};
use super::evaluate::{Prediction, figures};
use super::export::{features_network, network, performing_weights};
use super::network::{self, SIDE, look};
use super::ridge::{Examples, Head};
use super::teacher::{self, Teacher};
use crate::train::graph::{Graph, Var};
use crate::train::nets::efficientnet::EfficientNet;
use crate::train::ops::BatchStatistics;
use crate::train::pictures::dataset::{Options, crop};
use crate::train::pictures::sheet::{self, Layout};
use crate::train::program::{Device, Feed, Feeds, Forward};
use crate::train::random::random;
use crate::train::run::{self, Batch, Rates, RunError};
use crate::train::step::{Adam, Objective, Step};
use crate::train::tensor::{Tensor, Tensors};
use image::{Rgb, RgbImage};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
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
    /// Whether the network learns to see what the teacher sees; otherwise it learns the classes alone.
    pub distillation: bool,
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

/// Side of a view as a part of the picture's short side, smallest and largest.
const CROP: (f32, f32) = (0.4, 1.0);
/// Share of the probability that is spread over all classes (Szegedy et al. 2016).
const SMOOTHING: f32 = 0.1;
/// Share of the pooled channels that a step leaves out.
const DROPPED: f64 = 0.3;
/// Changed views of each picture that the last layer is fitted on, beside the picture and its mirror image.
const CHANGED_VIEWS: usize = 4;

/// The training of a classifier on all folds but one.
pub struct Task {
    settings: Settings,
    collection: Arc<Collection>,
    /// Numbers of the training pictures, by class.
    training: Vec<Vec<usize>>,
    held_out: Vec<usize>,
    teacher: Option<Scaled>,
    device: Device,
}

impl Task {
    /// `teacher` is needed for distillation.
    ///
    /// # Errors
    /// [`RunError::Data`] where a class has no pictures to learn or to measure, or the teacher is missing; if ONNX Runtime fails.
    pub fn new(
        settings: Settings,
        collection: Arc<Collection>,
        teacher: Option<Arc<EfficientNet>>,
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
        let mut task = Self { settings, collection, training, held_out, teacher: None, device };
        if task.settings.distillation {
            let Some(network) = teacher else {
                return Err(RunError::Data("distillation needs the weights of EfficientNet-Lite0".into()));
            };
            task.teacher = Some(task.scaled(network, &learnt)?);
        }
        Ok(task)
    }

    /// The teacher, each of whose numbers is standardised over the training pictures.
    fn scaled(&self, network: Arc<EfficientNet>, learnt: &[usize]) -> Result<Scaled, RunError> {
        let mut teacher = Teacher::new(&network, SIDE, self.device)?;
        let mut moments = vec![(0.0, 0.0); teacher::WIDTH];
        for pictures in learnt.chunks(32) {
            let planes = pictures.iter().map(|&at| self.centre(at)).collect::<Result<Vec<_>, _>>()?.concat();
            for row in teacher.see(&planes)?.chunks_exact(teacher::WIDTH) {
                let add = |(m, v): (&mut (f64, f64), &f32)| *m = (m.0 + f64::from(*v), m.1 + f64::from(v * v));
                moments.iter_mut().zip(row).for_each(add);
            }
        }
        let n = learnt.len() as f64;
        let deviation = |(sum, squares): (f64, f64)| (squares / n - (sum / n).powi(2)).max(0.0).sqrt().max(1e-3);
        let row = |of: &dyn Fn((f64, f64)) -> f64| {
            Tensor::new(&[1, teacher::WIDTH], moments.iter().map(|&m| of(m) as f32).collect())
        };
        Ok(Scaled { network, mean: row(&|m| m.0 / n), scale: row(&|m| 1.0 / deviation(m)) })
    }

    fn centre(&self, at: usize) -> Result<Vec<f32>, RunError> {
        let item = &self.collection.items[at];
        item.centre(SIDE).map_err(|e| lost(item, &e))
    }

    /// A random part of a picture, changed at random.
    fn view(&self, at: usize, rng: &mut ChaCha8Rng) -> Result<Vec<f32>, RunError> {
        let item = &self.collection.items[at];
        let picture = item.picture().map_err(|e| lost(item, &e))?;
        let options = Options { crop: CROP, flip: false, ..Options::default() };
        let area = crop::random(picture.dimensions(), &options, rng);
        let mut planes = vec![0.0; 3 * SIDE * SIDE];
        crop::write(&picture, area, SIDE, &mut planes).map_err(|e| lost(item, &e))?;
        if rng.random_bool(0.5) {
            planes.chunks_exact_mut(SIDE).for_each(<[f32]>::reverse);
        }
        augment::change(&mut planes, SIDE, rng);
        Ok(planes)
    }

    /// The picture with this number in the endless sequence: classes in turn, each in shuffled rounds.
    fn drawn(&self, number: u64) -> usize {
        let classes = self.training.len() as u64;
        let class = (number % classes) as usize;
        let list = &self.training[class];
        let (round, place) = ((number / classes) / list.len() as u64, (number / classes) % list.len() as u64);
        let mut order = list.clone();
        order.shuffle(&mut random(self.settings.seed, 10 + class as u64, round));
        order[place as usize]
    }

    /// The weights to perform with, from a training's state. Where a teacher has taught it to see, the last layer is fitted on the
    /// training pictures at once (ridge regression): a few hundred labels bear no more.
    ///
    /// # Errors
    /// If a picture cannot be read or ONNX Runtime fails.
    pub fn performing_weights(&self, state: &Tensors) -> Result<Tensors, RunError> {
        let mut weights = performing_weights(state);
        if self.teacher.is_none() {
            return Ok(weights);
        }
        let (mut features, mut classes, mut folds) = (Vec::new(), Vec::new(), Vec::new());
        let fold_of = self.collection.folds(self.settings.folds);
        let mut eye = Forward::new(&features_network(&self.settings, &weights), self.device)?;
        for at in self.training.iter().flatten().copied() {
            let planes = self.centre(at)?;
            let mut mirrored = planes.clone();
            mirrored.chunks_exact_mut(SIDE).for_each(<[f32]>::reverse);
            let mut views = vec![planes, mirrored];
            let mut rng = random(self.settings.seed, 4, at as u64);
            for _ in 0..CHANGED_VIEWS {
                views.push(self.view(at, &mut rng)?);
            }
            for planes in views {
                let feed = Feed::Floats(Tensor::new(&[1, 3, SIDE, SIDE], planes));
                features.extend_from_slice(&eye.run(&Feeds::from([("picture".to_owned(), feed)]))?["told_by"].data);
                classes.push(self.collection.items[at].class);
                folds.push(fold_of[at]);
            }
        }
        let width = network::width(&self.settings.channels);
        let examples = Examples { features: &features, width, classes: &classes, folds: &folds };
        let head = Head::fit(&examples, self.collection.classes.len(), self.settings.held_out);
        let [weight, bias] = network::LAST;
        let shape = [width, head.bias.len()];
        // Column after column as nalgebra stores them is row after row of the transposed.
        let rows = head.weights.transpose().iter().map(|&v| v as f32).collect();
        weights.insert(weight.into(), Tensor::new(&shape, rows));
        weights.insert(bias.into(), Tensor::new(&[head.bias.len()], head.bias.iter().map(|&v| v as f32).collect()));
        Ok(weights)
    }

    /// What the weights that perform say of the held-out pictures, and each picture as it was shown; with `harmed`, after it was made small,
    /// blurred, noisy and compressed.
    ///
    /// # Errors
    /// If a picture cannot be read or ONNX Runtime fails.
    pub fn predictions(&self, weights: &Tensors, harmed: bool) -> Result<Vec<(Prediction, Vec<f32>)>, RunError> {
        let mut forward = Forward::new(&network(&self.settings, weights, 1.0), self.device)?;
        let mut rng = random(self.settings.seed, 3, 0);
        let mut found = Vec::new();
        for &at in &self.held_out {
            let planes = self.centre(at)?;
            let planes = if harmed { augment::harmed(&planes, SIDE, &mut rng) } else { planes };
            let feed = Feed::Floats(Tensor::new(&[1, 3, SIDE, SIDE], planes.clone()));
            let outputs = forward.run(&Feeds::from([("picture".to_owned(), feed)]))?;
            found.push((
                Prediction { class: self.collection.items[at].class, logits: outputs["logits"].data.clone() },
                planes,
            ));
        }
        Ok(found)
    }
}

fn lost(item: &Item, reason: &dyn std::fmt::Display) -> RunError {
    RunError::Data(format!("{}: {reason}", item.path.display()))
}

impl run::Task for Task {
    fn steps(&self) -> Vec<Step> {
        let Settings { channels, classes, batch, .. } = &self.settings;
        let mut g = Graph::new();
        let pictures = g.input("pictures", &[*batch, 3, SIDE, SIDE]);
        let told_by = look(&mut g, channels, pictures, BatchStatistics::Batch);
        let (loss, name) = if let Some(teacher) = &self.teacher {
            let wanted = teacher.sees(&mut g, pictures);
            let seen = network::seen(&mut g, told_by);
            (g.l2_loss(seen, wanted), "distillation")
        } else {
            let keep = g.input("keep", &[*batch, network::width(channels)]);
            let targets = g.input("targets", &[*batch, classes.len()]);
            let kept = g.mul(told_by, keep);
            let logits = network::logits(&mut g, kept, classes.len());
            // Cross-entropy with targets that are no longer all or nothing.
            let logs = g.log_softmax(logits);
            let told = g.mul(logs, targets);
            let told = g.sum(told, &[1], false);
            let told = g.mean_all(told);
            (g.neg(told), "classes")
        };
        let adam = Adam { weight_decay: 0.05, ..Adam::default() };
        // Without running averages of weights: normalisations belong to the weights that they were measured with.
        let adam = Adam { average: false, ..adam };
        let objective = Objective { name: "c".into(), loss, prefix: network::PREFIX.into(), adam };
        vec![Step::new(g, &[objective], &[(name, loss)])]
    }

    fn batch(&self, step: u64) -> Batch {
        let Settings { channels, classes, batch: n, .. } = &self.settings;
        let k = classes.len();
        let mut rng = random(self.settings.seed, 2, step);
        let mut view = |number: u64| {
            let at = self.drawn(number);
            // A picture that was there when the set was opened can be gone; grey is then fed.
            let planes = self.view(at, &mut rng).unwrap_or_else(|e| {
                eprintln!("warning: {e}; step {step} learns from grey");
                vec![0.0; 3 * SIDE * SIDE]
            });
            (planes, self.collection.items[at].class)
        };
        let views: Vec<(Vec<f32>, usize)> = (0..*n as u64).map(|i| view(step * *n as u64 + i)).collect();
        let mut feeds = Feeds::new();
        let mut put =
            |name: &str, shape: &[usize], data| feeds.insert(name.into(), Feed::Floats(Tensor::new(shape, data)));
        let pictures = if self.teacher.is_some() {
            mixed(&views, &mut rng)
        } else {
            let told_by = network::width(channels);
            let kept = (1.0 / (1.0 - DROPPED)) as f32;
            let keep = (0..n * told_by).map(|_| if rng.random_bool(DROPPED) { 0.0 } else { kept }).collect();
            put("keep", &[*n, told_by], keep);
            let share = |class, c| SMOOTHING / k as f32 + if c == class { 1.0 - SMOOTHING } else { 0.0 };
            let targets = views.iter().flat_map(|(_, class)| (0..k).map(|c| share(*class, c))).collect();
            put("targets", &[*n, k], targets);
            views.into_iter().flat_map(|(planes, _)| planes).collect()
        };
        put("pictures", &[*n, 3, SIDE, SIDE], pictures);
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
        let found = self.predictions(&self.performing_weights(state)?, false)?;
        let mut shown: Vec<&(Prediction, Vec<f32>)> = found.iter().collect();
        shown.sort_by_key(|(p, _)| p.said());
        let cells: Vec<RgbImage> = shown.into_iter().map(|(p, planes)| framed(p, planes)).collect();
        let page = sheet::sheet(&cells, Layout::for_count(cells.len(), SIDE as u32));
        run::save_samples(&page, folder, step)?;
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

/// The teacher on the pictures that the network itself sees.
struct Scaled {
    network: Arc<EfficientNet>,
    /// Of what it sees in the training pictures, `(1, 320)`; and one over its deviation.
    mean: Tensor,
    scale: Tensor,
}

impl Scaled {
    /// `(N, 320)`, each number about as large as one.
    fn sees(&self, g: &mut Graph, pictures: Var) -> Var {
        let seen = self.network.pooled(g, pictures);
        let (mean, scale) = (g.constant(&self.mean), g.constant(&self.scale));
        let seen = g.sub(seen, mean);
        g.mul(seen, scale)
    }
}

/// The views, half of them mixed with another one in random shares: a teacher can be asked about any picture, and the more it is asked the less is
/// learnt by heart (Beyer et al. 2022; mixing: Zhang et al. 2018).
fn mixed(views: &[(Vec<f32>, usize)], rng: &mut ChaCha8Rng) -> Vec<f32> {
    let mut pictures = Vec::with_capacity(views.len() * 3 * SIDE * SIDE);
    for (i, (planes, _)) in views.iter().enumerate() {
        let other = &views[(i + rng.random_range(0..views.len())) % views.len()].0;
        let share = if rng.random_bool(0.5) { rng.random_range(0.0..0.5) } else { 0.0 };
        pictures.extend(planes.iter().zip(other).map(|(a, b)| a + share * (b - a)));
    }
    pictures
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
