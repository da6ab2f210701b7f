//! Every kind of `oneiro train` with material that is too little, useless, mixed or another than before: one clear line
//! and no half-made file, or a model from what is of use.

#[path = "support/material.rs"]
mod material;

use assert_cmd::Command;
use material::{animated, bomb, four_inks, midi, png, sixteen_bits, speckled, transparent};
use std::path::Path;
use std::process::Output;
use tempfile::{TempDir, tempdir};

/// A kind, options with which a step of it takes no time, and where its files lie.
struct Kind {
    name: &'static str,
    options: &'static str,
    files: &'static str,
    /// Whether it trains without weights of other networks, which are left out here: then it goes as far as to need them.
    alone: bool,
}

const fn pictures(name: &'static str, options: &'static str, alone: bool) -> Kind {
    Kind { name, options, files: "data", alone }
}

const SMALL: &str = "--preset small --batch 2 --size 64 --perceptual 0";
const KINDS: [Kind; 8] = [
    pictures("image-gan", "--preset small --batch 2 --features none.pth", false),
    pictures("image-autoencoder", SMALL, true),
    pictures("image-vae", SMALL, true),
    pictures("upscaler", "--preset small --batch 1 --patch 8", true),
    pictures("style-transfer", "--preset small --batch 1 --crop 32 --style style.png --features none.bin", false),
    Kind {
        files: "data/one",
        ..pictures("art-classifier", "--preset small --batch 2 --without-teacher --folds 2", true)
    },
    pictures("melody-rnn", "--hidden 8", true),
    pictures("melody-vae", "--hidden 8 --latent 4 --bars 1", true),
];

impl Kind {
    /// A folder with such files; the classifier gets another class beside them.
    fn folder(&self, files: &[(&str, Vec<u8>)]) -> TempDir {
        let dir = tempdir().unwrap();
        std::fs::create_dir_all(dir.path().join(self.files)).unwrap();
        std::fs::write(dir.path().join("style.png"), png(speckled(77).into())).unwrap();
        if self.files != "data" {
            std::fs::create_dir(dir.path().join("data/two")).unwrap();
            for n in 0..8 {
                std::fs::write(dir.path().join(format!("data/two/{n}.png")), png(speckled(90 + n).into())).unwrap();
            }
        }
        for (name, bytes) in files {
            std::fs::write(dir.path().join(self.files).join(name), bytes).unwrap();
        }
        dir
    }

    fn train(&self, dir: &Path, more: &str) -> Output {
        let mut command = Command::new(assert_cmd::cargo::cargo_bin!("oneiro"));
        command.current_dir(dir).args(["train", self.name]);
        command.args("--data data --out new.onnx --threads 1 --device cpu --steps 1".split(' '));
        command.args(self.options.split(' ')).args(more.split_whitespace()).output().unwrap()
    }

    /// What a training says that ends with status 1, in one line, and leaves no model.
    fn refused(&self, dir: &Path, more: &str) -> String {
        let output = self.train(dir, more);
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{}: {output:?}", self.name);
        assert!(text.starts_with("error: ") && text.lines().count() == 1, "{}: {text}", self.name);
        assert!(!dir.join("new.onnx").exists(), "{}", self.name);
        text
    }

    fn trained(&self, dir: &Path, more: &str) -> Output {
        let output = self.train(dir, more);
        assert!(output.status.success(), "{}: {output:?}", self.name);
        assert!(dir.join("new.onnx").exists(), "{}", self.name);
        output
    }
}

/// Pictures and tunes that differ, and of everything else something.
fn mixture() -> Vec<(String, Vec<u8>)> {
    let whole = png(speckled(200).into());
    let odd = [
        ("a.mid", b"MThd".to_vec()),
        ("b.abc", vec![]),
        ("c.png", b"\x89PNG".to_vec()),
        ("bomb.png", bomb(&whole)),
        ("animated.png", animated(&whole)),
        ("cut.png", whole[..whole.len() / 2].to_vec()),
        ("inks.jpg", four_inks()),
        ("deep.png", sixteen_bits()),
        ("clear.png", transparent()),
    ];
    let usual = (0..24)
        .flat_map(|n| [(format!("{n:02}.png"), png(speckled(n).into())), (format!("{n:02}.mid"), midi(n as usize, 0))]);
    odd.into_iter().map(|(name, bytes)| (name.to_owned(), bytes)).chain(usual).collect()
}

