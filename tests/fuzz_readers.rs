//! Every reader of the library takes or refuses whatever bytes it is given, and what it takes keeps its promises. The targets in
//! `fuzz/` try the same for longer; what was found stands below, and in docs/trust.md.

#[path = "support/mutation.rs"]
mod mutation;
#[path = "support/readers.rs"]
mod readers;

use mutation::try_hostile;
use oneiro::music::abc::{self, AbcError, Repeats};
use oneiro::take::read_lines;
use readers::READERS;
use std::time::{Duration, Instant};

/// Bytes tried of each reader.
const CASES: u32 = 400;

fn tried(name: &str) {
    let (_, holds, seeds) = READERS.into_iter().find(|(known, ..)| *known == name).unwrap();
    try_hostile(name, CASES, holds, seeds());
}

macro_rules! tried {
    ($($test:ident: $name:literal),* $(,)?) => { $(#[test] fn $test() { tried($name); })* };
}

tried! {
    midi_files: "midi",
    books_of_abc: "abc",
    models: "model",
    descriptions_of_models: "spec",
    recorded_sessions: "take",
    maps_of_knobs: "map",
    checkpoints: "checkpoint",
    pictures: "picture",
    what_programs_tell_each_other: "link",
    projects: "project",
    reels: "reel",
    sound_fonts: "font",
}

/// What took time by the square of its length takes it no more; the bound is wide, for a busy machine.
fn quick(what: &str, text: &str) {
    let began = Instant::now();
    abc::read(text, Repeats::Played).unwrap();
    assert!(began.elapsed() < Duration::from_secs(5), "{what}: {:?}", began.elapsed());
}

#[test]
fn no_line_of_abc_takes_time_by_the_square_of_its_length() {
    let head = "X:1\nK:C\n";
    quick("braces that are never closed", &format!("{head}{}", "{".repeat(400_000)));
    quick("accidentals in a bar without end", &format!("{head}{}", "^ab".repeat(200_000)));
    quick("bar lines after an ending", &format!("{head}[1 a{}", "| ".repeat(200_000)));
    quick(
        "endings that are said again and again",
        &format!("{head}[1{} a{}", ",1".repeat(200_000), "|2 a".repeat(100_000)),
    );
}

#[test]
fn a_book_of_short_lines_does_not_become_a_library() {
    // 64 parts of eight passes each, of a few bytes: over and over.
    let tune = format!("X:1\nP:{}\nK:C\nP:A\n|:{} [1,2,3,4,5,6,7,8 a:|\n", "A".repeat(64), "abcdefg".repeat(60));
    let tunes = abc::read(&tune.repeat(400), Repeats::Played).unwrap();
    let events: usize = tunes.iter().map(|tune| tune.melody.events.len()).sum();
    assert!(events <= abc::MAX_EVENTS && tunes.last().unwrap().melody.events.is_empty(), "{events}");
    assert!(tunes.last().unwrap().warnings.iter().any(|warning| warning.what.contains("cut")));
    let many = "X:1\n".repeat(abc::MAX_TUNES + 1);
    assert!(matches!(abc::read(&many, Repeats::Once), Err(AbcError::TooMany { .. })));
}

#[test]
fn a_session_that_breaks_off_in_the_middle_of_a_letter_is_read_up_to_there() {
    let (_, _, seeds) = READERS.into_iter().find(|(name, ..)| *name == "take").unwrap();
    let mut bytes = seeds().remove(0);
    // Without its last line, which ends it.
    bytes.pop();
    bytes.truncate(bytes.iter().rposition(|byte| *byte == b'\n').unwrap() + 1);
    let whole = read_lines(&bytes[..]).unwrap().moments.len();
    bytes.extend("{\"s\":9,\"control\":[\"ü".as_bytes());
    bytes.pop();
    let take = read_lines(&bytes[..]).unwrap();
    assert!(take.broken_off && take.moments.len() == whole);
    // A line that is whole and says nothing is no end.
    bytes.extend(b"\n");
    assert!(read_lines(&bytes[..]).is_err());
    let endless = [&seeds().remove(0)[..], &vec![b'a'; 2 << 20]].concat();
    let header = endless.iter().position(|b| *b == b'\n').unwrap();
    assert!(read_lines(&[&endless[..=header], &vec![b'a'; 2 << 20]].concat()[..]).unwrap_err().contains("longer than"));
}
