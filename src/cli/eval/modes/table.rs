//! The figures as a table: a column for each way of answering.

use super::{Report, Row};
use oneiro::music::figures::Figures;
use std::fmt::Write as _;

/// A line of the table: its name, and its figure.
type Line = (&'static str, fn(&Figures) -> String);
/// A line of what is no figure of the notes.
type SideLine = (&'static str, fn(&Row) -> String);

fn percent(share: f64) -> String {
    format!("{:.1} %", 100.0 * share)
}

const PARTS: [(&str, &[Line]); 6] = [
    (
        "notes",
        &[
            ("answers", |f| f.answers.to_string()),
            ("silent", |f| f.silent.to_string()),
            ("notes", |f| f.notes.to_string()),
            ("in key", |f| percent(f.in_key)),
            ("on the grid", |f| percent(f.on_grid)),
            ("pulses struck", |f| percent(f.on_pulse)),
            ("rests", |f| percent(f.rests)),
        ],
    ),
    (
        "against the call",
        &[
            ("notes a quarter", |f| format!("{:.2}", f.density)),
            ("density, r", |f| format!("{:.2}", f.density_correlation)),
            ("range, semitones", |f| format!("{:.1}", f.range)),
            ("range, r", |f| format!("{:.2}", f.range_correlation)),
            ("register off by", |f| format!("{:.1}", f.register_distance)),
            ("register, r", |f| format!("{:.2}", f.register_correlation)),
            ("bars' rhythms taken up", |f| percent(f.rhythm_taken_up)),
            ("figures taken up", |f| percent(f.figures_taken_up)),
        ],
    ),
    (
        "repetition",
        &[
            ("figures repeated", |f| percent(f.figures_repeated)),
            ("longest loop", |f| percent(f.longest_loop)),
            ("mostly one loop", |f| percent(f.looping)),
            ("pieces a note", |f| format!("{:.3}", f.pieces_a_note)),
            ("… after the call", |f| format!("{:.3}", f.pieces_a_note_after_call)),
        ],
    ),
    (
        "line",
        &[
            ("interval, semitones", |f| format!("{:.2}", f.interval)),
            ("leaps beyond a fifth", |f| percent(f.leaps)),
            ("pitch repeated", |f| percent(f.repeated_pitches)),
        ],
    ),
    (
        "end",
        &[
            ("on the tonic's triad", |f| percent(f.ends_stable)),
            ("on the tonic", |f| percent(f.ends_on_tonic)),
            ("a pulse or longer", |f| percent(f.ends_long)),
            ("last bar rests on triad", |f| percent(f.rests_stable)),
        ],
    ),
    (
        "in common",
        &[
            ("tones with corpus", |f| percent(f.tones_as_corpus)),
            ("lengths with corpus", |f| percent(f.lengths_as_corpus)),
            ("tones with its tune", |f| percent(f.tones_as_tune)),
            ("lengths with its tune", |f| percent(f.lengths_as_tune)),
        ],
    ),
];

/// The whole report for people.
pub fn describe(report: &Report) -> String {
    let Report { melody, phrases, set, calls, bars, seed, rows, second_voice: second, milliseconds: ms } = report;
    let set = set.iter().map(|one| format!("; {one}")).collect::<String>();
    let mut text = format!("{calls} calls of {bars} bars; {melody}, {phrases}; seed {seed}{set}\n");
    let mut line = |name: &str, cells: &mut dyn Iterator<Item = String>| {
        let _ = write!(text, "\n{name:<24}");
        cells.for_each(|cell| {
            let _ = write!(text, "{cell:>11}");
        });
    };
    line("", &mut rows.iter().map(|row| row.name.clone()));
    for (part, lines) in PARTS {
        line(&format!("— {part}"), &mut std::iter::empty());
        for (name, figure) in lines {
            line(name, &mut rows.iter().map(|row| figure(&row.figures)));
        }
    }
    let others: [SideLine; 3] = [
        ("phrase did not fit", |row| row.refused.to_string()),
        ("notes late or lost", |row| row.lost.to_string()),
        ("chords told, a call", |row| format!("{:.1}", row.chords)),
    ];
    line("— audio side", &mut std::iter::empty());
    for (name, figure) in others {
        line(name, &mut rows.iter().map(figure));
    }
    let _ = write!(
        text,
        "\n\nsecond voice: {} of {} notes have one; thirds and sixths {}, fourths, fifths and octaves {}, else {}; begins at most {:.2} steps after its note ({:.3} in the mean), ends at most {:.2} from it",
        percent(second.accompanied),
        second.notes,
        percent(second.thirds_and_sixths),
        percent(second.other_consonances),
        percent(second.dissonances),
        second.latest,
        second.delay,
        second.end
    );
    let _ = write!(
        text,
        "\n{} phrases were heard and written in {:.1} ms of one processor each (median; 99 of 100 in {:.1} ms, all in {:.1} ms)",
        ms.phrases, ms.median, ms.p99, ms.most
    );
    text
}
