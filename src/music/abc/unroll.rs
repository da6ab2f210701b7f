use super::Repeats;

/// Fractions of a whole note are counted in these ticks: exact for binary lengths down to a 1/6144 and for
/// tuplets of 3, 5, 7 and 9.
pub(super) const WHOLE: u64 = 96 * 64 * 315;

/// One written thing of a voice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Item {
    /// A note, or a rest where there is no pitch; length in ticks; tied to the next one or not.
    Note { pitch: Option<u8>, ticks: u64, tie: bool },
    /// A bar line.
    Bar(Bar),
    /// A `P:` label in the music.
    Part(char),
}

/// What a bar line says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Bar {
    /// `:|`
    pub ends_repeat: bool,
    /// `|:`
    pub starts_repeat: bool,
    /// `||`, `|]` or `[|`: a section ends.
    pub double: bool,
    /// `[1`, `|2`, `[1,3` …: the passes on which what follows is played; empty without an ending.
    pub ending: Vec<u8>,
}

/// The most items a tune may grow to when its repeats are written out.
const MAX_ITEMS: usize = 200_000;
/// The most bar lines that are looked at for an ending that follows.
const MAX_AHEAD: usize = 16;
/// The most passes through one section.
const MAX_PASSES: u8 = 8;

/// Writes out repeats and parts: the notes in the order they are played, at most `room` items, and whether all fitted.
pub(super) fn unroll(items: &[Item], order: &str, repeats: Repeats, room: usize) -> (Vec<Item>, bool) {
    let mut out = Vec::new();
    let mut fits = true;
    for part in parts(items, order, repeats) {
        for section in sections(part) {
            fits &= play(section, repeats, room.min(MAX_ITEMS), &mut out);
        }
    }
    (out, fits)
}

/// The stretches between part labels in the order that the header's `P:` gives, or as written without one.
fn parts<'a>(items: &'a [Item], order: &str, repeats: Repeats) -> Vec<&'a [Item]> {
    let mut labelled: Vec<(Option<char>, &[Item])> = Vec::new();
    let mut start = 0;
    let mut label = None;
    for (n, item) in items.iter().enumerate() {
        if let Item::Part(next) = item {
            labelled.push((label, &items[start..n]));
            (start, label) = (n + 1, Some(*next));
        }
    }
    labelled.push((label, &items[start..]));
    let mut wanted: Vec<char> = order.chars().filter(char::is_ascii_uppercase).take(64).collect();
    if repeats == Repeats::Once {
        let mut seen = Vec::new();
        wanted.retain(|c| {
            !seen.contains(c) && {
                seen.push(*c);
                true
            }
        });
    }
    let known = |c: char| labelled.iter().find(|(l, _)| *l == Some(c)).map(|(_, p)| *p);
    if wanted.is_empty() || wanted.iter().any(|&c| known(c).is_none()) {
        return labelled.into_iter().map(|(_, p)| p).collect();
    }
    // What stands before the first label is the start of the tune.
    let mut played: Vec<&[Item]> = labelled.iter().filter(|(l, _)| l.is_none()).map(|(_, p)| *p).collect();
    played.extend(wanted.into_iter().filter_map(known));
    played
}

/// Cuts where a repeat can begin: after `:|`, `||`, `|]`, and at `|:`. Endings stay with their section.
fn sections(items: &[Item]) -> Vec<&[Item]> {
    let mut cuts = Vec::new();
    let mut start = 0;
    // The endings met since the cut: they are 1 to 8.
    let mut met: Vec<u8> = Vec::with_capacity(8);
    for (n, item) in items.iter().enumerate() {
        let Item::Bar(bar) = item else { continue };
        let is_new = |ending: Option<&u8>| ending.is_some_and(|e| !met.contains(e));
        // A further ending ("|2", ":|3") keeps the section open, however the bar line looks.
        let further = !met.is_empty() && is_new(bar.ending.first());
        // "||1": the first ending behind a double bar belongs to what came before it too.
        let first = met.is_empty() && !bar.ending.is_empty() && !bar.ends_repeat;
        // Where the first ending closes, the second may only come with the next bar line sign ("E :| [2 F").
        let closes = bar.ends_repeat || bar.double || bar.starts_repeat;
        let follows = !met.is_empty() && !bar.starts_repeat && is_new(next_ending(&items[n + 1..]));
        if closes && !further && !first && !follows {
            // The sign itself ends the section it closes; a start sign opens the next one by position alone.
            cuts.push(&items[start..=n]);
            start = n + 1;
            met.clear();
        }
        for ending in &bar.ending {
            if !met.contains(ending) {
                met.push(*ending);
            }
        }
    }
    cuts.push(&items[start..]);
    cuts
}

/// The ending that stands first in `items`, before any note.
fn next_ending(items: &[Item]) -> Option<&u8> {
    let bars = items.iter().take(MAX_AHEAD).map_while(|i| if let Item::Bar(b) = i { Some(b) } else { None });
    bars.flat_map(|b| b.ending.first()).next()
}

/// Plays one section as often as it says; false where the limit was reached.
fn play(section: &[Item], repeats: Repeats, room: usize, out: &mut Vec<Item>) -> bool {
    let bars = || section.iter().filter_map(|i| if let Item::Bar(b) = i { Some(b) } else { None });
    let endings = bars().flat_map(|b| b.ending.iter().copied()).max().unwrap_or(0);
    let repeated = bars().any(|b| b.ends_repeat);
    let passes = if repeated { endings.max(2) } else { endings.max(1) }.min(MAX_PASSES);
    let first = if repeats == Repeats::Once { passes } else { 1 };
    for pass in first..=passes {
        let mut sounding = true;
        for item in section {
            if let Item::Bar(bar) = item
                && !bar.ending.is_empty()
            {
                sounding = bar.ending.contains(&pass);
            }
            if sounding || matches!(item, Item::Bar(_)) {
                if out.len() >= room {
                    return false;
                }
                out.push(item.clone());
            }
        }
    }
    true
}
