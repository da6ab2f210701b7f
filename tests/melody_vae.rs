//! The melody VAE: the file performs as the network that was trained, and the commands train and measure it.

use assert_cmd::Command;
use oneiro::compose::{PhraseModel, likeliest};
use oneiro::model::inspect::inspect_bytes;
use oneiro::model::session::SessionOptions;
use oneiro::model::spec::ModelSpec;
use oneiro::music::encoding::Token;
use oneiro::music::phrase::{CodedPhrase, Form};
use oneiro::time::TimeSignature;
use oneiro::train::nets::melody_vae::{
    Config, MelodyVaeTask, Phrase, Reader, TaskSettings, Writer, performing_graph, performing_model,
};
use oneiro::train::program::{Device, Feed};
use oneiro::train::run::Task;
use oneiro::train::tensor::{Tensor, Tensors};
use prost::Message;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::fmt::Write as _;

const SEED: u64 = 7;
const CONFIG: Config = Config { bars: 2, hidden: 12, latent: 6 };

/// Weights of a small network, none of them zero, that half precision holds exactly.
fn weights() -> Tensors {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let g = performing_graph(CONFIG);
    let mut drawn = |shape: &[usize]| {
        (0..shape.iter().product()).map(|_| rng.random_range(-700..700) as f32 / 1024.0).collect::<Vec<_>>()
    };
    g.parameters().iter().map(|p| (p.name.clone(), Tensor::new(g.shape(p.var), drawn(g.shape(p.var))))).collect()
}

fn open(change: impl Fn(&mut ModelSpec)) -> Result<PhraseModel, String> {
    let (mut model, mut spec) = performing_model(CONFIG, &weights(), "small");
    change(&mut spec);
    spec.store(&mut model).unwrap();
    let inspected = inspect_bytes("small.onnx", model.encode_to_vec()).unwrap();
    PhraseModel::new(inspected, &SessionOptions::default()).map_err(|e| e.to_string())
}

/// Phrases of two bars in several metres, of eighths, quarters and rests.
fn phrases(count: usize) -> Vec<Phrase> {
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let phrase = |i: usize| {
        let (numerator, denominator) = [(4, 4), (6, 8), (3, 4)][i % 3];
        let form = Form { metre: TimeSignature::new(numerator, denominator).unwrap(), bars: 2 };
        let (mut tokens, mut left) = (vec![], form.steps());
        while left > 0 {
            let (duration, steps) = if left >= 24 && rng.random_bool(0.4) { (15, 24) } else { (9, 12) };
            tokens.push(Token { duration, pitch: [0, 37, 39, 41, 44][rng.random_range(0..5)] });
            left -= steps;
        }
        tokens[0].pitch = 37;
        Phrase::from(CodedPhrase { form, tokens })
    };
    (0..count).map(phrase).collect()
}

#[test]
fn the_file_reads_and_writes_as_the_network_that_was_trained() {
    let (phrases, device) = (phrases(5), Device::Cpu { threads: 1 });
    let mut model = open(|_| {}).unwrap();
    let (readings, _) = Reader::new(CONFIG, &weights(), device).unwrap().read(&phrases).unwrap();
    let points = readings.iter().zip(&phrases).map(|(r, p)| (r.mu.as_slice(), p.coded.form)).collect::<Vec<_>>();
    let written = Writer::new(CONFIG, &weights(), device).unwrap().write(&points).unwrap();
    for ((phrase, reading), written) in phrases.iter().zip(&readings).zip(&written) {
        let point = model.encode(&phrase.coded).unwrap();
        for (a, b) in point.mu.iter().chain(&point.logvar).zip(reading.mu.iter().chain(&reading.logvar)) {
            assert!((a - b).abs() < 1e-4, "{a} in the file, {b} in training, seed {SEED}");
        }
        let again = model.decode(&reading.mu, phrase.coded.form, &mut likeliest).unwrap();
        assert_eq!(again, written.phrase, "seed {SEED}");
        assert_eq!(again.positions().last(), Some(&phrase.coded.form.steps()), "a phrase fills its bars");
    }
    let refused = model.encode(&CodedPhrase { form: Form { bars: 4, ..phrases[0].coded.form }, tokens: vec![] });
    assert!(refused.unwrap_err().to_string().contains("a phrase of 4 bars was given to a model of 2 bars"));
    assert!(model.decode(&[0.0; 3], phrases[0].coded.form, &mut likeliest).is_err());
}

