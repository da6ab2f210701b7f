//! Where models run: on the processor, or on a device that a provider library drives. Such a library is no part of ONNX Runtime's
//! usual package; it is taken from the folder that the runtime was loaded from.

use super::runtime::{self, Loaded, RuntimeError};
use crate::complaint::one_line;
use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

/// Where a model runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Device {
    /// The processor.
    #[default]
    Cpu,
    /// A graphics card of NVIDIA.
    Cuda,
    /// Any graphics card that Vulkan, Metal or Direct3D 12 knows.
    WebGpu,
}

/// Where models are to run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum DeviceWish {
    /// On a graphics card where one can be used, which is taken to be faster; else on the processor.
    #[default]
    Auto,
    /// There, or nowhere.
    On(Device),
}

/// Providers that have been registered, and why others could not be. Once per process: the runtime keeps them.
static REGISTERED: Mutex<BTreeMap<Device, Option<String>>> = Mutex::new(BTreeMap::new());

impl Device {
    /// What the runtime calls the provider.
    pub(super) fn provider(self) -> &'static str {
        match self {
            Self::Cpu => "CPUExecutionProvider",
            Self::Cuda => "CUDAExecutionProvider",
            Self::WebGpu => "WebGpuExecutionProvider",
        }
    }

    /// The provider's library, without what the system puts around it; `None` where the runtime has it built in.
    fn library(self) -> Option<&'static str> {
        match self {
            Self::Cpu => None,
            Self::Cuda => Some("onnxruntime_providers_cuda"),
            Self::WebGpu => Some("onnxruntime_providers_webgpu"),
        }
    }

    /// What has that library.
    fn package(self) -> &'static str {
        match self {
            Self::Cpu => "every ONNX Runtime has it",
            Self::Cuda => {
                "the Python package onnxruntime-gpu has it, with a runtime of its own that ORT_DYLIB_PATH names; it needs CUDA 13 and cuDNN 9"
            }
            Self::WebGpu => "the Python package onnxruntime-ep-webgpu has it",
        }
    }
}

impl fmt::Display for Device {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Cpu => "cpu",
            Self::Cuda => "cuda",
            Self::WebGpu => "webgpu",
        })
    }
}

impl FromStr for DeviceWish {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text {
            "auto" => Self::Auto,
            "cpu" => Self::On(Device::Cpu),
            "cuda" => Self::On(Device::Cuda),
            "webgpu" => Self::On(Device::WebGpu),
            _ => return Err("auto, cpu, cuda or webgpu".into()),
        })
    }
}

/// The device to use, and what stood against another one that was tried, in one line. Where a graphics card was not asked for
/// and nothing is installed for one, there is nothing to say.
///
/// # Errors
/// [`RuntimeError::NoProvider`] and [`RuntimeError::NoDevice`] where one was asked for, and those of [`runtime::load`].
pub fn choose(wish: DeviceWish) -> Result<(Device, Option<String>), RuntimeError> {
    let loaded = runtime::load()?;
    if let DeviceWish::On(device) = wish {
        return ready(loaded, device).map(|()| (device, None));
    }
    let mut against = None;
    for device in [Device::Cuda, Device::WebGpu] {
        match ready(loaded, device) {
            Ok(()) => return Ok((device, None)),
            Err(RuntimeError::NoProvider { .. }) => {}
            Err(e) => against = Some(format!("models run on the processor: {e}")),
        }
    }
    Ok((Device::Cpu, against))
}

/// Whether sessions can be made on a device.
fn ready(loaded: &Loaded, device: Device) -> Result<(), RuntimeError> {
    let Some(name) = device.library() else { return Ok(()) };
    let missing = |reason: String| RuntimeError::NoDevice { device, reason };
    let file = format!("{}{name}{}", std::env::consts::DLL_PREFIX, std::env::consts::DLL_SUFFIX);
    let folder = loaded.path().parent().unwrap_or(Path::new("."));
    let mut registered = REGISTERED.lock().unwrap_or_else(PoisonError::into_inner);
    let failure = match registered.get(&device) {
        Some(known) => known.clone(),
        None => {
            let library = folder.join(&file);
            if !library.is_file() {
                // Somebody may put it there while the program runs.
                return Err(RuntimeError::NoProvider {
                    device,
                    file,
                    folder: folder.to_owned(),
                    package: device.package(),
                });
            }
            let failure = loaded.environment().register_ep_library(device.provider(), &library).err();
            let failure = failure.map(|e| one_line(&e));
            registered.insert(device, failure.clone());
            failure
        }
    };
    match failure {
        Some(reason) => Err(missing(format!("its provider could not be loaded: {reason}"))),
        None if loaded.providers().iter().any(|name| name == device.provider()) => Ok(()),
        None => Err(missing("its provider finds no graphics card with a driver that it can use".into())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_processor_is_always_there_and_what_is_missing_is_named() {
        assert_eq!(choose(DeviceWish::On(Device::Cpu)).unwrap(), (Device::Cpu, None));
        let (device, against) = choose(DeviceWish::Auto).unwrap();
        // With nothing installed there is nothing to say; with something, whatever does not work is said.
        assert!(device != Device::Cpu || against.is_none_or(|line| line.starts_with("models run on the processor: ")));
        for (device, package) in [(Device::Cuda, "onnxruntime-gpu"), (Device::WebGpu, "onnxruntime-ep-webgpu")] {
            assert_eq!(device.to_string().parse(), Ok(DeviceWish::On(device)));
            match choose(DeviceWish::On(device)) {
                Ok((found, None)) => assert_eq!(found, device),
                Err(e @ RuntimeError::NoProvider { .. }) => assert!(e.to_string().contains(package), "{e}"),
                Err(e @ RuntimeError::NoDevice { .. }) => assert!(e.to_string().contains(&device.to_string()), "{e}"),
                other => panic!("{other:?}"),
            }
        }
        assert!("gpu".parse::<DeviceWish>().is_err());
    }
}
