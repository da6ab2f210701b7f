//! Pictures that water made: ink on wet paper, and marbled paint.

use super::canvas::Canvas;
use super::dice::Dice;
use super::noise::smooth;
use super::palette::{Palette, lch, lighter, mix};

/// Blots and veils of ink on paper, darker where they dried at the rim.
pub(super) fn ink_wash(canvas: &mut Canvas, palette: &Palette, dice: &mut Dice) {
    let fibre = dice.noise();
    let paper = if dice.chance(0.75) {
        lch(dice.range(0.88, 0.95), dice.range(0.01, 0.05), dice.range(60.0, 110.0))
    } else {
        palette.ground
    };
    canvas.cover(|x, y| (lighter(paper, 0.02 * fibre.fbm(6.0 * x, 6.0 * y, 5)), 1.0));
    let few: Vec<_> = (0..dice.count(1, 3)).map(|_| palette.ink(dice)).collect();
    let count = dice.count(4, 14);
    let (axis, sway) = (dice.angle(), dice.range(0.0, 0.3));
    for n in 0..count {
        let t = dice.range(-0.5, 0.5);
        let at = [0.5 + t * axis.cos() + sway * dice.bell(), 0.5 + t * axis.sin() + sway * dice.bell()];
        let size = dice.small(0.05, 0.42);
        let colour = if dice.chance(0.1) { palette.accent } else { dice.pick(&few) };
        // Ink must stand off its paper: darker on light, as pale gouache on dark.
        let target = if paper[0] > 0.6 { colour[0].min(paper[0] - 0.25) } else { colour[0].max(paper[0] + 0.35) };
        let colour = lighter(colour, target - colour[0] + dice.range(-0.1, 0.04));
        let (warp, bleed) = (dice.noise(), dice.noise());
        let (ragged, flat, turn, load) =
            (dice.range(0.25, 0.8), dice.range(0.5, 1.6), dice.angle(), dice.range(0.3, 0.85));
        let (rim, shift) = (dice.range(0.1, 0.5), 23.0 * n as f32);
        let (sin, cos) = turn.sin_cos();
        let far = 2.4 * size;
        canvas.cover_within([at[0] - far, at[1] - far, at[0] + far, at[1] + far], |x, y| {
            let (u, v) = warp.warp(x, y, 0.9 * size, 0.55 * size);
            let (p, q) = (cos * (u - at[0]) + sin * (v - at[1]), -sin * (u - at[0]) + cos * (v - at[1]));
            let reach = (p * p / flat + q * q * flat).sqrt() / size
                + ragged * bleed.fbm(3.0 * u / size.max(0.1), 3.0 * v / size.max(0.1) + shift, 5);
            let body = smooth(1.0, 0.86, reach);
            let edge = rim * smooth(0.75, 0.97, reach) * smooth(1.03, 0.98, reach);
            let feather = 0.25 * smooth(1.5, 0.8, reach);
            let pool = 0.6 + 0.55 * bleed.fbm(2.0 * u / size + shift, 2.0 * v / size, 4);
            let granule = 1.0 + 0.22 * fibre.at(110.0 * x, 110.0 * y);
            (colour, ((load * body * pool + edge + load * feather * 0.5) * granule).clamp(0.0, 0.96))
        });
    }
}

/// Drops floated on water push each other aside, then a comb is drawn through (after Jaffer's mathematics of
/// marbling: each step is a map of the plane that can be undone, so each point is traced back to its drop).
pub(super) fn marbling(canvas: &mut Canvas, palette: &Palette, dice: &mut Dice) {
    enum Step {
        Drop { at: [f32; 2], radius: f32, ink: usize },
        Tine { at: [f32; 2], along: [f32; 2], shift: f32, reach: f32, gap: f32 },
        Swirl { at: [f32; 2], angle: f32, radius: f32, reach: f32 },
    }
    let inks: Vec<_> = palette.inks.iter().copied().chain([palette.line, palette.accent, palette.ground]).collect();
    let mut steps = Vec::new();
    let centres: Vec<_> = (0..dice.count(2, 7)).map(|_| dice.point(0.1)).collect();
    for n in 0..dice.count(26, 64) {
        let near = dice.pick(&centres);
        let at = if dice.chance(0.6) {
            [near[0] + 0.05 * dice.bell(), near[1] + 0.05 * dice.bell()]
        } else {
            dice.point(0.15)
        };
        let ink = if dice.chance(0.12) {
            inks.len() - 1 - dice.count(0, 2)
        } else {
            (n + dice.count(0, 1)) % palette.inks.len()
        };
        steps.push(Step::Drop { at, radius: dice.range(0.03, 0.13), ink });
    }
    let style = dice.count(0, 3);
    for n in 0..if style == 0 { 0 } else { dice.count(2, 5) } {
        let angle = if style == 1 { (n % 2) as f32 * std::f32::consts::FRAC_PI_2 } else { dice.angle() };
        let gap = if dice.chance(0.6) { dice.range(0.12, 0.35) } else { 9.0 };
        let reach = if gap < 1.0 { gap * dice.range(0.15, 0.4) } else { dice.range(0.05, 0.2) };
        let along = [angle.cos(), angle.sin()];
        steps.push(Step::Tine { at: dice.point(0.0), along, shift: dice.range(0.1, 0.35), reach, gap });
    }
    if style == 3 || dice.chance(0.3) {
        for _ in 0..dice.count(1, 3) {
            let (at, angle) = (dice.point(-0.15), 3.0 * dice.bell());
            steps.push(Step::Swirl { at, angle, radius: dice.range(0.03, 0.2), reach: dice.range(0.06, 0.2) });
        }
    }
    let (tremble, wash) = (dice.noise(), dice.noise());
    let ground = palette.ground;
    canvas.cover(|x, y| {
        let (mut px, mut py) = tremble.warp(x, y, 0.35, 0.03);
        let mut found = ground;
        for step in steps.iter().rev() {
            match step {
                Step::Drop { at, radius, ink } => {
                    let (dx, dy) = (px - at[0], py - at[1]);
                    let square = dx * dx + dy * dy;
                    if square < radius * radius {
                        found = inks[*ink];
                        break;
                    }
                    let pull = (1.0 - radius * radius / square).sqrt();
                    (px, py) = (at[0] + dx * pull, at[1] + dy * pull);
                }
                Step::Tine { at, along, shift, reach, gap } => {
                    let across = (px - at[0]) * along[1] - (py - at[1]) * along[0];
                    let teeth = across - gap * (across / gap).round();
                    let moved = shift * (-teeth.abs() / reach).exp();
                    (px, py) = (px - moved * along[0], py - moved * along[1]);
                }
                Step::Swirl { at, angle, radius, reach } => {
                    let (dx, dy) = (px - at[0], py - at[1]);
                    let far = (dx.hypot(dy) - radius).abs();
                    let (sin, cos) = (angle * (-far / reach).exp()).sin_cos();
                    (px, py) = (at[0] + cos * dx - sin * dy, at[1] + sin * dx + cos * dy);
                }
            }
        }
        let found = mix(found, lighter(found, 0.06), wash.fbm(5.0 * px, 5.0 * py, 3));
        (lighter(found, 0.02 * wash.fbm(14.0 * x, 14.0 * y, 3)), 1.0)
    });
}
