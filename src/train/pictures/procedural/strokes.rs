//! Pictures made of brush and pour: flow fields, gestures, thrown paint, dragged paint.

use super::canvas::{Brush, Canvas, curve};
use super::dice::Dice;
use super::noise::smooth;
use super::palette::{Palette, lighter, mix};
use std::f32::consts::TAU;

/// Hundreds of strokes that follow one current, large to small.
pub(super) fn flow(canvas: &mut Canvas, palette: &Palette, dice: &mut Dice) {
    let (field, motif, tone) = (dice.noise(), dice.noise(), dice.noise());
    let (scale, turns, lean) = (dice.range(0.9, 2.4), dice.range(0.25, 0.8), dice.angle());
    let (eye, swirl) = (dice.point(0.1), if dice.chance(0.4) { dice.range(0.5, 1.0) } else { 0.0 });
    let direction = |x: f32, y: f32| {
        let angle = lean + TAU * turns * field.fbm(scale * x, scale * y, 2);
        let (sin, cos) = angle.sin_cos();
        let (dx, dy) = (x - eye[0], y - eye[1]);
        let r = dx.hypot(dy).max(0.02);
        let (u, v) = (cos + 2.0 * swirl * (-dy / r), sin + 2.0 * swirl * (dx / r));
        let length = u.hypot(v).max(1e-4);
        [u / length, v / length]
    };
    let (patch, rise) = (dice.range(0.8, 2.2), dice.range(-0.5, 0.5));
    let colour_at = |x: f32, y: f32, stray: f32| {
        let (u, v) = motif.warp(x, y, 0.6, 0.25);
        palette.along((0.5 + 0.75 * tone.fbm(patch * u, patch * v, 2) + rise * (y - 0.5) + stray).clamp(0.0, 1.0))
    };
    canvas.cover(|x, y| (lighter(colour_at(x, y, 0.0), -0.06), 1.0));
    let broad = dice.range(0.035, 0.08);
    let accents = dice.range(0.0, 0.06);
    for (pass, count) in [(0, 170), (1, 330), (2, 420)] {
        let width = broad / [1.0, 1.7, 2.9][pass];
        for _ in 0..count {
            let start = dice.point(0.05);
            let mut path = vec![start];
            let (pieces, sign) = (dice.count(4, 10), if dice.chance(0.5) { 1.0 } else { -1.0 });
            for _ in 0..pieces {
                let [x, y] = path[path.len() - 1];
                let [dx, dy] = direction(x, y);
                path.push([x + 0.021 * sign * dx, y + 0.021 * sign * dy]);
            }
            let mut colour = lighter(colour_at(start[0], start[1], 0.13 * dice.bell()), 0.045 * dice.bell());
            if dice.chance(accents) {
                colour = palette.accent;
            }
            let brush = Brush {
                width: width * dice.range(0.7, 1.3),
                colour,
                alpha: dice.range(0.6, 0.95),
                dry: dice.range(0.1, 0.6),
                streak: 0.07,
                thick: dice.range(0.1, 0.35),
                noise: dice.noise(),
            };
            canvas.brush(&path, &brush);
        }
    }
}

