//! Every derivative against central differences, run by ONNX Runtime on random shapes and values.
//!
//! The loss is Σ y·r with random r. The step of 1/64 and the tolerance follow from 32-bit arithmetic: the difference of
//! two sums near 1 has an error near 1e-6, divided by 2/64.

use oneiro::train::graph::{Graph, Init, Role, Var, Weights};
use oneiro::train::ops::{BatchStatistics, Conv, Dealt};
use oneiro::train::program::{Device, Feed, Feeds, Forward};
use oneiro::train::tensor::Tensor;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

const STEP: f32 = 1.0 / 64.0;
const CPU: Device = Device::Cpu { threads: 1 };

/// Values between 0.1 and 1.1 in size: away from zero, where some operators have a kink.
fn values(rng: &mut ChaCha8Rng, shape: &[usize], positive: bool) -> Tensor {
    let count = shape.iter().product();
    let data = (0..count).map(|_| {
        let size: f32 = rng.random_range(0.1..1.1);
        if positive || rng.random_bool(0.5) { size } else { -size }
    });
    Tensor::new(shape, data.collect())
}

struct Case<'a> {
    shapes: &'a [&'a [usize]],
    positive: bool,
    tolerance: f32,
}

/// Compares the gradients of `f` with differences at some elements of every input and parameter.
fn check(name: &str, case: Case, f: impl Fn(&mut Graph, &[Var]) -> Var) {
    let seed = name.bytes().fold(7_u64, |h, b| h.wrapping_mul(31).wrapping_add(u64::from(b)));
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut g = Graph::for_training();
    let mut inputs = Vec::new();
    for (i, shape) in case.shapes.iter().enumerate() {
        inputs.push((format!("x{i}"), g.input(&format!("x{i}"), shape)));
    }
    let vars = inputs.iter().map(|(_, v)| *v).collect::<Vec<_>>();
    let y = f(&mut g, &vars);
    let shape = g.shape(y).to_vec();
    let r = g.constant(&values(&mut rng, &shape, false));
    let product = g.mul(y, r);
    let loss = g.sum_all(product);

    let mut feeds = Feeds::new();
    for ((name, _), shape) in inputs.iter().zip(case.shapes) {
        feeds.insert(name.clone(), Feed::Floats(values(&mut rng, shape, case.positive)));
    }
    for p in g.parameters().to_vec() {
        let positive = p.role == Role::State || case.positive;
        let shape = g.shape(p.var).to_vec();
        feeds.insert(p.name.clone(), Feed::Floats(values(&mut rng, &shape, positive)));
        if p.role != Role::State {
            inputs.push((p.name, p.var));
        }
    }
    let wrt = inputs.iter().map(|(_, v)| *v).collect::<Vec<_>>();
    let gradients = g.gradients(loss, &wrt);
    let names = inputs.iter().map(|(n, _)| format!("d_{n}")).collect::<Vec<_>>();
    let mut outputs = vec![("loss", loss)];
    outputs.extend(names.iter().map(String::as_str).zip(gradients));
    let mut all = Forward::new(&g.to_model(&outputs, Weights::Fed), CPU).unwrap_or_else(|e| panic!("{name}: {e}"));
    let mut forward = Forward::new(&g.to_model(&[("loss", loss)], Weights::Fed), CPU).unwrap();
    let used = g.to_model(&[("loss", loss)], Weights::Fed).graph.unwrap().input;
    let used = used.into_iter().map(|i| i.name.unwrap()).collect::<Vec<_>>();
    feeds.retain(|name, _| used.contains(name));
    let found = all.run(&feeds).unwrap_or_else(|e| panic!("{name}: {e}"));

    for (input, _) in &inputs {
        let gradient = &found[&format!("d_{input}")].data;
        let scale = gradient.iter().fold(1.0_f32, |m, v| m.max(v.abs()));
        let tries = gradient.len().min(6);
        for _ in 0..tries {
            let at = rng.random_range(0..gradient.len());
            let mut loss_at = |shift: f32| {
                let mut moved = feeds.clone();
                let Some(Feed::Floats(t)) = moved.get_mut(input) else { panic!("{input} is not a float") };
                t.data[at] += shift;
                f64::from(forward.run(&moved).unwrap()["loss"].data[0])
            };
            // Fourth order (Abramowitz & Stegun 25.3.6): its own error is far below that of the arithmetic.
            let near = loss_at(STEP) - loss_at(-STEP);
            let far = loss_at(2.0 * STEP) - loss_at(-2.0 * STEP);
            let difference = ((8.0 * near - far) / (12.0 * f64::from(STEP))) as f32;
            let error = (difference - gradient[at]).abs() / scale;
            assert!(
                error < case.tolerance,
                "{name}, seed {seed}: d_{input}[{at}] is {}, differences say {difference}",
                gradient[at]
            );
        }
    }
}

