//! `oneiro eval` for melody networks: how well the file foresees tunes it was not trained on, and how well counting does.

use super::super::{Usage, progress};
use super::{Answer, Args, modes};
use anyhow::{Result, bail};
use oneiro::compose::{Figures, MelodyModel, Tally};
use oneiro::model::inspect::Inspected;
use oneiro::model::session::{Session, SessionOptions};
use oneiro::music::encoding::EncodedTune;
use oneiro::train::corpus::{Corpus, CorpusTune};
use oneiro::train::ppm::{BaselineReport, RepeatsReport, evaluate_baselines};
use serde::Serialize;
use std::fmt::Write as _;

#[derive(Serialize)]
struct Report {
    /// Test tunes with repeats played.
    played: Figures,
    /// Test tunes with each section once.
    once: Figures,
    #[serde(skip_serializing_if = "Option::is_none")]
    baselines: Option<Baselines>,
}

#[derive(Serialize)]
struct Baselines {
    #[serde(flatten)]
    report: BaselineReport,
    /// How much fewer (below 0) or more bits the network needs.
    network_against: Against,
}

#[derive(Serialize)]
struct Against {
    played: Differences,
    once: Differences,
}

/// Bits a note of the network over those of a counting model, less 1.
#[derive(Serialize)]
struct Differences {
    long_term: f64,
    mixed: f64,
}

impl Differences {
    fn new(network: Figures, counting: &RepeatsReport) -> Self {
        let against = |bits: f64| network.bits_per_note / bits - 1.0;
        Self { long_term: against(counting.long_term.bits_per_note), mixed: against(counting.mixed.bits_per_note) }
    }
}

/// What it takes of the options that not every kind takes.
pub const OPTIONS: &[&str] = &["baselines", "all", "modes"];
/// What it takes besides with `--modes`, and nothing else then.
pub const MODES_OPTIONS: &[&str] = &["modes", "phrase-model", "count", "sheet", "set"];

/// Measures a melody network on the test tunes of a corpus.
pub fn run(model: Inspected, args: &Args) -> Result<Answer> {
    if args.modes {
        return modes::run(model, args);
    }
    let session = SessionOptions { intra_threads: args.threads.max(1), ..SessionOptions::default() };
    let mut model = MelodyModel::new(Session::from_inspected(model, &session)?)?;
    let mut corpus = Corpus::open(&args.data)?;
    if args.all {
        if args.baselines {
            return Err(Usage("--baselines need tunes to learn from: not with --all".into()).into());
        }
        let others = corpus.train.drain(..).chain(corpus.validation.drain(..)).collect::<Vec<_>>();
        corpus.test.extend(others);
    } else if corpus.test.is_empty() || corpus.validation.is_empty() {
        bail!("{}: too few to measure with (--all measures on every tune)", corpus.summary());
    }
    eprintln!("{}{}", corpus.summary(), if args.all { "; all are tested on" } else { "" });
    let readings: [fn(&CorpusTune) -> &EncodedTune; 2] = [|tune| &tune.played, |tune| &tune.once];
    let rows = |tune: &CorpusTune| readings.iter().map(|of| of(tune).tokens.len() as u64 + 1).sum::<u64>();
    let bar = progress(corpus.test.iter().map(rows).sum(), "events");
    let mut tallies = [Tally::default(); 2];
    for (tally, of) in tallies.iter_mut().zip(readings) {
        for tune in &corpus.test {
            *tally += Tally::of(&mut model, of(tune), &mut || bar.inc(1))?;
        }
    }
    bar.finish_and_clear();
    let [played, once] = tallies.map(|tally| tally.figures());
    let baselines = args.baselines.then(|| {
        let bar = progress(100, "% of counting");
        let report = evaluate_baselines(&corpus, &|share| bar.set_position((100.0 * share) as u64));
        bar.finish_and_clear();
        let network_against =
            Against { played: Differences::new(played, &report.played), once: Differences::new(once, &report.once) };
        Baselines { report, network_against }
    });
    let report = Report { played, once, baselines };
    Answer::new(&report, describe(&report)?)
}

fn describe(report: &Report) -> Result<String> {
    let mut text = format!("repeats played: {}\nrepeats once:   {}", report.played, report.once);
    let Some(baselines) = &report.baselines else { return Ok(text) };
    let Baselines { report: counting, network_against } = baselines;
    for (name, counting, against) in [
        ("repeats played", &counting.played, &network_against.played),
        ("repeats once", &counting.once, &network_against.once),
    ] {
        write!(text, "\ncounting, {name}:")?;
        for (name, score, against) in
            [("long-term", counting.long_term, against.long_term), ("with short-term", counting.mixed, against.mixed)]
        {
            write!(
                text,
                "\n  {name:16} {:.3} bits a note; the network: {:+.1} %",
                score.bits_per_note,
                100.0 * against
            )?;
        }
    }
    Ok(text)
}