/// A few large gestures on a scumbled ground, and small answers to them.
pub(super) fn gesture(canvas: &mut Canvas, palette: &Palette, dice: &mut Dice) {
    let (scumble, rag) = (dice.noise(), dice.noise());
    let ground = mix(palette.ground, palette.inks[0], dice.range(0.0, 0.3));
    canvas.cover(|x, y| (lighter(ground, 0.05 * scumble.fbm(3.0 * x, 3.0 * y, 5)), 1.0));
    for n in 0..dice.count(3, 7) {
        let (centre, half) = (dice.point(0.0), [dice.range(0.1, 0.35), dice.range(0.08, 0.3)]);
        let (colour, alpha, shift) = (palette.ink(dice), dice.range(0.4, 0.95), 20.0 * n as f32);
        canvas.cover(|x, y| {
            let out = ((x - centre[0]).abs() / half[0]).max((y - centre[1]).abs() / half[1]) - 1.0;
            let rough = 0.35 * rag.fbm(4.0 * x + shift, 4.0 * y, 5);
            let thin = 0.75 + 0.5 * rag.fbm(12.0 * x, 3.0 * y + shift, 4);
            (lighter(colour, 0.05 * (thin - 0.75)), alpha * thin * smooth(0.08, -0.12, out + rough))
        });
    }
    let strokes = dice.count(3, 9);
    let lead = if dice.chance(0.6) { palette.line } else { palette.inks[1] };
    for n in 0..strokes {
        let (start, heading, bend) = (dice.point(-0.05), dice.angle(), 0.9 * dice.bell());
        let (mut at, mut angle, mut points) = (start, heading, vec![start]);
        for _ in 0..dice.count(2, 5) {
            let length = dice.range(0.16, 0.45);
            at = [at[0] + length * angle.cos(), at[1] + length * angle.sin()];
            // Turns back towards the middle before the gesture leaves the cloth.
            let home = (0.5 - at[1]).atan2(0.5 - at[0]);
            let turn = (home - angle + TAU * 1.5).rem_euclid(TAU) - TAU / 2.0;
            angle += 0.7 * bend + 0.3 * dice.bell() + 0.45 * turn * smooth(0.2, 0.5, (at[0] - 0.5).hypot(at[1] - 0.5));
            points.push(at);
        }
        let colour = if n == 0 || dice.chance(0.45) { lead } else { palette.ink(dice) };
        let brush = Brush {
            width: if n == 0 { dice.range(0.1, 0.22) } else { dice.small(0.03, 0.2) },
            colour,
            alpha: dice.range(0.75, 0.97),
            dry: dice.range(0.35, 0.95),
            streak: 0.09,
            thick: dice.range(0.3, 0.8),
            noise: dice.noise(),
        };
        canvas.brush(&curve(&points), &brush);
    }
    for _ in 0..dice.count(0, 6) {
        let start = dice.point(-0.08);
        let (angle, length) = (dice.angle(), dice.range(0.03, 0.2));
        let end = [start[0] + length * angle.cos(), start[1] + length * angle.sin()];
        let colour = if dice.chance(0.35) { palette.accent } else { palette.ink(dice) };
        let (width, dry) = (dice.small(0.01, 0.07), dice.range(0.2, 0.7));
        let brush = Brush { width, colour, alpha: 0.92, dry, streak: 0.06, thick: 0.4, noise: dice.noise() };
        canvas.brush(&[start, end], &brush);
    }
    splashes(canvas, palette, dice, 12);
}

/// Skeins of thrown paint, layer over layer.
pub(super) fn thrown(canvas: &mut Canvas, palette: &Palette, dice: &mut Dice) {
    let cloth = dice.noise();
    let ground = mix(palette.ground, palette.inks[0], if dice.chance(0.5) { 0.0 } else { dice.range(0.2, 1.0) });
    canvas.cover(|x, y| (lighter(ground, 0.05 * cloth.fbm(2.5 * x, 2.5 * y, 5)), 1.0));
    let mut colours: Vec<_> = palette.inks.iter().copied().take(4).chain([palette.line]).collect();
    dice.shuffle(&mut colours);
    if dice.chance(0.6) {
        colours.push(palette.accent);
    }
    let density = dice.range(0.7, 2.6);
    for colour in colours {
        for _ in 0..(density * dice.range(7.0, 18.0)) as usize {
            let (mut at, mut angle, mut turn) = (dice.point(0.1), dice.angle(), 0.3 * dice.bell());
            let (mut path, pace) = (vec![at], dice.range(0.018, 0.045));
            for _ in 0..dice.count(15, 45) {
                turn = 0.82 * turn + 0.22 * dice.bell();
                angle += turn;
                at = [at[0] + pace * angle.cos(), at[1] + pace * angle.sin()];
                path.push(at);
            }
            let path = curve(&path);
            let (base, pulse) = (dice.small(0.0018, 0.009), dice.noise());
            let pool = dice.chance(0.3);
            for (n, pair) in path.windows(2).enumerate() {
                let swell = (1.0 + 0.9 * pulse.fbm(n as f32 / 22.0, 0.5, 2)).max(0.25);
                let swell =
                    if pool { swell * (1.0 + 1.6 * smooth(0.5, 0.9, pulse.at(n as f32 / 50.0, 7.0))) } else { swell };
                thread(canvas, pair[0], pair[1], base * swell, colour);
            }
        }
        splashes_of(canvas, colour, dice, (density * 50.0) as usize);
    }
}

