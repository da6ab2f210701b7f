//! Who may use whom: the table under "Arrows" in ARCHITECTURE.md, held against `crate::…` in `src/`.

use super::Tree;
use std::collections::{BTreeMap, BTreeSet};

/// The page with the table.
const PAGE: &str = "ARCHITECTURE.md";
/// The heading that it stands under.
const HEADING: &str = "## Arrows";
/// Files of `src/` that are no module of the library: the map, and the command, which may use everything.
const OUTSIDE: [&str; 3] = ["cli", "lib", "main"];

type Rows<'a> = BTreeMap<&'a str, BTreeSet<&'a str>>;

/// What is wrong, one line for each finding.
pub fn check(tree: &Tree) -> Vec<String> {
    let Some(table) = tree.text(PAGE).map(rows).filter(|rows| !rows.is_empty()) else {
        return vec![format!("{PAGE}: no table under `{HEADING}`")];
    };
    let mut found = BTreeSet::new();
    let mut seen = BTreeSet::new();
    for (path, text) in tree.texts(".rs") {
        let Some(module) = module_of(path) else { continue };
        seen.insert(module);
        let Some(allowed) = table.get(module) else {
            found.insert(format!("{PAGE}: `{module}` is not in the table under `{HEADING}`"));
            continue;
        };
        for (line, used) in uses(text) {
            if used != module && is_module(used) && !allowed.contains(used) {
                found.insert(format!("{path}:{line}: `{module}` may not use `{used}` ({PAGE}, Arrows)"));
            }
        }
    }
    let gone = table.keys().filter(|module| !seen.contains(*module));
    found.extend(gone.map(|module| format!("{PAGE}: `{module}` is in the table of arrows, but not in src/")));
    found.extend(circles(&table));
    // What brings Bevy's quarter of an hour of building, and what must build before all else.
    for (manifest, stranger) in [("Cargo.toml", "bevy"), ("Cargo.toml", "nannou"), ("xtask/Cargo.toml", "path")] {
        let lines = tree.text(manifest).unwrap_or_default().lines();
        if lines.filter(|line| !line.trim_start().starts_with('#')).any(|line| names(line, stranger)) {
            found.insert(format!("{manifest}: depends on what it must not know ({stranger})"));
        }
    }
    found.into_iter().collect()
}

/// Whether a line of a manifest has this key, at its beginning or in an inline table.
fn names(line: &str, key: &str) -> bool {
    let before = |text: &str| text.trim_end().is_empty() || text.trim_end().ends_with(['{', ',']);
    line.match_indices(key).any(|(at, _)| before(&line[..at]) && line[at + key.len()..].trim_start().starts_with('='))
}

/// The rows of the table: a module, and those that it may use.
fn rows(page: &str) -> Rows<'_> {
    let Some((_, after)) = page.split_once(&format!("\n{HEADING}\n")) else { return Rows::new() };
    let section = after.split("\n## ").next().unwrap_or_default();
    let mut rows = Rows::new();
    for line in section.lines().filter(|line| line.starts_with("| `")) {
        // `| a, b | c |`: between the bars stand a first empty cell, the modules, and what they may use.
        let mut cells = line.split('|').skip(1).map(|cell| cell.split('`').skip(1).step_by(2));
        let (Some(modules), Some(uses)) = (cells.next(), cells.next()) else { continue };
        let uses: Vec<&str> = uses.collect();
        for module in modules {
            rows.entry(module).or_default().extend(uses.iter().copied());
        }
    }
    rows
}

/// The module of the library that a source belongs to.
fn module_of(path: &str) -> Option<&str> {
    let inside = path.strip_prefix("src/")?;
    let module = inside.split('/').next()?.trim_end_matches(".rs");
    (!OUTSIDE.contains(&module)).then_some(module)
}

/// Macros and items of the crate's root are no modules; those are lower case.
fn is_module(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_lowercase())
}