fn run(name: &str, shapes: &[&[usize]], f: impl Fn(&mut Graph, &[Var]) -> Var) {
    check(name, Case { shapes, positive: false, tolerance: 5e-3 }, f);
}

fn run_positive(name: &str, shapes: &[&[usize]], f: impl Fn(&mut Graph, &[Var]) -> Var) {
    check(name, Case { shapes, positive: true, tolerance: 5e-3 }, f);
}

#[test]
fn arithmetic() {
    run("add", &[&[3, 4], &[4]], |g, x| g.add(x[0], x[1]));
    run("sub", &[&[2, 3, 4], &[3, 1]], |g, x| g.sub(x[0], x[1]));
    run("mul", &[&[3, 4], &[3, 1]], |g, x| g.mul(x[0], x[1]));
    run_positive("div", &[&[3, 4], &[1, 4]], |g, x| g.div(x[0], x[1]));
    run("neg", &[&[5]], |g, x| g.neg(x[0]));
    run("exp", &[&[2, 3]], |g, x| g.exp(x[0]));
    run_positive("log", &[&[2, 3]], |g, x| g.log(x[0]));
    run_positive("sqrt", &[&[2, 3]], |g, x| g.sqrt(x[0]));
    run("square", &[&[2, 3]], |g, x| g.square(x[0]));
    run("abs", &[&[2, 3]], |g, x| g.abs(x[0]));
    run("smaller", &[&[4, 5], &[4, 1]], |g, x| g.smaller(x[0], x[1]));
    run("clip", &[&[4, 5]], |g, x| g.clip(x[0], -0.05, 2.0));
    run("scalars", &[&[4]], |g, x| {
        let y = g.scale(x[0], 3.0);
        let y = g.add_scalar(y, 1.0);
        g.one_minus(y)
    });
}

#[test]
fn activations() {
    run("relu", &[&[4, 5]], |g, x| g.relu(x[0]));
    run("leaky_relu", &[&[4, 5]], |g, x| g.leaky_relu(x[0], 0.2));
    run("sigmoid", &[&[4, 5]], |g, x| g.sigmoid(x[0]));
    run("tanh", &[&[4, 5]], |g, x| g.tanh(x[0]));
    run("softplus", &[&[4, 5]], |g, x| g.softplus(x[0]));
    run("glu", &[&[2, 6, 3]], |g, x| g.glu(x[0], 1));
    run("softmax", &[&[3, 5]], |g, x| g.softmax(x[0]));
    run("log_softmax", &[&[3, 5]], |g, x| g.log_softmax(x[0]));
}

#[test]
fn shapes() {
    run("reshape", &[&[2, 6]], |g, x| g.reshape(x[0], &[3, 4]));
    run("transpose", &[&[2, 3, 4]], |g, x| g.transpose(x[0], &[2, 0, 1]));
    for order in [Dealt::ByChannel, Dealt::ByPlace] {
        run("depth_to_space", &[&[2, 8, 2, 3]], move |g, x| g.depth_to_space(x[0], 2, order));
        run("space_to_depth", &[&[2, 2, 4, 6]], move |g, x| g.space_to_depth(x[0], 2, order));
    }
    run("concat", &[&[2, 3], &[2, 1]], |g, x| g.concat(&[x[0], x[1], x[0]], 1));
    run("split", &[&[2, 6]], |g, x| {
        let parts = g.split(x[0], 1, &[1, 2, 3]);
        g.mul(parts[1], parts[0])
    });
    run("slice", &[&[4, 3]], |g, x| g.slice(x[0], 0, 1, 3));
    run("pad", &[&[1, 2, 3, 3]], |g, x| g.pad(x[0], &[0, 0, 1, 2, 0, 0, 0, 1]));
    run("broadcast_to", &[&[3, 1]], |g, x| g.broadcast_to(x[0], &[2, 3, 4]));
    run("average_pool", &[&[2, 2, 4, 6]], |g, x| g.average_pool(x[0]));
    run("double_nearest", &[&[2, 2, 3, 2]], |g, x| g.double_nearest(x[0]));
    run("pad_edge", &[&[2, 2, 3, 4]], |g, x| g.pad_edge(x[0], 2));
    run("resize_linear", &[&[1, 2, 3, 4]], |g, x| g.resize_linear(x[0], 7, 2));
    run("embedding", &[&[5, 3]], |g, x| {
        let picks = g.constant(&Tensor::new(&[4], vec![2.0, 0.0, 2.0, 4.0]));
        let picks = g.to_indices(picks);
        g.embedding(x[0], picks)
    });
    run("sum", &[&[2, 3, 4]], |g, x| g.sum(x[0], &[0, 2], false));
    run("mean", &[&[2, 3, 4]], |g, x| g.mean(x[0], &[1], true));
}

