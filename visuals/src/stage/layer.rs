//! A scene on its way from pictures to light.

use super::passes::{Common, LIGHT, Pass, Slot, canvas, module};
use super::picture::{Pictures, set, uniform};
use crate::show::dials::{FOLD, GLOW, MEDIUM, TRAIL};
use crate::show::plan;
use crate::show::values::{self, Moment};
use std::collections::HashMap;

/// How much smaller glow is.
const GLOW_SHRINK: u32 = 4;

/// The passes of all layers.
pub(super) struct LayerPasses {
    painter: wgpu::ShaderModule,
    /// By fold and medium.
    paints: HashMap<[i32; 2], Pass>,
    trail: Pass,
    bright: Pass,
    across: Pass,
    down: Pass,
    finish: Pass,
}

impl LayerPasses {
    pub fn new(device: &wgpu::Device, common: &Common) -> Self {
        let pass = |source: &str, entry: &str, count: usize| {
            let module = module(device, entry, source);
            Pass::new(device, common, &module, entry, &vec![Slot::Texture; count], LIGHT)
        };
        let glow = include_str!("shaders/glow.wgsl");
        Self {
            painter: module(device, "paint", include_str!("shaders/paint.wgsl")),
            paints: HashMap::new(),
            trail: pass(include_str!("shaders/trail.wgsl"), "trail", 2),
            bright: pass(glow, "bright", 1),
            across: pass(glow, "across", 1),
            down: pass(glow, "down", 1),
            finish: pass(include_str!("shaders/finish.wgsl"), "finish", 2),
        }
    }

    /// Makes what scenes with such dials are painted by, which takes up to a few tenths of a second, where it is not there yet.
    pub fn prepare(&mut self, device: &wgpu::Device, common: &Common, dials: &[f32]) {
        let painter = &self.painter;
        self.paints.entry(kind(dials)).or_insert_with_key(|&[fold, medium]| {
            let constants = [("FOLD", f64::from(fold)), ("MEDIUM", f64::from(medium))];
            Pass::with(device, common, painter, "paint", &[Slot::Texture; 4], LIGHT, &constants)
        });
    }
}

/// Fold and medium.
fn kind(dials: &[f32]) -> [i32; 2] {
    [FOLD, MEDIUM].map(|dial| dials[dial].round() as i32)
}

/// What a scene is drawn on.
pub(super) struct Layer {
    /// Whose trails these are.
    id: Option<u64>,
    size: (u32, u32),
    fresh: wgpu::TextureView,
    trails: [wgpu::TextureView; 2],
    glow: [wgpu::TextureView; 2],
    pub done: wgpu::TextureView,
    values: wgpu::Buffer,
    common: wgpu::BindGroup,
}

impl Layer {
    pub fn new(device: &wgpu::Device, common: &Common, size: (u32, u32)) -> Self {
        let full = || canvas(device, size.0, size.1);
        let small = || canvas(device, size.0 / GLOW_SHRINK, size.1 / GLOW_SHRINK);
        let values = uniform(device, values::count());
        let common = common.bind(device, &values);
        Self {
            id: None,
            size,
            fresh: full(),
            trails: [full(), full()],
            glow: [small(), small()],
            done: full(),
            values,
            common,
        }
    }

    /// Whose trails are on it.
    pub fn id(&self) -> Option<u64> {
        self.id
    }

    /// Its trails are nobody's.
    pub fn forget(&mut self) {
        self.id = None;
    }

    /// Draws a scene onto `done`; its passes are prepared.
    #[allow(clippy::too_many_arguments)]
    pub fn draw(
        &mut self,
        device: &wgpu::Device,
        queue: &wgpu::Queue,
        encoder: &mut wgpu::CommandEncoder,
        passes: &LayerPasses,
        plan: &plan::Layer,
        sources: &[Pictures],
        moment: Moment,
        with_glow: bool,
    ) {
        use wgpu::BindingResource::TextureView;
        let trail = plan.dials[TRAIL];
        // A trail of another appearance is none of ours.
        let keeps = self.id == Some(plan.id) && trail > 1e-3;
        let [accent, onset, energy] = plan.signals;
        let moment = Moment {
            width: self.size.0 as f32,
            height: self.size.1 as f32,
            keep: if keeps { (-moment.step / trail).exp() } else { 0.0 },
            accent,
            onset,
            energy,
            ..moment
        };
        self.id = Some(plan.id);
        let mut dials = plan.dials.clone();
        if !with_glow {
            dials[GLOW] = 0.0;
        }
        set(queue, &self.values, &values::numbers(&dials, &moment, &plan.palette));
        let [first, second] = plan.sources.map(|place| &sources[place.min(sources.len() - 1)]);
        let looked_at = [&first.prepared, &second.prepared, &first.flow, &second.flow].map(TextureView);
        if let Some(paint) = passes.paints.get(&kind(&dials)) {
            paint.run(device, encoder, &self.common, &looked_at, &self.fresh);
        }
        self.trails.swap(0, 1);
        let [now, before] = &self.trails;
        passes.trail.run(device, encoder, &self.common, &[&self.fresh, before].map(TextureView), now);
        if dials[GLOW] > 0.0 {
            let [a, b] = &self.glow;
            passes.bright.run(device, encoder, &self.common, &[TextureView(now)], a);
            passes.across.run(device, encoder, &self.common, &[TextureView(a)], b);
            passes.down.run(device, encoder, &self.common, &[TextureView(b)], a);
        }
        passes.finish.run(device, encoder, &self.common, &[now, &self.glow[0]].map(TextureView), &self.done);
    }
}
