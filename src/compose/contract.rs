//! What networks of this folder must be like to be played with, and what they tell.

use super::ComposeError;
use crate::model::spec::{Dim, Element, ModelSpec, TensorSpec};
use crate::music::STEPS_PER_BEAT;
use crate::music::encoding::DURATIONS;
use std::path::Path;

/// Checks that a network codes music, or phrases, by a coding of this program; or says what is different.
pub(super) fn check_coding(spec: &ModelSpec, what: &str, coding: (&str, u32)) -> Result<(), String> {
    let vocabulary = spec.vocabulary.as_ref().ok_or("it has no vocabulary")?;
    let (name, version) = (vocabulary.coding.as_str(), vocabulary.version);
    if (name, version) != coding {
        return Err(format!("it codes {what} as `{name}` {version}, not as `{}` {}", coding.0, coding.1));
    }
    if vocabulary.steps_per_quarter != STEPS_PER_BEAT
        || !vocabulary.durations.iter().copied().eq(DURATIONS.iter().map(|&d| u32::from(d)))
    {
        return Err("its table of durations is not the one of this coding".into());
    }
    Ok(())
}

/// Length of an input's axis, from 1 to `largest`; or why it cannot be played with.
pub(super) fn width(tensors: &[TensorSpec], name: &str, axis: usize, largest: usize) -> Result<usize, String> {
    let tensor = tensors.iter().find(|t| t.name == name).ok_or_else(|| format!("it has no input `{name}`"))?;
    match tensor.shape.get(axis) {
        Some(Dim::Fixed(n)) if (1..=largest).contains(n) => Ok(*n),
        Some(Dim::Fixed(n)) => Err(format!("its input `{name}` is {n} wide; 1 to {largest} can be played with")),
        _ => Err(format!("its input `{name}` has no fixed shape")),
    }
}

/// Whether a tensor is described as it is wanted; or what is different.
pub(super) fn has(direction: &str, tensors: &[TensorSpec], wanted: &TensorSpec) -> Result<(), String> {
    let name = &wanted.name;
    let found = tensors.iter().find(|t| t.name == *name).ok_or_else(|| format!("it has no {direction} `{name}`"))?;
    let describe = |t: &TensorSpec| {
        let element = if t.element == Element::F32 { "f32" } else { "i64" };
        let shape = t.shape.iter().map(|dim| match dim {
            Dim::Fixed(n) => n.to_string(),
            Dim::Named(name) => name.clone(),
        });
        format!("{element} ({})", shape.collect::<Vec<_>>().join(", "))
    };
    if found.element == wanted.element && found.shape == wanted.shape {
        Ok(())
    } else {
        Err(format!("its {direction} `{name}` is {}, not {}", describe(found), describe(wanted)))
    }
}

/// An output, if it is as long as it should be and holds numbers.
pub(super) fn numbers(values: Vec<f32>, name: &str, length: usize, origin: &Path) -> Result<Vec<f32>, ComposeError> {
    let reason = if values.len() != length {
        format!("output `{name}` has {} numbers instead of {length}", values.len())
    } else if values.iter().any(|x| x.is_nan() || *x == f32::INFINITY) {
        format!("output `{name}` is not a number")
    } else {
        return Ok(values);
    };
    Err(ComposeError::Model { origin: origin.to_owned(), reason })
}
