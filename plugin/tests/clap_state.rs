//! What a project stores: it comes back, and what is no sound state changes nothing.

mod host;

use clack_host::prelude::PluginEntry;
use host::{Daw, INSTRUMENT, In, answers, load};
use oneiro_plugin::presets::factory;

/// A state that version 1 of the format has stored.
const STORED_V1: &[u8] = include_bytes!("states/v1.json");

/// Bytes as CLAP stores them: their length goes before.
fn framed(json: &[u8]) -> Vec<u8> {
    [&(json.len() as u64).to_le_bytes(), json].concat()
}

/// A project in which something was set, and a phrase captured.
fn worked_on(entry: &PluginEntry) -> Daw {
    let mut daw = Daw::open(entry, INSTRUMENT);
    daw.offline(true);
    daw.activate(48_000.0, 1024);
    let mut events = daw.call(0.0);
    events.push((daw.samples(7.5), In::Set { id: "capture-b", value: 1.0 }));
    events.push((daw.samples(7.6), In::Set { id: "capture-b", value: 0.0 }));
    events.push((daw.samples(7.7), In::Set { id: "temperature", value: 0.62 }));
    events.push((daw.samples(7.7), In::Set { id: "mode", value: 3.0 }));
    let end = daw.samples(12.0);
    daw.play_to(end, &events, || 1024);
    daw
}

#[test]
fn a_project_comes_back_with_everything_and_plays_the_same() {
    let entry = load();
    let mut daw = worked_on(&entry);
    let stored = daw.save();
    let json: serde_json::Value = serde_json::from_slice(&stored[8..]).unwrap();
    let kept: serde_json::Value = serde_json::from_str(json["fields"]["kept"].as_str().unwrap()).unwrap();
    assert!(kept["captured"][1]["events"].as_array().is_some_and(|events| events.len() > 4), "{kept}");
    assert_eq!(kept["models"][0]["model"]["file"], "melody-rnn.onnx");
    let morphs = |stored: &[u8]| {
        let mut daw = Daw::open(&entry, INSTRUMENT);
        assert!(daw.restore(stored));
        assert!((daw.value("temperature") - 0.62).abs() < 1e-6);
        assert_eq!((daw.value("mode"), daw.value("capture-b")), (3.0, 0.0));
        assert_eq!(daw.save(), stored, "what is stored again is not the same");
        daw.offline(true);
        daw.activate(48_000.0, 777);
        let end = daw.samples(16.0);
        daw.play_to(end, &[], || 777)
    };
    let played = morphs(&stored);
    assert!(!answers(&played).is_empty(), "the captured phrase is not played");
    assert_eq!(morphs(&stored), played);
}

#[test]
fn a_state_is_taken_while_it_plays() {
    let entry = load();
    let stored = worked_on(&entry).save();
    let mut daw = Daw::open(&entry, INSTRUMENT);
    daw.offline(true);
    daw.activate(48_000.0, 512);
    let (call, half, end) = (daw.call(0.0), daw.samples(4.0), daw.samples(24.0));
    daw.play_to(half, &call, || 512);
    assert!(daw.restore(&stored));
    let played = daw.play_to(end, &[], || 512);
    assert!(!answers(&played).is_empty());
}

