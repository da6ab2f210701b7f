//! Models that mean harm, in the real runtime: what would exhaust the machine is refused or ended, and the rest plays on.

#[path = "support/endless.rs"]
mod endless;
mod render_support;
mod support;

use endless::{attribute, node};
use oneiro::model::inspect::{Refusal, inspect, inspect_bytes};
use oneiro::model::onnx::{
    AttributeProto, DataLocation, GraphProto, ModelProto, NodeProto, StringStringEntryProto, TensorProto,
};
use oneiro::model::session::{Input, Session, SessionError, SessionOptions};
use oneiro::model::spec::Kind;
use oneiro::picture::{Generator, Look};
use prost::Message as _;
use std::time::{Duration, Instant};
use support::{doubling, graph, write};
use tempfile::tempdir;

/// The model that doubles, with further constants and operators before its own, of which nothing comes out.
fn beside(constants: Vec<TensorProto>, nodes: Vec<NodeProto>) -> ModelProto {
    let mut model = doubling();
    let graph = graph(&mut model);
    graph.initializer.extend(constants);
    graph.node.splice(0..0, nodes);
    model
}

/// The model that doubles, after a loop without end in which `each` is done.
fn endless(each: Vec<NodeProto>, scanned: bool) -> Vec<u8> {
    let (constants, mut nodes) = endless::endless("z", each, scanned);
    nodes.push(node("Mul", &["z", "two"], &["doubled"]));
    nodes.push(node("Add", &["doubled", "end"], &["image"]));
    let mut model = doubling();
    let graph = graph(&mut model);
    graph.initializer.extend(constants);
    graph.node = nodes;
    model.encode_to_vec()
}

fn tight() -> SessionOptions {
    SessionOptions { limit: Duration::from_millis(400), ..SessionOptions::default() }
}

