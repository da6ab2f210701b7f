//! Running a step: a session of ONNX Runtime and the state that stays on its device.

use super::step::{Slot, Step};
use super::tensor::{Tensor, Tensors};
use crate::model::onnx::ModelProto;
use crate::model::runtime::{self, RuntimeError};
use ort::memory::{AllocationDevice, AllocatorType, MemoryInfo, MemoryType};
use ort::session::Session;
use ort::session::builder::GraphOptimizationLevel;
use ort::value::{DynTensor, DynTensorValueType, Tensor as OrtTensor};
use prost::Message;
use std::collections::BTreeMap;

/// Where training runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Device {
    /// The processor, with this many threads.
    Cpu {
        /// Threads of one operator.
        threads: usize,
    },
    /// An NVIDIA card.
    Cuda {
        /// Its number.
        index: i32,
    },
}

/// Why a step could not be made or run.
#[derive(Debug, thiserror::Error)]
pub enum ProgramError {
    /// ONNX Runtime is missing.
    #[error(transparent)]
    Runtime(#[from] RuntimeError),
    /// ONNX Runtime refused the graph or failed in it.
    #[error("ONNX Runtime: {0}")]
    Ort(String),
    /// The program was built without support for the device.
    #[error("this build of oneiro cannot use CUDA: build it with `--features cuda`, or train with `--device cpu`")]
    NoCuda,
    /// The card, its driver or a library is missing.
    #[error(
        "CUDA device {index} cannot be used: {reason}. It takes an NVIDIA card with its driver, CUDA 13, cuDNN 9 and the \
         library onnxruntime_providers_cuda beside {}; `--device cpu` trains without", library.display()
    )]
    Cuda {
        /// Number of the card.
        index: i32,
        /// What ONNX Runtime said.
        reason: String,
        /// The ONNX Runtime that was asked.
        library: std::path::PathBuf,
    },
    /// A state lacks a tensor or has it in another shape.
    #[error("state {name}: expected shape {expected:?}, found {found:?}")]
    State {
        /// Name of the tensor.
        name: String,
        /// What the step needs.
        expected: Vec<usize>,
        /// What is there.
        found: Option<Vec<usize>>,
    },
}

impl<T> From<ort::Error<T>> for ProgramError {
    fn from(error: ort::Error<T>) -> Self {
        Self::Ort(error.to_string())
    }
}

/// What a step is fed with besides its state.
#[derive(Debug, Clone)]
pub enum Feed {
    /// Floats.
    Floats(Tensor),
    /// Indices of this shape.
    Indices(Vec<usize>, Vec<i64>),
}

/// Feeds by name.
pub type Feeds = BTreeMap<String, Feed>;

/// Tensors that stay on the device from step to step.
pub struct State {
    values: BTreeMap<String, DynTensor>,
}

impl State {
    /// Puts tensors on the processor's side; a device takes them at the first step and keeps them.
    ///
    /// # Errors
    /// If ONNX Runtime is missing.
    pub fn new(tensors: &Tensors) -> Result<Self, ProgramError> {
        runtime::load()?;
        let values = tensors.iter().map(|(name, t)| {
            let value = OrtTensor::from_array((t.shape.clone(), t.data.clone()))?;
            Ok((name.clone(), value.upcast()))
        });
        Ok(Self { values: values.collect::<Result<_, ProgramError>>()? })
    }

    /// Copies the tensors whose names `keep` accepts.
    ///
    /// # Errors
    /// If a copy from the device fails.
    pub fn tensors(&self, keep: impl Fn(&str) -> bool) -> Result<Tensors, ProgramError> {
        let kept = self.values.iter().filter(|(name, _)| keep(name));
        kept.map(|(name, value)| Ok((name.clone(), to_host(value)?))).collect()
    }
}

fn to_host(tensor: &DynTensor) -> Result<Tensor, ProgramError> {
    if tensor.memory_info().is_cpu_accessible() {
        return Ok(extract(tensor.try_extract_tensor()?));
    }
    let copy = tensor.to(AllocationDevice::CPU, 0)?;
    Ok(extract(copy.try_extract_tensor()?))
}

fn extract((shape, data): (&ort::value::Shape, &[f32])) -> Tensor {
    Tensor { shape: shape.iter().map(|&d| d as usize).collect(), data: data.to_vec() }
}

/// Opens a session for a graph that was made here.
///
/// # Errors
/// If ONNX Runtime is missing or refuses the graph, or the device is not there.
pub fn open(model: &ModelProto, device: Device) -> Result<Session, ProgramError> {
    let environment = runtime::load()?.environment();
    let builder = Session::builder(environment)?
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_op_spinning(false)?;
    let mut builder = match device {
        Device::Cpu { threads } => builder.with_intra_threads(threads)?,
        Device::Cuda { index } => cuda(builder, index)?,
    };
    Ok(builder.commit_from_memory(&model.encode_to_vec())?)
}

#[cfg(feature = "cuda")]
fn cuda(
    builder: ort::session::builder::SessionBuilder,
    index: i32,
) -> Result<ort::session::builder::SessionBuilder, ProgramError> {
    let provider = ort::ep::CUDA::default().with_device_id(index).build().error_on_failure();
    builder.with_execution_providers([provider]).map_err(|error| {
        let library = runtime::load().map_or_else(|_| "ONNX Runtime".into(), |l| l.path().to_owned());
        ProgramError::Cuda { index, reason: error.to_string(), library }
    })
}

