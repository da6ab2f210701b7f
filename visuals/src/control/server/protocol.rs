//! What pages and the program say to each other: JSON in text messages, each an object with a `type`. Binary messages are pictures,
//! whole JPEGs, from the program to pages that watch. All of it stands in `docs/control.md`.

use crate::control::hub::Handle;
use crate::control::knobs::KnobsSeen;
use crate::control::order::Order;
use crate::control::snapshot::Snapshot;
use crate::show::When;
use crate::show::controls::{CONTROLS, Control, Shape, Spec};
use oneiro::complaint::one_line;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Version of the protocol: another one is not understood.
pub const VERSION: u32 = 1;
/// Greatest message of a page, in bytes.
pub const LARGEST: usize = 4096;

/// What a page says.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase", deny_unknown_fields)]
pub enum Ask {
    /// Which protocol it speaks.
    Hello {
        /// See [`VERSION`].
        protocol: u32,
    },
    /// A control is to have a value in its own units.
    Set {
        /// Its name.
        control: String,
        /// The value.
        value: f64,
    },
    /// The same by a share of its range.
    Share {
        /// Its name.
        control: String,
        /// 0 to 1.
        value: f64,
    },
    /// A trigger is pressed.
    Press {
        /// Its name.
        control: String,
    },
    /// A control that numbers things with names is to have that of one: scene, style, drift, place, first, second.
    Name {
        /// Its name.
        control: String,
        /// The thing's name; an empty one is none.
        name: String,
    },
    /// A cue is to come.
    Cue {
        /// Its name or number.
        name: String,
        /// When, instead of when it says itself.
        #[serde(default)]
        when: Option<When>,
    },
    /// How the show looks now is to be kept as a cue.
    Keep {
        /// Its name.
        name: String,
        /// When it is to come.
        #[serde(default)]
        when: When,
        /// Over how many quarter notes.
        #[serde(default)]
        fade: f64,
    },
    /// A cue is to be taken out.
    Remove {
        /// Its name.
        name: String,
    },
    /// The next knob of a MIDI device is to move a control; none ends the wait.
    Learn {
        /// Its name.
        control: Option<String>,
    },
    /// What moves a control is to be forgotten.
    Forget {
        /// Its name.
        control: String,
    },
    /// Pictures are wanted, or no longer.
    Watch {
        /// Whether they are.
        on: bool,
    },
}

/// What became of what a page said.
#[derive(Debug, Clone, PartialEq)]
pub enum Heard {
    /// It is done.
    Done,
    /// Pictures are wanted, or no longer.
    Watch(bool),
    /// It is of no use, and why.
    Useless(String),
}

/// Does what a message says.
pub fn hear(text: &str, handle: &Handle) -> Heard {
    let ask: Ask = match serde_json::from_str(text) {
        Ok(ask) => ask,
        Err(e) => return Heard::Useless(format!("that is no message: {}", one_line(&e))),
    };
    let control = |name: &str| Control::by_name(name).ok_or_else(|| format!("there is no control `{name}`"));
    let finite = |value: f64| if value.is_finite() { Ok(value) } else { Err("that is no number".to_owned()) };
    let order = match ask {
        Ask::Hello { protocol: VERSION } => return Heard::Done,
        Ask::Hello { protocol } => {
            Err(format!("protocol {protocol} is not spoken here, but {VERSION}: load the page anew"))
        }
        Ask::Watch { on } => return Heard::Watch(on),
        Ask::Learn { control: None } => {
            handle.knobs().learn(None);
            return Heard::Done;
        }
        Ask::Learn { control: Some(name) } => match control(&name) {
            Ok(control) => {
                handle.knobs().learn(Some(control));
                return Heard::Done;
            }
            Err(e) => Err(e),
        },
        Ask::Forget { control: name } => match control(&name) {
            Ok(control) => {
                handle.knobs().forget(control);
                return Heard::Done;
            }
            Err(e) => Err(e),
        },
        Ask::Set { control: name, value } => control(&name).and_then(|control| Ok(Order::Set(control, finite(value)?))),
        Ask::Share { control: name, value } => control(&name)
            .and_then(|control| Ok(Order::Set(control, control.spec().at(finite(value)?.clamp(0.0, 1.0))))),
        Ask::Press { control: name } => match control(&name) {
            Ok(control) if control.spec().shape == Shape::Trigger => Ok(Order::Set(control, 1.0)),
            Ok(_) => Err(format!("`{name}` is set, not pressed")),
            Err(e) => Err(e),
        },
        Ask::Name { control: chooser, name } => match control(&chooser) {
            Ok(control) if control.is_of_names() => Ok(Order::Named(control, name)),
            Ok(_) => Err(format!("`{chooser}` numbers nothing that has names")),
            Err(e) => Err(e),
        },
        Ask::Cue { name, when } => Ok(Order::Cue { which: name, when }),
        Ask::Keep { name, when, fade } => finite(fade).map(|fade| Order::Keep { name, when, fade }),
        Ask::Remove { name } => Ok(Order::Remove(name)),
    };
    match order.map(|order| handle.order(order)) {
        Ok(true) => Heard::Done,
        Ok(false) => Heard::Useless("there is no room for more orders".into()),
        Err(e) => Heard::Useless(one_line(&e)),
    }
}

