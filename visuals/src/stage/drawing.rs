//! The stage: pictures in, frames out.

use super::guard::Guard;
use super::layer::{Layer, LayerPasses};
use super::passes::{Common, LIGHT, Pass, Slot, canvas, filled, module};
use super::peek::{self, Lookout, Peek};
use super::picture::{PicturePasses, Pictures, set, uniform};
use crate::performance::Frame;
use crate::show::dials::DIALS;
use crate::show::plan::Plan;
use crate::show::values::{self, Moment};
use std::collections::HashMap;

/// Seconds after which the guard counts no change any more.
const LONG: f32 = 9.0;
/// Takes light as it is, for whoever makes something else of it.
pub(super) const EXACT: wgpu::TextureFormat = wgpu::TextureFormat::Rgba32Float;

/// Pixels of a frame, and what is left out to be faster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Across.
    pub width: u32,
    /// Down.
    pub height: u32,
    /// Whether what is bright glows.
    pub glow: bool,
}

impl Size {
    /// Shortest side that is drawn, in pixels.
    pub const LEAST: f64 = 90.0;

    /// What is drawn for a surface of so many pixels: a share of its sides, but no side below `least` that is not so short itself.
    pub fn scaled(pixels: (u32, u32), scale: f64, least: f64, glow: bool) -> Self {
        let short = f64::from(pixels.0.min(pixels.1)).max(1.0);
        let scale = scale.max((least / short).min(1.0));
        let side = |pixels: u32| ((f64::from(pixels) * scale / 4.0).round() as u32 * 4).max(4);
        Self { width: side(pixels.0), height: side(pixels.1), glow }
    }
}

/// What a frame is presented on.
#[derive(Debug, Clone, Copy)]
pub struct Target<'a> {
    /// The surface.
    pub view: &'a wgpu::TextureView,
    /// Its format.
    pub format: wgpu::TextureFormat,
}

/// Draws frames.
pub struct Stage {
    device: wgpu::Device,
    queue: wgpu::Queue,
    common: Common,
    size: Size,
    picture_passes: PicturePasses,
    layer_passes: LayerPasses,
    together: Pass,
    /// By format: how it is presented.
    presents: HashMap<wgpu::TextureFormat, Pass>,
    pictures: Vec<Pictures>,
    layers: [Layer; 2],
    wanted: wgpu::TextureView,
    text: wgpu::TextureView,
    guard: Guard,
    mixing: wgpu::Buffer,
    values: wgpu::Buffer,
    group: wgpu::BindGroup,
    peeks: Vec<Peek>,
    /// Number of the frame that is drawn next.
    number: u32,
    /// Whether one was drawn since it began.
    drawn: bool,
}

impl std::fmt::Debug for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stage").field("size", &self.size).field("number", &self.number).finish_non_exhaustive()
    }
}

impl Stage {
    /// A stage for frames of a size, with `sources` sources of pictures.
    pub fn new(device: &wgpu::Device, queue: &wgpu::Queue, size: Size, sources: usize) -> Self {
        let (device, queue) = (device.clone(), queue.clone());
        let common = Common::new(&device, &queue);
        let pixels = (size.width, size.height);
        let mix = module(&device, "together", include_str!("shaders/mix.wgsl"));
        let slots = [Slot::Texture, Slot::Texture, Slot::Texture, Slot::Uniform];
        let values = uniform(&device, values::count());
        let group = common.bind(&device, &values);
        let empty = filled(&device, &queue, (1, 1), wgpu::TextureFormat::Rgba8Unorm, &[0; 4]);
        Self {
            picture_passes: PicturePasses::new(&device, &common),
            layer_passes: LayerPasses::new(&device, &common),
            together: Pass::new(&device, &common, &mix, "together", &slots, LIGHT),
            presents: HashMap::new(),
            pictures: (0..sources.max(1)).map(|_| Pictures::new(&device, &queue, &common)).collect(),
            layers: [0, 1].map(|_| Layer::new(&device, &common, pixels)),
            wanted: canvas(&device, size.width, size.height),
            text: empty.create_view(&Default::default()),
            guard: Guard::new(&device, &common, pixels),
            mixing: uniform(&device, 4),
            values,
            group,
            peeks: Vec::new(),
            number: 0,
            drawn: false,
            common,
            size,
            device,
            queue,
        }
    }

    /// How many sources of pictures it has.
    pub(super) fn sources(&self) -> usize {
        self.pictures.len()
    }

    /// The size that is drawn.
    pub fn size(&self) -> Size {
        self.size
    }

