//! A source of pictures: the older and the newer one, and what is made of both.

use super::passes::{Common, LIGHT, Pass, Slot, canvas, filled, module, write};
use crate::show::values;

/// Side of a prepared picture, in pixels.
const PREPARED: u32 = 256;
/// Side of the map of its flow.
const FLOW: u32 = 64;

/// The passes of all sources.
pub(super) struct PicturePasses {
    prepare: Pass,
    flow: Pass,
}

impl PicturePasses {
    pub fn new(device: &wgpu::Device, common: &Common) -> Self {
        let prepare = module(device, "prepare", include_str!("shaders/prepare.wgsl"));
        let flow = module(device, "flow", include_str!("shaders/flow.wgsl"));
        Self {
            prepare: Pass::new(device, common, &prepare, "prepare", &[Slot::Texture; 2], LIGHT),
            flow: Pass::new(device, common, &flow, "flow", &[Slot::Texture], LIGHT),
        }
    }
}

/// One source.
pub(super) struct Pictures {
    older: wgpu::Texture,
    newer: wgpu::Texture,
    size: (u32, u32),
    fresh: bool,
    pub prepared: wgpu::TextureView,
    pub flow: wgpu::TextureView,
    values: wgpu::Buffer,
    common: wgpu::BindGroup,
}

impl Pictures {
    pub fn new(device: &wgpu::Device, queue: &wgpu::Queue, common: &Common) -> Self {
        let black = || black(device, queue);
        let values = uniform(device, values::count());
        let common = common.bind(device, &values);
        Self {
            older: black(),
            newer: black(),
            size: (1, 1),
            fresh: true,
            prepared: canvas(device, PREPARED, PREPARED),
            flow: canvas(device, FLOW, FLOW),
            values,
            common,
        }
    }

    /// Forgets its pictures, as before the first.
    pub fn begin_anew(&mut self, device: &wgpu::Device, queue: &wgpu::Queue) {
        (self.older, self.newer, self.size, self.fresh) = (black(device, queue), black(device, queue), (1, 1), true);
    }

    /// A new picture: rows of red, green, blue and a fourth byte, as displayed.
    pub fn push(&mut self, device: &wgpu::Device, queue: &wgpu::Queue, size: (u32, u32), bytes: &[u8]) {
        if size.0 == 0 || size.1 == 0 || bytes.len() != 4 * size.0 as usize * size.1 as usize {
            return;
        }
        std::mem::swap(&mut self.older, &mut self.newer);
        let new = |device, queue| filled(device, queue, size, wgpu::TextureFormat::Rgba8UnormSrgb, bytes);
        let fits = self.newer.width() == size.0 && self.newer.height() == size.1;
        if fits {
            write(queue, &self.newer, size, bytes);
        } else {
            self.newer = new(device, queue);
        }
        if self.fresh {
            // The first of all has none before it.
            self.older = new(device, queue);
            self.fresh = false;
        }
        self.size = size;
    }

    /// Makes one picture of both, `share` of the newer.
    pub fn prepare(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        encoder: &mut wgpu::CommandEncoder,
        passes: &PicturePasses,
        share: f32,
    ) {
        let dials = vec![0.0; crate::show::dials::DIALS.len()];
        let moment = values::Moment { between: share.clamp(0.0, 1.0), ..Default::default() };
        set(queue, &self.values, &values::numbers(&dials, &moment, &Default::default()));
        let [older, newer] = [&self.older, &self.newer].map(|t| t.create_view(&Default::default()));
        let bindings = [&older, &newer].map(wgpu::BindingResource::TextureView);
        passes.prepare.run(device, encoder, &self.common, &bindings, &self.prepared);
        let bindings = [wgpu::BindingResource::TextureView(&self.prepared)];
        passes.flow.run(device, encoder, &self.common, &bindings, &self.flow);
    }
}

fn black(device: &wgpu::Device, queue: &wgpu::Queue) -> wgpu::Texture {
    filled(device, queue, (1, 1), wgpu::TextureFormat::Rgba8UnormSrgb, &[0, 0, 0, 255])
}

/// A buffer of so many numbers.
pub(super) fn uniform(device: &wgpu::Device, numbers: usize) -> wgpu::Buffer {
    device.create_buffer(&wgpu::BufferDescriptor {
        label: None,
        size: 4 * numbers as u64,
        usage: wgpu::BufferUsages::UNIFORM | wgpu::BufferUsages::COPY_DST,
        mapped_at_creation: false,
    })
}

/// Writes numbers into a buffer.
pub(super) fn set(queue: &wgpu::Queue, buffer: &wgpu::Buffer, numbers: &[f32]) {
    let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
    queue.write_buffer(buffer, 0, &bytes);
}
