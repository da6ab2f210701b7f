use super::body::Body;
use super::key::{NATURAL, letter_step};
use super::unroll::{Bar, Item};

/// A line of music and the place reached in it.
pub(super) struct Line<'a> {
    body: &'a mut Body,
    text: &'a [u8],
    at: usize,
    /// Whether no `}` comes any more.
    no_brace: bool,
}

impl<'a> Line<'a> {
    pub(super) fn new(body: &'a mut Body, text: &'a str) -> Self {
        Self { body, text: text.as_bytes(), at: 0, no_brace: false }
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(0)
    }

    /// Reads the line to its end.
    pub(super) fn read(mut self) {
        while self.at < self.text.len() {
            let c = self.peek(0);
            if !self.body.heard {
                // Another voice speaks until the first one's turn comes.
                if c == b'[' && self.peek(1) == b'V' && self.peek(2) == b':' {
                    self.inline_field();
                } else {
                    self.at += 1;
                }
                continue;
            }
            match c {
                b'%' => return,
                b'"' => self.skip_past(b'"'),
                // Where none follows, none follows the next one either: a line of them is looked through once.
                b'{' if self.no_brace => self.at += 1,
                b'{' => {
                    self.no_brace = !self.text[self.at..].contains(&b'}');
                    self.skip_past(b'}');
                }
                b'!' => self.decoration(),
                b'[' => self.bracket(),
                b'|' | b':' | b']' => self.bar_line(),
                b'(' => self.tuplet(),
                b'>' | b'<' => self.broken(c),
                b'-' => {
                    if let Some(Item::Note { tie, .. }) = self.body.items.last_mut() {
                        *tie = true;
                    }
                    self.at += 1;
                }
                b'&' => {
                    // A second voice laid over the bar: not ours.
                    while self.at < self.text.len() && self.peek(0) != b'|' {
                        self.at += 1;
                    }
                }
                b'^' | b'_' | b'=' | b'A'..=b'G' | b'a'..=b'g' => match self.pitch() {
                    Some(pitch) => {
                        let ticks = self.length(self.body.unit);
                        self.body.note(Some(pitch), ticks, false);
                    }
                    None => self.at += 1,
                },
                b'z' | b'x' => {
                    self.at += 1;
                    let ticks = self.length(self.body.unit);
                    self.body.note(None, ticks, false);
                }
                // Decorations, line ends, beams, spaces and what nobody knows sound nothing.
                _ => self.at += 1,
            }
        }
    }

    /// Goes past the next `end` behind this character; past this character alone where the line has none.
    fn skip_past(&mut self, end: u8) {
        let rest = &self.text[self.at + 1..];
        self.at += match rest.iter().position(|&c| c == end) {
            Some(n) => n + 2,
            None => 1,
        };
    }

    /// `!trill!`; a lone `!` is a line break of old files.
    fn decoration(&mut self) {
        let rest = &self.text[self.at + 1..];
        let name = rest.iter().position(|c| b" |!".contains(c)).filter(|&n| rest[n] == b'!');
        self.at += name.map_or(1, |n| n + 2);
    }

    /// `[K:G]`, `[1`, `[|` or a chord.
    fn bracket(&mut self) {
        let (one, two) = (self.peek(1), self.peek(2));
        if one.is_ascii_alphabetic() && two == b':' {
            self.inline_field();
        } else if one == b'|' || one.is_ascii_digit() {
            self.bar_line();
        } else {
            self.chord();
        }
    }

    fn inline_field(&mut self) {
        let rest = &self.text[self.at + 1..];
        let end = rest.iter().position(|&c| c == b']').unwrap_or(rest.len());
        let text = String::from_utf8_lossy(&rest[2.min(end)..end]).into_owned();
        let name = rest.first().copied().unwrap_or(0);
        self.at = (self.at + end + 2).min(self.text.len());
        self.body.field(name, text.trim());
    }

    /// All signs of one bar line with the endings behind them.
    fn bar_line(&mut self) {
        let mut bar = Bar::default();
        let start = self.at;
        let mut bars = 0;
        loop {
            match (self.peek(0), self.peek(1)) {
                (b'|', _) => bars += 1,
                (b':', _) => {}
                (b']', _) if self.at > start => bar.double = true,
                (b'[', b'|') => bar.double = true,
                // A chord or a field may follow at once: "|[ce]".
                _ => break,
            }
            self.at += 1;
        }
        let sign = &self.text[start..self.at];
        if matches!(sign, b":" | b"]") {
            self.body.warn("a lone colon or bracket passed over".into());
            return;
        }
        bar.double |= bars > 1;
        bar.ends_repeat = sign.first() == Some(&b':');
        bar.starts_repeat = sign.last() == Some(&b':');
        if sign.is_empty() && self.peek(0) == b']' {
            self.at += 1;
            return;
        }
        self.endings(&mut bar);
        if bar == Bar::default() && self.at == start {
            self.at += 1;
            return;
        }
        self.body.bar = [None; 7];
        self.body.items.push(Item::Bar(bar));
    }

