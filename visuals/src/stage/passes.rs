//! The shaders as pipelines, and how their bindings lie.

use crate::show::values;

/// Format of everything between pictures and screen: linear light.
pub(super) const LIGHT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba16Float;
/// Side of the map of noise.
const NOISE: u32 = 256;

/// What all passes share.
pub(super) struct Common {
    pub layout: wgpu::BindGroupLayout,
    samplers: [wgpu::Sampler; 3],
    noise: wgpu::TextureView,
}

/// A pass that covers a texture.
pub(super) struct Pass {
    pipeline: wgpu::RenderPipeline,
    pub layout: wgpu::BindGroupLayout,
}

const COMMON: &str = include_str!("shaders/common.wgsl");

/// A shader with what all of them share before it.
pub(super) fn module(device: &wgpu::Device, label: &str, body: &str) -> wgpu::ShaderModule {
    let source = format!("{}\n{COMMON}\n{body}", values::wgsl());
    device.create_shader_module(wgpu::ShaderModuleDescriptor {
        label: Some(label),
        source: wgpu::ShaderSource::Wgsl(source.into()),
    })
}

/// Where a pass reads something.
#[derive(Debug, Clone, Copy)]
pub(super) enum Slot {
    Texture,
    Uniform,
    Storage { writable: bool },
}

pub(super) fn layout(device: &wgpu::Device, slots: &[Slot]) -> wgpu::BindGroupLayout {
    let entry = |(binding, slot): (usize, &Slot)| {
        let buffer = |ty| wgpu::BindingType::Buffer { ty, has_dynamic_offset: false, min_binding_size: None };
        let ty = match *slot {
            Slot::Texture => wgpu::BindingType::Texture {
                sample_type: wgpu::TextureSampleType::Float { filterable: true },
                view_dimension: wgpu::TextureViewDimension::D2,
                multisampled: false,
            },
            Slot::Uniform => buffer(wgpu::BufferBindingType::Uniform),
            Slot::Storage { writable } => buffer(wgpu::BufferBindingType::Storage { read_only: !writable }),
        };
        let compute_only = matches!(slot, Slot::Storage { writable: true });
        wgpu::BindGroupLayoutEntry {
            binding: binding as u32,
            visibility: if compute_only {
                wgpu::ShaderStages::COMPUTE
            } else {
                wgpu::ShaderStages::FRAGMENT | wgpu::ShaderStages::COMPUTE
            },
            ty,
            count: None,
        }
    };
    let entries: Vec<_> = slots.iter().enumerate().map(entry).collect();
    device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries })
}

impl Common {
    pub fn new(device: &wgpu::Device, queue: &wgpu::Queue) -> Self {
        let both = wgpu::ShaderStages::FRAGMENT | wgpu::ShaderStages::COMPUTE;
        let mut entries = vec![wgpu::BindGroupLayoutEntry {
            binding: 0,
            visibility: both,
            ty: wgpu::BindingType::Buffer {
                ty: wgpu::BufferBindingType::Uniform,
                has_dynamic_offset: false,
                min_binding_size: None,
            },
            count: None,
        }];
        entries.extend((1..4).map(|binding| wgpu::BindGroupLayoutEntry {
            binding,
            visibility: both,
            ty: wgpu::BindingType::Sampler(wgpu::SamplerBindingType::Filtering),
            count: None,
        }));
        entries.push(wgpu::BindGroupLayoutEntry {
            binding: 4,
            visibility: both,
            ty: wgpu::BindingType::Texture {
                sample_type: wgpu::TextureSampleType::Float { filterable: true },
                view_dimension: wgpu::TextureViewDimension::D2,
                multisampled: false,
            },
            count: None,
        });
        let layout =
            device.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor { label: None, entries: &entries });
        let modes = [wgpu::AddressMode::MirrorRepeat, wgpu::AddressMode::Repeat, wgpu::AddressMode::ClampToEdge];
        let samplers = modes.map(|mode| {
            device.create_sampler(&wgpu::SamplerDescriptor {
                address_mode_u: mode,
                address_mode_v: mode,
                mag_filter: wgpu::FilterMode::Linear,
                min_filter: wgpu::FilterMode::Linear,
                ..Default::default()
            })
        });
        Self { layout, samplers, noise: noise(device, queue) }
    }

    /// The bindings of a buffer of values.
    pub fn bind(&self, device: &wgpu::Device, values: &wgpu::Buffer) -> wgpu::BindGroup {
        let mut entries = vec![wgpu::BindGroupEntry { binding: 0, resource: values.as_entire_binding() }];
        entries.extend((1..).zip(&self.samplers).map(|(binding, sampler)| wgpu::BindGroupEntry {
            binding,
            resource: wgpu::BindingResource::Sampler(sampler),
        }));
        entries.push(wgpu::BindGroupEntry { binding: 4, resource: wgpu::BindingResource::TextureView(&self.noise) });
        device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout: &self.layout, entries: &entries })
    }
}

impl Pass {
    pub fn new(
        device: &wgpu::Device,
        common: &Common,
        module: &wgpu::ShaderModule,
        entry: &str,
        slots: &[Slot],
        format: wgpu::TextureFormat,
    ) -> Self {
        Self::with(device, common, module, entry, slots, format, &[])
    }

