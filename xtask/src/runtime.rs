//! ONNX Runtime from its Python package: a shared library that anyone can have by name, pinned by hash.

use crate::cache;
use crate::package::Package;
use anyhow::{Result, bail};
use std::path::PathBuf;

/// The version everything is tested with; `oneiro` looks for it first.
const VERSION: &str = "1.31.1";

/// Operating system, processor, platform tag, SHA-256 of the wheel.
const PINNED: [[&str; 4]; 4] = [
    ["linux", "x86_64", "manylinux_2_28_x86_64", "1f3dea47f2f0e5117c2404cea7d21fd253ae7836a3bf167a501cdfbb2600d536"],
    ["linux", "aarch64", "manylinux_2_28_aarch64", "0b9a492176886992e0e875f06bc0367e333f5fff11711a2d642e18b02f3009cc"],
    ["macos", "aarch64", "macosx_14_0_arm64", "96dd2564b10ea7153ad9c207e7cd8e5917cb3ba521e0e0a62ac03486fdc8d56c"],
    ["windows", "x86_64", "win_amd64", "ae8a9a351efda685cc59a66226cdefaa37a126c1d66872ca23a2de9425326130"],
];

/// Puts the library into the cache and gives its path.
///
/// The Python version in the tags is fixed, whatever Python is here: so every machine gets the same file.
pub fn install() -> Result<PathBuf> {
    let (os, arch) = (std::env::consts::OS, std::env::consts::ARCH);
    let Some([_, _, platform, sha256]) = PINNED.into_iter().find(|p| p[0] == os && p[1] == arch) else {
        bail!(
            "there is no pinned ONNX Runtime for {os} on {arch}; install version {VERSION} or newer yourself and set \
             ORT_DYLIB_PATH to its library"
        );
    };
    let package = Package { name: "onnxruntime", version: VERSION, tags: Some(["3.12", "cp312", platform]), sha256 };
    let folder = cache::folder()?.join("onnxruntime").join(VERSION);
    package.unpack(&folder, "cargo xtask setup", |path| match path {
        "onnxruntime/LICENSE" | "onnxruntime/ThirdPartyNotices.txt" => path.rsplit('/').next().map(str::to_owned),
        _ => path.strip_prefix("onnxruntime/capi/").filter(|name| is_library(name)).map(str::to_owned),
    })?;
    Ok(folder.join(match os {
        "windows" => "onnxruntime.dll".to_owned(),
        "macos" => format!("libonnxruntime.{VERSION}.dylib"),
        _ => format!("libonnxruntime.so.{VERSION}"),
    }))
}

fn is_library(name: &str) -> bool {
    let stem = name.strip_prefix("lib").unwrap_or(name);
    stem.starts_with("onnxruntime")
        && !stem.starts_with("onnxruntime_pybind")
        && (name.contains(".so") || name.ends_with(".dylib") || name.ends_with(".dll"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_is_taken_and_the_python_module_left() {
        for name in ["libonnxruntime.so.1.31.1", "libonnxruntime.1.31.1.dylib", "onnxruntime.dll"] {
            assert!(is_library(name), "{name}");
        }
        for name in ["onnxruntime_pybind11_state.so", "onnxruntime_validation.py", "_pybind_state.py"] {
            assert!(!is_library(name), "{name}");
        }
    }
}
