//! A device of our own, where no window brings one.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

/// A device without a window.
#[derive(Debug, Clone)]
pub struct Gpu {
    /// Makes things.
    pub device: wgpu::Device,
    /// Takes orders.
    pub queue: wgpu::Queue,
    /// Its name, and how it draws.
    pub about: String,
    /// Whether it is a processor that draws in software.
    pub software: bool,
    faults: Arc<Faults>,
}

/// Why a device does not draw any more.
#[derive(Debug, Default)]
struct Faults {
    /// It is gone.
    lost: OnceLock<String>,
    /// It was told what it cannot do.
    broken: OnceLock<String>,
}

/// Why there is no device.
#[derive(Debug, thiserror::Error)]
pub enum GpuError {
    /// None was found.
    #[error(
        "nothing here can draw ({0}); on Linux `apt install libvulkan1 mesa-vulkan-drivers` brings a driver that needs no graphics card"
    )]
    None(String),
    /// It was found and does not work.
    #[error("{about}: {reason}")]
    Broken {
        /// Its name.
        about: String,
        /// What it says.
        reason: String,
    },
    /// It is gone.
    #[error("{0}")]
    Lost(String),
    /// What was drawn cannot be read back.
    #[error("the frame cannot be read back: {0}")]
    Read(String),
}

impl Gpu {
    /// The best device that there is; a processor where there is no graphics card.
    ///
    /// # Errors
    /// [`GpuError`].
    pub fn open() -> Result<Self, GpuError> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle_from_env());
        let wanted = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..Default::default()
        };
        let adapter = wait(instance.request_adapter(&wanted)).map_err(|e| GpuError::None(e.to_string()))?;
        let info = adapter.get_info();
        let about = format!("{} ({})", info.name, info.backend);
        let limits = wgpu::Limits { max_texture_dimension_2d: 8192, ..wgpu::Limits::default() };
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("oneiro"),
            required_limits: limits.using_resolution(adapter.limits()),
            ..Default::default()
        };
        let (device, queue) = wait(adapter.request_device(&descriptor))
            .map_err(|e| GpuError::Broken { about: about.clone(), reason: e.to_string() })?;
        let faults = Arc::new(Faults::default());
        let (lost, broken) = (Arc::clone(&faults), Arc::clone(&faults));
        // The first reason counts: what comes after follows from it.
        device.set_device_lost_callback(move |_, why| drop(lost.lost.set(lost_device(&why))));
        // Without this an error would end the program in the middle of a frame.
        device.on_uncaptured_error(Arc::new(move |e| drop(broken.broken.set(e.to_string()))));
        Ok(Self { device, queue, about, software: info.device_type == wgpu::DeviceType::Cpu, faults })
    }

    /// Whether it still draws.
    ///
    /// # Errors
    /// [`GpuError::Lost`] says why it does not.
    pub fn alive(&self) -> Result<(), GpuError> {
        let broken = || self.faults.broken.get().map(|why| format!("nothing can be drawn any more: {why}"));
        self.faults.lost.get().cloned().or_else(broken).map_or(Ok(()), |why| Err(GpuError::Lost(why)))
    }
}

/// What to say where a device is lost, and why by its driver.
pub(crate) fn lost_device(why: &str) -> String {
    let why = if why.is_empty() { "it gives no reason" } else { why };
    format!("the graphics card is gone, or its driver gave up ({why}); start the show again, which takes a moment")
}

/// Waits for a future; wgpu's are ready when they are first asked for, but for browsers.
fn wait<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        std::thread::yield_now();
    }
}
