use super::export::{description, network, performing_weights};
use super::generator::generate;
use super::{Loss, Settings, Shape, Task, augment};
use crate::model::inspect::inspect_bytes;
use crate::model::session::{Input, Session, SessionOptions};
use crate::model::spec::Kind;
use crate::train::checkpoint;
use crate::train::graph::{Graph, Weights};
use crate::train::nets::efficientnet::EfficientNet;
use crate::train::ops::BatchStatistics;
use crate::train::pictures::dataset::{Dataset, Options, Source};
use crate::train::pictures::procedural::{Family, paint};
use crate::train::pictures::sheet::save_png;
use crate::train::program::{Device, Feed, Feeds, Forward};
use crate::train::run::trial::{Unmeasured, ends_the_same_after_a_break, short};
use crate::train::run::{self, Length, RunError, RunSettings, train};
use crate::train::step::{initial_state, normal};
use crate::train::tensor::{Tensor, Tensors};
use prost::Message;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

const CPU: Device = Device::Cpu { threads: 1 };

fn tiny() -> Settings {
    Settings {
        shape: Shape { size: 32, latent: 8, channels: vec![16, 16, 8, 8] },
        batch: 4,
        rate: 1e-3,
        discriminator_rate: 5e-4,
        blur: (0.6, 3),
        average: 0.9,
        seed: 3,
        loss: Loss::Hinge,
    }
}

fn task(folder: &Path) -> Task {
    task_with(folder, Loss::Hinge)
}

fn task_with(folder: &Path, loss: Loss) -> Task {
    for (n, family) in Family::ALL.into_iter().enumerate() {
        save_png(&paint(family, n as u64, 32), &folder.join(format!("{n}.png"))).unwrap();
    }
    opened(folder, loss)
}

fn opened(folder: &Path, loss: Loss) -> Task {
    let options = Options { size: 32, held_out: 0.0, ..Options::default() };
    let dataset = Arc::new(Dataset::open(&[Source::new(folder)], &options).unwrap());
    Task::new(Settings { loss, ..tiny() }, dataset, EfficientNet::random(1), CPU).unwrap()
}

#[test]
fn a_run_that_was_broken_off_ends_as_the_unbroken_one_and_its_model_performs() {
    let dir = tempfile::tempdir().unwrap();
    let pictures = dir.path().join("pictures");
    std::fs::create_dir(&pictures).unwrap();
    let task = task(&pictures);
    let whole = ends_the_same_after_a_break(&task, dir.path());
    let (broken, never) = (dir.path().join("broken"), AtomicBool::new(false));
    // With another picture it is another run's data.
    save_png(&paint(Family::ALL[0], 99, 32), &pictures.join("another.png")).unwrap();
    let other = opened(&pictures, Loss::Hinge);
    let error = train(&other, &short(&broken, true), &never).unwrap_err();
    assert!(matches!(error, RunError::OtherData { .. }), "{error}");
    // A run of before data was noted cannot be held against any.
    let file = broken.join(run::CHECKPOINT);
    let (mut progress, state) = checkpoint::load(&file).unwrap();
    progress.settings.as_object_mut().unwrap().remove("data").unwrap();
    checkpoint::save(&file, &progress, &state).unwrap();
    let error = train(&task, &short(&broken, true), &never).unwrap_err();
    assert!(matches!(error, RunError::UnknownData), "{error}");

    let weights = performing_weights(&tiny(), &whole, CPU).unwrap();
    performs(&weights);
}

/// The exported model is sound, paints what the training's graph paints with the same weights, and truncates.
fn performs(weights: &Tensors) {
    let shape = tiny().shape;
    let mut model = network(&shape, weights, 1);
    description("tiny", &shape).store(&mut model).unwrap();
    let inspected = inspect_bytes("tiny", model.encode_to_vec()).unwrap();
    let mut session =
        Session::from_inspected(inspected.expect_kind(Kind::ImageGan).unwrap(), &SessionOptions::default()).unwrap();
    let seed = 11;
    let z = normal(&mut ChaCha8Rng::seed_from_u64(seed), 2.0, 2 * shape.latent);
    let mut paint = |z: &[f32], psi: f32| -> Vec<f32> {
        let inputs = [("z", Input::F32(&[1, shape.latent], z)), ("psi", Input::F32(&[1], std::slice::from_ref(&psi)))];
        session.run(&inputs).unwrap().f32("picture").unwrap().to_vec()
    };

    let mut g = Graph::new();
    let points = g.input("z", &[2, shape.latent]);
    let picture = generate(&mut g, &shape, points, None, BatchStatistics::Running);
    assert_eq!(g.shape(picture), [2, 3, 32, 32]);
    let mut forward = Forward::new(&g.to_model(&[("picture", picture)], Weights::Inside(weights)), CPU).unwrap();
    let feed = Feed::Floats(Tensor::new(&[2, shape.latent], z.clone()));
    let expected = forward.run(&Feeds::from([("z".to_owned(), feed)])).unwrap()["picture"].data.clone();
    let mut differs = false;
    for (z, expected) in z.chunks(shape.latent).zip(expected.chunks(3 * 32 * 32)) {
        let found = paint(z, 1.0);
        // Half precision moves a weight by a 2048th.
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() < 0.02, "{a} in the model, {b} in training, seed {seed}");
        }
        differs |= found.iter().zip(expected).any(|(a, b)| a != b) && found != paint(z, 0.5);
        let longer: Vec<f32> = z.iter().map(|v| 3.0 * v).collect();
        let same = paint(&longer, 1.0).iter().zip(&found).all(|(a, b)| (a - b).abs() < 1e-4);
        assert!(same, "only the direction of z counts");
    }
    assert!(differs, "truncation changes pictures");
    assert_eq!(paint(&z[..shape.latent], 0.0), paint(&z[shape.latent..], 0.0), "at psi 0 all pictures are one");
}

