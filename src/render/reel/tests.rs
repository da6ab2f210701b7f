//! Reels as files.

use super::*;
use crate::bridge::{Part, ShowKind};
use crate::time::{Beats, MetreChange, TimeSignature};

fn reel() -> Reel {
    let kind = ShowKind::NoteOn { part: Part::Call, pitch: 60, velocity: 100 };
    let point = |at, control: &str, value, way| Point { at, control: control.into(), value, way };
    Reel {
        seed: u64::MAX,
        fps: "30000/1001".parse().unwrap(),
        frames: (10, 20),
        blur: Some(Blur { sub_frames: 4, shutter: 0.5 }),
        depth: Depth::Sixteen,
        alpha: Alpha::Luma,
        show: vec![ShowEvent { pos_beats: Beats(0.1), kind }],
        controls: [("zoom".to_owned(), ReelValue::Number(1.5))].into(),
        points: vec![
            point(Position::Bar(2.5), "walk", ReelValue::Name("loop".into()), Way::Step),
            point(Position::Beat(3.0), "hue", ReelValue::Number(0.25), Way::Ramp),
        ],
        calls: vec![Call { at: Position::Bar(3.0), cue: "2".into() }],
        texts: vec![Caption { from: None, to: None, text: "Oneiro".into(), kind: CaptionKind::Title }],
        models: ReelModels { first: "a.onnx".into(), ..ReelModels::default() },
        ..Reel::default()
    }
}

#[test]
fn a_reel_is_written_and_read_again_whole() {
    let reel = reel();
    assert_eq!(Reel::read(&reel.json().unwrap()), Ok(reel.clone()));
    assert_eq!(reel.frame_bytes(), 1280 * 720 * 8);
    let moments: Vec<f64> = reel.moments(30).collect();
    assert!((moments[0] - 30.3125 * 1001.0 / 30_000.0).abs() < 1e-12 && moments.len() == 4, "{moments:?}");
    assert!((moments[3] - moments[0] - 0.375 * 1001.0 / 30_000.0).abs() < 1e-12);
    let short = r#"{"version":1,"size":[96,64],"fps":"24","frames":[0,2],"models":{"first":"a.onnx"}}"#;
    assert_eq!(Reel::read(short).unwrap().frame_bytes(), 96 * 64 * 3);
}

#[test]
fn bars_are_found_through_changes_of_metre() {
    let change = |at, n| MetreChange { at: Beats(at), metre: TimeSignature::new(n, 4).unwrap() };
    let metres = MetreMap::new(vec![change(0.0, 3), change(6.0, 4)]).unwrap();
    for (bar, beats) in [(1.0, 0.0), (2.5, 4.5), (3.0, 6.0), (4.25, 11.0), (0.0, -3.0)] {
        assert_eq!(Position::Bar(bar).beats(&metres), Beats(beats), "bar {bar}");
    }
}

#[test]
fn what_cannot_be_is_refused_with_its_reason() {
    type Breaks = fn(&mut Reel);
    let broken: [(Breaks, &str); 8] = [
        (|r| r.size.0 = 8, "`size`"),
        (|r| r.frames = (5, 5), "`frames`"),
        (|r| r.blur = Some(Blur { sub_frames: 0, shutter: 0.5 }), "`blur`"),
        (|r| r.blur = Some(Blur { sub_frames: 2, shutter: f64::NAN }), "`blur`"),
        (|r| r.show[0].pos_beats = Beats(f64::INFINITY), "`show`"),
        (|r| r.points[0].at = Position::Bar(f64::NAN), "`walk`"),
        (|r| r.version = 2, "version 2"),
        (|r| r.models.first = PathBuf::new(), "`models`"),
    ];
    for (damage, says) in broken {
        let mut reel = reel();
        damage(&mut reel);
        let error = reel.json().unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    let json = reel().json().unwrap();
    for (from, to) in [("\"seed\"", "\"sead\""), ("\"depth\":16", "\"depth\":10"), ("30000/1001", "0/1"), ("{", "[")] {
        let error = Reel::read(&json.replace(from, to)).unwrap_err().to_string();
        assert!(error.starts_with("the reel cannot be read: ") && error.lines().count() == 1, "{error}");
    }
}
