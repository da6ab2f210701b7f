//! Pictures made of edges: constructions, discs, shards, facets, cut paper.

use super::canvas::{Canvas, to_box, to_polygon, turn};
use super::dice::Dice;
use super::noise::smooth;
use super::palette::{Palette, lighter, mix};
use std::f32::consts::{PI, TAU};

/// Planes, bars, circles and lines along two axes.
pub(super) fn construction(canvas: &mut Canvas, palette: &Palette, dice: &mut Dice) {
    let wash = dice.noise();
    let ground = palette.ground;
    canvas.cover(|x, y| (lighter(ground, 0.03 * wash.fbm(3.0 * x, 3.0 * y, 4)), 1.0));
    let axis = if dice.chance(0.3) { 0.0 } else { dice.range(-1.0, 1.0) };
    let axes = [axis, axis + PI / 2.0, if dice.chance(0.5) { axis } else { dice.range(-1.5, 1.5) }];
    let centre = [dice.range(0.35, 0.65), dice.range(0.35, 0.65)];
    let count = dice.count(9, 24);
    for n in 0..count {
        let late = n as f32 / count as f32;
        let spread = 0.12 + 0.22 * late;
        let at = [centre[0] + spread * dice.bell(), centre[1] + spread * dice.bell()];
        let size = (0.42 * (1.0 - late).powf(1.3) + 0.035) * dice.range(0.6, 1.2);
        let colour = match dice.count(0, 9) {
            0 => palette.accent,
            1 | 2 => palette.line,
            _ => palette.ink(dice),
        };
        let angle = dice.pick(&axes);
        let alpha = if dice.chance(0.25) { dice.range(0.5, 0.8) } else { 0.97 };
        // Some planes fade to nothing along their axis, as if lit.
        let fade = if dice.chance(0.25) { dice.range(0.6, 1.2) / size } else { 0.0 };
        let (cos, sin) = (angle.cos(), angle.sin());
        let veil = move |x: f32, y: f32| {
            if fade == 0.0 { alpha } else { alpha * smooth(-0.6, 0.5, fade * ((x - at[0]) * cos + (y - at[1]) * sin)) }
        };
        let soft = 0.8 * canvas.point();
        let mut put = |distance: &dyn Fn(f32, f32) -> f32| {
            canvas.cover(|x, y| {
                let inside = smooth(soft, -soft, distance(x, y));
                if inside == 0.0 {
                    (colour, 0.0)
                } else {
                    (lighter(colour, 0.025 * wash.fbm(9.0 * x, 9.0 * y, 3)), veil(x, y) * inside)
                }
            });
        };
        match dice.count(0, 9) {
            0..=2 => {
                let half = [size * dice.range(0.5, 0.9), size * dice.range(0.12, 0.6)];
                put(&|x, y| to_box(x, y, at, half, angle))
            }
            3 | 4 => {
                let half = [size * dice.range(0.9, 1.8), size * dice.range(0.02, 0.1) + 0.004];
                put(&|x, y| to_box(x, y, at, half, angle))
            }
            5 => put(&|x, y| (x - at[0]).hypot(y - at[1]) - 0.6 * size),
            6 => {
                let wide = size * dice.range(0.06, 0.2);
                put(&|x, y| ((x - at[0]).hypot(y - at[1]) - 0.6 * size).abs() - wide)
            }
            7 => put(&|x, y| ((x - at[0]).hypot(y - at[1]) - 0.65 * size).max((x - at[0]) * sin - (y - at[1]) * cos)),
            8 => {
                let corners: Vec<_> = (0..3)
                    .map(|k| {
                        let t = angle + TAU * k as f32 / 3.0;
                        [at[0] + 0.8 * size * t.cos(), at[1] + 0.8 * size * t.sin()]
                    })
                    .collect();
                put(&|x, y| to_polygon(x, y, &corners));
            }
            _ => {
                let (gap, lines) = (dice.range(0.02, 0.05), dice.count(3, 7) as f32);
                put(&|x, y| {
                    let (u, v) = turn(x - at[0], y - at[1], -angle);
                    let near = (v / gap).round().clamp(-lines / 2.0, lines / 2.0);
                    ((v - gap * near).abs() - 0.003).max(u.abs() - size)
                });
            }
        }
    }
}