#[test]
fn the_four_small_convolutions_are_one_on_the_doubled_map() {
    let (seed, n, c, out) = (7, 2, 3, 4);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut g = Graph::new();
    let x = g.input("x", &[n, c, 5, 5]);
    let found = super::generator::up_conv(&mut g, "up", x, out);
    let doubled = g.double_nearest(x);
    let w = g.parameters()[0].var;
    let expected = g.conv(doubled, w, crate::train::ops::Conv::same(3));
    let weights =
        Tensors::from([("up.weight".to_owned(), Tensor::new(&[out, c, 3, 3], normal(&mut rng, 1.0, out * c * 9)))]);
    let model = g.to_model(&[("found", found), ("expected", expected)], Weights::Inside(&weights));
    let feed = Feed::Floats(Tensor::new(&[n, c, 5, 5], normal(&mut rng, 1.0, n * c * 25)));
    let outputs = Forward::new(&model, CPU).unwrap().run(&Feeds::from([("x".to_owned(), feed)])).unwrap();
    for (a, b) in outputs["found"].data.iter().zip(&outputs["expected"].data) {
        assert!((a - b).abs() < 1e-4, "{a} against {b}, seed {seed}");
    }
}

/// Brightness, contrast, blur and translation of painted pictures against the definition; and the gradient against
/// the adjoint: for a linear map, Σ y·r = Σ x·dx.
#[test]
fn painted_pictures_are_changed_as_defined_and_their_gradient_is_the_adjoint() {
    let (seed, n, side) = (9, 2, 32);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut g = Graph::new();
    let x = g.input("x", &[n, 3, side, side]);
    let y = augment::painted(&mut g, x);
    let r_data = normal(&mut rng, 1.0, n * 3 * side * side);
    let r = g.constant(&Tensor::new(&[n, 3, side, side], r_data.clone()));
    let product = g.mul(y, r);
    let loss = g.sum_all(product);
    let dx = g.gradients(loss, &[x])[0];
    let mut forward = Forward::new(&g.to_model(&[("y", y), ("dx", dx)], Weights::Fed), CPU).unwrap();
    let mut picture = Tensor::new(&[n, 3, side, side], normal(&mut rng, 0.4, n * 3 * side * side));
    let matrix = augment::blur(side, 0.9);
    let mut run = |brightness: f32, contrast: f32, starts: [i64; 2], x: &Tensor| {
        let each = |v: f32| Feed::Floats(Tensor::new(&[n, 1, 1, 1], vec![v; n]));
        let feeds = Feeds::from([
            ("x".to_owned(), Feed::Floats(x.clone())),
            ("augment.brightness".to_owned(), each(brightness)),
            ("augment.contrast".to_owned(), each(contrast)),
            ("augment.blur".to_owned(), Feed::Floats(matrix.clone())),
            ("augment.starts".to_owned(), Feed::Indices(vec![2], starts.to_vec())),
        ]);
        forward.run(&feeds).unwrap()
    };
    let found = run(0.1, 1.3, [1, 6], &picture);
    let linear = run(0.0, 1.3, [1, 6], &picture);
    let sum = |a: &[f32], b: &[f32]| a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum::<f64>();
    let (forth, back) = (sum(&linear["y"].data, &r_data), sum(&picture.data, &linear["dx"].data));
    assert!((forth - back).abs() < 1e-3 * forth.abs().max(1.0), "{forth} against {back}, seed {seed}");

    augment::blur_real(&mut picture, &matrix);
    for (one, found) in picture.data.chunks(3 * side * side).zip(found["y"].data.chunks(3 * side * side)) {
        let mean = one.iter().sum::<f32>() / one.len() as f32 + 0.1;
        for (at, found) in found.iter().enumerate() {
            let (plane, row, column) = (at / (side * side), at / side % side, at % side);
            // Starts of 1 and 6 with a reach of 4 pixels: down by 3, left by 2.
            let (from_row, from_column) = (row as isize - 3, column as isize + 2);
            let inside = (0..side as isize).contains(&from_row) && (0..side as isize).contains(&from_column);
            let expected = if inside {
                (one[(plane * side + from_row as usize) * side + from_column as usize] + 0.1 - mean) * 1.3 + mean
            } else {
                0.0
            };
            assert!((found - expected).abs() < 1e-4, "{at}: {found} against {expected}, seed {seed}");
        }
    }
}

