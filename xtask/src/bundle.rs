//! `cargo xtask bundle` and `install`: the plugin as CLAP and VST3, with its models and ONNX Runtime, in one folder.
//!
//! ```text
//! Oneiro/
//!   Oneiro.clap       a file; on macOS a bundle
//!   Oneiro.vst3/      the bundle that VST3 asks for
//!   models/           melody models and their cards
//!   lib/              ONNX Runtime and its licence
//! ```
//!
//! The plugin looks for `models` and `lib` beside itself and in the folders above, so the folder may be put anywhere where
//! a host looks for plugins, whole.

use crate::{cargo, root, runtime};
use anyhow::{Context, Result, bail};
use std::env::consts::{ARCH, DLL_PREFIX, DLL_SUFFIX, OS};
use std::fs;
use std::path::{Path, PathBuf};

/// Name of the folder, and of the plugin.
const NAME: &str = "Oneiro";
/// What kind of models play in the plugin.
const KINDS: [&str; 2] = ["melody-rnn", "melody-vae"];

/// Builds the plugin and lays out the folder: its path.
pub fn bundle() -> Result<PathBuf> {
    let runtime = runtime::install()?;
    eprintln!("building the plugin …");
    let built = cargo().args(["build", "--release", "--package", "oneiro-plugin", "--lib"]).status();
    if !built.context("cargo could not be started")?.success() {
        bail!("the plugin could not be built");
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from);
    let library = target.join("release").join(format!("{DLL_PREFIX}oneiro_plugin{DLL_SUFFIX}"));
    let folder = target.join("bundle").join(NAME);
    // Laid out anew, so that nothing of an earlier build stays.
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("cannot remove {}", folder.display()))?;
    }
    lay_out(&folder, &Parts { library, runtime, models: root().join("models") })?;
    println!("{}", folder.display());
    Ok(folder)
}

/// Bundles, and puts the plugin where this system's hosts look for a user's own.
pub fn install() -> Result<()> {
    let bundle = bundle()?;
    for (format, place) in [("clap", folder_of("clap")?), ("vst3", folder_of("vst3")?)] {
        let to = place.join(NAME);
        if to.exists() {
            fs::remove_dir_all(&to).with_context(|| format!("cannot remove {}", to.display()))?;
        }
        let file = format!("{NAME}.{format}");
        for part in [file.as_str(), "models", "lib"] {
            copy(&bundle.join(part), &to.join(part))?;
        }
        println!("installed: {}", to.join(file).display());
    }
    Ok(())
}

/// Bundles, and measures what the plugin in the folder costs.
pub fn bench() -> Result<()> {
    let plugin = bundle()?.join(format!("{NAME}.clap"));
    let mut command = cargo();
    command.args(["run", "--release", "--package", "oneiro-plugin", "--example", "figures", "--"]).arg(plugin);
    if !command.status().context("cargo could not be started")?.success() {
        bail!("the plugin could not be measured");
    }
    Ok(())
}

/// Where hosts look for a user's own plugins (CLAP: `entry.h`; VST3: "Plug-in Locations").
fn folder_of(format: &str) -> Result<PathBuf> {
    let home = || std::env::home_dir().context("this user has no home folder");
    Ok(match OS {
        "macos" => home()?.join("Library/Audio/Plug-Ins").join(format.to_uppercase()),
        "windows" => {
            let local = std::env::var_os("LOCALAPPDATA").context("LOCALAPPDATA is not set")?;
            PathBuf::from(local).join("Programs/Common").join(format.to_uppercase())
        }
        _ => home()?.join(format!(".{format}")),
    })
}

/// What the folder is made of.
struct Parts {
    library: PathBuf,
    runtime: PathBuf,
    models: PathBuf,
}

