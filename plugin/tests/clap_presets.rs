//! The bank: every preset is called by automation, plays, and plays otherwise than every other.

mod host;

use host::{Daw, INSTRUMENT, In, answers, assert_paired, load};
use oneiro_plugin::presets::factory;

/// A chord under the second half, so that improvisers have something to play over.
fn with_chord(daw: &Daw) -> Vec<(u64, In)> {
    let mut events = daw.call(0.0);
    let at = |beats: f64| daw.zero.0 + daw.samples(beats);
    for key in [48, 52, 55] {
        events.push((at(8.0), In::On { key, velocity: 0.5 }));
        events.push((at(15.5), In::Off { key }));
    }
    // What was called is kept, so that there is something to morph.
    events.push((at(7.9), In::Set { id: "capture-a", value: 1.0 }));
    events.push((at(8.2), In::Set { id: "capture-a", value: 0.0 }));
    events.sort_by_key(|(at, _)| *at);
    events
}

/// When, which key, how strong.
type Notes = Vec<(u64, u16, u8)>;

#[test]
fn every_preset_of_the_bank_plays_and_none_sounds_like_another() {
    let entry = load();
    let mut daw = Daw::open(&entry, INSTRUMENT);
    daw.offline(true);
    daw.activate(24_000.0, 2048);
    daw.playing = false;
    daw.block(64, &[]);
    let mut heard: Vec<(String, Notes, u64)> = Vec::new();
    for preset in factory() {
        daw.playing = false;
        let now = daw.now;
        daw.block(64, &[(now, In::Set { id: "preset-next", value: 1.0 })]);
        daw.block(64, &[(now + 64, In::Set { id: "preset-next", value: 0.0 })]);
        daw.playing = true;
        daw.locate(0.0);
        daw.sound.iter_mut().for_each(Vec::clear);
        let (start, events) = (daw.now, with_chord(&daw));
        let end = start + daw.samples(24.0);
        let mut notes = daw.play_to(end, &events, || 2048);
        let loudest = daw.sound[0].iter().fold(0.0_f32, |most, sample| most.max(sample.abs()));
        let sound = daw.sound[0]
            .iter()
            .fold(0_u64, |sum, sample| sum.wrapping_mul(0x100_0000_01B3).wrapping_add(u64::from(sample.to_bits())));
        daw.playing = false;
        notes.extend(daw.block(64, &[]));
        assert_paired(&notes);
        let played: Vec<(u64, u16, u8)> =
            answers(&notes).iter().filter(|n| n.on).map(|n| (n.sample - start, n.key, n.velocity)).collect();
        assert!(played.len() >= 2, "{}: {played:?}", preset.name);
        assert!((0.02..0.9).contains(&loudest), "{}: {loudest}", preset.name);
        for (other, _, waves) in &heard {
            assert!(*waves != sound, "{} sounds like {other}", preset.name);
        }
        heard.push((preset.name.clone(), played, sound));
    }
    // Some differ in their sound alone.
    let notes: std::collections::HashSet<_> = heard.iter().map(|(_, notes, _)| notes.clone()).collect();
    assert!(notes.len() >= 24, "{} of {} presets play notes of their own", notes.len(), heard.len());
}
