//! A model file is untrusted input: each way to be bad gives one clear error that names the file and the reason.

mod support;

use oneiro::model::inspect::{MAX_FILE_BYTES, Refusal, inspect};
use oneiro::model::onnx::{
    AttributeProto, DataLocation, FunctionProto, ModelProto, OperatorSetIdProto, StringStringEntryProto, TensorProto,
};
use oneiro::model::session::{Session, SessionOptions};
use oneiro::model::spec::{Kind, SpecError, TensorSpec};
use proptest::prelude::*;
use prost::Message as _;
use support::{doubling, graph, spec, write};
use tempfile::{TempDir, tempdir};

/// The reason for which a model is refused; the message must be one line and name the file.
fn reason(model: &ModelProto) -> Refusal {
    let folder = tempdir().unwrap();
    let path = write(folder.path(), "bad.onnx", model);
    let error = inspect(&path).expect_err("the model must be refused");
    let message = error.to_string();
    assert!(message.contains("bad.onnx: ") && !message.contains('\n'), "{message}");
    error.reason
}

fn bytes_reason(bytes: &[u8]) -> Refusal {
    let folder = tempdir().unwrap();
    let path = folder.path().join("bad.onnx");
    std::fs::write(&path, bytes).unwrap();
    inspect(&path).expect_err("the bytes must be refused").reason
}

#[test]
fn a_sound_model_is_accepted_and_counted() {
    let folder = tempdir().unwrap();
    let model = inspect(&write(folder.path(), "good.onnx", &doubling())).unwrap();
    assert_eq!(model.spec, spec());
    assert_eq!((model.facts.nodes, model.facts.tensors, model.facts.parameters), (1, 1, 1));
}

#[test]
fn text_is_not_onnx() {
    assert!(matches!(bytes_reason(b"MThd this is no model at all"), Refusal::NotOnnx(_)));
}

#[test]
fn an_empty_file_is_not_onnx() {
    assert!(matches!(bytes_reason(b""), Refusal::NotOnnx(_)));
}

#[test]
fn a_model_cut_off_is_not_onnx() {
    let bytes = doubling().encode_to_vec();
    for end in 0..bytes.len() {
        let folder = tempdir().unwrap();
        let path = folder.path().join("cut.onnx");
        std::fs::write(&path, &bytes[..end]).unwrap();
        assert!(inspect(&path).is_err(), "cut at {end}");
    }
}

#[test]
fn a_missing_file_and_a_folder_are_unreadable() {
    let folder = tempdir().unwrap();
    assert!(matches!(inspect(&folder.path().join("none.onnx")).unwrap_err().reason, Refusal::Unreadable(_)));
    assert!(matches!(inspect(folder.path()).unwrap_err().reason, Refusal::Unreadable(_)));
}

#[test]
fn a_huge_file_is_refused_without_reading_it() {
    let folder = tempdir().unwrap();
    let path = folder.path().join("huge.onnx");
    std::fs::File::create(&path).unwrap().set_len(MAX_FILE_BYTES + 1).unwrap(); // sparse: takes no room
    assert!(matches!(inspect(&path).unwrap_err().reason, Refusal::TooLarge { .. }));
}

#[test]
fn another_kind_is_refused_where_one_is_asked_for() {
    let folder = tempdir().unwrap();
    let path = write(folder.path(), "picture.onnx", &doubling());
    let error = Session::open(&path, Kind::MelodyRnn, &SessionOptions::default()).unwrap_err().to_string();
    assert!(error.ends_with("picture.onnx: is of kind image-gan, but melody-rnn is needed here"), "{error}");
}

#[test]
fn an_unknown_kind_is_refused_with_the_known_ones() {
    let mut model = doubling();
    let text = model.metadata_props[0].value.as_mut().unwrap();
    *text = text.replace("image-gan", "perpetuum-mobile");
    assert!(matches!(reason(&model), Refusal::Spec(SpecError::Malformed(m)) if m.contains("perpetuum-mobile")));
}

#[test]
fn a_missing_input_or_output_is_named() {
    let mut described = spec();
    described.inputs.push(TensorSpec::f32("state", &[1, 8]));
    let mut model = doubling();
    described.store(&mut model).unwrap();
    assert!(matches!(reason(&model), Refusal::MissingTensor { direction: "input", name } if name == "state"));

    let mut model = doubling();
    graph(&mut model).output.clear();
    assert!(matches!(reason(&model), Refusal::MissingTensor { direction: "output", name } if name == "image"));
}

#[test]
fn another_shape_or_type_than_described_is_refused() {
    for tensor in [TensorSpec::f32("z", &[1, 1, 2, 3]), TensorSpec::f32("z", &[4]), TensorSpec::i64("z", &[1, 1, 2, 2])]
    {
        let mut described = spec();
        described.inputs = vec![tensor];
        let mut model = doubling();
        described.store(&mut model).unwrap();
        assert!(matches!(reason(&model), Refusal::Mismatch { direction: "input", .. }));
    }
}