/// The first message: what there is to control.
pub fn hello() -> Value {
    let controls: Vec<Value> = CONTROLS.iter().map(described).collect();
    json!({ "type": "hello", "protocol": VERSION, "version": env!("CARGO_PKG_VERSION"), "controls": controls })
}

fn described(spec: &Spec) -> Value {
    let (shape, decimals) = match spec.shape {
        Shape::Smooth(decimals) => ("smooth", decimals),
        Shape::Whole => ("whole", 0),
        Shape::Choice(_) => ("choice", 0),
        Shape::Trigger => ("trigger", 0),
    };
    let mut told = json!({
        "name": spec.name,
        "unit": spec.unit,
        "low": spec.range.0,
        "high": spec.range.1,
        "usual": spec.usual,
        "shape": shape,
        "decimals": decimals,
        "about": spec.about,
    });
    if let Shape::Choice(choices) = spec.shape {
        told["choices"] = json!(choices);
    }
    told
}

/// What is wrong, for who said it.
pub fn error(reason: &str) -> Value {
    json!({ "type": "error", "reason": reason })
}

/// The knobs.
pub fn knobs(seen: &KnobsSeen) -> Value {
    let map: Map<String, Value> =
        seen.map.iter().map(|(control, text)| (control.spec().name.to_owned(), json!(text))).collect();
    json!({ "type": "knobs", "learning": seen.learning.map(|control| control.spec().name), "map": map })
}

