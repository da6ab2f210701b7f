//! Frames without a window.

use super::drawing::{EXACT, Size, Stage, Target};
use super::gpu::{Gpu, GpuError};
use super::guard::is_calm;
use crate::performance::Frame;
use crate::show::plan::Plan;

const FORMAT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba8Unorm;

/// A stage whose frames are read back.
#[derive(Debug)]
pub struct Offscreen {
    gpu: Gpu,
    stage: Stage,
    size: Size,
    bytes: ReadBack,
    /// Made when it is first wanted.
    light: Option<ReadBack>,
}

/// Where a frame is presented to be read.
#[derive(Debug)]
struct ReadBack {
    texture: wgpu::Texture,
    buffer: wgpu::Buffer,
    /// Bytes of a row, and those of them that are pixels.
    row: u32,
    filled: u32,
}

impl ReadBack {
    fn new(device: &wgpu::Device, size: Size, format: wgpu::TextureFormat) -> Self {
        let texture = device.create_texture(&wgpu::TextureDescriptor {
            label: Some("frame"),
            size: wgpu::Extent3d { width: size.width, height: size.height, depth_or_array_layers: 1 },
            mip_level_count: 1,
            sample_count: 1,
            dimension: wgpu::TextureDimension::D2,
            format,
            usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::COPY_SRC,
            view_formats: &[],
        });
        let filled = size.width * format.block_copy_size(None).unwrap_or(4);
        let row = filled.next_multiple_of(wgpu::COPY_BYTES_PER_ROW_ALIGNMENT);
        let buffer = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("frame"),
            size: u64::from(row) * u64::from(size.height),
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        Self { texture, buffer, row, filled }
    }

    /// Presents the frame and gives what `make` makes of its rows.
    fn read<T>(&self, gpu: &Gpu, stage: &mut Stage, make: impl Fn(&[u8], &mut Vec<T>)) -> Result<Vec<T>, GpuError> {
        let (view, size) = (self.texture.create_view(&Default::default()), self.texture.size());
        let mut encoder = stage.device().create_command_encoder(&Default::default());
        stage.present(&mut encoder, Target { view: &view, format: self.texture.format() });
        let layout =
            wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(self.row), rows_per_image: Some(size.height) };
        encoder.copy_texture_to_buffer(
            self.texture.as_image_copy(),
            wgpu::TexelCopyBufferInfo { buffer: &self.buffer, layout },
            size,
        );
        read(gpu, encoder, &self.buffer, |bytes| {
            let mut made = Vec::with_capacity(3 * size.width as usize * size.height as usize);
            for row in bytes.chunks_exact(self.row as usize) {
                make(&row[..self.filled as usize], &mut made);
            }
            made
        })
    }
}

/// Submits what was ordered, waits until it is done, and gives what `make` makes of the bytes of a buffer then.
fn read<T>(
    gpu: &Gpu,
    encoder: wgpu::CommandEncoder,
    buffer: &wgpu::Buffer,
    make: impl FnOnce(&[u8]) -> T,
) -> Result<T, GpuError> {
    // A buffer of a lost device is never given back.
    gpu.alive()?;
    let fail = |e: &dyn std::fmt::Display| GpuError::Read(e.to_string());
    gpu.queue.submit([encoder.finish()]);
    let (told, done) = std::sync::mpsc::channel();
    buffer.slice(..).map_async(wgpu::MapMode::Read, move |result| {
        // Nobody waits any more where the other end is gone.
        drop(told.send(result));
    });
    let waited = gpu.device.poll(wgpu::PollType::wait_indefinitely());
    // Of a lost device nothing is read, whatever it says itself.
    gpu.alive()?;
    waited.map_err(|e| fail(&e))?;
    done.recv().map_err(|e| fail(&e))?.map_err(|e| fail(&e))?;
    let made = make(&buffer.slice(..).get_mapped_range());
    buffer.unmap();
    Ok(made)
}

