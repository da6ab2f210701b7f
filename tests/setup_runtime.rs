//! ONNX Runtime is found in the promised order, and its absence is told with what to do.

use oneiro::model::runtime::{self, Candidate, Lookup, RuntimeError, Source, VERSION};
use std::fs;
use std::path::{Path, PathBuf};
use tempfile::{TempDir, tempdir};

fn library() -> String {
    match std::env::consts::OS {
        "windows" => "onnxruntime.dll".into(),
        "macos" => format!("libonnxruntime.{VERSION}.dylib"),
        _ => format!("libonnxruntime.so.{VERSION}"),
    }
}

/// Makes an empty library file in a folder of the scratch folder.
fn place(scratch: &TempDir, folder: &str) -> PathBuf {
    let folder = scratch.path().join(folder);
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(library());
    fs::write(&path, "").unwrap();
    path
}

fn lookup(scratch: &Path) -> Lookup {
    Lookup {
        named: None,
        program: Some(scratch.join("bin")),
        cache: Some(scratch.join("cache")),
        system: vec![scratch.join("system")],
    }
}

#[test]
fn the_order_is_beside_the_program_then_cache_then_system() {
    let scratch = tempdir().unwrap();
    let system = place(&scratch, "system");
    let newer = place(&scratch, "cache/onnxruntime/1.40.0");
    let older = place(&scratch, "cache/onnxruntime/1.9.2");
    let pinned = place(&scratch, &format!("cache/onnxruntime/{VERSION}"));
    place(&scratch, "cache/onnxruntime/.1.31.1.99.partial"); // a set-up that was interrupted
    let lib = place(&scratch, "bin/lib");
    let beside = place(&scratch, "bin");
    let order = [
        (beside, Source::BesideProgram),
        (lib, Source::BesideProgram),
        (pinned, Source::Cache),
        (newer, Source::Cache),
        (older, Source::Cache),
        (system, Source::System),
    ];
    let expected = order.map(|(path, source)| Candidate { path, source });
    assert_eq!(lookup(scratch.path()).candidates().unwrap(), expected);
}

#[test]
fn the_named_library_wins_alone() {
    let scratch = tempdir().unwrap();
    place(&scratch, "bin");
    let named = place(&scratch, "mine");
    let lookup = Lookup { named: Some(named.clone()), ..lookup(scratch.path()) };
    assert_eq!(lookup.candidates().unwrap(), [Candidate { path: named, source: Source::Environment }]);
}

#[test]
fn a_named_library_that_is_not_there_is_an_error_and_nothing_else_is_taken() {
    let scratch = tempdir().unwrap();
    place(&scratch, "bin");
    let lookup = Lookup { named: Some(scratch.path().join("gone.so")), ..lookup(scratch.path()) };
    let error = lookup.candidates().unwrap_err();
    assert!(matches!(error, RuntimeError::NamedFileMissing { .. }));
    assert!(error.to_string().contains("gone.so"), "{error}");
}

#[test]
fn no_library_at_all_tells_where_was_looked_and_what_to_do() {
    let scratch = tempdir().unwrap();
    let error = lookup(scratch.path()).candidates().unwrap_err().to_string();
    for part in ["cargo xtask setup", "ORT_DYLIB_PATH", "bin", "cache", "system"] {
        assert!(error.contains(part), "{part} is missing in: {error}");
    }
}

/// One test, since what is loaded stays for the life of the process: first a library that is none, then the real one.
#[test]
fn a_failure_is_not_final_and_what_is_loaded_stays() {
    let scratch = tempdir().unwrap();
    let broken = place(&scratch, "bin");
    fs::write(&broken, "this is no library").unwrap();
    let error = runtime::load_with(&lookup(scratch.path())).unwrap_err();
    assert!(matches!(&error, RuntimeError::NoneUsable { failures } if failures.len() == 1), "{error}");
    assert!(error.to_string().contains(&broken.display().to_string()), "{error}");

    let loaded = runtime::load().unwrap();
    assert!(loaded.path().is_file());
    assert!(loaded.build_info().contains("ORT Build Info"), "{}", loaded.build_info());
    assert!(loaded.providers().iter().any(|name| name == "CPUExecutionProvider"));
    let again = runtime::load_with(&lookup(scratch.path())).unwrap();
    assert!(std::ptr::eq(loaded, again));
}
