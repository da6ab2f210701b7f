//! Curves as SVG that takes its colours from the page. Axes' labels are text of the page, so that they keep their size
//! on any screen.

use super::text::{Escaped, thousands};
use crate::train::health::shown;
use std::fmt::Write;

/// One curve.
pub(super) struct Curve<'a> {
    /// What it is called, where a plot has several.
    pub name: &'a str,
    /// How it is drawn.
    pub style: Style,
    /// Its colour: 0 to 3.
    pub colour: usize,
    /// Steps and values.
    pub points: &'a [(u64, f64)],
}

/// How a curve is drawn.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// Thin, behind the others.
    Raw,
    /// A line.
    Line,
    /// A line with its few points marked.
    Points,
}

/// Points of a curve at most: as many as a screen can tell apart.
const POINTS: usize = 500;
/// Ratio of the largest value to the smallest above which an axis is logarithmic.
const WIDE: f64 = 20.0;

/// A plot of all curves, from step 0 to `end`, with a mark at one step.
pub(super) fn plot(title: &str, note: &str, curves: &[Curve], end: u64, mark: Option<u64>) -> String {
    let mut html = String::new();
    let _ = write!(html, "<figure><figcaption><b>{}</b> <span>{}</span></figcaption>", Escaped(title), Escaped(note));
    let named = curves.iter().filter(|c| !c.name.is_empty());
    let keys = named.map(|c| format!("<span class=key><i class=c{}></i>{}</span>", c.colour % 4, Escaped(c.name)));
    let keys = keys.collect::<String>();
    if !keys.is_empty() {
        let _ = write!(html, "<figcaption><span>{keys}</span></figcaption>");
    }
    html.push_str("<div class=frame><svg viewBox='0 0 1000 1000' preserveAspectRatio=none aria-hidden=true>");
    let Some(axis) = Axis::of(curves) else {
        return html + "</svg></div></figure>";
    };
    let end = end.max(1) as f64;
    for value in &axis.ticks {
        let y = axis.y(*value);
        let _ = write!(html, "<path class=grid d='M0 {y:.0}H1000'/>");
    }
    if let Some(step) = mark {
        let _ = write!(html, "<path class=mark d='M{:.0} 0V1000'/>", step as f64 / end * 1000.0);
    }
    for curve in curves {
        let class = match curve.style {
            Style::Raw => "raw",
            Style::Line | Style::Points => "smooth",
        };
        let places = thinned(curve.points).into_iter().map(|(x, v)| (x / end * 1000.0, axis.y(v))).collect::<Vec<_>>();
        let mut path = String::new();
        for (at, (x, y)) in places.iter().enumerate() {
            let _ = write!(path, "{}{x:.1} {y:.1}", if at == 0 { 'M' } else { 'L' });
        }
        let _ = write!(html, "<path class='{class} c{}' d='{path}'/>", curve.colour % 4);
        if curve.style == Style::Points && places.len() <= 60 || places.len() == 1 {
            let dots = places.iter().map(|(x, y)| format!("M{x:.1} {y:.1}h0")).collect::<String>();
            let _ = write!(html, "<path class='dot c{}' d='{dots}'/>", curve.colour % 4);
        }
    }
    html.push_str("</svg>");
    for value in &axis.ticks {
        let _ = write!(html, "<span class=y style='top:{:.1}%'>{}</span>", axis.y(*value) / 10.0, shown(*value));
    }
    let _ = write!(
        html,
        "<span class=x style='left:0'>0</span><span class=x style='left:50%'>{}</span>\
         <span class='x end' style='left:100%'>{} steps</span></div></figure>",
        thousands((end / 2.0) as u64),
        thousands(end as u64)
    );
    html
}

/// The scale of values.
struct Axis {
    low: f64,
    high: f64,
    log: bool,
    ticks: Vec<f64>,
}