/// What a source uses by `crate::NAME` or `crate::{NAME, …}` outside of comments: line and name.
fn uses(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (at, key) in text.match_indices("crate::") {
        let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
        let part_of_a_word = text[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
        if text[start..at].contains("//") || part_of_a_word {
            continue;
        }
        let line = text[..at].matches('\n').count() + 1;
        let after = &text[at + key.len()..];
        let names = if after.starts_with('{') { group(after) } else { vec![word(after)] };
        found.extend(names.into_iter().filter(|name| !name.is_empty()).map(|name| (line, name)));
    }
    found
}

/// The first words of the entries of `{a, b::{c, d}, e}`.
fn group(text: &str) -> Vec<&str> {
    let (mut depth, mut begins, mut names) = (0, false, Vec::new());
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            break;
        }
        if depth == 1 && matches!(c, '{' | ',') {
            begins = true;
        } else if begins && !c.is_whitespace() {
            names.push(word(&text[at..]));
            begins = false;
        }
    }
    names
}

/// The identifier that a text begins with.
fn word(text: &str) -> &str {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(text.len());
    &text[..end]
}

/// Arrows go one way: a line for each module that can be reached from itself.
fn circles(table: &Rows) -> Vec<String> {
    let reaches = |start: &str| {
        let mut open: Vec<&str> = table.get(start).into_iter().flatten().copied().collect();
        let mut seen = BTreeSet::new();
        while let Some(module) = open.pop() {
            if seen.insert(module) {
                open.extend(table.get(module).into_iter().flatten());
            }
        }
        seen.contains(start)
    };
    let circles = table.keys().filter(|module| reaches(module));
    circles.map(|module| format!("{PAGE}: by the table of arrows, `{module}` uses itself in a circle")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "# A\n\n## Arrows\n\n| Module | Uses |\n|---|---|\n| `time`, `files` | |\n| `music` | `time` |\n\n## B\n| `x` | |\n";

    fn look(source: &str) -> Vec<String> {
        let files =
            [("ARCHITECTURE.md", TABLE), ("src/time.rs", ""), ("src/files.rs", ""), ("src/music/mod.rs", source)];
        check(&Tree::of(&files))
    }

    #[test]
    fn what_the_table_allows_passes() {
        let sources = ["use crate::time::Beats;", "use crate::{time::{A, B}, music};", "/// See [`crate::live`].", ""];
        for source in sources {
            assert!(look(source).is_empty(), "{:?}", look(source));
        }
    }

    #[test]
    fn an_arrow_that_is_not_in_the_table_is_found_with_its_line() {
        let found = look("\nuse crate::files::beside;");
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].starts_with("src/music/mod.rs:2: `music` may not use `files`"), "{found:?}");
        for source in ["use crate::{\n    time::Beats,\n    live,\n};", "fn f() { crate::live::g() }"] {
            assert!(look(source)[0].contains("`live`"), "{:?}", look(source));
        }
    }

    #[test]
    fn modules_without_a_row_rows_without_a_module_and_circles_are_found() {
        let found = check(&Tree::of(&[("ARCHITECTURE.md", TABLE), ("src/live.rs", "")]));
        assert_eq!(found.iter().filter(|line| line.contains("not in src/")).count(), 3, "{found:?}");
        assert!(found.iter().any(|line| line.contains("`live` is not in the table")), "{found:?}");
        let circle = "\n## Arrows\n| `a` | `b` |\n| `b` | `c` |\n| `c` | `a` |\n| `d` | `a` |\n";
        assert_eq!(circles(&rows(circle)).len(), 3);
    }

    #[test]
    fn manifests_keep_away_from_what_they_must_not_know() {
        assert!(names("bevy = \"1\"", "bevy") && names("x = { path = \"..\" }", "path"));
        assert!(!names("process_path = \"1\"", "path") && !names("x = \"bevy\"", "bevy"));
    }
}