/// Discs of rings, each ring cut into sectors whose colours run round the palette.
pub(super) fn discs(canvas: &mut Canvas, palette: &Palette, dice: &mut Dice) {
    let (hash, wobble, wash) = (dice.noise(), dice.noise(), dice.noise());
    let count = dice.count(1, 6);
    let discs: Vec<_> = (0..count)
        .map(|n| {
            let centre = if n == 0 { [dice.range(0.3, 0.7), dice.range(0.3, 0.7)] } else { dice.point(0.05) };
            let radius = if n == 0 { dice.range(0.35, 0.65) } else { dice.range(0.15, 0.45) };
            let rings = dice.count(3, 8) as f32;
            (centre, radius, rings, dice.pick(&[2.0, 4.0, 4.0, 6.0, 8.0]), dice.angle(), dice.chance(0.75))
        })
        .collect();
    let (slant, bands) = (dice.angle(), dice.range(2.0, 5.0));
    let contrast = dice.range(0.04, 0.16);
    canvas.cover(|x, y| {
        let u = x + 0.008 * wobble.fbm(5.0 * x, 5.0 * y, 3);
        let v = y + 0.008 * wobble.fbm(5.0 * x, 5.0 * y + 40.0, 3);
        // The disc that reaches deepest here wins; where none reaches, slanting bands.
        let depth = |d: &([f32; 2], f32, f32, f32, f32, bool)| 1.0 - (u - d.0[0]).hypot(v - d.0[1]) / d.1;
        let best = discs.iter().enumerate().max_by(|a, b| depth(a.1).total_cmp(&depth(b.1)));
        let (mut tone, light) = match best {
            Some((n, disc)) if depth(disc) > 0.0 => {
                let (dx, dy) = (u - disc.0[0], v - disc.0[1]);
                let ring = (dx.hypot(dy) / disc.1 * disc.2).floor();
                let stagger = if disc.5 { 0.0 } else { ring * 0.37 };
                let around = (dy.atan2(dx) + disc.4 + stagger).rem_euclid(TAU) / TAU;
                let sector = (around * disc.3).floor();
                let pick = hash.hash(n as i32 * 31 + ring as i32, sector as i32);
                (pick, contrast * ((around * disc.3).fract() - 0.5) + 0.06 * (hash.hash(ring as i32, 3) - 0.5))
            }
            _ => {
                let band = ((u * slant.cos() + v * slant.sin()) * bands).floor();
                let other = ((u * slant.sin() - v * slant.cos()) * 1.5).floor();
                (hash.hash(band as i32, 500 + other as i32), contrast * 0.3)
            }
        };
        tone *= palette.inks.len() as f32 + 0.7;
        let colour = palette.inks.get(tone as usize).copied().unwrap_or(palette.accent);
        (lighter(colour, light + 0.04 * wash.fbm(8.0 * x, 8.0 * y, 4)), 1.0)
    });
}

