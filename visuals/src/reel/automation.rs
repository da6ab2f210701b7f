//! What controls do in a reel: values at positions, and ways between them.

use crate::show::controls::{Control, Shape};
use oneiro::render::Way;
use std::collections::BTreeMap;

/// A control has a value at a position.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Placed {
    /// In quarter notes.
    pub at: f64,
    pub value: f64,
    pub way: Way,
}

/// Something that a control is told, and since which position it holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Told {
    pub control: Control,
    pub value: f64,
    pub at: f64,
}

/// The points of one control, in order.
#[derive(Debug, Clone)]
struct Lane {
    points: Vec<Placed>,
    /// Its value before the first point.
    first: f64,
    /// Points that have been passed.
    passed: usize,
    told: Option<f64>,
}

impl Lane {
    /// The value at a position, and since when it is the way it is; `None` before there is any.
    fn at(&self, beats: f64) -> Option<(f64, f64)> {
        let next = self.points.partition_point(|point| point.at <= beats);
        let before = next.checked_sub(1).map(|place| self.points[place]);
        let (value, since) = before.map_or((self.first, 0.0), |point| (point.value, point.at));
        match self.points.get(next) {
            Some(point) if point.way == Way::Ramp && beats >= since => {
                let share = (beats - since) / (point.at - since).max(1e-9);
                Some((value + (point.value - value) * share.clamp(0.0, 1.0), since))
            }
            _ => before.map(|_| (value, since)),
        }
    }
}

/// All points of a reel. What is told follows from positions alone, so frames may fall as they like; only a control that somebody
/// else moves after its last point stays there.
#[derive(Debug, Clone, Default)]
pub(super) struct Automation(BTreeMap<Control, Lane>);

impl Automation {
    /// Adds a point of a control, whose value at the beginning is `first`.
    pub fn add(&mut self, control: Control, first: f64, point: Placed) {
        let lane = Lane { points: Vec::new(), first, passed: 0, told: None };
        let points = &mut self.0.entry(control).or_insert(lane).points;
        // Of several at one position the last that was given counts.
        let place = points.partition_point(|other| other.at <= point.at);
        points.insert(place, point);
    }

    /// What is to be told at a position, which does not lie before the last that was asked for. What starts something else comes
    /// after what only sets how.
    pub fn advance(&mut self, beats: f64) -> Vec<Told> {
        let mut told = Vec::new();
        let mut starts = Vec::new();
        for (&control, lane) in &mut self.0 {
            let next = lane.points.partition_point(|point| point.at <= beats);
            let come = &lane.points[lane.passed..next.max(lane.passed)];
            if control == Control::Scene || control.spec().shape == Shape::Trigger {
                starts.extend(come.iter().map(|point| Told { control, value: point.value, at: point.at }));
            } else if let Some((value, at)) = lane.at(beats)
                && (!come.is_empty() || lane.told != Some(value))
            {
                lane.told = Some(value);
                told.push(Told { control, value, at });
            }
            lane.passed = next.max(lane.passed);
        }
        starts.sort_by(|a, b| a.at.total_cmp(&b.at));
        told.extend(starts);
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn automation() -> Automation {
        let mut automation = Automation::default();
        let mut add = |control, at, value, way| automation.add(control, 1.0, Placed { at, value, way });
        add(Control::Zoom, 8.0, 0.5, Way::Step);
        add(Control::Zoom, 4.0, 2.0, Way::Ramp);
        add(Control::Zoom, 12.0, 1.5, Way::Ramp);
        add(Control::Scene, 6.0, 3.0, Way::Step);
        add(Control::SceneFade, 6.0, 0.0, Way::Step);
        add(Control::Another, 2.0, 1.0, Way::Step);
        add(Control::Another, 2.5, 1.0, Way::Step);
        automation
    }

    #[test]
    fn a_value_is_a_function_of_the_position_however_frames_fall() {
        let wanted = |beats: f64| match beats {
            b if b < 4.0 => 1.0 + b / 4.0,
            b if b < 8.0 => 2.0,
            b if b < 12.0 => 0.5 + (b - 8.0) / 4.0,
            _ => 1.5,
        };
        for step in [0.01, 0.3, 1.0, 5.0] {
            let (mut automation, mut zoom, mut fired) = (automation(), 1.0, Vec::new());
            let mut at = 0.0;
            while at < 16.0 {
                for told in automation.advance(at) {
                    match told.control {
                        Control::Zoom => zoom = told.value,
                        control => fired.push((control, told.at)),
                    }
                }
                assert!((zoom - wanted(at)).abs() < 1e-9, "{zoom} at {at}, step {step}");
                at += step;
            }
            fired.sort_by(|a, b| a.1.total_cmp(&b.1));
            let another = [2.0, 2.5].map(|at| (Control::Another, at));
            let scene = [Control::SceneFade, Control::Scene].map(|control| (control, 6.0));
            assert_eq!(fired, [another, scene].concat(), "step {step}");
        }
    }

    #[test]
    fn after_its_last_point_a_control_is_anybodys() {
        let mut automation = automation();
        automation.advance(13.0);
        assert!(automation.advance(14.0).is_empty());
    }
}
