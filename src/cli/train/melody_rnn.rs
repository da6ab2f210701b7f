//! `oneiro train melody-rnn`: a network that continues and answers melodies.

use super::melody_rolls::Openings;
use super::{Preset, Shared, check_rate, stop_flag};
use anyhow::{Result, bail, ensure};
use clap::Args as ClapArgs;
use oneiro::model::inspect::inspect;
use oneiro::model::spec::DataSource;
use oneiro::music::encoding::{EncodedTune, REST};
use oneiro::train::corpus::{Corpus, CorpusTune};
use oneiro::train::nets::melody_rnn::{
    Config, MelodyTask, Scorer, Start, Stretch, TaskSettings, Tune, cropped, performing_model, read_model, stretched,
};
use oneiro::train::program::Device;
use oneiro::train::run::{best_or_last, train};
use oneiro::train::step::averages;
use oneiro::train::tensor::Tensors;
use oneiro::train::tunes::{SHORTEST, Track};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Arguments of `oneiro train melody-rnn`.
#[derive(ClapArgs)]
#[command(after_help = "\
Watch the sheets of samples in the run's folder: beginnings of tunes that are not learnt in amber, and what the network
makes of them in teal.

Folders may hold ABC and MIDI files. Of a MIDI file the part that is most likely the melody is taken, unless --track says
otherwise. Training ends before its time when the tunes that are held back gain no more; the weights that did best on
them are written.

Examples:
  oneiro train melody-rnn --data tunes/ --out my-tunes.onnx --minutes 30
  oneiro train melody-rnn --data tunes/ --out my-tunes.onnx --resume      go on after an interruption
  oneiro train melody-rnn --from models/melody-rnn.onnx --data my-20-midis/ --out mine.onnx
  oneiro train melody-rnn --from models/melody-rnn.onnx --data my-quartets/ --track all --out mine.onnx")]
pub struct Args {
    #[command(flatten)]
    shared: Shared,
    /// Start from this model's weights, to bring it to the style of a few tunes
    #[arg(long, value_name = "MODEL.onnx", conflicts_with = "hidden")]
    from: Option<PathBuf>,
    /// Which parts of MIDI files: best (the one most likely the melody), all (but drums), or a track's number
    #[arg(long, value_name = "N|best|all", default_value = "best")]
    track: Track,
    /// Width of each recurrent layer [default: 128, 192 or 256 by --preset]
    #[arg(long)]
    hidden: Option<usize>,
    /// Highest learning rate [default: 0.002, or 0.0005 with --from]
    #[arg(long)]
    rate: Option<f64>,
    /// Share of features dropped while training [default: 0.3, or 0.4 with --from]
    #[arg(long)]
    dropout: Option<f32>,
    /// Learn each tune at half and double speed too: helps where tunes are few [default: true with --from]
    #[arg(long, num_args = 0..=1, default_missing_value = "true")]
    stretch: Option<bool>,
    /// Validations without gain after which training ends
    #[arg(long, default_value_t = 8)]
    patience: usize,
}

const KEY_WIDTH: usize = 48;
/// Into how many parts a tune is cut whose later parts are learnt too.
const CUTS: usize = 5;

/// What a training starts from.
struct Origin {
    config: Config,
    weights: Tensors,
    /// What its model was trained on.
    data: Vec<DataSource>,
}

impl Args {
    fn origin(&self) -> Result<Origin> {
        let Some(file) = &self.from else {
            let hidden = self.hidden.unwrap_or(match self.shared.preset {
                Preset::Small => 128,
                Preset::Standard => 192,
                Preset::Large => 256,
            });
            ensure!((8..=2048).contains(&hidden), "--hidden {hidden}: a width from 8 to 2048 is needed");
            return Ok(Origin { config: Config::new(hidden, KEY_WIDTH), weights: Tensors::new(), data: Vec::new() });
        };
        let model = inspect(file)?;
        let (config, weights) = match read_model(&model) {
            Ok(read) => read,
            Err(reason) => bail!("{}: cannot be trained further: {reason}", file.display()),
        };
        let hash = format!("{:x}", Sha256::digest(&model.bytes));
        let mut data = model.spec.data;
        data.push(DataSource {
            name: model.spec.name,
            origin: format!("the model whose weights training started from; SHA-256 {hash}"),
            licence: model.spec.licence,
        });
        Ok(Origin { config, weights, data })
    }

