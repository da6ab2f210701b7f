//! What a [`Session`] takes beyond the runtime's own call.

use super::inspect::{Inspected, ModelError, Refusal};
use super::runtime;
use super::session::{Input, Session, SessionError, SessionOptions, build};
use super::spec::{Dim, Element, TensorSpec};
use crate::complaint::one_line;
use ort::session::SessionInputValue;
use ort::value::{DynValue, Tensor};
use serde::Serialize;

/// Entries of a melody network's memory, where they are not fixed.
const ENTRIES: usize = 64;

/// A way to time a piece of work, in milliseconds.
pub type Stopwatch<'a> = &'a dyn Fn(&mut dyn FnMut()) -> f64;

/// Microseconds of one run, the wrapper's and the bare one in turns; medians.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Overhead {
    /// Runs of each.
    pub rounds: usize,
    /// The runtime's call, with inputs that were made before, and its outputs' numbers found by their places.
    pub bare_us: f64,
    /// [`Session::run`] with inputs from slices, and every output by its name.
    pub wrapped_us: f64,
    /// The median of what one took longer than the other beside it.
    pub overhead_us: f64,
}

/// An input that holds something.
pub(super) struct Fed {
    pub name: String,
    shape: Vec<usize>,
    numbers: Numbers,
}

enum Numbers {
    F32(Vec<f32>),
    I64(Vec<i64>),
}

impl Fed {
    /// Halves or ones. Where the shape is not fixed, a picture's sides are `side`, a memory's entries as many as a tune soon
    /// has, and everything else is one.
    pub fn new(tensor: &TensorSpec, side: usize) -> Self {
        let picture = tensor.shape.len() == 4;
        let length = |(axis, dim): (usize, &Dim)| match dim {
            Dim::Fixed(n) => *n,
            Dim::Named(_) if picture && axis >= 2 => side,
            Dim::Named(name) if name == "memory" => ENTRIES,
            Dim::Named(_) => 1,
        };
        let shape: Vec<usize> = tensor.shape.iter().enumerate().map(length).collect();
        let count = shape.iter().product();
        let numbers = match tensor.element {
            Element::F32 => Numbers::F32(vec![0.5; count]),
            Element::I64 => Numbers::I64(vec![1; count]),
        };
        Self { name: tensor.name.clone(), shape, numbers }
    }

    fn input(&self) -> (&str, Input<'_>) {
        let input = match &self.numbers {
            Numbers::F32(numbers) => Input::F32(&self.shape, numbers),
            Numbers::I64(numbers) => Input::I64(&self.shape, numbers),
        };
        (&self.name, input)
    }

    pub fn value(&self) -> ort::Result<DynValue> {
        let shape = self.shape.clone();
        Ok(match &self.numbers {
            Numbers::F32(numbers) => Tensor::from_array((shape, numbers.clone()))?.into_dyn(),
            Numbers::I64(numbers) => Tensor::from_array((shape, numbers.clone()))?.into_dyn(),
        })
    }
}

/// Runs a model `rounds` times through a [`Session`], and as often as the same bytes by the runtime itself. Pictures that
/// may have any size are given `side` pixels across and down.
///
/// # Errors
/// [`SessionError`] where it cannot be opened or run.
pub fn measure(
    model: Inspected,
    options: &SessionOptions,
    side: usize,
    rounds: usize,
    time: Stopwatch<'_>,
) -> Result<Overhead, SessionError> {
    let origin = model.origin.clone();
    let fail = |message: String| SessionError::Run { origin: origin.clone(), message };
    let text = |e: ort::Error| fail(one_line(&e));
    let mut bare = build(runtime::load()?, &model.bytes, options)
        .map_err(|message| ModelError { origin: origin.clone(), reason: Refusal::Session(message) })?;
    let mut session = Session::from_inspected(model, options)?;
    let fed: Vec<Fed> = session.spec().inputs.iter().map(|tensor| Fed::new(tensor, side)).collect();
    let outputs: Vec<(String, Element)> =
        session.spec().outputs.iter().map(|tensor| (tensor.name.clone(), tensor.element)).collect();
    // In the order of the graph, which may be another than that of the description.
    let in_order = bare.inputs().iter().map(|outlet| fed.iter().find(|f| f.name == outlet.name()));
    let in_order: Option<Vec<&Fed>> = in_order.collect();
    let in_order = in_order.ok_or_else(|| fail("an input is not described".into()))?;
    let kinds: Vec<Option<Element>> = bare
        .outputs()
        .iter()
        .map(|outlet| outputs.iter().find(|(name, _)| name == outlet.name()).map(|(_, element)| *element))
        .collect();
    let values = in_order.iter().map(|fed| fed.value()).collect::<ort::Result<Vec<DynValue>>>().map_err(text)?;
    let views: Vec<SessionInputValue<'_>> = values.iter().map(Into::into).collect();
    let mut runs_bare = || -> Result<usize, SessionError> {
        let found = bare.run(&views[..]).map_err(text)?;
        let mut numbers = 0;
        for (place, kind) in kinds.iter().enumerate() {
            numbers += match kind {
                Some(Element::F32) => found[place].try_extract_tensor::<f32>().map_err(text)?.1.len(),
                Some(Element::I64) => found[place].try_extract_tensor::<i64>().map_err(text)?.1.len(),
                None => 0,
            };
        }
        Ok(numbers)
    };
    let inputs: Vec<(&str, Input<'_>)> = fed.iter().map(Fed::input).collect();
    let mut runs_wrapped = || -> Result<usize, SessionError> {
        let found = session.run(&inputs)?;
        let mut numbers = 0;
        for (name, element) in &outputs {
            numbers += match element {
                Element::F32 => found.f32(name)?.len(),
                Element::I64 => found.i64(name)?.len(),
            };
        }
        Ok(numbers)
    };
    let timed = |run: &mut dyn FnMut() -> Result<usize, SessionError>| -> Result<f64, SessionError> {
        let mut done = Ok(0);
        let milliseconds = time(&mut || done = run());
        done.map(|_| milliseconds * 1e3)
    };
    let warm_up = rounds / 10 + 3;
    let mut all: [Vec<f64>; 3] = Default::default();
    for round in 0..rounds.max(1) + warm_up {
        // Each is the first of its pair in turn.
        let (bare, wrapped) = if round % 2 == 0 {
            let bare = timed(&mut runs_bare)?;
            (bare, timed(&mut runs_wrapped)?)
        } else {
            let wrapped = timed(&mut runs_wrapped)?;
            (timed(&mut runs_bare)?, wrapped)
        };
        if round >= warm_up {
            all.iter_mut().zip([bare, wrapped, wrapped - bare]).for_each(|(list, time)| list.push(time));
        }
    }
    let [bare_us, wrapped_us, overhead_us] = all.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[times.len() / 2]
    });
    Ok(Overhead { rounds: rounds.max(1), bare_us, wrapped_us, overhead_us })
}
