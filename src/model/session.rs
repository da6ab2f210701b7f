//! Running a model: the only user of ONNX Runtime while performing.
//!
//! A [`Session`] belongs to one worker. Each input's bytes are read where they lie, nothing is copied on the way in;
//! outputs are read where the runtime wrote them.

use super::devices::Device;
use super::inspect::{self, Inspected, ModelError, Refusal};
use super::runtime::{self, RuntimeError};
use super::spec::{Kind, ModelSpec};
use super::watchdog::{End, Leash};
use crate::complaint::one_line;
use ndarray::ArrayViewD;
use ort::session::builder::GraphOptimizationLevel;
use ort::session::{RunOptions, SessionInputValue, SessionOutputs};
use ort::value::TensorRef;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Longest time that opening a session may take.
const OPENING: Duration = Duration::from_secs(120);

/// How a session uses the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionOptions {
    /// Threads within an operator. One is best for small networks and beside audio.
    pub intra_threads: usize,
    /// Where it runs. What the device's provider does not know runs on the processor.
    pub device: Device,
    /// Whether idle threads wait by spinning: faster answers for a burnt core. Off, so that audio is not disturbed.
    pub spinning: bool,
    /// Longest time that a run may take. One that takes longer is ended, and the session runs no more: whoever wants the model again
    /// opens it anew.
    pub limit: Duration,
    /// Bytes by which the process may grow while a run goes on; beyond, it is ended in the same way. Only Linux tells.
    pub memory: u64,
}

impl Default for SessionOptions {
    fn default() -> Self {
        Self { intra_threads: 1, device: Device::Cpu, spinning: false, limit: usual_limit(), memory: 4 << 30 }
    }
}

/// Ten seconds; `ONEIRO_MODEL_SECONDS` says otherwise, up to an hour: for slow machines, and for the impatient.
fn usual_limit() -> Duration {
    let wish = std::env::var("ONEIRO_MODEL_SECONDS").ok().and_then(|seconds| seconds.parse::<f64>().ok());
    let sound = wish.filter(|seconds| (0.1..=3600.0).contains(seconds));
    Duration::from_secs_f64(sound.unwrap_or(10.0))
}

/// Why a model cannot be opened or run.
#[derive(Debug, thiserror::Error)]
pub enum SessionError {
    /// There is no ONNX Runtime.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// The model is refused.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A run failed.
    #[error("{}: running it failed: {message}", origin.display())]
    Run {
        /// The model.
        origin: PathBuf,
        /// What the runtime says.
        message: String,
    },
    /// A run took too long, or too much memory, and was ended; or one before it was.
    #[error("{}: {verdict} and was ended; it is set aside until it is chosen anew", origin.display())]
    Ended {
        /// The model.
        origin: PathBuf,
        /// What it took, in words.
        verdict: String,
    },
    /// An output is not there, or not of this type.
    #[error("{}: no output `{name}` of type {element}: {message}", origin.display())]
    Output {
        /// The model.
        origin: PathBuf,
        /// Name asked for.
        name: String,
        /// Element type asked for.
        element: &'static str,
        /// What is the matter.
        message: String,
    },
}

/// A value for an input: its shape, and its elements in row-major order.
#[derive(Clone, Copy, Debug)]
pub enum Input<'a> {
    /// 32-bit floats.
    F32(&'a [usize], &'a [f32]),
    /// 64-bit integers.
    I64(&'a [usize], &'a [i64]),
}

/// Outputs of a kind that are wanted alone far more often than all of them. The part of the network that they need is opened
/// beside the whole; the runtime would run all of it for them.
fn wanted_alone(kind: Kind) -> &'static [&'static str] {
    match kind {
        // What is heard moves the states and is remembered; what comes next is not asked.
        Kind::MelodyRnn => &["state0_next", "state1_next", "key"],
        // The smaller of the two pictures is hardly ever wanted.
        Kind::Upscaler => &["x4"],
        _ => &[],
    }
}

/// A model that is ready to run.
#[derive(Debug)]
pub struct Session {
    inner: ort::session::Session,
    leash: Leash,
    part: Option<Part>,
    origin: PathBuf,
    spec: ModelSpec,
}

/// A part of a model, and the inputs that it reads.
#[derive(Debug)]
struct Part {
    inner: ort::session::Session,
    leash: Leash,
    inputs: Vec<String>,
}

