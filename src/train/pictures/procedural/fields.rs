//! Quiet pictures: fields of colour, hand-mixed squares, layered horizons, woven stripes.

use super::canvas::{Canvas, turn};
use super::dice::Dice;
use super::noise::smooth;
use super::palette::{Palette, lch, lighter, mix};

/// Soft-edged fields over each other, a narrow band of light, or squares within squares.
pub(super) fn colour_field(canvas: &mut Canvas, palette: &Palette, dice: &mut Dice) {
    let (wash, edge) = (dice.noise(), dice.noise());
    let ground = mix(palette.ground, palette.inks[0], dice.range(0.2, 0.9));
    let deep = lighter(ground, dice.range(-0.1, 0.05));
    canvas.cover(|x, y| (mix(ground, deep, 0.5 + 0.5 * wash.fbm(2.0 * x, 2.0 * y, 4)), 1.0));
    let mut fields: Vec<[f32; 4]> = Vec::new();
    let nested = dice.chance(0.22);
    if nested {
        let (mut inset, sink) = (dice.range(0.04, 0.1), dice.range(0.0, 0.5));
        while inset < 0.4 {
            fields.push([inset, inset * (1.0 + sink), 1.0 - inset, 1.0 - inset * (1.0 - sink)]);
            inset += dice.range(0.07, 0.14);
        }
    } else {
        let (margin, gap) = (dice.range(0.03, 0.12), dice.range(0.01, 0.05));
        let count = dice.count(2, 4);
        let weights: Vec<f32> = (0..count).map(|_| dice.range(0.3, 1.6)).collect();
        let total: f32 = weights.iter().sum();
        let mut top = margin;
        for weight in weights {
            let height = (1.0 - 2.0 * margin) * weight / total;
            fields.push([margin, top, 1.0 - margin, top + height - gap]);
            top += height;
        }
        if dice.chance(0.25) {
            fields = fields.iter().map(|f| [f[1], f[0], f[3], f[2]]).collect();
        }
    }
    let feather = if nested { dice.range(0.003, 0.01) } else { dice.range(0.012, 0.05) };
    let mut inks = palette.inks.clone();
    dice.shuffle(&mut inks);
    for (n, [left, top, right, bottom]) in fields.into_iter().enumerate() {
        let base = if dice.chance(0.15) { palette.accent } else { inks[n % inks.len()] };
        for coat in 0..3 {
            let colour = lighter(base, 0.035 * dice.bell());
            let (dx, dy) = (0.35 * feather * dice.bell(), 0.35 * feather * dice.bell());
            let (alpha, shift) = (dice.range(0.45, 0.75), 13.0 * (n * 3 + coat) as f32);
            let rim = 2.5 * feather;
            canvas.cover_within([left - rim, top - rim, right + rim, bottom + rim], |x, y| {
                let ragged = feather * 0.8 * edge.fbm(7.0 * x + shift, 7.0 * y, 4);
                let inside = (x + dx - left).min(right - x - dx).min(y + dy - top).min(bottom - y - dy) + ragged;
                let cloud = 0.8 + 0.35 * wash.fbm(3.0 * x + shift, 4.0 * y - shift, 3);
                (lighter(colour, 0.04 * (cloud - 0.8)), alpha * cloud * smooth(-feather, feather, inside))
            });
        }
    }
    if !nested && dice.chance(0.35) {
        let (at, half) = (dice.range(0.15, 0.85), dice.small(0.004, 0.03));
        let colour = if dice.chance(0.5) { palette.accent } else { palette.line };
        canvas.cover(|x, y| {
            let ragged = 0.003 * edge.fbm(3.0 * x, 30.0 * y, 3);
            (colour, 0.92 * smooth(half + 0.004, half - 0.004, (x - at + ragged).abs()))
        });
    }
}

