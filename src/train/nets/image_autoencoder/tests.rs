use super::export::{averaged, description, network};
use super::{Bottleneck, Settings, Shape, Task, edits};
use crate::model::inspect::{Inspected, inspect_bytes};
use crate::model::session::{Input, Session, SessionOptions};
use crate::model::spec::Kind;

use crate::train::nets::efficientnet::EfficientNet;
use crate::train::pictures::dataset::{Dataset, Options, Source, Split};
use crate::train::pictures::procedural::{Family, paint};
use crate::train::pictures::quality::psnr;
use crate::train::pictures::sheet::save_png;
use crate::train::program::{Device, Feed, Feeds, Forward};
use crate::train::run::Task as _;
use crate::train::run::trial::ends_the_same_after_a_break;
use crate::train::step::{initial_state, normal};
use crate::train::tensor::{Tensor, Tensors};
use prost::Message;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::path::Path;
use std::sync::Arc;

const CPU: Device = Device::Cpu { threads: 1 };
const SIDE: usize = 32;

fn tiny(kind: Kind) -> Settings {
    let bottleneck = match kind {
        Kind::ImageVae => Bottleneck::Point { size: 12 },
        _ => Bottleneck::Map { channels: 16, bits: 4 },
    };
    Settings {
        shape: Shape { size: SIDE, channels: vec![8, 8, 16], blocks: vec![0, 0, 1], bottleneck },
        batch: 2,
        rate: 1e-3,
        noise: 0.25,
        perceptual: 0.1,
        free_nats: 0.05,
        warm_up: 4,
        average: 0.9,
        seed: 3,
    }
}

fn dataset(folder: &Path) -> Arc<Dataset> {
    for (n, family) in Family::ALL.into_iter().enumerate() {
        save_png(&paint(family, n as u64, SIDE as u32), &folder.join(format!("{n}.png"))).unwrap();
    }
    let options = Options { size: SIDE, held_out: 0.0, ..Options::default() };
    Arc::new(Dataset::open(&[Source::new(folder)], &options).unwrap())
}

#[test]
fn a_run_that_was_broken_off_ends_as_the_unbroken_one_and_its_model_performs() {
    for kind in [Kind::ImageAutoencoder, Kind::ImageVae] {
        let dir = tempfile::tempdir().unwrap();
        let pictures = dir.path().join("pictures");
        std::fs::create_dir(&pictures).unwrap();
        let data = dataset(&pictures);
        let settings = tiny(kind);
        let task = Task::new(settings.clone(), Arc::clone(&data), Some(EfficientNet::random(1)), CPU).unwrap();
        let whole = ends_the_same_after_a_break(&task, dir.path());
        performs(&settings.shape, &averaged(&whole), &data);
    }
}

fn exported(shape: &Shape, weights: &Tensors, data: &Dataset) -> Inspected {
    let mut weights = weights.clone();
    weights.extend(edits::find(shape, &weights, data, 1, CPU).unwrap());
    let mut model = network(shape, &weights);
    description("tiny", shape).store(&mut model).unwrap();
    inspect_bytes("tiny", model.encode_to_vec()).unwrap().expect_kind(shape.kind()).unwrap()
}

/// The exported model is sound, each half of it runs alone, and both together give what training's graph gives.
fn performs(shape: &Shape, weights: &Tensors, data: &Dataset) {
    let model = exported(shape, weights, data);
    let kind = shape.kind();
    let options = SessionOptions::default();
    let open = |outputs: &[&str]| Session::from_inspected(model.part(outputs), &options).unwrap();
    let picture = data.centres(Split::Train, 3, 1).unwrap().data;
    let pixels = [1, 3, SIDE, SIDE];
    let latent = shape.latent(1);
    let mut encoder = open(&["latent"]);
    let place = encoder.run(&[("original", Input::F32(&pixels, &picture))]).unwrap().f32("latent").unwrap().to_vec();
    assert_eq!(place.len(), latent.iter().product::<usize>());
    let mut decoder = open(&["picture"]);
    let mut show = |edit: [f32; 4]| {
        let inputs = [("z", Input::F32(&latent, &place)), ("edit", Input::F32(&[1, 4], &edit))];
        decoder.run(&inputs).unwrap().f32("picture").unwrap().to_vec()
    };
    let found = show([0.0; 4]);

    let mut forward = Forward::new(&super::export::coder(shape, weights, 1), CPU).unwrap();
    let feed = Feed::Floats(Tensor::new(&pixels, picture.clone()));
    let expected = forward.run(&Feeds::from([("original".to_owned(), feed)])).unwrap();
    // Half precision moves a weight by a 2048th.
    for (a, b) in found.iter().zip(&expected["picture"].data) {
        assert!((a - b).abs() < 0.02, "{kind}: {a} in the model, {b} in training");
    }
    assert_ne!(show([0.0, 0.0, 0.2, 0.0]), found, "{kind}: light does something");
    let second = if kind == Kind::ImageVae { "logvar" } else { "denoised" };
    let mut other = open(&[second]);
    other.run(&[("original", Input::F32(&pixels, &picture))]).unwrap().f32(second).unwrap();
}