    /// `1`, `[2`, ` [1,3`, `[1-3` behind a bar line.
    fn endings(&mut self, bar: &mut Bar) {
        let mut ahead = 0;
        while self.peek(ahead) == b' ' {
            ahead += 1;
        }
        if self.peek(ahead) == b'[' && self.peek(ahead + 1).is_ascii_digit() {
            self.at += ahead + 1;
        } else if !self.peek(0).is_ascii_digit() {
            return;
        }
        while self.peek(0).is_ascii_digit() {
            let low = self.number().min(99) as u8;
            let mut high = low;
            if self.peek(0) == b'-' && self.peek(1).is_ascii_digit() {
                self.at += 1;
                high = self.number().min(99) as u8;
            }
            for n in low.max(1)..=high.min(8) {
                if !bar.ending.contains(&n) {
                    bar.ending.push(n);
                }
            }
            if matches!(self.peek(0), b',' | b'.') && self.peek(1).is_ascii_digit() {
                self.at += 1;
            }
        }
    }

    /// `(3`, `(3:2`, `(5:4:6`; a bracket without a digit is a slur.
    fn tuplet(&mut self) {
        self.at += 1;
        if !self.peek(0).is_ascii_digit() {
            return;
        }
        let p = self.number();
        let mut given = [0; 2];
        for value in &mut given {
            if self.peek(0) == b':' && (self.peek(1).is_ascii_digit() || self.peek(1) == b':') {
                self.at += 1;
                *value = self.number();
            }
        }
        let usual = match p {
            3 | 6 => 2,
            2 | 4 | 8 => 3,
            5 | 7 | 9 => {
                if self.body.compound {
                    3
                } else {
                    2
                }
            }
            _ => 0,
        };
        let q = if given[0] > 0 { given[0] } else { usual };
        let r = if given[1] > 0 { given[1] } else { p };
        if p < 2 || q == 0 || p > 64 || q > 64 || r > 64 {
            self.body.warn(format!("tuplet of {p} not known, read without it"));
            return;
        }
        self.body.tuplet = Some((q, p, r));
    }

    /// `>`, `>>`, `<` …: one neighbour longer by what the other loses.
    fn broken(&mut self, sign: u8) {
        let mut count = 0u32;
        while self.peek(0) == sign {
            count += 1;
            self.at += 1;
        }
        let bottom = 1u64 << count.min(4);
        let (long, short) = ((2 * bottom - 1, bottom), (1, bottom));
        let (before, after) = if sign == b'>' { (long, short) } else { (short, long) };
        if let Some(Item::Note { ticks, .. }) = self.body.items.last_mut() {
            *ticks = (*ticks * before.0 / before.1).max(1);
            self.body.broken = Some(after);
        } else {
            self.body.warn("a broken rhythm without a note before it passed over".into());
        }
    }

    /// A chord: all accidentals count, the highest note sounds, the first one's length holds.
    fn chord(&mut self) {
        self.at += 1;
        let (mut top, mut ticks, mut tie) = (None, None, false);
        while self.at < self.text.len() && self.peek(0) != b']' {
            match self.peek(0) {
                b'"' => self.skip_past(b'"'),
                b'!' => self.decoration(),
                b'-' => {
                    tie = true;
                    self.at += 1;
                }
                _ => match self.pitch() {
                    Some(pitch) => {
                        let length = self.length(self.body.unit);
                        ticks.get_or_insert(length);
                        top = top.max(Some(pitch));
                    }
                    None => self.at += 1,
                },
            }
        }
        self.at = (self.at + 1).min(self.text.len());
        if let Some(ticks) = ticks {
            let ticks = self.length(ticks);
            self.body.note(top, ticks, tie);
        }
    }

    /// Accidental, letter and octave marks; leaves the place alone where no note stands here.
    fn pitch(&mut self) -> Option<u8> {
        let start = self.at;
        let mut accidental = None;
        while let sign @ (b'^' | b'_' | b'=') = self.peek(0) {
            let by = match sign {
                b'^' => 1,
                b'_' => -1,
                _ => 0,
            };
            accidental = Some((accidental.unwrap_or(0) + by).clamp(-2, 2));
            self.at += 1;
        }
        let letter = self.peek(0);
        let Some(step) = letter_step(letter) else {
            self.at = start;
            return None;
        };
        self.at += 1;
        let mut octave = i16::from(letter.is_ascii_lowercase());
        while let mark @ (b',' | b'\'') = self.peek(0) {
            octave = (octave + if mark == b'\'' { 1 } else { -1 }).clamp(-5, 5);
            self.at += 1;
        }
        if let Some(value) = accidental {
            self.body.bar[step] = Some(value);
        }
        // In every octave: the default of the standard (propagate-accidentals, 2.1 section 11.3).
        let alter = match self.body.bar[step] {
            Some(value) => value,
            None => self.body.held(step, octave).unwrap_or(self.body.signature.alter[step]),
        };
        self.body.last = (step, octave, alter);
        let key = 60 + 12 * octave + NATURAL[step] + i16::from(alter);
        Some(key.clamp(0, 127) as u8)
    }

    /// A length behind a note, as a multiple of `unit`: `3`, `/`, `3/2`, `//`.
    fn length(&mut self, unit: u64) -> u64 {
        let top = if self.peek(0).is_ascii_digit() { self.number() } else { 1 };
        let mut bottom = 1;
        while self.peek(0) == b'/' {
            self.at += 1;
            bottom *= if self.peek(0).is_ascii_digit() { self.number().max(1) } else { 2 };
            bottom = bottom.min(1024);
        }
        unit * top / bottom
    }

    /// A number of up to four digits; further digits are passed over.
    fn number(&mut self) -> u64 {
        let mut value = 0;
        while self.peek(0).is_ascii_digit() {
            value = (value * 10 + u64::from(self.peek(0) - b'0')).min(9_999);
            self.at += 1;
        }
        value
    }
}
