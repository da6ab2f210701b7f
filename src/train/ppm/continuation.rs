//! Going on with a tune by counting alone: what the networks' answers are compared with.

use super::table::{Escape, Params, Smoothing, Table};
use super::tuning::{LONG_ORDER, Member, Memory, Mix, SHORT_ORDER, blend, by_memory};
use super::view::{Seen, Target, View};
use crate::music::encoding::{DURATIONS, EncodedTune, PITCH_CLASSES, REST, Token, pitch_of};
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

/// Counting models of durations and of pitches, long-term mixed with short-term, with the settings that
/// [`super::evaluate_baselines`] chooses for the traditional tunes of `cargo xtask data melodies`, each section once.
pub struct Counting {
    durations: Mixture,
    pitches: Mixture,
}

/// Models of one target, and how long-term ones, short-term ones and both are mixed.
struct Mixture {
    target: Target,
    models: Vec<(Member, Option<Table>)>,
    mixes: [Mix; 3],
}

impl Counting {
    /// Counts tunes.
    pub fn learn<'a>(tunes: impl Iterator<Item = &'a EncodedTune>) -> Self {
        let tunes: Vec<Seen> = tunes.map(Seen::new).collect();
        let [durations, pitches] =
            [(duration_members(), DURATION_MIX), (pitch_members(), PITCH_MIX)].map(|((target, members), mixes)| {
                let learnt = members.into_par_iter().map(|member| {
                    let table = (member.memory == Memory::LongTerm).then(|| {
                        let mut table = Table::default();
                        table.learn(&tunes, member.view, member.params.order.min(LONG_ORDER));
                        table
                    });
                    (member, table)
                });
                Mixture { target, models: learnt.collect(), mixes }
            });
        Self { durations, pitches }
    }

    /// Goes on with a tune for so many grid steps: the opening with what follows. Events are drawn from the likeliest that
    /// together have the share `top_p`.
    pub fn go_on(&self, opening: &EncodedTune, steps: u32, top_p: f64, rng: &mut ChaCha8Rng) -> EncodedTune {
        let mut tune = opening.clone();
        let mut own = [&self.durations, &self.pitches].map(|mixture| mixture.own(&tune));
        let mut at = tune.positions().last().copied().unwrap_or(tune.start_step);
        let end = at + steps;
        while at < end {
            let place = tune.tokens.len();
            let fits = |class: usize| DURATIONS.get(class).is_some_and(|&d| u32::from(d) <= end - at);
            let durations = self.durations.expect(&Seen::new(&tune), place, &own[0]);
            let Some(duration) = draw(&durations, fits, top_p, rng) else { break };
            tune.tokens.push(Token { duration: duration as u8, pitch: REST });
            let pitches = self.pitches.expect(&Seen::new(&tune), place, &own[1]);
            let sounds = |class: usize| {
                class < PITCH_CLASSES && (class == 0 || pitch_of(class as u8, tune.first_pitch).is_some())
            };
            let pitch = draw(&pitches, sounds, top_p, rng).unwrap_or(usize::from(REST));
            tune.tokens[place].pitch = pitch as u8;
            let seen = Seen::new(&tune);
            self.durations.count(&seen, place, &mut own[0]);
            self.pitches.count(&seen, place, &mut own[1]);
            at += u32::from(DURATIONS[duration]);
        }
        tune
    }
}

impl Mixture {
    /// What short-term models have counted of a tune: a table for each model, empty for the others.
    fn own(&self, tune: &EncodedTune) -> Vec<Table> {
        let mut own = self.models.iter().map(|_| Table::default()).collect::<Vec<_>>();
        let seen = Seen::new(tune);
        (0..tune.tokens.len()).for_each(|at| self.count(&seen, at, &mut own));
        own
    }

    fn count(&self, seen: &Seen, at: usize, own: &mut [Table]) {
        let mut contexts = Vec::new();
        for ((member, table), own) in self.models.iter().zip(own) {
            if table.is_none() {
                let target = member.view.target;
                seen.contexts(member.view, at, member.params.order.min(SHORT_ORDER), &mut contexts);
                own.count(&contexts, seen.class(target, at), seen.shift(target, at));
            }
        }
    }

    fn expect(&self, seen: &Seen, at: usize, own: &[Table]) -> Vec<f64> {
        let mut contexts = Vec::new();
        let one = |((member, table), own): (&(Member, Option<Table>), &Table)| {
            let Member { view, params, .. } = *member;
            let mut dist = vec![0.0; View { target: self.target, ..view }.classes()];
            seen.contexts(view, at, params.order.min(SHORT_ORDER), &mut contexts);
            table.as_ref().unwrap_or(own).predict(&contexts, &params, seen.shift(view.target, at), &mut dist);
            dist
        };
        let dists: Vec<Vec<f64>> = self.models.iter().zip(own).map(one).collect();
        let [long, short, both] = self.mixes;
        let mixed = by_memory(self.models.iter().map(|(m, _)| m.memory).zip(&dists), long, short);
        blend(&mixed.iter().map(Vec::as_slice).collect::<Vec<_>>(), both)
    }
}

