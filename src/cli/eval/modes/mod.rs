//! `oneiro eval --modes`: what the instrument answers to calls from tunes that its networks have not seen, in every mode,
//! beside how the tunes really go on and beside what counting makes of them.

mod label;
mod material;
mod second;
mod sheet;
mod stage;
mod table;

use super::super::{Usage, progress};
use super::{Answer, Args, inspect};
use anyhow::{Context, Result, bail};
use indicatif::ProgressBar;
use material::Call;
use oneiro::compose::{Controls, Direction, Expression, MelodyModel, Mode, Parameter, PhraseModel, Settings};
use oneiro::model::inspect::Inspected;
use oneiro::model::library;
use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::Kind;
use oneiro::music::figures::{Exchange, Figures, Histograms, Stretch};
use oneiro::music::{Key, Note, PitchClassWeights, estimate_key};
use oneiro::time::Beats;
use oneiro::train::corpus::{Corpus, CorpusTune};
use oneiro::train::ppm::Counting;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use second::SecondVoice;
use serde::Serialize;
use sheet::Shown;
use stage::{Performed, Stage};
use std::path::Path;

/// Calls where nothing else is asked for.
const CALLS: usize = 200;
/// Calls of each mode on a sheet.
const SHOWN: usize = 4;
/// The phrase network where none is named: phrases of four bars tell more than those of two.
const PHRASES: &str = "melody-vae-4";
/// Places between the two phrases of a morph, in turns.
const PLACES: [f64; 3] = [0.25, 0.5, 0.75];

#[derive(Serialize)]
struct Report {
    seed: u64,
    melody: String,
    phrases: String,
    /// Controls that are not as usual.
    set: Vec<String>,
    /// Calls, and bars of each.
    calls: usize,
    bars: u32,
    rows: Vec<Row>,
    second_voice: SecondVoice,
    /// How long one thread had the processor to hear a call and write a phrase.
    milliseconds: Milliseconds,
}

/// What one way of answering came to.
#[derive(Serialize)]
struct Row {
    name: String,
    #[serde(flatten)]
    figures: Figures,
    /// Calls that the phrase network could not be asked about.
    refused: usize,
    /// Notes that came too late or were lost.
    lost: u64,
    /// Chords that pictures were told of, a call.
    chords: f64,
}

#[derive(Serialize)]
struct Milliseconds {
    phrases: usize,
    median: f64,
    p99: f64,
    most: f64,
}

/// Measures the modes with a melody network and a phrase network.
pub fn run(model: Inspected, args: &Args) -> Result<Answer> {
    let phrases = phrase_model(args.phrase_model.as_deref())?;
    let models = Models { melody: model, phrases };
    let bars = models.phrases()?.bars();
    let corpus = Corpus::open(&args.data)?;
    eprintln!("{}", corpus.summary());
    let calls = calls(&corpus, bars, args.count.unwrap_or(CALLS))?;
    let bar = progress((calls.len() * (Mode::ALL.len() + 1)) as u64, "calls");
    let learnt = of_corpus(&corpus.train);
    let (mut rows, mut sheet, mut took) = (Vec::new(), Vec::new(), Vec::new());
    let every = calls.len().div_ceil(SHOWN);
    let shown = || calls.iter().enumerate().step_by(every);

    let real: Vec<Exchange> = calls.iter().map(|call| exchange(call, &call.follows)).collect();
    rows.push(Row::new("the tune", Figures::of(&real, &learnt)));
    sheet.push(("the tune itself".to_owned(), shown().map(|(_, c)| Shown::after(c, &c.follows)).collect()));
    let counted = count_on(&corpus.train, &calls, args.seed, &bar);
    let exchanges: Vec<Exchange> = calls.iter().zip(&counted).map(|(call, notes)| exchange(call, notes)).collect();
    rows.push(Row::new("counting", Figures::of(&exchanges, &learnt)));
    sheet.push(("counting".to_owned(), shown().map(|(i, c)| Shown::after(c, &counted[i])).collect()));

    let mut second_voice = SecondVoice::default();
    for mode in Mode::ALL {
        let performed = perform(&models, mode, &calls, args, &bar)?;
        let exchanges: Vec<Exchange> = calls.iter().zip(&performed).map(|(call, p)| p.exchange(mode, call)).collect();
        rows.push(Row {
            refused: performed.iter().filter(|p| p.refused).count(),
            lost: performed.iter().map(|p| p.lost).sum(),
            chords: performed.iter().map(|p| p.chords).sum::<usize>() as f64 / performed.len().max(1) as f64,
            ..Row::new(mode.name(), Figures::of(&exchanges, &learnt))
        });
        sheet.push((mode.name().to_owned(), shown().map(|(i, c)| Shown::of(mode, c, &performed[i])).collect()));
        took.extend(performed.iter().flat_map(|p| &p.took).copied());
        if mode == Mode::Harmonise {
            let pairs = performed.iter().map(|p| (p.heard.as_slice(), p.answer.as_slice()));
            second_voice = SecondVoice::of(pairs);
        }
    }
    bar.finish_and_clear();
    if let Some(path) = &args.sheet {
        sheet::write(path, &sheet)?;
    }
    took.sort_by(f64::total_cmp);
    let at = |share: f64| took.get((share * took.len() as f64) as usize).or(took.last()).copied().unwrap_or(0.0);
    let report = Report {
        seed: args.seed,
        melody: models.melody.spec.name.clone(),
        phrases: models.phrases.spec.name.clone(),
        set: args.set.clone(),
        calls: calls.len(),
        bars,
        rows,
        second_voice,
        milliseconds: Milliseconds { phrases: took.len(), median: at(0.5), p99: at(0.99), most: at(1.0) },
    };
    let text = table::describe(&report);
    Answer::new(&report, text)
}

