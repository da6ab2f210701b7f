//! `oneiro eval` for melody VAEs: how well phrases come back, how evenly the latent space is used, and how gradually
//! phrases turn into one another. The file itself is measured, as it performs.

use super::super::progress;
use super::{Answer, Args, save_jpeg};
use anyhow::{Result, ensure};
use indicatif::ProgressBar;
use oneiro::compose::{LatentPoint, PhraseModel, blend, likeliest};
use oneiro::model::inspect::Inspected;
use oneiro::model::session::SessionOptions;
use oneiro::music::encoding::{DURATIONS, REST};
use oneiro::music::phrase::CodedPhrase;
use oneiro::music::roll_strips::{Strip, draw_strips};
use oneiro::train::corpus::Corpus;
use oneiro::train::nets::melody_vae::evaluate::{Character, NoteMatch, active_units, kl_nats, notes, overlap, share};
use oneiro::train::nets::melody_vae::walk::{self, WalkFigures};
use oneiro::train::nets::melody_vae::{Phrase, phrases_of};
use oneiro::train::step::normal;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::Serialize;
use std::fmt::Write as _;

/// Phrases of a path, its ends counted.
const STEPS: usize = 9;

#[derive(Serialize)]
struct Report {
    seed: u64,
    bars: u32,
    /// Phrases of the test tunes that were measured.
    phrases: usize,
    reconstruction: Reconstruction,
    /// The same with every phrase counted from a reference that is wrong by up to six semitones.
    wrong_reference: NoteAccuracy,
    latent: Latent,
    /// From each of some test phrases to another one of the same metre.
    walk: WalkFigures,
    baselines: Baselines,
    samples: Samples,
}

/// Shares of the notes of the phrase that come back.
#[derive(Serialize)]
struct NoteAccuracy {
    pitch: f64,
    duration: f64,
    both: f64,
    /// Harmonic mean of precision and recall of notes with their onsets: those count that stand right, wherever in order.
    onset_and_pitch_f1: f64,
    /// Share of phrases that come back whole.
    whole: f64,
}

#[derive(Serialize)]
struct Reconstruction {
    /// Each event guessed from the true ones before it.
    forced_pitch: f64,
    forced_duration: f64,
    forced_both: f64,
    /// Bits that an event costs, the point known.
    bits_an_event: f64,
    /// The phrase written freely from its point.
    free: NoteAccuracy,
}

#[derive(Serialize)]
struct Latent {
    size: usize,
    /// Nats of divergence from the prior, a phrase.
    kl: f64,
    active_units: usize,
    /// Variance of the means over phrases and mean variance of the points, over all units: together 1 for the prior.
    variance_of_means: f64,
    mean_variance: f64,
}

#[derive(Serialize)]
struct Baselines {
    copying: WalkFigures,
    splicing: WalkFigures,
    averaging: WalkFigures,
}

#[derive(Serialize)]
struct Samples {
    /// Phrases of the test tunes.
    real: Character,
    /// Phrases from random points, each event the likeliest.
    drawn: Character,
    /// Share of phrases that fill their bars although nothing keeps their events from leaving them.
    kept_metre: f64,
    /// What the note lengths, and the tones above the tonic, have in common with the real ones' shares.
    overlap_of_lengths: f64,
    overlap_of_tones: f64,
}

/// What it takes of the options that not every kind takes.
pub const OPTIONS: &[&str] = &["count", "sheet", "walk"];

