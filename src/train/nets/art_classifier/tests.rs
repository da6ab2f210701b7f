use super::collection::{Collection, CollectionError};
use super::evaluate::{Prediction, calibration_error, figures, temperature};
use super::export::{description, network};
use super::ridge::{self, Examples};
use super::{SIDE, Settings, Task, augment};
use crate::model::session::{Session, SessionOptions};
use crate::model::spec::Kind;
use crate::picture::{Classifier, Picture};
use crate::train::nets::efficientnet::EfficientNet;
use crate::train::program::{Device, Feed, Program, State};
use crate::train::run::Task as _;
use crate::train::step::{initial_state, normal};
use crate::train::tensor::Tensor;
use image::{Rgb, RgbImage};
use prost::Message;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::sync::Arc;

const CPU: Device = Device::Cpu { threads: 1 };

/// Two classes of noise of two colours; artist `n / 3` has painted three pictures, of both classes.
fn folder(dir: &Path, each: usize) {
    let mut objects = Vec::new();
    for (class, colour) in [("blue", [30, 60, 190]), ("red", [190, 60, 30])] {
        std::fs::create_dir(dir.join(class)).unwrap();
        for n in 0..each {
            let id = if class == "blue" { n } else { 1000 + n };
            let mut rng = ChaCha8Rng::seed_from_u64(id as u64);
            let noise = normal(&mut rng, 25.0, 40 * 30);
            let picture = RgbImage::from_fn(40, 30, |x, y| {
                let v = noise[(y * 40 + x) as usize];
                Rgb(colour.map(|c: i32| (c as f32 + v).clamp(0.0, 255.0) as u8))
            });
            picture.save(dir.join(class).join(format!("{id}.png"))).unwrap();
            objects.push(serde_json::json!({"objectID": id, "artistDisplayName": format!("artist {}", n / 3)}));
        }
    }
    let text = serde_json::json!({ "objects": objects }).to_string();
    std::fs::write(dir.join("objects.json"), text).unwrap();
}

fn settings(collection: &Collection) -> Settings {
    Settings {
        channels: [4, 6, 8, 12],
        classes: collection.classes.clone(),
        batch: 4,
        distillation: true,
        rate: 3e-3,
        folds: 3,
        held_out: 0,
        data: collection.fingerprint(),
        seed: 5,
    }
}

#[test]
fn no_artist_stands_on_two_sides_and_every_fold_has_every_class() {
    let dir = tempfile::tempdir().unwrap();
    folder(dir.path(), 15);
    let collection = Collection::open(dir.path(), 0.0).unwrap();
    assert_eq!(collection.classes, ["blue", "red"]);
    assert_eq!(collection.counts(), [15, 15]);
    let folds = collection.folds(4);
    let mut of_artist: HashMap<usize, usize> = HashMap::new();
    for (item, &fold) in collection.items.iter().zip(&folds) {
        let id: usize = item.path.file_stem().unwrap().to_str().unwrap().parse().unwrap();
        assert_eq!(*of_artist.entry(id % 1000 / 3).or_insert(fold), fold, "artist {}", id % 1000 / 3);
    }
    let met: HashSet<(usize, usize)> = collection.items.iter().zip(&folds).map(|(i, &f)| (i.class, f)).collect();
    assert_eq!(met.len(), 8);

    // Under other names the same pictures are dealt out alike, but for what the names say; and another set has another fingerprint.
    assert_eq!(Collection::open(dir.path(), 0.0).unwrap().fingerprint(), collection.fingerprint());
    std::fs::remove_file(dir.path().join("red/1000.png")).unwrap();
    assert_ne!(Collection::open(dir.path(), 0.0).unwrap().fingerprint(), collection.fingerprint());
}

#[test]
fn folders_that_cannot_be_learnt_from_are_refused_with_what_is_missing() {
    let dir = tempfile::tempdir().unwrap();
    let refused = || Collection::open(dir.path(), 0.0).err().expect("refused");
    assert!(matches!(refused(), CollectionError::Classes { classes: 0, .. }));
    folder(dir.path(), 5);
    // Copies are one picture.
    std::fs::create_dir(dir.path().join("copies")).unwrap();
    for n in 0..5 {
        std::fs::copy(dir.path().join("blue/0.png"), dir.path().join(format!("copies/{n}.png"))).unwrap();
    }
    assert!(matches!(refused(), CollectionError::Few { class, pictures: 0, .. } if class == "copies"));
    assert!(Collection::open(dir.path(), 0.5).err().unwrap().to_string().contains("edge crop 0.5"));
    std::fs::remove_dir_all(dir.path().join("copies")).unwrap();
    let collection = Arc::new(Collection::open(dir.path(), 0.0).unwrap());
    let alone = Settings { folds: 9, held_out: 8, ..settings(&collection) };
    let why = Task::new(Settings { distillation: false, ..alone }, collection, None, CPU).err().unwrap().to_string();
    assert!(why.contains("fewer folds"), "{why}");
}

