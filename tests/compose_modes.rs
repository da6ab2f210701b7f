//! Every mode keeps its rules.

mod compose_support;

use compose_support::{Bench, CALL, OTHER, Script, busy_script, one_voice, perform, phrase_model, settings};
use oneiro::bridge::{Plan, SecondTones};
use oneiro::compose::{
    Boundary, Controls, Corner, Direction, Mode, Order, Refusal, ScaleControl, SecondVoice, Settings, likeliest,
};
use oneiro::music::phrase::{CodedPhrase, reference_pitch};
use oneiro::music::{Chord, Melody, MelodyEvent, Note, PitchClass, PitchClassSet, Scale};
use oneiro::time::{Beats, TimeSignature};
use proptest::prelude::*;

const G_MAJOR: PitchClassSet = PitchClassSet::from_semitones(&[7, 9, 11, 0, 2, 4, 6]);

#[test]
fn every_mode_plays_and_keeps_scale_range_grid_and_one_voice() {
    // Few cases, for each runs the shipped networks.
    let cases =
        [(1, 0, "dorian", (50, 74), 6), (2, 7, "minor pentatonic", (60, 79), 12), (3, -12, "major", (43, 60), 6)];
    for (seed, transpose, scale, range, grid) in cases {
        let root = PitchClass::of(7);
        let tones = Scale::by_name(scale).unwrap().on(root);
        let stable = [root].into_iter().collect();
        let controls = Controls {
            seed,
            transpose,
            scale: Some(ScaleControl { tones, stable }),
            range: Some(range),
            grid: Some(grid),
            ..Controls::default()
        };
        let direction = Direction { morph: [0.5, 0.0], vary: 0.7, ..Direction::default() };
        let settings = Settings { controls, direction, ..Settings::default() };
        for mode in Mode::ALL {
            let bench = perform(&busy_script(mode, &settings), 32.0);
            let (notes, case) = (bench.notes(), format!("{mode}, seed {seed}"));
            if mode == Mode::Harmonise {
                // It goes along with the player, and has no rhythm of its own.
                let told: Vec<SecondTones> = bench.seconds().into_iter().filter_map(|(_, tones)| tones).collect();
                assert!(!told.is_empty(), "{case}");
                for (second, lead) in told.iter().flat_map(|tones| (0..128).map(|lead| (tones.with(lead), lead))) {
                    let fits = |tone: u8| tones.contains_pitch(tone) && (range.0..=range.1).contains(&tone);
                    assert!(second.is_none_or(fits), "{case}: {second:?} with {lead}");
                }
                continue;
            }
            assert!(notes.len() > 4, "{case}: {} notes", notes.len());
            assert!(one_voice(&notes), "{case}: {notes:?}");
            for note in &notes {
                assert!(tones.contains_pitch(note.pitch), "{case}: {note:?}");
                assert!((range.0..=range.1).contains(&note.pitch), "{case}: {note:?}");
                let lines = note.onset.0 * 24.0 / f64::from(grid);
                assert!((lines - lines.round()).abs() < 1e-9, "{case}: {note:?}");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4, ..ProptestConfig::default() })]
    #[test]
    fn whatever_is_ordered_when_there_is_one_voice_in_scale_and_range(
        seed in 0_u64..1000,
        orders in prop::collection::vec((1_u32..600, 0_usize..14), 4..12),
        timing in 0.0_f64..0.1,
    ) {
        let root = PitchClass::of(2);
        let tones = Scale::MAJOR.on(root);
        let mut own = settings(seed);
        own.controls.scale = Some(ScaleControl { tones, stable: [root].into_iter().collect() });
        own.controls.range = Some((55, 80));
        own.controls.expression.timing = Beats(timing);
        own.direction.switch_at = Boundary::Beat;
        let mut script = Script::common(10).set(0.0, &own).play(0.0, &CALL).play(12.3, &OTHER).play(24.0, &CALL);
        let mut orders = orders;
        orders.sort_unstable();
        for (step, what) in orders {
            let order = match what {
                0..=5 => Order::Mode(Mode::ALL[what]),
                6 => Order::Capture(Corner::A),
                7 => Order::Capture(Corner::D),
                8 => Order::Again,
                9 => Order::Another,
                10 => Order::Undo,
                11 => Order::Redo,
                _ => {
                    own.direction.hold = what == 12;
                    own.direction.locked = step as u16;
                    Order::Settings(Box::new(own.clone()))
                }
            };
            script = script.order(f64::from(step) / 16.0, order);
        }
        let notes = perform(&script, 38.0).notes();
        prop_assert!(one_voice(&notes), "seed {seed}: {notes:?}");
        for note in &notes {
            prop_assert!(tones.contains_pitch(note.pitch) && (55..=80).contains(&note.pitch), "seed {seed}: {note:?}");
        }
    }
}

