//! A shipped melody network, brought to a new style by twenty MIDI files.

#[path = "support/chorales.rs"]
mod chorales;

use assert_cmd::Command;
use oneiro::music::Note;
use oneiro::music::midi::{Part, Score, write_midi_file};
use oneiro::time::Beats;
use oneiro::train::corpus::{Corpus, CorpusTune};
use predicates::str::contains;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::path::Path;

fn shipped() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models/melody-rnn.onnx").display().to_string()
}

fn oneiro(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("oneiro"));
    command.current_dir(folder).args(args);
    command
}

fn bits(folder: &Path, model: &str) -> f64 {
    let output = oneiro(folder, &["eval", model, "--data", "held-out", "--all", "--json"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    report["played"]["bits_per_note"].as_f64().unwrap()
}

/// A style that no fiddler plays: leaps through a whole-tone scale in dotted rhythms.
fn strange(seed: u64) -> Score {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let scale = [60u8, 62, 64, 66, 68, 70, 72, 74, 76, 78];
    let (mut now, mut at, mut notes) = (0.0, 4usize, Vec::new());
    while notes.len() < 48 {
        let length = [1.5, 0.5, 0.75, 0.25][rng.random_range(0..2) + 2 * usize::from(now % 2.0 >= 1.0)];
        at = (at + [3, 4, 6, 7][rng.random_range(0..4)]) % scale.len();
        notes.push(Note { onset: Beats(now), duration: Beats(length), pitch: scale[at], velocity: 80 });
        now += length;
    }
    Score { parts: vec![Part::new("", 0, 0, notes)], ..Score::default() }
}

#[test]
fn twenty_files_of_a_style_make_more_of_it_less_surprising() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for (name, seeds) in [("style", 0..20), ("held-out", 100..108)] {
        std::fs::create_dir(folder.join(name)).unwrap();
        for seed in seeds {
            write_midi_file(folder.join(name).join(format!("{seed}.mid")), &strange(seed)).unwrap();
        }
    }
    let shipped = shipped();
    let args = ["train", "melody-rnn", "--from", &shipped, "--data", "style", "--out", "mine.onnx"];
    let args = [&args[..], &["--steps", "24", "--rate", "0.001", "--threads", "1"]].concat();
    oneiro(folder, &args).assert().success().stdout(contains("before:"));
    let (before, after) = (bits(folder, &shipped), bits(folder, "mine.onnx"));
    assert!(after < 0.85 * before, "{before} bits a note became {after}; seeds 0 to 19, 100 to 107");
    let told = oneiro(folder, &["models", "--json", "mine.onnx"]).output().unwrap();
    let told = String::from_utf8_lossy(&told.stdout).into_owned();
    assert!(!told.contains("style/0.mid") && before > 1.0, "{told}");
}

#[test]
fn what_cannot_be_trained_further_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::create_dir(folder.join("style")).unwrap();
    write_midi_file(folder.join("style/1.mid"), &strange(1)).unwrap();
    std::fs::write(folder.join("junk.onnx"), b"junk").unwrap();
    let gan = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/image-gan.onnx").display().to_string();
    let shipped = shipped();
    for (from, said) in [
        ("junk.onnx", "junk.onnx"),
        ("gone.onnx", "gone.onnx"),
        (&gan, "not a melody network"),
        (&shipped, "at least two pieces"),
    ] {
        let args = ["train", "melody-rnn", "--from", from, "--data", "style", "--out", "mine.onnx", "--steps", "1"];
        let assert = oneiro(folder, &args).assert().code(1).stderr(contains(said));
        assert_eq!(String::from_utf8_lossy(&assert.get_output().stderr).lines().count(), 1, "{from}");
        assert!(!folder.join("mine.onnx").exists());
    }
}

/// Twenty chorales to learn from and twenty of other tunes to measure with. It needs the package music21 10.5.1 and
/// minutes, so it runs where `ONEIRO_MUSIC21` names the wheel; `cargo test --test melody_fine_tuning chorales --
/// --nocapture` then prints the figures. `ONEIRO_CHORALES_OUT` keeps the folders.
#[test]
fn chorales() {
    let Some(wheel) = std::env::var_os("ONEIRO_MUSIC21") else {
        println!("skipped: ONEIRO_MUSIC21 does not name the wheel of music21");
        return;
    };
    let kept = std::env::var_os("ONEIRO_CHORALES_OUT");
    let temporary = tempfile::tempdir().unwrap();
    let folder = kept.as_deref().map_or(temporary.path(), Path::new);
    for name in ["all", "style", "held-out"] {
        std::fs::create_dir_all(folder.join(name)).unwrap();
    }
    let written = chorales::write_chorales(Path::new(&wheel), &folder.join("all"));
    let corpus = Corpus::open(&[folder.join("all")]).unwrap();
    println!("{written} chorales: {}", corpus.summary());
    let copy = |tunes: &[&CorpusTune], to: &str| {
        for tune in tunes.iter().take(20) {
            let name = Path::new(&tune.origin).file_name().unwrap();
            std::fs::copy(&tune.origin, folder.join(to).join(name)).unwrap();
        }
    };
    // The parts of a corpus share no tune.
    copy(&corpus.train.iter().collect::<Vec<_>>(), "style");
    copy(&corpus.test.iter().chain(&corpus.validation).collect::<Vec<_>>(), "held-out");
    let shipped = shipped();
    let before = bits(folder, &shipped);
    for (track, fall) in [("best", 0.96), ("all", 0.92)] {
        let out = format!("{track}.onnx");
        let args = ["train", "melody-rnn", "--from", &shipped, "--data", "style", "--out", &out];
        oneiro(folder, &[&args[..], &["--threads", "1", "--track", track]].concat()).assert().success();
        let after = bits(folder, &out);
        println!("held-out chorales, --track {track}: {before:.3} bits a note before, {after:.3} after");
        assert!(after < fall * before, "--track {track}: {before} became {after}");
    }
}
