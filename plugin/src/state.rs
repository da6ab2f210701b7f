//! What a project stores, and how it is read again: every byte of it is untrusted.
//!
//! nice-plug stores the parameters by name and some fields of text. Ours are `kept` (everything else that a project needs,
//! with the number of its format) and `overlay` (see [`crate::shared::Shared::overlay`]). [`filter`] runs before anything is taken:
//! it brings older formats up to date, and empties what it refuses, so that the present state stays as it is.

use crate::parameters::{place, sheets};
use nice_plug::plugin::{ParamValue, PluginState};
use oneiro::complaint::one_line;
use oneiro::controls::Shape;
use oneiro::music::Melody;
use oneiro::time::TimeSignature;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The present format.
pub const FORMAT: u32 = 1;

/// Names of the fields.
const KEPT: &str = "kept";
const OVERLAY: &str = "overlay";
const REFUSED: &str = "refused";

/// Most notes and rests of a captured phrase that is read.
const MOST_EVENTS: usize = 4096;
/// Most steps of one of them: 85 quarter notes.
const MOST_STEPS: u16 = 2048;

/// A model, as a project remembers it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModelMark {
    /// Its name.
    pub name: String,
    /// Its file's name: it may lie elsewhere when the project is opened again.
    pub file: String,
    /// SHA-256 of its file, in hexadecimal digits.
    pub sha256: String,
}

/// Which model a project wants of a kind.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// The usual one.
    #[default]
    Usual,
    /// None.
    Off,
    /// This one.
    Model(ModelMark),
}

/// What a project keeps beside the parameters.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Kept {
    /// The number of the format.
    pub format: u32,
    /// The captured phrases.
    #[serde(default)]
    pub captured: [Option<Melody>; 4],
    /// The models, in the order of [`crate::view::KINDS`].
    #[serde(default)]
    pub models: [Wanted; 2],
    /// Width and height of the editor, in points.
    #[serde(default)]
    pub window: Option<[u32; 2]>,
}

impl Default for Kept {
    fn default() -> Self {
        Self { format: FORMAT, captured: [const { None }; 4], models: [const { Wanted::Usual }; 2], window: None }
    }
}

/// Why a project's state was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// It was written by a later version.
    #[error("the project was stored by a later version of Oneiro (format {0}); everything is left as it is")]
    Future(u32),
    /// It is no state of ours.
    #[error("what the host has stored is no state of Oneiro; everything is left as it is")]
    Foreign,
    /// It is damaged.
    #[error("the stored state is damaged ({0}); everything is left as it is")]
    Damaged(String),
}

/// The fields that a project stores.
pub(crate) fn stored(kept: &Kept, overlay: impl Fn(usize) -> Option<f64>) -> BTreeMap<String, String> {
    let over = sheets().iter().enumerate().filter_map(|(place, sheet)| Some((sheet.id, overlay(place)?)));
    let over: BTreeMap<&str, f64> = over.collect();
    // Text and finite numbers always have a form in JSON.
    let mut fields = BTreeMap::from([(KEPT.to_owned(), serde_json::to_string(kept).unwrap_or_default())]);
    if !over.is_empty() {
        fields.insert(OVERLAY.to_owned(), serde_json::to_string(&over).unwrap_or_default());
    }
    fields
}

/// Reads what [`stored`] wrote, after [`filter`].
pub(crate) fn restored(fields: &BTreeMap<String, String>) -> Result<Kept, StateError> {
    if let Some(refused) = fields.get(REFUSED) {
        return Err(serde_json::from_str(refused).map_or(StateError::Foreign, Told::into));
    }
    read_kept(fields)
}

/// A refusal on its way from [`filter`], which belongs to no instance, to the one that was meant.
#[derive(Serialize, Deserialize)]
enum Told {
    Future(u32),
    Foreign,
    Damaged(String),
}

impl From<Told> for StateError {
    fn from(told: Told) -> Self {
        match told {
            Told::Future(format) => Self::Future(format),
            Told::Foreign => Self::Foreign,
            Told::Damaged(reason) => Self::Damaged(reason),
        }
    }
}

fn read_kept(fields: &BTreeMap<String, String>) -> Result<Kept, StateError> {
    let text = fields.get(KEPT).ok_or(StateError::Foreign)?;
    let damaged = |e: &dyn std::fmt::Display| StateError::Damaged(one_line(&e));
    /// The number alone: what a later format holds besides is not known.
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let Format { format } = serde_json::from_str(text).map_err(|e| damaged(&e))?;
    if format > FORMAT {
        return Err(StateError::Future(format));
    }
    if format == 0 {
        return Err(StateError::Damaged("format 0".to_owned()));
    }
    let kept: Kept = serde_json::from_str(text).map_err(|e| damaged(&e))?;
    kept.captured.iter().flatten().try_for_each(check_phrase).map_err(StateError::Damaged)?;
    Ok(kept)
}

/// Checks a phrase that was stored; says what is wrong with it.
pub(crate) fn check_phrase(melody: &Melody) -> Result<(), String> {
    TimeSignature::new(melody.metre.numerator, melody.metre.denominator).map_err(|e| e.to_string())?;
    if melody.events.len() > MOST_EVENTS {
        return Err(format!("a phrase of {} events", melody.events.len()));
    }
    let sound = |pitch: Option<u8>, steps: u16| pitch.is_none_or(|p| p < 128) && (1..=MOST_STEPS).contains(&steps);
    if melody.start_step > u32::from(MOST_STEPS) || !melody.events.iter().all(|e| sound(e.pitch, e.steps)) {
        return Err("a phrase with notes that are none".to_owned());
    }
    Ok(())
}