#[test]
fn an_answer_follows_its_call_in_bars() {
    let bench = perform(&busy_script(Mode::Answer, &settings(1)), 32.0);
    let phrases: Vec<(f64, f64)> = bench
        .plans
        .iter()
        .filter_map(|(_, plan)| match plan {
            Plan::Phrase { at, duration, .. } => Some((at.0, duration.0)),
            _ => None,
        })
        .collect();
    assert_eq!(phrases, [(8.0, 8.0), (24.0, 8.0)]);
    assert!(bench.notes().iter().all(|n| (n.onset.0 >= 8.0 && n.end().0 <= 16.0) || n.onset.0 >= 24.0));
}

#[test]
fn continuing_begins_when_the_player_stops_and_leaves_nothing_when_he_plays() {
    for seed in 0..4 {
        let script = Script::common(12).set(0.0, &settings(seed)).order(0.0, Order::Mode(Mode::Continue));
        let script = script.play(0.0, &CALL).play(21.4, &OTHER[..4]);
        let bench = perform(&script, 40.0);
        let notes = bench.notes();
        // The last note ends at 7.9; half a beat of silence, and the lead, lead to beat 9.
        assert!(notes[0].onset.0 >= 9.0 && notes[0].onset.0 < 13.0, "seed {seed}: {:?}", notes[0]);
        assert!(bench.within(9.0, 21.0).len() > 5, "seed {seed}");
        // He plays at 21.4: nothing begins from a lead after that on, until he has stopped at 23.4.
        assert_eq!(bench.within(21.75, 24.0), [], "seed {seed}");
        assert!(bench.within(24.0, 40.0).len() > 3, "seed {seed}");
        assert!(bench.plans.iter().any(|(_, plan)| matches!(plan, Plan::Withdraw { .. })));
        assert!(notes.iter().all(|n| G_MAJOR.contains_pitch(n.pitch)), "seed {seed}: it goes on in the key");
    }
}

#[test]
fn improvising_follows_chords_and_keeps_from_avoid_notes() {
    let d7 = [(8.0, 8.0, 50), (8.0, 8.0, 54), (8.0, 8.0, 57), (8.0, 8.0, 60)];
    let c = [(0.0, 8.0, 48), (0.0, 8.0, 52), (0.0, 8.0, 55)];
    for seed in 0..4 {
        let script = Script::common(10).set(0.0, &settings(seed)).order(0.0, Order::Mode(Mode::Improvise));
        let bench = perform(&script.play(0.0, &c).play(0.0, &d7).play(16.0, &c), 24.0);
        let (over_c, over_d) = (bench.within(1.0, 8.0), bench.within(9.0, 16.0));
        assert!(over_c.len() > 4 && over_d.len() > 4, "seed {seed}: {} and {} notes", over_c.len(), over_d.len());
        // A beat after the chord came, its third has taken the place of the scale's.
        assert!(over_d.iter().all(|n| n.pitch % 12 != 5), "seed {seed}: no F over D7");
        let on_the_beat =
            |notes: &[Note]| notes.iter().filter(|n| n.onset.0.fract() == 0.0).copied().collect::<Vec<_>>();
        assert!(on_the_beat(&over_c).iter().all(|n| n.pitch % 12 != 5), "seed {seed}: F over C only passes");
        let share = |notes: &[Note], chord: &[u8]| {
            let tones = PitchClassSet::from_semitones(chord);
            notes.iter().filter(|n| tones.contains_pitch(n.pitch)).count() as f64 / notes.len() as f64
        };
        assert!(share(&over_d, &[2, 6, 9, 0]) > 0.4, "seed {seed}");
        let chords: Vec<u8> = bench
            .plans
            .iter()
            .filter_map(|(_, plan)| match plan {
                Plan::Chord { root, .. } => Some(*root),
                _ => None,
            })
            .collect();
        assert_eq!(chords, [0, 2, 0], "seed {seed}");
    }
}

