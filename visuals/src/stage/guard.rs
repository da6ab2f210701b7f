//! The flash guard's passes and its accounts.

use super::passes::{Common, LIGHT, Pass, Slot, bind, canvas, layout, module};
use super::picture::{set, uniform};

/// Fields across and down, as in the shaders.
const FIELDS: u64 = 32 * 18;
/// Numbers of a field's two accounts.
const ACCOUNTS: u64 = 20;
/// Place among them of the least share of a frame that was allowed.
const LEAST: usize = 9;

/// Holds back what would be a fourth flash in a second.
pub(super) struct Guard {
    judge: wgpu::ComputePipeline,
    judge_layout: wgpu::BindGroupLayout,
    allow: Pass,
    copy: Pass,
    fields: wgpu::Buffer,
    shares: wgpu::Buffer,
    moment: wgpu::Buffer,
    /// The frame that is shown, and the one before.
    frames: [wgpu::TextureView; 2],
    first: bool,
}

impl Guard {
    pub fn new(device: &wgpu::Device, common: &Common, size: (u32, u32)) -> Self {
        let buffer = |bytes: u64| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: Some("guard"),
                size: bytes,
                usage: wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC,
                mapped_at_creation: false,
            })
        };
        let writable = Slot::Storage { writable: true };
        let judge_layout = layout(device, &[Slot::Texture, Slot::Texture, writable, writable, Slot::Uniform]);
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some("judge"),
            bind_group_layouts: &[Some(&common.layout), Some(&judge_layout)],
            immediate_size: 0,
        });
        let judge = device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
            label: Some("judge"),
            layout: Some(&pipeline_layout),
            module: &module(device, "guard", include_str!("shaders/guard.wgsl")),
            entry_point: Some("judge"),
            compilation_options: Default::default(),
            cache: None,
        });
        let allow = module(device, "allow", include_str!("shaders/allow.wgsl"));
        let copy = module(device, "copy", include_str!("shaders/copy.wgsl"));
        let slots = [Slot::Texture, Slot::Texture, Slot::Storage { writable: false }];
        Self {
            judge,
            judge_layout,
            allow: Pass::new(device, common, &allow, "allow", &slots, LIGHT),
            copy: Pass::new(device, common, &copy, "copy", &[Slot::Texture], LIGHT),
            fields: buffer(FIELDS * ACCOUNTS * 4),
            shares: buffer(FIELDS * 4),
            moment: uniform(device, 4),
            frames: [canvas(device, size.0, size.1), canvas(device, size.0, size.1)],
            first: true,
        }
    }

    /// The frame that is shown.
    pub fn shown(&self) -> &wgpu::TextureView {
        &self.frames[0]
    }

    /// Forgets all that it has seen, as before a first frame.
    pub fn begin_anew(&mut self) {
        self.first = true;
    }

    /// Its accounts, for [`is_calm`].
    pub fn accounts(&self) -> &wgpu::Buffer {
        &self.fields
    }

    /// Other textures, for another size. The frame that is shown stays, and so do the accounts: a new size is no reason for
    /// flashes.
    pub fn resize(
        &mut self,
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        common: &wgpu::BindGroup,
        size: (u32, u32),
    ) {
        let frames = [canvas(device, size.0, size.1), canvas(device, size.0, size.1)];
        self.copy.run(device, encoder, common, &[wgpu::BindingResource::TextureView(&self.frames[0])], &frames[0]);
        self.frames = frames;
    }

    /// Shows of `wanted` what is allowed, `step` seconds after the frame before.
    #[allow(clippy::too_many_arguments)]
    pub fn show(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        encoder: &mut wgpu::CommandEncoder,
        common: &wgpu::BindGroup,
        wanted: &wgpu::TextureView,
        step: f32,
        on: bool,
    ) {
        use wgpu::BindingResource::TextureView;
        set(queue, &self.moment, &[step, f32::from(u8::from(self.first)), f32::from(u8::from(on)), 0.0]);
        self.first = false;
        self.frames.swap(0, 1);
        let [now, before] = &self.frames;
        let bindings = [
            TextureView(before),
            TextureView(wanted),
            self.fields.as_entire_binding(),
            self.shares.as_entire_binding(),
            self.moment.as_entire_binding(),
        ];
        let group = bind(device, &self.judge_layout, &bindings);
        {
            let mut pass = encoder.begin_compute_pass(&Default::default());
            pass.set_pipeline(&self.judge);
            pass.set_bind_group(0, common, &[]);
            pass.set_bind_group(1, &group, &[]);
            pass.dispatch_workgroups(FIELDS.div_ceil(32) as u32, 1, 1);
        }
        let bindings = [TextureView(before), TextureView(wanted), self.shares.as_entire_binding()];
        self.allow.run(device, encoder, common, &bindings, now);
    }
}

/// Whether a guard has held nothing back since its first frame, by the bytes of its accounts.
pub(super) fn is_calm(accounts: &[u8]) -> bool {
    let least = |field: &[u8]| f32::from_le_bytes(*field[4 * LEAST..].first_chunk().unwrap_or(&[0; 4]));
    accounts.chunks_exact(4 * ACCOUNTS as usize).all(|field| least(field) >= 1.0)
}
