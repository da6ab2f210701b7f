use super::*;
use crate::train::graph::Weights;
use crate::train::program::{Device, Feed, Feeds, Forward};
use crate::train::step::normal;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;

/// A file of the network as it is stored: places in a table of four values that grow with the layer.
fn stored() -> Tensors {
    let mut tensors = Tensors::new();
    for &(block, number, from, to) in &LAYERS {
        let name = |part: &str| format!("block{block}_conv{number}_{part}");
        let places = (0..to * from * 9).map(|i| (i * 7 % 4) as f32).collect();
        tensors.insert(name("W_q"), Tensor::new(&[to, from, 3, 3], places));
        tensors.insert(name("W_table"), Tensor::new(&[4], vec![-0.5, 0.25, 1.0, 2.0 + block as f32]));
        tensors.insert(name("b"), Tensor::new(&[to], vec![0.5; to]));
    }
    tensors
}

#[test]
fn weights_are_looked_up_and_the_first_layer_turned_from_blue_first_to_red_first() {
    let read = Vgg::from_tensors(&stored(), "file.bin").unwrap();
    let table = |place: usize, block: f32| [-0.5, 0.25, 1.0, 2.0 + block][place % 4];
    // Kernel 5 of the first layer, red: stored as its third plane.
    assert_eq!(read.layers[0].weight.data[5 * 27 + 3], table((5 * 27 + 18 + 3) * 7, 1.0));
    assert_eq!(read.layers[0].weight.data[5 * 27 + 9], table((5 * 27 + 9) * 7, 1.0), "green stays");
    assert_eq!(read.layers[8].weight.data[1234], table(1234 * 7, 4.0));
    assert_eq!(read.layers[8].bias.shape, [1, 512, 1, 1]);
}

#[test]
fn a_file_that_lacks_something_or_points_beyond_its_table_is_refused_by_name() {
    let mut tensors = stored();
    tensors.remove("block3_conv2_b");
    let error = Vgg::from_tensors(&tensors, "file.bin").err().unwrap().to_string();
    assert_eq!(error, "file.bin: tensor block3_conv2_b is missing, expected shape [256]");
    for wrong in [4.0, -1.0, f32::NAN] {
        let mut tensors = stored();
        tensors.get_mut("block2_conv1_W_q").unwrap().data[17] = wrong;
        let error = Vgg::from_tensors(&tensors, "file.bin").err().unwrap().to_string();
        assert_eq!(error, format!("file.bin: block2_conv1_W_q holds {wrong}, but its table has 4 values"));
    }
}

/// One layer by its definition: 3×3, zeros around, then what is above zero.
fn plain(layer: &Layer, x: &[f64], side: usize) -> Vec<f64> {
    let [out, from, ..] = layer.weight.shape[..] else { panic!("a kernel has four axes") };
    let mut data = Vec::with_capacity(out * side * side);
    for o in 0..out {
        for at in 0..side * side {
            let (y, x0) = (at / side, at % side);
            let mut sum = f64::from(layer.bias.data[o]);
            for i in 0..from {
                for tap in 0..9 {
                    let (row, column) = (y + tap / 3, x0 + tap % 3);
                    if (1..=side).contains(&row) && (1..=side).contains(&column) {
                        let w = f64::from(layer.weight.data[(o * from + i) * 9 + tap]);
                        sum += w * x[i * side * side + (row - 1) * side + column - 1];
                    }
                }
            }
            data.push(sum.max(0.0));
        }
    }
    data
}

#[test]
fn features_are_those_of_the_architecture_written_out() {
    let seed = 5;
    let network = Vgg::random(seed);
    let side = 8;
    let picture = normal(&mut ChaCha8Rng::seed_from_u64(seed), 0.5, 3 * side * side);
    // Bytes without the mean of the data that the network learnt from.
    let mut x: Vec<f64> = picture
        .iter()
        .enumerate()
        .map(|(i, &v)| f64::from(v) * 127.5 + 127.5 - [123.68, 116.779, 103.939][i / (side * side)])
        .collect();
    let (mut expected, mut s) = (Vec::new(), side);
    for (layer, &(block, number, from, _)) in network.layers.iter().zip(&LAYERS) {
        if number == 1 && block > 1 {
            let mean = |c: usize, y: usize, x0: usize| {
                let at = |dy, dx| x[c * s * s + (2 * y + dy) * s + 2 * x0 + dx];
                (at(0, 0) + at(0, 1) + at(1, 0) + at(1, 1)) / 4.0
            };
            let half = s / 2;
            x = (0..from * half * half).map(|i| mean(i / (half * half), i / half % half, i % half)).collect();
            s = half;
        }
        x = plain(layer, &x, s);
        if number == 1 {
            expected.push(x.clone());
        }
    }
    let mut g = Graph::new();
    let pictures = g.input("pictures", &[1, 3, side, side]);
    let found = network.features(&mut g, pictures);
    assert_eq!(found.map(|f| g.shape(f)[1]), [64, 128, 256, 512]);
    let names = ["0", "1", "2", "3"];
    let outputs: Vec<(&str, Var)> = names.into_iter().zip(found).collect();
    let mut forward = Forward::new(&g.to_model(&outputs, Weights::Fed), Device::Cpu { threads: 1 }).unwrap();
    let feed = Feed::Floats(Tensor::new(&[1, 3, side, side], picture));
    let found = forward.run(&Feeds::from([("pictures".to_owned(), feed)])).unwrap();
    for (name, expected) in names.into_iter().zip(expected) {
        let size = expected.iter().fold(0.0_f64, |m, v| m.max(*v));
        assert!(size > 1.0, "feature {name} is dead, seed {seed}");
        for (a, b) in found[name].data.iter().zip(&expected) {
            assert!((f64::from(*a) - b).abs() < 1e-4 * size, "feature {name}: {a} against {b}, seed {seed}");
        }
    }
}