    /// Both readings of each tune, where they differ, and each at other speeds, where that is asked for.
    fn readings(&self, tunes: &[CorpusTune]) -> Vec<Tune> {
        let once = |t: &CorpusTune| (t.once != t.played).then(|| t.once.clone());
        let both = tunes.iter().flat_map(|t| [Some(t.played.clone()), once(t)]).flatten();
        // Few tunes are learnt by heart; their later parts are tunes too, seen from other notes.
        let parts = |tune: EncodedTune| {
            let cuts = if self.from.is_some() { 1..CUTS } else { 0..0 };
            let length = tune.tokens.len();
            let later = cuts.filter_map(|n| {
                let from = (n * length / CUTS..length).find(|&i| tune.tokens[i].pitch != REST)?;
                cropped(&tune, from).filter(|part| part.tokens.len() >= SHORTEST)
            });
            let later = later.collect::<Vec<_>>();
            std::iter::once(tune).chain(later)
        };
        let speeds = |tune: EncodedTune| {
            let others = if self.stretch.unwrap_or(self.from.is_some()) {
                vec![Stretch::Double, Stretch::Half]
            } else {
                Vec::new()
            };
            let others = others.into_iter().filter_map(|by| stretched(&tune, by)).collect::<Vec<_>>();
            std::iter::once(tune).chain(others)
        };
        both.flat_map(parts).flat_map(speeds).map(|tune| Tune::from(&tune)).collect()
    }
}

/// Trains, scores and writes the model.
pub fn run(args: Args) -> Result<()> {
    let further = args.from.is_some();
    let (usual_rate, minutes, validate_every) = if further { (5e-4, 10.0, 20) } else { (2e-3, 45.0, 250) };
    let rate = args.rate.unwrap_or(usual_rate);
    let dropout = args.dropout.unwrap_or(if further { 0.4 } else { 0.3 });
    ensure!((0.0..0.9).contains(&dropout), "--dropout {dropout}: a share from 0 to 0.9 is needed");
    check_rate("rate", rate)?;
    ensure!(args.patience > 0, "--patience 0: at least one validation is needed");
    let shared = &args.shared;
    let mut settings = shared.settings(minutes, validate_every)?;
    settings.patience = Some(args.patience);
    let Origin { config, weights, data } = args.origin()?;
    let corpus = Corpus::open_tracks(&shared.data, args.track)?;
    println!("{}", corpus.summary());
    let start = if further { Start::Weights } else { Start::Random };
    let seed = shared.seed;
    let task_settings = TaskSettings { config, rate, dropout, weight_decay: 0.01, seed, start };
    let validation = corpus.validation.iter().map(|t| Tune::from(&t.played)).collect();
    let openings = Openings::new(corpus.validation.iter().map(|t| &t.once), seed);
    let task = MelodyTask::new(task_settings, args.readings(&corpus.train), validation)?
        .starting_from(weights.clone())
        .drawn_by(Box::new(move |model| openings.draw(model).map_err(|e| e.to_string())));
    train(&task, &settings, &*stop_flag()?)?;
    let (progress, state) = best_or_last(&settings.folder)?;
    if let Some(best) = &progress.best {
        println!("the model is that of step {}, where {} was best: {:.4}", progress.step, best.figure, best.value);
    }
    let best = averages(&state);

    let (model, mut spec) = performing_model(config, &best, &shared.name()?);
    let threads = if let Device::Cpu { threads } = settings.device { threads } else { 1 };
    let mut scorer = Scorer::new(config, &best, Device::Cpu { threads })?;
    let mut figures = BTreeMap::new();
    if !corpus.test.is_empty() {
        let of =
            |tune: fn(&CorpusTune) -> &EncodedTune| corpus.test.iter().map(|t| Tune::from(tune(t))).collect::<Vec<_>>();
        let (played, once) = (scorer.score(&of(|t| &t.played))?, scorer.score(&of(|t| &t.once))?);
        figures = BTreeMap::from([
            ("test_bits_per_note_repeats_played".to_owned(), played.bits_per_note),
            ("test_bits_per_note_repeats_once".to_owned(), once.bits_per_note),
            ("test_next_pitch_accuracy".to_owned(), played.pitch_accuracy),
            ("test_next_pitch_accuracy_at_changes".to_owned(), played.pitch_accuracy_at_changes),
        ]);
        println!("repeats played: {played}\nrepeats once:   {once}");
        if further {
            scorer.set_weights(&weights);
            let before = scorer.score(&of(|t| &t.played))?;
            figures.insert("test_bits_per_note_repeats_played_before".to_owned(), before.bits_per_note);
            println!("before:         {before}");
        }
    } else {
        println!("no tunes are left to test with: give more tunes to have the model measured");
    }
    spec.metrics = figures;
    spec.data = data;
    shared.write(model, spec, &progress)
}