/// A crooked chequerboard of mixed tones, some cells cut by a diagonal or holding an arch.
pub(super) fn mosaic(canvas: &mut Canvas, palette: &Palette, dice: &mut Dice) {
    let lines = |dice: &mut Dice| {
        let count = dice.count(4, 11);
        let widths: Vec<f32> = (0..count).map(|_| dice.range(0.5, 1.5)).collect();
        let total: f32 = widths.iter().sum();
        let mut at = 0.0;
        widths
            .iter()
            .map(|w| {
                (at, {
                    at += w / total;
                    at
                })
            })
            .collect::<Vec<_>>()
    };
    let (columns, rows) = (lines(dice), lines(dice));
    let (hash, wobble, drift, wash) = (dice.noise(), dice.noise(), dice.noise(), dice.noise());
    let (tilt, bend) = (0.06 * dice.bell(), dice.range(0.004, 0.02));
    let (figures, glow) = (dice.range(0.0, 0.5), [dice.range(0.2, 0.8), dice.range(0.2, 0.8)]);
    let seam = if dice.chance(0.5) { palette.line } else { lighter(palette.ground, -0.15) };
    let seam_width = dice.range(0.0, 0.006);
    let light = dice.range(0.0, 0.22);
    canvas.cover(|x, y| {
        let (u, v) = turn(x - 0.5, y - 0.5, tilt);
        let u = 0.5 + u * 0.92 + bend * wobble.fbm(4.0 * x, 4.0 * y, 3);
        let v = 0.5 + v * 0.92 + bend * wobble.fbm(4.0 * x + 50.0, 4.0 * y, 3);
        let find = |t: f32, of: &[(f32, f32)]| of.iter().position(|c| t < c.1).unwrap_or(of.len() - 1);
        let (i, j) = (find(u, &columns), find(v, &rows));
        let ((left, right), (top, bottom)) = (columns[i], rows[j]);
        let (s, t) = ((u - left) / (right - left), (v - top) / (bottom - top));
        let pick = |salt: i32| hash.hash(i as i32 * 7 + salt, j as i32 * 13 - salt);
        // Neighbours resemble each other: tones follow slow noise, with a surprise here and there.
        let slow = 0.5 + 0.6 * drift.fbm(1.3 * i as f32 / columns.len() as f32, 1.3 * j as f32 / rows.len() as f32, 2);
        let mut tone = if pick(1) < 0.3 { pick(2) } else { slow + 0.35 * (pick(3) - 0.5) };
        if pick(4) < figures {
            let cut = match (pick(5) * 4.0) as u32 {
                0 => s < t,
                1 => s + t < 1.0,
                2 => (s - 0.5).hypot(t - 1.0) < 0.5,
                _ => (s - 0.5).hypot(t - 0.5) < 0.3,
            };
            tone += if cut { 0.4 } else { 0.0 };
        }
        let mut colour = if pick(6) < 0.06 { palette.accent } else { palette.along(tone.rem_euclid(1.0)) };
        let near = 1.0 - (x - glow[0]).hypot(y - glow[1]);
        colour = lighter(colour, 0.07 * (pick(7) - 0.5) + light * (near - 0.6) + 0.05 * wash.fbm(9.0 * x, 9.0 * y, 4));
        let margin = (u - left).min(right - u).min(v - top).min(bottom - v);
        (mix(seam, colour, smooth(seam_width - 0.003, seam_width + 0.004, margin)), 1.0)
    });
}

