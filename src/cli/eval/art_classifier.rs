//! `oneiro eval` for art classifiers: how well they tell classes, and how honest their probabilities are.

use super::painted::{painted, to_picture};
use super::{Answer, Args, features_file, milliseconds, save_jpeg};
use crate::cli::train::ridge_by_fold;
use anyhow::{Context, Result, bail};
use oneiro::model::inspect::Inspected;
use oneiro::model::session::{Session, SessionOptions};
use oneiro::picture::{Classifier, Picture};
use oneiro::train::nets::art_classifier::collection::{Collection, KEPT};
use oneiro::train::nets::art_classifier::evaluate::{Figures, Prediction, figures};
use oneiro::train::nets::efficientnet::EfficientNet;
use oneiro::train::pictures::sheet::{self, Layout};
use oneiro::train::program::Device;
use serde::Serialize;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// What it takes of the options that not every kind takes.
pub const OPTIONS: &[&str] = &["features", "sheet", "baselines"];

/// Pictures of a generator that are judged.
const PAINTED: usize = 128;

#[derive(Serialize)]
struct Report {
    /// Whether the pictures are those that the model's training held out; otherwise all pictures of the folder are measured.
    held_out: bool,
    #[serde(flatten)]
    network: Figures,
    #[serde(skip_serializing_if = "Option::is_none")]
    ridge: Option<Figures>,
    /// Share of each class among the pictures of the first generator that is found, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    painted: Option<BTreeMap<String, f64>>,
    /// Milliseconds for a picture of 64 × 64, median of 50, on `threads` threads.
    milliseconds: f64,
}

/// Measures a classifier.
pub fn run(model: Inspected, args: &Args) -> Result<Answer> {
    let setting = |name: &str| model.spec.settings.get(name).copied();
    let (folds, held_out, data) = (setting("folds"), setting("held_out_fold"), setting("data"));
    let options = SessionOptions { intra_threads: args.threads.max(1), ..SessionOptions::default() };
    let mut classifier = Classifier::new(Session::from_inspected(model, &options)?)?;
    let [folder] = &args.data[..] else { bail!("--data: one folder, with a subfolder for each class") };
    let edge_crop = args.folders.sources(&args.data)?[0].edge_crop;
    let collection = Collection::open(folder, edge_crop)?;
    let classes = classifier.classes().to_vec();
    if collection.classes != classes {
        bail!("the model tells {}, the folder holds {}", classes.join(", "), collection.classes.join(", "));
    }
    // Another fingerprint: other pictures, dealt out differently; which of them were learnt cannot be known.
    let same = data == Some(collection.fingerprint() as f64);
    let fold = match (same, folds, held_out) {
        (true, Some(folds), Some(held_out)) => Some((folds as usize, held_out as usize)),
        _ => None,
    };
    let fold_of = fold.map(|(folds, held_out)| (collection.folds(folds), held_out));
    let asked = |at: usize| fold_of.as_ref().is_none_or(|(of, held_out)| of[at] == *held_out);
    let mut predictions = Vec::new();
    let mut shown = Vec::new();
    for (_, item) in collection.items.iter().enumerate().filter(|(at, _)| asked(*at)) {
        let planes = item.centre(KEPT).with_context(|| item.path.display().to_string())?;
        let probabilities = classifier.judge(&to_picture(&planes, KEPT))?;
        // Their logarithms are logits of the same probabilities, at temperature 1.
        let logits = probabilities.iter().map(|p| p.max(1e-12).ln()).collect();
        predictions.push(Prediction { class: item.class, logits });
        shown.push(planes);
    }
    let network = figures(&classes, &predictions, 1.0).context("a class has no pictures to measure with")?;
    let ridge = match fold {
        Some((folds, held_out)) if args.baselines => {
            let eye = EfficientNet::read(&features_file(args.features.as_deref())?)?;
            let all = ridge_by_fold(&collection, &eye, folds, Device::Cpu { threads: args.threads.max(1) })?;
            figures(&classes, &all[held_out], 1.0)
        }
        _ => None,
    };
    if let Some(path) = &args.sheet {
        save_jpeg(&page(&predictions, &shown, classes.len()), path)?;
    }
    let painted = shares_of_painted(args, &mut classifier)?;
    let grey = Picture { width: 64, height: 64, data: vec![0.4; 3 * 64 * 64] };
    let milliseconds = milliseconds(50, || classifier.judge(&grey).map(drop))?;
    let report = Report { held_out: fold.is_some(), network, ridge, painted, milliseconds };
    Answer::new(&report, describe(&report, &classes)?)
}

/// For each class a row of the pictures that are said to be of it, surest first.
fn page(predictions: &[Prediction], shown: &[Vec<f32>], classes: usize) -> image::RgbImage {
    const COLUMNS: usize = 12;
    let mut cells = Vec::new();
    for class in 0..classes {
        let mut said: Vec<usize> = (0..predictions.len()).filter(|&at| predictions[at].said() == class).collect();
        said.sort_by(|&a, &b| predictions[b].logits[class].total_cmp(&predictions[a].logits[class]));
        let row = said.iter().take(COLUMNS).map(|&at| sheet::from_planes(&shown[at], KEPT));
        cells.extend(row.chain(std::iter::repeat_n(image::RgbImage::new(1, 1), COLUMNS)).take(COLUMNS));
    }
    sheet::sheet(&cells, Layout { columns: COLUMNS, ..Layout::for_count(cells.len(), 128) })
}

/// Shares of the classes among the pictures of a generator.
fn shares_of_painted(args: &Args, classifier: &mut Classifier) -> Result<Option<BTreeMap<String, f64>>> {
    let names = classifier.classes().to_vec();
    let mut counts: BTreeMap<String, f64> = names.iter().map(|c| (c.clone(), 0.0)).collect();
    let found = painted(args, PAINTED, |picture| {
        let probabilities = classifier.judge(&picture)?;
        let said = (0..names.len()).fold(0, |b, c| if probabilities[c] > probabilities[b] { c } else { b });
        if let Some(count) = counts.get_mut(&names[said]) {
            *count += 1.0 / PAINTED as f64;
        }
        Ok(())
    })?;
    Ok(found.map(|()| counts))
}

fn describe(report: &Report, classes: &[String]) -> Result<String> {
    let which =
        if report.held_out { "held-out pictures" } else { "pictures (not the folder of its training: all of them)" };
    let mut text = format!("{} {which}, chance {:.3}", report.network.pictures, report.network.chance);
    let ways = [("network", Some(&report.network)), ("ridge", report.ridge.as_ref())];
    for (name, f) in ways.into_iter().filter_map(|(name, f)| Some((name, f?))) {
        write!(text, "\n{name}: balanced accuracy {:.3}, accuracy {:.3}", f.balanced_accuracy, f.accuracy)?;
        write!(text, ", log loss {:.3}, calibration error {:.3}", f.log_loss, f.calibration_error)?;
        for (pair, value) in &f.pairs {
            write!(text, "\n  {pair}: {value:.3}")?;
        }
        for (class, row) in classes.iter().zip(&f.confusion) {
            write!(text, "\n  {class:12} said to be {}: {row:?}", classes.join(", "))?;
        }
    }
    if let Some(shares) = &report.painted {
        let parts: Vec<String> = shares.iter().map(|(class, share)| format!("{class} {share:.2}")).collect();
        write!(text, "\npictures of the first generator found: {}", parts.join(", "))?;
    }
    write!(text, "\n{:.2} ms a picture of 64 × 64", report.milliseconds)?;
    Ok(text)
}