#[test]
fn a_model_that_cannot_be_played_with_is_refused_with_its_name_and_the_reason() {
    type Case<'a> = (&'a str, &'a dyn Fn(&mut ModelSpec));
    let cases: [Case; 4] = [
        ("codes phrases as `other` 1", &|spec| spec.vocabulary.as_mut().unwrap().coding = "other".into()),
        ("table of durations", &|spec| spec.vocabulary.as_mut().unwrap().durations.truncate(9)),
        ("how many bars", &|spec| {
            spec.settings.remove("bars");
        }),
        ("no output `logvar`", &|spec| spec.outputs.retain(|t| t.name != "logvar")),
    ];
    for (reason, change) in cases {
        let message = open(change).expect_err("the model must be refused");
        assert!(message.starts_with("small.onnx: cannot compose: ") && message.contains(reason), "{message}");
    }
}

#[test]
fn a_batch_depends_on_the_step_alone() {
    let settings = TaskSettings {
        config: CONFIG,
        rate: 1e-3,
        beta: 0.5,
        beta_warm_up: 4,
        free_nats: 1.0,
        word_dropout: 0.3,
        weight_decay: 0.0,
        seed: SEED,
    };
    let task = || MelodyVaeTask::new(settings, phrases(300), phrases(3)).unwrap();
    let (once, other) = (task(), task());
    let later = once.batch(9);
    (0..9).for_each(|step| drop(other.batch(step)));
    let again = other.batch(9);
    assert_eq!(later.program, again.program);
    for (name, feed) in &later.feeds {
        let same = match (feed, &again.feeds[name]) {
            (Feed::Floats(a), Feed::Floats(b)) => a == b,
            (Feed::Indices(s, a), Feed::Indices(t, b)) => (s, a) == (t, b),
            _ => false,
        };
        assert!(same, "{name}, seed {SEED}");
    }
    let beta = |step| match &once.batch(step).feeds["beta"] {
        Feed::Floats(t) => t.data[0],
        Feed::Indices(..) => f32::NAN,
    };
    assert_eq!([beta(0), beta(1), beta(3), beta(50)], [0.125, 0.25, 0.5, 0.5], "the divergence is let in slowly");
    assert!(MelodyVaeTask::new(settings, vec![], phrases(3)).is_err());
}

#[test]
fn the_commands_train_a_file_and_measure_it() {
    let folder = tempfile::tempdir().unwrap();
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    let mut text = String::new();
    for number in 0..80 {
        let bars =
            (0..8).map(|_| (0..8).map(|_| "CDEFGABc".as_bytes()[rng.random_range(0..8)] as char).collect::<String>());
        let bars = bars.collect::<Vec<_>>().join("|");
        writeln!(text, "X:{number}\nT:No. {number}\nM:4/4\nL:1/8\nK:C\n|:{bars}:|").unwrap();
    }
    std::fs::write(folder.path().join("book.abc"), text).unwrap();
    let oneiro = |args: &[&str]| {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("oneiro"));
        command.current_dir(&folder).args(args).output().unwrap()
    };
    let train = ["train", "melody-vae", "--data", ".", "--out", "small.onnx", "--threads", "1"];
    let output = oneiro(&[&train[..], &["--bars", "2", "--hidden", "8", "--latent", "4", "--steps", "2"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(folder.path().join("small-run/samples-000002.png").is_file());
    let eval = ["eval", "small.onnx", "--data", ".", "--count", "16", "--json"];
    let output = oneiro(&[&eval[..], &["--sheet", "sheet.jpg", "--walk", "walk.jpg"]].concat());
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let figure = |path: &str| {
        report.pointer(path).and_then(serde_json::Value::as_f64).unwrap_or_else(|| panic!("{path}: {report}"))
    };
    assert!((0.0..0.6).contains(&figure("/reconstruction/free/both")), "it has learnt nothing yet, seed {SEED}");
    assert_eq!(figure("/latent/size"), 4.0);
    assert_eq!(figure("/baselines/copying/pitch/largest_step"), 1.0, "seed {SEED}");
    assert_eq!(figure("/samples/real/notes_a_bar"), 8.0, "seed {SEED}");
    for picture in ["sheet.jpg", "walk.jpg"] {
        assert!(image::open(folder.path().join(picture)).unwrap().width() > 1000);
    }
    for (option, said) in [("--bars=9", "--bars 9"), ("--word-dropout=2", "--word-dropout 2"), ("--beta=nan", "--beta")]
    {
        let output = oneiro(&[&train[..5], &["other.onnx", option]].concat());
        assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains(said), "{option}");
    }
}
