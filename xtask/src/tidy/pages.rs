//! Pages: what they point at is there, the book has all of them, and every model that ships has a card.

use super::Tree;
use std::collections::BTreeSet;

/// The book's contents.
const SUMMARY: &str = "docs/SUMMARY.md";

/// What is wrong, one line for each finding.
pub fn check(tree: &Tree) -> Vec<String> {
    let mut found = Vec::new();
    for (path, text) in tree.texts(".md") {
        let broken = links(text).into_iter().filter_map(|(line, link)| {
            let target = resolve(path, link)?;
            (!tree.has(&target)).then(|| format!("{path}:{line}: {link} is not there"))
        });
        found.extend(broken);
    }
    let Some(summary) = tree.text(SUMMARY) else {
        found.push(format!("{SUMMARY} is not there"));
        return found;
    };
    let listed: BTreeSet<String> = links(summary).into_iter().filter_map(|(_, link)| resolve(SUMMARY, link)).collect();
    let pages = tree.texts(".md").filter(|(path, _)| path.starts_with("docs/") && *path != SUMMARY);
    found.extend(
        pages.filter(|(path, _)| !listed.contains(*path)).map(|(path, _)| format!("{path}: is not in {SUMMARY}")),
    );
    found.extend(cards(tree));
    found
}

/// Models without a card, or without a line in the table of models.
fn cards(tree: &Tree) -> Vec<String> {
    let models = tree.files.iter().filter_map(|file| file.path.strip_prefix("models/")?.strip_suffix(".onnx"));
    let table = tree.text("models/README.md").unwrap_or_default();
    let mut found = Vec::new();
    for model in models {
        let card = format!("models/{model}.md");
        let text = tree.text(&card).unwrap_or_default();
        if text.is_empty() {
            found.push(format!("models/{model}.onnx: has no card, {card}"));
        } else if !text.contains("oneiro train") {
            found.push(format!("{card}: does not say by which command the model was made"));
        }
        if !table.contains(&format!("({model}.md)")) {
            found.push(format!("models/README.md: has no line for {model}"));
        }
    }
    found
}

/// Links and pictures outside of code: line and target.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    let mut code = false;
    for (number, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            code = !code;
        }
        if code {
            continue;
        }
        // Code within a line stands between its odd and its even backticks; a link's text may have some.
        for (at, _) in line.match_indices("](") {
            let in_code = line[..at].matches('`').count() % 2 == 1;
            let after = &line[at + 2..];
            if let Some(end) = after.find(')').filter(|_| !in_code) {
                found.push((number + 1, &after[..end]));
            }
        }
    }
    found
}

/// The path from the root that a link in `page` means; none for addresses elsewhere and for places in the same page.
fn resolve(page: &str, link: &str) -> Option<String> {
    let target = link.split('#').next().unwrap_or_default();
    if target.is_empty() || target.contains("://") || target.starts_with("mailto:") {
        return None;
    }
    let mut parts: Vec<&str> = page.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_followed_from_their_page() {
        assert_eq!(resolve("docs/guide/vj.md", "../live.md#figures").as_deref(), Some("docs/live.md"));
        assert_eq!(resolve("README.md", "https://onnxruntime.ai"), None);
        assert_eq!(resolve("README.md", "#playing"), None);
    }

    #[test]
    fn missing_pages_and_pages_without_a_place_are_found() {
        let files = [
            ("docs/SUMMARY.md", "- [One](one.md)\n- [Two](two.md)\n"),
            ("docs/one.md", "`[a](b.md)` [this](one.md)\n```\n[no](link.md)\n```\n![picture](p.png)"),
            ("docs/three.md", ""),
        ];
        let found = check(&Tree::of(&files));
        let expected = [
            "docs/SUMMARY.md:2: two.md is not there",
            "docs/one.md:5: p.png is not there",
            "docs/three.md: is not in docs/SUMMARY.md",
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_model_needs_a_card_and_a_line() {
        let files = [
            ("docs/SUMMARY.md", ""),
            ("models/README.md", "| [a](a.md) |"),
            ("models/a.md", "`oneiro train melody-rnn`"),
            ("models/a.onnx", ""),
            ("models/b.onnx", ""),
        ];
        let found = check(&Tree::of(&files));
        assert_eq!(found.len(), 2, "{found:?}");
        assert!(found.iter().all(|line| line.contains('b')), "{found:?}");
    }
}
