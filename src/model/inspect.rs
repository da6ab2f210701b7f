//! Reading a model file as untrusted input, before a session is made from it.
//!
//! What is checked: the size of the file, the number and depth of its messages, every tensor's shape against the
//! bytes it has, data outside the file (refused), operators and functions from outside the ONNX standard (refused),
//! and that the graph has the inputs and outputs its description speaks of.

use super::onnx::{DataLocation, DataType, DimensionValue, GraphProto, ModelProto, TensorProto, ValueInfoProto};
use super::spec::{Dim, Element, Kind, MAX_SPEC_BYTES, ModelSpec, SpecError, TensorSpec};
use super::wire::{self, WireError};
use prost::Message;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Largest model file, in bytes.
pub const MAX_FILE_BYTES: u64 = 256 << 20;
/// Most tensors in a model.
pub const MAX_TENSORS: usize = 65_536;
/// Most dimensions of a tensor.
pub const MAX_RANK: usize = 8;
/// Most elements of one tensor.
pub const MAX_ELEMENTS: u64 = 1 << 28;

/// A model file that was found sound, and what it says of itself.
#[derive(Clone, Debug)]
pub struct Inspected {
    /// Where it came from: a path, or a label for bytes from elsewhere.
    pub origin: PathBuf,
    /// The bytes that were checked; make sessions from these, since the file may change.
    pub bytes: Vec<u8>,
    /// Its description.
    pub spec: ModelSpec,
    /// Numbers of the network.
    pub facts: Facts,
}

/// Numbers of a network.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Operators, those within loops included.
    pub nodes: usize,
    /// Constant tensors.
    pub tensors: usize,
    /// Numbers in the constant float tensors: the parameters.
    pub parameters: u64,
}

/// A model file that is refused: which, and why.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", origin.display())]
pub struct ModelError {
    /// The file.
    pub origin: PathBuf,
    /// The reason.
    #[source]
    pub reason: Refusal,
}