/// One draw among the classes that are allowed; `None` where there is none.
fn draw(dist: &[f64], allowed: impl Fn(usize) -> bool, top_p: f64, rng: &mut ChaCha8Rng) -> Option<usize> {
    let mut classes: Vec<usize> = (0..dist.len()).filter(|&class| allowed(class) && dist[class] > 0.0).collect();
    classes.sort_by(|&a, &b| dist[b].total_cmp(&dist[a]));
    let total: f64 = classes.iter().map(|&class| dist[class]).sum();
    let mut kept = 0.0;
    let wanted = total * top_p;
    let enough = |&&class: &&usize| {
        let before = kept;
        kept += dist[class];
        before < wanted
    };
    let classes: Vec<usize> = classes.iter().take_while(enough).copied().collect();
    let mut ticket = rng.random::<f64>() * classes.iter().map(|&class| dist[class]).sum::<f64>();
    let last = classes.last().copied();
    classes
        .into_iter()
        .find(|&class| {
            ticket -= dist[class];
            ticket < 0.0
        })
        .or(last)
}

const fn mix(geometric: bool, exponent: f64) -> Mix {
    Mix { geometric, exponent }
}

const DURATION_MIX: [Mix; 3] = [mix(true, 0.25), mix(false, 1.0), mix(false, 1.0)];
const PITCH_MIX: [Mix; 3] = [mix(true, 1.0), mix(false, 0.5), mix(false, 4.0)];

/// Short-term models: method C or AX, interpolated, with update exclusion; long-term ones are PPM* but where said.
fn member(memory: Memory, view: View, order: usize, escape: Escape) -> Member {
    let star = memory == Memory::LongTerm;
    let params = Params { order, escape, smoothing: Smoothing::Interpolated, update_exclusion: true, star };
    Member { memory, view, params }
}

fn duration_members() -> (Target, Vec<Member>) {
    use Memory::{LongTerm, ShortTerm};
    let target = Target::Duration;
    let bare = View { target, interval: false, relative: false, duration: true, position: true };
    let interval = View { interval: true, ..bare };
    let placeless = View { position: false, ..interval };
    let mut members = vec![
        member(LongTerm, bare, 6, Escape::A),
        member(LongTerm, interval, 5, Escape::Ax),
        member(LongTerm, placeless, 5, Escape::D),
        member(ShortTerm, bare, 2, Escape::C),
        member(ShortTerm, View { relative: true, ..bare }, 4, Escape::Ax),
        member(ShortTerm, interval, 3, Escape::C),
        member(ShortTerm, placeless, 4, Escape::Ax),
    ];
    members[0].params = Params { smoothing: Smoothing::Backoff, update_exclusion: false, ..members[0].params };
    members[1].params.star = false;
    (target, members)
}

fn pitch_members() -> (Target, Vec<Member>) {
    use Memory::{LongTerm, ShortTerm};
    let bare = View { target: Target::Relative, interval: false, relative: true, duration: true, position: false };
    let interval = View { target: Target::Interval, interval: true, relative: false, ..bare };
    let [pitches, placed] = [View { duration: false, ..bare }, View { position: true, ..bare }];
    let members = vec![
        member(LongTerm, interval, 6, Escape::C),
        member(LongTerm, bare, 4, Escape::C),
        member(LongTerm, pitches, 5, Escape::C),
        member(LongTerm, placed, 5, Escape::C),
        member(ShortTerm, bare, 7, Escape::Ax),
        member(ShortTerm, pitches, 7, Escape::Ax),
        member(ShortTerm, placed, 7, Escape::Ax),
        member(ShortTerm, interval, 7, Escape::Ax),
    ];
    (Target::Relative, members)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::TimeSignature;
    use rand::SeedableRng;

    /// A scale up and down in eighths, from some note on.
    fn tune(from: usize, events: usize) -> EncodedTune {
        let scale = [37, 39, 41, 42, 44, 42, 41, 39];
        let token = |i: usize| Token { duration: 9, pitch: scale[(from + i) % scale.len()] };
        EncodedTune {
            tokens: (0..events).map(token).collect(),
            metre: TimeSignature::COMMON,
            start_step: 0,
            first_pitch: 60,
        }
    }

    #[test]
    fn what_was_counted_is_gone_on_with_to_the_end() {
        let counting = Counting::learn([tune(0, 64), tune(0, 48)].iter());
        for seed in 0..8 {
            let opening = tune(0, 12);
            let gone = counting.go_on(&opening, 96, 0.9, &mut ChaCha8Rng::seed_from_u64(seed));
            assert_eq!(gone.tokens[..12], opening.tokens, "seed {seed}");
            assert_eq!(gone.positions().last(), Some(&(12 * 12 + 96)), "seed {seed}");
            let expected = tune(0, 20).tokens;
            let same = gone.tokens.iter().zip(&expected).filter(|(a, b)| a == b).count();
            assert!(same >= 16, "{same} of 20 as counted, seed {seed}");
        }
    }
}
