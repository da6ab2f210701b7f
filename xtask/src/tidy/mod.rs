//! `cargo xtask tidy`: what ARCHITECTURE.md promises of the sources, held against the sources.
//!
//! That the audio side names nothing that blocks or grows is `tests/live_boundary.rs`.

mod arrows;
mod licences;
mod pages;
mod sources;

use crate::root;
use anyhow::{Context, Result, bail};
use std::process::Command;

/// A file of the project: its path from the root, with `/`, and its text; what is no text has none.
struct File {
    path: String,
    text: Option<String>,
}

/// All files that git knows or would take, sorted.
struct Tree {
    files: Vec<File>,
}

impl Tree {
    /// Reads the checkout.
    fn read() -> Result<Self> {
        let root = root();
        let list = ["ls-files", "--cached", "--others", "--exclude-standard", "-z"];
        let output = Command::new("git").args(list).current_dir(&root).output().context("git could not be started")?;
        if !output.status.success() {
            bail!("git does not list the files: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        let names = String::from_utf8(output.stdout).context("a file's name is no text")?;
        let mut names: Vec<&str> = names.split('\0').filter(|name| !name.is_empty()).collect();
        names.sort_unstable();
        names.dedup();
        let mut files = Vec::new();
        for name in names {
            let path = root.join(name);
            // A file that was deleted and not yet committed is still listed.
            if path.is_file() {
                let bytes = std::fs::read(&path).with_context(|| format!("{name} cannot be read"))?;
                files.push(File { path: name.to_owned(), text: String::from_utf8(bytes).ok() });
            }
        }
        Ok(Self { files })
    }

    /// Files with a text whose path ends so: path and text.
    fn texts<'a>(&'a self, ending: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
        let files = self.files.iter().filter(move |file| file.path.ends_with(ending));
        files.filter_map(|file| Some((file.path.as_str(), file.text.as_deref()?)))
    }

    /// The text of a file.
    fn text(&self, path: &str) -> Option<&str> {
        self.files.iter().find(|file| file.path == path)?.text.as_deref()
    }

    /// Whether there is such a file, or such a folder.
    fn has(&self, path: &str) -> bool {
        let folder = format!("{}/", path.trim_end_matches('/'));
        self.files.iter().any(|file| file.path == path || file.path.starts_with(&folder))
    }

    #[cfg(test)]
    fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File { path: (*path).into(), text: Some((*text).into()) };
        Self { files: files.iter().map(file).collect() }
    }
}

/// Looks through the checkout; every finding is a line with its place.
pub fn run() -> Result<()> {
    let tree = Tree::read()?;
    let found = [arrows::check(&tree), sources::check(&tree), pages::check(&tree), licences::check(&tree)?].concat();
    for finding in &found {
        eprintln!("{finding}");
    }
    match found.len() {
        0 => {
            println!("tidy: {} files are as they should be", tree.files.len());
            Ok(())
        }
        count => bail!("tidy: {count} things are not as they should be"),
    }
}