/// Why a model is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// Larger than [`MAX_FILE_BYTES`].
    #[error("is {} MB large; the limit for a model is {} MB", bytes >> 20, MAX_FILE_BYTES >> 20)]
    TooLarge {
        /// Size of the file.
        bytes: u64,
    },
    /// The bytes are no ONNX model.
    #[error("is not an ONNX model: {0}")]
    NotOnnx(&'static str),
    /// More or deeper messages than any honest model has.
    #[error("is built to exhaust memory: {0}")]
    Bomb(&'static str),
    /// There is no description, neither inside nor beside the file.
    #[error("does not say what it is: neither `oneiro.spec` in its metadata nor {} beside it", sidecar.display())]
    NotDescribed {
        /// The description that could lie beside it.
        sidecar: PathBuf,
    },
    /// The description is refused.
    #[error("{0}")]
    Spec(#[from] SpecError),
    /// Another kind than the one asked for.
    #[error("is of kind {found}, but {wanted} is needed here")]
    WrongKind {
        /// What was asked for.
        wanted: Kind,
        /// What the file is.
        found: Kind,
    },
    /// An input or output that the description names is not in the graph.
    #[error("has no {direction} `{name}`, though its description says so")]
    MissingTensor {
        /// `input` or `output`.
        direction: &'static str,
        /// Name of the tensor.
        name: String,
    },
    /// An input or output is of another type or shape than described.
    #[error("{direction} `{name}` is {found}, but its description says {described}")]
    Mismatch {
        /// `input` or `output`.
        direction: &'static str,
        /// Name of the tensor.
        name: String,
        /// What the graph has.
        found: String,
        /// What the description says.
        described: String,
    },
    /// A tensor's shape is senseless or does not fit its bytes.
    #[error("tensor `{name}` has the shape {shape:?}: {problem}")]
    Shape {
        /// Name of the tensor.
        name: String,
        /// Its shape.
        shape: Vec<i64>,
        /// What is wrong.
        problem: String,
    },
    /// Data in another file.
    #[error("tensor `{name}` keeps its data in another file; models must be one file")]
    ExternalData {
        /// Name of the tensor.
        name: String,
    },
    /// An operator from outside the standard.
    #[error("uses the operator `{operator}` of `{domain}`; only standard ONNX operators are run")]
    CustomOperator {
        /// Operator, or function of the model.
        operator: String,
        /// Its domain.
        domain: String,
    },
    /// ONNX Runtime does not accept the network.
    #[error("is not accepted by ONNX Runtime: {0}")]
    Session(String),
}

/// Reads and checks a model file.
///
/// # Errors
/// [`ModelError`] names the file and the reason.
pub fn inspect(path: &Path) -> Result<Inspected, ModelError> {
    let fail = |reason| ModelError { origin: path.to_owned(), reason };
    let bytes = read_limited(path).map_err(fail)?;
    check(&bytes, Some(path)).map_err(fail).map(|(spec, facts)| Inspected {
        origin: path.to_owned(),
        bytes,
        spec,
        facts,
    })
}

/// Checks a model that is in memory; `label` stands for it in errors.
///
/// # Errors
/// [`ModelError`].
pub fn inspect_bytes(label: &str, bytes: Vec<u8>) -> Result<Inspected, ModelError> {
    let fail = |reason| ModelError { origin: PathBuf::from(label), reason };
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(fail(Refusal::TooLarge { bytes: bytes.len() as u64 }));
    }
    check(&bytes, None).map_err(fail).map(|(spec, facts)| Inspected {
        origin: PathBuf::from(label),
        bytes,
        spec,
        facts,
    })
}

impl Inspected {
    /// Gives the model back if it is of this kind.
    ///
    /// # Errors
    /// [`Refusal::WrongKind`].
    pub fn expect_kind(self, wanted: Kind) -> Result<Self, ModelError> {
        let found = self.spec.kind;
        if found == wanted {
            Ok(self)
        } else {
            Err(ModelError { origin: self.origin, reason: Refusal::WrongKind { wanted, found } })
        }
    }
}

fn read_limited(path: &Path) -> Result<Vec<u8>, Refusal> {
    let unreadable = |e: io::Error| Refusal::Unreadable(e.to_string());
    let file = File::open(path).map_err(unreadable)?;
    let meta = file.metadata().map_err(unreadable)?;
    if !meta.is_file() {
        return Err(Refusal::Unreadable("not a file".into())); // a pipe or device could go on for ever
    }
    if meta.len() > MAX_FILE_BYTES {
        return Err(Refusal::TooLarge { bytes: meta.len() });
    }
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(Refusal::TooLarge { bytes: bytes.len() as u64 });
    }
    Ok(bytes)
}

fn check(bytes: &[u8], path: Option<&Path>) -> Result<(ModelSpec, Facts), Refusal> {
    if bytes.is_empty() {
        return Err(Refusal::NotOnnx("it is empty"));
    }
    wire::look_through(bytes).map_err(|e| match e {
        WireError::Malformed => Refusal::NotOnnx("its bytes are not of that format, or are cut off"),
        WireError::TooManyFields => Refusal::Bomb("it has more than a million fields"),
        WireError::Sparse => Refusal::NotOnnx("it has sparse tensors, which are not read"),
        WireError::TooDeep => Refusal::Bomb("its graphs lie too deep in one another"),
    })?;
    let model = ModelProto::decode(bytes).map_err(|_| Refusal::NotOnnx("its fields are not those of a model"))?;
    let graph = model.graph.as_ref().ok_or(Refusal::NotOnnx("there is no graph in it"))?;
    if graph.node.is_empty() || model.opset_import.is_empty() {
        return Err(Refusal::NotOnnx("there is no network in it"));
    }
    if let Some(function) = model.functions.first() {
        return Err(Refusal::CustomOperator { operator: named(&function.name), domain: named(&function.domain) });
    }
    let mut facts = Facts::default();
    check_graph(graph, &mut facts)?;
    for value in graph.input.iter().chain(&graph.output) {
        check_value(value)?;
    }
    let spec = match ModelSpec::of(&model)? {
        Some(spec) => spec,
        None => read_sidecar(path)?,
    };
    for (direction, described, present) in
        [("input", &spec.inputs, &graph.input), ("output", &spec.outputs, &graph.output)]
    {
        for tensor in described {
            check_described(direction, tensor, present)?;
        }
    }
    Ok((spec, facts))
}