#[test]
fn training_learns_what_differs_and_the_model_performs_on_any_size() {
    let dir = tempfile::tempdir().unwrap();
    folder(dir.path(), 9);
    let collection = Arc::new(Collection::open(dir.path(), 0.0).unwrap());
    let network_of_chance = Arc::new(EfficientNet::random(1));
    let settings = settings(&collection);
    let task = Task::new(settings.clone(), collection, Some(network_of_chance), CPU).unwrap();
    let feed = |step, name: &str| {
        let Feed::Floats(t) = task.batch(step).feeds[name].clone() else { panic!("floats") };
        t
    };
    assert_eq!(feed(7, "pictures"), feed(7, "pictures"));
    assert_ne!(feed(7, "pictures").data, feed(8, "pictures").data);
    let step = task.steps().remove(0);
    let mut program = Program::new(&step, CPU).unwrap();
    let mut state = State::new(&initial_state(&step.slots, 5)).unwrap();
    for at in 0..60 {
        let mut feeds = task.batch(at).feeds;
        let mut put = |name: &str, v: f64| feeds.insert(format!("c/{name}"), Feed::Floats(Tensor::scalar(v as f32)));
        put("rate", 3e-3);
        put("correction1", 1.0 / (1.0 - 0.9_f64.powf(at as f64 + 1.0)));
        put("correction2", 1.0 / (1.0 - 0.999_f64.powf(at as f64 + 1.0)));
        program.run(&mut state, &feeds).unwrap();
    }
    let tensors = state.tensors(|_| true).unwrap();
    let found = task.validate(&tensors, dir.path(), 60).unwrap();
    assert!(found["balanced_accuracy"] > 0.8, "{found:?}");
    assert!(dir.path().join("samples-000060.png").is_file());
    let weights = task.performing_weights(&tensors).unwrap();
    assert!(!tensors.contains_key("c.logits.weight") && weights["c.logits.weight"].shape == [12, 2]);
    assert_eq!(task.predictions(&weights, true).unwrap().len(), task.predictions(&weights, false).unwrap().len());

    let mut model = network(&settings, &weights, 2.0);
    description("test", &settings).store(&mut model).unwrap();
    let options = SessionOptions::default();
    let session = Session::from_bytes("test", model.encode_to_vec(), Kind::ArtClassifier, &options).unwrap();
    let mut classifier = Classifier::new(session).unwrap();
    assert_eq!(classifier.classes(), ["blue", "red"]);
    for (width, height) in [(64, 64), (200, 120), (30, 50)] {
        let flat = |rgb: [f32; 3]| Picture { width, height, data: rgb.repeat(width * height) };
        let mut blue = |rgb| {
            let p = classifier.judge(&flat(rgb)).unwrap();
            assert!((p.iter().sum::<f32>() - 1.0).abs() < 1e-4, "{p:?}");
            p[0]
        };
        assert!(blue([0.12, 0.24, 0.75]) > blue([0.75, 0.24, 0.12]), "{width} × {height}");
    }
    assert!(classifier.judge(&Picture { width: 0, height: 0, data: Vec::new() }).is_err());
}

