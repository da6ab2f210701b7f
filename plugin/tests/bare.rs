//! The plugin where nothing else is: no ONNX Runtime, no models, or broken ones. It opens, passes MIDI, and says what is
//! missing.
//!
//! A process has one runtime for ever, and the project's models lie around the test: so the test copies itself and the
//! plugin to an empty folder, and runs there again.

mod host;
#[path = "../../tests/support/hushes.rs"]
mod hushes;
#[path = "../../tests/support/program.rs"]
mod program;

use host::{Daw, INSTRUMENT, In, assert_paired, library, load};
use oneiro::time::SampleRate;
use oneiro_plugin::audio::Audio;
use oneiro_plugin::shared::Shared;
use oneiro_plugin::view::{ModelState, View, Wish};
use oneiro_plugin::worker::Worker;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Set in the copy: what it is to expect.
const MARK: &str = "ONEIRO_TEST_BARE";
/// Longest wait for anything: machines are busy.
const PATIENCE: Duration = Duration::from_secs(20);

/// Plays in a host, and asks the worker what it has to say.
fn in_the_bare(expected: &str) {
    let entry = load();
    // The quickest of some, for a busy machine may hold up any.
    let open = |_| {
        let began = Instant::now();
        let mut daw = Daw::open(&entry, INSTRUMENT);
        daw.activate(48_000.0, 512);
        (began.elapsed(), daw)
    };
    let (took, mut daw) = (0..3).map(open).min_by_key(|(took, _)| *took).unwrap();
    assert!(took < Duration::from_secs(1), "{took:?}");
    let (call, end) = (daw.call(0.0), daw.samples(12.0));
    let notes = daw.play_to(end, &call, || 512);
    assert_paired(&notes);
    let ons = |channel| notes.iter().filter(|note| note.on && note.channel == channel).count();
    let played = call.iter().filter(|(_, event)| matches!(event, In::On { .. })).count();
    assert_eq!((ons(0), ons(1)), (played, 0));
    assert!(daw.sound[0].iter().any(|sample| sample.abs() > 0.01), "what is played makes no sound");
    // Rendered offline it waits for nobody.
    let mut offline = Daw::open(&entry, INSTRUMENT);
    offline.offline(true);
    offline.activate(48_000.0, 512);
    offline.play_to(end, &call, || 512);

    let shared = Arc::new(Shared::default());
    let (_audio, ends, _relayed) = Audio::prepare(Arc::clone(&shared), SampleRate(48_000), 64);
    let worker = Worker::spawn(Arc::clone(&shared), ends).unwrap();
    let mut view = View::default();
    let look_until = |view: &mut View, done: &dyn Fn(&View) -> bool| {
        let looked = Instant::now();
        while !done(view) && looked.elapsed() < PATIENCE {
            std::thread::sleep(Duration::from_millis(10));
            shared.look(view);
        }
    };
    look_until(&mut view, &|view| view.models.iter().all(|model| matches!(model, ModelState::Missing(_))));
    let ModelState::Missing(reason) = &view.models[0] else { panic!("{:?}", view.models) };
    assert!(reason.contains(expected), "{reason}");
    assert!(view.notices.iter().any(|notice| notice.text.contains(expected)), "{:?}", view.notices);
    // What was read is gone; what is not mended is told again.
    let first = view.notices[0].number;
    shared.wish(Wish::Dismiss(first));
    shared.wish(Wish::LookAgain);
    let gone = |view: &View| view.notices.iter().all(|notice| notice.number != first);
    look_until(&mut view, &gone);
    assert!(gone(&view));
    drop(worker);
    println!("all is well");
}

/// Runs a test of this file again, where nothing is but what `furnish` puts there.
fn run_bare(test: &str, expected: &str, furnish: impl FnOnce(&Path, &mut Command)) {
    if let Ok(expected) = std::env::var(MARK) {
        return in_the_bare(&expected);
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let (own, plugin) = (std::env::current_exe().unwrap(), library());
    program::copy(&own, &at("test"));
    program::copy(&plugin, &at(&plugin.file_name().unwrap().to_string_lossy()));
    let mut command = Command::new(at("test"));
    command.args(["--exact", test, "--nocapture"]).current_dir(folder.path()).env(MARK, expected);
    for (name, value) in [("HOME", folder.path()), ("ONEIRO_CACHE", &at("cache"))] {
        command.env(name, value);
    }
    for name in ["ORT_DYLIB_PATH", "ONEIRO_MODELS", "XDG_DATA_HOME", "XDG_CACHE_HOME"] {
        command.env_remove(name);
    }
    furnish(folder.path(), &mut command);
    for name in hushes::HUSHES {
        command.env_remove(name);
    }
    let output = command.output().unwrap();
    let text = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
    assert!(output.status.success() && text.contains("all is well"), "{text}");
    assert!(!at(".cache/Microsoft").exists(), "ONNX Runtime has given this computer a number");
}

/// The folder of the runtime that set-up has put into the cache.
fn runtime() -> std::path::PathBuf {
    oneiro::model::runtime::load().unwrap().path().to_owned()
}

#[test]
fn without_a_runtime_it_passes_midi_and_says_so() {
    run_bare("without_a_runtime_it_passes_midi_and_says_so", "ONNX Runtime was not found", |_, _| ());
}

#[test]
fn without_models_it_passes_midi_and_says_so() {
    run_bare("without_models_it_passes_midi_and_says_so", "there is no melody-rnn model", |_, command| {
        command.env("ORT_DYLIB_PATH", runtime());
    });
}

#[test]
fn with_a_broken_model_it_passes_midi_and_names_it() {
    run_bare("with_a_broken_model_it_passes_midi_and_names_it", "melody-rnn-broken.onnx", |folder, command| {
        std::fs::create_dir(folder.join("models")).unwrap();
        std::fs::write(folder.join("models/melody-rnn-broken.onnx"), b"\x08\x07garbage").unwrap();
        command.env("ORT_DYLIB_PATH", runtime());
    });
}

#[test]
fn with_a_broken_runtime_it_passes_midi_and_names_it() {
    run_bare("with_a_broken_runtime_it_passes_midi_and_names_it", "libonnxruntime.so.1", |folder, command| {
        std::fs::create_dir(folder.join("lib")).unwrap();
        std::fs::write(folder.join("lib/libonnxruntime.so.1"), b"no library").unwrap();
        command.env("ORT_DYLIB_PATH", folder.join("lib/libonnxruntime.so.1"));
    });
}
