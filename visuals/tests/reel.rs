//! Reels: the same one gives the same bytes, a part of it is that part of the whole, and what it orders happens at its beat.

mod support;

use oneiro::bridge::{Part, ShowEvent, ShowKind};
use oneiro::render::{
    Alpha, Blur, Call, Caption, CaptionKind, Depth, Point, Position, Reel, ReelModels, ReelValue, Scenes, Way,
};
use oneiro::time::{Beats, Bpm, TempoMap, TimeSignature};
use oneiro_visuals::reel::Screening;
use oneiro_visuals::stage::{Gpu, GpuError};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn model(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../models").join(name)
}

/// Two seconds of four bars of two quarter notes at 240 a minute, a note on each: frame n begins at beat n / 3.
fn reel() -> Reel {
    let metre = TimeSignature::new(2, 4).unwrap();
    let show = (0..8).flat_map(|beat: u8| {
        let bar = ShowKind::Bar { bar: i32::from(beat / 2), time_signature: metre };
        let note = ShowKind::NoteOn { part: Part::Call, pitch: 60 + 5 * (beat % 4), velocity: 100 };
        let kinds = [(beat.is_multiple_of(2)).then_some(bar), Some(ShowKind::Beat { in_bar: beat % 2 }), Some(note)];
        kinds.into_iter().flatten().map(move |kind| ShowEvent { pos_beats: Beats(f64::from(beat)), kind })
    });
    Reel {
        seed: 3,
        size: (96, 64),
        fps: "12".parse().unwrap(),
        frames: (0, 20),
        tempo: TempoMap::constant(Bpm(240.0)).unwrap(),
        show: show.collect(),
        scene: Some("aurora".into()),
        models: ReelModels {
            first: model("image-gan.onnx"),
            second: Some(model("image-gan-luminous.onnx")),
            style: Some(model("style-transfer.onnx")),
            ..ReelModels::default()
        },
        ..Reel::default()
    }
}

fn frames(gpu: &Gpu, reel: Reel) -> Vec<Vec<u8>> {
    let gpu = gpu.clone();
    let mut screening = Screening::open(move || Ok(gpu), reel).unwrap();
    let mut frames = Vec::new();
    while let Some(frame) = screening.frame().unwrap() {
        frames.push(frame);
    }
    frames
}

fn light(frame: &[u8]) -> f64 {
    frame.iter().map(|byte| f64::from(*byte)).sum::<f64>() / frame.len() as f64
}

/// The first frame that differs.
fn differs(a: &[Vec<u8>], b: &[Vec<u8>]) -> Option<usize> {
    a.iter().zip(b).position(|(a, b)| a != b)
}

#[test]
fn the_same_reel_gives_the_same_bytes_and_a_part_is_that_part_of_the_whole() {
    let Some(gpu) = support::gpu() else { return };
    let whole = frames(&gpu, reel());
    assert!(whole.len() == 20 && whole.iter().all(|frame| frame.len() == 96 * 64 * 3));
    assert!(whole.windows(2).all(|pair| pair[0] != pair[1]) && light(&whole[10]) > 8.0, "{}", light(&whole[10]));
    assert_eq!(differs(&whole, &frames(&gpu, Reel { threads: 2, ..reel() })), None, "another number of threads");
    let part = frames(&gpu, Reel { frames: (10, 20), ..reel() });
    assert!(part.len() == 10 && differs(&whole[10..], &part).is_none());
    // With less before it, trails are nearly the same.
    let near = frames(&gpu, Reel { frames: (14, 16), lead_in: Some(6), ..reel() });
    let apart =
        |a: &[u8], b: &[u8]| a.iter().zip(b).map(|(a, b)| f64::from(a.abs_diff(*b))).sum::<f64>() / a.len() as f64;
    assert!(apart(&whole[14], &near[0]) < 3.0, "{}", apart(&whole[14], &near[0]));
    assert_ne!(differs(&whole, &frames(&gpu, Reel { seed: 4, ..reel() })), None);

    // The same through the program, as `oneiro render` has it.
    let mut scenes = Scenes::start(&Reel { frames: (4, 8), ..reel() }).unwrap();
    for frame in &whole[4..8] {
        assert!(scenes.next().unwrap().as_ref() == Some(frame));
    }
    assert_eq!(scenes.next().unwrap(), None);
}

/// Forty-four seconds at two frames a second, in which much is ordered before its second chapter.
fn long_reel() -> Reel {
    let (point, number) =
        (|at, control: &str, value| Point { at, control: control.into(), value, way: Way::Step }, ReelValue::Number);
    let scene = |at, name: &str| point(Position::Beat(at), "scene", ReelValue::Name(name.into()));
    let text = Caption { from: Some(Position::Beat(8.0)), to: None, text: "Oneiro".into(), kind: CaptionKind::Lyric };
    Reel {
        fps: "2".parse().unwrap(),
        frames: (0, 88),
        scene: Some("rosette".into()),
        // A quarter note is half a second: the second model paints from the tenth second on, and the scene before is back in time.
        tempo: TempoMap::constant(Bpm(120.0)).unwrap(),
        points: vec![
            scene(10.0, "gold"),
            point(Position::Beat(20.0), "first", number(2.0)),
            point(Position::Beat(24.0), "another", number(1.0)),
            Point { way: Way::Ramp, ..point(Position::Beat(60.0), "zoom", number(1.6)) },
            scene(50.0, "press"),
        ],
        texts: vec![text],
        models: ReelModels { style: None, ..reel().models },
        ..reel()
    }
}

