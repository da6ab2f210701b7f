//! Files to train on and files of no use, made on the spot.

use image::{DynamicImage, ImageBuffer, ImageFormat, Rgb, RgbImage, Rgba};
use oneiro::music::Note;
use oneiro::music::midi::{Part, Score, write_midi};
use oneiro::time::Beats;
use std::io::Cursor;

pub fn png(picture: DynamicImage) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, ImageFormat::Png).unwrap();
    out.into_inner()
}

pub fn speckled(seed: u32) -> RgbImage {
    let dot = |x: u32, y: u32, c: u32| (x * 7 + y * 13 + c * 31 + seed * 57 + x * y) as u8;
    RgbImage::from_fn(32, 32, |x, y| Rgb([dot(x, y, 0), dot(x, y, 1), dot(x, y, 2)]))
}

pub fn midi(seed: usize, channel: u8) -> Vec<u8> {
    let pitch = |i: usize| 60 + ((i * (seed + 2) + i * i / (seed + 3)) % 12) as u8;
    let note = |i| Note { onset: Beats(i as f64 * 0.5), duration: Beats(0.5), pitch: pitch(i), velocity: 80 };
    let part = Part::new("", channel, 0, (0..40).map(note).collect());
    write_midi(&Score { parts: vec![part], ..Score::default() }).unwrap()
}

/// CRC-32 of a PNG chunk (ISO 3309), bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0u32, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |c, _| if c & 1 == 1 { c >> 1 ^ 0xedb8_8320 } else { c >> 1 })
    })
}

fn chunk(name: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let body = [&name[..], data].concat();
    [&(data.len() as u32).to_be_bytes()[..], &body, &crc32(&body).to_be_bytes()].concat()
}

/// A grey picture of 32 × 32 in four inks: a JPEG whose every block is zero.
pub fn four_inks() -> Vec<u8> {
    let segment =
        |marker: u8, data: &[u8]| [&[0xff, marker], &(data.len() as u16 + 2).to_be_bytes()[..], data].concat();
    let table = |class: u8| {
        // One symbol, 0, with the code "0".
        let mut table = vec![class, 1];
        table.extend([0; 15]);
        table.push(0);
        table
    };
    let parts = |each: &[u8]| (1..=4u8).flat_map(|id| [&[id], each].concat()).collect::<Vec<u8>>();
    [
        vec![0xff, 0xd8],
        segment(0xee, b"Adobe\0\x64\0\0\0\0\0"),
        segment(0xdb, &[&[0][..], &[1; 64]].concat()),
        segment(0xc0, &[&[8, 0, 32, 0, 32, 4][..], &parts(&[0x11, 0])].concat()),
        segment(0xc4, &table(0x00)),
        segment(0xc4, &table(0x10)),
        segment(0xda, &[&[4][..], &parts(&[0x00]), &[0, 63, 0]].concat()),
        // 16 blocks of four inks, two bits each.
        vec![0; 16],
        vec![0xff, 0xd9],
    ]
    .concat()
}

/// 16 bits a channel.
pub fn sixteen_bits() -> Vec<u8> {
    png(ImageBuffer::from_fn(32, 32, |x, y| Rgb([x as u16 * 2000, y as u16 * 2000, 9])).into())
}

/// Half transparent.
pub fn transparent() -> Vec<u8> {
    png(ImageBuffer::from_fn(32, 32, |x, y| Rgba([x as u8 * 8, y as u8 * 8, 9, 128])).into())
}

/// A small PNG file that says that it is 65,536 pixels wide and high.
pub fn bomb(whole: &[u8]) -> Vec<u8> {
    let mut bomb = whole.to_vec();
    bomb[16..24].copy_from_slice(&[0, 1, 0, 0, 0, 1, 0, 0]);
    let crc = crc32(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&crc.to_be_bytes());
    bomb
}

/// A PNG file that says that more pictures follow.
pub fn animated(whole: &[u8]) -> Vec<u8> {
    // The header is 33 bytes long; what says "animation" follows it.
    [&whole[..33], &chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]), &whole[33..]].concat()
}
