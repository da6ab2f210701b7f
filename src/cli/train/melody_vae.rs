//! `oneiro train melody-vae`: a network that turns phrases into one another.

use super::{Preset, Shared, check_rate, stop_flag, within};
use anyhow::Result;
use clap::Args as ClapArgs;
use oneiro::train::checkpoint;
use oneiro::train::corpus::Corpus;
use oneiro::train::nets::melody_vae::{Config, MelodyVaeTask, TaskSettings, performing_model, phrases_of};
use oneiro::train::run::{CHECKPOINT, train};
use oneiro::train::step::averages;

/// Arguments of `oneiro train melody-vae`.
#[derive(ClapArgs)]
#[command(after_help = "\
Watch the sheets of samples in the run's folder: a phrase, the same written again, and a phrase from a random point.
More --free-bits or a smaller --beta: phrases come back more exactly. The other way round: phrases turn into one
another more smoothly.

Examples:
  oneiro train melody-vae --data tunes/ --out my-phrases.onnx --bars 2 --minutes 30
  oneiro train melody-vae --data tunes/ --out my-phrases.onnx --bars 2 --resume     go on after an interruption")]
pub struct Args {
    #[command(flatten)]
    shared: Shared,
    /// Bars of a phrase: 1 to 4
    #[arg(long, default_value_t = 2)]
    bars: u32,
    /// Width of each recurrent layer [default: 128, 256 or 384 by --preset]
    #[arg(long)]
    hidden: Option<usize>,
    /// Numbers in a latent point [default: 64, or 96 for more than two bars]
    #[arg(long)]
    latent: Option<usize>,
    /// Highest learning rate
    #[arg(long, default_value_t = 2e-3)]
    rate: f64,
    /// Weight of the divergence from the prior
    #[arg(long, default_value_t = 0.2)]
    beta: f64,
    /// Bits of divergence a bar that cost nothing
    #[arg(long, default_value_t = 20.0)]
    free_bits: f64,
    /// Share of events hidden from the writing half while it learns
    #[arg(long, default_value_t = 0.3)]
    word_dropout: f64,
    /// Do not train: write the model from the run's last checkpoint
    #[arg(long, requires = "resume")]
    export_only: bool,
}

const DEFAULT_MINUTES: f64 = 30.0;
const VALIDATE_EVERY: u64 = 500;
const BETA_WARM_UP: u64 = 1000;

impl Args {
    fn settings(&self) -> Result<TaskSettings> {
        let hidden = self.hidden.unwrap_or(match self.shared.preset {
            Preset::Small => 128,
            Preset::Standard => 256,
            Preset::Large => 384,
        });
        let latent = self.latent.unwrap_or(if self.bars > 2 { 96 } else { 64 });
        within("bars", self.bars, 1..=4, "")?;
        within("hidden", hidden, 8..=2048, "")?;
        within("latent", latent, 2..=1024, "")?;
        check_rate("rate", self.rate)?;
        within("beta", self.beta, 0.0..=100.0, "")?;
        within("free-bits", self.free_bits, 0.0..=1e4, "")?;
        within("word-dropout", self.word_dropout, 0.0..=1.0, "")?;
        Ok(TaskSettings {
            config: Config { bars: self.bars, hidden, latent },
            rate: self.rate,
            beta: self.beta,
            beta_warm_up: BETA_WARM_UP,
            free_nats: self.free_bits * f64::from(self.bars) * std::f64::consts::LN_2,
            word_dropout: self.word_dropout,
            weight_decay: 0.01,
            seed: self.shared.seed,
        })
    }
}

/// Trains and writes the model.
pub fn run(args: Args) -> Result<()> {
    let task_settings = args.settings()?;
    let config = task_settings.config;
    let settings = args.shared.settings(DEFAULT_MINUTES, VALIDATE_EVERY)?;
    let name = args.shared.name()?;
    if !args.export_only {
        let corpus = Corpus::open(&args.shared.data)?;
        println!("{}", corpus.summary());
        let [learnt, checked] =
            [&corpus.train, &corpus.validation].map(|tunes| phrases_of(tunes, config.bars, config.rows()));
        println!("{} phrases of {} bars to learn from, {} to check with", learnt.len(), config.bars, checked.len());
        let task = MelodyVaeTask::new(task_settings, learnt, checked)?;
        train(&task, &settings, &*stop_flag()?)?;
    }
    let (progress, state) = checkpoint::load(&settings.folder.join(CHECKPOINT))?;
    let (model, about) = performing_model(config, &averages(&state), &name);
    args.shared.write(model, about, &progress)
}