#[test]
fn figures_are_what_their_definitions_say() {
    let says = |class: usize, p: [f32; 3]| Prediction { class, logits: p.map(f32::ln).to_vec() };
    let predictions = [
        says(0, [0.8, 0.1, 0.1]),
        says(0, [0.3, 0.6, 0.1]),
        says(1, [0.1, 0.7, 0.2]),
        says(2, [0.1, 0.2, 0.7]),
        says(2, [0.2, 0.1, 0.7]),
        says(2, [0.1, 0.5, 0.4]),
    ];
    let classes = ["a", "b", "c"].map(String::from);
    let f = figures(&classes, &predictions, 1.0).unwrap();
    assert_eq!(f.confusion, [[1, 1, 0], [0, 1, 0], [0, 1, 2]]);
    assert!((f.balanced_accuracy - (0.5 + 1.0 + 2.0 / 3.0) / 3.0).abs() < 1e-9);
    assert!((f.accuracy - 4.0 / 6.0).abs() < 1e-9);
    assert!((f.pairs["a or b"] - 0.75).abs() < 1e-9 && (f.pairs["a or c"] - 1.0).abs() < 1e-9, "{:?}", f.pairs);
    // Confidences 0.8; 0.6 (wrong); 0.7, 0.7, 0.7; 0.5 (wrong): |0.8 − 1| + |0.6 − 0| + |2.1 − 3| + |0.5 − 0|, over six.
    assert!((calibration_error(&predictions, 1.0) - 2.2 / 6.0).abs() < 1e-5);
    assert!(figures(&classes, &predictions[..3], 1.0).is_none());
}

#[test]
fn the_temperature_is_the_one_that_was_lost() {
    let seed = 3;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // Classes drawn as honest probabilities say, then logits blown up by 2.5.
    let predictions: Vec<Prediction> = (0..4000)
        .map(|_| {
            let logits = normal(&mut rng, 1.5, 3);
            let honest = Prediction { class: 0, logits };
            let p = honest.probabilities(1.0);
            let u: f64 = rand::Rng::random(&mut rng);
            let class = if u < p[0] {
                0
            } else if u < p[0] + p[1] {
                1
            } else {
                2
            };
            Prediction { class, logits: honest.logits.iter().map(|l| l * 2.5).collect() }
        })
        .collect();
    let found = temperature(&predictions);
    assert!((found - 2.5).abs() < 0.25, "{found}, seed {seed}");
    assert!(calibration_error(&predictions, found) < 0.5 * calibration_error(&predictions, 1.0));
}

#[test]
fn the_baseline_learns_and_knows_nothing_of_what_is_held_out() {
    let seed = 8;
    let (rows, width) = (60, 10);
    let mut features = normal(&mut ChaCha8Rng::seed_from_u64(seed), 1.0, rows * width);
    let classes: Vec<usize> = (0..rows).map(|r| usize::from(r % 3 == 0)).collect();
    let folds: Vec<usize> = (0..rows).map(|r| r / 3 % 4).collect();
    for (row, class) in features.chunks_exact_mut(width).zip(&classes) {
        row[2] += 4.0 * *class as f32;
    }
    let examples = Examples { features: &features, width, classes: &classes, folds: &folds };
    let found: Vec<Prediction> = (0..4).flat_map(|fold| ridge::predict(&examples, 2, fold)).collect();
    let f = figures(&["a".into(), "b".into()], &found, 1.0).unwrap();
    assert!(f.balanced_accuracy > 0.9, "{f:?}, seed {seed}");

    let lied: Vec<usize> = classes.iter().zip(&folds).map(|(c, f)| if *f == 1 { 1 - c } else { *c }).collect();
    let other = ridge::predict(&Examples { classes: &lied, ..examples }, 2, 1);
    let examples = Examples { features: &features, width, classes: &classes, folds: &folds };
    let logits = |p: &[Prediction]| p.iter().map(|p| p.logits.clone()).collect::<Vec<_>>();
    assert_eq!(logits(&other), logits(&ridge::predict(&examples, 2, 1)));

    // Features that are moved and stretched are told alike: standardising is a part of the layer.
    let moved: Vec<f32> = features.iter().map(|v| 7.0 * v - 30.0).collect();
    let again = ridge::predict(&Examples { features: &moved, ..examples }, 2, 1);
    let near = |a: &f32, b: &f32| (a - b).abs() < 1e-3;
    assert!(logits(&again).concat().iter().zip(logits(&other).concat().iter()).all(|(a, b)| near(a, b)));
}

#[test]
fn changes_keep_pictures_in_range_and_are_felt() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let planes: Vec<f32> = (0..3 * SIDE * SIDE).map(|i| (i as f32 * 0.01).sin() * 0.5).collect();
    for _ in 0..20 {
        let mut changed = planes.clone();
        augment::change(&mut changed, SIDE, &mut rng);
        assert_eq!(changed.len(), planes.len());
        assert!(changed.iter().all(|v| (-1.0..=1.0).contains(v)));
        assert_ne!(changed, planes);
    }
}