/// Translucent planes through each other, as light through coloured glass.
pub(super) fn shards(canvas: &mut Canvas, palette: &Palette, dice: &mut Dice) {
    let wash = dice.noise();
    let (low, high) = (
        mix(palette.ground, palette.inks[0], dice.range(0.0, 0.8)),
        mix(palette.ground, palette.inks[1], dice.range(0.0, 0.8)),
    );
    let toward = dice.angle();
    canvas.cover(|x, y| {
        let t = 0.5 + 0.7 * ((x - 0.5) * toward.cos() + (y - 0.5) * toward.sin()) + 0.2 * wash.fbm(2.0 * x, 2.0 * y, 4);
        (mix(low, high, t), 1.0)
    });
    let foci: Vec<_> = (0..dice.count(2, 6)).map(|_| dice.point(0.05)).collect();
    let lean = dice.angle();
    let gathered = dice.range(0.3, 1.6);
    for _ in 0..dice.count(22, 60) {
        let focus = dice.pick(&foci);
        let (angle, length) =
            (lean + gathered * dice.bell() + if dice.chance(0.35) { PI } else { 0.0 }, dice.range(0.15, 0.75));
        let (near, spread) = (0.14 * dice.bell(), dice.range(0.15, 1.1));
        let root =
            [focus[0] + near * angle.cos() + 0.05 * dice.bell(), focus[1] + near * angle.sin() + 0.05 * dice.bell()];
        let tip =
            |turn: f32, reach: f32| [root[0] + reach * (angle + turn).cos(), root[1] + reach * (angle + turn).sin()];
        let mut corners = vec![root, tip(-spread / 2.0, length * dice.range(0.6, 1.1)), tip(spread / 2.0, length)];
        if dice.chance(0.5) {
            corners.insert(2, tip(0.1 * spread, length * dice.range(1.05, 1.4)));
        }
        let colour = if dice.chance(0.12) { palette.accent } else { dice.pick(&palette.inks) };
        let [l, a, b] = lighter(colour, 0.05 * dice.bell());
        let colour = [l, 1.15 * a, 1.15 * b];
        let (alpha, inward, soft) = (dice.range(0.5, 0.95), dice.chance(0.5), dice.small(0.001, 0.008));
        let at = |f: fn(f32, f32) -> f32, i: usize, start: f32| corners.iter().fold(start, |m, c| f(m, c[i]));
        let area = [
            at(f32::min, 0, 1.0) - soft,
            at(f32::min, 1, 1.0) - soft,
            at(f32::max, 0, 0.0) + soft,
            at(f32::max, 1, 0.0) + soft,
        ];
        let soft = soft.max(0.8 * canvas.point());
        canvas.cover_within(area, |x, y| {
            let inside = smooth(soft, -soft, to_polygon(x, y, &corners));
            let out = ((x - root[0]).hypot(y - root[1]) / length).min(1.0);
            let glow = if inward { 1.0 - out } else { out };
            (lighter(colour, 0.06 * wash.fbm(6.0 * x, 6.0 * y, 3)), alpha * inside * (0.4 + 0.6 * glow))
        });
    }
}

/// A plane broken into facets, each shaded from one of its edges.
pub(super) fn facets(canvas: &mut Canvas, palette: &Palette, dice: &mut Dice) {
    /// A cut: which side of the line through `point` with direction `angle`.
    struct Cut {
        cos: f32,
        sin: f32,
        offset: f32,
    }
    let lean = dice.pick(&[0.0, PI / 4.0, 0.9, -0.6]);
    let depth = dice.count(5, 7);
    let cuts: Vec<Cut> = (0..1usize << depth)
        .map(|_| {
            let angle = lean + dice.pick(&[0.0, PI / 2.0, 0.6, -0.6]) + 0.25 * dice.bell();
            let point = [0.5 + 0.22 * dice.bell(), 0.5 + 0.22 * dice.bell()];
            Cut { cos: angle.cos(), sin: angle.sin(), offset: point[0] * angle.cos() + point[1] * angle.sin() }
        })
        .collect();
    let (hash, drift, brush) = (dice.noise(), dice.noise(), dice.noise());
    let tones = palette.by_light();
    let (contour, shade, calm) = (dice.range(0.0, 0.8), dice.range(0.1, 0.3), dice.range(0.1, 0.4));
    let arcs: Vec<_> = (0..dice.count(0, 3)).map(|_| (dice.point(0.2), dice.range(0.2, 0.6))).collect();
    canvas.cover(|x, y| {
        let (mut node, mut near, mut from) = (1usize, f32::INFINITY, 0.0);
        for _ in 0..depth {
            let cut = &cuts[node.min(cuts.len() - 1)];
            let side = x * cut.cos + y * cut.sin - cut.offset;
            if side.abs() < near {
                near = side.abs();
            }
            from = side;
            node = 2 * node + usize::from(side > 0.0);
        }
        for (n, (centre, radius)) in arcs.iter().enumerate() {
            let side = (x - centre[0]).hypot(y - centre[1]) - radius;
            near = near.min(side.abs());
            node = if side < 0.0 { node ^ (1 << (12 + n)) } else { node };
        }
        let pick = |salt: i32| hash.hash(node as i32, salt);
        let place = 0.5 + 0.6 * drift.fbm(1.4 * x, 1.4 * y, 2);
        let tone = place * (1.0 - calm) + calm * pick(1) + shade * (pick(2) - 0.5);
        let ramp = smooth(0.0, 0.25, from.abs()) - 0.5;
        let sign = if pick(3) < 0.5 { -1.0 } else { 1.0 };
        let mut colour = if pick(4) < 0.05 { palette.accent } else { tones.along(tone) };
        let (u, v) = turn(x, y, 3.0 * pick(5));
        colour = lighter(colour, shade * sign * ramp + 0.05 * brush.fbm(6.0 * u, 30.0 * v, 3));
        (mix(colour, lighter(tones.inks[0], -0.08), contour * smooth(0.006, 0.001, near)), 1.0)
    });
}

