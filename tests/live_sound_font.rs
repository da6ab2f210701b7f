//! SoundFonts: what is wrong with a file is said, and a sound one plays in tune, on the sample grid, without allocating.

mod live_support;
#[path = "support/sound_font.rs"]
mod sound_font;

use assert_no_alloc::{AllocDisabler, assert_no_alloc};
use live_support::transport;
use oneiro::bridge::{Part, Stage};
use oneiro::live::{Patch, Performer, PlayedNote, PlayerEvent, PlayerKind, Sampler, Setup};
use oneiro::music::SoundFont;
use oneiro::time::SampleRate;
use sound_font::sine_font;

#[global_allocator]
static GUARD: AllocDisabler = AllocDisabler;

const RATE: u32 = 48_000;
fn performer() -> Performer {
    let font = SoundFont::read(&sine_font(40)).unwrap();
    let sampler = Sampler::prepare(SampleRate(RATE), &font).unwrap();
    let mut performer = Performer::prepare(Setup::new(SampleRate(RATE)), Stage::default().audio).with_sampler(sampler);
    performer.set_patch(Part::Call, Patch::Sampled(0));
    performer
}

/// Plays keys (sample, pitch, velocity) in blocks of such lengths, again and again.
fn play(keys: &[(usize, u8, u8)], total: usize, blocks: &[usize]) -> Vec<f32> {
    let mut performer = performer();
    let (mut left, mut right) = (vec![0.0; total], vec![0.0; total]);
    let mut notes: Vec<PlayedNote> = Vec::with_capacity(64);
    let (mut now, mut turn) = (0, 0);
    while now < total {
        let end = (now + blocks[turn % blocks.len()]).min(total);
        let events: Vec<PlayerEvent> = keys
            .iter()
            .filter(|(at, ..)| (now..end).contains(at))
            .map(|&(at, pitch, velocity)| PlayerEvent {
                sample_offset: (at - now) as u32,
                kind: PlayerKind::NoteOn { pitch, velocity },
            })
            .collect();
        let now_at = transport(true, now as f64 / 24_000.0, 120.0);
        let (left, right) = (&mut left[now..end], &mut right[now..end]);
        assert_no_alloc(|| performer.process_with(&now_at, &events, left, right, &mut |note| notes.push(note)));
        (now, turn) = (end, turn + 1);
    }
    assert_eq!(notes.len(), keys.len(), "every key is told");
    left
}

fn peak(sound: &[f32]) -> f32 {
    sound.iter().fold(0.0, |peak, x| peak.max(x.abs()))
}

#[test]
fn an_instrument_of_a_sound_font_sounds_in_tune_from_its_key_to_its_end() {
    let (on, off) = (4_800, 52_800);
    let sound = play(&[(on, 81, 100), (off, 81, 0)], 144_000, &[512]);
    assert_eq!(peak(&sound[..on]), 0.0, "nothing before its time");
    assert!(peak(&sound[on..on + 480]) > 0.01, "sounds within 10 ms: {}", peak(&sound[on..on + 480]));
    let steady = &sound[on + 9_600..off];
    let turns = steady.windows(2).filter(|w| w[0] <= 0.0 && w[1] > 0.0).count();
    let hertz = turns as f64 * f64::from(RATE) / steady.len() as f64;
    assert!((hertz - 880.0).abs() < 3.0, "an octave above A4 was heard at {hertz} Hz");
    assert!(peak(&sound[132_000..]) < 1e-3, "and it ends");
}

#[test]
fn samples_do_not_depend_on_how_blocks_are_cut() {
    let keys = [(100, 60, 90), (3_333, 64, 70), (9_000, 60, 0), (20_000, 64, 0), (60_000, 72, 110), (61_000, 72, 0)];
    let whole = play(&keys, 72_000, &[4_096]);
    for blocks in [&[64][..], &[1, 7, 130, 1_000], &[333]] {
        assert!(play(&keys, 72_000, blocks) == whole, "blocks of {blocks:?}");
    }
}

#[test]
fn a_panic_silences_it_and_others_keep_their_instruments() {
    let mut performer = performer();
    let (mut left, mut right) = ([0.0; 480], [0.0; 480]);
    let now = transport(false, 0.0, 120.0);
    let key = |kind| [PlayerEvent { sample_offset: 0, kind }];
    performer.process(&now, &key(PlayerKind::NoteOn { pitch: 60, velocity: 100 }), &mut left, &mut right);
    performer.process(&now, &[], &mut left, &mut right);
    assert!(peak(&left) > 0.01 && performer.voices() == 1);
    performer.process(&now, &key(PlayerKind::Panic), &mut left, &mut right);
    (0..200).for_each(|_| performer.process(&now, &[], &mut left, &mut right));
    assert!(peak(&left) < 1e-4 && performer.voices() == 0);
    // The answer has an instrument of the house.
    let begin = PlayerKind::Begin { part: Part::Answer, pitch: 60, velocity: 100 };
    performer.process(&now, &key(begin), &mut left, &mut right);
    performer.process(&now, &[], &mut left, &mut right);
    assert!(peak(&left) > 0.01);
}

#[test]
fn broken_sound_fonts_are_refused_in_words() {
    let font = sine_font(40);
    let programs: Vec<(u8, String)> =
        SoundFont::read(&font).unwrap().programs().map(|(n, name)| (n, name.to_owned())).collect();
    assert_eq!(programs, [(0, "Sine".to_owned())]);
    let refused = |bytes: &[u8]| SoundFont::read(bytes).unwrap_err();
    assert_eq!(refused(b""), "is no SoundFont of version 2");
    assert_eq!(refused(b"MThd, and so on"), "is no SoundFont of version 2");
    for length in (12..font.len()).step_by(97) {
        refused(&font[..length]);
    }
    // A chunk of four gigabytes.
    let place = font.windows(4).position(|w| w == b"smpl").unwrap();
    let mut bomb = font.clone();
    bomb[place + 4..place + 8].fill(0xFF);
    assert_eq!(refused(&bomb), "breaks off in chunk `smpl`");
    // Any byte of the tables may be wrong: it is refused, or it plays.
    let tables = font.windows(4).position(|w| w == b"pdta").unwrap();
    for place in tables..font.len() {
        for value in [0x00, 0x7F, 0xFF] {
            let mut wrong = font.clone();
            wrong[place] = value;
            let _either = SoundFont::read(&wrong);
        }
    }
    // An instrument that no program change can call is none of those to choose from.
    let mut beyond = font.clone();
    let preset = font.windows(4).position(|w| w == b"Sine").unwrap();
    beyond[preset + 20] = 128;
    assert_eq!(SoundFont::read(&beyond).unwrap().programs().count(), 0);
    let missing = SoundFont::open("there/is/none.sf2".as_ref()).unwrap_err().to_string();
    assert!(missing.starts_with("there/is/none.sf2: "), "{missing}");
}
