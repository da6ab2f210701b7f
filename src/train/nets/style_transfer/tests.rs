use super::evaluate::{Eye, Painter};
use super::export::{network, performing_weights};
use super::loss::{CONTENT, content_loss, style_loss};
use super::network::repaint;
use super::optimise::Optimiser;
use super::styles::{self, Style, Targets};
use super::{Settings, Shape, Task, Weighting};
use crate::train::graph::{Graph, Init, Weights};
use crate::train::nets::vgg::Vgg;
use crate::train::pictures::dataset::{Dataset, Options, Source};
use crate::train::pictures::procedural::{Family, paint};
use crate::train::pictures::sheet::save_png;
use crate::train::program::{Device, Feed, Feeds, Forward};
use crate::train::run::Task as _;
use crate::train::run::trial::ends_the_same_after_a_break;
use crate::train::step::{Slot, Start, draw, initial_state, normal};
use crate::train::tensor::{Tensor, Tensors};
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::path::Path;
use std::sync::Arc;

const CPU: Device = Device::Cpu { threads: 1 };
const WEIGHTING: Weighting = Weighting { content: 1.0, style: 10.0, variation: 0.1 };

fn tiny() -> Settings {
    Settings {
        shape: Shape { styles: 3, channels: [8, 8, 8, 8], blocks: 1 },
        batch: 2,
        crop: 16,
        rate: 1e-2,
        weighting: WEIGHTING,
        average: 0.9,
        style_side: 32,
        style_edge: 0.0,
        seed: 3,
    }
}

/// Three pictures of styles in a folder.
fn three_styles(folder: &Path) -> Vec<Style> {
    std::fs::create_dir_all(folder).unwrap();
    for (n, family) in [Family::Woven, Family::Marbling, Family::Thrown].into_iter().enumerate() {
        save_png(&paint(family, n as u64, 48), &folder.join(format!("style{n}.png"))).unwrap();
    }
    styles::read(&[folder.to_owned()], 32, 0.0).unwrap()
}

fn pieces(folder: &Path) -> Arc<Dataset> {
    std::fs::create_dir_all(folder).unwrap();
    for (n, family) in Family::ALL.into_iter().take(4).enumerate() {
        save_png(&paint(family, n as u64, 32), &folder.join(format!("{n}.png"))).unwrap();
    }
    let options = Options { size: 16, held_out: 0.0, ..Options::default() };
    Arc::new(Dataset::open(&[Source::new(folder)], &options).unwrap())
}

fn weights(shape: &Shape, seed: u64) -> Tensors {
    let mut g = Graph::new();
    let picture = g.input("picture", &[1, 3, 16, 16]);
    let style = g.input("style", &[1, shape.styles]);
    repaint(&mut g, shape, picture, style);
    let parameters = g.parameters().to_vec();
    let draws = parameters.into_iter().map(|p| {
        // Gains and biases of every style differ, as after training.
        let shape = g.shape(p.var).to_vec();
        let mut t = draw(&p.init, &p.name, &shape, seed);
        if p.name.ends_with(".gain") || p.name.ends_with(".bias") {
            let noise = normal(&mut ChaCha8Rng::seed_from_u64(seed), 0.3, t.data.len());
            t.data.iter_mut().zip(noise).for_each(|(v, n)| *v += n);
        }
        (p.name, t)
    });
    draws.collect()
}

#[test]
fn a_run_that_was_broken_off_ends_as_the_unbroken_one() {
    let dir = tempfile::tempdir().unwrap();
    let (styles, pictures) = (dir.path().join("styles"), dir.path().join("pictures"));
    let vgg = Vgg::random(1);
    let targets = Targets::new(&three_styles(&styles), &vgg, CPU).unwrap();
    let shown = Tensor::new(&[1, 3, 32, 32], normal(&mut ChaCha8Rng::seed_from_u64(1), 0.3, 3 * 32 * 32));
    let task = Task::new(tiny(), pieces(&pictures), vgg, targets, shown, CPU).unwrap();
    ends_the_same_after_a_break(&task, dir.path());
}