fn read_sidecar(path: Option<&Path>) -> Result<ModelSpec, Refusal> {
    let Some(sidecar) = path.map(|p| p.with_extension("toml")) else {
        return Err(Refusal::NotDescribed { sidecar: PathBuf::from("a NAME.toml") });
    };
    let file = match File::open(&sidecar) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(Refusal::NotDescribed { sidecar }),
        Err(e) => return Err(Refusal::Unreadable(format!("{}: {e}", sidecar.display()))),
    };
    let mut text = String::new();
    file.take(MAX_SPEC_BYTES as u64 + 1)
        .read_to_string(&mut text)
        .map_err(|e| Refusal::Unreadable(format!("{}: {e}", sidecar.display())))?;
    Ok(ModelSpec::from_toml(&text)?)
}

/// Nesting is bounded by [`wire::look_through`].
fn check_graph(graph: &GraphProto, facts: &mut Facts) -> Result<(), Refusal> {
    for tensor in &graph.initializer {
        check_tensor(tensor, facts)?;
    }
    for node in &graph.node {
        facts.nodes += 1;
        let domain = node.domain.as_deref().unwrap_or_default();
        if !matches!(domain, "" | "ai.onnx") {
            return Err(Refusal::CustomOperator { operator: named(&node.op_type), domain: shortened(domain) });
        }
        for attribute in &node.attribute {
            for tensor in attribute.t.iter().chain(&attribute.tensors) {
                check_tensor(tensor, facts)?;
            }
            for body in attribute.g.iter().chain(&attribute.graphs) {
                check_graph(body, facts)?;
            }
        }
    }
    Ok(())
}

fn check_tensor(tensor: &TensorProto, facts: &mut Facts) -> Result<(), Refusal> {
    facts.tensors += 1;
    if facts.tensors > MAX_TENSORS {
        return Err(Refusal::Bomb("it has more than 65536 tensors"));
    }
    let external = tensor.data_location == Some(DataLocation::External as i32) || !tensor.external_data.is_empty();
    if external {
        return Err(Refusal::ExternalData { name: named(&tensor.name) });
    }
    let elements = count(&tensor.name, &tensor.dims)?;
    let refuse = |problem: String| Refusal::Shape { name: named(&tensor.name), shape: tensor.dims.clone(), problem };
    let element_bytes = match tensor.data_type.and_then(|t| DataType::try_from(t).ok()) {
        Some(DataType::Float | DataType::Int32) => 4,
        Some(DataType::Int64 | DataType::Double) => 8,
        Some(DataType::Float16) => 2,
        Some(DataType::Uint8 | DataType::Int8 | DataType::Bool) => 1,
        _ => return Err(refuse(format!("elements of type {} are not read", tensor.data_type.unwrap_or(0)))),
    };
    match &tensor.raw_data {
        Some(raw) if raw.len() as u64 != elements * element_bytes => {
            return Err(refuse(format!("that needs {} bytes, but it has {}", elements * element_bytes, raw.len())));
        }
        Some(_) => {}
        None => {
            // Values in typed fields; which field is for which type matters to ONNX Runtime, the count to us.
            let given = tensor.float_data.len() + tensor.int32_data.len() + tensor.int64_data.len();
            let typed_elsewhere = tensor.data_type == Some(DataType::Double as i32);
            if given as u64 != elements && !typed_elsewhere {
                return Err(refuse(format!("that needs {elements} values, but it has {given}")));
            }
        }
    }
    if [DataType::Float, DataType::Float16].into_iter().any(|t| tensor.data_type == Some(t as i32)) {
        facts.parameters += elements;
    }
    Ok(())
}

