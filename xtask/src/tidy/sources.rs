//! What holds for every source: its length, where it may be unsafe, where random numbers and the runtime come from, and that it
//! names no place of somebody's machine.

use super::Tree;

/// Lines of the longest source.
const MOST_LINES: usize = 500;

/// Files that may be unsafe, and why. Everything else is under `unsafe_code = "deny"`.
const UNSAFE: [(&str, &str); 10] = [
    ("plugin/examples/figures.rs", "a plugin's file is measured as hosts load it"),
    ("plugin/src/editor/tests.rs", "the editor's hand moves parameters by pointer, as hosts do"),
    ("plugin/src/parameters/host.rs", "nice-plug's `Params` is an unsafe trait"),
    ("plugin/tests/editor.rs", "a variable of the environment is set before any thread begins"),
    ("plugin/tests/host/mod.rs", "a CLAP plugin is a library in C"),
    ("plugin/tests/host/window.rs", "a window is given by its number"),
    ("plugin/tests/host3/mod.rs", "a VST3 plugin is a library in C++"),
    ("plugin/tests/leaks.rs", "the allocator is asked what it has given"),
    ("plugin/tests/link.rs", "a CLAP plugin is a library in C"),
    ("src/model/telemetry.rs", "a variable of the environment is set before ONNX Runtime reads it"),
];

/// How unsafe code begins, as rustfmt writes it; the word alone may stand in a text.
const BEGINS: [&str; 6] = ["unsafe {", "unsafe impl", "unsafe fn", "unsafe extern", "unsafe trait", "unsafe("];
/// Lines above an unsafe block in which its reason stands.
const REASON_WITHIN: usize = 6;

/// A word that has no place in some sources.
struct Ban {
    word: &'static str,
    /// Where it has none: beginnings of paths.
    within: &'static [&'static str],
    /// Where it has one all the same.
    but: &'static [&'static str],
    why: &'static str,
}

const SOURCES: &[&str] = &["src/", "plugin/src/", "visuals/src/", "xtask/src/"];
/// What a performance follows from.
const REPEATS: &[&str] =
    &["src/compose/", "src/live/", "src/music/", "src/picture/", "src/render/", "src/time/", "visuals/src/show/"];
/// The director's thread waits for news with a limit; what it plays does not follow from that.
const WAITS: &[&str] = &["src/compose/worker.rs"];
/// Where the clock on the wall is read, which may be set at any time: OSC's time tags are of that clock (and wait for a bounded time); a
/// system without a clock that programs share begins ours with it, once; of a model file it is asked when it was written, not what time it is.
const CALENDARS: &[&str] = &["plugin/src/models.rs", "src/moment.rs", "visuals/src/control/osc/"];
const WALL: &str = "the clock on the wall may be set at any time; `moment` and `Instant` go on";
/// A pairing code must be guessed by nobody.
const SECRETS: &[&str] = &["visuals/src/control/"];
const SEEDED: &str = "random numbers come from a seeded ChaCha8 generator that is passed along";

const BANS: [Ban; 9] = [
    Ban { word: "thread_rng", within: SOURCES, but: &[], why: SEEDED },
    Ban { word: "from_os_rng", within: SOURCES, but: SECRETS, why: SEEDED },
    Ban { word: "rand::rng()", within: SOURCES, but: &[], why: SEEDED },
    Ban { word: "Instant::now", within: REPEATS, but: WAITS, why: "what must repeat reads no clock" },
    Ban { word: "SystemTime", within: SOURCES, but: CALENDARS, why: WALL },
    Ban { word: "UNIX_EPOCH", within: SOURCES, but: CALENDARS, why: WALL },
    Ban { word: "modified", within: SOURCES, but: CALENDARS, why: WALL },
    Ban {
        word: "ort::",
        within: SOURCES,
        but: &["src/model/", "src/train/program.rs"],
        why: "only `model` runs ONNX Runtime, and the trainer its steps",
    },
    Ban { word: "todo!", within: SOURCES, but: &[], why: "nothing is left to be done" },
];

/// What is wrong, one line for each finding.
pub fn check(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in tree.texts(".rs") {
        // These rules name what they forbid.
        let own = path.starts_with("xtask/src/tidy/");
        let lines = text.lines().count();
        if lines > MOST_LINES {
            found.push(format!("{path}: {lines} lines; {MOST_LINES} are the most, so divide it"));
        }
        if !own {
            found.extend(unsafe_code(path, text));
            found.extend(bans(path, text));
        }
    }
    for file in &tree.files {
        let text = file.text.as_deref().unwrap_or_default();
        found.extend(places(&file.path, text));
    }
    found
}