#[test]
fn every_style_comes_equally_often_and_each_step_feeds_the_same_again() {
    let dir = tempfile::tempdir().unwrap();
    let (styles, pictures) = (dir.path().join("styles"), dir.path().join("pictures"));
    let vgg = Vgg::random(1);
    let targets = Targets::new(&three_styles(&styles), &vgg, CPU).unwrap();
    let task = Task::new(tiny(), pieces(&pictures), vgg, targets, Tensor::zeros(&[0, 3, 32, 32]), CPU).unwrap();
    let mut counts = [0.0; 3];
    for step in 0..6 {
        let floats = |name: &str| match task.batch(step).feeds.remove(name) {
            Some(Feed::Floats(t)) => t,
            _ => panic!("no {name}"),
        };
        assert_eq!(floats("content"), floats("content"), "step {step}");
        for row in floats("style").data.chunks(3) {
            assert_eq!(row.iter().sum::<f32>(), 1.0);
            counts.iter_mut().zip(row).for_each(|(c, v)| *c += v);
        }
    }
    assert_eq!(counts, [4.0; 3]);
}

#[test]
fn the_losses_of_training_are_those_of_measuring_and_nil_for_what_is_wanted() {
    let dir = tempfile::tempdir().unwrap();
    let styles = three_styles(dir.path());
    let vgg = Vgg::random(2);
    let targets = Targets::new(&styles, &vgg, CPU).unwrap();
    let shape = [1, 3, 32, 32];
    let mut g = Graph::new();
    let (painted, content) = (g.input("painted", &shape), g.input("content", &shape));
    let style = g.input("style", &[1, 3]);
    let seen = vgg.features(&mut g, painted);
    let wanted = vgg.features(&mut g, content)[CONTENT];
    let outputs = [
        ("content_loss", content_loss(&mut g, seen[CONTENT], wanted)),
        ("style_loss", style_loss(&mut g, seen, style, &targets)),
    ];
    let mut forward = Forward::new(&g.to_model(&outputs, Weights::Fed), CPU).unwrap();
    let mut eye = Eye::new(&vgg, 32, targets, CPU).unwrap();
    let (a, b) = (&styles[0].picture, &styles[2].picture);
    let feeds = Feeds::from([
        ("painted".into(), Feed::Floats(a.clone())),
        ("content".into(), Feed::Floats(b.clone())),
        ("style".into(), Feed::Floats(Tensor::new(&[1, 3], vec![0.0, 1.0, 0.0]))),
    ]);
    let found = forward.run(&feeds).unwrap();
    let (seen_a, seen_b) = (eye.look(&a.data).unwrap(), eye.look(&b.data).unwrap());
    for (name, measured) in
        [("content_loss", eye.content_loss(&seen_a, &seen_b)), ("style_loss", eye.style_loss(&seen_a, 1))]
    {
        let trained = f64::from(found[name].data[0]);
        assert!((trained - measured).abs() < 1e-3 * measured && measured > 0.01, "{name}: {trained}, {measured}");
    }
    assert_eq!(eye.content_loss(&seen_a, &seen_a), 0.0);
    assert!(eye.style_loss(&seen_b, 2) < 1e-6);
}

