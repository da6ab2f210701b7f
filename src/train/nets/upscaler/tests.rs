use super::evaluate::{edges, mean_psnr, mean_ssim, reduced, ringing};
use super::export::{description, network, performing_weights};
use super::filter::{Filter, resample};
use super::network::enlarge;
use super::{PixelLoss, Settings, Shape, Task, patches};
use crate::model::session::{Input, Session, SessionOptions};
use crate::model::spec::Kind;
use crate::train::graph::{Graph, Role, Weights};
use crate::train::pictures::dataset::{Dataset, Options, Source};
use crate::train::pictures::procedural::{Family, paint};
use crate::train::pictures::sheet::to_planes;
use crate::train::program::{Device, Feed, Feeds, Forward, Program, State};
use crate::train::run::Task as _;
use crate::train::step::{initial_state, normal};
use crate::train::tensor::{Tensor, Tensors};
use prost::Message;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use std::path::Path;
use std::sync::Arc;

const CPU: Device = Device::Cpu { threads: 1 };
const SHAPE: Shape = Shape { channels: 8, blocks: 1, margin: 0.1 };

fn settings() -> Settings {
    Settings { shape: SHAPE, batch: 2, patch: 8, loss: PixelLoss::Charbonnier, perceptual: 0.0, rate: 2e-3, seed: 3 }
}

fn folder_of_pictures(dir: &Path) -> Arc<Dataset> {
    for (seed, family) in Family::ALL.into_iter().enumerate() {
        paint(family, seed as u64, 40).save(dir.join(format!("{seed}.png"))).unwrap();
    }
    let options = Options { size: 32, held_out: 0.3, ..Options::default() };
    Arc::new(Dataset::open(&[Source::new(dir)], &options).unwrap())
}

/// Weights of the network, all drawn at random, so that it does something.
fn weights(seed: u64) -> Tensors {
    let mut g = Graph::new();
    let x = g.input("picture", &[1, 3, 8, 8]);
    enlarge(&mut g, &SHAPE, x);
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let draw = |p: &crate::train::graph::Parameter| {
        assert_ne!(p.role, Role::State);
        let shape = g.shape(p.var).to_vec();
        let count = shape.iter().product();
        (p.name.clone(), Tensor::new(&shape, normal(&mut rng, 0.2, count)))
    };
    g.parameters().iter().map(draw).collect()
}

fn session(weights: &Tensors) -> Session {
    let mut model = network(&SHAPE, weights);
    description("test", &settings()).store(&mut model).unwrap();
    Session::from_bytes("test", model.encode_to_vec(), Kind::Upscaler, &SessionOptions::default()).unwrap()
}

#[test]
fn before_training_it_is_catmull_rom_interpolation() {
    let seed = 4;
    let mut all = weights(seed);
    for (_, t) in all.iter_mut().filter(|(name, _)| name.starts_with("u.times")) {
        t.data.fill(0.0);
    }
    let mut session = session(&all);
    let small = resample(&normal(&mut ChaCha8Rng::seed_from_u64(seed), 0.3, 3 * 64), 8, 16, Filter::Triangle);
    let outputs = session.run(&[("picture", Input::F32(&[1, 3, 16, 16], &small))]).unwrap();
    for (name, factor) in [("x2", 2), ("x4", 4)] {
        let found = outputs.f32(name).unwrap();
        let side = 16 * factor;
        let expected = resample(&small, 16, side, Filter::CatmullRom);
        // At the edges one repeats pixels and the other leaves them out; and what would ring is held.
        let allowed = ringing(&small, 16, &expected, factor).most as f32 / 127.5;
        let mut equal = 0;
        for (at, (a, b)) in found.iter().zip(&expected).enumerate() {
            let (y, x) = (at / side % side, at % side);
            if [y, x].iter().all(|&i| (2 * factor..side - 2 * factor).contains(&i)) {
                assert!((a - b).abs() < allowed + 1e-5, "{name} at {y}, {x}: {a} against {b}");
                equal += usize::from((a - b).abs() < 1e-5);
            }
        }
        assert!(equal > 3 * (side - 4 * factor).pow(2) / 2, "{name}: {equal} pixels equal, seed {seed}");
    }
}

