//! What holds of the visualizer's readers of untrusted bytes: see `tests/support/readers.rs`.

use oneiro_visuals::control::cues::{CueList, LONGEST_FADE, MOST};
use oneiro_visuals::control::server::protocol::{self, Heard};
use oneiro_visuals::control::{Desk, Handle, HubOptions, Order, osc};
use oneiro_visuals::show::controls::Shape;
use oneiro_visuals::show::music::Signals;
use oneiro_visuals::show::scene;
use oneiro_visuals::sources::Played;
use rosc::{OscBundle, OscMessage, OscPacket, OscTime, OscType, encoder};
use std::cell::RefCell;
use std::time::{Duration, SystemTime};

/// An order that may be obeyed.
fn sound(order: &Order) {
    match order {
        Order::Set(control, value) => assert!(value.is_finite(), "{control:?} is {value}"),
        Order::Keep { fade, .. } => assert!(fade.is_finite(), "a fade of {fade}"),
        Order::Knob(_, _, position) => assert!((0.0..=1.0).contains(position), "a knob at {position}"),
        Order::Played(Played::Note { pitch, velocity }) => assert!(*pitch < 128 && *velocity < 128),
        Order::Played(Played::Beat(in_bar)) => assert!(*in_bar != Some(0), "beats are counted from 1"),
        Order::Named(..) | Order::Cue { .. } | Order::Remove(_) | Order::Note(_) => {}
    }
}

/// Packets of OSC.
pub fn packet(bytes: &[u8]) {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
    match osc::read(bytes, now) {
        Ok((orders, _)) => {
            assert!(orders.len() <= 512 && orders.iter().all(|timed| timed.wait <= Duration::from_secs(600)));
            orders.iter().for_each(|timed| sound(&timed.order));
        }
        Err(e) => assert!(e.to_string().lines().count() == 1, "{e}"),
    }
}

/// Sound packets.
pub fn packet_seeds() -> Vec<Vec<u8>> {
    let message = |addr: &str, args| OscPacket::Message(OscMessage { addr: addr.into(), args });
    let inner = OscBundle {
        timetag: OscTime::from((4_008_988_800, 7)),
        content: vec![message("/oneiro/{zoom,walk}", vec![OscType::Float(2.0), OscType::Blob(vec![1, 2, 3])])],
    };
    let content = vec![
        message("/oneiro/scene", vec![OscType::String("aurora".into())]),
        message("/oneiro/*", vec![OscType::Double(0.5), OscType::Bool(true), OscType::Nil]),
        OscPacket::Bundle(inner),
    ];
    let packets = [
        message("/oneiro/hue/normalized", vec![OscType::Float(0.3)]),
        message("/oneiro/note", vec![OscType::Int(60), OscType::Int(90)]),
        message("/oneiro/beat", vec![OscType::Int(1)]),
        OscPacket::Bundle(OscBundle { timetag: OscTime::from((0, 1)), content }),
    ];
    packets.iter().map(|packet| encoder::encode(packet).expect("a sound packet")).collect()
}

thread_local! {
    static HUB: RefCell<Option<(Desk, Handle)>> = const { RefCell::new(None) };
}

/// What a page says.
pub fn ask(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    HUB.with_borrow_mut(|hub| {
        let (desk, handle) = hub.get_or_insert_with(|| {
            let (desk, handle, _events) = oneiro_visuals::control::open(HubOptions::default());
            (desk, handle)
        });
        if let Heard::Useless(reason) = protocol::hear(text, handle) {
            assert!(reason.lines().count() == 1 && reason.chars().count() <= 2000, "{reason}");
        }
        while let Some(order) = desk.order() {
            sound(&order);
        }
    });
}

/// Sound messages.
pub fn ask_seeds() -> Vec<Vec<u8>> {
    let all = [
        r#"{"type":"hello","protocol":1}"#,
        r#"{"type":"set","control":"zoom","value":1.5}"#,
        r#"{"type":"share","control":"hue","value":0.25}"#,
        r#"{"type":"press","control":"next"}"#,
        r#"{"type":"name","control":"scene","name":"aurora"}"#,
        r#"{"type":"cue","name":"1","when":"beat"}"#,
        r#"{"type":"keep","name":"now","when":"bar","fade":4}"#,
        r#"{"type":"remove","name":"now"}"#,
        r#"{"type":"learn","control":"zoom"}"#,
        r#"{"type":"forget","control":"zoom"}"#,
        r#"{"type":"watch","on":true}"#,
    ];
    all.map(|text| text.as_bytes().to_vec()).to_vec()
}

/// Lists of cues.
pub fn cues(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match CueList::parse(text) {
        Ok(list) => {
            assert!(list.cues().len() <= MOST);
            for cue in list.cues() {
                assert!((0.0..=LONGEST_FADE).contains(&cue.fade));
                for (control, value) in &cue.set {
                    let spec = control.spec();
                    assert!((spec.range.0..=spec.range.1).contains(value) && spec.shape != Shape::Trigger);
                }
            }
            let again = CueList::parse(&list.text().expect("names and numbers")).expect("it was just written");
            assert_eq!(again.cues().len(), list.cues().len());
        }
        Err(e) => assert!(e.lines().count() == 1, "{e}"),
    }
}

/// Sound lists.
pub fn cue_seeds() -> Vec<Vec<u8>> {
    let two = "[[cue]]\nname = 'wide'\nscene = 'aurora'\nwhen = 'now'\nfade = 4.5\nset = { zoom = 0.5, walk = 'circle' }\n\
               [[cue]]\nname = 'near'\nwhen = 'beat'\nset.zoom = 3\n";
    vec![two.into()]
}

/// Files of scenes: whatever is read has dials that can be drawn.
pub fn scenes(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match scene::read(text) {
        Ok(scenes) => {
            let wild = Signals { beats: 1e7, beat: 1.0, bar: 1.0, note: 1.0, energy: 1.0, density: 1.0, chord: 1.0 };
            let dials = scenes.iter().flat_map(|scene| scene.dials(&wild));
            for value in dials {
                assert!(value.is_finite());
            }
        }
        Err(e) => assert!(e.to_string().lines().count() == 1, "{e}"),
    }
}

/// Sound scenes.
pub fn scene_seeds() -> Vec<Vec<u8>> {
    let one = "[[scene]]\nname = 'x'\nsources = ['paintings', 'light']\nstyles = { dots = 0.5 }\n\
               pace = { keyframes = 0.5, push = 1.0, truncation = 0.8 }\n\
               palette = ['#000000', '#111111', '#222222', '#333333', '#ffffff']\n\
               [scene.dials]\nzoom = 1.5\nfold = 'kaleidoscope'\nwarp = { is = 0.1, beat = 0.2, energy = 0.3 }\n";
    vec![one.into()]
}