/// Measures a melody VAE on the test tunes of a corpus.
pub fn run(model: Inspected, args: &Args) -> Result<Answer> {
    let options = SessionOptions { intra_threads: args.threads.max(1), ..SessionOptions::default() };
    let mut model = PhraseModel::new(model, &options)?;
    let count = args.count()?;
    let corpus = Corpus::open(&args.data)?;
    eprintln!("{}", corpus.summary());
    let all = phrases_of(&corpus.test, model.bars(), model.rows());
    ensure!(all.len() >= 2, "{}: fewer than two phrases of {} bars to test with", corpus.summary(), model.bars());
    // From the whole range, not from the first tunes alone.
    let phrases: Vec<Phrase> =
        (0..count.min(all.len())).map(|i| all[i * all.len() / count.min(all.len())].clone()).collect();
    let bar = progress(3 * phrases.len() as u64, "phrases");
    let mut rng = ChaCha8Rng::seed_from_u64(args.seed);

    let mut forced = Forced::default();
    let (mut points, mut free) = (Vec::new(), Written::default());
    for phrase in &phrases {
        let point = model.encode(&phrase.coded)?;
        forced.add(&mut model, &point, phrase)?;
        free.add(&phrase.coded, model.decode(&point.mu, phrase.coded.form, &mut likeliest)?);
        points.push(point);
        bar.inc(1);
    }
    let mut wrong = Written::default();
    for phrase in &phrases {
        let shifted = phrase.coded.shifted(rng.random_range(1..=6) * if rng.random() { 1 } else { -1 });
        let point = model.encode(&shifted)?;
        wrong.add(&shifted, model.decode(&point.mu, shifted.form, &mut likeliest)?);
        bar.inc(1);
    }
    let samples = draw(&mut model, &phrases, &mut rng, &bar)?;
    let pairs = pairs(&phrases, (count / 4).clamp(8, 128), &mut rng);
    let paths = pairs
        .iter()
        .map(|&(a, b)| path(&mut model, [&points[a], &points[b]], &phrases[a]))
        .collect::<Result<Vec<_>>>()?;
    bar.finish_and_clear();
    if let Some(file) = &args.sheet {
        let every = phrases.len().div_ceil(12);
        let rows = phrases.iter().zip(&free.phrases).zip(&samples.0).step_by(every);
        let strips = rows.map(|((p, again), drawn)| Strip::new(&[&p.coded, again, drawn])).collect::<Vec<_>>();
        save_jpeg(&draw_strips(&strips, 1200), file)?;
    }
    if let Some(file) = &args.walk {
        let strips = paths.iter().take(10).map(|p| Strip::new(&p.iter().collect::<Vec<_>>())).collect::<Vec<_>>();
        save_jpeg(&draw_strips(&strips, 1800), file)?;
    }
    let simple = |way: fn(&CodedPhrase, &CodedPhrase, usize) -> Vec<CodedPhrase>| {
        let paths = pairs.iter().map(|&(a, b)| way(&phrases[a].coded, &phrases[b].coded, STEPS));
        walk::figures(&paths.collect::<Vec<_>>())
    };
    let report = Report {
        seed: args.seed,
        bars: model.bars(),
        phrases: phrases.len(),
        reconstruction: forced.figures(free.figures()),
        wrong_reference: wrong.figures(),
        latent: latent(&points),
        walk: walk::figures(&paths),
        baselines: Baselines {
            copying: simple(walk::switched),
            splicing: simple(walk::spliced),
            averaging: simple(walk::averaged),
        },
        samples: samples.1,
    };
    Answer::new(&report, describe(&report)?)
}

/// Guesses with the true events before.
#[derive(Default)]
struct Forced {
    notes: usize,
    pitch: usize,
    duration: usize,
    both: usize,
    events: usize,
    nats: f64,
}

impl Forced {
    fn add(&mut self, model: &mut PhraseModel, point: &LatentPoint, phrase: &Phrase) -> Result<()> {
        let mut truth = phrase.coded.tokens.iter();
        let classes = oneiro::music::encoding::PITCH_CLASSES;
        model.decode(&point.mu, phrase.coded.form, &mut |expectation, _| {
            let token = truth.next()?;
            let (d, p) = (usize::from(token.duration), usize::from(token.pitch));
            self.events += 1;
            self.nats -= f64::from(expectation.log_duration[d] + expectation.log_pitch[d * classes + p]);
            if token.pitch != REST {
                let most = u32::from(DURATIONS[DURATIONS.len() - 1]);
                let duration = likeliest(expectation, most).is_some_and(|t| t.duration == token.duration);
                let row = &expectation.log_pitch[d * classes..(d + 1) * classes];
                let pitch = row.iter().all(|&x| x <= row[p]);
                self.notes += 1;
                self.pitch += usize::from(pitch);
                self.duration += usize::from(duration);
                self.both += usize::from(pitch && duration);
            }
            Some(*token)
        })?;
        Ok(())
    }