impl Session {
    /// Opens a model file of a kind; it is inspected first.
    ///
    /// # Errors
    /// [`SessionError::Model`] for a bad file or another kind, [`SessionError::Runtime`] where there is no ONNX Runtime.
    pub fn open(path: &Path, kind: Kind, options: &SessionOptions) -> Result<Self, SessionError> {
        Self::from_inspected(inspect::inspect(path)?.expect_kind(kind)?, options)
    }

    /// Opens a model from memory, for example one that a program carries inside; `label` stands for it in errors.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub fn from_bytes(label: &str, bytes: Vec<u8>, kind: Kind, options: &SessionOptions) -> Result<Self, SessionError> {
        Self::from_inspected(inspect::inspect_bytes(label, bytes)?.expect_kind(kind)?, options)
    }

    /// Makes a session from a model that was found sound.
    ///
    /// # Errors
    /// As [`Session::open`].
    pub fn from_inspected(model: Inspected, options: &SessionOptions) -> Result<Self, SessionError> {
        let loaded = runtime::load()?;
        let inner = build(loaded, &model.bytes, options)
            .map_err(|message| ModelError { origin: model.origin.clone(), reason: Refusal::Session(message) })?;
        let leash = leash(&model.origin, options)?;
        let part = Part::of(loaded, &model, options)?;
        Ok(Self { inner, leash, part, origin: model.origin, spec: model.spec })
    }

    /// Whether there is a part for [`Session::run_part`].
    pub fn has_part(&self) -> bool {
        self.part.is_some()
    }

    /// What the model says about itself.
    pub fn spec(&self) -> &ModelSpec {
        &self.spec
    }

    /// Where the model came from.
    pub fn origin(&self) -> &Path {
        &self.origin
    }

    /// Runs the model once; inputs are given by name, in any order.
    ///
    /// # Errors
    /// [`SessionError::Run`] for an unknown or missing input, a wrong shape or type, or a failure within.
    pub fn run(&mut self, inputs: &[(&str, Input<'_>)]) -> Result<Outputs<'_>, SessionError> {
        run(&mut self.inner, &self.leash, &self.origin, inputs.iter())
    }

    /// As [`Session::run`], but only for the outputs that are often wanted alone: what a melody network makes of an event that it
    /// hears (its next states and the key), and an upscaler's `x4`. Inputs that these do not depend on may be given, and are not
    /// read. Where a model has no such part the whole is run.
    ///
    /// # Errors
    /// As [`Session::run`].
    pub fn run_part(&mut self, inputs: &[(&str, Input<'_>)]) -> Result<Outputs<'_>, SessionError> {
        match &mut self.part {
            Some(Part { inner, leash, inputs: read }) => {
                run(inner, leash, &self.origin, inputs.iter().filter(|(name, _)| read.iter().any(|r| r == name)))
            }
            None => run(&mut self.inner, &self.leash, &self.origin, inputs.iter()),
        }
    }
}

impl Part {
    fn of(loaded: &runtime::Loaded, model: &Inspected, options: &SessionOptions) -> Result<Option<Self>, SessionError> {
        let outputs = wanted_alone(model.spec.kind);
        let has = |name: &&str| model.spec.outputs.iter().any(|output| output.name == *name);
        if outputs.is_empty() || !outputs.iter().all(has) {
            return Ok(None);
        }
        let part = model.part(outputs);
        let inner = build(loaded, &part.bytes, options)
            .map_err(|message| ModelError { origin: model.origin.clone(), reason: Refusal::Session(message) })?;
        let leash = leash(&model.origin, options)?;
        Ok(Some(Self { inner, leash, inputs: part.spec.inputs.into_iter().map(|input| input.name).collect() }))
    }
}

fn run<'s, 'a, 'd: 'a>(
    session: &'s mut ort::session::Session,
    leash: &'s Leash,
    origin: &'s Path,
    inputs: impl Iterator<Item = &'a (&'d str, Input<'d>)>,
) -> Result<Outputs<'s>, SessionError> {
    let fail = |message: String| SessionError::Run { origin: origin.to_owned(), message };
    let mut values: Vec<(&str, SessionInputValue<'_>)> = Vec::with_capacity(inputs.size_hint().1.unwrap_or(0));
    for (name, input) in inputs {
        let value: ort::Result<SessionInputValue<'_>> = match *input {
            Input::F32(shape, data) => TensorRef::from_array_view((shape, data)).map(Into::into),
            Input::I64(shape, data) => TensorRef::from_array_view((shape, data)).map(Into::into),
        };
        values.push((*name, value.map_err(|e| fail(format!("input `{name}`: {}", one_line(&e))))?));
    }
    let ended = || leash.verdict().map(|verdict| SessionError::Ended { origin: origin.to_owned(), verdict });
    if let (false, Some(ended)) = (leash.begin(), ended()) {
        return Err(ended);
    }
    let End::Run(options) = leash.end() else { return Err(fail("it is not watched as runs are".into())) };
    let ran = session.run_with_options(values, options);
    if let (false, Some(ended)) = (leash.done(), ended()) {
        return Err(ended);
    }
    match ran {
        Ok(values) => Ok(Outputs { values, origin }),
        Err(e) => Err(fail(one_line(&e))),
    }
}

/// Has the runs of a session watched.
fn leash(origin: &Path, options: &SessionOptions) -> Result<Leash, SessionError> {
    let fail = |message| SessionError::Run { origin: origin.to_owned(), message };
    let run = RunOptions::new().map_err(|e| fail(one_line(&e)))?;
    Leash::new(End::Run(run), options.limit, options.memory).map_err(fail)
}

pub(super) fn build(
    loaded: &runtime::Loaded,
    bytes: &[u8],
    options: &SessionOptions,
) -> Result<ort::session::Session, String> {
    let text = |e: &dyn std::fmt::Display| one_line(e);
    let builder = ort::session::Session::builder(loaded.environment())
        .map_err(|e| text(&e))?
        .with_optimization_level(GraphOptimizationLevel::All)
        .map_err(|e| text(&e))?
        .with_intra_threads(options.intra_threads.max(1))
        .map_err(|e| text(&e))?
        .with_inter_threads(1)
        .map_err(|e| text(&e))?
        .with_intra_op_spinning(options.spinning)
        .map_err(|e| text(&e))?
        .with_inter_op_spinning(options.spinning)
        .map_err(|e| text(&e))?;
    let mut builder = match options.device {
        Device::Cpu => builder,
        device => {
            let devices = loaded.environment().devices();
            let mut found = devices.filter(|found| found.ep().is_ok_and(|provider| provider == device.provider()));
            let first = found.next().ok_or_else(|| format!("there is no {device} to run it on"))?;
            builder.with_devices([first], None).map_err(|e| text(&e))?
        }
    };
    // What is constant is computed while a session is made.
    let leash = Leash::new(End::Load(builder.canceler()), OPENING, options.memory)?;
    leash.begin();
    let session = builder.commit_from_memory(bytes).map_err(|e| text(&e));
    leash.done();
    match leash.verdict() {
        Some(verdict) => Err(format!("opening it {verdict}")),
        None => session,
    }
}

/// The outputs of one run.
#[derive(Debug)]
pub struct Outputs<'a> {
    values: SessionOutputs<'a>,
    origin: &'a Path,
}

impl Outputs<'_> {
    /// Where the model came from.
    pub fn origin(&self) -> &Path {
        self.origin
    }

    /// The elements of a float output, in row-major order.
    ///
    /// # Errors
    /// [`SessionError::Output`].
    pub fn f32(&self, name: &str) -> Result<&[f32], SessionError> {
        let value = self.value(name, "f32")?;
        value.try_extract_tensor::<f32>().map(|(_, data)| data).map_err(|e| self.refused(name, "f32", one_line(&e)))
    }

    /// The elements of a 64-bit integer output, in row-major order.
    ///
    /// # Errors
    /// [`SessionError::Output`].
    pub fn i64(&self, name: &str) -> Result<&[i64], SessionError> {
        let value = self.value(name, "i64")?;
        value.try_extract_tensor::<i64>().map(|(_, data)| data).map_err(|e| self.refused(name, "i64", one_line(&e)))
    }

    /// A float output with its shape.
    ///
    /// # Errors
    /// [`SessionError::Output`].
    pub fn array(&self, name: &str) -> Result<ArrayViewD<'_, f32>, SessionError> {
        let value = self.value(name, "f32")?;
        value.try_extract_array::<f32>().map_err(|e| self.refused(name, "f32", one_line(&e)))
    }

    fn value(&self, name: &str, element: &'static str) -> Result<&ort::value::DynValue, SessionError> {
        self.values.get(name).ok_or_else(|| self.refused(name, element, "the model does not have it".into()))
    }

    fn refused(&self, name: &str, element: &'static str, message: String) -> SessionError {
        SessionError::Output { origin: self.origin.to_owned(), name: name.to_owned(), element, message }
    }
}
