//! Choosing the next event: masks first, then temperature and top-p, then one draw.
//!
//! Rules are kept by masking, never by repairing what was drawn: an event that would break one has no weight.

use super::Expectation;
use crate::music::encoding::{DURATIONS, PITCH_CLASSES, REST, Token, pitch_of};
use crate::music::{PitchClassSet, STEPS_PER_BEAT};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Log-probabilities are rounded to this part of a nat, so that the small differences between processors seldom change
/// a choice.
const ROUNDING: f64 = 1024.0;
/// Weights are whole numbers of this part of the largest.
const WEIGHT_ONE: f64 = (1_u64 << 32) as f64;

/// How freely events are drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Freedom {
    /// Above zero: below one is more careful than the network, above one is wilder.
    pub temperature: f64,
    /// The likeliest events that together have this share are drawn from: 0 to 1, where 1 keeps all.
    pub top_p: f64,
}

impl Default for Freedom {
    fn default() -> Self {
        Self { temperature: 1.0, top_p: 0.95 }
    }
}

/// What an answer must keep to.
#[derive(Debug, Clone, PartialEq)]
pub struct Rules {
    /// Pitch that classes are relative to.
    pub first_pitch: u8,
    /// Pitches that may sound.
    pub tones: PitchClassSet,
    /// Lowest and highest pitch.
    pub range: (u8, u8),
    /// Pitches of which one must be the last to sound.
    pub closing_tones: PitchClassSet,
    /// Steps that the last note has at least.
    pub closing_steps: u32,
    /// Shortest event, in steps.
    pub shortest: u32,
    /// Every event is a multiple of this many steps, above zero.
    pub grid: u32,
    /// By the number of steps that are left: whether events that keep the rules can fill them; see [`closable`].
    pub closable: Vec<bool>,
}

/// For 0 to `length` steps that are left: whether events of at least `shortest` steps and multiples of `grid`, the last
/// of which has at least `closing_steps`, can fill them exactly.
pub fn closable(length: u32, shortest: u32, closing_steps: u32, grid: u32) -> Vec<bool> {
    let mut closable = vec![false; length as usize + 1];
    for left in 1..=length {
        let mut on_grid = DURATIONS.iter().map(|&d| u32::from(d)).filter(|steps| steps.is_multiple_of(grid.max(1)));
        closable[left as usize] = on_grid.any(|steps| {
            let closes = steps == left && steps >= closing_steps.max(shortest);
            closes || (steps >= shortest && steps < left && closable[(left - steps) as usize])
        });
    }
    closable
}

/// Where in an answer the next event stands.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moment<'a> {
    /// Steps that are left until the answer ends; above zero.
    pub left: u32,
    /// The pitch that sounded last in this answer.
    pub last_pitch: Option<u8>,
    /// Nats added to tones of the chord that sounds here.
    pub harmony: Option<(PitchClassSet, f64)>,
    /// Events that would go on with a literal echo, and how many nats they lose.
    pub echoes: &'a [Token],
    /// Nats that an echo loses.
    pub echo_cost: f64,
    /// Nats that a rest gains.
    pub rests: f64,
    /// How dense the answer is so far and should be.
    pub pace: Option<Pace>,
    /// Tones that may not sound here for so many steps or more.
    pub avoid: &'a [(PitchClassSet, u32)],
}

/// How many notes there were in how many steps, and how many there should be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Pace {
    /// Notes so far.
    pub notes: u32,
    /// Steps so far.
    pub steps: u32,
    /// Notes in a step that are wanted; above zero.
    pub wanted: f64,
    /// Nats that an event loses which leaves twice or half as many notes as wanted, once some music has gone by.
    pub cost: f64,
}

impl Pace {
    /// Nats that an event loses for the density it leaves: quadratic in its logarithm, and gentle at the start, where
    /// one note more or less says little.
    fn loss(&self, steps: u32, sounds: bool) -> f64 {
        let (notes, after) = (f64::from(self.notes + u32::from(sounds)), f64::from(self.steps + steps));
        // As if a quarter note at the wanted density had gone before.
        let before = f64::from(STEPS_PER_BEAT);
        let octaves = ((notes + self.wanted * before) / (after + before) / self.wanted).log2();
        self.cost * octaves * octaves
    }
}

