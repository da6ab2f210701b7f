use super::table::Table;
use super::tuning::{LONG_ORDER, Member, Memory, Mix, Model, bits, tune_member};
use super::view::{Seen, Target, View};
use crate::music::encoding::{EncodedTune, FIRST_PITCH_BITS};
use crate::train::corpus::{Corpus, CorpusTune};
use serde::{Deserialize, Serialize};
use std::cell::Cell;

/// Bits a note on test tunes; rests, ends and first pitches are counted, only sounding notes divide.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize)]
pub struct Score {
    /// Everything together.
    pub bits_per_note: f64,
    /// Of it: durations and ends.
    pub duration: f64,
    /// Of it: pitches and rests.
    pub pitch: f64,
    /// Of it: the absolute pitch of each tune's first note.
    pub first_pitch: f64,
}

/// The counting models on the same tunes as the network.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BaselineReport {
    /// Tunes with repeats played.
    pub played: RepeatsReport,
    /// Tunes with each section once.
    pub once: RepeatsReport,
}

/// Figures for one way of taking repeats.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RepeatsReport {
    /// Sounding notes of the test tunes.
    pub test_notes: usize,
    /// The best single long-term PPM of durations and of pitches.
    pub long_term_single: Score,
    /// Long-term PPMs of several views, mixed.
    pub long_term: Score,
    /// The same mixed with short-term models of the tune itself.
    pub mixed: Score,
    /// The short-term models alone.
    pub short_term: Score,
    /// What was chosen for durations on the validation tunes.
    pub duration_models: Vec<Member>,
    /// What was chosen for pitches.
    pub pitch_models: Vec<Member>,
    /// How durations are mixed: long-term, short-term, both.
    pub duration_mix: [Mix; 3],
    /// How pitches are mixed: long-term, short-term, both.
    pub pitch_mix: [Mix; 3],
}

/// Tunes the counting models on the validation split and scores them on the test split.
///
/// `watch` is told now and then which share of the work, 0 to 1, is done. With an empty split the figures say nothing
/// (0 bits over 0 notes).
pub fn evaluate_baselines(corpus: &Corpus, watch: &dyn Fn(f64)) -> BaselineReport {
    let work = Work { done: Cell::new(0), watch };
    BaselineReport {
        played: evaluate(corpus, |tune| &tune.played, &work),
        once: evaluate(corpus, |tune| &tune.once, &work),
    }
}

/// Models tuned so far.
struct Work<'a> {
    done: Cell<usize>,
    watch: &'a dyn Fn(f64),
}

impl Work<'_> {
    /// One more model is tuned, of all that are: two memories and two readings for each view.
    fn step(&self) {
        let all = 4 * (duration_views().len() + pitch_views().len());
        self.done.set(self.done.get() + 1);
        (self.watch)(self.done.get() as f64 / all as f64);
    }
}

fn evaluate(corpus: &Corpus, reading: impl Fn(&CorpusTune) -> &EncodedTune, work: &Work<'_>) -> RepeatsReport {
    let seen = |part: &[CorpusTune]| part.iter().map(|tune| Seen::new(reading(tune))).collect::<Vec<_>>();
    let (train, validation, test) = (seen(&corpus.train), seen(&corpus.validation), seen(&corpus.test));
    let durations = target(&train, &validation, &test, &duration_views(), work);
    let pitches = target(&train, &validation, &test, &pitch_views(), work);
    let notes: usize = test.iter().map(|t| t.notes).sum();
    let score = |which: usize| {
        let per = 1.0 / notes.max(1) as f64;
        let (duration, pitch) = (durations.bits[which] * per, pitches.bits[which] * per);
        let first_pitch = FIRST_PITCH_BITS * test.len() as f64 * per;
        Score { bits_per_note: duration + pitch + first_pitch, duration, pitch, first_pitch }
    };
    RepeatsReport {
        test_notes: notes,
        long_term_single: score(0),
        long_term: score(1),
        mixed: score(2),
        short_term: score(3),
        duration_models: durations.members,
        pitch_models: pitches.members,
        duration_mix: durations.mixes,
        pitch_mix: pitches.mixes,
    }
}

/// What was chosen for one target, and its bits on the test tunes: single, long-term, mixed, short-term.
struct Outcome {
    members: Vec<Member>,
    mixes: [Mix; 3],
    bits: [f64; 4],
}