/// What has changed from one snapshot to the next: messages in their order. Without one before, everything. `full` adds how the
/// machine keeps up, which changes all the time.
pub fn changes(before: Option<&Snapshot>, now: &Snapshot, full: bool) -> Vec<Value> {
    let mut messages = Vec::new();
    if before.is_none_or(|before| before.lists != now.lists) {
        let mut lists = json!(*now.lists);
        lists["type"] = json!("lists");
        messages.push(lists);
    }
    if before.is_none_or(|before| before.cues != now.cues) {
        let cue = |cue: &crate::control::cues::Cue| json!({ "name": cue.name, "scene": cue.scene, "when": cue.when, "fade": cue.fade });
        let cues: Vec<Value> = now.cues.list.cues().iter().map(cue).collect();
        messages.push(json!({ "type": "cues", "cues": cues, "at": now.cues.at, "waiting": now.cues.waiting }));
    }
    let kept = CONTROLS.iter().filter(|spec| spec.shape != Shape::Trigger);
    let value = |spec: &Spec| now.settings.get(spec.control);
    let changed = kept.filter(|spec| before.is_none_or(|before| before.settings.get(spec.control) != value(spec)));
    let values: Map<String, Value> = changed.map(|spec| (spec.name.to_owned(), json!(value(spec)))).collect();
    let mut state = json!({ "type": "state", "scene": now.scene, "coming": now.coming, "music": now.music });
    if !values.is_empty() {
        state["values"] = Value::Object(values);
    }
    if full || before.is_none() {
        state["machine"] = json!(now.machine);
    }
    messages.push(state);
    if before.is_some_and(|before| before.note.0 != now.note.0) {
        messages.push(json!({ "type": "note", "text": *now.note.1 }));
    }
    messages
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::hub::{HubOptions, open};
    use proptest::prelude::*;

    #[test]
    fn what_a_page_says_is_ordered_and_nonsense_is_answered() {
        let (desk, handle, _events) = open(HubOptions::default());
        let said = |text: &str| hear(text, &handle);
        assert_eq!(said(r#"{"type":"hello","protocol":1}"#), Heard::Done);
        assert_eq!(said(r#"{"type":"watch","on":true}"#), Heard::Watch(true));
        assert_eq!(said(r#"{"type":"set","control":"zoom","value":2}"#), Heard::Done);
        assert_eq!(said(r#"{"type":"share","control":"hue","value":1}"#), Heard::Done);
        assert_eq!(said(r#"{"type":"name","control":"scene","name":"aurora"}"#), Heard::Done);
        assert_eq!(said(r#"{"type":"press","control":"go"}"#), Heard::Done);
        assert_eq!(said(r#"{"type":"cue","name":"1","when":"beat"}"#), Heard::Done);
        assert_eq!(desk.order(), Some(Order::Set(Control::Zoom, 2.0)));
        assert_eq!(desk.order(), Some(Order::Set(Control::Hue, 0.5)));
        assert_eq!(desk.order(), Some(Order::Named(Control::Scene, "aurora".into())));
        assert_eq!(desk.order(), Some(Order::Set(Control::Go, 1.0)));
        assert_eq!(desk.order(), Some(Order::Cue { which: "1".into(), when: Some(When::Beat) }));
        for nonsense in [
            "",
            "[]",
            "null",
            "{\"type\":\"set\"}",
            r#"{"type":"set","control":"zoom","value":"much"}"#,
            r#"{"type":"set","control":"zoom","value":1e999}"#,
            r#"{"type":"set","control":"loudness","value":1}"#,
            r#"{"type":"set","control":"zoom","value":1,"more":2}"#,
            r#"{"type":"press","control":"zoom"}"#,
            r#"{"type":"name","control":"zoom","name":"wide"}"#,
            r#"{"type":"hello","protocol":2}"#,
            r#"{"type":"fly"}"#,
        ] {
            assert!(matches!(said(nonsense), Heard::Useless(why) if !why.is_empty()), "{nonsense}");
        }
        assert_eq!(desk.order(), None);
    }

    #[test]
    fn only_what_has_changed_is_told() {
        let before = Snapshot::default();
        let all = changes(None, &before, false);
        let types =
            |messages: &[Value]| messages.iter().map(|m| m["type"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
        assert_eq!(types(&all), ["lists", "cues", "state"]);
        let kept = CONTROLS.iter().filter(|spec| spec.shape != Shape::Trigger).count();
        assert_eq!(all[2]["values"].as_object().unwrap().len(), kept);
        let mut now = Snapshot { note: (1, "hear".into()), ..before.clone() };
        now.settings.set(Control::Zoom, 2.0);
        let some = changes(Some(&before), &now, false);
        assert_eq!(types(&some), ["state", "note"]);
        assert_eq!(some[0]["values"], json!({ "zoom": 2.0 }));
        assert!(changes(Some(&now), &now, false)[0].get("values").is_none());
    }

    proptest! {
        #[test]
        fn whatever_a_page_says_it_is_heard_or_answered(text in r#"(\{"type":"(set|share|press|cue|keep|learn|name)",.{0,80}\}|.{0,200})"#) {
            let (_desk, handle, _events) = open(HubOptions::default());
            drop(hear(&text, &handle));
        }
    }
}