/// Without any training a map holds the coarsest cosines: what comes back is near what was seen, and its edits do what they say.
#[test]
fn an_untrained_map_gives_coarse_pictures_and_edits_that_point_the_right_way() {
    let dir = tempfile::tempdir().unwrap();
    let data = dataset(dir.path());
    let settings = tiny(Kind::ImageAutoencoder);
    let shape = settings.shape.clone();
    let task = Task::new(Settings { perceptual: 0.0, ..settings }, Arc::clone(&data), None, CPU).unwrap();
    let weights = averaged(&initial_state(&task.steps()[0].slots, 3));
    let model = exported(&shape, &weights, &data);
    let options = SessionOptions::default();
    let mut encoder = Session::from_inspected(model.part(&["latent"]), &options).unwrap();
    let mut decoder = Session::from_inspected(model.part(&["picture"]), &options).unwrap();
    let picture = data.centres(Split::Train, 0, 1).unwrap().data;
    let pixels = [1, 3, SIDE, SIDE];
    let place = encoder.run(&[("original", Input::F32(&pixels, &picture))]).unwrap().f32("latent").unwrap().to_vec();
    let mut show = |edit: [f32; 4]| {
        let inputs = [("z", Input::F32(&shape.latent(1), &place)), ("edit", Input::F32(&[1, 4], &edit))];
        decoder.run(&inputs).unwrap().f32("picture").unwrap().to_vec()
    };
    let before = show([0.0; 4]);
    let near = psnr(&picture, &before, 2.0).unwrap();
    assert!(near > 12.0, "{near} dB");
    let start = edits::measure(&before, SIDE);
    for (edit, about) in [
        ([0.1, 0.0, 0.0, 0.0], "cb"),
        ([0.0, 0.1, 0.0, 0.0], "cr"),
        ([0.0, 0.0, 0.1, 0.0], "light"),
        ([0.0, 0.0, -0.1, 0.0], "dark"),
    ] {
        let moved = edits::measure(&show(edit), SIDE);
        let change = match about {
            "cb" => moved.chroma[0] - start.chroma[0],
            "cr" => moved.chroma[1] - start.chroma[1],
            "light" => moved.light - start.light,
            _ => start.light - moved.light,
        };
        assert!((0.02..0.2).contains(&change), "{about} moved by {change}");
    }
}

#[test]
fn edits_of_pixels_do_what_they_are_measured_by() {
    let seed = 4;
    let noise = normal(&mut ChaCha8Rng::seed_from_u64(seed), 0.1, 3 * SIDE * SIDE);
    let start = edits::measure(&noise, SIDE);
    let moved = edits::measure(&edits::edit_pixels(&noise, SIDE, [0.05, -0.1, 0.07, 0.0]), SIDE);
    let found = [moved.chroma[0] - start.chroma[0], moved.chroma[1] - start.chroma[1], moved.light - start.light];
    for (found, expected) in found.into_iter().zip([0.05, -0.1, 0.07]) {
        assert!((found - expected).abs() < 0.003, "{found} instead of {expected}, seed {seed}");
    }
    let rough = edits::measure(&edits::edit_pixels(&noise, SIDE, [0.0, 0.0, 0.0, 0.5]), SIDE);
    assert!((rough.texture / start.texture - 1.5).abs() < 0.1, "{}", rough.texture / start.texture);
}

#[test]
fn ratios_count_the_bits_that_are_stored() {
    let shape = Shape::of(Kind::ImageAutoencoder, 128, 1.0).unwrap();
    assert_eq!((shape.stored_bits(), shape.compression_ratio()), (16 * 16 * 16 * 4, 24.0));
    let shape = Shape::of(Kind::ImageVae, 64, 1.0).unwrap();
    assert_eq!((shape.latent(1), shape.coarse(), shape.compression_ratio()), (vec![1, 128], 4, 96.0));
    assert!(Shape::of(Kind::ImageGan, 64, 1.0).is_none() && Shape::of(Kind::ImageVae, 100, 1.0).is_none());
}
