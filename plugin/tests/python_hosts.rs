//! The plugin in real hosts, by their Python packages: pedalboard and dawdreamer (both host VST3 through JUCE), and beside
//! another ONNX Runtime in the same process. Skipped where the packages are missing; `cargo xtask test` brings them.

mod host;

use host::{given, left_out, vst3_bundle};
use std::path::Path;
use std::process::Command;

/// Runs a script with the bundle as its argument; `package` is what it cannot do without.
fn run(package: &str, script: &str) {
    if !cfg!(target_os = "linux") {
        println!("skipped: the bundle is laid out for Linux");
        return;
    }
    let found = Command::new("python3").args(["-c", &format!("import {package}")]).output();
    if !found.is_ok_and(|output| output.status.success()) {
        return left_out(&format!("Python's `{package}` is missing"));
    }
    let folder = tempfile::tempdir().unwrap();
    let models = Path::new(env!("CARGO_MANIFEST_DIR")).join("../models");
    let mut command = Command::new("python3");
    if given().is_some() {
        command.env("HOME", folder.path());
    }
    let output = command
        .args(["-c", &format!("{HELP}\n{script}")])
        .arg(vst3_bundle(folder.path()))
        .env("PLUGIN_MODELS", &models)
        .envs(given().is_none().then_some(("ONEIRO_MODELS", &models)))
        // JUCE would open a window otherwise.
        .env_remove("DISPLAY")
        .output()
        .unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success() && text.contains("all is well"), "{text}");
}

/// A scale of four beats, and the loudness of each second.
const HELP: &str = r"
import sys
import numpy as np
PLUGIN = sys.argv[1]
TUNE = [(key, i * 0.5, 0.4) for i, key in enumerate([60, 62, 64, 65, 67, 69, 71, 72])]
def levels(sound, rate=44100):
    return [float(np.sqrt((sound[:, s:s + rate] ** 2).mean())) for s in range(0, sound.shape[1], rate)]
";

#[test]
fn pedalboard_renders_answers_the_same_each_time_and_keeps_state() {
    run(
        "pedalboard",
        r"
import pedalboard
plugin = pedalboard.load_plugin(PLUGIN)
assert plugin.is_instrument
messages = []
for key, at, length in TUNE:
    messages += [(bytes([0x90, key, 90]), at), (bytes([0x80, key, 0]), at + length)]
def render(plugin, block):
    return plugin(messages, 10.0, 44100, num_channels=2, buffer_size=block, reset=True)
# pedalboard's time stands still.
plugin.render_in_sync = True
plugin.run_without_the_host = True
plugin.mode = 'continue'
one = render(plugin, 512)
assert min(levels(one)[1:]) > 0.005, levels(one)
assert np.abs(one).max() < 0.9
assert np.array_equal(one, render(plugin, 777))
state = plugin.raw_state
other = pedalboard.load_plugin(PLUGIN)
other.raw_state = state
assert (other.mode, other.render_in_sync) == ('continue', True)
assert np.array_equal(one, render(other, 512))
other.temperature = 2.5
other.seed = 99
assert not np.array_equal(one, render(other, 512))
for _ in range(20):
    pedalboard.load_plugin(PLUGIN)
print('all is well')
",
    );
}

#[test]
fn dawdreamer_renders_answers_the_same_each_time() {
    run(
        "dawdreamer",
        r"
import dawdreamer
def render(block):
    engine = dawdreamer.RenderEngine(44100, block)
    engine.set_bpm(120)
    plugin = engine.make_plugin_processor('oneiro', PLUGIN)
    places = {p['name']: p['index'] for p in plugin.get_parameters_description()}
    plugin.set_parameter(places['Render in sync'], 1.0)
    assert plugin.get_parameter(places['Render in sync']) == 1.0
    for key, at, length in TUNE:
        plugin.add_midi_note(key, 90, at, length)
    engine.load_graph([(plugin, [])])
    engine.render(9.0)
    return engine.get_audio()
one = render(512)
assert levels(one)[5] > 0.005, levels(one)
assert np.array_equal(one, render(512))
print('all is well')
",
    );
}

#[test]
fn it_plays_beside_another_runtime_in_the_same_process() {
    run(
        "onnxruntime, pedalboard",
        r"
import onnxruntime, os, pedalboard
session = onnxruntime.InferenceSession(os.path.join(os.environ['PLUGIN_MODELS'], 'upscaler.onnx'))
inputs = {i.name: np.zeros([d if isinstance(d, int) else 1 for d in i.shape], np.float32) for i in session.get_inputs()}
before = session.run(None, inputs)
messages = []
for key, at, length in TUNE:
    messages += [(bytes([0x90, key, 90]), at), (bytes([0x80, key, 0]), at + length)]
first = None
for _ in range(4):
    plugin = pedalboard.load_plugin(PLUGIN)
    plugin.render_in_sync = True
    plugin.run_without_the_host = True
    sound = plugin(messages, 9.0, 44100, num_channels=2, buffer_size=512)
    assert levels(sound)[5] > 0.005, levels(sound)
    first = sound if first is None else first
    assert np.array_equal(first, sound)
    del plugin
    assert all(np.array_equal(a, b) for a, b in zip(before, session.run(None, inputs)))
print('all is well')
",
    );
}
