//! The editor in a window, with a player at the keys: to look at, to measure, to take pictures of.
//!
//! `editor [--state empty|answer|improvise|morph] [--size 980x620] [--scale 1] [--tempo 120] [--seconds 20]`: opens
//! the plugin's file that was built last in a small CLAP host, and its editor in an X11 window, and plays to it.
#![allow(missing_docs)]

#[path = "../tests/host/mod.rs"]
mod host;

use clack_extensions::gui::GuiSize;
use host::window::Opened;
use host::{CALL, Daw, INSTRUMENT, In, load};
use std::time::{Duration, Instant};

/// Samples of a block.
const BLOCK: usize = 480;

type Events = Vec<(u64, In)>;

/// The call in another shape, from a beat on.
fn phrase(daw: &Daw, from: f64, shape: u8) -> Events {
    let sample = |beats: f64| daw.samples(from + beats);
    let mut events = Events::new();
    for (i, (at, length, key)) in CALL.into_iter().enumerate() {
        let key = match shape {
            1 => 67 + (i as u8 * 5) % 12,
            2 => 79 - (i as u8 * 3) % 14,
            3 => 60 + [0, 4, 7, 11, 9, 7, 5, 2, 0][i],
            _ => key,
        };
        let (at, length) = if shape == 2 { (at.floor(), 0.9) } else { (at, length) };
        events.push((sample(at), In::On { key, velocity: 0.7 }));
        events.push((sample(at + length), In::Off { key }));
    }
    events
}

/// What is played.
fn script(daw: &Daw, state: &str) -> Events {
    let set = |beats: f64, id: &'static str, value: f64| (daw.samples(beats), In::Set { id, value });
    let mut events = Events::new();
    match state {
        "answer" => {
            for round in 0..16_u8 {
                events.extend(phrase(daw, 16.0 * f64::from(round), [0, 3, 0, 1][round as usize % 4]));
            }
        }
        "improvise" => {
            events.push(set(0.0, "mode", 2.0));
            events.push(set(0.0, "sound", 1.0));
            for (bar, chord) in
                [[55, 59, 62], [57, 60, 64], [52, 55, 59], [50, 54, 57]].into_iter().cycle().take(24).enumerate()
            {
                for key in chord {
                    events.push((daw.samples(4.0 * bar as f64 + 0.02), In::On { key, velocity: 0.5 }));
                    events.push((daw.samples(4.0 * bar as f64 + 3.9), In::Off { key }));
                }
            }
        }
        "morph" => {
            events.push(set(0.0, "answers", 0.0));
            for (i, corner) in ["capture-a", "capture-b", "capture-c", "capture-d"].into_iter().enumerate() {
                let from = 12.0 * i as f64;
                events.extend(phrase(daw, from, i as u8));
                events.push(set(from + 9.0, corner, 1.0));
                events.push(set(from + 10.0, corner, 0.0));
            }
            events.push(set(48.0, "mode", 3.0));
            events.push(set(48.0, "answers", 1.0));
            events.push(set(48.0, "morph-x", 0.62));
            events.push(set(48.0, "morph-y", 0.34));
        }
        _ => {}
    }
    events.sort_by_key(|(at, _)| *at);
    events
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let option = |name: &str, usual: &str| {
        let at = arguments.iter().position(|argument| argument == name);
        at.and_then(|at| arguments.get(at + 1)).map_or(usual.to_owned(), String::clone)
    };
    let state = option("--state", "answer");
    let size = option("--size", "");
    let size = size.split_once('x').map(|(w, h)| (w.parse::<u32>(), h.parse::<u32>()));
    let (seconds, tempo): (f64, f64) = (option("--seconds", "20").parse()?, option("--tempo", "120").parse()?);

    let entry = load();
    let mut daw = Daw::open(&entry, INSTRUMENT);
    daw.tempo = tempo;
    daw.playing = false;
    daw.activate(48_000.0, 4096);

    let size = match size {
        Some((Ok(width), Ok(height))) => Some(GuiSize { width, height }),
        _ => None,
    };
    let window = Opened::new(&mut daw, size, option("--scale", "1").parse()?)?;

    // The models are opened before the player begins.
    let began = Instant::now();
    let wait = Duration::from_secs_f64(option("--wait", "3").parse()?);
    let mut events = None;
    let mut next = Instant::now();
    while began.elapsed() < wait + Duration::from_secs_f64(seconds) {
        if events.is_none() && began.elapsed() > wait {
            daw.playing = state != "empty";
            daw.locate(0.0);
            let start = daw.now;
            let played: Events = script(&daw, &state).into_iter().map(|(at, event)| (at + start, event)).collect();
            events = Some(played);
            println!("playing");
        }
        if !daw.playing {
            // Time stands, as it does in hosts.
            daw.locate(0.0);
        }
        daw.block(BLOCK, events.as_deref().unwrap_or_default());
        daw.instance.call_on_main_thread_callback();
        next += Duration::from_secs_f64(BLOCK as f64 / daw.rate);
        std::thread::sleep(next.saturating_duration_since(Instant::now()));
    }
    window.close(&mut daw);
    daw.deactivate();
    Ok(())
}
