//! The addresses: what each means, in which type.

use crate::control::order::Order;
use crate::show::When;
use crate::show::controls::{CONTROLS, Control, Shape};
use crate::sources::Played;
use rosc::OscType;

/// Where all addresses begin.
pub const ROOT: &str = "/oneiro";
/// What is added to a control's address to set it by a share of its range, 0 to 1.
pub const NORMALIZED: &str = "normalized";

/// Addresses that name something, beside those of controls: address, what it does.
pub const NAMED: &[(&str, &str)] = &[
    ("/oneiro/cue", "A cue, by its name or its number from 1; comes when it says itself."),
    ("/oneiro/cue/now", "The same, at once."),
    ("/oneiro/cue/beat", "The same, with the next beat."),
    ("/oneiro/cue/bar", "The same, with the next bar."),
];

/// Addresses that play: address, type tags, what it does.
pub const PLAYED: &[(&str, &str, &str)] = &[
    ("/oneiro/note", "ii", "A note: its pitch and its velocity, 0 to 127; velocity 0 ends it."),
    (
        "/oneiro/beat",
        "i",
        "A beat falls now: its number in the bar, from 1; without an argument, whichever is nearest.",
    ),
];

/// Addresses that are told and cannot be set: address, type tags, what it tells.
pub const TOLD: &[(&str, &str, &str)] = &[
    ("/oneiro/music/beat", "i", "A beat: its number in the bar, from 1."),
    ("/oneiro/music/bar", "i", "A bar: its number, from 1."),
    ("/oneiro/music/tempo", "f", "Quarter notes a minute, when they change."),
    ("/oneiro/music/playing", "i", "1 while time runs, 0 while it stands."),
    ("/oneiro/music/energy", "f", "How loud the last beat was, 0 to 1."),
    ("/oneiro/music/chord", "sii", "A chord: its name, its root (0 is C), its pitch classes as bits."),
    ("/oneiro/music/note/on", "sii", "A note: who plays it (call, answer, backing), its pitch, its velocity."),
    ("/oneiro/music/note/off", "si", "The same note ends."),
    ("/oneiro/show/scene", "is", "The scene on stage: its number, its name."),
    ("/oneiro/show/cue", "is", "The cue that came: its number, its name."),
];

