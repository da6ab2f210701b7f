//! What controls are called where there is little room, what they stand at, and what they do.

use crate::parameters::Sheet;
use oneiro::music::PitchClass;

/// A short name.
pub fn label(sheet: &Sheet) -> &str {
    match sheet.id {
        "free-run" => "Free run",
        "in-sync" => "Render in sync",
        "midi-thru" => "MIDI thru",
        "channel" => "Channel out",
        "phrase-length" => "Length",
        "switch-at" => "Switches at",
        "second-voice" => "Voice",
        "top-p" => "Top-p",
        "velocity-curve" => "Curve",
        "transposition" => "Transpose",
        "stop" => "Yields after",
        _ => &sheet.title,
    }
}

/// A value as a player reads it, without its unit.
pub fn value_text(sheet: &Sheet, value: f64) -> String {
    match sheet.id {
        "lowest" | "highest" if value == sheet.usual => "any".to_owned(),
        "lowest" | "highest" => key_name(value as u8),
        _ => {
            let text = sheet.text(value);
            text.strip_suffix(sheet.unit).map_or(text.clone(), |text| text.trim_end().to_owned())
        }
    }
}

/// A MIDI key by name: 60 is C4.
pub fn key_name(key: u8) -> String {
    format!("{}{}", PitchClass::of(key), i32::from(key / 12) - 1)
}

/// What a control does, in a sentence.
pub fn about(sheet: &Sheet) -> &'static str {
    match sheet.id {
        "answers" => "Whether every call is answered by itself.",
        "phrase-length" => "How many bars a phrase has.",
        "switch-at" => "Where another mode begins: on the next beat or the next bar.",
        "stop" => "How long you must play before Oneiro, going on alone, yields to you.",
        "vary" => "How far a variation goes from what you played.",
        "second-voice" => "Where the second voice lies that goes along with you.",
        "seed" => "Another number gives other music of the same kind; the same number the same music.",
        "temperature" => "Below 1 what is likely becomes likelier; above 1 the unlikely is dared.",
        "top-p" => "Of all notes, only the likeliest that make up this share are drawn from.",
        "density" => "How many notes a beat has; at 0 as many as yours.",
        "rests" => "Below 0 fewer rests, above 0 more.",
        "lowest" => "The lowest key that is played.",
        "highest" => "The highest key that is played.",
        "scale" => "The scale that is kept to; `follow` hears it from what you play.",
        "root" => "The tone that the scale stands on.",
        "grid" => "The raster that notes begin on.",
        "transposition" => "Moves answers up or down.",
        "swing" => "Where the second of two halves of a beat falls: 0.50 is straight, 0.67 is triplets.",
        "timing" => "How far notes stray from the raster, as hands do.",
        "dynamics" => "How far velocities stray.",
        "velocity-curve" => "Bends velocities: below 1 louder, above 1 softer.",
        "gate" => "How much of its length a note is held.",
        "sound" => "The built-in instruments of call, answer and accompaniment.",
        "volume" => "The level of the built-in sound; at 0 only notes go out.",
        "midi-thru" => "Whether your notes go out too.",
        "channel" => "The MIDI channel that answers go out on.",
        "free-run" => "Time runs while the host stands still.",
        "in-sync" => "Audio waits for the composer: for hosts that do not say that they render offline.",
        "hold" => "The present phrase goes round until it is let go.",
        "bypass" => "Passes notes on and plays nothing.",
        "morph-x" | "morph-y" => "The place between the captured phrases.",
        _ => "",
    }
}

/// What a mode does, in a few words.
pub fn about_mode(mode: usize) -> &'static str {
    [
        "you play, it replies",
        "goes on for you",
        "solos over chords",
        "blends four phrases",
        "retells your phrase",
        "adds a second voice",
    ]
    .get(mode)
    .copied()
    .unwrap_or_default()
}

/// With its first letter large.
pub fn large(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::{place, sheets};

    #[test]
    fn everything_that_can_be_turned_says_what_it_does_and_fits_its_row() {
        for sheet in sheets().iter().filter(|sheet| !sheet.is_trigger() && !sheet.id.starts_with("lock-")) {
            assert!(sheet.id == "mode" || !about(sheet).is_empty(), "{}", sheet.id);
            assert!(label(sheet).chars().count() <= 16, "{}", label(sheet));
        }
    }

    #[test]
    fn values_are_written_short_and_keys_by_name() {
        let text = |id: &str, value| value_text(&sheets()[place(id).unwrap()], value);
        assert_eq!(text("lowest", 60.0), "C4");
        assert_eq!(text("lowest", 0.0), "any");
        assert_eq!(text("highest", 61.0), "C#4");
        assert_eq!(text("density", 0.0), "follow");
        assert_eq!(text("density", 2.0), "2.00");
        assert_eq!(text("transposition", -12.0), "-12");
        assert_eq!((key_name(0), large("answer")), ("C-1".to_owned(), "Answer".to_owned()));
    }
}
