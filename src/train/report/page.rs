//! What stands on the page.

use super::plot::{Curve, Style, plot};
use super::samples::Sample;
use super::text::{Escaped, flattened, thousands};
use crate::train::health::{Rule, shown, warnings};
use crate::train::history::{History, Series, lowest};
use crate::train::run::span;
use std::fmt::Write;

/// Seconds after which the page of a run that goes on loads itself again.
const REFRESH: u32 = 60;

/// The whole page.
pub(super) fn page(name: &str, history: &History, samples: &[Sample]) -> String {
    let kind = history.session().and_then(|s| s.settings.get("kind")).and_then(|k| k.as_str()).unwrap_or("training");
    let refresh = match history.ended {
        None => format!("<meta http-equiv=refresh content={REFRESH}>"),
        Some(_) => String::new(),
    };
    let parts = [head(kind, name, history), warned(history), pictures(samples), curves(history), about(history)];
    format!(
        "<!doctype html><html lang=en><head><meta charset=utf-8><title>{}: {}</title>\
         <meta name=viewport content='width=device-width, initial-scale=1'>{refresh}<style>{}</style></head>\
         <body><main>{}</main></body></html>\n",
        Escaped(name),
        Escaped(kind),
        include_str!("style.css"),
        parts.concat()
    )
}

fn head(kind: &str, name: &str, history: &History) -> String {
    let (state, class) = match history.ended.as_deref() {
        None => ("under way", ""),
        Some("finished") => ("finished", ""),
        Some("stopped") => ("stopped; --resume goes on", ""),
        Some(_) => ("broke off; --resume goes on", " bad"),
    };
    let History { step, steps, seconds, speed, .. } = history;
    let share = if *steps > 0 { (*step as f64 / *steps as f64).min(1.0) } else { 0.0 };
    let mut facts = Vec::new();
    let planned = if *steps > 0 { format!(" of {}", thousands(*steps)) } else { String::new() };
    facts.push((format!("{}{planned}", thousands(*step)), "steps".to_owned()));
    facts.push((span(*seconds), "trained".into()));
    if history.ended.is_none() && *step > 0 && steps > step {
        facts.push((span((steps - step) as f64 * seconds / *step as f64), "left, about".into()));
    }
    if *speed > 0.0 {
        facts.push((shown((speed * 10.0).round() / 10.0), "examples a second".into()));
    }
    if let Some((figure, series)) = history.decisive()
        && let Some((at, value)) = lowest(series)
    {
        facts.push((shown(value), format!("best {figure}, at step {}", thousands(at))));
    }
    let facts = facts.iter().map(|(b, s)| format!("<div><b>{}</b><span>{}</span></div>", Escaped(b), Escaped(s)));
    format!(
        "<header><h1>{}</h1><span class=soft>{}</span><span class='state{class}'>{state}</span></header>\
         <div class=bar><div style='width:{:.1}%'></div></div><div class=facts>{}</div>",
        Escaped(kind),
        Escaped(name),
        share * 100.0,
        facts.collect::<String>()
    )
}

fn warned(history: &History) -> String {
    let warnings = warnings(history);
    let boxes = warnings.iter().map(|w| {
        let class = if w.rule == Rule::Broken { " bad" } else { "" };
        let evidence = w.evidence.chars().take(1).flat_map(char::to_uppercase).chain(w.evidence.chars().skip(1));
        format!(
            "<div class='warning{class}'><b>{}.</b> {}.<p class=small>{}.</p></div>",
            Escaped(&w.what),
            Escaped(&evidence.collect::<String>()),
            Escaped(&w.advice)
        )
    });
    let heading = if warnings.is_empty() { "" } else { "<h2>What is wrong</h2>" };
    format!("{heading}{}", boxes.collect::<String>())
}

fn pictures(samples: &[Sample]) -> String {
    let Some((last, before)) = samples.split_last() else { return String::new() };
    let figure = |s: &Sample, class: &str| {
        format!(
            "<figure{class}><img alt='samples of step {0}' src='{1}'><figcaption><span>step {0}</span></figcaption></figure>",
            thousands(s.step),
            s.address
        )
    };
    let before = before.iter().map(|s| figure(s, "")).collect::<String>();
    let latest = figure(last, " class=last");
    format!("<h2>Samples, latest first and how they came about</h2>{latest}<div class=samples>{before}</div>")
}