#[test]
fn products() {
    run("matmul", &[&[3, 4], &[4, 2]], |g, x| g.matmul(x[0], x[1]));
    run("matmul_batched", &[&[2, 3, 4], &[2, 4, 5]], |g, x| g.matmul(x[0], x[1]));
    run("matmul_flat", &[&[2, 3, 4], &[4, 5]], |g, x| g.matmul(x[0], x[1]));
    run("matmul_broadcast", &[&[3, 4], &[2, 4, 5]], |g, x| g.matmul(x[0], x[1]));
    for (i, (ta, tb)) in [(false, false), (true, false), (false, true), (true, true)].into_iter().enumerate() {
        let a: &[usize] = if ta { &[4, 3] } else { &[3, 4] };
        let b: &[usize] = if tb { &[2, 4] } else { &[4, 2] };
        run(&format!("gemm{i}"), &[a, b], |g, x| g.gemm(x[0], ta, x[1], tb));
    }
    run("dense", &[&[2, 3, 4]], |g, x| g.dense("d", x[0], 5));
    run("gram", &[&[2, 3, 4, 2]], |g, x| g.gram(x[0]));
}

#[test]
fn convolutions() {
    let same = Conv::same(3);
    run("conv_same", &[&[2, 3, 5, 4], &[4, 3, 3, 3]], |g, x| g.conv(x[0], x[1], same));
    run("conv_one", &[&[2, 3, 4, 4], &[4, 3, 1, 1]], |g, x| g.conv(x[0], x[1], Conv::padded(1, 0)));
    run("conv_stride", &[&[2, 3, 6, 6], &[4, 3, 4, 4]], |g, x| g.conv(x[0], x[1], Conv::padded(2, 1)));
    run("conv_stride_uneven", &[&[2, 3, 7, 8], &[4, 3, 3, 3]], |g, x| {
        g.conv(x[0], x[1], Conv { pads: [0, 0, 1, 1], ..Conv::padded(2, 0) })
    });
    run("conv_dilated", &[&[2, 2, 7, 7], &[3, 2, 3, 3]], |g, x| {
        g.conv(x[0], x[1], Conv { dilation: 2, ..Conv::padded(1, 2) })
    });
    run("conv_groups", &[&[2, 4, 5, 5], &[6, 2, 3, 3]], |g, x| g.conv(x[0], x[1], Conv { groups: 2, ..same }));
    run("conv_depthwise", &[&[2, 4, 5, 5], &[4, 1, 3, 3]], |g, x| g.conv(x[0], x[1], Conv { groups: 4, ..same }));
    run("conv_depthwise_stride", &[&[2, 4, 6, 6], &[4, 1, 5, 5]], |g, x| {
        g.conv(x[0], x[1], Conv { groups: 4, pads: [1, 1, 2, 2], ..Conv::padded(2, 0) })
    });
    // Large enough for the product per picture.
    run("conv_large", &[&[1, 2, 24, 24], &[2, 2, 3, 3]], |g, x| g.conv(x[0], x[1], same));
    // Many channels on a small map: the other form of the input gradient.
    run("conv_wide", &[&[1, 4, 2, 2], &[256, 4, 3, 3]], |g, x| g.conv(x[0], x[1], same));
    run("conv_transpose", &[&[2, 3, 3, 3], &[3, 2, 4, 4]], |g, x| {
        g.conv_transpose(x[0], x[1], [6, 6], Conv::padded(2, 1))
    });
    run("conv_transpose_rest", &[&[2, 3, 3, 3], &[3, 2, 3, 3]], |g, x| {
        g.conv_transpose(x[0], x[1], [6, 6], Conv::padded(2, 1))
    });
    run("conv_layer", &[&[2, 3, 4, 4]], |g, x| g.conv_layer("c", x[0], 5, 3, same, true));
}

#[test]
fn convolutions_of_random_shape() {
    let mut rng = ChaCha8Rng::seed_from_u64(11);
    for i in 0..24 {
        let mut draw = |low: usize, high: usize| rng.random_range(low..=high);
        let (groups, kernel, stride, dilation) = (draw(1, 3), draw(1, 4), draw(1, 3), draw(1, 2));
        let (n, per_group, out_per_group) = (draw(1, 2), draw(1, 3), draw(1, 3));
        let reach = dilation * (kernel - 1) + 1;
        let pads = [draw(0, reach - 1), draw(0, reach - 1), draw(0, reach - 1), draw(0, reach - 1)];
        let (h, w) = (reach + draw(0, 4), reach + draw(0, 4));
        let conv = Conv { stride, pads, dilation, groups };
        let x = [n, groups * per_group, h, w];
        let kernel = [groups * out_per_group, per_group, kernel, kernel];
        run(&format!("conv {i}: {x:?} by {kernel:?}, {conv:?}"), &[&x, &kernel], |g, v| g.conv(v[0], v[1], conv));
    }
}

