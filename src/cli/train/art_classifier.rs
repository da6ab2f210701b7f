//! `oneiro train art-classifier`.

use super::{Preset, Shared, check_rate, stop_flag, within};
use crate::cli::answer;
use crate::cli::eval::features_file;
use anyhow::{Context, Result, bail};
use oneiro::files::write_whole;
use oneiro::model::spec::ModelSpec;
use oneiro::train::checkpoint::{self, Progress};
use oneiro::train::nets::art_classifier::collection::{Collection, Item};
use oneiro::train::nets::art_classifier::evaluate::{Figures, Prediction, calibration_error, figures, temperature};
use oneiro::train::nets::art_classifier::export::{description, network};
use oneiro::train::nets::art_classifier::ridge::{self, Examples};
use oneiro::train::nets::art_classifier::teacher::{self, Teacher};
use oneiro::train::nets::art_classifier::{Settings, Task};
use oneiro::train::nets::efficientnet::EfficientNet;
use oneiro::train::program::Device;
use oneiro::train::run::{CHECKPOINT, Length, RunSettings, train};
use oneiro::train::tensor::Tensors;
use serde::Serialize;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;

/// Arguments of `oneiro train art-classifier`.
#[derive(clap::Args)]
#[command(after_help = "\
--data is one folder with a subfolder for each class. Where it holds a museum's objects.json, no artist's works are both
learnt from and measured with; `oneiro data classes` lays out such a folder. The sheets of samples in the run's folder show the
held-out pictures by what is said of them, those told wrong in a red frame.

Examples:
  oneiro data classes --paintings paintings --abstract abstract --out classes
  oneiro train art-classifier --data classes --out mine.onnx
  oneiro train art-classifier --data classes --edge-crop 0.08 --cross-validate --out art-classifier.onnx")]
pub struct Args {
    #[command(flatten)]
    shared: Shared,
    /// Part cut off each edge of every picture: frames, mounts, scanner borders
    #[arg(long, value_name = "PART", default_value_t = 0.0)]
    edge_crop: f32,
    /// Pictures in a batch
    #[arg(long, default_value_t = 24)]
    batch: usize,
    /// Learn from the classes alone, not to see what EfficientNet-Lite0 sees: for many thousand pictures
    #[arg(long)]
    without_teacher: bool,
    /// Highest learning rate
    #[arg(long, default_value_t = 2e-3)]
    rate: f64,
    /// Parts that the pictures are dealt to; one of them is held out
    #[arg(long, default_value_t = 5)]
    folds: usize,
    /// Train a network for each held-out part, measure all, and keep the first; the time is shared among them
    #[arg(long)]
    cross_validate: bool,
    /// Steps between two sheets of samples
    #[arg(long, default_value_t = 250)]
    validate_every: u64,
    /// Do not train: write the model from the run's last checkpoint
    #[arg(long, requires = "resume")]
    export_only: bool,
    /// Weights of EfficientNet-Lite0 [default: those that `cargo xtask data features` brought]
    #[arg(long, value_name = "FILE.pth")]
    features: Option<PathBuf>,
}

/// Trains and writes the model.
pub fn run(args: Args) -> Result<()> {
    let channels = match args.shared.preset {
        Preset::Small => [12, 24, 48, 96],
        Preset::Standard => [16, 32, 64, 128],
        Preset::Large => [32, 64, 128, 256],
    };
    within("batch", args.batch, 2..=256, " pictures")?;
    check_rate("rate", args.rate)?;
    within("folds", args.folds, 2..=20, "")?;
    let [folder] = &args.shared.data[..] else { bail!("--data: one folder, with a subfolder for each class") };
    let plan = args.shared.settings(10.0, args.validate_every)?;
    of_fold(&plan, 0, 1).check()?;
    let collection = Arc::new(Collection::open(folder, args.edge_crop)?);
    for (class, count) in collection.classes.iter().zip(collection.counts()) {
        println!("{class}: {count} pictures");
    }
    println!("{} files of no use", collection.skipped.len());
    let settings = Settings {
        channels,
        classes: collection.classes.clone(),
        batch: args.batch,
        distillation: !args.without_teacher,
        rate: args.rate,
        folds: args.folds,
        held_out: 0,
        data: collection.fingerprint(),
        seed: args.shared.seed,
    };
    let wanted = !args.without_teacher || args.cross_validate;
    let eye =
        if wanted { Some(Arc::new(EfficientNet::read(&features_file(args.features.as_deref())?)?)) } else { None };
    let stop = stop_flag()?;
    let folds = if args.cross_validate { args.folds } else { 1 };
    let mut told = Vec::new();
    for held_out in 0..folds {
        let settings = Settings { held_out, ..settings.clone() };
        let task = Task::new(settings, Arc::clone(&collection), eye.clone(), plan.device)?;
        let plan = of_fold(&plan, held_out, folds);
        if !args.export_only {
            train(&task, &plan, &stop)?;
        }
        if stop.load(Ordering::Relaxed) && held_out + 1 < folds {
            bail!("stopped in fold {held_out} of {folds}: go on with --resume");
        }
        told.push(Fold::measure(&task, &plan.folder)?);
    }
    let about = description(&args.shared.name()?, &settings);
    finish(&args, &settings, &collection, eye.as_deref(), told, about, &plan)
}

