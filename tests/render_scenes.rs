//! Scenes over the pictures: what `oneiro render` asks the drawing program for, and what it does with its frames. The program that
//! draws here is a script; what the real one draws is tested where it is made.
#![cfg(unix)]

#[path = "support/program.rs"]
mod program;
mod render_support;

use render_support::{Stage, names};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// Keeps the reel, and prints the number of each frame as its pixels.
const DRAWER: &str = r#"cat > "$(dirname "$0")/reel.json"
numbers=$(sed 's/.*"frames":\[\([0-9]*\),\([0-9]*\)\].*/\1 \2/' "$(dirname "$0")/reel.json")
set -- $numbers
while [ "$1" -lt "$2" ]; do
    printf "%0${BYTES}d" "$1"
    set -- $(($1 + 1)) "$2"
done
"#;

/// The command in a folder of its own, with a program beside it that draws.
struct Desk {
    stage: Stage,
    oneiro: PathBuf,
}

impl Desk {
    fn new() -> Self {
        let stage = Stage::new(15.9, 240.0);
        let programs = stage.path().join("bin");
        std::fs::create_dir(&programs).unwrap();
        let oneiro = programs.join("oneiro");
        program::copy(env!("CARGO_BIN_EXE_oneiro").as_ref(), &oneiro);
        Self { stage, oneiro }
    }

    fn with_drawer() -> Self {
        let desk = Self::new();
        program::script(&desk.oneiro.with_file_name("oneiro-visuals"), DRAWER);
        desk
    }

    fn run(&self, bytes: usize, options: &[&str]) -> Output {
        let mut command = Command::new(&self.oneiro);
        command.current_dir(self.stage.path()).env("ONEIRO_MODELS", self.stage.path().join("models"));
        command.env("XDG_DATA_HOME", self.stage.path()).env("BYTES", bytes.to_string());
        command.args(["render", "tune.mid", "--size", "32x16", "--fps", "10"]).args(options).output().unwrap()
    }

    fn done(&self, bytes: usize, options: &[&str]) -> serde_json::Value {
        let output = self.run(bytes, options);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&std::fs::read(self.oneiro.with_file_name("reel.json")).unwrap()).unwrap()
    }
}

/// The pixels of a frame, which are its number in digits.
fn number(path: &Path) -> u64 {
    let pixels = image::open(path).unwrap().to_rgb8().into_raw();
    String::from_utf8(pixels).unwrap().parse().unwrap()
}

#[test]
fn a_show_is_asked_for_with_its_music_and_its_frames_are_written() {
    let desk = Desk::with_drawer();
    let here = desk.stage.path();
    let frame = 32 * 16 * 3;
    let show =
        ["--scene", "aurora", "--title", "Oneiro", "--set", "zoom=1.5", "--set", "walk=loop", "--motion-blur", "4"];
    let reel = desk.done(frame, &[&show[..], &["-o", "film/", "--seed", "6"]].concat());
    assert_eq!(
        (&reel["scene"], &reel["texts"][0]["text"], &reel["seed"]),
        (&"aurora".into(), &"Oneiro".into(), &6.into())
    );
    assert_eq!((&reel["controls"]["zoom"], &reel["controls"]["walk"]), (&1.5.into(), &"loop".into()));
    assert_eq!(
        (&reel["blur"]["sub_frames"], &reel["blur"]["shutter"], &reel["depth"]),
        (&4.into(), &0.5.into(), &8.into())
    );
    assert!(reel["models"]["first"].as_str().unwrap().ends_with("blots.onnx"));
    assert!(reel["show"].as_array().unwrap().len() > 50, "the music is told");
    let film = here.join("film");
    for (place, name) in names(&film).iter().enumerate() {
        assert_eq!(number(&film.join(name)), place as u64);
    }
    assert!(names(&film).len() as u64 == reel["frames"][1].as_u64().unwrap());
    let part = desk.done(frame, &["--scene", "aurora", "-o", "part/", "--from", "2", "--to", "3"]);
    assert_eq!(part["frames"], serde_json::json!([10, 20]));
    assert_eq!((names(&here.join("part")).len(), number(&here.join("part/frame-000010.png"))), (10, 10));
    // Sixteen bits are asked for once, and eight follow from them.
    let deep = desk.done(2 * frame, &["--scene", "2", "-o", "deep/", "--depth", "16", "--to", "2"]);
    assert_eq!(deep["depth"], 16);
    assert_eq!(image::open(here.join("deep/frame-000000.png")).unwrap().color(), image::ColorType::Rgb16);
    let look = desk.done(2 * frame, &["--scene", "2", "--preview", "2.2", "-o", "look.png"]);
    assert_eq!((&look["frames"], &look["lead_in"]), (&serde_json::json!([12, 13]), &30.into()));
    assert!(here.join("look.png").exists());
}

#[test]
fn a_project_moves_the_show_over_the_bars() {
    let desk = Desk::with_drawer();
    let here = desk.stage.path();
    let text = "oneiro-project = 1\ninput = \"tune.mid\"\noutputs = [\"a/\"]\n[picture]\nsize = \"32x16\"\nfps = 10\n\
        [show]\nscenes = \"mine.toml\"\n[[show.automation]]\ncontrol = \"hue\"\npoints = [{ bar = 1, value = 0 }, { bar = 3, beat = 2, value = 0.5, ramp = true }]\n\
        [[show.call]]\nat = 2.3\ncue = \"drop\"\n";
    std::fs::write(here.join("p.oneiro.toml"), text).unwrap();
    std::fs::write(here.join("mine.toml"), "").unwrap();
    let mut command = Command::new(&desk.oneiro);
    command.current_dir(here).env("ONEIRO_MODELS", here.join("models")).env("BYTES", "1536");
    let output = command.args(["render", "p.oneiro.toml", "-q"]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let reel: serde_json::Value = serde_json::from_slice(&std::fs::read(here.join("bin/reel.json")).unwrap()).unwrap();
    assert_eq!(
        reel["points"][1],
        serde_json::json!({ "at": { "beat": 9.0 }, "control": "hue", "value": 0.5, "way": "ramp" })
    );
    assert_eq!(reel["calls"][0], serde_json::json!({ "at": { "beat": 6.0 }, "cue": "drop" }));
    assert!(reel["scenes"].as_str().unwrap().ends_with("mine.toml"));
}

#[test]
fn without_the_program_that_draws_the_message_says_what_to_do() {
    let desk = Desk::new();
    let output = desk.run(1536, &["--scene", "aurora", "-o", "film/"]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.code() == Some(1) && said.contains("is not beside this program"), "{said}");
    assert_eq!(names(desk.stage.path()), ["bin", "models", "tune.mid"]);
}