#[test]
fn a_blur_keeps_what_is_flat_and_none_keeps_all() {
    for deviation in [0.0, 0.3, 2.56] {
        let m = augment::blur(16, deviation);
        assert!(m.data.chunks(16).all(|row| (row.iter().sum::<f32>() - 1.0).abs() < 1e-5), "{deviation}");
    }
    let none = augment::blur(16, 0.0);
    assert!((0..256).all(|i| none.data[i] == if i % 17 == 0 { 1.0 } else { 0.0 }));
}

/// Weights as drawn make a picture too: the first sheet of a run is not empty.
#[test]
fn untrained_weights_paint_pictures_that_differ() {
    let dir = tempfile::tempdir().unwrap();
    let task = task(dir.path());
    let slots = run::Task::steps(&task).remove(0).slots;
    let weights = performing_weights(&tiny(), &initial_state(&slots, 3), CPU).unwrap();
    let model = network(&tiny().shape, &weights, 2);
    let z = Tensor::new(&[2, 8], normal(&mut ChaCha8Rng::seed_from_u64(1), 1.0, 16));
    let feeds =
        Feeds::from([("z".into(), Feed::Floats(z)), ("psi".into(), Feed::Floats(Tensor::new(&[1], vec![1.0])))]);
    let picture = Forward::new(&model, CPU).unwrap().run(&feeds).unwrap()["picture"].data.clone();
    assert!(picture.iter().all(|v| v.abs() <= 1.0));
    let (a, b) = picture.split_at(picture.len() / 2);
    assert!(a.iter().zip(b).any(|(a, b)| (a - b).abs() > 0.05));
}

#[test]
fn every_loss_trains_both_networks() {
    for loss in [Loss::Hinge, Loss::NonSaturating, Loss::Wasserstein] {
        let dir = tempfile::tempdir().unwrap();
        let pictures = dir.path().join("pictures");
        std::fs::create_dir(&pictures).unwrap();
        let task = task_with(&pictures, loss);
        let before = initial_state(&run::Task::steps(&task)[0].slots, 3);
        let never = AtomicBool::new(false);
        let run = RunSettings { length: Length::Steps(3), ..short(&dir.path().join("run"), false) };
        let after = train(&Unmeasured::new(&task), &run, &never).unwrap();
        for name in ["g.start.weight", "d.head0.0.weight"] {
            assert_ne!(before[name], after[name], "{loss:?} leaves {name} as it was");
        }
        assert!(after.values().all(|t| t.data.iter().all(|v| v.is_finite())), "{loss:?}");
    }
}

#[test]
fn settings_of_a_run_from_before_losses_could_be_chosen_are_those_of_hinge() {
    let text = serde_json::to_string(&tiny()).unwrap();
    assert!(!text.contains("loss"), "a run that resumes compares settings: {text}");
    assert_eq!(serde_json::from_str::<Settings>(&text).unwrap().loss, Loss::Hinge);
    let chosen = serde_json::to_value(Settings { loss: Loss::NonSaturating, ..tiny() }).unwrap();
    assert_eq!(chosen["loss"], "non-saturating");
}

/// Two judgements of 1 and −3 of real pictures, 0.5 and −2 of painted ones, against the formulas by hand.
#[test]
fn losses_have_the_values_of_their_formulas() {
    let mut g = Graph::new();
    let (real, painted) = (g.input("real", &[2]), g.input("painted", &[2]));
    let hinge = g.hinge_loss(real, painted);
    let logistic = g.logistic_loss(real, painted);
    let generator = g.non_saturating_loss(painted);
    let wasserstein = g.wasserstein_loss(real, painted);
    let outputs = [("hinge", hinge), ("logistic", logistic), ("generator", generator), ("wasserstein", wasserstein)];
    let mut forward = Forward::new(&g.to_model(&outputs, Weights::Fed), CPU).unwrap();
    let feed = |v: [f32; 2]| Feed::Floats(Tensor::new(&[2], v.into()));
    let feeds = Feeds::from([("real".into(), feed([1.0, -3.0])), ("painted".into(), feed([0.5, -2.0]))]);
    let found = forward.run(&feeds).unwrap();
    let soft = |x: f32| (1.0 + x.exp()).ln();
    let expected = [
        ("hinge", (0.0 + 4.0) / 2.0 + (1.5 + 0.0) / 2.0),
        ("logistic", (soft(-1.0) + soft(3.0)) / 2.0 + (soft(0.5) + soft(-2.0)) / 2.0),
        ("generator", (soft(-0.5) + soft(2.0)) / 2.0),
        ("wasserstein", -0.75 + 1.0),
    ];
    for (name, expected) in expected {
        assert!((found[name].data[0] - expected).abs() < 1e-5, "{name}: {} against {expected}", found[name].data[0]);
    }
}