impl Row {
    fn new(name: &str, figures: Figures) -> Self {
        Self { name: name.to_owned(), figures, refused: 0, lost: 0, chords: 0.0 }
    }
}

/// The networks; each thread opens its own sessions.
struct Models {
    melody: Inspected,
    phrases: Inspected,
}

impl Models {
    fn melody(&self) -> Result<MelodyModel> {
        Ok(MelodyModel::new(Session::from_inspected(self.melody.clone(), &SessionOptions::default())?)?)
    }

    fn phrases(&self) -> Result<PhraseModel> {
        Ok(PhraseModel::new(self.phrases.clone(), &SessionOptions::default())?)
    }
}

fn phrase_model(named: Option<&str>) -> Result<Inspected> {
    match named {
        Some(file) if Path::new(file).exists() => Ok(inspect(Path::new(file))?.expect_kind(Kind::MelodyVae)?),
        named => {
            let name = named.unwrap_or(PHRASES);
            library::find(&library::folders(None), Kind::MelodyVae, Some(name))
                .context("morphs and variations need one")
        }
    }
}

/// Calls from the test tunes: one of each before a second of any.
fn calls(corpus: &Corpus, bars: u32, count: usize) -> Result<Vec<Call>> {
    let tunes: Vec<Vec<Call>> = corpus.test.iter().map(|tune| Call::all(tune, bars)).collect();
    let most = tunes.iter().map(Vec::len).max().unwrap_or(0);
    let calls: Vec<Call> =
        (0..most).flat_map(|nth| tunes.iter().filter_map(move |calls| calls.get(nth).cloned())).take(count).collect();
    if calls.len() < 2 {
        bail!("{}: fewer than two of {} bars or more to test with", corpus.summary(), 2 * bars);
    }
    Ok(calls)
}

/// Tones and lengths of tunes.
fn of_corpus(tunes: &[CorpusTune]) -> Histograms {
    let mut histograms = Histograms::default();
    for tune in tunes {
        let notes = tune.once.decode("").notes_at(Beats::ZERO, 80);
        let end = notes.iter().map(Note::end).fold(Beats::ZERO, Beats::max);
        let key: Option<Key> = estimate_key(&PitchClassWeights::of_notes(&notes)).map(|estimate| estimate.key);
        histograms.add(&Stretch::new(&notes, (Beats::ZERO, end)).notes, key.map(|key| key.tonic));
    }
    histograms
}

fn exchange(call: &Call, answer: &[Note]) -> Exchange {
    let (metre, key, home, tune) = (call.metre, call.key, call.home, call.tune.clone());
    Exchange { call: call.played(), answer: Stretch::new(answer, call.answered()), metre, key, home, tune }
}

