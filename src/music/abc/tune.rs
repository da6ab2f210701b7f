use super::body::Body;
use super::key::Signature;
use super::unroll::{Item, WHOLE, unroll};
use super::{AbcTune, AbcWarning, Repeats};
use crate::music::{Melody, MelodyEvent, STEPS_PER_BEAT};
use crate::time::TimeSignature;

/// Ticks of one grid step.
const STEP: u64 = WHOLE / (4 * STEPS_PER_BEAT as u64);

/// Reads one tune: `lines` from its `X:` on, `first_line` its line number, `preamble` what stands before the
/// first tune of the file, `room` how much may be played.
pub(super) fn read(
    preamble: &[&str],
    lines: &[&str],
    first_line: usize,
    repeats: Repeats,
    room: &mut usize,
) -> AbcTune {
    let mut header = Header::default();
    for line in preamble {
        if let Some((name @ (b'M' | b'L'), text)) = field(line) {
            header.take(name, text);
        }
    }
    let mut warnings = Vec::new();
    let mut body: Option<Body> = None;
    let mut first = None;
    for (n, line) in lines.iter().enumerate() {
        let line = line.trim_end();
        let number = first_line + n;
        match &mut body {
            None => {
                let Some((name, text)) = field(line) else { continue };
                if name == b'K' {
                    let signature = Signature::parse(text).unwrap_or_else(|| {
                        warnings
                            .push(AbcWarning { line: number, what: format!("key {text:?} not understood, none set") });
                        Signature::NONE
                    });
                    first = Some(signature.key);
                    body = Some(Body::new(signature, header.unit(), header.metre));
                } else {
                    header.take(name, text);
                }
            }
            // An empty line ends a tune.
            Some(body) if line.trim().is_empty() && !body.items.is_empty() => break,
            Some(body) => body.line(line, number),
        }
    }
    let (items, order) = match body {
        Some(body) => {
            warnings.extend(body.warnings);
            (body.items, header.parts)
        }
        None => {
            warnings.push(AbcWarning { line: first_line, what: "no K: field, so no music".into() });
            (Vec::new(), String::new())
        }
    };
    let metre = header.metre.unwrap_or(TimeSignature::COMMON);
    let (played, fits) = unroll(&items, &order, repeats, *room);
    *room = room.saturating_sub(played.len());
    if !fits {
        warnings.push(AbcWarning { line: 0, what: "cut: its repeats make it, or the book, longer than any".into() });
    }
    let start_step = pick_up(&items, metre);
    let (events, lost) = on_grid(&played);
    if lost > 0 {
        warnings.push(AbcWarning { line: 0, what: format!("{lost} notes too short for the grid left out") });
    }
    let melody = Melody { title: header.title, metre, start_step, events };
    AbcTune { reference: header.reference, melody, key: first.unwrap_or(Signature::NONE.key), warnings }
}

/// The letter and the text of a field line such as `K:Em % comment`.
pub(super) fn field(line: &str) -> Option<(u8, &str)> {
    let bytes = line.trim_start().as_bytes();
    // "d:|" is music.
    if bytes.len() < 2
        || !bytes[0].is_ascii_alphabetic()
        || bytes[1] != b':'
        || matches!(bytes.get(2), Some(b'|' | b':'))
    {
        return None;
    }
    let text = &line.trim_start()[2..];
    Some((bytes[0], text.split('%').next().unwrap_or("").trim()))
}

#[derive(Default)]
struct Header {
    reference: u32,
    title: String,
    metre: Option<TimeSignature>,
    unit: Option<u64>,
    parts: String,
}

impl Header {
    fn take(&mut self, name: u8, text: &str) {
        match name {
            b'X' => self.reference = text.parse().unwrap_or(0),
            b'T' if self.title.is_empty() => self.title = text.to_owned(),
            b'M' => self.metre = metre(text).or(self.metre),
            b'L' => self.unit = unit_length(text).or(self.unit),
            b'P' => self.parts = text.to_owned(),
            _ => {}
        }
    }

    /// The unit length: `L:`, or an eighth, or a sixteenth in metres below 3/4.
    fn unit(&self) -> u64 {
        let short = self.metre.is_some_and(|m| u32::from(m.numerator) * 4 < u32::from(m.denominator) * 3);
        self.unit.unwrap_or(if short { WHOLE / 16 } else { WHOLE / 8 })
    }
}

/// The ticks of an `L:` field.
pub(super) fn unit_length(text: &str) -> Option<u64> {
    let (top, bottom) = text.split_once('/').unwrap_or((text, "1"));
    let (top, bottom): (u64, u64) = (top.trim().parse().ok()?, bottom.trim().parse().ok()?);
    ((1..=4).contains(&top) && (1..=128).contains(&bottom)).then(|| WHOLE * top / bottom)
}

/// The metre of an `M:` field: `6/8`, `C`, `C|`, `2+3/8`.
pub(super) fn metre(text: &str) -> Option<TimeSignature> {
    match text.trim() {
        "C" => return Some(TimeSignature::COMMON),
        "C|" => return Some(TimeSignature { numerator: 2, denominator: 2 }),
        _ => {}
    }
    let (top, bottom) = text.split_once('/')?;
    let parts = top.trim().trim_matches(['(', ')']).split('+');
    let numerator = parts.map(|n| n.trim().parse::<u8>().ok()).try_fold(0u8, |sum, n| sum.checked_add(n?))?;
    let denominator: u8 = bottom.trim().parse().ok()?;
    TimeSignature::new(numerator, denominator).ok()
}

/// Where in its bar the tune starts: above zero where the first bar is shorter than the metre.
fn pick_up(items: &[Item], metre: TimeSignature) -> u32 {
    let bar = WHOLE * u64::from(metre.numerator) / u64::from(metre.denominator);
    let mut sum = 0u64;
    for item in items {
        match item {
            Item::Note { ticks, .. } => sum += ticks,
            Item::Bar(_) if sum > 0 => {
                return if sum < bar { ((bar - sum) as f64 / STEP as f64).round() as u32 } else { 0 };
            }
            _ => {}
        }
    }
    0
}

/// Joins ties and neighbouring rests and sets every onset on the nearest grid step. Also says how many notes
/// had no step left to sound in.
fn on_grid(items: &[Item]) -> (Vec<MelodyEvent>, usize) {
    let mut joined: Vec<(Option<u8>, u64)> = Vec::new();
    let mut tied = None;
    for item in items {
        let Item::Note { pitch, ticks, tie } = item else { continue };
        match joined.last_mut() {
            Some((_, length)) if tied == Some(*pitch) => *length += ticks,
            Some((None, length)) if pitch.is_none() => *length += ticks,
            _ => joined.push((*pitch, *ticks)),
        }
        tied = (*tie && pitch.is_some()).then_some(*pitch);
    }
    let mut events: Vec<MelodyEvent> = Vec::with_capacity(joined.len());
    let (mut clock, mut lost) = (0u64, 0);
    for (pitch, ticks) in joined {
        let start = (clock + STEP / 2) / STEP;
        clock += ticks;
        let mut left = (clock + STEP / 2) / STEP - start;
        lost += usize::from(left == 0 && pitch.is_some());
        while left > 0 {
            let steps = left.min(u64::from(u16::MAX)) as u16;
            events.push(MelodyEvent { pitch, steps });
            left -= u64::from(steps);
        }
    }
    (events, lost)
}
