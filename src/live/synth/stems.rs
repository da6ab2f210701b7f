//! Each part by itself, as it is heard in the mix.
//!
//! Chorus and reverb are linear, so a part has effects of its own here, and what they give adds up to what the shared ones
//! give. The master is not linear; so a part loses its own DC, and then gets the factor that the limiter gave the mix at that
//! sample. The sum of the parts is the mix, but for the rounding of single floats.

use super::{Bus, Channel, PARTS};
use crate::bridge::Part;
use crate::live::effects::{DcCut, Room, SPAN, Sent, Span};
use crate::time::SampleRate;

const QUIET: Span = [[0.0; SPAN]; 2];

/// Effects and memory for every part.
#[derive(Debug)]
pub(super) struct Stems {
    parts: [Stem; PARTS],
    /// Samples of the block that are kept; beyond what there is room for, none are.
    length: usize,
}

#[derive(Debug)]
struct Stem {
    room: Room,
    dc: DcCut,
    /// The span that was made last.
    span: Span,
    /// Left and right of the block.
    kept: [Box<[f32]>; 2],
}

impl Stems {
    /// With room for blocks of `longest` samples.
    pub fn prepare(rate: SampleRate, longest: usize) -> Self {
        let part = || Stem {
            room: Room::prepare(rate),
            dc: DcCut::new(rate),
            span: QUIET,
            kept: [0, 1].map(|_| vec![0.0; longest].into_boxed_slice()), // allocates: prepare
        };
        Self { parts: [part(), part(), part()], length: 0 }
    }

    /// Forgets the block before.
    pub fn rewind(&mut self) {
        self.length = 0;
    }

    /// Left and right of a part of this block.
    pub fn part(&self, part: Part) -> [&[f32]; 2] {
        self.parts[part.index()].kept.each_ref().map(|kept| &kept[..self.length])
    }

    pub fn silence(&mut self) {
        for part in &mut self.parts {
            part.room.silence();
            part.dc.silence();
        }
    }

    /// A span of every part's bus, from sample `at` of the chunk on, through its effects; `wet` is what the chorus sends on to
    /// the reverb, `factors` what the master does to the mix.
    pub fn run(
        &mut self,
        buses: &[Bus; PARTS],
        channels: &[Channel; PARTS],
        wet: f32,
        at: usize,
        count: usize,
        factors: &Span,
    ) {
        for ((part, bus), channel) in self.parts.iter_mut().zip(buses).zip(channels) {
            let mut dry = QUIET;
            for side in 0..2 {
                let Some(bus) = bus[side][at..].first_chunk::<SPAN>() else { continue };
                dry[side] = bus.map(|x| x * channel.gain[side]);
            }
            let by = |level: f32| dry.map(|side| side.map(|x| x * level));
            let sent = Sent { dry, to_chorus: by(channel.chorus), to_reverb: by(channel.reverb) };
            let mut dry = part.room.run(&sent, wet, count);
            part.dc.run(&mut dry, count);
            for side in 0..2 {
                for i in 0..SPAN {
                    dry[side][i] *= factors[side][i];
                }
            }
            part.span = dry;
        }
    }

    /// Keeps the first samples of the span that was made last.
    pub fn keep(&mut self, count: usize) {
        let (from, to) = self.more(count);
        for part in &mut self.parts {
            for (kept, span) in part.kept.iter_mut().zip(&part.span) {
                kept[from..to].copy_from_slice(&span[..to - from]);
            }
        }
    }

    /// So many samples of silence.
    pub fn rest(&mut self, count: usize) {
        let (from, to) = self.more(count);
        for kept in self.parts.iter_mut().flat_map(|part| &mut part.kept) {
            kept[from..to].fill(0.0);
        }
    }

    /// Where the next samples of the block have room, from and to.
    fn more(&mut self, count: usize) -> (usize, usize) {
        let from = self.length;
        self.length = self.parts[0].kept[0].len().min(from + count);
        (from, self.length)
    }
}