/// Figures that are shown together.
fn group(title: &str, wide: &str, plots: Vec<String>) -> String {
    if plots.is_empty() {
        return String::new();
    }
    format!("<h2>{title}</h2><div class='plots{wide}'>{}</div>", plots.concat())
}

fn curves(history: &History) -> String {
    let end = history.step;
    let validated = |name: &String| history.validation.contains_key(name);
    let figure = |(name, smooth): (&String, &Series)| {
        let mut curves = Vec::new();
        if let Some(raw) = history.raw.get(name) {
            curves.push(Curve { name: "", style: Style::Raw, colour: 0, points: raw });
        }
        let held_out = history.validation.get(name);
        let label = if held_out.is_some() { "training" } else { "" };
        curves.push(Curve { name: label, style: Style::Line, colour: 0, points: smooth });
        if let Some(points) = held_out {
            curves.push(Curve { name: "held out", style: Style::Points, colour: 1, points });
        }
        plot(name, &latest(smooth), &curves, end, None)
    };
    let of = |keep: &dyn Fn(&str) -> bool| {
        history.train.iter().filter(|(name, _)| keep(name)).map(figure).collect::<Vec<_>>()
    };
    let is_loss = |name: &str| name.ends_with("loss");
    let is_norm = |name: &str| name.ends_with("gradient_norm");
    let decisive = history.decisive();
    let validation =
        history.validation.iter().filter(|(name, _)| !(history.train.contains_key(*name) && validated(name)));
    let validation = validation.map(|(name, points)| {
        let best = decisive.filter(|(figure, _)| figure == name).and_then(|_| lowest(points));
        let note = match best {
            Some((step, value)) => {
                format!("{}, best {} at {}", latest(points), shown(value), thousands(step))
            }
            None => latest(points),
        };
        let curve = Curve { name: "", style: Style::Points, colour: 1, points };
        plot(name, &note, &[curve], end, best.map(|(step, _)| step))
    });
    let rates = history.rates.iter().enumerate().map(|(colour, (name, points))| Curve {
        name: if history.rates.len() > 1 { name } else { "" },
        style: Style::Line,
        colour,
        points,
    });
    let rates = rates.collect::<Vec<_>>();
    let rate = if rates.is_empty() { Vec::new() } else { vec![plot("learning rate", "", &rates, end, None)] };
    let validation = group("Validation", "", validation.collect());
    let losses = group("Losses, at single steps and smoothed", " wide", of(&is_loss));
    let others = group("Other figures of training", "", of(&|name| !is_loss(name) && !is_norm(name)));
    let norms = group("Gradients and learning rates", "", [of(&is_norm), rate].concat());
    [losses, validation, others, norms].concat()
}

fn latest(series: &Series) -> String {
    series.last().map_or(String::new(), |(_, value)| format!("now {}", shown(*value)))
}

fn about(history: &History) -> String {
    let Some(session) = history.session() else { return String::new() };
    let mut run = vec![("command".to_owned(), session.command.clone()), ("runs on".into(), session.device.clone())];
    run.extend(flattened(&session.settings));
    let mut data = session.data.clone();
    if let Some(examples) = &session.examples {
        data.insert(0, ("learnt from".into(), format!("{} {}", thousands(examples.count as u64), examples.what)));
    }
    let resumed = history
        .sessions
        .iter()
        .skip(1)
        .map(|(step, s)| ("went on".to_owned(), format!("at step {}: {}", thousands(*step), s.command)));
    run.extend(resumed);
    let mut html = String::from("<div class=two>");
    for (title, rows) in [("What is trained", run), ("What it is trained on", data)] {
        if rows.is_empty() {
            continue;
        }
        let _ = write!(html, "<section><h2>{title}</h2><table>");
        for (name, value) in rows {
            let value = if name == "command" {
                format!("<code>{}</code>", Escaped(&value))
            } else {
                Escaped(&value).to_string()
            };
            let _ = write!(html, "<tr><td>{}</td><td>{value}</td></tr>", Escaped(&name));
        }
        html.push_str("</table></section>");
    }
    html + "</div>"
}