#[test]
fn products_reductions_and_broadcasts_of_random_shape() {
    let mut rng = ChaCha8Rng::seed_from_u64(12);
    for i in 0..16 {
        let mut draw = |high: usize| rng.random_range(1..=high);
        let (batch, m, k, n) = (draw(3), draw(4), draw(5), draw(4));
        let b_batch = if draw(2) == 1 { 1 } else { batch };
        let (a, b) = ([batch, m, k], [b_batch, k, n]);
        run(&format!("matmul {i}: {a:?} by {b:?}"), &[&a, &b], |g, v| g.matmul(v[0], v[1]));
        let full = [draw(3), draw(4), draw(5)];
        let like = full.map(|d| if draw(2) == 1 { 1 } else { d });
        let axis = draw(3) - 1;
        run(&format!("mul {i}: {full:?} by {like:?}"), &[&full, &like], |g, v| g.mul(v[0], v[1]));
        run(&format!("mean {i}: {full:?} over {axis}"), &[&full], |g, v| g.mean(v[0], &[axis], false));
        run(&format!("softmax {i}: {full:?}"), &[&full], |g, v| g.softmax(v[0]));
        let steps = [draw(5), draw(3), draw(4)];
        let state = [steps[1], draw(5)];
        run(&format!("gru {i}: {steps:?} from {state:?}"), &[&steps, &state], |g, v| g.gru("r", v[0], v[1]));
    }
}

#[test]
fn normalisation() {
    run("instance_norm", &[&[2, 3, 3, 4], &[2, 3], &[2, 3]], |g, x| g.instance_norm(x[0], x[1], x[2]));
    run("batch_norm", &[&[3, 2, 3, 3]], |g, x| g.batch_norm("n", x[0], BatchStatistics::Batch));
    run("batch_norm_flat", &[&[6, 3]], |g, x| g.batch_norm("n", x[0], BatchStatistics::Batch));
    run("batch_norm_running", &[&[3, 2, 3, 3]], |g, x| g.batch_norm("n", x[0], BatchStatistics::Running));
}

#[test]
fn recurrence() {
    run("gru", &[&[5, 2, 3], &[2, 4]], |g, x| g.gru("r", x[0], x[1]));
    run("gru_one_step", &[&[1, 2, 3], &[2, 4]], |g, x| g.gru("r", x[0], x[1]));
    run("gru_two_layers", &[&[4, 2, 3], &[2, 4]], |g, x| {
        let y = g.gru("a", x[0], x[1]);
        g.gru("b", y, x[1])
    });
}

#[test]
fn losses() {
    let targets = |g: &mut Graph| {
        let picks = g.constant(&Tensor::new(&[3], vec![2.0, 0.0, 4.0]));
        g.to_indices(picks)
    };
    run("cross_entropy", &[&[3, 5]], |g, x| {
        let targets = targets(g);
        g.cross_entropy(x[0], targets)
    });
    run("l2", &[&[3, 5], &[3, 5]], |g, x| g.l2_loss(x[0], x[1]));
    run("l1", &[&[3, 5], &[3, 5]], |g, x| g.l1_loss(x[0], x[1]));
    run("hinge", &[&[3, 2], &[3, 2]], |g, x| g.hinge_loss(x[0], x[1]));
    run("logistic", &[&[3, 2], &[3, 2]], |g, x| g.logistic_loss(x[0], x[1]));
    run("wasserstein", &[&[3, 2], &[3, 2]], |g, x| g.wasserstein_loss(x[0], x[1]));
    run("non_saturating", &[&[3, 2]], |g, x| g.non_saturating_loss(x[0]));
    run("kl", &[&[3, 4], &[3, 4]], |g, x| g.kl_divergence(x[0], x[1]));
}

#[test]
fn a_value_used_twice_gets_both_gradients_and_a_detached_one_none() {
    run("twice", &[&[3]], |g, x| {
        let y = g.tanh(x[0]);
        g.mul(y, x[0])
    });
    let mut g = Graph::for_training();
    let w = g.parameter("w", &[2], Init::Constant(1.0), Role::Weight);
    let cut = g.detach(w);
    let product = g.mul(w, cut);
    let loss = g.sum_all(product);
    let gradient = g.gradients(loss, &[w])[0];
    let mut forward = Forward::new(&g.to_model(&[("d", gradient)], Weights::Fed), CPU).unwrap();
    let feeds = Feeds::from([("w".into(), Feed::Floats(Tensor::new(&[2], vec![3.0, 5.0])))]);
    assert_eq!(forward.run(&feeds).unwrap()["d"].data, [3.0, 5.0], "w·detach(w) has the derivative w, not 2w");
}
