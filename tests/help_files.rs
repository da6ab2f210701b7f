//! What the command writes about itself: completions for shells, and the manual.

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::contains;

fn oneiro(arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("oneiro"));
    command.args(arguments);
    command
}

#[test]
fn every_shell_gets_completions_that_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = oneiro(&["completions", shell]).assert().success();
        script.stdout(contains("render").and(contains("melody-rnn")).and(contains("soundfont")));
    }
    oneiro(&["completions", "cmd"]).assert().code(2).stderr(contains("bash"));
}

#[test]
fn the_manual_has_a_page_for_each_command() {
    let folder = tempfile::tempdir().unwrap();
    let man = folder.path().join("share/man1");
    oneiro(&["man", &man.display().to_string()]).assert().success().stdout(contains("pages in"));
    let page = |name: &str| std::fs::read_to_string(man.join(format!("{name}.1"))).unwrap();
    assert!(page("oneiro").contains("render"));
    assert!(page("oneiro-render").contains(r"\-\-seed"));
    assert!(page("oneiro-train-melody-rnn").contains(r"\-\-steps"));
    let names: Vec<String> =
        std::fs::read_dir(&man).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.iter().all(|name| name.ends_with(".1") && !name.contains("help")), "{names:?}");
}

#[test]
fn a_folder_that_cannot_be_made_is_said_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let man = oneiro(&["man", &file.join("man1").display().to_string()]).assert().code(1);
    man.stderr(predicate::str::starts_with("error: ").and(contains("\n").count(1)));
}