impl Axis {
    /// A scale that all curves fit in, a hundredth of the raw values left out at each end.
    fn of(curves: &[Curve]) -> Option<Self> {
        let mut all = Vec::new();
        for curve in curves {
            let mut values = curve.points.iter().map(|p| p.1).filter(|v| v.is_finite()).collect::<Vec<_>>();
            values.sort_by(f64::total_cmp);
            let cut = if curve.style == Style::Raw { values.len() / 100 } else { 0 };
            all.extend_from_slice(&values[cut..values.len() - cut]);
        }
        let (low, high) = all.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), v| (l.min(*v), h.max(*v)));
        if low > high {
            return None;
        }
        let log = low > 0.0 && high / low > WIDE;
        let (low, high) = if log { (low.ln(), high.ln()) } else { (low, high) };
        let margin = ((high - low) * 0.06).max(high.abs().max(1e-6) * 1e-3);
        let (low, high) = (low - margin, high + margin);
        let ticks = if log { decades(low, high) } else { even(low, high) };
        Some(Self { low, high, log, ticks })
    }

    /// Where a value stands, from 0 at the top to 1000 at the bottom; outliers at the edge.
    fn y(&self, value: f64) -> f64 {
        let value = if self.log { value.max(1e-300).ln() } else { value };
        ((self.high - value) / (self.high - self.low) * 1000.0).clamp(0.0, 1000.0)
    }
}

/// Three to six round values between two others.
fn even(low: f64, high: f64) -> Vec<f64> {
    let rough = (high - low) / 5.0;
    let power = 10_f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|s| *s >= rough).unwrap_or(rough);
    let first = (low / step).ceil() as i64;
    (first..).map(|n| n as f64 * step).take_while(|v| *v <= high).take(12).collect()
}

/// Powers of ten between two logarithms, with their double and fivefold where they are few.
fn decades(low: f64, high: f64) -> Vec<f64> {
    let (first, last) =
        ((low / std::f64::consts::LN_10).floor() as i32, (high / std::f64::consts::LN_10).ceil() as i32);
    let inside = |v: &f64| (low..=high).contains(&v.ln());
    let tens = (first..=last).map(|e| 10_f64.powi(e)).filter(inside).collect::<Vec<_>>();
    if tens.len() > 7 {
        return tens.into_iter().step_by(2).collect();
    }
    if tens.len() > 2 {
        return tens;
    }
    (first..=last).flat_map(|e| [1.0, 2.0, 5.0].map(|m| m * 10_f64.powi(e))).filter(inside).collect()
}

/// Means of groups of neighbours, so that a long run does not make a large file.
fn thinned(points: &[(u64, f64)]) -> Vec<(f64, f64)> {
    let points = points.iter().filter(|p| p.1.is_finite()).collect::<Vec<_>>();
    let group = points.len().div_ceil(POINTS).max(1);
    let groups = points.chunks(group).map(|g| {
        let n = g.len() as f64;
        (g.iter().map(|p| p.0 as f64).sum::<f64>() / n, g.iter().map(|p| p.1).sum::<f64>() / n)
    });
    groups.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_have_round_ticks_within_their_range() {
        for (low, high) in [(0.0, 1.0), (1.257, 1.451), (-3.0, 2e5), (4e-9, 5e-9), (870.0, 1505.0)] {
            let ticks = even(low, high);
            assert!((2..=9).contains(&ticks.len()), "{low} to {high}: {ticks:?}");
            assert!(ticks.iter().all(|t| (low..=high).contains(t)), "{low} to {high}: {ticks:?}");
        }
        for (low, high) in [(1e-6, 1e-3), (0.3, 12.0), (1e-9, 1e9)] {
            let ticks = decades(f64::ln(low), f64::ln(high));
            assert!((2..=10).contains(&ticks.len()), "{low} to {high}: {ticks:?}");
        }
    }

    #[test]
    fn a_long_run_makes_a_small_plot_and_odd_figures_make_none() {
        let points = (0..100_000).map(|n| (n * 10, (n as f64).sin() + 2.0)).collect::<Vec<_>>();
        let curve = |points| Curve { name: "", style: Style::Line, colour: 0, points };
        assert!(plot("a", "", &[curve(&points)], 1_000_000, Some(10)).len() < 20_000);
        let odd = [(1, f64::NAN), (2, f64::INFINITY)];
        for points in [&[][..], &odd[..], &[(5, 0.0)][..], &[(1, 1.0), (2, 1.0)][..]] {
            let html = plot("<b>", "", &[curve(points)], 0, None);
            assert!(!html.contains("NaN") && !html.contains("inf"), "{html}");
            assert!(html.contains("&lt;b&gt;"));
        }
    }
}