/// Makes a stored state fit to be taken: brings it up to date, puts every value into its range, and lays what a preset had
/// laid over the parameters into them. A state that is refused is emptied, and says why in a field.
pub fn filter(state: &mut PluginState) {
    if let Err(refusal) = filtered(state) {
        let told = match refusal {
            StateError::Future(format) => Told::Future(format),
            StateError::Foreign => Told::Foreign,
            StateError::Damaged(reason) => Told::Damaged(reason),
        };
        state.params.clear();
        state.fields = BTreeMap::from([(REFUSED.to_owned(), serde_json::to_string(&told).unwrap_or_default())]);
    }
}

fn filtered(state: &mut PluginState) -> Result<(), StateError> {
    read_kept(&state.fields)?;
    if let Some(overlay) = state.fields.remove(OVERLAY) {
        let values: BTreeMap<String, f64> =
            serde_json::from_str(&overlay).map_err(|e| StateError::Damaged(one_line(&e)))?;
        state.params.extend(values.into_iter().map(|(id, value)| (id, ParamValue::F32(value as f32))));
    }
    state.params.retain(|id, _| place(id).is_some());
    for (id, value) in &mut state.params {
        let Some(sheet) = place(id).map(|place| &sheets()[place]) else { continue };
        let number = match *value {
            ParamValue::F32(value) => f64::from(value),
            ParamValue::I32(value) => f64::from(value),
            ParamValue::Bool(on) => f64::from(u8::from(on)),
            ParamValue::String(_) => f64::NAN,
        };
        let number = sheet.allow(number);
        *value = match sheet.shape {
            _ if sheet.is_switch() => ParamValue::Bool(number > 0.5),
            Shape::Smooth(_) => ParamValue::F32(number as f32),
            _ => ParamValue::I32(number as i32),
        };
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use oneiro::music::MelodyEvent;

    fn melody() -> Melody {
        let events = vec![MelodyEvent { pitch: Some(60), steps: 24 }, MelodyEvent { pitch: None, steps: 72 }];
        Melody { title: String::new(), metre: TimeSignature::COMMON, start_step: 0, events }
    }

    fn state(kept: &str, params: &[(&str, ParamValue)]) -> PluginState {
        PluginState {
            version: String::new(),
            params: params.iter().map(|(id, value)| ((*id).to_owned(), value.clone())).collect(),
            fields: BTreeMap::from([(KEPT.to_owned(), kept.to_owned())]),
        }
    }

    #[test]
    fn what_is_kept_comes_back() {
        let mark = ModelMark { name: "n".into(), file: "f".into(), sha256: "0".into() };
        let kept = Kept {
            captured: [None, Some(melody()), None, None],
            models: [Wanted::Model(mark), Wanted::Off],
            ..Kept::default()
        };
        assert_eq!(restored(&stored(&kept, |_| None)), Ok(kept));
    }

    #[test]
    fn values_come_into_their_ranges_and_what_lay_over_them_is_laid_into_them() {
        let mut stored = state(
            &serde_json::to_string(&Kept::default()).unwrap(),
            &[
                ("temperature", ParamValue::F32(f32::INFINITY)),
                ("mode", ParamValue::I32(77)),
                ("bypass", ParamValue::I32(1)),
                ("vary", ParamValue::String("x".into())),
                ("again", ParamValue::Bool(true)),
                ("who knows", ParamValue::I32(1)),
            ],
        );
        stored.fields.insert(OVERLAY.to_owned(), r#"{"swing":0.625,"scale":3}"#.to_owned());
        filter(&mut stored);
        let as_json = serde_json::to_value(&stored.params).unwrap();
        let expected = serde_json::json!({
            "again": {"bool": true}, "bypass": {"bool": true}, "mode": {"i32": 5}, "scale": {"i32": 3}, "swing": {"f32": 0.625},
            "temperature": {"f32": 3.0}, "vary": {"f32": 0.3_f32},
        });
        assert_eq!(as_json, expected);
    }

    #[test]
    fn later_foreign_and_damaged_states_are_refused_whole() {
        let param = [("mode", ParamValue::I32(3))];
        let mut bad_phrase = Kept { captured: [Some(melody()), None, None, None], ..Kept::default() };
        bad_phrase.captured[0].as_mut().unwrap().metre.denominator = 3;
        for (kept, expected) in [
            (r#"{"format":2,"captured":"otherwise"}"#.to_owned(), StateError::Future(2)),
            (r#"{"format":0}"#.to_owned(), StateError::Damaged("format 0".into())),
            (
                serde_json::to_string(&bad_phrase).unwrap(),
                StateError::Damaged(TimeSignature::new(4, 3).unwrap_err().to_string()),
            ),
        ] {
            let mut stored = state(&kept, &param);
            filter(&mut stored);
            assert!(stored.params.is_empty());
            assert_eq!(restored(&stored.fields), Err(expected));
        }
        let mut foreign = state("", &param);
        foreign.fields.clear();
        filter(&mut foreign);
        assert_eq!(restored(&foreign.fields), Err(StateError::Foreign));
        let mut garbage = state("{\"format\":1", &param);
        filter(&mut garbage);
        assert!(garbage.params.is_empty() && matches!(restored(&garbage.fields), Err(StateError::Damaged(_))));
    }
}