#[test]
fn a_late_part_is_that_part_of_the_whole_though_little_is_drawn_before_it() {
    let Some(gpu) = support::gpu() else { return };
    let whole = frames(&gpu, long_reel());
    // In the first chapter, as the second begins, and in the second.
    for from in [30, 80, 83] {
        let part = frames(&gpu, Reel { frames: (from, from + 3), ..long_reel() });
        let from = from as usize;
        assert_eq!(differs(&whole[from..from + 3], &part), None, "from frame {from}");
    }
}

#[test]
fn the_light_of_a_click_falls_on_its_frame() {
    let Some(gpu) = support::gpu() else { return };
    let folder = tempfile::tempdir().unwrap();
    let scenes = folder.path().join("scenes.toml");
    // A picture that stands still, and only notes light it.
    let still = "[[scene]]\nname = 'click'\nsources = ['paintings']\n\
        palette = ['#000000', '#111111', '#222222', '#333333', '#ffffff']\n\
        [scene.dials]\nexposure = { is = 0.4, note = 0.8 }\nbrush = 0.0\n";
    std::fs::write(&scenes, still).unwrap();
    let common = TimeSignature::COMMON;
    // At the very beginning of a frame, in its first half, and in its second, which the next frame shows.
    let clicks = [(20.0, 20), (50.3, 50), (80.7, 81)];
    let event = |second: f64, kind| ShowEvent { pos_beats: Beats(2.0 * second), kind };
    let bar = [ShowKind::Bar { bar: 0, time_signature: common }, ShowKind::Beat { in_bar: 0 }];
    let note = ShowKind::NoteOn { part: Part::Call, pitch: 60, velocity: 120 };
    let show = bar.map(|kind| event(0.0, kind)).into_iter().chain(clicks.map(|(frame, _)| event(frame / 30.0, note)));
    let number = |name: &str| (name.to_owned(), ReelValue::Number(0.0));
    let film = frames(
        &gpu,
        Reel {
            size: (32, 32),
            fps: "30".parse().unwrap(),
            frames: (0, 90),
            tempo: TempoMap::constant(Bpm(120.0)).unwrap(),
            show: show.collect(),
            scenes: Some(scenes),
            scene: None,
            controls: [number("push"), number("speed")].into(),
            models: ReelModels { first: model("image-gan.onnx"), ..ReelModels::default() },
            ..reel()
        },
    );
    let lit: Vec<f64> = film.iter().map(|frame| light(frame)).collect();
    let flashes: Vec<usize> = (10..90).filter(|frame| lit[*frame] > lit[frame - 1] + 4.0).collect();
    assert_eq!(flashes, clicks.map(|(_, frame)| frame), "{lit:.1?}");
}

#[test]
fn cues_points_and_texts_do_what_they_should_at_their_beat() {
    let Some(gpu) = support::gpu() else { return };
    let folder = tempfile::tempdir().unwrap();
    let cues = folder.path().join("cues.toml");
    std::fs::write(&cues, "[[cue]]\nname = 'near'\nwhen = 'bar'\nset = { zoom = 3.0 }\n").unwrap();
    let plain = frames(&gpu, reel());
    let changed = |reel: Reel| {
        let frames = frames(&gpu, reel);
        (differs(&plain, &frames), frames)
    };
    let point = |at, control: &str, value, way| Point { at, control: control.into(), value, way };
    let number = ReelValue::Number;
    // Beat 3 is frame 9, whatever the cue says of bars.
    let call = Call { at: Position::Beat(3.0), cue: "near".into() };
    assert_eq!(changed(Reel { cues: Some(cues), calls: vec![call], ..reel() }).0, Some(9));
    let dark = changed(Reel { points: vec![point(Position::Beat(4.0), "light", number(0.0), Way::Step)], ..reel() });
    assert_eq!(dark.0, Some(12));
    assert!(light(&dark.1[19]) < 2.0, "{}", light(&dark.1[19]));
    let ramp = vec![
        point(Position::Beat(2.0), "light", number(1.0), Way::Step),
        point(Position::Beat(6.0), "light", number(0.0), Way::Ramp),
    ];
    let (first, dims) = changed(Reel { points: ramp, ..reel() });
    assert_eq!(first, Some(6));
    let share = |frame: usize| light(&dims[frame]) / light(&plain[frame]);
    assert!(share(8) > share(12) && share(12) > share(16) && light(&dims[18]) < 3.0, "{} {}", share(8), share(12));
    let scene = point(Position::Beat(5.0), "scene", ReelValue::Name("marble".into()), Way::Step);
    let fade = point(Position::Beat(5.0), "scene-fade", number(0.0), Way::Step);
    let (first, frames) = changed(Reel { points: vec![scene, fade], ..reel() });
    // The painter makes ready what is coming a little before; nothing of it is seen.
    assert_eq!(first, Some(15));
    assert!(light(&frames[16]) > 4.0);
    let text = |from, to| Caption { from, to, text: "Oneiro".into(), kind: CaptionKind::Title };
    let (from, to) = (Some(Position::Beat(1.0)), Some(Position::Beat(2.0)));
    let (first, _) = changed(Reel { texts: vec![text(from, to)], ..reel() });
    assert!(first.is_some_and(|first| (3..=4).contains(&first)), "{first:?}");
}