#[test]
fn from_nothing_no_kind_learns() {
    let junk = [("a.mid", b"MThd".to_vec()), ("b.abc", vec![]), ("c.png", b"\x89PNG".to_vec())];
    for kind in &KINDS {
        for (files, empty) in [(&[][..], true), (&junk[..], false)] {
            let dir = kind.folder(files);
            let said = kind.refused(dir.path(), "");
            assert!(said.starts_with("error: no ") || said.contains("pictures of use") || said.contains("subfolders"));
            assert!(said.contains("data"), "the folder is named: {said}");
            // Of a folder full of junk the reason of the first file is told, where a kind reads but one folder.
            let reasoned = said.contains("the first: data/");
            assert_eq!(reasoned, !empty && kind.files == "data", "{}: {said}", kind.name);
            assert!(!dir.path().join("new-run").exists(), "{}", kind.name);
        }
    }
}

#[test]
fn a_single_file_and_copies_of_it_are_told_to_be_too_little() {
    let one = [("1.png", png(speckled(1).into())), ("1.mid", midi(1, 0))];
    let copies = [one[0].1.clone(), one[1].1.clone()];
    let twice = [&one[..], &[("2.png", copies[0].clone()), ("2.mid", copies[1].clone())]].concat();
    for kind in &KINDS {
        for files in [&one[..], &twice] {
            let dir = kind.folder(files);
            let said = match kind.name {
                // One picture is enough to go as far as to need the weights.
                "image-gan" | "style-transfer" => "cannot read none.",
                "upscaler" => "more pictures are needed",
                "art-classifier" => "class one has 1 pictures of use; at least 4 are needed",
                "melody-rnn" | "melody-vae" => "at least two pieces that are not the same are needed",
                // One picture can be learnt by heart. A training of one of both kinds stands for all.
                "image-vae" if files.len() > 2 => {
                    let output = kind.trained(dir.path(), "");
                    let told = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
                    assert!(told.contains("1 pictures to learn from, 0 held out, 3 files of no use"), "{told}");
                    assert!(told.contains("Too little data: 1 pictures"), "{told}");
                    continue;
                }
                _ => continue,
            };
            let error = kind.refused(dir.path(), "");
            assert!(error.contains(said), "{}: {error}", kind.name);
        }
    }
}

#[test]
fn what_is_of_use_among_junk_is_learnt_and_a_run_goes_on_with_the_same_alone() {
    let files = mixture();
    let files: Vec<(&str, Vec<u8>)> = files.iter().map(|(name, bytes)| (name.as_str(), bytes.clone())).collect();
    // The two autoencoders differ in the network alone.
    for kind in KINDS.iter().filter(|k| k.name != "image-vae") {
        let dir = kind.folder(&files);
        let output = if kind.alone { kind.trained(dir.path(), "") } else { kind.train(dir.path(), "") };
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        let found = match kind.name {
            "art-classifier" => "one: 27 pictures\ntwo: 8 pictures\n30 files of no use",
            "melody-rnn" | "melody-vae" => "24 tunes in 26 files",
            _ => "21 pictures to learn from, 6 held out, 30 files of no use",
        };
        assert!(told.contains(found), "{}: {told}", kind.name);
        if !kind.alone {
            continue;
        }
        std::fs::remove_file(dir.path().join("new.onnx")).unwrap();
        let error = kind.refused(dir.path(), "");
        assert!(error.contains("holds a run already"), "{}: {error}", kind.name);
        let error = kind.refused(dir.path(), "--resume --seed 2");
        assert!(error.contains("seed was 1, now 2"), "{}: {error}", kind.name);
        for (name, bytes) in [("24.png", png(speckled(24).into())), ("24.mid", midi(24, 0))] {
            std::fs::write(dir.path().join(kind.files).join(name), bytes).unwrap();
        }
        let error = kind.refused(dir.path(), "--resume");
        assert!(error.contains("the data is not what this run began with"), "{}: {error}", kind.name);
    }
}