/// Draws the next event. `None` only if the rules leave nothing at all, which they never do for `left` of at least the
/// shortest class, a closing tone within range and a finite expectation.
pub fn choose(
    expectation: &Expectation,
    rules: &Rules,
    moment: &Moment,
    freedom: Freedom,
    rng: &mut ChaCha8Rng,
) -> Option<Token> {
    // Where the strict rules leave nothing (a remainder too short for any of them) the bare ones must do.
    let mut events = weigh(expectation, rules, moment, freedom, true);
    if events.is_empty() {
        events = weigh(expectation, rules, moment, freedom, false);
    }
    draw(events, freedom.top_p, rng)
}

/// A pitch class that may stand at a moment, or a rest.
struct Tone {
    class: u8,
    sounds: bool,
    /// Whether it may be the last to sound; of a rest, whether what sounds before it may.
    closes: bool,
    /// From how many steps on it is to be avoided.
    avoided_from: u32,
    /// Nats that it gains by the harmony.
    gain: f64,
}

/// All tones that the rules have for a moment, whatever their length.
fn tones(rules: &Rules, moment: &Moment) -> Vec<Tone> {
    let tone = |class: usize| {
        let class = class as u8;
        let pitch = pitch_of(class, rules.first_pitch);
        let in_rules =
            |pitch: u8| rules.tones.contains_pitch(pitch) && (rules.range.0..=rules.range.1).contains(&pitch);
        if class != REST && !pitch.is_some_and(in_rules) {
            return None;
        }
        let avoided = |pitch: u8| moment.avoid.iter().filter(move |(tones, _)| tones.contains_pitch(pitch));
        let chord = moment.harmony.filter(|(chord, _)| pitch.is_some_and(|pitch| chord.contains_pitch(pitch)));
        Some(Tone {
            class,
            sounds: class != REST,
            // Ending with a rest is fine after a note that could have been the last.
            closes: pitch.or(moment.last_pitch).is_some_and(|pitch| rules.closing_tones.contains_pitch(pitch)),
            avoided_from: pitch.and_then(|p| avoided(p).map(|(_, from)| *from).min()).unwrap_or(u32::MAX),
            gain: chord.map_or(0.0, |(_, bonus)| bonus),
        })
    };
    (0..PITCH_CLASSES).filter_map(tone).collect()
}

/// A duration that may stand at a moment.
struct Row {
    duration: usize,
    steps: u32,
    /// Whether it fills what is left; then only what closes may stand, and sound only where it is long enough.
    last: bool,
    long_enough: bool,
    /// Nats that a rest and a note lose for the density that they leave.
    losses: [f64; 2],
}

/// All durations that fit, and that leave what can still be closed well.
fn rows<'a>(rules: &'a Rules, moment: &'a Moment, strict: bool) -> impl Iterator<Item = Row> + 'a {
    DURATIONS.iter().enumerate().filter_map(move |(duration, &steps)| {
        let steps = u32::from(steps);
        let rest = moment.left.checked_sub(steps)?;
        let can_close = rules.closable.get(rest as usize).copied().unwrap_or(false);
        if rest > 0 && strict && !(steps >= rules.shortest && steps.is_multiple_of(rules.grid) && can_close) {
            return None;
        }
        let long_enough = !strict || steps >= rules.closing_steps.max(rules.shortest);
        let losses = [false, true].map(|sounds| moment.pace.map_or(0.0, |pace| pace.loss(steps, sounds)));
        Some(Row { duration, steps, last: rest == 0, long_enough, losses })
    })
}

impl Row {
    fn allows(&self, tone: &Tone) -> bool {
        let closes = tone.closes && (!tone.sounds || self.long_enough);
        self.steps < tone.avoided_from && (!self.last || closes)
    }

    fn event(&self, tone: &Tone) -> Token {
        Token { duration: self.duration as u8, pitch: tone.class }
    }

    /// Nats that an event gains by the harmony, the echoes and the controls.
    fn wish(&self, tone: &Tone, moment: &Moment) -> f64 {
        let mut nats = tone.gain;
        if moment.echoes.contains(&self.event(tone)) {
            nats -= moment.echo_cost;
        }
        nats += if tone.sounds { 0.0 } else { moment.rests };
        nats - self.losses[usize::from(tone.sounds)]
    }
}

