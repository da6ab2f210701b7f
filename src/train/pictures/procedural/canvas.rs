//! Paint on a square: colour and thickness for each point, in coordinates of 0 to 1.

use super::noise::{Noise, smooth};
use super::palette::{Lab, mix};

pub(super) struct Canvas {
    /// Side in points: twice the picture's, so that halving it smooths every edge.
    pub side: usize,
    pub colour: Vec<Lab>,
    /// Thickness of the paint, which the light of the finish falls on.
    pub relief: Vec<f32>,
}

impl Canvas {
    pub(super) fn new(side: usize, ground: Lab) -> Self {
        Self { side, colour: vec![ground; side * side], relief: vec![0.0; side * side] }
    }

    /// Width of a point.
    pub(super) fn point(&self) -> f32 {
        1.0 / self.side as f32
    }

    /// Lays a colour on every point: `paint(x, y)` says which and how thick (0 to 1).
    pub(super) fn cover(&mut self, paint: impl Fn(f32, f32) -> (Lab, f32)) {
        self.cover_within([0.0, 0.0, 1.0, 1.0], paint);
    }

    /// As `cover`, within `[left, top, right, bottom]` only.
    pub(super) fn cover_within(&mut self, area: [f32; 4], paint: impl Fn(f32, f32) -> (Lab, f32)) {
        let side = self.side as f32;
        let [left, top, right, bottom] = area.map(|v| (v * side).clamp(0.0, side));
        for row in top.floor() as usize..bottom.ceil() as usize {
            for column in left.floor() as usize..right.ceil() as usize {
                let (colour, alpha) = paint((column as f32 + 0.5) / side, (row as f32 + 0.5) / side);
                if alpha > 0.002 {
                    let at = row * self.side + column;
                    self.colour[at] = mix(self.colour[at], colour, alpha.min(1.0));
                }
            }
        }
    }

    /// Fills a shape given by its signed distance (negative inside), its edge `soft` wide.
    pub(super) fn fill(
        &mut self,
        area: [f32; 4],
        soft: f32,
        colour: Lab,
        alpha: f32,
        distance: impl Fn(f32, f32) -> f32,
    ) {
        let soft = soft.max(0.7 * self.point());
        self.cover_within(area, |x, y| (colour, alpha * smooth(soft, -soft, distance(x, y))));
    }

    /// A brush drawn along a path: bristles of their own shade and load, which runs out as `dry` (0 to 1) says.
    pub(super) fn brush(&mut self, path: &[[f32; 2]], brush: &Brush) {
        let step = 0.8 * self.point();
        let length: f32 = path.windows(2).map(|p| distance(p[0], p[1])).sum();
        let bristles = (brush.width / step).ceil().max(1.0) as i32;
        let pitch = (0.012f32).max(2.0 * self.point());
        let mut run = 0.0;
        let heading = |n: usize| {
            // Towards the next point as seen from the one before, so that bristles turn without a gap.
            let (a, b) = (path[n.saturating_sub(1)], path[(n + 1).min(path.len() - 1)]);
            let length = distance(a, b).max(1e-6);
            [(b[0] - a[0]) / length, (b[1] - a[1]) / length]
        };
        for (at, pair) in path.windows(2).enumerate() {
            let piece = distance(pair[0], pair[1]);
            if piece == 0.0 {
                continue;
            }
            let (from, to) = (heading(at), heading(at + 1));
            let (ux, uy) = ((pair[1][0] - pair[0][0]) / piece, (pair[1][1] - pair[0][1]) / piece);
            for n in 0..(piece / step).ceil() as i32 {
                let along = n as f32 * step;
                let part = (run + along) / length;
                let press = smooth(0.0, 0.06, part) * smooth(1.0, 0.9, part);
                let width = brush.width * (0.55 + 0.45 * press);
                let (x, y) = (pair[0][0] + ux * along, pair[0][1] + uy * along);
                let blend = along / piece;
                let (tx, ty) = (from[0] + blend * (to[0] - from[0]), from[1] + blend * (to[1] - from[1]));
                for b in 0..=bristles {
                    let across = b as f32 / bristles as f32 - 0.5;
                    let place = across * brush.width / pitch;
                    let hair = brush.noise.at(place * 1.7, 3.0 * part + 0.5);
                    let load = 1.0 - brush.dry * (0.35 + 0.9 * part) + 0.9 * hair * brush.dry;
                    let edge = smooth(0.5, 0.36 + 0.12 * hair, across.abs());
                    let alpha = brush.alpha * edge * smooth(0.05, 0.45, load);
                    if alpha > 0.02 {
                        self.dab(x - ty * across * width, y + tx * across * width, brush, hair, alpha);
                    }
                }
            }
            run += piece;
        }
    }