    fn figures(&self, free: NoteAccuracy) -> Reconstruction {
        Reconstruction {
            forced_pitch: share(self.pitch, self.notes),
            forced_duration: share(self.duration, self.notes),
            forced_both: share(self.both, self.notes),
            bits_an_event: self.nats / std::f64::consts::LN_2 / self.events.max(1) as f64,
            free,
        }
    }
}

/// Phrases written freely, against what they should be.
#[derive(Default)]
struct Written {
    phrases: Vec<CodedPhrase>,
    total: NoteMatch,
    whole: usize,
}

impl Written {
    fn add(&mut self, wanted: &CodedPhrase, written: CodedPhrase) {
        self.total += NoteMatch::of(wanted, &written);
        self.whole += usize::from(notes(wanted) == notes(&written));
        self.phrases.push(written);
    }

    fn figures(&self) -> NoteAccuracy {
        NoteAccuracy {
            pitch: share(self.total.pitch, self.total.wanted),
            duration: share(self.total.duration, self.total.wanted),
            both: self.total.both(),
            onset_and_pitch_f1: self.total.placed_f1(),
            whole: share(self.whole, self.phrases.len()),
        }
    }
}

fn latent(points: &[LatentPoint]) -> Latent {
    let (n, size) = (points.len().max(1) as f64, points.first().map_or(0, |p| p.mu.len()));
    let mean = |of: &dyn Fn(&LatentPoint) -> f64| points.iter().map(of).sum::<f64>() / n;
    let unit = |i: usize| {
        let squares = mean(&|p| f64::from(p.mu[i]).powi(2));
        (squares - mean(&|p| f64::from(p.mu[i])).powi(2), mean(&|p| f64::from(p.logvar[i]).exp()))
    };
    let units = (0..size).map(unit).collect::<Vec<_>>();
    Latent {
        size,
        kl: mean(&|p| kl_nats(&p.mu, &p.logvar)),
        active_units: active_units(points.iter().map(|p| p.mu.as_slice())),
        variance_of_means: units.iter().map(|u| u.0).sum::<f64>() / size.max(1) as f64,
        mean_variance: units.iter().map(|u| u.1).sum::<f64>() / size.max(1) as f64,
    }
}

/// Phrases from random points, in the forms of the test phrases.
fn draw(
    model: &mut PhraseModel,
    phrases: &[Phrase],
    rng: &mut ChaCha8Rng,
    bar: &ProgressBar,
) -> Result<(Vec<CodedPhrase>, Samples)> {
    let (mut drawn, mut kept) = (Vec::new(), 0);
    for phrase in phrases {
        let z = normal(rng, 1.0, model.latent());
        let mut fits = true;
        drawn.push(model.decode(&z, phrase.coded.form, &mut |expectation, left| {
            let free = likeliest(expectation, u32::MAX)?;
            fits &= u32::from(DURATIONS[usize::from(free.duration)]) <= left;
            likeliest(expectation, left)
        })?);
        kept += usize::from(fits);
        bar.inc(1);
    }
    let real = Character::of(&phrases.iter().map(|p| p.coded.clone()).collect::<Vec<_>>());
    let character = Character::of(&drawn);
    let samples = Samples {
        kept_metre: share(kept, drawn.len()),
        overlap_of_lengths: overlap(&real.lengths, &character.lengths),
        overlap_of_tones: overlap(&real.tones, &character.tones),
        real,
        drawn: character,
    };
    Ok((drawn, samples))
}