#[cfg(not(feature = "cuda"))]
fn cuda(
    _: ort::session::builder::SessionBuilder,
    _: i32,
) -> Result<ort::session::builder::SessionBuilder, ProgramError> {
    Err(ProgramError::NoCuda)
}

/// A training step that is ready to run.
pub struct Program {
    session: Session,
    slots: Vec<Slot>,
    metrics: Vec<String>,
    device: Device,
}

impl Program {
    /// Opens a session for `step`.
    ///
    /// # Errors
    /// If ONNX Runtime is missing or refuses the graph, or the device is not there.
    pub fn new(step: &Step, device: Device) -> Result<Self, ProgramError> {
        let session = open(&step.model, device)?;
        Ok(Self { session, slots: step.slots.clone(), metrics: step.metrics.clone(), device })
    }

    /// State that the step needs.
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Runs one step: `state` is renewed, the metrics come back by name.
    ///
    /// # Errors
    /// If the state does not fit or ONNX Runtime fails; the state is then as it was before.
    pub fn run(&mut self, state: &mut State, feeds: &Feeds) -> Result<BTreeMap<String, f32>, ProgramError> {
        let on_device = match self.device {
            Device::Cpu { .. } => {
                MemoryInfo::new(AllocationDevice::CPU, 0, AllocatorType::Device, MemoryType::CPUOutput)?
            }
            Device::Cuda { index } => {
                MemoryInfo::new(AllocationDevice::CUDA, index, AllocatorType::Device, MemoryType::Default)?
            }
        };
        let on_host = MemoryInfo::new(AllocationDevice::CPU, 0, AllocatorType::Device, MemoryType::CPUOutput)?;
        let mut binding = self.session.create_binding()?;
        for slot in &self.slots {
            let value = state.values.get(&slot.name).ok_or_else(|| ProgramError::State {
                name: slot.name.clone(),
                expected: slot.shape.clone(),
                found: None,
            })?;
            binding.bind_input(slot.name.as_str(), value)?;
            binding.bind_output_to_device(format!("next/{}", slot.name), &on_device)?;
        }
        for (name, feed) in feeds {
            match feed {
                Feed::Floats(t) => {
                    let value = OrtTensor::from_array((t.shape.clone(), t.data.clone()))?;
                    binding.bind_input(name.as_str(), &value)?;
                }
                Feed::Indices(shape, data) => {
                    let value = OrtTensor::from_array((shape.clone(), data.clone()))?;
                    binding.bind_input(name.as_str(), &value)?;
                }
            }
        }
        for name in &self.metrics {
            binding.bind_output_to_device(name.as_str(), &on_host)?;
        }
        let mut outputs = self.session.run_binding(&binding)?;
        let mut metrics = BTreeMap::new();
        for name in &self.metrics {
            let value = outputs.get(name).ok_or_else(|| ProgramError::Ort(format!("no output {name}")))?;
            metrics.insert(name.clone(), value.try_extract_tensor::<f32>()?.1[0]);
        }
        for slot in &self.slots {
            if let Some(value) = outputs.remove(format!("next/{}", slot.name)) {
                state.values.insert(slot.name.clone(), value.downcast::<DynTensorValueType>()?);
            }
        }
        Ok(metrics)
    }
}

/// A graph that is only run forward.
pub struct Forward {
    session: Session,
    /// Feeds of every run.
    held: Vec<(String, DynTensor)>,
}

impl Forward {
    /// Opens a session for an exported graph.
    ///
    /// # Errors
    /// If ONNX Runtime is missing or refuses the graph, or the device is not there.
    pub fn new(model: &ModelProto, device: Device) -> Result<Self, ProgramError> {
        Ok(Self { session: open(model, device)?, held: Vec::new() })
    }

    /// Keeps `feeds` for every run to come, in place of those kept before: they are not copied again.
    ///
    /// # Errors
    /// If a feed's shape is not that of its data.
    pub fn hold(&mut self, feeds: &Feeds) -> Result<(), ProgramError> {
        self.held = tensors(feeds)?;
        Ok(())
    }

    /// Runs the graph on `feeds`: its float outputs by name.
    ///
    /// # Errors
    /// If a feed does not fit or ONNX Runtime fails.
    pub fn run(&mut self, feeds: &Feeds) -> Result<Tensors, ProgramError> {
        let fed = tensors(feeds)?;
        let all = self.held.iter().chain(&fed);
        let inputs: Vec<(&str, ort::session::SessionInputValue)> =
            all.map(|(name, value)| (name.as_str(), value.into())).collect();
        let outputs = self.session.run(inputs)?;
        let floats = outputs.iter().map(|(name, value)| Ok((name.to_owned(), extract(value.try_extract_tensor()?))));
        floats.collect()
    }
}

fn tensors(feeds: &Feeds) -> Result<Vec<(String, DynTensor)>, ProgramError> {
    let tensor = |feed: &Feed| -> Result<DynTensor, ProgramError> {
        Ok(match feed {
            Feed::Floats(t) => OrtTensor::from_array((t.shape.clone(), t.data.clone()))?.upcast(),
            Feed::Indices(shape, data) => OrtTensor::from_array((shape.clone(), data.clone()))?.upcast(),
        })
    };
    feeds.iter().map(|(name, feed)| Ok((name.clone(), tensor(feed)?))).collect()
}