/// Number of elements, without overflow.
fn count(name: &Option<String>, dims: &[i64]) -> Result<u64, Refusal> {
    let refuse = |problem: String| Refusal::Shape {
        name: named(name),
        shape: dims.iter().copied().take(MAX_RANK + 1).collect(),
        problem,
    };
    if dims.len() > MAX_RANK {
        return Err(refuse(format!("it has {} dimensions; the limit is {MAX_RANK}", dims.len())));
    }
    let mut elements = 1u64;
    for &dim in dims {
        let dim = u64::try_from(dim).map_err(|_| refuse("a length is negative".into()))?;
        elements = elements
            .checked_mul(dim)
            .filter(|&n| n <= MAX_ELEMENTS)
            .ok_or_else(|| refuse(format!("it is too large; the limit is {MAX_ELEMENTS} elements")))?;
    }
    Ok(elements)
}

/// Bounds the fixed part of a declared shape.
fn check_value(value: &ValueInfoProto) -> Result<(), Refusal> {
    let fixed: Vec<i64> = dims_of(value)
        .unwrap_or_default()
        .iter()
        .filter_map(|dim| match dim {
            Some(DimensionValue::Fixed(n)) => Some(*n),
            _ => None,
        })
        .collect();
    count(&value.name, &fixed).map(|_| ())
}

/// The declared dimensions; `None` where no shape is declared.
fn dims_of(value: &ValueInfoProto) -> Option<Vec<Option<DimensionValue>>> {
    let shape = value.r#type.as_ref()?.tensor_type.as_ref()?.shape.as_ref()?;
    Some(shape.dim.iter().map(|d| d.value.clone()).collect())
}

fn check_described(direction: &'static str, tensor: &TensorSpec, present: &[ValueInfoProto]) -> Result<(), Refusal> {
    let value = present
        .iter()
        .find(|value| value.name.as_deref() == Some(&tensor.name))
        .ok_or_else(|| Refusal::MissingTensor { direction, name: shortened(&tensor.name) })?;
    let mismatch = |found: String, described: String| Refusal::Mismatch {
        direction,
        name: shortened(&tensor.name),
        found,
        described,
    };
    let found = value.r#type.as_ref().and_then(|t| t.tensor_type.as_ref()).and_then(|t| t.elem_type);
    let wanted = match tensor.element {
        Element::F32 => DataType::Float,
        Element::I64 => DataType::Int64,
    };
    if found != Some(wanted as i32) {
        let name = found.and_then(|t| DataType::try_from(t).ok()).map_or("no tensor".into(), |t| format!("{t:?}"));
        return Err(mismatch(name, format!("{wanted:?}")));
    }
    let Some(dims) = dims_of(value) else { return Ok(()) };
    let fits = dims.len() == tensor.shape.len()
        && dims.iter().zip(&tensor.shape).all(|(there, said)| match (there, said) {
            (Some(DimensionValue::Fixed(n)), Dim::Fixed(m)) => u64::try_from(*n) == Ok(*m as u64),
            _ => true, // a length that is only known when the model runs
        });
    if fits {
        return Ok(());
    }
    let there: Vec<String> = dims
        .iter()
        .map(|dim| match dim {
            Some(DimensionValue::Fixed(n)) => n.to_string(),
            Some(DimensionValue::Named(name)) => shortened(name),
            None => "?".into(),
        })
        .collect();
    let said: Vec<String> = tensor
        .shape
        .iter()
        .map(|dim| match dim {
            Dim::Fixed(n) => n.to_string(),
            Dim::Named(name) => shortened(name),
        })
        .collect();
    Err(mismatch(format!("({})", there.join(", ")), format!("({})", said.join(", "))))
}

/// A name from the file, fit for a message: short and without control characters.
fn named(name: &Option<String>) -> String {
    shortened(name.as_deref().unwrap_or_default())
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}