/// Up to `count` pairs of different phrases of one form.
fn pairs(phrases: &[Phrase], count: usize, rng: &mut ChaCha8Rng) -> Vec<(usize, usize)> {
    let mut pairs = Vec::new();
    for _ in 0..100 * count {
        let [a, b] = [0; 2].map(|_: i32| rng.random_range(0..phrases.len()));
        let (first, last) = (&phrases[a].coded, &phrases[b].coded);
        if pairs.len() < count && first.form == last.form && first != last {
            pairs.push((a, b));
        }
    }
    pairs
}

fn path(model: &mut PhraseModel, ends: [&LatentPoint; 2], like: &Phrase) -> Result<Vec<CodedPhrase>> {
    let at = |i: usize| i as f32 / (STEPS - 1) as f32;
    let points = (0..STEPS).map(|i| blend(&[&ends[0].mu, &ends[1].mu], &[1.0 - at(i), at(i)]));
    points.map(|z| Ok(model.decode(&z, like.coded.form, &mut likeliest)?)).collect()
}

fn describe(report: &Report) -> Result<String> {
    let percent = |x: f64| format!("{:.1} %", 100.0 * x);
    let Report { reconstruction: r, latent, samples: s, .. } = report;
    let accuracy = |a: &NoteAccuracy| {
        format!(
            "pitch {}, duration {}, both {}; onset and pitch F1 {}; whole phrases {}",
            percent(a.pitch),
            percent(a.duration),
            percent(a.both),
            percent(a.onset_and_pitch_f1),
            percent(a.whole)
        )
    };
    let mut text = format!("{} phrases of {} bars", report.phrases, report.bars);
    let (pitch, duration, both) = (percent(r.forced_pitch), percent(r.forced_duration), percent(r.forced_both));
    write!(
        text,
        "\nwritten with the true events before: pitch {pitch}, duration {duration}, both {both}; {:.3} bits an event",
        r.bits_an_event
    )?;
    write!(text, "\nwritten freely: {}", accuracy(&r.free))?;
    write!(text, "\n… counted from a wrong tonic: {}", accuracy(&report.wrong_reference))?;
    write!(
        text,
        "\nlatent: {:.1} nats a phrase, {} of {} units active; variance {:.2} of means + {:.2} around them",
        latent.kl, latent.active_units, latent.size, latent.variance_of_means, latent.mean_variance
    )?;
    write!(
        text,
        "\nwalks between phrases, {} of {STEPS} steps: largest step (pitch, rhythm), steps forward, imbalance and detour of the middle",
        report.walk.paths
    )?;
    let Baselines { copying, splicing, averaging } = &report.baselines;
    for (name, w) in
        [("the network", &report.walk), ("copying", copying), ("splicing", splicing), ("averaging", averaging)]
    {
        let (p, r) = (w.pitch, w.rhythm);
        write!(
            text,
            "\n  {name:12} {:.2} {:.2}   {:.2} {:.2}   {:.2} {:.2}   {:.2} {:.2}   {:.1} different phrases, {} in scale",
            p.largest_step,
            r.largest_step,
            p.forward,
            r.forward,
            p.imbalance,
            r.imbalance,
            p.detour,
            r.detour,
            w.distinct,
            percent(w.in_scale)
        )?;
    }
    for (name, c) in [("test phrases", &s.real), ("random points", &s.drawn)] {
        write!(
            text,
            "\n{name}: {:.2} notes a bar, range {:.1}, leaps {:.2} semitones; {} in one scale, {} rest, {} distinct",
            c.notes_a_bar,
            c.range,
            c.leap,
            percent(c.in_one_scale),
            percent(c.rest),
            percent(c.distinct)
        )?;
    }
    let (kept, lengths, tones) = (percent(s.kept_metre), percent(s.overlap_of_lengths), percent(s.overlap_of_tones));
    write!(
        text,
        "\nrandom points fill their bars by themselves: {kept}; in common with test phrases: note lengths {lengths}, tones {tones}"
    )?;
    Ok(text)
}