impl Performed {
    fn exchange(&self, mode: Mode, call: &Call) -> Exchange {
        let answer = Stretch::new(&self.answer, self.span);
        let length = call.span().1 - call.span().0;
        let call_stretch = match mode {
            Mode::Morph => Stretch::new(&self.heard, (call.span().0, call.span().1 + length)),
            _ => call.played(),
        };
        Exchange { call: call_stretch, answer, ..exchange(call, &[]) }
    }
}

/// What counting makes of the calls.
fn count_on(learnt: &[CorpusTune], calls: &[Call], seed: u64, bar: &ProgressBar) -> Vec<Vec<Note>> {
    let counting = Counting::learn(learnt.iter().map(|tune| &tune.once));
    let top_p = Controls::default().freedom.top_p;
    let go_on = |(i, call): (usize, &Call)| {
        bar.inc(1);
        let Some(opening) = call.opening() else { return Vec::new() };
        let mut rng = ChaCha8Rng::seed_from_u64(seed.wrapping_add(i as u64));
        let steps = Stretch::new(&[], call.answered()).span;
        let gone = counting.go_on(&opening, (steps.1 - steps.0) as u32, top_p, &mut rng);
        let from = call.notes.first().map_or(Beats::ZERO, |n| n.onset);
        let notes = gone.decode("").notes_at(from, 90);
        notes.into_iter().filter(|n| n.onset.0 >= call.answered().0.0 - 1e-6).collect()
    };
    calls.iter().enumerate().map(go_on).collect()
}

/// What a mode makes of the calls, each with a seed of its own.
fn perform(models: &Models, mode: Mode, calls: &[Call], args: &Args, bar: &ProgressBar) -> Result<Vec<Performed>> {
    let (threads, set) = (args.threads.clamp(1, calls.len()), controls(&args.set)?);
    let work = |first: usize, some: &[Call]| -> Result<Vec<Performed>> {
        let mut stage = Stage::new(mode, models.melody()?, models.phrases()?)?;
        let one = |(i, call): (usize, &Call)| {
            let number = first + i;
            let after = calls.iter().cycle().skip(number + 1).take(calls.len());
            let other = after.into_iter().find(|other| other.metre == call.metre).unwrap_or(call);
            let seed = args.seed.wrapping_add(number as u64);
            let settings = settings(call.bars, seed, PLACES[number % PLACES.len()], &set);
            let performed = stage.perform(call, other, &settings);
            bar.inc(1);
            performed
        };
        some.iter().enumerate().map(one).collect()
    };
    let portion = calls.len().div_ceil(threads);
    std::thread::scope(|scope| {
        let work = &work;
        let portions = calls.chunks(portion).enumerate();
        let running: Vec<_> = portions.map(|(n, some)| scope.spawn(move || work(n * portion, some))).collect();
        let mut all = Vec::new();
        for thread in running {
            let done = thread.join().map_err(|_| anyhow::anyhow!("a performance came to a sudden end"))?;
            all.extend(done?);
        }
        Ok(all)
    })
}

/// As a player finds them, but for what the figures need: notes held to their ends, and another seed each time.
fn settings(bars: u32, seed: u64, place: f64, set: &[(&Parameter, f64)]) -> Settings {
    let expression = Expression { gate: 1.0, ..Expression::default() };
    let mut settings = Settings {
        controls: Controls { seed, expression, ..Controls::default() },
        direction: Direction { bars, morph: [place, 0.0], ..Direction::default() },
        ..Settings::default()
    };
    for (parameter, value) in set {
        parameter.set(&mut settings, *value);
    }
    settings
}

/// The controls that are to be other than usual.
fn controls(set: &[String]) -> Result<Vec<(&'static Parameter, f64)>> {
    let one = |text: &String| {
        let (name, value) = text.split_once('=').ok_or_else(|| Usage(format!("--set {text}: NAME=VALUE is needed")))?;
        let parameter = Parameter::by_name(name).ok_or_else(|| Usage(format!("--set {text}: there is no {name}")))?;
        let value = parameter.parse(value).map_err(|e| Usage(format!("--set {text}: {e}")))?;
        Ok((parameter, value))
    };
    set.iter().map(one).collect()
}