/// Bands of land and air, each with an uneven rim, often a disc of light.
pub(super) fn strata(canvas: &mut Canvas, palette: &Palette, dice: &mut Dice) {
    let rim = dice.noise();
    let grain = dice.noise();
    let tones = if dice.chance(0.7) { palette.by_light() } else { palette.clone() };
    let dark_above = dice.chance(0.4);
    let sky = |t: f32| tones.along(if dark_above { t } else { 1.0 - t });
    canvas.cover(|x, y| {
        let t = (0.55 * y + 0.08 * rim.fbm(2.0 * x, 5.0 * y, 4)).clamp(0.0, 1.0);
        (lighter(sky(t), 0.04 * grain.fbm(3.0 * x, 14.0 * y, 4)), 1.0)
    });
    let horizon = dice.range(0.25, 0.6);
    if dice.chance(0.6) {
        let (centre, radius) = ([dice.range(0.2, 0.8), dice.range(0.12, horizon + 0.1)], dice.range(0.05, 0.17));
        let glow = dice.range(0.05, 0.3);
        canvas.cover(|x, y| {
            let d = (x - centre[0]).hypot(y - centre[1]) - radius;
            (palette.accent, 0.95 * smooth(0.004, -0.004, d) + 0.35 * (-d.max(0.0) / glow).exp() * smooth(0.0, 0.01, d))
        });
    }
    let count = dice.count(3, 9);
    for n in 0..count {
        let depth = n as f32 / count as f32;
        let base = horizon + (1.0 - horizon) * depth.powf(1.3) + 0.02 * dice.bell();
        let (height, pace, shift) = (dice.range(0.02, 0.16) * (1.2 - depth), dice.range(1.0, 4.0), 31.0 * n as f32);
        let (slope, soft) = (0.2 * dice.bell(), dice.small(0.002, 0.03));
        let colour = lighter(sky((0.25 + 0.75 * depth + 0.28 * dice.bell()).clamp(0.0, 1.0)), 0.05 * dice.bell());
        let colour = if dice.chance(0.08) { mix(colour, palette.accent, 0.7) } else { colour };
        let mist = dice.range(0.0, 0.25);
        canvas.cover_within([0.0, base - 2.0 * height - 0.25 * slope.abs() - soft, 1.0, 1.0], |x, y| {
            let ridge = base + slope * (x - 0.5) * 0.4 - height * rim.fbm(pace * x + shift, shift, 5);
            let below = y - ridge;
            let shade = mist * smooth(0.0, 0.25, below) - 0.06 * grain.fbm(4.0 * x + shift, 30.0 * y, 4);
            (lighter(colour, shade * 0.5), 0.97 * smooth(-soft, soft, below))
        });
    }
}

/// Warp and weft crossing over and under, or blocks of broad hand-painted stripes.
pub(super) fn woven(canvas: &mut Canvas, palette: &Palette, dice: &mut Dice) {
    let (hash, wobble, fibre) = (dice.noise(), dice.noise(), dice.noise());
    if dice.chance(0.45) {
        let (columns, rows) = (dice.count(2, 4), dice.count(2, 4));
        let stripes = dice.count(3, 6) as f32;
        let split = dice.range(0.6, 1.5);
        canvas.cover(|x, y| {
            let u = x + 0.012 * wobble.fbm(5.0 * x, 5.0 * y, 3);
            let v = y + 0.012 * wobble.fbm(5.0 * x + 9.0, 5.0 * y, 3);
            let (i, j) =
                ((u.clamp(0.0, 0.999).powf(split) * columns as f32) as i32, (v.clamp(0.0, 0.999) * rows as f32) as i32);
            let upright = (i + j) % 2 == 0;
            let along = if upright { u } else { v };
            let place = along * stripes * columns as f32;
            let number = place.floor() as i32;
            let first = (hash.hash(i, j * 5) * palette.inks.len() as f32) as usize;
            let second = first + 1 + (hash.hash(i + 40, j) * (palette.inks.len() - 1) as f32) as usize;
            let colour = palette.inks[if number.rem_euclid(2) == 0 { first } else { second } % palette.inks.len()];
            let drag = if upright { fibre.fbm(60.0 * x, 5.0 * y, 3) } else { fibre.fbm(5.0 * x, 60.0 * y, 3) };
            let rub = smooth(0.0, 0.09, (place - place.round()).abs());
            (mix(lighter(palette.ground, -0.2), lighter(colour, 0.07 * drag), 0.35 + 0.65 * rub), 1.0)
        });
        return;
    }
    let (warps, wefts) = (dice.range(14.0, 44.0), dice.range(14.0, 44.0));
    let (period_x, period_y) = (dice.count(5, 17) as i32, dice.count(5, 17) as i32);
    let twill = dice.count(1, 3) as i32;
    let weft_first = dice.range(0.25, 0.75);
    canvas.cover(|x, y| {
        let u = x * warps + 0.25 * wobble.fbm(4.0 * x, 4.0 * y, 2);
        let v = y * wefts + 0.25 * wobble.fbm(4.0 * x + 30.0, 4.0 * y, 2);
        let (i, j) = (u.floor() as i32, v.floor() as i32);
        let tone = |n: i32, salt: i32| {
            let at = (hash.hash(n, salt) * (palette.inks.len() as f32 + 0.6)) as usize;
            palette.inks.get(at).copied().unwrap_or(palette.accent)
        };
        // Stripes repeat, mirrored, as a weaver's do.
        let mirror = |n: i32, period: i32| {
            let m = n.rem_euclid(2 * period);
            if m < period { m } else { 2 * period - 1 - m }
        };
        let over = hash.hash(mirror(i, period_x) + 90, mirror(j, period_y) + 70) < weft_first;
        let over = if twill == 1 { over } else { (i + j * (twill - 1)).rem_euclid(twill + 1) < twill };
        let (s, t) = (u - u.floor() - 0.5, v - v.floor() - 0.5);
        let (colour, across, thread) = if over {
            (tone(mirror(j, period_y), 2), t, fibre.at(25.0 * u, 4.0 * v))
        } else {
            (tone(mirror(i, period_x), 1), s, fibre.at(4.0 * u, 25.0 * v))
        };
        let round = 0.05 - 0.55 * across * across;
        (lighter(colour, round + 0.03 * thread), 1.0)
    });
}