/// A round-ended piece of poured line.
fn thread(canvas: &mut Canvas, a: [f32; 2], b: [f32; 2], radius: f32, colour: super::palette::Lab) {
    let reach = radius + 2.0 * canvas.point();
    let area = [a[0].min(b[0]) - reach, a[1].min(b[1]) - reach, a[0].max(b[0]) + reach, a[1].max(b[1]) + reach];
    let (ex, ey) = (b[0] - a[0], b[1] - a[1]);
    let square = (ex * ex + ey * ey).max(1e-9);
    canvas.fill(area, 0.0, colour, 0.96, |x, y| {
        let t = (((x - a[0]) * ex + (y - a[1]) * ey) / square).clamp(0.0, 1.0);
        (x - a[0] - t * ex).hypot(y - a[1] - t * ey) - radius
    });
}

fn splashes(canvas: &mut Canvas, palette: &Palette, dice: &mut Dice, count: usize) {
    let colour = if dice.chance(0.5) { palette.line } else { palette.accent };
    splashes_of(canvas, colour, dice, count);
}

/// Drops round a few places, mostly small.
fn splashes_of(canvas: &mut Canvas, colour: super::palette::Lab, dice: &mut Dice, count: usize) {
    let places: Vec<_> = (0..3).map(|_| dice.point(0.0)).collect();
    for _ in 0..count {
        let centre = dice.pick(&places);
        let at = [centre[0] + 0.2 * dice.bell(), centre[1] + 0.2 * dice.bell()];
        let radius = 0.0012 + 0.012 * dice.small(0.0, 1.0).powf(2.0);
        thread(canvas, at, [at[0] + radius * dice.bell(), at[1] + radius * dice.bell()], radius, colour);
    }
}

/// Paint dragged across the cloth by a wide blade: veils, ridges, and what lay below torn open.
pub(super) fn dragged(canvas: &mut Canvas, palette: &Palette, dice: &mut Dice) {
    let upright = dice.chance(0.5);
    let (bow, tear) = (dice.noise(), dice.noise());
    let below = dice.noise();
    canvas.cover(|x, y| {
        let (u, v) = below.warp(x, y, 0.5, 0.4);
        (palette.along(0.5 + 0.8 * below.fbm(1.5 * u, 1.5 * v, 3)), 1.0)
    });
    for pull in 0..dice.count(3, 6) {
        let shift = 60.0 * pull as f32;
        let across = if pull % 3 == 2 { !upright } else { upright };
        let (fine, stretch) = (dice.range(5.0, 16.0), dice.range(0.6, 2.2));
        let (first, second) = (palette.ink(dice), if dice.chance(0.2) { palette.accent } else { palette.ink(dice) });
        let (open, from, to) = (dice.range(-0.25, 0.3), dice.range(-0.3, 0.4), dice.range(0.6, 1.3));
        let side = canvas.side;
        let mut ridges = vec![0.0; side * side];
        for (at, ridge) in ridges.iter_mut().enumerate() {
            let (x, y) = ((at % side) as f32 / side as f32, (at / side) as f32 / side as f32);
            let (along, over) = if across { (y, x) } else { (x, y) };
            let over = over + 0.02 * bow.fbm(2.0 * along + shift, 1.0, 2);
            let skin = tear.fbm(stretch * along + shift, fine * over, 5);
            let speck = tear.at(14.0 * along, 70.0 * over + shift);
            let held = smooth(open - 0.06, open + 0.1, skin + 0.16 * speck)
                * smooth(from - 0.05, from + 0.05, over)
                * smooth(to + 0.05, to - 0.05, over);
            if held > 0.01 {
                let t = 0.5 + 0.9 * bow.fbm(0.9 * along - shift, 0.6 * fine * over, 4);
                let colour = lighter(mix(first, second, smooth(0.2, 0.8, t)), 0.05 * speck);
                canvas.colour[at] = mix(canvas.colour[at], colour, 0.93 * held);
                *ridge = held * (0.25 + 0.3 * skin);
            }
        }
        for (relief, ridge) in canvas.relief.iter_mut().zip(ridges) {
            *relief = relief.max(ridge);
        }
    }
}
