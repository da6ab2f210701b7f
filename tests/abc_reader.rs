//! ABC text becomes the notes a player would play.

use oneiro::music::abc::{AbcError, AbcMode, Repeats, read};
use proptest::prelude::*;

/// Pitches (0 for a rest) and lengths of the first tune with this body.
fn notes(head: &str, body: &str, repeats: Repeats) -> Vec<(u8, u16)> {
    let tune = read(&format!("X:1\n{head}\n{body}\n"), repeats).unwrap().remove(0);
    tune.melody.events.iter().map(|e| (e.pitch.unwrap_or(0), e.steps)).collect()
}

fn pitches(head: &str, body: &str, repeats: Repeats) -> Vec<u8> {
    notes(head, body, repeats).into_iter().map(|(p, _)| p).collect()
}

const C: &str = "M:4/4\nL:1/8\nK:C";

#[test]
fn lengths_land_on_the_grid_of_24_a_quarter() {
    let played = notes(C, "C3 C/ C3/2 C// C/4 z2 x C4", Repeats::Played);
    assert_eq!(played, [(60, 36), (60, 6), (60, 18), (60, 3), (60, 3), (0, 36), (60, 48)]);
}

#[test]
fn broken_rhythm_and_tuplets_share_their_time() {
    assert_eq!(
        notes(C, "C>D E<F G>>A", Repeats::Played).iter().map(|n| n.1).collect::<Vec<_>>(),
        [18, 6, 6, 18, 21, 3]
    );
    assert_eq!(
        notes(C, "(3CDE (3:2:2c2d ((3efg)", Repeats::Played).iter().map(|n| n.1).collect::<Vec<_>>(),
        [8, 8, 8, 16, 8, 8, 8, 8]
    );
    assert_eq!(notes(C, "(3C>DE F", Repeats::Played).iter().map(|n| n.1).collect::<Vec<_>>(), [12, 4, 8, 12]);
}

#[test]
fn an_accidental_holds_to_the_bar_line_in_all_octaves_and_over_a_tie() {
    assert_eq!(pitches(C, "^F F f =F | F ^c6-|c2 c", Repeats::Played), [66, 66, 78, 65, 65, 73, 72]);
    assert_eq!(notes(C, "^c6-|c2", Repeats::Played), [(73, 96)]);
}

#[test]
fn key_signatures_know_the_modes() {
    let scale = |key: &str| pitches(&format!("M:4/4\nL:1/8\nK:{key}"), "CDEFGAB", Repeats::Played);
    assert_eq!(scale("D"), [61, 62, 64, 66, 67, 69, 71]);
    for same in ["Bm", "B Minor", "A Mixolydian", "Edor", "G Lydian", "F#phr", "C#loc", "Hp"] {
        assert_eq!(scale(same), scale("D"), "{same}");
    }
    assert_eq!(scale("Eb"), [60, 62, 63, 65, 67, 68, 70]);
    assert_eq!(scale("Dmix=c^g"), [60, 62, 64, 66, 68, 69, 71]);
    assert_eq!(scale("none"), [60, 62, 64, 65, 67, 69, 71]);
}

#[test]
fn repeats_are_played_with_their_endings() {
    let both = |body: &str| (pitches(C, body, Repeats::Played), pitches(C, body, Repeats::Once));
    // No start sign: from the start, or from the last double bar.
    assert_eq!(both("C|D:|E|F:|").0, [60, 62, 60, 62, 64, 65, 64, 65]);
    assert_eq!(both("C||D:|").0, [60, 62, 62]);
    for body in ["|:C|1 D:|2 E||F|", "C|[1 D:|[2 E|]F", "|:C [1 D :| [2 E || F", "|:C|1 D|\n:|2 E||F"] {
        let (played, once) = both(body);
        assert_eq!(played, [60, 62, 60, 64, 65], "{body}");
        assert_eq!(once, [60, 64, 65], "{body}");
    }
    assert_eq!(both("|:C|[1,3 D:|[2 E:|").0, [60, 62, 60, 64, 60, 62]);
    assert_eq!(both("|:C::D:|").0, [60, 60, 62, 62]);
    assert_eq!(both("|:C::D:|").1, [60, 62]);
}

#[test]
fn parts_are_played_in_the_order_of_the_header() {
    let head = "M:4/4\nL:1/8\nP:ABA\nK:C";
    assert_eq!(pitches(head, "P:A\nC2|\nP:B\n|:D2:|", Repeats::Played), [60, 62, 62, 60]);
    assert_eq!(pitches(head, "P:A\nC2|\nP:B\n|:D2:|", Repeats::Once), [60, 62]);
}

#[test]
fn a_short_first_bar_is_a_pick_up() {
    let start = |body: &str| read(&format!("X:1\nM:6/8\nK:G\n{body}\n"), Repeats::Played).unwrap()[0].melody.start_step;
    assert_eq!(start("d|g3 g3|"), 60);
    assert_eq!(start("|:d/e/|g3 g3|"), 60);
    assert_eq!(start("g3 g3|g3"), 0);
    assert_eq!(start("g3 g3 a|g3"), 0);
}

#[test]
fn ornaments_chords_fields_and_other_voices_leave_the_tune_alone() {
    let text = include_str!("fixtures/abc/two.abc");
    let tunes = read(text, Repeats::Played).unwrap();
    let of = |n: usize| tunes[n].melody.events.iter().map(|e| e.pitch.unwrap_or(0)).collect::<Vec<_>>();
    let verse = [71, 64, 67, 71, 76, 78, 79, 78, 76, 74, 71];
    let answer = [78, 79, 0, 74, 84, 59, 73, 73, 72];
    let whole = [&verse[..], &[69, 71, 69, 67, 66, 64], &verse, &[64], &answer, &answer].concat();
    assert_eq!(of(0), whole);
    assert_eq!((tunes[0].key.tonic, tunes[0].key.mode, tunes[0].key.fifths), (Some(4), AbcMode::Minor, 1));
    assert_eq!((tunes[0].melody.title.as_str(), tunes[0].melody.start_step), ("Up the Stair", 60));
    assert_eq!(of(1), [70, 75, 65, 69, 74, 82]);
}

#[test]
fn a_text_without_a_tune_is_an_error_that_says_so() {
    assert_eq!(read("T:nothing\n", Repeats::Once), Err(AbcError::NoTune { lines: 1 }));
    let empty = read("X:7\nT:no music\n", Repeats::Once).unwrap();
    assert!(empty[0].melody.events.is_empty() && !empty[0].warnings.is_empty());
}

proptest! {
    #[test]
    fn any_text_is_read_without_a_panic(body in "[A-Gza-g0-9|:\\[\\](){}<>/^_=,'\"!\\-PV\n ]{0,200}", other in "\\PC{0,60}") {
        for repeats in [Repeats::Played, Repeats::Once] {
            for tune in read(&format!("X:1\nM:{other}\nL:1/8\nP:ABAB\nK:D\n{body}\n{other}"), repeats).unwrap() {
                prop_assert!(tune.melody.events.iter().all(|e| e.steps > 0));
                prop_assert!(tune.melody.events.len() <= 200_000);
            }
        }
    }
}