fn target(train: &[Seen], validation: &[Seen], test: &[Seen], views: &[View], work: &Work<'_>) -> Outcome {
    let tables: Vec<Table> = views
        .iter()
        .map(|&view| {
            let mut table = Table::default();
            table.learn(train, view, LONG_ORDER);
            table
        })
        .collect();
    let mut long: Vec<(usize, Member, f64)> = Vec::new();
    let mut short: Vec<(usize, Member, f64)> = Vec::new();
    // Single models are tuned on every third tune (books follow each other in a corpus), mixtures on all.
    let part = validation.iter().step_by(3).cloned().collect::<Vec<_>>();
    let plain = mixes()[0];
    let tune = |n: usize, memory, table| {
        let (member, _) = tune_member(&part, memory, views[n], table);
        let cost = bits(validation, &[Model { member, table }], plain, plain, &[plain])[0];
        work.step();
        (n, member, cost)
    };
    for (n, table) in tables.iter().enumerate() {
        long.push(tune(n, Memory::LongTerm, Some(table)));
        short.push(tune(n, Memory::ShortTerm, None));
    }
    let model = |&(n, member, _): &(usize, Member, f64)| Model {
        member,
        table: (member.memory == Memory::LongTerm).then(|| &tables[n]),
    };
    let (long, long_mix) = choose(validation, long, &model);
    let (short, short_mix) = choose(validation, short, &model);
    let both: Vec<Model<'_>> = long.iter().chain(&short).map(&model).collect();
    let candidates = mixes();
    let costs = bits(validation, &both, long_mix, short_mix, &candidates);
    let outer = candidates[lowest(&costs)];
    let on_test = |models: &[Model<'_>]| bits(test, models, long_mix, short_mix, &[outer])[0];
    let longs: Vec<Model<'_>> = long.iter().map(&model).collect();
    let shorts: Vec<Model<'_>> = short.iter().map(&model).collect();
    Outcome {
        bits: [on_test(&longs[..1]), on_test(&longs), on_test(&both), on_test(&shorts)],
        members: both.iter().map(|m| m.member).collect(),
        mixes: [long_mix, short_mix, outer],
    }
}

/// Adds models, the best first, as long as the mixture gets better on the validation tunes.
fn choose<'a>(
    validation: &[Seen],
    mut ranked: Vec<(usize, Member, f64)>,
    model: &impl Fn(&(usize, Member, f64)) -> Model<'a>,
) -> (Vec<(usize, Member, f64)>, Mix) {
    ranked.sort_by(|a, b| a.2.total_cmp(&b.2));
    let candidates = mixes();
    let mut chosen = vec![ranked[0]];
    let mut best = (ranked[0].2, candidates[0]);
    for next in &ranked[1..] {
        let trial: Vec<_> = chosen.iter().chain([next]).copied().collect();
        let models: Vec<Model<'_>> = trial.iter().map(model).collect();
        // One group alone: its inner mix is what is looked for.
        for &mix in &candidates {
            let cost = bits(validation, &models, mix, mix, &[mix])[0];
            if cost < best.0 {
                best = (cost, mix);
                chosen.clone_from(&trial);
            }
        }
    }
    (chosen, best.1)
}

fn lowest(costs: &[f64]) -> usize {
    (0..costs.len()).min_by(|&a, &b| costs[a].total_cmp(&costs[b])).unwrap_or(0)
}

/// The mixes that are tried.
fn mixes() -> Vec<Mix> {
    let exponents = [0.25, 0.5, 1.0, 2.0, 4.0, 7.0];
    [true, false].into_iter().flat_map(|geometric| exponents.map(|exponent| Mix { geometric, exponent })).collect()
}

const BARE: View = View { target: Target::Duration, interval: false, relative: false, duration: true, position: false };

fn duration_views() -> Vec<View> {
    vec![
        View { position: true, ..BARE },
        View { position: true, interval: true, ..BARE },
        View { position: true, relative: true, ..BARE },
        View { interval: true, ..BARE },
    ]
}

fn pitch_views() -> Vec<View> {
    let relative = View { target: Target::Relative, relative: true, ..BARE };
    let interval = View { target: Target::Interval, interval: true, ..BARE };
    vec![
        interval,
        relative,
        View { position: true, ..relative },
        View { duration: false, ..relative },
        View { target: Target::Relative, position: true, ..interval },
    ]
}
