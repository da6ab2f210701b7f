//! Projects: what a command says, written down and rendered again; and what is wrong with one is told in a line.

mod render_support;

use oneiro::music::midi::{ReadOptions, read_midi_file};
use render_support::{Stage, melody_model, names, write};
use std::path::Path;
use std::process::{Command, Output};

fn oneiro(stage: &Stage, options: &[&str]) -> Output {
    let mut command: Command = stage.plain();
    command.arg("render").args(options).arg("--quiet").output().unwrap()
}

fn done(stage: &Stage, options: &[&str]) {
    let output = oneiro(stage, options);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// The one line of a failure.
fn failure(stage: &Stage, options: &[&str], code: i32) -> String {
    let output = oneiro(stage, options);
    let line = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(code) && line.starts_with("error: ") && line.trim_end().lines().count() == 1,
        "{line}"
    );
    line
}

fn read(folder: &Path, name: &str) -> Vec<u8> {
    std::fs::read(folder.join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

#[test]
fn a_saved_project_renders_the_same_from_anywhere_and_the_command_line_counts_more() {
    let stage = Stage::new(31.9, 480.0);
    let here = stage.path();
    let said = [
        "tune.mid", "-o", "a.mid", "-o", "a.wav", "-o", "film/", "--size", "32x16", "--fps", "5", "--seed", "5",
        "--bars", "2",
    ];
    let control = ["--control", "scale=dorian", "--temperature", "1.5", "--save-project", "song.oneiro.toml"];
    done(&stage, &[&said[..], &control].concat());
    let [midi, wav, picture] = ["a.mid", "a.wav", "film/frame-000009.png"].map(|name| read(here, name));
    for name in ["a.mid", "a.wav"] {
        std::fs::remove_file(here.join(name)).unwrap();
    }
    let mut elsewhere = stage.plain();
    let output =
        elsewhere.current_dir(here.join("models")).args(["render", "../song.oneiro.toml", "-q"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(
        read(here, "a.mid") == midi && read(here, "a.wav") == wav && read(here, "film/frame-000009.png") == picture
    );
    done(&stage, &["song.oneiro.toml", "-o", "stem.wav", "--stems", "parts/"]);
    assert_eq!(names(&here.join("parts")), ["answer.wav", "backing.wav", "call.wav"]);
    done(&stage, &["song.oneiro.toml", "-o", "b.mid", "--control", "scale=follow"]);
    assert_ne!(read(here, "b.mid"), midi);
    assert!(!here.join("b.wav").exists());
    // Saving alone renders nothing.
    done(&stage, &["tune.mid", "--save-project", "plain.oneiro.toml"]);
    assert_eq!(names(here).iter().filter(|name| name.contains("plain")).count(), 1);
    done(&stage, &["plain.oneiro.toml", "-o", "c.mid"]);
}

#[test]
fn another_model_than_the_projects_is_refused_or_accepted() {
    let stage = Stage::new(31.9, 480.0);
    let here = stage.path();
    done(&stage, &["tune.mid", "-o", "a.mid", "--save-project", "song.oneiro.toml"]);
    let (model, mut spec) = melody_model();
    spec.name = "another".into();
    write((model, spec), &here.join("models"), "melody.onnx");
    let line = failure(&stage, &["song.oneiro.toml"], 1);
    assert!(
        line.contains("melody.onnx: is not the model that the project was made with")
            && line.contains("--accept-models"),
        "{line}"
    );
    done(&stage, &["song.oneiro.toml", "--accept-models"]);
    std::fs::remove_file(here.join("models/melody.onnx")).unwrap();
    assert!(failure(&stage, &["song.oneiro.toml"], 1).contains("melody.onnx"));
}

#[test]
fn controls_move_over_the_bars() {
    let stage = Stage::new(63.9, 480.0);
    let here = stage.path();
    let project = |more: &str| {
        let text = format!("oneiro-project = 1\ninput = \"tune.mid\"\noutputs = [\"a.mid\"]\n[form]\nbars = 2\n{more}");
        std::fs::write(here.join("p.oneiro.toml"), text).unwrap();
        done(&stage, &["p.oneiro.toml"]);
        let score = read_midi_file(here.join("a.mid"), &ReadOptions::default()).unwrap();
        score.parts.into_iter().find(|part| part.name == "Answer").unwrap().notes
    };
    let still = project("");
    // Of two bars each: the third answer begins at bar 11.
    let moved = project("[[automation]]\ncontrol = \"transposition\"\npoints = [{ bar = 9, value = 7 }]\n");
    let later = |beat: f64| beat >= 32.0 - 1e-6;
    let early = |notes: &[oneiro::music::Note]| notes.iter().filter(|n| !later(n.onset.0)).copied().collect::<Vec<_>>();
    assert!(!early(&still).is_empty() && early(&still) == early(&moved), "what comes before is left as it was");
    assert_ne!(still, moved);
}

#[test]
fn what_is_wrong_with_a_project_is_told_in_a_line() {
    let stage = Stage::new(31.9, 480.0);
    let here = stage.path();
    let cases: [(&[u8], &str, i32); 9] = [
        (b"oneiro-project = 1\ninput = \"tune.mid\"\ntempo = 90\n", "p.oneiro.toml, line 3: unknown field `tempo`", 1),
        (b"oneiro-project = 1\ninput = \"tune.mid\"\n[picture]\nfps = \"fast\"\n", "line 4", 1),
        (b"oneiro-project = 7\ninput = \"tune.mid\"\n", "format 7; this program reads format 1", 1),
        (b"oneiro-project = 1\ninput = \"nowhere.mid\"\noutputs = [\"a.mid\"]\n", "nowhere.mid", 1),
        (b"oneiro-project = 1\n", "missing field `input`", 1),
        (b"\xff\xfe not text", "p.oneiro.toml", 1),
        (b"", "missing field", 1),
        (b"oneiro-project = 1\ninput = \"tune.mid\"\noutputs = [\"a.wav\", \"a.wav\"]\n", "named twice", 2),
        (
            b"oneiro-project = 1\ninput = \"tune.mid\"\noutputs = [\"a.wav\"]\n[picture]\nalpha = \"luma\"\n",
            "alpha channel goes into",
            2,
        ),
    ];
    for (text, reason, code) in cases {
        std::fs::write(here.join("p.oneiro.toml"), text).unwrap();
        let line = failure(&stage, &["p.oneiro.toml"], code);
        assert!(line.contains(reason), "{line}");
    }
    std::fs::File::create(here.join("p.oneiro.toml")).unwrap().set_len(5 << 20).unwrap();
    assert!(failure(&stage, &["p.oneiro.toml"], 1).contains("more than the limit"));
    let line = failure(&stage, &["nothere.oneiro.toml", "-o", "a.mid"], 1);
    assert!(line.contains("nothere.oneiro.toml"), "{line}");
    assert_eq!(names(here), ["models", "p.oneiro.toml", "tune.mid"]);
}
