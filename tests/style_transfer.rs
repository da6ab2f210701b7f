//! Style transfer as it performs and as a user meets it when something is wrong: any size, no frame, one clear line.

use assert_cmd::Command;
use oneiro::model::inspect::inspect_bytes;
use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::Kind;
use oneiro::picture::{Picture, Stylist};
use oneiro::train::nets::style_transfer::export::{description, network, performing_weights};
use oneiro::train::nets::style_transfer::styles::{self, Targets};
use oneiro::train::nets::style_transfer::{Settings, Shape, Task, Weighting};
use oneiro::train::nets::vgg::Vgg;
use oneiro::train::pictures::dataset::{Dataset, Options, Source};
use oneiro::train::pictures::procedural::{Family, paint};
use oneiro::train::pictures::sheet::save_png;
use oneiro::train::program::Device;
use oneiro::train::run::Task as _;
use oneiro::train::step::{initial_state, normal};
use oneiro::train::tensor::Tensor;
use predicates::prelude::*;
use prost::Message;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::path::Path;
use std::sync::Arc;

const SEED: u64 = 7;
const NAMES: [&str; 3] = ["glass", "reed", "sand"];

/// Three styles in a folder.
fn paint_styles(folder: &Path) {
    std::fs::create_dir(folder).unwrap();
    for (name, family) in NAMES.into_iter().zip([Family::Woven, Family::Marbling, Family::Thrown]) {
        save_png(&paint(family, SEED, 48), &folder.join(format!("{name}.png"))).unwrap();
    }
}

/// An untrained model whose three styles differ, as a performer gets it: through its bytes.
fn stylist(dir: &Path) -> Stylist {
    let cpu = Device::Cpu { threads: 1 };
    let folder = dir.join("styles");
    paint_styles(&folder);
    let settings = Settings {
        shape: Shape { styles: 3, channels: [8, 16, 8, 8], blocks: 1 },
        batch: 1,
        crop: 16,
        rate: 1e-3,
        weighting: Weighting { content: 1.0, style: 1.0, variation: 0.0 },
        average: 0.9,
        style_side: 32,
        style_edge: 0.0,
        seed: SEED,
    };
    let vgg = Vgg::random(1);
    let read = styles::read(std::slice::from_ref(&folder), 32, 0.0).unwrap();
    let targets = Targets::new(&read, &vgg, cpu).unwrap();
    let options = Options { size: 16, held_out: 0.0, ..Options::default() };
    let dataset = Arc::new(Dataset::open(&[Source::new(&folder)], &options).unwrap());
    let task = Task::new(settings.clone(), dataset, vgg, targets, Tensor::zeros(&[0, 3, 32, 32]), cpu).unwrap();
    let mut weights = performing_weights(&initial_state(&task.steps()[0].slots, SEED));
    let mut rng = ChaCha8Rng::seed_from_u64(SEED);
    for (_, t) in weights.iter_mut().filter(|(name, _)| name.ends_with("gain") || name.ends_with("bias")) {
        let noise = normal(&mut rng, 0.3, t.data.len());
        t.data.iter_mut().zip(noise).for_each(|(v, n)| *v += n);
    }
    let mut model = network(&settings.shape, &weights);
    let names = read.into_iter().map(|s| s.name).collect();
    description("tiny", &settings, names).store(&mut model).unwrap();
    let model = inspect_bytes("tiny", model.encode_to_vec()).unwrap().expect_kind(Kind::StyleTransfer).unwrap();
    Stylist::new(Session::from_inspected(model, &SessionOptions::default()).unwrap()).unwrap()
}

fn noise(width: usize, height: usize) -> Picture {
    let noise = normal(&mut ChaCha8Rng::seed_from_u64(SEED), 0.2, 3 * width * height);
    Picture { width, height, data: noise.into_iter().map(|v| (v + 0.5).clamp(0.0, 1.0)).collect() }
}

#[test]
fn frames_of_any_size_are_repainted_and_shares_choose_the_style() {
    let dir = tempfile::tempdir().unwrap();
    let mut stylist = stylist(dir.path());
    assert_eq!(stylist.styles(), NAMES);
    for (width, height) in [(16, 16), (33, 18), (1, 1), (6, 50)] {
        let painted = stylist.repaint(&noise(width, height), &stylist.only(1)).unwrap();
        assert_eq!((painted.width, painted.height, painted.data.len()), (width, height, 3 * width * height));
        assert!(painted.data.iter().all(|v| (0.0..=1.0).contains(v)), "{width} × {height}, seed {SEED}");
    }
    let still = noise(16, 16);
    assert_eq!(stylist.repaint(&still, &[0.0; 3]).unwrap(), still, "without any style a picture stays");
    let first = stylist.repaint(&still, &[2.0]).unwrap();
    assert_eq!(first, stylist.repaint(&still, &stylist.only(0)).unwrap(), "only the relation of shares counts");
    assert_ne!(first, stylist.repaint(&still, &stylist.only(1)).unwrap(), "styles differ, seed {SEED}");
    let empty = Picture { width: 0, height: 4, data: Vec::new() };
    assert!(stylist.repaint(&empty, &[1.0]).unwrap_err().to_string().contains("0 × 4"));
}

#[test]
fn an_even_picture_stays_even_without_frame_or_checkerboard() {
    let dir = tempfile::tempdir().unwrap();
    let mut stylist = stylist(dir.path());
    let grey = Picture { width: 40, height: 40, data: vec![0.4; 4800] };
    let even = stylist.repaint(&grey, &[0.2, 0.3, 0.5]).unwrap();
    for pixel in even.data.chunks(3) {
        assert!(pixel.iter().zip(&even.data).all(|(a, b)| (a - b).abs() < 1e-3), "seed {SEED}");
    }
}

fn train(dir: &Path) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("oneiro"));
    command.current_dir(dir).env("ONEIRO_CACHE", dir.join("no-cache"));
    command.args(["train", "style-transfer", "--out", "new.onnx", "--steps", "1"]);
    command
}

#[test]
fn what_cannot_be_trained_is_refused_in_one_line_and_leaves_no_model() {
    let dir = tempfile::tempdir().unwrap();
    paint_styles(&dir.path().join("styles"));
    for (arguments, said) in [
        (&["--style", "nowhere.jpg"][..], "nowhere.jpg"),
        (&["--style", "styles", "--style", "styles/reed.png"], "another style of the name reed"),
        (&["--style", "styles", "--crop", "50"], "--crop 50: a multiple of 8"),
        (&["--style", "styles", "--rate", "nan"], "--rate"),
        (&["--style", "styles", "--strength=-1"], "--strength -1"),
        (&["--style", "styles"], "cargo xtask data vgg"),
    ] {
        train(dir.path())
            .args(["--data", "styles"])
            .args(arguments)
            .assert()
            .failure()
            .stderr(predicate::str::contains(said).and(predicate::str::contains("\n").count(1)));
    }
    assert!(!dir.path().join("new.onnx").exists());
}
