//! Models that fail while a show runs: the show goes on with what there is.

#[cfg(all(unix, debug_assertions))]
#[path = "../../tests/support/endless.rs"]
mod endless;
#[cfg(all(unix, debug_assertions))]
mod support;

use oneiro::model::library::Folder;
use oneiro::model::onnx::{ModelProto, NodeProto, TensorProto};
use oneiro_visuals::show::plan::Wish;
use oneiro_visuals::show::{Show, scene};
use oneiro_visuals::worker::{News, Painter, Studio, Worker};
use prost::Message as _;
use std::path::Path;
use std::time::{Duration, Instant};
use tempfile::TempDir;

fn shipped(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("../models").join(name)).unwrap()
}

/// A model whose every run fails at its last operator.
fn spoiled(name: &str) -> Vec<u8> {
    let mut model = ModelProto::decode(&shipped(name)[..]).unwrap();
    let graph = model.graph.as_mut().unwrap();
    let output = graph.output[0].name.clone().unwrap();
    for made in graph.node.iter_mut().flat_map(|node| &mut node.output).filter(|made| **made == output) {
        *made = "spoiled".into();
    }
    graph.initializer.push(TensorProto::from_i64("seven", &[4], &[7, 7, 7, 7]));
    let last = NodeProto {
        input: vec!["spoiled".into(), "seven".into()],
        output: vec![output],
        op_type: Some("Reshape".into()),
        ..NodeProto::default()
    };
    graph.node.push(last);
    // What is known of the shape would give it away before it runs.
    if let Some(tensor) = graph.output[0].r#type.as_mut().and_then(|of| of.tensor_type.as_mut()) {
        tensor.shape = None;
    }
    graph.value_info.clear();
    model.encode_to_vec()
}

fn studio(files: &[(&str, Vec<u8>)]) -> (TempDir, Studio) {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let folders = vec![Folder { path: folder.path().to_owned(), why: "a test's" }];
    (folder, Studio { folders, ..Studio::default() })
}

fn wish(models: [usize; 2]) -> Wish {
    let mut wish = Show::new(scene::shipped(), 1).wish(oneiro::time::Beats(2.0));
    (wish.sources, wish.models, wish.model_fade) = ([true, false, false], models, 0.1);
    wish
}

#[test]
fn what_only_adds_to_the_picture_is_left_out_once_it_fails() {
    let (_folder, studio) = studio(&[
        ("image-gan.onnx", shipped("image-gan.onnx")),
        ("style-transfer.onnx", spoiled("style-transfer.onnx")),
    ]);
    let mut painter = Painter::open(&studio).unwrap();
    assert!(painter.about().iter().any(|about| about == "style-transfer"), "{:?}", painter.about());
    let styled = Wish { sources: [false, false, true], style: 1, ..wish([0, 0]) };
    let told = painter.paint(&styled, 0.0).map(|painted| painted.len()).map_err(|e| e.to_string());
    assert!(told.as_ref().is_err_and(|reason| reason.contains("style-transfer.onnx")), "{told:?}");
    let painted = painter.paint(&styled, 0.1).unwrap();
    assert!(painted.len() == 1 && painted[0].1.size.0 > 0);
}

#[test]
fn a_generator_that_fails_is_told_once_and_another_can_be_turned_to() {
    let (_folder, studio) =
        studio(&[("a.onnx", spoiled("image-gan.onnx")), ("b.onnx", shipped("image-gan-luminous.onnx"))]);
    let mut worker = Worker::spawn(studio);
    let began = Instant::now();
    let (mut complaints, mut number) = (Vec::new(), 0.0);
    let mut tell = |worker: &mut Worker, models: [usize; 2], complaints: &mut Vec<String>| {
        number += 0.02;
        worker.wish(wish(models), number);
        std::thread::sleep(Duration::from_millis(20));
        while let Some(news) = worker.news() {
            match news {
                News::Ready { .. } => {}
                News::Complaint(reason) => complaints.push(reason),
                News::Failed(reason) => panic!("it gave up: {reason}"),
            }
        }
        assert!(began.elapsed() < Duration::from_secs(120), "nothing came of it: {complaints:?}");
    };
    while complaints.is_empty() {
        tell(&mut worker, [1, 0], &mut complaints);
    }
    (0..25).for_each(|_| tell(&mut worker, [1, 0], &mut complaints));
    assert!(complaints.len() == 1 && complaints[0].contains("a.onnx"), "{complaints:?}");
    while !worker.pictures()[0].is_new() {
        tell(&mut worker, [2, 0], &mut complaints);
    }
    assert!(worker.pictures()[0].read().picture.size.0 > 0);
}

