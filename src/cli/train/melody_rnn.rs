//! `oneiro train melody-rnn`: a network that continues and answers melodies.

use super::{Preset, Shared, stop_flag};
use anyhow::{Context, Result, ensure};
use clap::Args as ClapArgs;
use oneiro::train::checkpoint;
use oneiro::train::corpus::Corpus;
use oneiro::train::nets::melody_rnn::{
    BEST, Config, MelodyTask, Scorer, TaskSettings, Tune, averaged, performing_model,
};
use oneiro::train::program::Device;
use oneiro::train::run::train;
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::Path;

/// Arguments of `oneiro train melody-rnn`.
#[derive(ClapArgs)]
#[command(after_help = "\
Examples:
  oneiro train melody-rnn --data tunes/ --out my-tunes.onnx --minutes 30
  oneiro train melody-rnn --data tunes/ --out my-tunes.onnx --resume      go on after an interruption")]
pub struct Args {
    #[command(flatten)]
    shared: Shared,
    /// Width of each recurrent layer [default: 128, 192 or 256 by --preset]
    #[arg(long)]
    hidden: Option<usize>,
    /// Highest learning rate
    #[arg(long, default_value_t = 2e-3)]
    rate: f64,
    /// Share of features dropped while training
    #[arg(long, default_value_t = 0.3)]
    dropout: f32,
}

const DEFAULT_MINUTES: f64 = 45.0;
const KEY_WIDTH: usize = 48;
const VALIDATE_EVERY: u64 = 250;

/// Both readings of each tune, where they differ.
fn readings(corpus: &Corpus) -> Vec<Tune> {
    let both = corpus.train.iter().flat_map(|t| {
        let once = (t.once != t.played).then(|| Tune::from(&t.once));
        [Some(Tune::from(&t.played)), once]
    });
    both.flatten().collect()
}

fn forget(file: &Path) -> Result<()> {
    match std::fs::remove_file(file) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error).context(file.display().to_string()),
        _ => Ok(()),
    }
}

/// Trains, scores and writes the model.
pub fn run(args: Args) -> Result<()> {
    let hidden = args.hidden.unwrap_or(match args.shared.preset {
        Preset::Small => 128,
        Preset::Standard => 192,
        Preset::Large => 256,
    });
    ensure!((8..=2048).contains(&hidden), "--hidden {hidden}: a width from 8 to 2048 is needed");
    ensure!((0.0..0.9).contains(&args.dropout), "--dropout {}: a share from 0 to 0.9 is needed", args.dropout);
    ensure!(args.rate > 0.0 && args.rate < 1.0, "--rate {}: a rate between 0 and 1 is needed", args.rate);
    let shared = &args.shared;
    let settings = shared.settings(DEFAULT_MINUTES, VALIDATE_EVERY)?;
    let corpus = Corpus::open(&shared.data)?;
    println!("{}", corpus.summary());
    let config = Config::new(hidden, KEY_WIDTH);
    let task_settings =
        TaskSettings { config, rate: args.rate, dropout: args.dropout, weight_decay: 0.01, seed: shared.seed };
    let validation = corpus.validation.iter().map(|t| Tune::from(&t.played)).collect();
    let task = MelodyTask::new(task_settings, readings(&corpus), validation)?;
    if !settings.resume {
        // The best of an earlier run there is none of this one.
        forget(&settings.folder.join(BEST))?;
    }
    let state = train(&task, &settings, &*stop_flag()?)?;
    let (best_step, weights) = match task.best(&settings.folder)? {
        Some(best) => best,
        None => (0, averaged(&state)),
    };
    let name = shared.out.file_stem().unwrap_or_default().to_string_lossy();
    let (model, mut spec) = performing_model(config, &weights, &name);
    let threads = if let Device::Cpu { threads } = settings.device { threads } else { 1 };
    let mut scorer = Scorer::new(config, &weights, Device::Cpu { threads })?;
    let played = corpus.test.iter().map(|t| Tune::from(&t.played)).collect::<Vec<_>>();
    let once = corpus.test.iter().map(|t| Tune::from(&t.once)).collect::<Vec<_>>();
    let (played, once) = (scorer.score(&played)?, scorer.score(&once)?);
    spec.metrics = BTreeMap::from([
        ("test_bits_per_note_repeats_played".into(), played.bits_per_note),
        ("test_bits_per_note_repeats_once".into(), once.bits_per_note),
        ("test_next_pitch_accuracy".into(), played.pitch_accuracy),
        ("test_next_pitch_accuracy_at_changes".into(), played.pitch_accuracy_at_changes),
    ]);
    spec.settings.insert("best step".into(), best_step as f64);
    let (progress, _) = checkpoint::load(&settings.folder.join("checkpoint.safetensors"))?;
    println!("repeats played: {played}\nrepeats once:   {once}");
    shared.write(model, spec, &progress)
}