/// A line without its comment. A `//` in a text ends the line here too, which hides at most the end of one.
fn code(line: &str) -> &str {
    line.split("//").next().unwrap_or_default()
}

/// Whether a line of code has a word that is not part of a longer one.
fn has(line: &str, word: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || c == '_';
    code(line).match_indices(word).any(|(at, _)| {
        let (before, after) = (&line[..at], &line[at + word.len()..]);
        !(before.ends_with(part) || word.ends_with(part) && after.starts_with(part))
    })
}

fn unsafe_code(path: &str, text: &str) -> Vec<String> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if !BEGINS.iter().any(|begin| has(line, begin)) {
            continue;
        }
        if !UNSAFE.iter().any(|(file, _)| *file == path) {
            found
                .push(format!("{path}:{}: unsafe code outside of the files that may have it (xtask/src/tidy)", at + 1));
            continue;
        }
        let reason = lines[at.saturating_sub(REASON_WITHIN)..=at].iter().any(|line| line.contains("SAFETY: "));
        // A function of somebody's unsafe trait promises nothing of its own; what is done in it does.
        let does = ["unsafe {", "unsafe impl"].iter().any(|word| has(line, word));
        if does && !reason {
            found.push(format!("{path}:{}: unsafe code without `// SAFETY: …`", at + 1));
        }
    }
    found
}

fn bans(path: &str, text: &str) -> Vec<String> {
    let here = |folders: &[&str]| folders.iter().any(|folder| path.starts_with(folder));
    let mut found = Vec::new();
    for ban in BANS.iter().filter(|ban| here(ban.within) && !here(ban.but)) {
        let lines = text.lines().enumerate().filter(|(_, line)| has(line, ban.word));
        found.extend(lines.map(|(at, _)| format!("{path}:{}: `{}`: {}", at + 1, ban.word, ban.why)));
    }
    found
}

/// Somebody's home or working folder. The words are put together here, so that this file has none of them.
fn places(path: &str, text: &str) -> Vec<String> {
    let folders = ["home", "Users", "root", "work", "tmp"].map(|name| format!("/{name}/"));
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        for folder in &folders {
            let alone = |at: usize| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-~})".contains(c));
            // Where X11 has its sockets is the same on every machine.
            let known = |at: usize| line[at + folder.len()..].starts_with(".X11-unix");
            if line.match_indices(folder).any(|(at, _)| alone(at) && !known(at)) {
                found.push(format!("{path}:{}: names a place of a machine ({folder}…)", number + 1));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn look(path: &str, text: &str) -> Vec<String> {
        check(&Tree::of(&[(path, text)]))
    }

    #[test]
    fn long_files_are_found() {
        assert!(look("src/a.rs", &"\n".repeat(MOST_LINES)).is_empty());
        assert_eq!(look("src/a.rs", &"\n".repeat(MOST_LINES + 1)).len(), 1);
    }

    #[test]
    fn unsafe_code_needs_its_place_and_its_reason() {
        let block = "fn f() {\n    unsafe { g() }\n}";
        assert!(look("src/a.rs", block)[0].contains("outside"));
        assert!(look("plugin/tests/host/mod.rs", block)[0].contains("SAFETY"));
        let reasoned = "fn f() {\n    // SAFETY: as said above.\n    unsafe { g() }\n}";
        assert!(look("plugin/tests/host/mod.rs", reasoned).is_empty());
        assert!(look("src/a.rs", "// unsafe\n#![forbid(unsafe_code)]\n\"no 'unsafe-inline'\"").is_empty());
    }

    #[test]
    fn words_are_banned_where_they_have_no_place() {
        assert_eq!(look("src/render/a.rs", "let t = Instant::now();").len(), 1);
        assert!(look("src/play/a.rs", "let t = Instant::now();").is_empty());
        assert_eq!(look("src/compose/a.rs", "use ort::value::Tensor;").len(), 1);
        assert!(look("src/compose/a.rs", "use sort::value; // ort::").is_empty());
        assert!(look("src/model/session.rs", "use ort::value::Tensor;").is_empty());
    }

    #[test]
    fn places_of_a_machine_are_found_in_any_text() {
        let home = ["", "home", "ada", "x"].join("/");
        assert_eq!(look("models/a.md", &format!("made in {home}")).len(), 1);
        // The same names further on in a path are nobody's machine.
        let [plan, made] = [["docs", "work", "plan"], ["target", "tmp", "x"]].map(|names| names.join("/"));
        assert!(look("a.md", &format!("{plan}, \"{made}\"")).is_empty());
    }
}