    /// Draws in another size from now on; trails begin anew.
    pub fn resize(&mut self, size: Size) {
        if (size.width, size.height) != (self.size.width, self.size.height) {
            let pixels = (size.width, size.height);
            self.layers = [0, 1].map(|_| Layer::new(&self.device, &self.common, pixels));
            self.wanted = canvas(&self.device, size.width, size.height);
            let mut encoder = self.device.create_command_encoder(&Default::default());
            self.guard.resize(&self.device, &mut encoder, &self.group, pixels);
            self.queue.submit([encoder.finish()]);
        }
        self.size = size;
    }

    /// Makes ready what scenes with such dials need, which holds a first frame of theirs up else.
    pub fn prepare(&mut self, dials: &[f32]) {
        self.layer_passes.prepare(&self.device, &self.common, dials);
    }

    /// Forgets trails, as before a first frame. What is shown stays until the next frame, and the guard counts on.
    pub fn begin_anew(&mut self) {
        self.layers.iter_mut().for_each(Layer::forget);
        (self.number, self.drawn) = (0, false);
    }

    /// Is from now on as a new stage would be that has passed over as many frames as another has drawn, with its text.
    pub fn begin_beside(&mut self, other: &Self) {
        self.begin_anew();
        self.guard.begin_anew();
        self.pictures.iter_mut().for_each(|pictures| pictures.begin_anew(&self.device, &self.queue));
        self.number = other.number;
        self.text.clone_from(&other.text);
    }

    /// The guard's accounts: [`super::guard::is_calm`].
    pub(super) fn accounts(&self) -> &wgpu::Buffer {
        self.guard.accounts()
    }

    /// A frame is not drawn: the grain of those after it is as if it had been.
    pub fn pass_over(&mut self) {
        self.number = self.number.wrapping_add(1);
    }

    /// A new picture of a source: rows of four bytes a pixel, as displayed. What does not fit is ignored.
    pub fn push(&mut self, source: usize, size: (u32, u32), bytes: &[u8]) {
        if let Some(pictures) = self.pictures.get_mut(source) {
            pictures.push(&self.device, &self.queue, size, bytes);
        }
    }

    /// The text over everything: rows of four bytes a pixel; the first is how light a letter is, the fourth how much of it
    /// there is.
    pub fn text(&mut self, size: (u32, u32), bytes: &[u8]) {
        if size.0 > 0 && size.1 > 0 && bytes.len() == 4 * size.0 as usize * size.1 as usize {
            let texture = filled(&self.device, &self.queue, size, wgpu::TextureFormat::Rgba8Unorm, bytes);
            self.text = texture.create_view(&Default::default());
        }
    }

    /// Draws a frame, `step` seconds after the one before, which counts for nothing before the first; `shares` says for each source
    /// how much of its newer picture is seen. A frozen frame is the one before.
    pub fn draw(&mut self, encoder: &mut wgpu::CommandEncoder, plan: &Plan, shares: &[f32], step: f32) {
        if plan.frozen && self.drawn {
            self.pass_over();
            return;
        }
        // Before the first frame nothing was shown for long.
        let step = if self.drawn { step } else { LONG };
        plan.layers.iter().for_each(|layer| self.prepare(&layer.dials));
        let (device, queue) = (&self.device, &self.queue);
        let shown: Vec<usize> = plan.layers.iter().flat_map(|layer| layer.sources).collect();
        for (place, pictures) in self.pictures.iter_mut().enumerate() {
            if shown.contains(&place) {
                let share = shares.get(place).copied().unwrap_or(1.0);
                pictures.prepare(device, queue, encoder, &self.picture_passes, share);
            }
        }
        let moment = Moment {
            aspect: self.size.width as f32 / self.size.height.max(1) as f32,
            step,
            number: (self.number % 65_536) as f32,
            ..Default::default()
        };
        // Each scene keeps the layer that its trails are on; a new one takes that of the one that is gone.
        let mut places = [0, 1];
        if let [only] = &plan.layers[..] {
            places[0] = usize::from(self.layers[1].id() == Some(only.id));
        } else if let [first, second, ..] = &plan.layers[..]
            && (self.layers[1].id() == Some(first.id) || self.layers[0].id() == Some(second.id))
        {
            places = [1, 0];
        }
        for (layer, place) in plan.layers.iter().take(2).zip(places) {
            self.layers[place].draw(
                device,
                queue,
                encoder,
                &self.layer_passes,
                layer,
                &self.pictures,
                moment,
                self.size.glow,
            );
        }
        let share = if plan.layers.len() > 1 { plan.share.clamp(0.0, 1.0) } else { 0.0 };
        set(queue, &self.mixing, &[share, plan.light, plan.strobe, plan.text].map(|v| v.clamp(0.0, 1.0)));
        let dials = vec![0.0; DIALS.len()];
        set(queue, &self.values, &values::numbers(&dials, &moment, &Default::default()));
        let [outgoing, incoming] = places.map(|place| &self.layers[place].done);
        let incoming = if plan.layers.len() > 1 { incoming } else { outgoing };
        let views = [outgoing, incoming, &self.text].map(wgpu::BindingResource::TextureView);
        let [a, b, c] = views;
        let bindings = [a, b, c, self.mixing.as_entire_binding()];
        self.together.run(device, encoder, &self.group, &bindings, &self.wanted);
        self.guard.show(device, queue, encoder, &self.group, &self.wanted, step, plan.guard);
        self.number = self.number.wrapping_add(1);
        self.drawn = true;
    }