fn weigh(
    expectation: &Expectation,
    rules: &Rules,
    moment: &Moment,
    freedom: Freedom,
    strict: bool,
) -> Vec<(Token, f64)> {
    let tones = tones(rules, moment);
    let mut events = Vec::new();
    for row in rows(rules, moment, strict) {
        let logs = &expectation.log_pitch[row.duration * PITCH_CLASSES..][..PITCH_CLASSES];
        for tone in tones.iter().filter(|tone| row.allows(tone)) {
            let log = expectation.log_duration[row.duration] + logs[usize::from(tone.class)];
            let log = f64::from(log.max(-60.0)) + row.wish(tone, moment);
            events.push((row.event(tone), (log * ROUNDING).round() / ROUNDING / freedom.temperature.max(1e-3)));
        }
    }
    events
}

/// The likeliest duration of which an event may stand here, and its likeliest pitch: what [`super::likeliest`] gives,
/// wherever that keeps the rules and no control asks for something else. `None` as for [`choose`].
pub(super) fn likeliest_allowed(expectation: &Expectation, rules: &Rules, moment: &Moment) -> Option<Token> {
    let tones = tones(rules, moment);
    let find = |strict: bool| {
        let mut best: Option<(f64, Token)> = None;
        for row in rows(rules, moment, strict) {
            let logs = &expectation.log_pitch[row.duration * PITCH_CLASSES..][..PITCH_CLASSES];
            let mut top: Option<(f64, f64, Token)> = None;
            for tone in tones.iter().filter(|tone| row.allows(tone)) {
                let (event, nats) = (row.event(tone), row.wish(tone, moment));
                let log = f64::from(logs[usize::from(tone.class)]) + nats;
                let most = top.map_or(nats, |(_, most, _)| most.max(nats));
                let (log, event) = top.map_or((log, event), |(l, _, e)| if log > l { (log, event) } else { (l, e) });
                top = Some((log, most, event));
            }
            let Some((_, nats, event)) = top else { continue };
            let log = f64::from(expectation.log_duration[row.duration]) + nats;
            if best.is_none_or(|(most, _)| log > most) {
                best = Some((log, event));
            }
        }
        best.map(|(_, event)| event)
    };
    find(true).or_else(|| find(false))
}