#[test]
fn an_improviser_falls_silent_after_the_player() {
    let chord = [(0.0, 4.0, 48), (0.0, 4.0, 52), (0.0, 4.0, 55)];
    let script = Script::common(16).order(0.0, Order::Mode(Mode::Improvise)).play(0.0, &chord);
    let bench = perform(&script, 40.0);
    assert!(bench.within(4.0, 12.0).len() > 3);
    assert_eq!(bench.within(20.0, 40.0), []);
    assert_eq!(bench.director.status().chord, Chord::of_pitches(&[48, 52, 55]));
}

fn decoded(corner: &Melody, z: Option<&[f32]>) -> Vec<(f64, u8)> {
    let mut model = phrase_model();
    let reference = reference_pitch(corner).unwrap();
    let coded = CodedPhrase::new(corner, model.bars(), reference).unwrap();
    let mu = model.encode(&coded).unwrap().mu;
    let written = model.decode(z.unwrap_or(&mu), coded.form, &mut likeliest).unwrap();
    let notes = written.decode("", reference).notes_at(Beats(0.0), 80);
    notes.iter().map(|n| ((n.onset.0 * 24.0).round() / 24.0, n.pitch)).collect()
}

fn onsets(notes: &[Note], at: f64) -> Vec<(f64, u8)> {
    notes.iter().map(|n| (((n.onset.0 - at) * 24.0).round() / 24.0, n.pitch)).collect()
}

#[test]
fn a_morph_at_a_corner_is_the_networks_own_phrase_and_moves_between() {
    let mut far = settings(1);
    far.direction.morph = [1.0, 0.0];
    let mut middle = settings(1);
    middle.direction.morph = [0.5, 0.0];
    let script = Script::common(16)
        .play(0.0, &CALL)
        .order(7.9, Order::Capture(Corner::A))
        .play(8.0, &OTHER)
        .order(15.9, Order::Capture(Corner::B))
        .order(15.95, Order::Mode(Mode::Morph))
        .set(25.0, &middle)
        .set(34.0, &far);
    let bench = perform(&script, 48.0);
    let [a, b] = [Corner::A, Corner::B].map(|corner| bench.director.captured(corner).unwrap().clone());
    assert_eq!(bench.director.status().refused, 0);
    let at_a = onsets(&bench.within(20.0, 28.0), 20.0);
    let between = onsets(&bench.within(28.0, 36.0), 28.0);
    let at_b = onsets(&bench.within(36.0, 44.0), 36.0);
    // Both are in G: they share the reference that each has alone, but for the octave.
    let [refer_a, refer_b] = [&a, &b].map(|m| reference_pitch(m).unwrap() % 12);
    assert_eq!(refer_a, refer_b);
    assert_eq!(at_a, decoded(&a, None));
    assert_ne!(between, at_a);
    assert_ne!(between, at_b);
    assert!(at_b.len() > 4 && at_b != at_a);
    let near = |x: &[(f64, u8)], y: &[(f64, u8)]| x.iter().filter(|n| y.contains(n)).count() as f64 / x.len() as f64;
    assert!(near(&at_b, &decoded(&b, None)) > 0.8, "{at_b:?}");
}