    /// Shows a finished picture of the stage's own size in the place of scenes, through the guard like everything: rows of four
    /// bytes a pixel, as displayed. One of another size is ignored.
    pub fn slide(&mut self, encoder: &mut wgpu::CommandEncoder, bytes: &[u8], step: f32, guard: bool) {
        let (width, height) = (self.size.width, self.size.height);
        if bytes.len() != 4 * width as usize * height as usize {
            return;
        }
        let (device, queue) = (&self.device, &self.queue);
        let format = wgpu::TextureFormat::Rgba8UnormSrgb;
        let picture = filled(device, queue, (width, height), format, bytes).create_view(&Default::default());
        self.guard.show(device, queue, encoder, &self.group, &picture, step, guard);
        self.number = self.number.wrapping_add(1);
        self.drawn = true;
    }

    /// Draws a frame of a performance in a size, and lets those watch who are to.
    pub fn perform(&mut self, encoder: &mut wgpu::CommandEncoder, frame: &Frame, size: Size) {
        self.resize(size);
        for (place, picture) in &frame.pictures {
            self.push(*place, picture.size, &picture.bytes);
        }
        if let Some((size, bytes)) = &frame.text {
            self.text(*size, bytes);
        }
        self.draw(encoder, &frame.plan, &frame.shares, frame.step);
        self.watch(&frame.lookouts);
    }

    /// Lets these watch from afar. It may be told with every frame: who watches already is not taken on twice.
    pub fn watch(&mut self, lookouts: &[Lookout]) {
        let device = &self.device;
        self.peeks.extend(lookouts.iter().skip(self.peeks.len()).map(|lookout| Peek::new(device, lookout.clone())));
    }

    /// Puts the frame onto a surface of any size, and lets those see it who watch from afar.
    pub fn present(&mut self, encoder: &mut wgpu::CommandEncoder, target: Target<'_>) {
        self.put(encoder, target);
        self.peek(encoder);
    }

    /// Lets those see the frame who watch from afar; for whoever presents it on nothing.
    pub fn peek(&mut self, encoder: &mut wgpu::CommandEncoder) {
        let mut peeks = std::mem::take(&mut self.peeks);
        for peek in &mut peeks {
            peek.advance(&self.device);
            if peek.is_due() {
                self.put(encoder, Target { view: peek.view(), format: peek::FORMAT });
                peek.copy(encoder);
            }
        }
        self.peeks = peeks;
    }

    fn put(&mut self, encoder: &mut wgpu::CommandEncoder, target: Target<'_>) {
        let (device, common) = (&self.device, &self.common);
        let present = self.presents.entry(target.format).or_insert_with(|| {
            let module = module(device, "present", include_str!("shaders/present.wgsl"));
            let entry = match target.format {
                EXACT => "to_exact",
                format if format.is_srgb() || is_linear(format) => "to_light",
                _ => "to_bytes",
            };
            Pass::new(device, common, &module, entry, &[Slot::Texture], target.format)
        });
        let bindings = [wgpu::BindingResource::TextureView(self.guard.shown())];
        present.run(device, encoder, &self.group, &bindings, target.view);
    }

    /// The device that it draws with.
    pub fn device(&self) -> &wgpu::Device {
        &self.device
    }

    /// The queue of that device.
    pub fn queue(&self) -> &wgpu::Queue {
        &self.queue
    }
}

/// Whether a format holds light as it is.
fn is_linear(format: wgpu::TextureFormat) -> bool {
    format == wgpu::TextureFormat::Rgba16Float
}
