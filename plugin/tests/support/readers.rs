//! What holds of the plugin's readers of untrusted bytes: see `tests/support/readers.rs`.

use nice_plug::plugin::{ParamValue, PluginState};
use oneiro::music::{Melody, MelodyEvent};
use oneiro::time::TimeSignature;
use oneiro_plugin::parameters::{place, sheets};
use oneiro_plugin::presets::{self, is_musical};
use oneiro_plugin::state::{Kept, ModelMark, Wanted, filter};

/// A project's state, as a host hands it over: afterwards there is nothing in it that the plugin does not know, and a second look
/// changes nothing.
pub fn state(bytes: &[u8]) {
    let Ok(mut state) = serde_json::from_slice::<PluginState>(bytes) else { return };
    filter(&mut state);
    for (id, value) in &state.params {
        let sheet = &sheets()[place(id).expect("what is not known was left out")];
        let number = match value {
            ParamValue::F32(number) => f64::from(*number),
            ParamValue::I32(number) => f64::from(*number),
            ParamValue::Bool(on) => f64::from(u8::from(*on)),
            ParamValue::String(text) => panic!("{id} is {text}"),
        };
        let near = (sheet.range.0 - 1e-3..=sheet.range.1 + 1e-3).contains(&number);
        assert!(near, "{id} is {number}, out of {:?}", sheet.range);
    }
    let once = serde_json::to_string(&state).expect("plain data");
    filter(&mut state);
    let refused = state.fields.contains_key("refused");
    assert!(refused || serde_json::to_string(&state).expect("plain data") == once, "{once}");
}

/// Sound states.
pub fn state_seeds() -> Vec<Vec<u8>> {
    let events = vec![MelodyEvent { pitch: Some(60), steps: 24 }, MelodyEvent { pitch: None, steps: 72 }];
    let melody = Melody { title: "a".into(), metre: TimeSignature::COMMON, start_step: 0, events };
    let mark = ModelMark { name: "n".into(), file: "n.onnx".into(), sha256: "00".repeat(32) };
    let kept = Kept {
        captured: [Some(melody), None, None, None],
        models: [Wanted::Model(mark), Wanted::Off],
        window: Some([800, 500]),
        ..Kept::default()
    };
    let fields = [
        ("kept".to_owned(), serde_json::to_string(&kept).expect("plain data")),
        ("overlay".to_owned(), r#"{"swing":0.625,"scale":3}"#.to_owned()),
    ];
    let params = [
        ("temperature", ParamValue::F32(0.75)),
        ("mode", ParamValue::I32(3)),
        ("bypass", ParamValue::Bool(true)),
        ("vary", ParamValue::String("x".into())),
    ];
    let state = PluginState {
        version: "0.1.0".into(),
        params: params.map(|(id, value)| (id.to_owned(), value)).into_iter().collect(),
        fields: fields.into_iter().collect(),
    };
    vec![serde_json::to_vec(&state).expect("plain data"), include_bytes!("../states/v1.json").to_vec()]
}

/// Files of presets.
pub fn presets(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match presets::read("a file", text) {
        Ok(read) => {
            for (place, value) in read.iter().flat_map(|preset| &preset.values) {
                let sheet = &sheets()[*place];
                assert!(
                    is_musical(sheet) && (sheet.range.0..=sheet.range.1).contains(value),
                    "{} is {value}",
                    sheet.id
                );
            }
            let events = |melody: &Melody| melody.events.iter().all(|e| e.steps > 0 && e.pitch.is_none_or(|p| p < 128));
            assert!(read.iter().flat_map(|preset| &preset.phrases).flatten().all(events));
        }
        Err(e) => assert!(e.to_string().lines().count() == 1, "{e}"),
    }
}

/// Sound presets.
pub fn preset_seeds() -> Vec<Vec<u8>> {
    let own = "[[preset]]\nname = \"mine\"\nabout = \"\"\nvalues = { mode = \"answer\", temperature = 0.8 }\n\
               phrases.a = { metre = [3, 4], start = 24, events = [[60, 24], [-1, 12], [64, 36]] }\n";
    vec![own.into()]
}
