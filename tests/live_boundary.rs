//! The audio side's sources name nothing that blocks, grows, logs or knows of models.

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
const STRANGERS: [&str; 7] = ["compose", "picture", "model", "train", "render::", "ort::", "rand"];

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
fn findings(text: &str) -> Vec<String> {
    let code = text.split("#[cfg(test)]").next().unwrap_or_default();
    let mut found = Vec::new();
    for (number, line) in code.lines().enumerate() {
        let (code, comment) = line.split_once("//").unwrap_or((line, ""));
        if comment.trim() == "allocates: prepare" {
            continue;
        }
        let words = FORBIDDEN.iter().chain(&GROWTH).filter(|word| code.contains(**word));
        found.extend(words.map(|word| format!("line {}: `{word}`", number + 1)));
        let names = STRANGERS.iter().filter(|name| {
            let path =
                code.contains(&format!("crate::{name}")) || code.trim_start().starts_with(&format!("use {name}"));
            path || (code.contains("use crate::{") && code.contains(**name))
        });
        found.extend(names.map(|name| format!("line {}: uses `{name}`", number + 1)));
    }
    found
}

#[test]
fn the_audio_side_names_nothing_that_blocks_or_grows() {
    let mut files = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/live"), &mut files);
    assert!(files.len() > 10, "the sources were found");
    let found: Vec<_> = files
        .iter()
        .flat_map(|file| {
            let text = fs::read_to_string(file).expect("a source can be read");
            findings(&text).into_iter().map(move |finding| format!("{}: {finding}", file.display()))
        })
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_check_itself_finds_what_it_looks_for() {
    assert_eq!(findings("let x = std::sync::Mutex::new(1);").len(), 1);
    assert_eq!(findings("self.notes.push(note);").len(), 1);
    assert_eq!(findings("use crate::compose::Composer;").len(), 1);
    assert!(findings("let v = vec![0.0; 8]; // allocates: prepare").is_empty());
    assert!(findings("// a Mutex would wait").is_empty());
}