/// Glowing gas and dust under stars.
pub(super) fn nebula(canvas: &mut Canvas, palette: &Palette, dice: &mut Dice) {
    let (cloud, dust, current) = (dice.noise(), dice.noise(), dice.noise());
    let hue = dice.range(220.0, 320.0);
    let night = lch(dice.range(0.1, 0.2), 0.04, hue);
    let day = lch(0.3, 0.07, hue + dice.range(-40.0, 40.0));
    canvas.cover(|x, y| (mix(night, day, 0.5 + 0.6 * cloud.fbm(1.5 * x, 1.5 * y, 3)), 1.0));
    let axis = dice.angle();
    let layers = dice.count(3, 5);
    for n in 0..layers {
        let [l, a, b] = if n + 1 == layers || dice.chance(0.25) { palette.accent } else { palette.ink(dice) };
        let colour = [l.max(0.55) + 0.06 * n as f32, a * 1.3, b * 1.3];
        let (scale, swirl, shift) = (dice.range(1.4, 3.2), dice.range(0.15, 0.5), 40.0 * n as f32);
        let (centre, reach, flat) = (dice.point(-0.2), dice.range(0.35, 0.8), dice.range(0.5, 1.0));
        let bright = dice.range(0.8, 1.3);
        canvas.cover(|x, y| {
            let (u, v) = current.warp(x + shift, y, 0.5, swirl);
            let gas = smooth(-0.15, 0.75, cloud.fbm(scale * u, scale * v + shift, 5));
            let (p, q) = turn(x - centre[0], y - centre[1], axis);
            let near = (-(p * p + q * q / (flat * flat)) / (reach * reach)).exp();
            let hidden = 1.0 - 0.8 * smooth(0.1, 0.55, dust.fbm(2.6 * v, 2.6 * u, 4));
            (colour, (bright * gas * near * hidden * 1.5).min(0.96))
        });
    }
    for _ in 0..dice.count(60, 260) {
        let ([x0, y0], size) = (dice.point(0.0), dice.small(0.0012, 0.006).powf(1.1));
        let (tint, bright) = (lch(0.97, 0.03, dice.range(0.0, 360.0)), dice.small(0.3, 1.0));
        let reach = 6.0 * size;
        canvas.cover_within([x0 - reach, y0 - reach, x0 + reach, y0 + reach], |x, y| {
            let d = (x - x0).hypot(y - y0) / size;
            (tint, bright * (-(d * d)).exp() + 0.25 * bright * (-d).exp())
        });
    }
}