#[test]
fn absurd_shapes_are_refused_without_overflow() {
    for dims in [vec![i64::MAX, i64::MAX], vec![1 << 40, 0, 1 << 40], vec![-1], vec![1; 9], vec![3], vec![1 << 29]] {
        let mut model = doubling();
        graph(&mut model).initializer[0].dims = dims.clone();
        assert!(matches!(reason(&model), Refusal::Shape { name, .. } if name == "two"), "{dims:?}");
    }
}

#[test]
fn an_absurd_declared_input_is_refused() {
    let mut model = doubling();
    let z = graph(&mut model).input[0].r#type.as_mut().unwrap().tensor_type.as_mut().unwrap();
    for dim in &mut z.shape.as_mut().unwrap().dim {
        dim.value = Some(oneiro::model::onnx::DimensionValue::Fixed(i64::MAX));
    }
    assert!(matches!(reason(&model), Refusal::Shape { name, .. } if name == "z"));
}

#[test]
fn data_in_another_file_is_refused() {
    let by_flag = |tensor: &mut TensorProto| tensor.data_location = Some(DataLocation::External as i32);
    let by_path = |tensor: &mut TensorProto| {
        let entry =
            |key: &str, value: &str| StringStringEntryProto { key: Some(key.into()), value: Some(value.into()) };
        tensor.external_data = vec![entry("location", "../../etc/passwd")];
    };
    for change in [&by_flag as &dyn Fn(&mut TensorProto), &by_path] {
        let mut model = doubling();
        change(&mut graph(&mut model).initializer[0]);
        assert!(matches!(reason(&model), Refusal::ExternalData { name } if name == "two"));
    }
}

#[test]
fn data_in_another_file_is_found_within_an_operator() {
    let mut tensor = TensorProto::from_f32("hidden", &[1], &[1.0]);
    tensor.data_location = Some(DataLocation::External as i32);
    let mut model = doubling();
    let body = oneiro::model::onnx::GraphProto { initializer: vec![tensor], ..Default::default() };
    let attribute = AttributeProto { name: Some("body".into()), g: Some(body), ..AttributeProto::default() };
    graph(&mut model).node[0].attribute.push(attribute);
    assert!(matches!(reason(&model), Refusal::ExternalData { name } if name == "hidden"));
}

#[test]
fn custom_operators_and_functions_are_refused() {
    let mut model = doubling();
    graph(&mut model).node[0].domain = Some("com.evil".into());
    model.opset_import.push(OperatorSetIdProto { domain: Some("com.evil".into()), version: Some(1) });
    assert!(matches!(reason(&model), Refusal::CustomOperator { domain, .. } if domain == "com.evil"));

    let mut model = doubling();
    model.functions.push(FunctionProto { name: Some("mine".into()), domain: Some("local".into()) });
    assert!(matches!(reason(&model), Refusal::CustomOperator { operator, .. } if operator == "mine"));
}

#[test]
fn a_model_that_does_not_say_what_it_is_is_refused_until_a_description_lies_beside_it() {
    let mut model = doubling();
    model.metadata_props.clear();
    let folder = tempdir().unwrap();
    let path = write(folder.path(), "foreign.onnx", &model);
    let error = inspect(&path).unwrap_err().to_string();
    assert!(error.contains("foreign.toml"), "{error}");
    std::fs::write(folder.path().join("foreign.toml"), toml::to_string(&spec()).unwrap()).unwrap();
    assert_eq!(inspect(&path).unwrap().spec, spec());
}

#[test]
fn a_description_of_a_later_version_asks_for_an_update() {
    let mut model = doubling();
    let text = model.metadata_props[0].value.as_mut().unwrap();
    *text = text.replace("\"spec_version\":1", "\"spec_version\":99").replace("\"name\":\"doubling\"", "\"name\":7");
    assert!(matches!(reason(&model), Refusal::Spec(SpecError::TooNew { found: 99 })));
}

#[test]
fn a_description_without_what_its_kind_needs_is_refused() {
    let mut incomplete = spec();
    incomplete.latent = None;
    assert!(matches!(incomplete.store(&mut doubling()), Err(SpecError::Incomplete { kind: Kind::ImageGan, .. })));
    let mut senseless = spec();
    senseless.metrics.insert("distance".into(), f64::NAN); // has no form in JSON
    assert!(senseless.to_json().is_err());
}

#[test]
fn a_network_that_the_runtime_does_not_know_is_an_error_that_names_the_file() {
    let mut model = doubling();
    graph(&mut model).node[0].op_type = Some("NoSuchOperator".into());
    let folder: TempDir = tempdir().unwrap();
    let path = write(folder.path(), "unknown.onnx", &model);
    let error = Session::open(&path, Kind::ImageGan, &SessionOptions::default()).unwrap_err().to_string();
    assert!(error.contains("unknown.onnx: is not accepted by ONNX Runtime"), "{error}");
    assert!(!error.contains('\n'), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Any bytes changed in a sound model lead to a model or an error, never to a panic.
    #[test]
    fn damaged_bytes_never_panic(places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8)) {
        let mut bytes = doubling().encode_to_vec();
        for (place, value) in places {
            let at = place.index(bytes.len());
            bytes[at] = value;
        }
        let _either = oneiro::model::inspect::inspect_bytes("damaged", bytes);
    }
}
