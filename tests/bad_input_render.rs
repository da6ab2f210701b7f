//! Bad input to `oneiro render`: one clear line that names the file and the reason, exit status 1, and nothing left
//! behind.

mod render_support;

use assert_cmd::Command;
use oneiro::model::onnx::ModelProto;
use oneiro::model::spec::{Dim, ModelSpec};
use render_support::{bytes, evening_walk, generator, melody_model, write};
use std::path::Path;
use tempfile::{TempDir, tempdir};

/// A folder with both models, and a tune under `tune.mid`.
fn stage(tune: &[u8]) -> TempDir {
    let folder = tempdir().unwrap();
    let models = folder.path().join("models");
    std::fs::create_dir(&models).unwrap();
    write(melody_model(), &models, "melody.onnx");
    write(generator(), &models, "blots.onnx");
    std::fs::write(folder.path().join("tune.mid"), tune).unwrap();
    folder
}

fn good_tune() -> Vec<u8> {
    std::fs::read(evening_walk()).unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Runs a rendering that must fail, and gives its one line.
fn failure(stage: &TempDir, args: &[&str]) -> String {
    let here = stage.path();
    let before = names(here);
    let mut command = Command::cargo_bin("oneiro").unwrap();
    command.current_dir(here).env("ONEIRO_MODELS", here.join("models")).env("XDG_DATA_HOME", here);
    let result =
        command.args(["render", "tune.mid", "--quiet", "--size", "32", "--fps", "5"]).args(args).assert().code(1);
    let output = result.get_output();
    let line = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(line.starts_with("error: ") && line.trim_end().lines().count() == 1, "not one line: {line}");
    assert!(!line.contains("panicked"), "{line}");
    assert!(output.stdout.is_empty());
    assert_eq!(names(here), before, "something was left behind after: {line}");
    line
}

fn refused_tune(tune: &[u8], reason: &str) {
    let line = failure(&stage(tune), &["-o", "a.wav", "-o", "a.mid", "-o", "frames/"]);
    assert!(line.contains("tune.mid") && line.contains(reason), "{line}");
}

/// A MIDI file of one track with these events.
fn midi(events: &[u8]) -> Vec<u8> {
    let mut track = events.to_vec();
    track.extend([0, 0xff, 0x2f, 0]);
    let length = u32::try_from(track.len()).unwrap().to_be_bytes();
    [&b"MThd\0\0\0\x06\0\0\0\x01\x01\xe0MTrk"[..], &length, &track].concat()
}

#[test]
fn a_tune_that_is_not_there() {
    let stage = stage(b"");
    std::fs::remove_file(stage.path().join("tune.mid")).unwrap();
    assert!(failure(&stage, &["-o", "a.wav"]).contains("tune.mid"));
}

#[test]
fn a_file_that_is_not_midi() {
    refused_tune(b"This is a letter, not a tune.", "not a MIDI file");
}

#[test]
fn an_empty_file() {
    refused_tune(b"", "empty");
}

#[test]
fn a_truncated_file() {
    let tune = good_tune();
    refused_tune(&tune[..tune.len() / 2], "truncated");
}

#[test]
fn a_file_without_notes() {
    refused_tune(&midi(&[0, 0xff, 0x51, 3, 7, 0xa1, 0x20]), "no notes");
}

#[test]
fn ten_thousand_notes_at_once() {
    let mut events = Vec::new();
    for i in 0..10_000_u32 {
        events.extend([0, 0x90 | (i % 9) as u8, (i % 128) as u8, 80]);
    }
    refused_tune(&midi(&events), "at once");
}

#[test]
fn a_tempo_of_zero() {
    refused_tune(&midi(&[0, 0xff, 0x51, 3, 0, 0, 0, 0, 0x90, 60, 80, 96, 0x80, 60, 0]), "zero microseconds");
}

#[test]
fn a_hundred_megabytes_of_garbage() {
    let stage = stage(b"");
    let file = std::fs::File::create(stage.path().join("tune.mid")).unwrap();
    file.set_len(100 << 20).unwrap();
    let line = failure(&stage, &["-o", "a.wav"]);
    assert!(line.contains("tune.mid") && line.contains("more than the limit"), "{line}");
}

#[test]
fn nothing_but_drums() {
    refused_tune(&midi(&[0, 0x99, 38, 80, 96, 0x89, 38, 0]), "only drums");
}

#[test]
fn a_piece_of_more_than_three_hours() {
    // Two notes, 24,000 quarter notes of 480 ticks apart: three hours and twenty minutes at 120.
    let apart = 24_000_u32 * 480;
    let delta = [21, 14, 7].map(|shift| 0x80 | (apart >> shift) as u8 & 0x7f);
    let mut events = vec![0, 0x90, 60, 80, 96, 0x80, 60, 0];
    events.extend(delta);
    events.extend([apart as u8 & 0x7f, 0x90, 62, 80, 96, 0x80, 62, 0]);
    refused_tune(&midi(&events), "the limit is 180 minutes");
}

fn refused_model(name: &str, contents: &[u8], outputs: &[&str], reason: &str) {
    let stage = stage(&good_tune());
    std::fs::write(stage.path().join(name), contents).unwrap();
    let line = failure(&stage, &[&["--model", name], outputs].concat());
    assert!(line.contains(name) && line.contains(reason), "{line}");
}

fn changed(model: (ModelProto, ModelSpec), change: impl FnOnce(&mut ModelProto, &mut ModelSpec)) -> Vec<u8> {
    let (mut model, mut spec) = model;
    change(&mut model, &mut spec);
    bytes((model, spec))
}

#[test]
fn a_model_that_is_not_onnx() {
    refused_model("x.onnx", b"<html>404</html>", &["-o", "a.wav"], "not an ONNX model");
}

#[test]
fn a_model_of_a_kind_that_has_no_place_here() {
    use oneiro::model::spec::Kind;
    let contents = changed(generator(), |_, spec| spec.kind = Kind::Upscaler);
    refused_model("x.onnx", &contents, &["-o", "a.wav"], "is of kind upscaler");
}

#[test]
fn a_model_that_lacks_a_tensor_it_speaks_of() {
    let contents = changed(melody_model(), |model, _| {
        model.graph.as_mut().unwrap().input.retain(|v| v.name.as_deref() != Some("keys"))
    });
    refused_model("x.onnx", &contents, &["-o", "a.wav"], "no input `keys`");
}

#[test]
fn a_melody_model_without_memory() {
    let contents = changed(melody_model(), |_, spec| spec.inputs.retain(|t| t.name != "keys"));
    refused_model("x.onnx", &contents, &["-o", "a.wav"], "cannot compose: it has no input `keys`");
}

#[test]
fn a_melody_model_of_absurd_width() {
    let contents = changed(melody_model(), |model, spec| {
        for (described, there) in spec.inputs.iter_mut().zip(&mut model.graph.as_mut().unwrap().input) {
            if described.name == "state0" {
                described.shape[1] = Dim::Fixed(1 << 20);
                *there = oneiro::model::onnx::ValueInfoProto::tensor(
                    "state0",
                    oneiro::model::onnx::DataType::Float,
                    &[1, 1 << 20],
                );
            }
        }
    });
    refused_model("x.onnx", &contents, &["-o", "a.wav"], "state0");
}

#[test]
fn a_generator_that_lacks_its_picture() {
    let contents = changed(generator(), |_, spec| {
        spec.outputs[0].name = "painting".into();
    });
    refused_model("x.onnx", &contents, &["-o", "frames/"], "painting");
    let contents = changed(generator(), |model, spec| {
        spec.outputs[0].name = "painting".into();
        let graph = model.graph.as_mut().unwrap();
        graph.output[0].name = Some("painting".into());
        for name in graph.node.iter_mut().flat_map(|n| &mut n.output).filter(|n| *n == "picture") {
            *name = "painting".into();
        }
    });
    refused_model("y.onnx", &contents, &["-o", "frames/"], "no output `picture`");
}

#[test]
fn a_generator_whose_latent_space_is_another_one() {
    let contents = changed(generator(), |_, spec| spec.latent.as_mut().unwrap().size = 64);
    refused_model("x.onnx", &contents, &["-o", "frames/"], "`z` is not of shape (1, 64)");
}

#[test]
fn a_generator_with_pictures_of_absurd_size() {
    let contents = changed(generator(), |_, spec| spec.picture.as_mut().unwrap().width = 8000);
    refused_model("x.onnx", &contents, &["-o", "frames/"], "larger than 2048 pixels");
    let contents = changed(generator(), |_, spec| spec.picture.as_mut().unwrap().width = 64);
    refused_model("y.onnx", &contents, &["-o", "frames/"], "it painted 768 numbers");
}

#[test]
fn a_model_that_nobody_has() {
    let line = failure(&stage(&good_tune()), &["-o", "a.wav", "--model", "nonesuch"]);
    assert!(line.contains("nonesuch") && line.contains("searched"), "{line}");
}

#[test]
fn outputs_that_cannot_be_written() {
    let stage = stage(&good_tune());
    std::fs::write(stage.path().join("file"), "").unwrap();
    for output in ["nowhere/a.wav", "nowhere/frames/", "file/a.mid", "file/"] {
        let line = failure(&stage, &["-o", "b.mid", "-o", output]);
        assert!(line.contains(output.trim_end_matches('/')) && line.contains("cannot be written"), "{line}");
    }
}