impl Offscreen {
    /// For frames of a size.
    pub fn new(gpu: &Gpu, size: Size, sources: usize) -> Self {
        let stage = Stage::new(&gpu.device, &gpu.queue, size, sources);
        Self { gpu: gpu.clone(), stage, size, bytes: ReadBack::new(&gpu.device, size, FORMAT), light: None }
    }

    /// Another one for frames of the same size.
    pub fn another(&self) -> Self {
        Self::new(&self.gpu, self.size, self.stage.sources())
    }

    /// Whether the flash guard has held nothing back since it began.
    ///
    /// # Errors
    /// [`GpuError::Read`].
    pub fn is_calm(&self) -> Result<bool, GpuError> {
        let (device, accounts) = (self.stage.device(), self.stage.accounts());
        let copy = device.create_buffer(&wgpu::BufferDescriptor {
            label: Some("accounts"),
            size: accounts.size(),
            usage: wgpu::BufferUsages::COPY_DST | wgpu::BufferUsages::MAP_READ,
            mapped_at_creation: false,
        });
        let mut encoder = device.create_command_encoder(&Default::default());
        encoder.copy_buffer_to_buffer(accounts, 0, &copy, 0, accounts.size());
        read(&self.gpu, encoder, &copy, is_calm)
    }

    /// The stage.
    pub fn stage(&mut self) -> &mut Stage {
        &mut self.stage
    }

    /// Draws a frame without reading it.
    pub fn draw(&mut self, plan: &Plan, shares: &[f32], step: f32) {
        let mut encoder = self.stage.device().create_command_encoder(&Default::default());
        self.stage.draw(&mut encoder, plan, shares, step);
        self.stage.queue().submit([encoder.finish()]);
    }

    /// Shows a finished picture: [`Stage::slide`].
    pub fn slide(&mut self, bytes: &[u8], step: f32, guard: bool) {
        let mut encoder = self.stage.device().create_command_encoder(&Default::default());
        self.stage.slide(&mut encoder, bytes, step, guard);
        self.stage.queue().submit([encoder.finish()]);
    }

    /// Draws a frame of a performance for those who watch from afar, smaller where the machine is slow.
    pub fn perform(&mut self, frame: &Frame) {
        let stage = &mut self.stage;
        let size = Size::scaled((self.size.width, self.size.height), frame.scale, Size::LEAST, frame.glow);
        let mut encoder = stage.device().create_command_encoder(&Default::default());
        stage.perform(&mut encoder, frame, size);
        stage.peek(&mut encoder);
        stage.queue().submit([encoder.finish()]);
    }

    /// The frame that was drawn last: rows of red, green, blue.
    ///
    /// # Errors
    /// [`GpuError::Read`].
    pub fn read(&mut self) -> Result<Vec<u8>, GpuError> {
        self.bytes.read(&self.gpu, &mut self.stage, |row, made| {
            made.extend(row.chunks_exact(4).flat_map(|p| [p[0], p[1], p[2]]))
        })
    }

    /// Its light: rows of red, green, blue, linear, 0 to 1, without noise below the steps of bytes.
    ///
    /// # Errors
    /// [`GpuError::Read`].
    pub fn light(&mut self) -> Result<Vec<f32>, GpuError> {
        let stage = &mut self.stage;
        let copy = self.light.get_or_insert_with(|| ReadBack::new(stage.device(), self.size, EXACT));
        let number = |bytes: &[u8]| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
        copy.read(&self.gpu, stage, |row, made| {
            made.extend(row.chunks_exact(16).flat_map(|p| [0, 4, 8].map(|at| number(&p[at..]))))
        })
    }

    /// Waits until everything that was ordered is drawn.
    ///
    /// # Errors
    /// [`GpuError::Read`].
    pub fn finish(&self) -> Result<(), GpuError> {
        let waited = self.stage.device().poll(wgpu::PollType::wait_indefinitely());
        self.gpu.alive()?;
        waited.map(|_| ()).map_err(|e| GpuError::Read(e.to_string()))
    }
}
