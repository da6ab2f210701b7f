//! The audio side's sources, and those of the seam that it calls, name nothing that blocks, grows or logs. That they know of no models is
//! in the table of arrows in ARCHITECTURE.md, which `cargo xtask tidy` holds against the sources.

use std::fs;
use std::path::{Path, PathBuf};

/// Words that have no place in `src/live`. A line that allocates on purpose, in a constructor, ends with the comment
/// `// allocates: prepare`, so that every exception can be found by searching for it.
const FORBIDDEN: [&str; 34] = [
    "Mutex",
    "RwLock",
    "Condvar",
    "Once",
    "Barrier",
    "mpsc",
    "std::thread",
    "thread::",
    "sleep(Duration",
    "std::fs",
    "std::io",
    "std::net",
    "std::time",
    "Instant",
    "println!",
    "eprintln!",
    "print!",
    "format!",
    "tracing",
    "log::",
    "dbg!",
    "panic!",
    ".unwrap()",
    ".expect(",
    "Box::new",
    "Rc::new",
    "Arc::new",
    "String::",
    "to_string(",
    "to_vec(",
    "to_owned(",
    "vec![",
    "Vec::",
    "HashMap",
];
const GROWTH: [&str; 6] = [".push(", ".extend(", ".resize(", ".reserve(", ".insert(", ".collect("];
/// Crates that have no place there.
const STRANGERS: [&str; 2] = ["ort", "rand"];

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the source folder can be read") {
        let path = entry.expect("its entries too").path();
        if path.is_dir() {
            sources(&path, into);
        } else {
            into.push(path);
        }
    }
}

/// What is wrong with a source text, one line for each finding.
fn findings(text: &str, words: &[&str]) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let (code, comment) = line.split_once("//").unwrap_or((line, ""));
        if comment.trim() == "allocates: prepare" {
            continue;
        }
        // A closure that is called once is no `std::sync::Once`.
        let code = &code.replace("FnOnce", "Fn");
        let words = words.iter().filter(|word| code.contains(**word));
        found.extend(words.map(|word| format!("line {}: `{word}`", number + 1)));
        let begins = |at: usize| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let names = STRANGERS.iter().filter(|name| code.match_indices(&format!("{name}::")).any(|(at, _)| begins(at)));
        found.extend(names.map(|name| format!("line {}: uses `{name}`", number + 1)));
    }
    found
}

fn look_through(files: &[PathBuf], words: &[&str]) -> Vec<String> {
    let look = |file: &PathBuf| {
        let text = fs::read_to_string(file).expect("a source can be read");
        let name = file.display().to_string();
        findings(&text, words).into_iter().map(move |finding| format!("{name}: {finding}"))
    };
    files.iter().flat_map(look).collect()
}

#[test]
fn the_audio_side_names_nothing_that_blocks_or_grows() {
    let mut files = Vec::new();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    sources(&folder.join("live"), &mut files);
    assert!(files.len() > 10, "the sources were found");
    let all = [&FORBIDDEN[..], &GROWTH].concat();
    let mut found = look_through(&files, &all);
    // What the callback calls of the seam pushes into rings, which do not grow; the ring itself is another's crate, and
    // has no locks by its promise.
    let seam =
        ["bridge/counters.rs", "bridge/newest.rs", "bridge/ring.rs", "bridge/sample_clock.rs", "devices/load.rs"];
    found.extend(look_through(&seam.map(|file| folder.join(file)), &FORBIDDEN));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_check_itself_finds_what_it_looks_for() {
    let all = [&FORBIDDEN[..], &GROWTH].concat();
    let findings = |text: &str| findings(text, &all);
    assert_eq!(findings("let x = std::sync::Mutex::new(1);").len(), 1);
    assert_eq!(findings("self.notes.push(note);").len(), 1);
    assert_eq!(findings("use rand::Rng;").len(), 1);
    assert!(findings("let v = vec![0.0; 8]; // allocates: prepare").is_empty());
    assert!(findings("// a Mutex would wait").is_empty());
    assert!(findings("use super::Report::Note;").is_empty());
}