#[test]
fn a_network_of_any_weights_leaves_the_local_range_by_its_margin_at_most_and_takes_any_size() {
    let seed = 9;
    let mut session = session(&weights(seed));
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    for (height, width) in [(16, 16), (5, 7), (24, 10)] {
        let small = normal(&mut rng, 0.4, 3 * height * width);
        let outputs = session.run(&[("picture", Input::F32(&[1, 3, height, width], &small))]).unwrap();
        for (name, factor) in [("x2", 2), ("x4", 4)] {
            let found = outputs.array(name).unwrap();
            assert_eq!(found.shape(), [1, 3, factor * height, factor * width], "{name}");
            let mut outside = 0;
            for ((_, c, y, x), &value) in
                found.to_shape((1, 3, factor * height, factor * width)).unwrap().indexed_iter()
            {
                let around = |i: usize, n: usize| (i / factor).saturating_sub(1)..=(i / factor + 1).min(n - 1);
                let near = around(y, height).flat_map(|y| around(x, width).map(move |x| (y, x)));
                let near = near.map(|(y, x)| small[(c * height + y) * width + x]);
                let (low, high) = near.fold((f32::MAX, f32::MIN), |(l, h), v| (l.min(v), h.max(v)));
                let slack = SHAPE.margin * (high - low) + 1e-5;
                assert!(
                    value >= low - slack && value <= high + slack,
                    "{name}: {value} for {low} … {high}, seed {seed}"
                );
                outside += usize::from(value < low || value > high);
            }
            assert!(outside > 0, "{name}: the bound is never felt, so nothing was tested, seed {seed}");
        }
    }
}

#[test]
fn the_parameters_gradients_are_those_of_differences() {
    let seed = 2;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    // A margin of no effect: at its bounds the derivative jumps.
    let shape = Shape { margin: 50.0, channels: 3, blocks: 1 };
    let x = normal(&mut rng, 0.3, 3 * 16);
    let wanted = normal(&mut rng, 0.3, 3 * 256);
    let build = |with_gradients: bool| {
        let mut g = Graph::new();
        let x = g.input("x", &[1, 3, 4, 4]);
        let wanted = g.input("wanted", &[1, 3, 16, 16]);
        let [_, large] = enlarge(&mut g, &shape, x);
        let loss = g.l2_loss(large, wanted);
        let names = ["u.first.weight", "u.block0.a.weight", "u.times4.weight", "u.times4.bias"];
        let vars: Vec<_> = g.parameters().iter().filter(|p| names.contains(&p.name.as_str())).map(|p| p.var).collect();
        assert_eq!(vars.len(), names.len());
        let gradients = if with_gradients { g.gradients(loss, &vars) } else { Vec::new() };
        let used = g.parameters().iter().filter(|p| !p.name.starts_with("u.times2"));
        let parameters: Vec<_> = used.map(|p| (p.name.clone(), g.shape(p.var).to_vec())).collect();
        let mut outputs = vec![("loss", loss)];
        outputs.extend(names.into_iter().zip(gradients));
        let renamed: Vec<_> = outputs.iter().map(|(n, v)| (format!("out/{n}"), *v)).collect();
        let outputs: Vec<_> = renamed.iter().map(|(n, v)| (n.as_str(), *v)).collect();
        (Forward::new(&g.to_model(&outputs, Weights::Fed), CPU).unwrap(), parameters)
    };
    let (mut with, parameters) = build(true);
    let (mut plain, _) = build(false);
    let mut tensors: Tensors = parameters
        .into_iter()
        .map(|(name, shape)| {
            let count = shape.iter().product();
            (name, Tensor::new(&shape, normal(&mut rng, 0.3, count)))
        })
        .collect();
    let feeds = |tensors: &Tensors| {
        let mut feeds: Feeds = tensors.iter().map(|(n, t)| (n.clone(), Feed::Floats(t.clone()))).collect();
        feeds.insert("x".into(), Feed::Floats(Tensor::new(&[1, 3, 4, 4], x.clone())));
        feeds.insert("wanted".into(), Feed::Floats(Tensor::new(&[1, 3, 16, 16], wanted.clone())));
        feeds
    };
    let found = with.run(&feeds(&tensors)).unwrap();
    for (name, gradient) in found.iter().filter(|(n, _)| *n != "out/loss") {
        let name = &name["out/".len()..];
        for at in [0, gradient.data.len() / 2, gradient.data.len() - 1] {
            let mut loss = |change: f32| {
                tensors.get_mut(name).unwrap().data[at] += change;
                f64::from(plain.run(&feeds(&tensors)).unwrap()["out/loss"].data[0])
            };
            let (high, low) = (loss(1e-2), loss(-2e-2));
            loss(1e-2);
            let expected = (high - low) / 2e-2;
            let got = f64::from(gradient.data[at]);
            assert!(
                (got - expected).abs() < 2e-3 + 0.02 * expected.abs(),
                "{name}[{at}]: {got}, {expected}, seed {seed}"
            );
        }
    }
}

