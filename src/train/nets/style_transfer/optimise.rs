//! Style transfer without a network for it (Gatys et al. 2016): the pixels themselves are moved until content and style fit. Slow, and the
//! measure of what the fast network reaches.

use super::loss::{CONTENT, Weighting, content_loss, style_loss, variation};
use super::styles::Targets;
use crate::train::graph::{Graph, Init, Role};
use crate::train::nets::vgg::Vgg;
use crate::train::program::{Device, Feed, Feeds, Program, ProgramError, State};
use crate::train::run::Rates;
use crate::train::step::{Adam, Objective, Step, initial_state};
use crate::train::tensor::Tensor;

/// How far a pixel of −1 … 1 moves in a step, at first.
const RATE: f64 = 0.05;

/// Moves the pixels of pictures of one size towards a style.
pub struct Optimiser {
    program: Program,
    step: Step,
    shape: [usize; 4],
    styles: usize,
}

impl Optimiser {
    /// For pictures of `side` pixels, a multiple of 8.
    ///
    /// # Errors
    /// If ONNX Runtime is missing or fails.
    pub fn new(
        vgg: &Vgg,
        side: usize,
        targets: &Targets,
        weighting: Weighting,
        device: Device,
    ) -> Result<Self, ProgramError> {
        let shape = [1, 3, side, side];
        let mut g = Graph::new();
        let content = g.input("content", &shape);
        let style = g.input("style", &[1, targets.count()]);
        let picture = g.parameter("picture", &shape, Init::Constant(0.0), Role::Bias);
        let seen = vgg.features(&mut g, picture);
        let wanted = vgg.features(&mut g, content)[CONTENT];
        let mut loss = g.scalar(0.0);
        for (part, weight) in [
            (content_loss(&mut g, seen[CONTENT], wanted), weighting.content),
            (style_loss(&mut g, seen, style, targets), weighting.style),
            (variation(&mut g, picture), weighting.variation),
        ] {
            let part = g.scale(part, weight);
            loss = g.add(loss, part);
        }
        let adam = Adam { clip_norm: None, average: false, ..Adam::default() };
        let objective = Objective { name: "pixels".into(), loss, prefix: "picture".into(), adam };
        let step = Step::new(g, &[objective], &[]);
        Ok(Self { program: Program::new(&step, device)?, step, shape, styles: targets.count() })
    }

    /// `content`, `(3, side, side)` in −1 … 1, after `steps` steps towards `style`.
    ///
    /// # Errors
    /// If ONNX Runtime fails.
    pub fn paint(&mut self, content: &[f32], style: usize, steps: u64) -> Result<Vec<f32>, ProgramError> {
        let content = Tensor::new(&self.shape, content.to_vec());
        let mut start = initial_state(&self.step.slots, 0);
        start.insert("picture".into(), content.clone());
        let mut state = State::new(&start)?;
        let mut shares = Tensor::zeros(&[1, self.styles]);
        shares.data[style] = 1.0;
        let Adam { beta1, beta2, .. } = Adam::default();
        let rates = Rates {
            objective: "pixels".into(),
            peak: RATE,
            warm_up: 5,
            end: 0.05,
            beta1: f64::from(beta1),
            beta2: f64::from(beta2),
            average: None,
        };
        for step in 0..steps {
            let mut feeds = Feeds::from([
                ("content".into(), Feed::Floats(content.clone())),
                ("style".into(), Feed::Floats(shares.clone())),
            ]);
            rates.feed(step, steps, &mut feeds);
            self.program.run(&mut state, &feeds)?;
        }
        let mut found = state.tensors(|name| name == "picture")?;
        let data = found.remove("picture").map(|t| t.data).unwrap_or_default();
        Ok(data.into_iter().map(|v| v.clamp(-1.0, 1.0)).collect())
    }
}
