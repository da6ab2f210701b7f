//! The file that users perform with, heard event by event, costs what its trainer says that whole tunes cost.

use assert_cmd::Command;
use oneiro::compose::{MelodyModel, Tally};
use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::Kind;
use oneiro::music::encoding::{EncodedTune, PITCH_CLASSES, Token};
use oneiro::time::TimeSignature;
use oneiro::train::nets::melody_rnn::{Config, Scorer, Tune, performing_graph, performing_model};
use oneiro::train::program::Device;
use oneiro::train::tensor::{Tensor, Tensors};
use prost::Message;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fmt::Write as _;

const SEED: u64 = 11;

/// Weights of a small network, none of them zero, so that every part of it speaks.
fn weights(config: Config) -> Tensors {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let g = performing_graph(config);
    let mut drawn = |shape: &[usize]| (0..shape.iter().product()).map(|_| rng.random_range(-0.6..0.6)).collect();
    g.parameters().iter().map(|p| (p.name.clone(), Tensor::new(g.shape(p.var), drawn(g.shape(p.var))))).collect()
}

fn file(config: Config, weights: &Tensors) -> Vec<u8> {
    let (mut model, spec) = performing_model(config, weights, "small");
    spec.store(&mut model).unwrap();
    model.encode_to_vec()
}

/// A tune of few kinds of events, so that it comes back to itself.
fn tune(rng: &mut ChaCha8Rng, events: usize) -> EncodedTune {
    let few = |rng: &mut ChaCha8Rng| Token {
        duration: rng.random_range(9..11),
        pitch: [0, 37, 39, 41][rng.random_range(0..4)],
    };
    let mut tokens = vec![Token { duration: 9, pitch: 37 }];
    tokens.extend((1..events).map(|_| few(rng)));
    EncodedTune { tokens, metre: TimeSignature::new(6, 8).unwrap(), start_step: 60, first_pitch: 62 }
}

#[test]
fn a_tune_heard_event_by_event_costs_what_it_costs_as_a_whole() {
    let config = Config::new(12, 6);
    let weights = weights(config);
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let tunes = [40, 150].map(|events| tune(&mut rng, events));
    let mut scorer = Scorer::new(config, &weights, Device::Cpu { threads: 1 }).unwrap();
    let whole = scorer.score(&tunes.each_ref().map(Tune::from)).unwrap();

    let bytes = file(config, &weights);
    let session = Session::from_bytes("small", bytes, Kind::MelodyRnn, &SessionOptions::default()).unwrap();
    let mut model = MelodyModel::new(session).unwrap();
    let (mut tally, mut heard) = (Tally::default(), 0);
    for tune in &tunes {
        tally += Tally::of(&mut model, tune, &mut || heard += 1).unwrap();
    }
    let figures = tally.figures();
    assert_eq!((heard, figures.tunes, figures.notes), (192, 2, whole.notes), "two ends, seed {SEED}");
    let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-4 * b, "{figures} against {whole}, seed {SEED}");
    near(figures.bits_per_note, whole.bits_per_note);
    near(figures.duration, whole.duration_bits);
    near(figures.pitch + figures.first_pitch, whole.pitch_bits);
    near(figures.pitch_accuracy + 1.0, whole.pitch_accuracy + 1.0);
    near(figures.pitch_accuracy_at_changes + 1.0, whole.pitch_accuracy_at_changes + 1.0);
    assert!(figures.pitch > (PITCH_CLASSES as f64).log2() / 4.0, "a network that learnt nothing foresees little");
}

/// Tunes of eighths in C, eight bars each.
fn book() -> String {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut text = String::new();
    for number in 0..80 {
        let bars =
            (0..8).map(|_| (0..8).map(|_| "CDEFGABc".as_bytes()[rng.random_range(0..8)] as char).collect::<String>());
        let bars = bars.collect::<Vec<_>>().join("|");
        writeln!(text, "X:{number}\nT:No. {number}\nM:4/4\nL:1/8\nK:C\n|:{bars}:|").unwrap();
    }
    text
}

#[test]
fn every_mode_answers_the_test_tunes_in_key_on_the_grid_and_in_time() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("book.abc"), book()).unwrap();
    let models = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models");
    let sheet = folder.path().join("rolls.png");
    let measure = |threads: &str| {
        let mut command = Command::cargo_bin("oneiro").unwrap();
        command.arg("eval").arg(models.join("melody-rnn.onnx")).arg("--data").arg(folder.path());
        command.args(["--modes", "--count", "3", "--threads", threads, "--json", "--sheet"]).arg(&sheet);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let mut report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        report["milliseconds"] = serde_json::Value::Null;
        report
    };
    let report = measure("2");
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 8, "the tune, counting, and six modes: {report}");
    for row in rows {
        let figure = |name: &str| row[name].as_f64().unwrap();
        assert_eq!((figure("answers"), figure("lost")), (3.0, 0.0), "{row}");
        if row["name"] != "counting" {
            assert!(figure("notes") > 12.0 && figure("on_grid") > 0.99, "{row}");
            assert!(figure("in_key") > 0.8, "{row}");
        }
    }
    assert_eq!(rows[0]["in_key"], 1.0, "{report}");
    let second = |name: &str| report["second_voice"][name].as_f64().unwrap();
    assert!(second("latest") < 0.01 && second("end") < 0.01 && second("dissonances") == 0.0, "{report}");
    assert!(image::open(&sheet).unwrap().height() > 600);
    assert_eq!(report, measure("1"), "the same however many threads");
}

#[test]
fn the_command_answers_with_figures_and_baselines_in_json() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("book.abc"), book()).unwrap();
    let config = Config::new(8, 4);
    std::fs::write(folder.path().join("small.onnx"), file(config, &weights(config))).unwrap();
    let mut command = Command::cargo_bin("oneiro").unwrap();
    command.current_dir(&folder).args(["eval", "small.onnx", "--data", ".", "--baselines", "--json"]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for reading in ["played", "once"] {
        let network = report[reading]["bits_per_note"].as_f64().unwrap();
        let counting = report["baselines"][reading]["mixed"]["bits_per_note"].as_f64().unwrap();
        let against = report["baselines"]["network_against"][reading]["mixed"].as_f64().unwrap();
        assert!(network > 0.0 && (network / counting - 1.0 - against).abs() < 1e-9, "{report}, seed {SEED}");
        assert_eq!(report[reading]["notes"], report["baselines"][reading]["test_notes"], "{report}, seed {SEED}");
    }
    let mut command = Command::cargo_bin("oneiro").unwrap();
    command.current_dir(&folder).args(["eval", "small.onnx", "--data", ".", "--walk", "walk.jpg"]);
    command.assert().code(2).stderr(predicates::str::contains("--walk is not for models of kind melody-rnn"));
    let mut command = Command::cargo_bin("oneiro").unwrap();
    command.current_dir(&folder).args(["eval", "small.onnx", "--data", ".", "--modes", "--baselines"]);
    command
        .assert()
        .code(2)
        .stderr(predicates::str::contains("--baselines is not for models of kind melody-rnn, measured in modes"));
}