/// The program without a window, with models in a folder, for some seconds.
#[cfg(all(unix, debug_assertions))]
fn headless(models: &Path, seconds: &str) -> std::process::Command {
    let mut program = std::process::Command::new(env!("CARGO_BIN_EXE_oneiro-visuals"));
    program.args(["--headless", "--size", "96x54", "--fps", "20", "--no-control", "--scene", "gallery"]);
    program
        .args(["--close-after", seconds, "--models"])
        .arg(models)
        .env("ONEIRO_LINK", "off")
        .env("RUST_BACKTRACE", "0");
    program.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
    program.stderr(std::process::Stdio::piped());
    program
}

/// What it says up to its end, which is to be well.
#[cfg(all(unix, debug_assertions))]
fn said(program: std::process::Child) -> Vec<String> {
    let output = program.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success() && !said.contains("panicked"), "{said}");
    said.lines().map(str::to_owned).collect()
}

/// What a show says up to its last word; on a busy machine it needs more seconds for that.
#[cfg(all(unix, debug_assertions))]
fn told(show: impl Fn(&str) -> std::process::Command, last: &str) -> Vec<String> {
    let mut told = Vec::new();
    for seconds in ["5", "15", "60"] {
        told = said(show(seconds).spawn().unwrap());
        if told.iter().any(|line| line.contains(last)) {
            break;
        }
    }
    told
}

#[cfg(all(unix, debug_assertions))]
#[test]
fn a_show_goes_on_where_its_painter_loops_or_panics_and_where_it_is_stopped_for_seconds() {
    if support::gpu().is_none() {
        return;
    }
    let (sound, _) = studio(&[("image-gan.onnx", shipped("image-gan.onnx"))]);
    let stopped = headless(sound.path(), "6").spawn().unwrap();
    let signal = |name: &str| {
        let mut shell = std::process::Command::new("sh");
        assert!(shell.args(["-c", "kill -$0 $1", name, &stopped.id().to_string()]).status().unwrap().success());
    };
    std::thread::sleep(Duration::from_secs(2));
    signal("STOP");

    let looping = endless::looping(&shipped("image-gan.onnx"), "z", "picture");
    let (bad, _) = studio(&[("image-gan-loops.onnx", looping)]);
    let loops = |seconds: &str| {
        let mut loops = headless(bad.path(), seconds);
        loops.arg("--first").arg(bad.path().join("image-gan-loops.onnx")).env("ONEIRO_MODEL_SECONDS", "0.5");
        loops
    };
    let about = "image-gan-loops.onnx: took longer than 0.5 s and was ended";
    let said_of_it = told(loops, about);
    assert_eq!(said_of_it.iter().filter(|line| line.contains(about)).count(), 1, "{said_of_it:?}");

    // Its time went on meanwhile.
    signal("CONT");
    let goes_on = Instant::now();
    said(stopped);
    assert!(goes_on.elapsed() < Duration::from_secs(20), "it ended {:?} later", goes_on.elapsed());

    let panics = |seconds: &str| {
        let mut panics = headless(sound.path(), seconds);
        panics.env("ONEIRO_PANIC", "painter:5+");
        panics
    };
    let told = told(panics, "start the show again");
    let count = |text: &str| told.iter().filter(|line| line.contains(text)).count();
    let about = "the painter has failed (ONEIRO_PANIC asked for it, live.rs:";
    assert_eq!([count(about), count("it begins anew"), count("start the show again")], [3, 2, 1], "{told:?}");
}