const Z: (&str, Input<'static>) = ("z", Input::F32(&[1, 1, 2, 2], &[1.0, 2.0, 3.0, 4.0]));

#[test]
fn what_stands_in_the_file_and_would_fill_the_memory_is_refused() {
    let shape = |of: &[i64]| TensorProto::from_i64("n", &[of.len()], of);
    let floats = |of: &[f32]| TensorProto::from_f32("f", &[of.len()], of);
    let scalar = |name: &str, n: i64| TensorProto { dims: Vec::new(), ..TensorProto::from_i64(name, &[1], &[n]) };
    let mut normal = node("RandomNormal", &[], &["x"]);
    normal.attribute = vec![AttributeProto { ints: vec![1 << 20, 1 << 20], ..attribute("shape") }];
    let mut constant = node("Constant", &[], &["n"]);
    constant.attribute = vec![AttributeProto { ints: vec![1 << 40], ..attribute("value_ints") }];
    let mut inner = node("If", &["yes"], &["x"]);
    let branch = GraphProto { node: vec![node("ConstantOfShape", &["n"], &["deep"])], ..GraphProto::default() };
    inner.attribute = vec![AttributeProto { g: Some(branch), ..attribute("then_branch") }];
    let bombs = [
        ("ConstantOfShape", vec![shape(&[1 << 20, 1 << 20])], vec![node("ConstantOfShape", &["n"], &["x"])]),
        ("Expand", vec![shape(&[1 << 30])], vec![node("Expand", &["two", "n"], &["x"])]),
        ("Tile", vec![shape(&[1 << 62])], vec![node("Tile", &["two", "n"], &["x"])]),
        ("Resize", vec![shape(&[1, 1, 1 << 20, 1 << 20])], vec![node("Resize", &["z", "", "", "n"], &["x"])]),
        ("Resize", vec![floats(&[1.0, 1.0, 1e6, 1e6])], vec![node("Resize", &["z", "", "f"], &["x"])]),
        ("Pad", vec![shape(&[0, 0, 1 << 20, 1 << 20, 0, 0, 0, 0])], vec![node("Pad", &["z", "n"], &["x"])]),
        ("OneHot", vec![shape(&[1 << 40])], vec![node("OneHot", &["z", "n", "two"], &["x"])]),
        (
            "Range",
            vec![scalar("from", 0), scalar("to", i64::MAX), scalar("step", 1)],
            vec![node("Range", &["from", "to", "step"], &["x"])],
        ),
        ("RandomNormal", vec![], vec![normal]),
        ("ConstantOfShape", vec![], vec![constant, node("ConstantOfShape", &["n"], &["x"])]),
        ("ConstantOfShape", vec![shape(&[1 << 40])], vec![inner]),
        ("Loop", vec![scalar("n", 1 << 62)], vec![node("Loop", &["n", ""], &["x"])]),
    ];
    for (operator, constants, nodes) in bombs {
        let refused = inspect_bytes("bomb.onnx", beside(constants, nodes).encode_to_vec()).expect_err(operator);
        assert!(
            matches!(&refused.reason, Refusal::Amplifies { operator: named, .. } if named == operator),
            "{refused}"
        );
        assert!(refused.to_string().starts_with("bomb.onnx: is built to exhaust the machine"), "{refused}");
    }
    // The same operators in measure are as good as any.
    let modest = beside(vec![shape(&[16, 16])], vec![node("ConstantOfShape", &["n"], &["x"])]);
    assert!(inspect_bytes("modest.onnx", modest.encode_to_vec()).is_ok());
}

#[test]
fn a_loop_without_end_is_ended_and_its_model_set_aside_while_others_run() {
    let each = vec![node("Add", &["held", "one"], &["holds"])];
    let mut session = Session::from_bytes("endless.onnx", endless(each, false), Kind::ImageGan, &tight()).unwrap();
    let other = std::thread::spawn(|| {
        let bytes = doubling().encode_to_vec();
        let mut sound = Session::from_bytes("sound.onnx", bytes, Kind::ImageGan, &tight()).unwrap();
        let began = Instant::now();
        let mut runs = 0;
        while began.elapsed() < Duration::from_millis(900) {
            assert_eq!(sound.run(&[Z]).unwrap().f32("image").unwrap(), [2.0, 4.0, 6.0, 8.0]);
            runs += 1;
        }
        runs
    });
    let began = Instant::now();
    let ended = session.run(&[Z]).unwrap_err();
    assert!(began.elapsed() > Duration::from_millis(300) && began.elapsed() < Duration::from_secs(60));
    assert_eq!(
        ended.to_string(),
        "endless.onnx: took longer than 0.4 s and was ended; it is set aside until it is chosen anew"
    );
    // The quickest of some, for a busy machine may hold up any.
    let again = || {
        let began = Instant::now();
        assert!(matches!(session.run(&[Z]), Err(SessionError::Ended { .. })));
        began.elapsed()
    };
    assert!(std::iter::repeat_with(again).take(5).min() < Some(Duration::from_millis(300)), "it is not tried again");
    assert!(other.join().unwrap() > 100, "who is sound runs on");
}

#[cfg(target_os = "linux")]
#[test]
fn a_loop_that_heaps_up_pages_is_ended_by_the_memory_that_it_takes() {
    let each = vec![node("Add", &["held", "one"], &["holds"]), node("Expand", &["holds", "wide"], &["page"])];
    let options = SessionOptions { memory: 64 << 20, limit: Duration::from_secs(60), ..SessionOptions::default() };
    let mut session = Session::from_bytes("heap.onnx", endless(each, true), Kind::ImageGan, &options).unwrap();
    let ended = session.run(&[Z]).unwrap_err().to_string();
    assert!(ended.contains("took more than 64 MiB of memory and was ended"), "{ended}");
}

#[test]
fn more_memory_than_any_machine_has_is_an_error_and_no_end() {
    // 2^50 numbers, by a product that no reader of the file multiplies out.
    let constants = vec![TensorProto::from_i64("n", &[1], &[1 << 25])];
    let nodes = vec![
        node("Mul", &["n", "n"], &["much"]),
        node("ConstantOfShape", &["much"], &["zeros"]),
        node("ReduceSum", &["zeros"], &["none"]),
    ];
    let mut model = beside(constants, nodes);
    let last = graph(&mut model).node.last_mut().unwrap();
    (last.input[0], last.output[0]) = ("z".into(), "doubled".into());
    graph(&mut model).node.push(node("Add", &["doubled", "none"], &["image"]));
    let opened = Session::from_bytes("huge.onnx", model.encode_to_vec(), Kind::ImageGan, &tight());
    let error = opened.and_then(|mut session| session.run(&[Z]).map(|_| ())).unwrap_err().to_string();
    assert!(error.starts_with("huge.onnx: ") && !error.contains('\n'), "{error}");
}

#[test]
fn data_outside_the_file_is_refused_wherever_it_lies() {
    let folder = tempdir().unwrap();
    let inner = folder.path().join("models");
    std::fs::create_dir(&inner).unwrap();
    let secret = folder.path().join("secret.bin");
    for place in [secret.as_path(), &inner.join("beside.bin")] {
        std::fs::write(place, 2.0_f32.to_le_bytes()).unwrap();
    }
    let mut places = vec!["../secret.bin".to_owned(), secret.display().to_string(), "beside.bin".to_owned()];
    #[cfg(unix)]
    {
        std::os::unix::fs::symlink(&secret, inner.join("link.bin")).unwrap();
        places.push("link.bin".into());
    }
    for place in places {
        let mut model = doubling();
        let two = &mut graph(&mut model).initializer[0];
        two.raw_data = None;
        two.data_location = Some(DataLocation::External as i32);
        let entry =
            |key: &str, value: &str| StringStringEntryProto { key: Some(key.into()), value: Some(value.into()) };
        two.external_data = vec![entry("location", &place), entry("offset", "0"), entry("length", "4")];
        let refused = inspect(&write(&inner, "model.onnx", &model)).unwrap_err();
        assert!(matches!(refused.reason, Refusal::ExternalData { .. }), "{place}: {refused}");
    }
}

#[test]
fn graphs_too_deep_in_one_another_are_refused_unread() {
    let mut body = GraphProto { node: vec![node("Neg", &["z"], &["x"])], ..GraphProto::default() };
    for _ in 0..200 {
        let mut choice = node("If", &["yes"], &["x"]);
        choice.attribute = vec![AttributeProto { g: Some(body), ..attribute("then_branch") }];
        body = GraphProto { node: vec![choice], ..GraphProto::default() };
    }
    let mut model = doubling();
    graph(&mut model).node.splice(0..0, body.node);
    let refused = inspect_bytes("deep.onnx", model.encode_to_vec()).unwrap_err();
    assert!(matches!(refused.reason, Refusal::Bomb(_)), "{refused}");
}

#[test]
fn pictures_of_no_numbers_are_grey_and_of_infinities_too() {
    let (mut model, spec) = render_support::generator();
    let graph = model.graph.as_mut().unwrap();
    graph.initializer.push(TensorProto::from_f32("nothing", &[1], &[0.0]));
    for node in graph.node.iter_mut().flat_map(|node| &mut node.output).filter(|name| *name == "picture") {
        *node = "painted".into();
    }
    // 0/0 and x/0.
    graph.node.push(node("Div", &["painted", "nothing"], &["picture"]));
    let bytes = render_support::bytes((model, spec));
    let session = Session::from_bytes("void.onnx", bytes, Kind::ImageGan, &SessionOptions::default()).unwrap();
    let mut generator = Generator::new(session).unwrap();
    for z in [0.0, 1.0, f32::NAN, f32::INFINITY] {
        let look = Look { z: vec![z; generator.latent_size()], psi: 0.8, accent: 0.0, activity: 0.0 };
        let picture = generator.paint(&look).unwrap();
        assert!(picture.data.iter().all(|value| (0.0..=1.0).contains(value)));
    }
}
