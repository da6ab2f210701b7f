//! Licences: every crate that is built has one that `deny.toml` allows. `cargo deny check` looks at more (bans, sources, advisories), but
//! has to be installed; this needs cargo alone.

use super::Tree;
use crate::cargo;
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;

/// The file that says what is allowed.
const RULES: &str = "deny.toml";

/// What is allowed to all crates, and to single ones.
#[derive(Default)]
struct Rules<'a> {
    targets: Vec<&'a str>,
    all: BTreeSet<&'a str>,
    single: Vec<(&'a str, &'a str)>,
}

/// What is wrong, one line for each finding.
///
/// # Errors
/// If cargo does not know the crates.
pub fn check(tree: &Tree) -> Result<Vec<String>> {
    let rules = rules(tree.text(RULES).unwrap_or_default());
    let mut command = cargo();
    command.args(["tree", "--workspace", "--all-features", "--locked", "--edges", "normal,build,dev"]);
    command.args(["--prefix", "none", "--format", "{p}\t{l}"]);
    for target in &rules.targets {
        command.args(["--target", target]);
    }
    let output = command.output().context("cargo could not be started")?;
    if !output.status.success() {
        bail!("cargo does not list the crates: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    let crates = String::from_utf8(output.stdout).context("the list of crates is no text")?;
    Ok(findings(&rules, &crates))
}

/// Crates without a licence that is allowed, and rules that nothing needs; `crates` has lines `NAME vVERSION …⇥LICENCE`.
fn findings(rules: &Rules, crates: &str) -> Vec<String> {
    let lines: BTreeSet<&str> = crates.lines().filter(|line| !line.is_empty()).collect();
    let mut found = Vec::new();
    let mut used = BTreeSet::new();
    for line in lines {
        let (package, licence) = line.split_once('\t').unwrap_or((line, ""));
        let name = package.split(' ').next().unwrap_or_default();
        // A crate that was listed before is marked so.
        let licence = licence.trim_end_matches(" (*)");
        let mut allows = |id: &str| {
            let single = rules.single.iter().find(|rule| **rule == (name, id));
            used.extend(rules.all.get(id).copied().into_iter().chain(single.map(|(name, _)| *name)));
            rules.all.contains(id) || single.is_some()
        };
        let words = words(licence);
        if words.is_empty() || !either(&mut words.as_slice(), &mut allows) {
            found.push(format!("{RULES}: {package} has a licence that is not allowed: {licence}"));
        }
    }
    let needed = rules.all.iter().chain(rules.single.iter().map(|(name, _)| name));
    let idle = needed.filter(|rule| !used.contains(*rule));
    found.extend(idle.map(|rule| format!("{RULES}: {rule} is allowed, and nothing needs it")));
    found
}

/// The rules, as [`RULES`] has them: `allow` of the licences with one string a line, and an exception a line.
fn rules(text: &str) -> Rules<'_> {
    let mut rules = Rules::default();
    let mut list = "";
    for line in text.lines().map(str::trim) {
        let quoted: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
        if line.starts_with('#') {
            continue;
        } else if let Some(name) = line.strip_suffix(" = [") {
            list = name;
        } else if line == "]" {
            list = "";
        } else {
            match (list, quoted.as_slice()) {
                ("targets", [target]) => rules.targets.push(target),
                ("allow", [licence]) => {
                    rules.all.insert(licence);
                }
                ("exceptions", [name, licence]) => rules.single.push((name, licence)),
                _ => {}
            }
        }
    }
    rules
}

/// The words of a licence expression (SPDX 2.3, annex D); older manifests write `/` for `OR`. An exception belongs to its licence.
fn words(licence: &str) -> Vec<String> {
    let spaced = licence.replace('(', " ( ").replace(')', " ) ").replace('/', " OR ");
    let mut words: Vec<String> = Vec::new();
    let mut rest = spaced.split_whitespace();
    while let Some(word) = rest.next() {
        match words.last_mut() {
            Some(last) if word == "WITH" => *last = format!("{last} WITH {}", rest.next().unwrap_or_default()),
            _ => words.push(word.to_owned()),
        }
    }
    words
}

/// `A OR B`: whether one is allowed. Both sides are read in any case.
fn either(words: &mut &[String], allows: &mut impl FnMut(&str) -> bool) -> bool {
    let mut any = both(words, allows);
    while words.first().is_some_and(|word| word == "OR") {
        *words = &words[1..];
        any |= both(words, allows);
    }
    any
}

/// `A AND B`: whether both are allowed.
fn both(words: &mut &[String], allows: &mut impl FnMut(&str) -> bool) -> bool {
    let mut all = one(words, allows);
    while words.first().is_some_and(|word| word == "AND") {
        *words = &words[1..];
        all &= one(words, allows);
    }
    all
}

/// A licence, or an expression in brackets.
fn one(words: &mut &[String], allows: &mut impl FnMut(&str) -> bool) -> bool {
    let Some((first, rest)) = words.split_first() else { return false };
    *words = rest;
    if first != "(" {
        return allows(first);
    }
    let inside = either(words, allows);
    let closed = words.first().is_some_and(|word| word == ")");
    *words = words.get(1..).unwrap_or_default();
    inside && closed
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "targets = [\n \"linux\",\n]\n[licenses]\nallow = [\n  \"MIT\",\n  \"Zlib\",\n]\nexceptions = [\n  # why\n  { crate = \"buffer\", allow = [\"MPL-2.0\"] },\n]\n";

    fn look(crates: &str) -> Vec<String> {
        let mut rules = rules(TEXT);
        rules.all.remove("Zlib");
        rules.single.retain(|_| crates.contains("buffer"));
        findings(&rules, crates)
    }

    #[test]
    fn the_rules_are_read() {
        let rules = rules(TEXT);
        assert_eq!((rules.targets, rules.single), (vec!["linux"], vec![("buffer", "MPL-2.0")]));
        assert_eq!(rules.all, BTreeSet::from(["MIT", "Zlib"]));
    }

    #[test]
    fn expressions_are_weighed() {
        for good in ["MIT", "GPL-3.0 OR MIT", "Apache-2.0/MIT", "(MIT OR X) AND MIT", "X AND Y OR MIT", "MIT (*)"] {
            assert!(look(&format!("a v1\t{good}")).is_empty(), "{good}");
        }
        for bad in ["X AND MIT", "(MIT OR X) AND Y", "MIT WITH e OR X AND MIT", "", "(MIT"] {
            let found = look(&format!("a v1\t{bad}\nb v1\tMIT"));
            assert!(found.len() == 1 && found[0].contains("a v1"), "{bad}: {found:?}");
        }
    }

    #[test]
    fn an_exception_is_for_its_crate_alone_and_idle_rules_are_found() {
        assert!(look("buffer v9\tMPL-2.0\na v1\tMIT").is_empty());
        assert_eq!(look("buffer v9\tMPL-2.0\na v1\tMPL-2.0\nb v1\tMIT").len(), 1);
        assert_eq!(look("buffer v9\tMIT").len(), 1);
        assert_eq!(findings(&rules(TEXT), "a v1\tMIT").len(), 2);
    }
}
