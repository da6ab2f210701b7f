//! How a control moves over the bars.

use crate::compose::Parameter;
use crate::render::automation::{Lane, Mark, control};
use crate::render::place::Place;
use serde::{Deserialize, Serialize};

/// Most points of a course.
const MOST_POINTS: usize = 10_000;

/// A value as a person writes it: a number, or the text of a choice.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// A number in the control's own unit.
    Number(f64),
    /// A text: `dorian`, `1/16`, `follow`.
    Text(String),
}

impl Value {
    /// What it means to a control.
    ///
    /// # Errors
    /// A line where the control cannot have it.
    pub fn of(&self, control: &Parameter) -> Result<f64, String> {
        let text = match self {
            Self::Number(number) => number.to_string(),
            Self::Text(text) => text.clone(),
        };
        control.parse(&text).map_err(|e| e.to_string())
    }
}

/// The course of a control.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Course {
    /// What moves, by name.
    pub control: String,
    /// Where to, in order.
    pub points: Vec<CoursePoint>,
}

/// A point of a course.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoursePoint {
    /// A bar, from 1.
    pub bar: u32,
    /// A beat of it, from 1.
    #[serde(default = "first", skip_serializing_if = "is_first")]
    pub beat: f64,
    /// The value from there on.
    pub value: Value,
    /// Whether it is reached in a straight line from the point before.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub ramp: bool,
}

fn first() -> f64 {
    1.0
}

fn is_first(beat: &f64) -> bool {
    *beat == first()
}

impl Course {
    /// What it means.
    ///
    /// # Errors
    /// A line for a control or a value that is not there, and for points out of order.
    pub fn lane(&self) -> Result<Lane, String> {
        let control = control(&self.control)?;
        self.check()?;
        let mark = |point: &CoursePoint| {
            let CoursePoint { bar, beat, ref value, ramp } = *point;
            Ok(Mark { at: Place::Bar { bar, beat }, value: value.of(control)?, ramp })
        };
        Ok(Lane { control, points: self.points.iter().map(mark).collect::<Result<Vec<_>, String>>()? })
    }

    /// Whether there are points, in order, at places that can be.
    ///
    /// # Errors
    /// A line where not.
    pub fn check(&self) -> Result<(), String> {
        let (name, count) = (&self.control, self.points.len());
        if count == 0 || count > MOST_POINTS {
            return Err(format!("the course of `{name}` has {count} points: 1 to {MOST_POINTS} are needed"));
        }
        let mut before = (0, 0.0);
        for CoursePoint { bar, beat, .. } in &self.points {
            if *bar < 1 || !(1.0..=1024.0).contains(beat) || (*bar, *beat) <= before {
                return Err(format!("the course of `{name}`: bar {bar}, beat {beat} is out of order"));
            }
            before = (*bar, *beat);
        }
        Ok(())
    }
}