#[test]
fn deep_blurred_and_keyed_frames_have_their_bytes() {
    let Some(gpu) = support::gpu() else { return };
    let plain = frames(&gpu, Reel { frames: (5, 7), ..reel() });
    let deep = frames(&gpu, Reel { frames: (5, 7), depth: Depth::Sixteen, ..reel() });
    assert_eq!(deep[0].len(), 2 * plain[0].len());
    // The high bytes are the picture; the window's noise is one step.
    let high = |frame: &[u8]| -> Vec<u8> { frame.chunks_exact(2).map(|pair| pair[1]).collect() };
    let most = |a: &[u8], b: &[u8]| a.iter().zip(b).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(most(&high(&deep[1]), &plain[1]) <= Some(2), "{:?}", most(&high(&deep[1]), &plain[1]));
    let low: std::collections::BTreeSet<u8> = deep[1].chunks_exact(2).map(|pair| pair[0]).collect();
    assert!(low.len() > 200, "{} low bytes", low.len());
    let blur = Some(Blur { sub_frames: 4, shutter: 1.0 });
    let blurred = frames(&gpu, Reel { frames: (5, 7), blur, alpha: Alpha::Luma, ..reel() });
    assert_eq!(blurred[0].len(), 96 * 64 * 4);
    let again = frames(&gpu, Reel { frames: (5, 7), blur, alpha: Alpha::Luma, ..reel() });
    assert!(blurred == again);
}

#[test]
fn broken_reels_are_refused_in_one_line_that_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("film.json");
    let point = |control: &str, value, way| Point { at: Position::Bar(2.0), control: control.into(), value, way };
    let json = |damage: &dyn Fn(&mut Reel)| {
        let mut reel = reel();
        damage(&mut reel);
        reel.json().unwrap()
    };
    let broken = [
        ("nonsense".to_owned(), "film.json: the reel cannot be read"),
        (json(&|_| ()).replace("\"version\":1", "\"version\":7"), "version 7"),
        (json(&|_| ()).replace("\"seed\"", "\"sead\""), "`sead`"),
        (json(&|r| r.models.first = model("melody-rnn.onnx")), "melody-rnn"),
        (json(&|r| r.models.first = "gone.onnx".into()), "gone.onnx"),
        (json(&|r| r.scene = Some("nowhere".into())), "`nowhere`"),
        (json(&|r| r.scenes = Some("gone.toml".into())), "gone.toml"),
        (json(&|r| r.points = vec![point("loudness", ReelValue::Number(1.0), Way::Step)]), "`loudness`"),
        (json(&|r| r.points = vec![point("zoom", ReelValue::Number(9.0), Way::Step)]), "from 0.25 to 4"),
        (json(&|r| r.points = vec![point("walk", ReelValue::Name("loop".into()), Way::Ramp)]), "cannot ramp"),
        (json(&|r| r.points = vec![point("style", ReelValue::Name("none such".into()), Way::Step)]), "`none such`"),
        (json(&|r| r.calls = vec![Call { at: Position::Beat(0.0), cue: "gone".into() }]), "no cue `gone`"),
        (json(&|r| r.cues = Some("gone.toml".into())), "gone.toml"),
    ];
    for (text, says) in broken {
        std::fs::write(&file, &text).unwrap();
        let mut program = Command::new(env!("CARGO_BIN_EXE_oneiro-visuals"));
        let ran = program.arg("--reel").arg(&file).stdin(Stdio::null()).output().unwrap();
        let said = String::from_utf8_lossy(&ran.stderr);
        assert!(!ran.status.success() && ran.stdout.is_empty(), "{text}");
        assert!(said.starts_with("error: ") && said.contains(says) && said.lines().count() == 1, "{says}: {said}");
    }
    // Nothing is drawn for one that names what is not there.
    let refused = Screening::open(
        || Err(GpuError::None("none was asked for".into())),
        Reel { scene: Some("0".into()), ..reel() },
    );
    assert!(refused.unwrap_err().to_string().contains("`scene`"));
}