/// One draw from events with log-weights, the least likely of which are left out.
fn draw(events: Vec<(Token, f64)>, top_p: f64, rng: &mut ChaCha8Rng) -> Option<Token> {
    let most = events.iter().map(|(_, log)| *log).max_by(f64::total_cmp)?;
    // What weighs nothing is never drawn.
    let weigh = |(event, log): (Token, f64)| (event, log, ((log - most).exp() * WEIGHT_ONE) as u64);
    let mut events: Vec<_> = events.into_iter().map(weigh).filter(|(_, _, weight)| *weight > 0).collect();
    // Likeliest first; of equals the lower classes, so that the order never depends on how they came.
    events.sort_by(|a, b| b.1.total_cmp(&a.1).then_with(|| (a.0.duration, a.0.pitch).cmp(&(b.0.duration, b.0.pitch))));
    let total: u64 = events.iter().map(|(_, _, weight)| weight).sum();
    let wanted = (total as f64 * top_p.clamp(0.0, 1.0)) as u64;
    let mut kept = 0;
    let mut count = 0;
    for (_, _, weight) in &events {
        kept += weight;
        count += 1;
        if kept >= wanted {
            break;
        }
    }
    let mut ticket = rng.random_range(0..kept.max(1));
    for (event, _, weight) in events.iter().take(count) {
        if ticket < *weight {
            return Some(*event);
        }
        ticket -= weight;
    }
    events.first().map(|(event, ..)| *event)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::music::encoding::{DURATION_CLASSES, pitch_class};
    use proptest::prelude::*;
    use rand::SeedableRng;

    fn flat() -> Expectation {
        Expectation {
            log_duration: vec![-4.0; DURATION_CLASSES],
            log_pitch: vec![-4.0; DURATION_CLASSES * PITCH_CLASSES],
            ..Expectation::default()
        }
    }

    fn rules() -> Rules {
        Rules {
            first_pitch: 67,
            tones: PitchClassSet::from_semitones(&[0, 2, 4, 6, 7, 9, 11]),
            range: (60, 81),
            closing_tones: PitchClassSet::from_semitones(&[7]),
            closing_steps: 24,
            shortest: 6,
            grid: 1,
            closable: closable(400, 6, 24, 1),
        }
    }

    fn moment(left: u32) -> Moment<'static> {
        Moment {
            left,
            last_pitch: None,
            harmony: None,
            echoes: &[],
            echo_cost: 0.0,
            rests: 0.0,
            pace: None,
            avoid: &[],
        }
    }

    proptest! {
        #[test]
        fn whatever_the_network_expects_an_answer_keeps_the_rules(
            seed in 0_u64..1000,
            left in (4_u32..66).prop_map(|sixteenths| 6 * sixteenths),
            temperature in 0.2_f64..3.0,
            wild in prop::collection::vec(-30.0_f32..0.0, 20),
        ) {
            let mut expectation = flat();
            for (i, x) in expectation.log_pitch.iter_mut().enumerate() {
                *x = wild[i % wild.len()];
            }
            let (rules, mut now) = (rules(), moment(left));
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let (mut last, mut sounded) = (0, 0);
            while now.left > 0 {
                let event = choose(&expectation, &rules, &now, Freedom { temperature, top_p: 0.9 }, &mut rng).unwrap();
                let steps = u32::from(DURATIONS[usize::from(event.duration)]);
                prop_assert!(steps <= now.left);
                now.left -= steps;
                if let Some(pitch) = pitch_of(event.pitch, rules.first_pitch) {
                    prop_assert!((60..=81).contains(&pitch) && rules.tones.contains_pitch(pitch));
                    now.last_pitch = Some(pitch);
                    sounded = steps;
                }
                prop_assert!(steps >= 6);
                last = steps;
            }
            prop_assert_eq!(now.last_pitch.map(|p| p % 12), Some(7), "the last tone is the tonic");
            prop_assert!(last != sounded || last >= 24, "the last note is long");
        }
    }

    proptest! {
        #[test]
        fn without_limits_the_likeliest_allowed_event_is_the_likeliest(
            left in 1_u32..200,
            wild in prop::collection::vec(-30.0_f32..0.0, 97),
        ) {
            let expectation = Expectation {
                log_duration: (0..DURATIONS.len()).map(|i| wild[(7 * i) % wild.len()]).collect(),
                log_pitch: (0..DURATIONS.len() * PITCH_CLASSES).map(|i| wild[(11 * i) % wild.len()]).collect(),
                ..Expectation::default()
            };
            let all = PitchClassSet::ALL;
            let (range, closable) = ((0, 127), closable(200, 1, 1, 1));
            let rules = Rules { tones: all, range, closing_tones: all, closing_steps: 1, shortest: 1, closable, ..rules() };
            let now = Moment { last_pitch: Some(60), ..moment(left) };
            let event = likeliest_allowed(&expectation, &rules, &now);
            prop_assert_eq!(event, super::super::likeliest(&expectation, left));
        }
    }

    #[test]
    fn a_remainder_too_short_for_the_strict_rules_is_still_closed() {
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let event = choose(&flat(), &rules(), &moment(5), Freedom::default(), &mut rng).unwrap();
        assert!(DURATIONS[usize::from(event.duration)] <= 5);
    }

    #[test]
    fn an_echo_is_costly_and_a_chord_tone_is_welcome() {
        let rules = rules();
        let echo = [Token { duration: 15, pitch: pitch_class(67, 67) }];
        let mut expectation = flat();
        expectation.log_duration[15] = 0.0;
        let favourite = 15 * PITCH_CLASSES + usize::from(echo[0].pitch);
        expectation.log_pitch[favourite] = 0.0;
        let draw = |moment: &Moment| {
            let mut rng = ChaCha8Rng::seed_from_u64(3);
            let draws = (0..200).map(|_| choose(&expectation, &rules, moment, Freedom::default(), &mut rng).unwrap());
            draws.filter(|event| *event == echo[0]).count()
        };
        let free = draw(&moment(96));
        let dear = draw(&Moment { echoes: &echo, echo_cost: 6.0, ..moment(96) });
        assert!(free > 100 && dear < 20, "{free} and {dear} of 200");
        let chord = PitchClassSet::from_semitones(&[7]);
        let welcome = draw(&Moment { harmony: Some((chord, 3.0)), ..moment(96) });
        assert!(welcome > free, "{welcome} and {free} of 200");
    }

    #[test]
    fn differences_of_rounding_do_not_change_the_choice() {
        let mut other = flat();
        other.log_pitch.iter_mut().enumerate().for_each(|(i, x)| *x += (i % 7) as f32 * 1e-6);
        for seed in 0..50 {
            let draw = |e: &Expectation| {
                choose(e, &rules(), &moment(96), Freedom::default(), &mut ChaCha8Rng::seed_from_u64(seed))
            };
            assert_eq!(draw(&flat()), draw(&other), "seed {seed}");
        }
    }
}