#[test]
fn training_comes_nearer_than_interpolation_and_its_batches_follow_from_the_step() {
    let dir = tempfile::tempdir().unwrap();
    let task = Task::new(settings(), folder_of_pictures(dir.path()), None, CPU).unwrap();
    let feed = |step, name: &str| {
        let Feed::Floats(t) = task.batch(step).feeds[name].clone() else { panic!("floats") };
        t
    };
    assert_eq!(feed(5, "small"), feed(5, "small"));
    assert_ne!(feed(5, "small").data, feed(6, "small").data);
    assert_eq!(feed(5, "large").shape, [2, 3, 32, 32]);

    let step = task.steps().remove(0);
    let mut program = Program::new(&step, CPU).unwrap();
    let mut state = State::new(&initial_state(&step.slots, 3)).unwrap();
    let rates = &task.objectives()[0];
    let mut losses = Vec::new();
    for at in 0..60 {
        // The same patch each time: whether it is learnt is then a matter of steps, not of luck.
        let mut feeds = task.batch(1).feeds;
        let mut put = |name: &str, v: f64| feeds.insert(format!("u/{name}"), Feed::Floats(Tensor::scalar(v as f32)));
        put("rate", 3e-3);
        put("correction1", 1.0 / (1.0 - rates.beta1.powf(f64::from(at + 1))));
        put("correction2", 1.0 / (1.0 - rates.beta2.powf(f64::from(at + 1))));
        put("average", 0.3);
        losses.push(program.run(&mut state, &feeds).unwrap()["u/loss"]);
    }
    assert!(losses[59] < 0.97 * losses[0], "{} after {}", losses[59], losses[0]);
    let tensors = state.tensors(|_| true).unwrap();
    let figures = task.validate(&tensors, dir.path(), 60).unwrap();
    assert!(dir.path().join("samples-000060.png").is_file());
    assert!(figures["psnr"] > 10.0, "{figures:?}");
    assert!(!performing_weights(&tensors).is_empty());
}

#[test]
fn wrong_settings_are_refused_with_a_reason() {
    let dir = tempfile::tempdir().unwrap();
    let data = folder_of_pictures(dir.path());
    let refused = |settings| Task::new(settings, data.clone(), None, CPU).err().expect("refused").to_string();
    assert!(refused(Settings { patch: 12, ..settings() }).contains("patches of 12 pixels from pictures of 32"));
    assert!(refused(Settings { perceptual: 0.1, ..settings() }).contains("EfficientNet"));
}

#[test]
fn filters_keep_what_is_flat_and_do_not_alias() {
    for filter in [Filter::Box, Filter::Triangle, Filter::CatmullRom, Filter::Lanczos3] {
        for (from, to) in [(32, 8), (8, 32), (30, 7), (7, 7)] {
            let flat = resample(&vec![0.25; from * from], from, to, filter);
            assert_eq!(flat.len(), to * to);
            assert!(flat.iter().all(|v| (v - 0.25).abs() < 1e-5), "{filter:?} {from} to {to}");
        }
        let fine: Vec<f32> = (0..32 * 32).map(|i| if (i / 32 + i % 32) % 2 == 0 { 1.0 } else { -1.0 }).collect();
        let small = resample(&fine, 32, 8, filter);
        assert!(small.iter().all(|v| v.abs() < 0.1), "{filter:?}: {small:?}");
    }
}

#[test]
fn measures_know_good_from_bad() {
    let seed = 6;
    let picture = to_planes(&paint(Family::Discs, seed, 64));
    let small = reduced(&picture, 64, 16);
    let large = |filter| resample(&small, 16, 64, filter);
    let each = picture.len();
    assert!(mean_psnr(&picture, &picture, each) >= 99.0 && mean_ssim(&picture, &picture, 3, 64) > 0.9999);
    let (linear, nearest) = (large(Filter::CatmullRom), large(Filter::Box));
    assert!(mean_psnr(&linear, &picture, each) > mean_psnr(&nearest, &picture, each));
    assert!(mean_ssim(&linear, &picture, 3, 64) > mean_ssim(&nearest, &picture, 3, 64));
    // Off by a tenth of the range everywhere is 20 dB by definition.
    let off: Vec<f32> = picture.iter().map(|v| v + 0.2).collect();
    assert!((mean_psnr(&off, &picture, each) - 20.0).abs() < 1e-3);

    let edges = edges(24);
    let rings = |filter| ringing(&edges, 24, &resample(&edges, 24, 96, filter), 4);
    assert!(rings(Filter::Triangle).most < 1e-3);
    let (cubic, sinc) = (rings(Filter::CatmullRom), rings(Filter::Lanczos3));
    assert!(cubic.mean > 0.1 && sinc.mean > cubic.mean && cubic.most > 5.0, "{cubic:?} {sinc:?}");
}

#[test]
fn harm_is_small_and_stays_in_range() {
    let seed = 11;
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let picture = to_planes(&paint(Family::Strata, seed, 64));
    let clean = resample(&picture, 64, 16, Filter::CatmullRom);
    for _ in 0..20 {
        let small = patches::small(&picture, 64, 16, &mut rng);
        assert!(small.iter().all(|v| (-1.0..=1.0).contains(v)));
        assert!(mean_psnr(&small, &clean, small.len()) > 18.0, "seed {seed}");
    }
}