    /// With values of the shader's `override` constants.
    pub fn with(
        device: &wgpu::Device,
        common: &Common,
        module: &wgpu::ShaderModule,
        entry: &str,
        slots: &[Slot],
        format: wgpu::TextureFormat,
        constants: &[(&str, f64)],
    ) -> Self {
        let layout = layout(device, slots);
        let pipeline_layout = device.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
            label: Some(entry),
            bind_group_layouts: &[Some(&common.layout), Some(&layout)],
            immediate_size: 0,
        });
        let pipeline = device.create_render_pipeline(&wgpu::RenderPipelineDescriptor {
            label: Some(entry),
            layout: Some(&pipeline_layout),
            vertex: wgpu::VertexState {
                module,
                entry_point: Some("cover"),
                compilation_options: Default::default(),
                buffers: &[],
            },
            primitive: wgpu::PrimitiveState::default(),
            depth_stencil: None,
            multisample: wgpu::MultisampleState::default(),
            fragment: Some(wgpu::FragmentState {
                module,
                entry_point: Some(entry),
                compilation_options: wgpu::PipelineCompilationOptions { constants, ..Default::default() },
                targets: &[Some(format.into())],
            }),
            multiview_mask: None,
            cache: None,
        });
        Self { pipeline, layout }
    }

    /// Runs it: the target is covered wholly.
    pub fn run(
        &self,
        device: &wgpu::Device,
        encoder: &mut wgpu::CommandEncoder,
        common: &wgpu::BindGroup,
        bindings: &[wgpu::BindingResource<'_>],
        target: &wgpu::TextureView,
    ) {
        let group = bind(device, &self.layout, bindings);
        let mut pass = encoder.begin_render_pass(&wgpu::RenderPassDescriptor {
            label: None,
            color_attachments: &[Some(wgpu::RenderPassColorAttachment {
                view: target,
                depth_slice: None,
                resolve_target: None,
                ops: wgpu::Operations { load: wgpu::LoadOp::Clear(wgpu::Color::BLACK), store: wgpu::StoreOp::Store },
            })],
            ..Default::default()
        });
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, common, &[]);
        pass.set_bind_group(1, &group, &[]);
        pass.draw(0..3, 0..1);
    }
}

pub(super) fn bind(
    device: &wgpu::Device,
    layout: &wgpu::BindGroupLayout,
    bindings: &[wgpu::BindingResource<'_>],
) -> wgpu::BindGroup {
    let entries: Vec<_> = (0..)
        .zip(bindings)
        .map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource: resource.clone() })
        .collect();
    device.create_bind_group(&wgpu::BindGroupDescriptor { label: None, layout, entries: &entries })
}

/// A texture that passes draw on and read.
pub(super) fn canvas(device: &wgpu::Device, width: u32, height: u32) -> wgpu::TextureView {
    let texture = device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d { width: width.max(1), height: height.max(1), depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format: LIGHT,
        usage: wgpu::TextureUsages::RENDER_ATTACHMENT | wgpu::TextureUsages::TEXTURE_BINDING,
        view_formats: &[],
    });
    texture.create_view(&Default::default())
}

/// A texture of bytes, filled.
pub(super) fn filled(
    device: &wgpu::Device,
    queue: &wgpu::Queue,
    (width, height): (u32, u32),
    format: wgpu::TextureFormat,
    bytes: &[u8],
) -> wgpu::Texture {
    let texture = device.create_texture(&wgpu::TextureDescriptor {
        label: None,
        size: wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
        mip_level_count: 1,
        sample_count: 1,
        dimension: wgpu::TextureDimension::D2,
        format,
        usage: wgpu::TextureUsages::TEXTURE_BINDING | wgpu::TextureUsages::COPY_DST,
        view_formats: &[],
    });
    write(queue, &texture, (width, height), bytes);
    texture
}

/// Writes rows of four bytes a pixel.
pub(super) fn write(queue: &wgpu::Queue, texture: &wgpu::Texture, (width, height): (u32, u32), bytes: &[u8]) {
    queue.write_texture(
        texture.as_image_copy(),
        bytes,
        wgpu::TexelCopyBufferLayout { offset: 0, bytes_per_row: Some(4 * width), rows_per_image: Some(height) },
        wgpu::Extent3d { width, height, depth_or_array_layers: 1 },
    );
}

/// Three independent noises, and in the fourth channel how the first one rises towards the lower right.
fn noise(device: &wgpu::Device, queue: &wgpu::Queue) -> wgpu::TextureView {
    use rand::{Rng, SeedableRng};
    let side = NOISE as usize;
    // Its own seed: strokes and waves are the same in every show.
    let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(0x5eed_0153);
    let mut bytes: Vec<u8> = (0..4 * side * side).map(|_| rng.random()).collect();
    let first = |x: usize, y: usize, bytes: &[u8]| f32::from(bytes[4 * (y % side * side + x % side)]);
    let slopes: Vec<u8> = (0..side * side)
        .map(|i| {
            let (x, y) = (i % side, i / side);
            let rise = first(x + 1, y + 1, &bytes) - first(x, y, &bytes);
            (127.5 + 0.5 * rise) as u8
        })
        .collect();
    for (pixel, slope) in bytes.chunks_exact_mut(4).zip(slopes) {
        pixel[3] = slope;
    }
    let texture = filled(device, queue, (NOISE, NOISE), wgpu::TextureFormat::Rgba8Unorm, &bytes);
    texture.create_view(&Default::default())
}

#[cfg(test)]
mod tests {
    /// In WGSL a power of a number below 0 is anything: on many cards no number, which no clamp takes away.
    #[test]
    fn every_base_of_a_power_is_held_at_0_or_above() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("src/stage/shaders");
        let mut powers = 0;
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let source = std::fs::read_to_string(&path).unwrap();
            for (at, _) in source.match_indices("pow(") {
                let base = source[at + 4..].trim_start();
                let line = source[..at].lines().count();
                assert!(base.starts_with("max(") || base.starts_with("clamp("), "{}:{line}", path.display());
                powers += 1;
            }
        }
        assert!(powers > 5, "{powers} powers were found");
    }
}