/// Something that can be told by an address.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Place {
    /// A control in its own units, or by a share of its range.
    Control(Control, bool),
    /// One of [`NAMED`].
    Named(&'static str),
    /// One of [`PLAYED`].
    Played(&'static str),
}

impl Place {
    /// Every place.
    pub fn all() -> impl Iterator<Item = Self> {
        let controls = CONTROLS.iter().flat_map(|spec| [false, true].map(|share| Self::Control(spec.control, share)));
        let named = NAMED.iter().map(|(address, _)| Self::Named(address));
        controls.chain(named).chain(PLAYED.iter().map(|(address, ..)| Self::Played(address)))
    }

    /// Its address.
    pub fn address(self) -> String {
        match self {
            Self::Control(control, false) => format!("{ROOT}/{}", control.spec().name),
            Self::Control(control, true) => format!("{ROOT}/{}/{NORMALIZED}", control.spec().name),
            Self::Named(address) | Self::Played(address) => address.to_owned(),
        }
    }

    /// The place of an address.
    pub fn at(address: &str) -> Option<Self> {
        if let Some((named, _)) = NAMED.iter().find(|(named, _)| *named == address) {
            return Some(Self::Named(named));
        }
        if let Some((played, ..)) = PLAYED.iter().find(|(played, ..)| *played == address) {
            return Some(Self::Played(played));
        }
        let rest = address.strip_prefix(ROOT)?.strip_prefix('/')?;
        let (name, share) = match rest.split_once('/') {
            Some((name, NORMALIZED)) => (name, true),
            Some(_) => return None,
            None => (rest, false),
        };
        Control::by_name(name).map(|control| Self::Control(control, share))
    }

    /// What it orders with arguments: `None` where they are of no use to it. A trigger without arguments is pressed.
    pub fn order(self, arguments: &[OscType]) -> Option<Order> {
        let first = arguments.first();
        let number = first.and_then(number);
        let text = match first {
            Some(OscType::String(text)) => Some(text.clone()),
            _ => None,
        };
        match self {
            Self::Control(control, share) => {
                let spec = control.spec();
                let chosen = text.as_ref().and_then(|name| spec.named(name)).filter(|_| !share);
                let pressed = (first.is_none() && spec.shape == Shape::Trigger).then_some(1.0);
                let value = number.map(|number| if share { spec.at(number.clamp(0.0, 1.0)) } else { number });
                let named = text.filter(|_| control.is_of_names() && !share);
                let value = value.or(chosen).or(pressed);
                value.map(|value| Order::Set(control, value)).or(named.map(|name| Order::Named(control, name)))
            }
            Self::Named(address) => {
                let which = text.or_else(|| number.map(|number| format!("{number:.0}")))?;
                let when = match address.strip_prefix("/oneiro/cue/") {
                    Some("now") => Some(When::Now),
                    Some("beat") => Some(When::Beat),
                    Some("bar") => Some(When::Bar),
                    _ => None,
                };
                Some(Order::Cue { which, when })
            }
            Self::Played("/oneiro/beat") if first.is_none() => Some(Order::Played(Played::Beat(None))),
            Self::Played("/oneiro/beat") => Some(Order::Played(Played::Beat(Some(whole(first, 1, 64)?)))),
            Self::Played(_) => {
                let (pitch, velocity) = (whole(first, 0, 127)?, whole(arguments.get(1), 0, 127)?);
                Some(Order::Played(Played::Note { pitch, velocity }))
            }
        }
    }
}

/// A whole number of a range, whatever its type.
fn whole(argument: Option<&OscType>, least: u8, most: u8) -> Option<u8> {
    let number = argument.and_then(number)?.round();
    (f64::from(least)..=f64::from(most)).contains(&number).then_some(number as u8)
}

/// A number, whatever its type; none that is not finite.
fn number(argument: &OscType) -> Option<f64> {
    let number = match *argument {
        OscType::Float(x) => f64::from(x),
        OscType::Double(x) => x,
        OscType::Int(x) => f64::from(x),
        OscType::Long(x) => x as f64,
        OscType::Bool(on) => f64::from(u8::from(on)),
        OscType::Inf => 1.0,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_there_once_and_leads_to_its_place() {
        let all: Vec<Place> = Place::all().collect();
        for place in &all {
            assert_eq!(Place::at(&place.address()), Some(*place));
            assert!(rosc::address::verify_address(&place.address()).is_ok(), "{}", place.address());
            assert!(TOLD.iter().all(|(told, ..)| *told != place.address()));
        }
        assert_eq!(all.len(), 2 * CONTROLS.len() + NAMED.len() + PLAYED.len());
        for none in
            ["", "/", "/oneiro", "/oneiro/", "/oneiro/zoom/", "/oneiro/zoom/normalized/more", "/zoom", "oneiro/zoom"]
        {
            assert_eq!(Place::at(none), None, "{none}");
        }
    }

    #[test]
    fn numbers_of_every_type_names_and_shares_are_understood() {
        let order = |address: &str, arguments: &[OscType]| Place::at(address).unwrap().order(arguments);
        let text = |text: &str| OscType::String(text.into());
        for argument in [OscType::Float(2.0), OscType::Double(2.0), OscType::Int(2), OscType::Long(2)] {
            assert_eq!(order("/oneiro/zoom", &[argument]), Some(Order::Set(Control::Zoom, 2.0)));
        }
        assert_eq!(order("/oneiro/hue/normalized", &[OscType::Float(1.0)]), Some(Order::Set(Control::Hue, 0.5)));
        assert_eq!(order("/oneiro/hue/normalized", &[OscType::Float(9.0)]), Some(Order::Set(Control::Hue, 0.5)));
        assert_eq!(order("/oneiro/black", &[OscType::Bool(true)]), Some(Order::Set(Control::Black, 1.0)));
        assert_eq!(order("/oneiro/walk", &[text("circle")]), Some(Order::Set(Control::Walk, 2.0)));
        assert_eq!(order("/oneiro/scene", &[text("aurora")]), Some(Order::Named(Control::Scene, "aurora".into())));
        assert_eq!(order("/oneiro/drift", &[text("none")]), Some(Order::Set(Control::Drift, 0.0)));
        assert_eq!(order("/oneiro/first", &[text("a")]), Some(Order::Named(Control::First, "a".into())));
        assert_eq!(order("/oneiro/next", &[]), Some(Order::Set(Control::Next, 1.0)));
        let cue = |when| Some(Order::Cue { which: "3".into(), when });
        assert_eq!(order("/oneiro/cue", &[OscType::Int(3)]), cue(None));
        assert_eq!(order("/oneiro/cue/beat", &[OscType::Float(3.0)]), cue(Some(When::Beat)));
        let note = |pitch, velocity| Some(Order::Played(Played::Note { pitch, velocity }));
        assert_eq!(order("/oneiro/note", &[OscType::Int(60), OscType::Int(100)]), note(60, 100));
        assert_eq!(order("/oneiro/note", &[OscType::Float(60.0), OscType::Float(0.0)]), note(60, 0));
        assert_eq!(order("/oneiro/beat", &[OscType::Int(1)]), Some(Order::Played(Played::Beat(Some(1)))));
        assert_eq!(order("/oneiro/beat", &[]), Some(Order::Played(Played::Beat(None))));
        for (address, arguments) in [
            ("/oneiro/note", vec![OscType::Int(60)]),
            ("/oneiro/note", vec![OscType::Int(128), OscType::Int(1)]),
            ("/oneiro/note", vec![OscType::Int(60), OscType::Int(-1)]),
            ("/oneiro/beat", vec![OscType::Int(0)]),
            ("/oneiro/zoom", vec![]),
            ("/oneiro/zoom", vec![text("wide")]),
            ("/oneiro/zoom", vec![OscType::Float(f32::NAN)]),
            ("/oneiro/walk", vec![text("fly")]),
            ("/oneiro/cue", vec![]),
            ("/oneiro/cue", vec![OscType::Nil]),
        ] {
            assert_eq!(order(address, &arguments), None, "{address} {arguments:?}");
        }
    }
}