#[test]
fn garbage_truncated_foreign_and_later_states_change_nothing() {
    let entry = load();
    let mut daw = worked_on(&entry);
    let stored = daw.save();
    let json = String::from_utf8(stored[8..].to_vec()).unwrap();
    let later = json.replace("\\\"format\\\":1", "\\\"format\\\":99").replace("0.62", "1.5");
    assert_ne!(later, json);
    for (what, bytes) in [
        ("nothing", Vec::new()),
        ("half a length", vec![1, 2, 3]),
        ("noise", (0..999_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 13) as u8).collect()),
        ("an endless length", vec![0xFF; 64]),
        ("half", stored[..stored.len() / 2].to_vec()),
        ("no JSON", framed(b"\0\0\0\0")),
        ("foreign", framed(br#"{"version":"1","params":{"mode":{"i32":1}},"fields":{}}"#)),
        ("later", framed(later.as_bytes())),
        ("lying", framed(br#"{"params":{"mode":{"i32":1}},"fields":{"kept":"{\"format\":1,\"captured\":[7]}"}}"#)),
        ("a note that is none", framed(json.replacen("\\\"pitch\\\":", "\\\"pitch\\\":9", 1).as_bytes())),
    ] {
        let _taken = daw.restore(&bytes);
        assert_eq!(daw.save(), stored, "{what}");
    }
}

#[test]
fn values_out_of_range_are_put_right() {
    let entry = load();
    let mut daw = Daw::open(&entry, INSTRUMENT);
    let kept = r#"{\"format\":1}"#;
    let params = r#""mode":{"i32":-9},"temperature":{"f32":1e39},"channel":{"f32":7.2},"vary":{"string":"much"}"#;
    assert!(daw.restore(&framed(format!(r#"{{"params":{{{params}}},"fields":{{"kept":"{kept}"}}}}"#).as_bytes())));
    assert_eq!((daw.value("mode"), daw.value("temperature"), daw.value("channel")), (0.0, 3.0, 7.0));
    assert!((daw.value("vary") - 0.3).abs() < 1e-6);
}

#[test]
fn states_of_every_version_are_read() {
    let entry = load();
    let mut daw = Daw::open(&entry, INSTRUMENT);
    assert!(daw.restore(&framed(STORED_V1)));
    assert!((daw.value("temperature") - 0.62).abs() < 1e-6);
    assert_eq!(daw.value("mode"), 3.0);
    let stored = daw.save();
    let json: serde_json::Value = serde_json::from_slice(&stored[8..]).unwrap();
    let kept: serde_json::Value = serde_json::from_str(json["fields"]["kept"].as_str().unwrap()).unwrap();
    assert_eq!(kept["captured"][1]["events"][0]["pitch"], 67, "{kept}");
}

#[test]
fn a_preset_that_automation_calls_sounds_and_is_stored() {
    let entry = load();
    let mut daw = Daw::open(&entry, INSTRUMENT);
    daw.offline(true);
    daw.activate(48_000.0, 512);
    daw.block(512, &[]);
    // The first that goes on by itself, and the one with phrases.
    let calls = |name: &str| factory().iter().position(|preset| preset.name == name).unwrap() + 1;
    let call = |daw: &mut Daw| {
        for value in [1.0, 0.0] {
            let now = daw.now;
            daw.block(512, &[(now, In::Set { id: "preset-next", value })]);
        }
    };
    (0..calls("Clockwork")).for_each(|_| call(&mut daw));
    let stored = daw.save();
    assert_eq!(daw.value("mode"), 0.0, "only an editor may move a host's parameters");
    let mut other = Daw::open(&entry, INSTRUMENT);
    assert!(other.restore(&stored));
    assert_eq!((other.value("mode"), other.value("grid")), (1.0, 3.0));
    // What is moved afterwards counts.
    let now = daw.now;
    daw.block(512, &[(now, In::Set { id: "mode", value: 2.0 })]);
    assert!(other.restore(&daw.save()));
    assert_eq!((other.value("mode"), other.value("grid")), (2.0, 3.0));
    (calls("Clockwork")..calls("Four Windows")).for_each(|_| call(&mut daw));
    let stored = daw.save();
    let json: serde_json::Value = serde_json::from_slice(&stored[8..]).unwrap();
    let kept: serde_json::Value = serde_json::from_str(json["fields"]["kept"].as_str().unwrap()).unwrap();
    let first = |corner: usize| kept["captured"][corner]["events"][0]["pitch"].clone();
    assert_eq!([first(0), first(1), first(2), first(3)], [60, 72, 55, 67].map(serde_json::Value::from), "{kept}");
}