/// Levenshtein distance of two phrases as sequences of notes.
fn edits(a: &[(f64, u8)], b: &[(f64, u8)]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let changed = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[test]
fn a_variation_goes_as_far_as_the_knob_says() {
    let mut sums = [0; 4];
    let mut plain = Vec::new();
    for (i, vary) in [0.0, 0.3, 0.6, 1.0].into_iter().enumerate() {
        for seed in 0..6 {
            let mut own = settings(seed);
            own.direction.vary = vary;
            let script = Script::common(4).set(0.0, &own).order(0.0, Order::Mode(Mode::Vary)).play(0.0, &CALL);
            let bench = perform(&script, 16.0);
            assert_eq!(bench.director.status().refused, 0);
            let phrase = onsets(&bench.within(8.0, 16.0), 8.0);
            if i == 0 {
                plain = phrase.clone();
            }
            sums[i] += edits(&plain, &phrase);
        }
    }
    assert_eq!(sums[0], 0, "at 0 no seed matters");
    assert!(sums[1] > 0 && sums[1] < sums[2] && sums[2] < sums[3], "{sums:?} edits");
    // What comes at 0 is what the network makes of the call.
    let melody = {
        let mut bench = Bench::default();
        bench.perform(&Script::common(4).play(0.0, &CALL).order(7.95, Order::Capture(Corner::C)), &[], 9.0);
        bench.director.captured(Corner::C).unwrap().clone()
    };
    assert_eq!(plain, decoded(&melody, None));
}

#[test]
fn what_does_not_fit_the_phrase_network_is_refused_and_answered_by_the_other() {
    let dense: Vec<(f64, f64, u8)> = (0..48).map(|i| (f64::from(i) / 6.0, 0.15, 60 + (i % 7) as u8)).collect();
    let script = Script::common(6).order(0.0, Order::Mode(Mode::Vary)).play(0.0, &dense);
    let bench = perform(&script, 16.0);
    let status = bench.director.status();
    assert!(matches!(status.refusal, Some(Refusal::Events { events: 40.., most: 32 })), "{status:?}");
    assert_eq!(status.refused, 1);
    assert!(!bench.within(8.0, 16.0).is_empty(), "the music goes on");

    let mut bench = Bench::new(false);
    bench.perform(&Script::common(6).order(0.0, Order::Mode(Mode::Morph)).play(0.0, &CALL), &[], 16.0);
    assert_eq!(bench.director.status().refusal, Some(Refusal::NoNetwork));
    assert!(!bench.within(8.0, 16.0).is_empty(), "calls are answered instead");

    let waltz = TimeSignature::new(3, 4).unwrap();
    let events = vec![MelodyEvent { pitch: Some(67), steps: 72 }; 2];
    let melody = Melody { title: String::new(), metre: waltz, start_step: 0, events };
    let script = Script::common(6).order(0.0, Order::Keep(Corner::B, Some(melody)));
    let bench = perform(&script.order(0.0, Order::Mode(Mode::Morph)), 8.0);
    let refusal = bench.director.status().refusal.unwrap().to_string();
    assert_eq!(refusal, "a phrase in 3/4 does not fit music in 4/4");
}

#[test]
fn the_second_voice_is_a_consonance_in_the_key() {
    for (second, wished) in [(SecondVoice::ThirdBelow, [-3, -4]), (SecondVoice::SixthAbove, [8, 9])] {
        let mut own = settings(1);
        own.direction.second = second;
        let script = Script::common(6).set(0.0, &own).order(0.0, Order::Mode(Mode::Harmonise));
        let bench = perform(&script.play(0.0, &CALL).play(8.0, &CALL), 18.0);
        let told = bench.seconds();
        let (mut kept, mut notes) = (0, 0);
        for (at, lead) in [0.0, 8.0].into_iter().flat_map(|from| CALL.map(|(at, _, pitch)| (from + at, pitch))) {
            let Some((_, tones)) = told.iter().rev().find(|(from, _)| *from <= at) else { continue };
            let tone = tones.unwrap().with(lead).unwrap();
            let interval = i32::from(tone) - i32::from(lead);
            assert!([3, 4, 5, 7, 8, 9, 12].contains(&interval.abs()), "{interval} with {lead} at {at}");
            // After the first bars the key is known.
            assert!(at < 8.0 || G_MAJOR.contains_pitch(tone), "{tone} with {lead} at {at}");
            notes += 1;
            kept += usize::from(wished.contains(&interval));
        }
        assert!(notes >= 2 * CALL.len() - 1 && 2 * kept > notes, "{kept} of {notes} are as wished");
    }
}

#[test]
fn the_second_voice_rests_while_a_phrase_sounds_that_was_asked_for() {
    let script = Script::common(10).set(0.0, &settings(3)).play(0.0, &CALL);
    let script = script
        .order(16.5, Order::Mode(Mode::Harmonise))
        .order(20.5, Order::Again)
        .order(33.0, Order::Mode(Mode::Answer));
    let bench = perform(&script, 40.0);
    let told: Vec<(f64, bool)> = bench.seconds().into_iter().map(|(at, tones)| (at, tones.is_some())).collect();
    assert_eq!((told[0], told[1]), ((20.0, true), (24.0, false)), "{told:?}");
    assert!(told[2].0 >= 32.0 && told[2].0 < 32.2 && told[2].1, "{told:?}");
    assert_eq!(told.last(), Some(&(36.0, false)), "{told:?}");
}