/// The run of one fold: a folder of its own, and its share of the time.
fn of_fold(plan: &RunSettings, held_out: usize, folds: usize) -> RunSettings {
    let length = match plan.length {
        Length::Minutes(m) => Length::Minutes(m / folds as f64),
        steps => steps,
    };
    RunSettings { folder: plan.folder.join(format!("fold-{held_out}")), length, ..plan.clone() }
}

/// What the network of one fold says of its held-out pictures.
struct Fold {
    weights: Tensors,
    progress: Progress,
    clean: Vec<Prediction>,
    harmed: Vec<Prediction>,
}

impl Fold {
    fn measure(task: &Task, folder: &Path) -> Result<Self> {
        let (progress, state) = checkpoint::load(&folder.join(CHECKPOINT))?;
        let weights = task.performing_weights(&state)?;
        let of = |harmed| -> Result<Vec<Prediction>> {
            Ok(task.predictions(&weights, harmed)?.into_iter().map(|(p, _)| p).collect())
        };
        let (clean, harmed) = (of(false)?, of(true)?);
        Ok(Self { weights, progress, clean, harmed })
    }
}

/// Figures of a cross-validation: of each way all predictions together, each made by a network that had not learnt from the picture or its artist.
#[derive(Serialize)]
struct Crossed {
    /// Balanced accuracy of each fold: mean, and deviation from it.
    network_by_fold: [f64; 2],
    ridge_by_fold: [f64; 2],
    /// At temperature 1.
    network: Figures,
    /// After each picture was made small, blurred, noisy and compressed.
    network_harmed: Figures,
    ridge: Figures,
    /// Calibration error where each fold's temperature is fitted on the other folds.
    calibration_error_after_scaling: f64,
    /// Fitted on all folds but the first, which is that of the model.
    temperature: f64,
}

fn finish(
    args: &Args,
    settings: &Settings,
    collection: &Collection,
    eye: Option<&EfficientNet>,
    told: Vec<Fold>,
    mut about: ModelSpec,
    plan: &RunSettings,
) -> Result<()> {
    // A single network has nothing but its held-out pictures to fit the temperature on; then its calibration error is not a fair figure.
    let mut heat = temperature(&told[0].clean);
    if let (true, Some(eye)) = (told.len() > 1, eye) {
        let crossed = cross(settings, collection, eye, &told, plan.device)?;
        heat = crossed.temperature;
        let text = serde_json::to_string_pretty(&crossed)?;
        let file = plan.folder.join("cross-validation.json");
        write_whole(&file, text.as_bytes()).with_context(|| format!("cannot write {}", file.display()))?;
        answer(&describe(&settings.classes, &crossed)?)?;
        for (name, value) in [
            ("cross.balanced_accuracy", crossed.network_by_fold[0]),
            ("cross.balanced_accuracy_deviation", crossed.network_by_fold[1]),
            ("cross.balanced_accuracy_harmed", crossed.network_harmed.balanced_accuracy),
            ("cross.ridge_balanced_accuracy", crossed.ridge_by_fold[0]),
            ("cross.calibration_error", crossed.network.calibration_error),
            ("cross.calibration_error_after_scaling", crossed.calibration_error_after_scaling),
        ] {
            about.metrics.insert(name.into(), (value * 1e4).round() / 1e4);
        }
    }
    about.settings.insert("temperature".into(), (heat * 1e4).round() / 1e4);
    let Fold { weights, progress, .. } = &told[0];
    args.shared.write(network(settings, weights, heat), about, progress)
}