    fn dab(&mut self, x: f32, y: f32, brush: &Brush, hair: f32, alpha: f32) {
        let side = self.side as f32;
        if !(0.0..1.0).contains(&x) || !(0.0..1.0).contains(&y) {
            return;
        }
        let at = (y * side) as usize * self.side + (x * side) as usize;
        let shade = brush.streak * hair;
        let colour = [brush.colour[0] + shade, brush.colour[1], brush.colour[2] + 0.25 * shade];
        self.colour[at] = mix(self.colour[at], colour, alpha);
        let target = brush.thick * (0.6 + 0.8 * hair);
        self.relief[at] += alpha * (target - self.relief[at]);
    }
}

/// How a stroke is laid.
pub(super) struct Brush {
    /// Part of the canvas's side.
    pub width: f32,
    pub colour: Lab,
    pub alpha: f32,
    /// 0: wet paint to the end; 1: hardly any paint.
    pub dry: f32,
    /// Difference in lightness between bristles.
    pub streak: f32,
    /// Height of the paint.
    pub thick: f32,
    pub noise: Noise,
}

pub(super) fn distance(a: [f32; 2], b: [f32; 2]) -> f32 {
    (a[0] - b[0]).hypot(a[1] - b[1])
}

/// Signed distance to a rectangle of half sizes `half` round `centre`, turned by `angle`.
pub(super) fn to_box(x: f32, y: f32, centre: [f32; 2], half: [f32; 2], angle: f32) -> f32 {
    let (u, v) = turn(x - centre[0], y - centre[1], -angle);
    let (dx, dy) = (u.abs() - half[0], v.abs() - half[1]);
    dx.max(0.0).hypot(dy.max(0.0)) + dx.max(dy).min(0.0)
}

pub(super) fn turn(x: f32, y: f32, angle: f32) -> (f32, f32) {
    let (sin, cos) = angle.sin_cos();
    (cos * x - sin * y, sin * x + cos * y)
}

/// Signed distance to a convex polygon, counted by its farthest edge.
pub(super) fn to_polygon(x: f32, y: f32, corners: &[[f32; 2]]) -> f32 {
    let mut farthest = f32::NEG_INFINITY;
    for (n, a) in corners.iter().enumerate() {
        let b = corners[(n + 1) % corners.len()];
        let (ex, ey) = (b[0] - a[0], b[1] - a[1]);
        let length = ex.hypot(ey).max(1e-6);
        farthest = farthest.max(((x - a[0]) * ey - (y - a[1]) * ex) / length);
    }
    farthest
}

/// A smooth curve through some points (Catmull and Rom 1974).
pub(super) fn curve(points: &[[f32; 2]]) -> Vec<[f32; 2]> {
    let last = points.len() - 1;
    let mut out = Vec::new();
    for n in 0..last {
        let [a, b, c, d] = [points[n.saturating_sub(1)], points[n], points[n + 1], points[(n + 2).min(last)]];
        for k in 0..16 {
            let t = k as f32 / 16.0;
            let spline = |i: usize| {
                0.5 * (2.0 * b[i]
                    + t * (c[i] - a[i])
                    + t * t * (2.0 * a[i] - 5.0 * b[i] + 4.0 * c[i] - d[i])
                    + t * t * t * (3.0 * b[i] - a[i] - 3.0 * c[i] + d[i]))
            };
            out.push([spline(0), spline(1)]);
        }
    }
    out.push(points[last]);
    out
}