/// What performs is what trained: the same weights in the graph of training, with a batch of two, give the same pictures.
#[test]
fn a_mix_of_styles_is_the_mix_of_their_rows_and_batches_do_not_matter() {
    let seed = 9;
    let shape = tiny().shape;
    let mut all = weights(&shape, seed);
    let pictures = normal(&mut ChaCha8Rng::seed_from_u64(seed), 0.4, 2 * 3 * 16 * 16);
    let shares = [0.3, 0.7, 0.0];
    let mut g = Graph::new();
    let (x, style) = (g.input("x", &[2, 3, 16, 16]), g.input("style", &[2, 3]));
    let painted = repaint(&mut g, &shape, x, style);
    let mut forward = Forward::new(&g.to_model(&[("painted", painted)], Weights::Inside(&all)), CPU).unwrap();
    let feeds = Feeds::from([
        ("x".into(), Feed::Floats(Tensor::new(&[2, 3, 16, 16], pictures.clone()))),
        ("style".into(), Feed::Floats(Tensor::new(&[2, 3], [[0.0, 0.0, 1.0], shares].concat()))),
    ]);
    let both = forward.run(&feeds).unwrap().remove("painted").unwrap().data;
    // A network whose third style is the mix of the first two.
    for (_, t) in all.iter_mut().filter(|(_, t)| t.shape.len() == 2) {
        let width = t.shape[1];
        for i in 0..width {
            t.data[2 * width + i] = shares[0] * t.data[i] + shares[1] * t.data[width + i];
        }
    }
    let mut painter = Painter::new(&network(&shape, &all), 3, CPU).unwrap();
    let alone = painter.paint(&pictures[768..], 16, &painter.only(2)).unwrap();
    for (a, b) in both[768..].iter().zip(&alone) {
        // Weights above 1024 elements are stored in half precision.
        assert!((a - b).abs() < 5e-3, "{a} against {b}, seed {seed}");
    }
}

#[test]
fn moving_the_pixels_comes_nearer_to_the_style() {
    let dir = tempfile::tempdir().unwrap();
    let styles = three_styles(dir.path());
    let vgg = Vgg::random(4);
    let targets = Targets::new(&styles, &vgg, CPU).unwrap();
    let mut eye = Eye::new(&vgg, 32, targets.clone(), CPU).unwrap();
    let content = &styles[1].picture.data;
    let mut optimiser = Optimiser::new(&vgg, 32, &targets, WEIGHTING, CPU).unwrap();
    let painted = optimiser.paint(content, 0, 12).unwrap();
    let (before, after) = (eye.look(content).unwrap(), eye.look(&painted).unwrap());
    let (before, after) = (eye.style_loss(&before, 0), eye.style_loss(&after, 0));
    assert!(after < 0.7 * before, "style loss {before}, after {after}");
}

#[test]
fn styles_are_read_in_order_and_what_is_no_style_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let styles = three_styles(dir.path());
    assert_eq!(styles.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["style0", "style1", "style2"]);
    assert!(styles.iter().all(|s| s.picture.shape == [1, 3, 32, 32]));
    let again = vec![dir.path().to_owned(), dir.path().join("style1.png")];
    assert!(styles::read(&again, 32, 0.0).unwrap_err().to_string().contains("another style of the name style1"));
    let text = dir.path().join("note.png");
    std::fs::write(&text, "no picture").unwrap();
    assert!(styles::read(&[text], 32, 0.0).unwrap_err().to_string().contains("not a PNG, JPEG or WebP"));
    assert!(styles::read(&[], 32, 0.0).unwrap_err().to_string().starts_with("0 pictures of styles"));
}

#[test]
fn the_state_of_a_training_gives_weights_to_perform_with() {
    let shape = tiny().shape;
    let mut g = Graph::new();
    let (x, style) = (g.input("x", &[1, 3, 16, 16]), g.input("style", &[1, 3]));
    repaint(&mut g, &shape, x, style);
    let slots: Vec<_> = g
        .parameters()
        .iter()
        .flat_map(|p| {
            let slot = |name: String, value| Slot {
                name,
                shape: g.shape(p.var).to_vec(),
                start: Start::Drawn(Init::Constant(value)),
            };
            [slot(p.name.clone(), 1.0), slot(format!("average/{}", p.name), 2.0)]
        })
        .collect();
    let weights = performing_weights(&initial_state(&slots, 1));
    assert_eq!(weights.len(), g.parameters().len());
    assert!(weights.values().all(|t| t.data.iter().all(|v| *v == 2.0)), "the averages perform");
}