fn lay_out(folder: &Path, parts: &Parts) -> Result<()> {
    let clap = folder.join(format!("{NAME}.clap"));
    let vst3 = folder.join(format!("{NAME}.vst3")).join("Contents");
    match OS {
        "macos" => {
            for contents in [clap.join("Contents"), vst3] {
                copy(&parts.library, &contents.join("MacOS").join(NAME))?;
                fs::write(contents.join("PkgInfo"), "BNDL????")?;
                fs::write(contents.join("Info.plist"), property_list())?;
            }
        }
        "windows" => {
            copy(&parts.library, &clap)?;
            copy(&parts.library, &vst3.join(format!("{ARCH}-win")).join(format!("{NAME}.vst3")))?;
        }
        _ => {
            copy(&parts.library, &clap)?;
            copy(&parts.library, &vst3.join(format!("{ARCH}-linux")).join(format!("{NAME}.so")))?;
        }
    }
    let models = fs::read_dir(&parts.models).with_context(|| format!("cannot read {}", parts.models.display()))?;
    for entry in models {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_file() && KINDS.iter().any(|kind| name.starts_with(kind)) {
            copy(&path, &folder.join("models").join(name))?;
        }
    }
    let beside = parts.runtime.parent().context("the runtime has no folder")?;
    copy(&parts.runtime, &folder.join("lib").join(parts.runtime.file_name().unwrap_or_default()))?;
    for licence in ["LICENSE", "ThirdPartyNotices.txt"] {
        let path = beside.join(licence);
        if path.is_file() {
            copy(&path, &folder.join("lib").join(licence))?;
        }
    }
    Ok(())
}

/// Copies a file, or a folder with all that it holds.
fn copy(from: &Path, to: &Path) -> Result<()> {
    if from.is_dir() {
        for entry in fs::read_dir(from)? {
            let entry = entry?;
            copy(&entry.path(), &to.join(entry.file_name()))?;
        }
        return Ok(());
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    }
    fs::copy(from, to).with_context(|| format!("cannot copy {} to {}", from.display(), to.display()))?;
    Ok(())
}

fn property_list() -> String {
    let version = env!("CARGO_PKG_VERSION");
    let entries = [
        ("CFBundleExecutable", NAME),
        ("CFBundleIdentifier", "org.oneiro.oneiro"),
        ("CFBundleName", NAME),
        ("CFBundlePackageType", "BNDL"),
        ("CFBundleShortVersionString", version),
        ("CFBundleVersion", version),
    ];
    let entries: String =
        entries.iter().map(|(key, value)| format!("<key>{key}</key><string>{value}</string>\n")).collect();
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<plist version=\"1.0\"><dict>\n{entries}</dict></plist>\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::tests::Scratch;

    #[test]
    fn the_folder_holds_both_formats_what_plays_in_them_and_nothing_else() {
        let scratch = Scratch::new("bundle");
        let at = |name: &str| scratch.0.join(name);
        fs::create_dir_all(at("models")).unwrap();
        for name in ["library", "libonnxruntime", "LICENSE"] {
            fs::write(at(name), name).unwrap();
        }
        for name in ["melody-rnn.onnx", "melody-rnn.md", "melody-vae-2.onnx", "image-gan.onnx", "README.md"] {
            fs::write(at("models").join(name), name).unwrap();
        }
        let parts = Parts { library: at("library"), runtime: at("libonnxruntime"), models: at("models") };
        lay_out(&at("Oneiro"), &parts).unwrap();
        copy(&at("Oneiro"), &at("again")).unwrap();
        let files = |folder: PathBuf| {
            let mut names: Vec<String> =
                fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        };
        for folder in ["Oneiro", "again"] {
            assert_eq!(files(at(folder)), ["Oneiro.clap", "Oneiro.vst3", "lib", "models"]);
            assert_eq!(files(at(folder).join("models")), ["melody-rnn.md", "melody-rnn.onnx", "melody-vae-2.onnx"]);
            assert_eq!(files(at(folder).join("lib")), ["LICENSE", "libonnxruntime"]);
        }
        if OS == "linux" {
            let binary = at(&format!("again/Oneiro.vst3/Contents/{ARCH}-linux/Oneiro.so"));
            assert_eq!(fs::read_to_string(binary).unwrap(), "library");
        }
    }
}