/// Leaves, lobes and waves cut from painted paper, laid on blocks of colour.
pub(super) fn cut_paper(canvas: &mut Canvas, palette: &Palette, dice: &mut Dice) {
    let (wash, hash) = (dice.noise(), dice.noise());
    let (columns, rows) = (dice.count(1, 3) as f32, dice.count(1, 3) as f32);
    let skew = dice.range(0.7, 1.4);
    let flat = |colour, x: f32, y: f32| lighter(colour, 0.035 * wash.fbm(5.0 * x, 22.0 * y, 4));
    canvas.cover(|x, y| {
        let (i, j) = ((x.powf(skew) * columns) as i32, (y * rows) as i32);
        let at = (hash.hash(i, j) * (palette.inks.len() + 1) as f32) as usize;
        (flat(palette.inks.get(at).copied().unwrap_or(palette.ground), x, y), 1.0)
    });
    let count = dice.count(7, 22);
    for n in 0..count {
        let at = dice.point(-0.04);
        let size = dice.range(0.1, 0.34) * (1.15 - 0.6 * n as f32 / count as f32);
        let (angle, lobes, phase) = (dice.angle(), dice.count(3, 9) as f32, dice.angle());
        let (deep, stretch, bend) = (dice.range(0.15, 0.5), dice.range(1.0, 2.6), 1.6 * dice.bell());
        let colour = match dice.count(0, 7) {
            0 => palette.accent,
            1 => palette.line,
            2 => palette.ground,
            _ => palette.ink(dice),
        };
        let kind = dice.count(0, 3);
        let uneven = dice.noise();
        let distance = move |x: f32, y: f32| {
            let (u, v) = turn(x - at[0], y - at[1], -angle);
            let v = v + bend * u * u / size * 0.4;
            let (r, t) = ((u / stretch.sqrt()).hypot(v * stretch.sqrt()), (v * stretch).atan2(u));
            let rough = 0.06 * uneven.at(2.0 * t.cos() + 5.0, 2.0 * t.sin());
            match kind {
                0 => r - size * (0.75 + deep * (lobes * t + phase).cos() * 0.6 + rough),
                // A frond: lobes along a stem, pointing forward.
                1 => {
                    v.abs()
                        - size
                            * 0.55
                            * (1.0 - (u / size).powi(2)).max(-0.2)
                            * (0.35 + 0.65 * ((lobes * 1.6 * (u / size - 0.5 * v.abs() / size)) * PI).sin().abs())
                }
                2 => v.abs() - size * 0.4 * (1.0 - (u / size).powi(2)) + rough * 0.05,
                _ => r - size * (0.6 + rough * 3.0),
            }
        };
        let soft = 1.0 * canvas.point();
        let reach = 1.9 * size;
        let area = [at[0] - reach, at[1] - reach, at[0] + reach, at[1] + reach];
        canvas.cover_within(area, |x, y| {
            // A breath of shadow below the paper.
            (lighter(palette.inks[0], -0.25), 0.16 * smooth(0.012, -0.004, distance(x - 0.004, y - 0.006)))
        });
        canvas.cover_within(area, |x, y| {
            let inside = smooth(soft, -soft, distance(x, y));
            if inside == 0.0 { (colour, 0.0) } else { (flat(colour, x, y), inside) }
        });
    }
}
