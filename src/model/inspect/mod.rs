//! Reading a model file as untrusted input, before a session is made from it.
//!
//! What is checked: the size of the file, the number and depth of its messages, every tensor's shape against the
//! bytes it has, data outside the file (refused), operators and functions from outside the ONNX standard (refused),
//! and that the graph has the inputs and outputs its description speaks of.

use super::onnx::ModelProto;
use super::spec::{Kind, MAX_SPEC_BYTES, ModelSpec};
use prost::Message;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

mod bombs;
mod error;
mod graph;
mod interface;
mod wire;

pub use error::{ModelError, Refusal};
use graph::check_graph;
use interface::{check_described, check_value};
use wire::WireError;

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
    bombs::check(graph)?;
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

/// A name from the file, fit for a message: short and without control characters.
fn named(name: &Option<String>) -> String {
    shortened(name.as_deref().unwrap_or_default())
}

fn shortened(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).take(60).collect()
}