fn cross(
    settings: &Settings,
    collection: &Collection,
    eye: &EfficientNet,
    told: &[Fold],
    device: Device,
) -> Result<Crossed> {
    let classes = &settings.classes;
    let baseline = ridge_by_fold(collection, eye, settings.folds, device)?;
    let all = |part: fn(&Fold) -> &Vec<Prediction>| told.iter().flat_map(|f| part(f).clone()).collect::<Vec<_>>();
    let measured = |predictions: &[Prediction]| {
        figures(classes, predictions, 1.0).context("a class has no held-out pictures in some fold: use fewer folds")
    };
    let by_fold = |folds: Vec<&[Prediction]>| -> Result<[f64; 2]> {
        let scores = folds.iter().map(|p| Ok(measured(p)?.balanced_accuracy)).collect::<Result<Vec<_>>>()?;
        let mean = scores.iter().sum::<f64>() / scores.len() as f64;
        let squares = scores.iter().map(|s| (s - mean).powi(2)).sum::<f64>();
        Ok([mean, (squares / (scores.len() as f64 - 1.0)).sqrt()])
    };
    let others = |fold: usize| -> Vec<Prediction> {
        told.iter().enumerate().filter(|(i, _)| *i != fold).flat_map(|(_, f)| f.clean.clone()).collect()
    };
    // Each fold's logits divided by its own temperature, then measured at temperature 1.
    let mut scaled = Vec::new();
    for (fold, own) in told.iter().enumerate() {
        let heat = temperature(&others(fold)) as f32;
        let cooled = |p: &Prediction| Prediction { logits: p.logits.iter().map(|l| l / heat).collect(), ..p.clone() };
        scaled.extend(own.clean.iter().map(cooled));
    }
    Ok(Crossed {
        network_by_fold: by_fold(told.iter().map(|f| f.clean.as_slice()).collect())?,
        ridge_by_fold: by_fold(baseline.iter().map(Vec::as_slice).collect())?,
        network: measured(&all(|f| &f.clean))?,
        network_harmed: measured(&all(|f| &f.harmed))?,
        ridge: measured(&baseline.concat())?,
        calibration_error_after_scaling: calibration_error(&scaled, 1.0),
        temperature: temperature(&others(0)),
    })
}

/// Side at which the ridge baseline's features are seen.
pub const RIDGE_SIDE: usize = 192;

/// The ridge baseline's predictions for each fold.
pub fn ridge_by_fold(
    collection: &Collection,
    eye: &EfficientNet,
    folds: usize,
    device: Device,
) -> Result<Vec<Vec<Prediction>>> {
    let mut teacher = Teacher::new(eye, RIDGE_SIDE, device)?;
    let mut features = Vec::new();
    for items in collection.items.chunks(32) {
        let centre = |item: &Item| item.centre(RIDGE_SIDE).with_context(|| item.path.display().to_string());
        let planes = items.iter().map(centre).collect::<Result<Vec<_>>>()?;
        features.extend(teacher.see(&planes.concat())?);
    }
    let classes: Vec<usize> = collection.items.iter().map(|item| item.class).collect();
    let fold_of = collection.folds(folds);
    let examples = Examples { features: &features, width: teacher::WIDTH, classes: &classes, folds: &fold_of };
    Ok((0..folds).map(|fold| ridge::predict(&examples, collection.classes.len(), fold)).collect())
}

fn describe(classes: &[String], crossed: &Crossed) -> Result<String> {
    let mut text = String::new();
    for (name, [mean, deviation], f) in
        [("network", crossed.network_by_fold, &crossed.network), ("ridge", crossed.ridge_by_fold, &crossed.ridge)]
    {
        writeln!(text, "{name}: balanced accuracy {mean:.3} ± {deviation:.3} over folds, chance {:.3}", f.chance)?;
        for (pair, value) in &f.pairs {
            writeln!(text, "  {pair}: {value:.3}")?;
        }
        for (class, row) in classes.iter().zip(&f.confusion) {
            writeln!(text, "  {class:12} {row:?}")?;
        }
    }
    writeln!(text, "harmed pictures: balanced accuracy {:.3}", crossed.network_harmed.balanced_accuracy)?;
    write!(
        text,
        "calibration error {:.3}, {:.3} with temperatures of the other folds",
        crossed.network.calibration_error, crossed.calibration_error_after_scaling
    )?;
    Ok(text)
}
