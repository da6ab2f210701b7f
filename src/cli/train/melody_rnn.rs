//! `oneiro train melody-rnn`: a network that continues and answers melodies.

use super::{Shared, command_line, stop_flag};
use anyhow::{Context, Result, ensure};
use clap::Args as ClapArgs;
use oneiro::files::write_whole;
use oneiro::model::spec::DataSource;
use oneiro::train::corpus::Corpus;
use oneiro::train::nets::melody_rnn::{Config, MelodyTask, Scorer, TaskSettings, Tune, averaged, performing_model};
use oneiro::train::program::Device;
use oneiro::train::run::train;
use prost::Message;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Arguments of `oneiro train melody-rnn`.
#[derive(ClapArgs)]
#[command(after_help = "\
Examples:
  oneiro train melody-rnn --data tunes/ --out my-tunes.onnx --minutes 30
  oneiro train melody-rnn --data tunes/ --out my-tunes.onnx --resume      go on after an interruption")]
pub struct Args {
    #[command(flatten)]
    shared: Shared,
    /// Width of each recurrent layer
    #[arg(long, default_value_t = 192)]
    hidden: usize,
    /// Highest learning rate
    #[arg(long, default_value_t = 2e-3)]
    rate: f64,
    /// Share of features dropped while training
    #[arg(long, default_value_t = 0.2)]
    dropout: f32,
    /// Where the data came from, for the model's description
    #[arg(long, default_value = "a folder of the user")]
    data_origin: String,
    /// Licence of the data, for the model's description
    #[arg(long, default_value = "not stated")]
    data_licence: String,
    /// Licence of the model
    #[arg(long, default_value = "not stated")]
    licence: String,
}

const DEFAULT_MINUTES: f64 = 45.0;
const KEY_WIDTH: usize = 48;
const VALIDATE_EVERY: u64 = 500;

/// Both readings of each tune, where they differ.
fn readings(corpus: &Corpus) -> Vec<Tune> {
    let both = corpus.train.iter().flat_map(|t| {
        let once = (t.once != t.played).then(|| Tune::from(&t.once));
        [Some(Tune::from(&t.played)), once]
    });
    both.flatten().collect()
}

/// Trains, scores and writes the model.
pub fn run(args: Args) -> Result<()> {
    ensure!((8..=2048).contains(&args.hidden), "--hidden {}: a width from 8 to 2048 is needed", args.hidden);
    ensure!((0.0..0.9).contains(&args.dropout), "--dropout {}: a share from 0 to 0.9 is needed", args.dropout);
    ensure!(args.rate > 0.0 && args.rate < 1.0, "--rate {}: a rate between 0 and 1 is needed", args.rate);
    let shared = &args.shared;
    let settings = shared.settings(DEFAULT_MINUTES, VALIDATE_EVERY)?;
    let corpus = Corpus::open(&shared.data)?;
    println!("{}", corpus.summary());
    let config = Config::new(args.hidden, KEY_WIDTH);
    let task_settings =
        TaskSettings { config, rate: args.rate, dropout: args.dropout, weight_decay: 0.01, seed: shared.seed };
    let validation = corpus.validation.iter().map(|t| Tune::from(&t.played)).collect();
    let task = MelodyTask::new(task_settings, readings(&corpus), validation)?;
    let state = train(&task, &settings, &*stop_flag()?)?;

    let weights = averaged(&state);
    let name = shared.out.file_stem().unwrap_or_default().to_string_lossy();
    let (mut model, mut spec) = performing_model(config, &weights, &name);
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
    spec.seed = shared.seed;
    spec.command = command_line();
    spec.licence = args.licence;
    let source = |folder: &PathBuf| DataSource {
        name: folder.file_name().unwrap_or_default().to_string_lossy().into_owned(),
        origin: args.data_origin.clone(),
        licence: args.data_licence.clone(),
    };
    spec.data = shared.data.iter().map(source).collect();
    spec.store(&mut model)?;
    write_whole(&shared.out, &model.encode_to_vec())
        .with_context(|| format!("cannot write {}", shared.out.display()))?;
    println!("repeats played: {played}\nrepeats once:   {once}\nwrote {}", shared.out.display());
    Ok(())
}
