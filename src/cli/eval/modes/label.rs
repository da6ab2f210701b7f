//! Small letters on pictures.

use image::{Rgb, RgbImage};

/// Pixels of a letter's dot, and dots from one letter to the next and of its height.
const DOT: u32 = 2;
const ADVANCE: u32 = 6;
pub const HEIGHT: u32 = 9 * DOT;

/// Rows of five dots, from the top, the leftmost in bit 4.
const LETTERS: [(char, [u8; 9]); 26] = [
    ('a', [0, 0, 14, 1, 15, 17, 15, 0, 0]),
    ('b', [16, 16, 30, 17, 17, 17, 30, 0, 0]),
    ('c', [0, 0, 14, 17, 16, 17, 14, 0, 0]),
    ('d', [1, 1, 15, 17, 17, 17, 15, 0, 0]),
    ('e', [0, 0, 14, 17, 31, 16, 14, 0, 0]),
    ('f', [6, 8, 28, 8, 8, 8, 8, 0, 0]),
    ('g', [0, 0, 15, 17, 17, 17, 15, 1, 14]),
    ('h', [16, 16, 30, 17, 17, 17, 17, 0, 0]),
    ('i', [4, 0, 12, 4, 4, 4, 14, 0, 0]),
    ('j', [2, 0, 6, 2, 2, 2, 2, 18, 12]),
    ('k', [16, 16, 18, 20, 24, 20, 18, 0, 0]),
    ('l', [12, 4, 4, 4, 4, 4, 14, 0, 0]),
    ('m', [0, 0, 26, 21, 21, 21, 21, 0, 0]),
    ('n', [0, 0, 30, 17, 17, 17, 17, 0, 0]),
    ('o', [0, 0, 14, 17, 17, 17, 14, 0, 0]),
    ('p', [0, 0, 30, 17, 17, 17, 30, 16, 16]),
    ('q', [0, 0, 15, 17, 17, 17, 15, 1, 1]),
    ('r', [0, 0, 22, 25, 16, 16, 16, 0, 0]),
    ('s', [0, 0, 15, 16, 14, 1, 30, 0, 0]),
    ('t', [8, 8, 28, 8, 8, 9, 6, 0, 0]),
    ('u', [0, 0, 17, 17, 17, 17, 15, 0, 0]),
    ('v', [0, 0, 17, 17, 17, 10, 4, 0, 0]),
    ('w', [0, 0, 17, 17, 21, 21, 10, 0, 0]),
    ('x', [0, 0, 17, 10, 4, 10, 17, 0, 0]),
    ('y', [0, 0, 17, 17, 17, 17, 15, 1, 14]),
    ('z', [0, 0, 31, 2, 4, 8, 31, 0, 0]),
];

/// Writes lower-case letters with their upper left corner at a pixel; what is no letter is a space.
pub fn write(page: &mut RgbImage, text: &str, (x, y): (u32, u32), colour: [u8; 3]) {
    for (i, letter) in text.chars().enumerate() {
        let rows = LETTERS.iter().find(|(l, _)| *l == letter).map_or([0; 9], |(_, rows)| *rows);
        for (row, dots) in (0..).zip(rows) {
            for column in (0..5).filter(|column| dots >> (4 - column) & 1 == 1) {
                let left = x + DOT * (i as u32 * ADVANCE + column);
                for (dx, dy) in (0..DOT * DOT).map(|n| (n % DOT, n / DOT)) {
                    let (px, py) = (left + dx, y + DOT * row + dy);
                    if px < page.width() && py < page.height() {
                        page.put_pixel(px, py, Rgb(colour));
                    }
                }
            }
        }
    }
}
