//! The tree of addresses with types, ranges and values, as OSCQuery has it (Vidvox, "OSCQuery Proposal").

use super::address::{NAMED, NORMALIZED, PLAYED, Place, TOLD};
use crate::control::snapshot::Snapshot;
use crate::show::controls::{CONTROLS, Control, Shape};
use serde_json::{Map, Value, json};

/// May be read, may be set: as OSCQuery writes it.
const READ: u8 = 1;
const WRITE: u8 = 2;

/// The node of a path, with everything below it; `None` where there is none.
pub fn node(path: &str, now: &Snapshot) -> Option<Value> {
    let mut tree = tree(now);
    let mut found = &mut tree;
    for part in path.split('/').filter(|part| !part.is_empty()) {
        found = found.get_mut("CONTENTS")?.get_mut(part)?;
    }
    Some(found.take())
}

/// What this host can do.
pub fn host(osc_port: Option<u16>) -> Value {
    let yes = ["ACCESS", "VALUE", "RANGE", "TYPE", "DESCRIPTION", "UNIT"].map(|name| (name.to_owned(), json!(true)));
    let mut info = json!({ "NAME": "Oneiro", "EXTENSIONS": Map::from_iter(yes), "OSC_TRANSPORT": "UDP" });
    if let (Some(port), Some(info)) = (osc_port, info.as_object_mut()) {
        info.insert("OSC_PORT".into(), json!(port));
    }
    info
}

fn tree(now: &Snapshot) -> Value {
    let mut root = json!({ "FULL_PATH": "/", "DESCRIPTION": "Oneiro", "CONTENTS": {} });
    for spec in CONTROLS {
        let value = now.settings.get(spec.control);
        let place = Place::Control(spec.control, false).address();
        let names: Vec<&str> = match spec.control {
            Control::Scene => now.lists.scenes.iter().map(|scene| scene.name.as_str()).collect(),
            _ => Vec::new(),
        };
        let mut range = json!({ "MIN": spec.range.0, "MAX": spec.range.1 });
        match spec.shape {
            Shape::Choice(choices) => range = json!({ "VALS": (0..choices.len()).collect::<Vec<_>>() }),
            _ if !names.is_empty() => range = json!({ "MIN": 1, "MAX": names.len() }),
            _ => {}
        }
        let mut described = json!({ "TYPE": "f", "RANGE": [range], "DESCRIPTION": spec.about });
        if let Shape::Choice(choices) = spec.shape {
            described["CHOICES"] = json!(choices);
        } else if !names.is_empty() {
            described["CHOICES"] = json!(names);
        }
        if !spec.unit.is_empty() {
            described["UNIT"] = json!([spec.unit]);
        }
        if spec.shape == Shape::Trigger {
            described["ACCESS"] = json!(WRITE);
        } else {
            described["ACCESS"] = json!(READ | WRITE);
            described["VALUE"] = json!([value]);
        }
        insert(&mut root, &place, described);
        let share = json!({
            "TYPE": "f",
            "RANGE": [{ "MIN": 0.0, "MAX": 1.0 }],
            "ACCESS": if spec.shape == Shape::Trigger { WRITE } else { READ | WRITE },
            "VALUE": [spec.share(value)],
            "DESCRIPTION": format!("{} ({NORMALIZED})", spec.about),
        });
        insert(&mut root, &Place::Control(spec.control, true).address(), share);
    }
    for (address, about) in NAMED {
        insert(&mut root, address, json!({ "TYPE": "s", "ACCESS": WRITE, "DESCRIPTION": about }));
    }
    for (address, types, about) in PLAYED {
        insert(&mut root, address, json!({ "TYPE": types, "ACCESS": WRITE, "DESCRIPTION": about }));
    }
    for (address, types, about) in TOLD {
        let access = json!({ "TYPE": types, "ACCESS": READ, "DESCRIPTION": about });
        insert(&mut root, address, access);
    }
    root
}

/// Puts what is known of an address into its place; what lies below it already stays there.
fn insert(root: &mut Value, address: &str, described: Value) {
    let mut node = root;
    let mut path = String::new();
    for part in address.split('/').filter(|part| !part.is_empty()) {
        path = format!("{path}/{part}");
        let Some(object) = node.as_object_mut() else { return };
        let contents = object.entry("CONTENTS").or_insert_with(|| json!({}));
        let Some(contents) = contents.as_object_mut() else { return };
        node = contents.entry(part.to_owned()).or_insert_with(|| json!({ "FULL_PATH": path, "ACCESS": 0 }));
    }
    if let (Some(node), Value::Object(described)) = (node.as_object_mut(), described) {
        node.extend(described);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_address_is_in_the_tree_with_its_type() {
        let now = Snapshot::default();
        for address in Place::all().map(Place::address).chain(TOLD.iter().map(|(told, ..)| (*told).to_owned())) {
            let node = node(&address, &now).unwrap_or_else(|| panic!("{address} is missing"));
            assert_eq!(node["FULL_PATH"], json!(address));
            assert!(node["TYPE"].as_str().is_some_and(|types| !types.is_empty()), "{address}: {node}");
        }
        let zoom = node("/oneiro/zoom", &now).unwrap();
        assert_eq!((&zoom["VALUE"][0], &zoom["RANGE"][0]["MAX"]), (&json!(1.0), &json!(4.0)));
        assert_eq!(zoom["CONTENTS"]["normalized"]["RANGE"][0], json!({ "MIN": 0.0, "MAX": 1.0 }));
        assert_eq!(node("/oneiro/walk", &now).unwrap()["CHOICES"][2], json!("circle"));
        assert_eq!(node("/oneiro/note", &now).unwrap()["TYPE"], json!("ii"));
        assert!(node("/oneiro/nothing", &now).is_none() && node("/oneiro/zoom/x/y", &now).is_none());
        assert_eq!(node("/", &now).unwrap()["FULL_PATH"], json!("/"));
        assert_eq!(host(Some(9000))["OSC_PORT"], json!(9000));
    }
}
