//! Everything a host can set: the controls that the stand-alone instrument has too, and the plugin's own.

mod host;
mod table;

pub use table::{BYPASS, CHANNEL, FREE_RUN, IN_SYNC, PRESET_NEXT, PRESET_PREVIOUS, Sheet, THRU, place, sheets};

use crate::shared::Shared;
use nice_plug::context::gui::ParamSetter;
use nice_plug::params::range::{FloatRange, IntRange};
use nice_plug::params::{BoolParam, FloatParam, IntParam, Param};
use oneiro::controls::Shape;
use std::sync::Arc;

/// A parameter as the host knows it.
#[derive(Debug)]
pub enum Knob {
    /// Any number of a range.
    Float(FloatParam),
    /// Whole numbers and choices.
    Int(IntParam),
    /// Switches, and triggers, which act when they go on.
    Bool(BoolParam),
}

impl Knob {
    fn new(sheet: &'static Sheet) -> Self {
        let (low, high) = sheet.range;
        let text = |value: f64| sheet.text(value);
        match sheet.shape {
            _ if sheet.is_switch() => {
                let knob = BoolParam::new(sheet.title.clone(), sheet.usual > 0.5)
                    .with_value_to_string(Arc::new(move |on| text(f64::from(u8::from(on)))))
                    .with_string_to_value(Arc::new(|text| sheet.parse(text).map(|value| value > 0.5)));
                Self::Bool(if sheet.id == "bypass" { knob.make_bypass() } else { knob })
            }
            Shape::Smooth(_) => {
                let range = FloatRange::Linear { min: low as f32, max: high as f32 };
                let knob = FloatParam::new(sheet.title.clone(), sheet.usual as f32, range)
                    .with_value_to_string(Arc::new(move |value| text(exact(value))))
                    .with_string_to_value(Arc::new(|text| sheet.parse(text).map(|value| value as f32)));
                Self::Float(knob)
            }
            Shape::Whole | Shape::Choice(_) | Shape::Trigger => {
                let range = IntRange::Linear { min: low as i32, max: high as i32 };
                let knob = IntParam::new(sheet.title.clone(), sheet.usual as i32, range)
                    .with_value_to_string(Arc::new(move |value| text(f64::from(value))))
                    .with_string_to_value(Arc::new(|text| sheet.parse(text).map(|value| value.round() as i32)));
                Self::Int(knob)
            }
        }
    }

    /// Its value, with the host's modulation; within its range.
    pub fn value(&self) -> f64 {
        match self {
            Self::Float(knob) => exact(knob.value()),
            Self::Int(knob) => f64::from(knob.value()),
            Self::Bool(knob) => f64::from(u8::from(knob.value())),
        }
    }

    /// Its value without modulation: what a project stores.
    pub fn set_value(&self) -> f64 {
        match self {
            Self::Float(knob) => exact(knob.unmodulated_plain_value()),
            Self::Int(knob) => f64::from(knob.unmodulated_plain_value()),
            Self::Bool(knob) => f64::from(u8::from(knob.unmodulated_plain_value())),
        }
    }
}

/// The number that was meant: a host's values have 24 bits, and what is chosen by them must not have more.
pub(crate) fn exact(value: f32) -> f64 {
    (f64::from(value) * 1e5).round() / 1e5
}

/// All parameters of an instance, in the order of [`sheets`].
#[derive(Debug)]
pub struct Parameters {
    knobs: Vec<Knob>,
    /// What a project keeps beside them.
    shared: Arc<Shared>,
}

impl Parameters {
    /// Parameters at their usual values.
    pub fn new(shared: Arc<Shared>) -> Self {
        Self { knobs: sheets().iter().map(Knob::new).collect(), shared }
    }

    /// The parameter at a place.
    pub fn knob(&self, place: usize) -> &Knob {
        &self.knobs[place]
    }

    /// The value at a place, with the host's modulation.
    pub fn value(&self, place: usize) -> f64 {
        self.knobs[place].value()
    }

    /// Whether a switch is on.
    pub fn on(&self, place: usize) -> bool {
        self.value(place) > 0.5
    }

    /// Tells the host that a gesture begins.
    pub fn begin(&self, setter: &ParamSetter<'_>, place: usize) {
        match self.knob(place) {
            Knob::Float(knob) => setter.begin_set_parameter(knob),
            Knob::Int(knob) => setter.begin_set_parameter(knob),
            Knob::Bool(knob) => setter.begin_set_parameter(knob),
        }
    }

    /// Sets a parameter within a gesture.
    pub fn turn(&self, setter: &ParamSetter<'_>, place: usize, value: f64) {
        let value = sheets()[place].allow(value);
        match self.knob(place) {
            Knob::Float(knob) => setter.set_parameter(knob, value as f32),
            Knob::Int(knob) => setter.set_parameter(knob, value as i32),
            Knob::Bool(knob) => setter.set_parameter(knob, value > 0.5),
        }
    }

    /// Tells the host that a gesture is over.
    pub fn end(&self, setter: &ParamSetter<'_>, place: usize) {
        match self.knob(place) {
            Knob::Float(knob) => setter.end_set_parameter(knob),
            Knob::Int(knob) => setter.end_set_parameter(knob),
            Knob::Bool(knob) => setter.end_set_parameter(knob),
        }
    }
}
