//! The whole screen, as a function of the scene and the keyboard.

use super::super::scene::Scene;
use super::keys::Keyboard;
use super::roll::Roll;
use crate::compose::{Mode, Turn};
use crate::controls::CONTROLS;
use crate::seen::Grade;
use crate::time::Beats;
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

/// Columns of the list of controls.
const CONTROL_COLUMNS: u16 = 41;
/// The least width at which it is shown.
const WIDE: u16 = 84;
/// Rows of messages.
const MESSAGE_ROWS: u16 = 3;

const HELP: &str = " z s x d c v g b h n j m …   piano, from C        space   start and stop time
 q 2 w 3 e r 5 t 6 y 7 u …   an octave above      enter   tap the tempo
 PgUp PgDn   octave     - =  velocity             F5      panic: all ends

 Tab, Alt-1 … 6   mode: answer, continue, improvise, morph, vary, harmonise
 Home        again: the same phrase               Ctrl-Z  undo   Ctrl-Y  redo
 End         another phrase in its place          \\       hold: repeat it
 Shift-F1 … F8   lock bars 1 … 8 (Ctrl: 9 … 16)   [ ]     vary less, more
 Alt-A … D   capture a phrase                     Alt and arrows   morph

 ↑ ↓         choose a control                     F6      answers on and off
 ← →         change it (Shift: by ten)            F7      another seed
 F2          learn: moves with the next knob      F8      MIDI thru
             or key of a MIDI device              F9      the next sounds
 F3          forget the knob of this control      F4      record, and end it

 Ctrl-N      the next melody model                Ctrl-P  next phrase model
 Ctrl-U      forget what was learnt (--learn)
 F1          this help                            Esc Esc, Ctrl-C   end";
/// Rows of the help, with its frame.
const HELP_ROWS: u16 = 21;

/// Draws everything.
pub(super) fn draw(frame: &mut Frame<'_>, scene: &Scene, keyboard: &Keyboard) {
    let area = frame.area();
    let rows = [Constraint::Length(3), Constraint::Min(4), Constraint::Length(2), Constraint::Length(MESSAGE_ROWS + 1)];
    let [top, middle, state, messages] = Layout::vertical(rows).areas(area);
    frame.render_widget(Paragraph::new(headline(scene)), top);
    let controls = if area.width >= WIDE { CONTROL_COLUMNS } else { 0 };
    let columns = [Constraint::Min(20), Constraint::Length(controls)];
    let [roll, list] = Layout::horizontal(columns).areas(middle);
    let title = Line::from(vec![
        Span::styled(" you █ ", Style::new().fg(Color::Cyan)),
        Span::styled("answer ▓ ", Style::new().fg(Color::Yellow)),
        Span::styled("coming ░ ", Style::new().fg(Color::Yellow)),
    ]);
    let block = Block::bordered().title(title);
    frame.render_widget(Roll(scene), block.inner(roll));
    frame.render_widget(block, roll);
    if controls > 0 {
        draw_controls(frame, list, scene, keyboard);
    }
    frame.render_widget(Paragraph::new(vec![meters(scene), health(scene)]), state);
    draw_messages(frame, messages, scene, keyboard);
    if keyboard.help {
        draw_help(frame, area);
    }
}

fn headline(scene: &Scene) -> Vec<Line<'static>> {
    let clock = &scene.clock;
    let bar = clock.time_signature.bar_beats();
    let number = (clock.pos_beats / bar).floor();
    let beat = ((clock.pos_beats - bar * number) / clock.time_signature.beat_beats()).floor();
    let strong = Style::new().add_modifier(Modifier::BOLD);
    let run = if clock.playing { "▶" } else { "■" };
    let mut first = vec![
        Span::styled(format!(" Oneiro {run} {:>4}.{} ", number as i64 + 1, beat as i64 + 1), strong),
        Span::raw(format!(" {:.1} bpm {} ", clock.tempo.0, clock.time_signature)),
    ];
    let name = |key: Option<String>| key.unwrap_or_else(|| "–".into());
    first.push(Span::raw(format!(" key {} ", name(scene.key.map(|key| key.to_string())))));
    first.push(Span::styled(
        format!(" chord {} ", name(scene.status.chord.or(scene.chord).map(|c| c.to_string()))),
        strong,
    ));
    if let Some(file) = &scene.recording {
        first.push(Span::styled(format!(" ● {file}"), Style::new().fg(Color::Red)));
    }
    vec![Line::from(first), turn(scene), phrases(scene)]
}

/// The mode and the one to come, whose turn it is for how long, and why the phrase network did not write, if it did not.
fn turn(scene: &Scene) -> Line<'static> {
    let status = &scene.status;
    let mut mode = format!(" {}", status.mode);
    if let Some(next) = status.next_mode {
        mode += &format!(" → {next}");
    }
    let (text, colour) = turn_text(scene);
    let mode = Span::styled(mode, Style::new().add_modifier(Modifier::BOLD));
    let mut spans = vec![mode, Span::styled(format!("  {text}"), Style::new().fg(colour))];
    if let Some(refusal) = &status.refusal {
        spans.push(Span::styled(format!("  {refusal}"), Style::new().fg(Color::Red)));
    }
    Line::from(spans)
}

fn turn_text(scene: &Scene) -> (String, Color) {
    let now = scene.clock.pos_beats;
    let pulses = |from: Beats, to: Beats| {
        let pulse = scene.clock.time_signature.pulse_beats();
        let count = |length: Beats| (length / pulse).round().clamp(0.0, 64.0) as usize;
        let (all, done) = (count(to - from), ((now - from) / pulse).floor().clamp(0.0, 64.0) as usize);
        format!("{}{}", "▮".repeat(done.min(all)), "▯".repeat(all.saturating_sub(done)))
    };
    let direction = &scene.settings.composer().direction;
    let bar = scene.clock.time_signature.bar_beats();
    let calm = |text: &str| (text.to_owned(), Color::Reset);
    match scene.status.turn {
        _ if !direction.answers => calm("is silent (F6)"),
        _ if scene.model.is_none() => calm("no model: nothing is answered"),
        _ if !scene.clock.playing => calm("time stands still (space)"),
        Turn::Waiting => calm(match scene.status.mode {
            Mode::Answer | Mode::Vary => "play: I am listening",
            Mode::Continue => "play and stop: I go on",
            Mode::Improvise => "hold a chord: I play over it",
            Mode::Morph => "capture phrases (Alt-A … D): I play between them",
            Mode::Harmonise => "play: I add a second voice",
        }),
        Turn::Listening { from, until } => (format!("listening {}", pulses(from, until)), Color::Cyan),
        Turn::Playing { until } => {
            let length = bar * f64::from(direction.bars);
            let from = scene.window.filter(|window| window.1 == until).map_or(until - length, |window| window.0);
            (format!("playing {}", pulses(from, until)), Color::Yellow)
        }
    }
}

/// What may be ordered: the place in the history, the captured phrases and the way between them, what is locked and held.
fn phrases(scene: &Scene) -> Line<'static> {
    let (status, direction) = (&scene.status, &scene.settings.composer().direction);
    let corners = ["A", "B", "C", "D"].into_iter().zip(status.captured);
    let corners: Vec<&str> = corners.map(|(name, captured)| if captured { name } else { "·" }).collect();
    let (place, all) = status.history;
    let [x, y] = direction.morph;
    let mut text = format!(" phrase {place}/{all}  captured {}", corners.join(" "));
    text += &format!("  morph {x:.2} {y:.2}  vary {:.2}", direction.vary);
    if let Some(phrases) = scene.learnt {
        text += &format!("  learnt {phrases}");
    }
    if direction.hold {
        text += "  hold";
    }
    if direction.locked != 0 {
        let bars = (0..u16::BITS).filter(|bar| direction.locked >> bar & 1 == 1);
        text += &format!("  locked {}", bars.map(|bar| (bar + 1).to_string()).collect::<Vec<_>>().join(" "));
    }
    Line::from(text)
}

fn draw_controls(frame: &mut Frame<'_>, area: Rect, scene: &Scene, keyboard: &Keyboard) {
    let block = Block::bordered().title(" controls ↑↓ ←→ ");
    let inner = block.inner(area);
    let rows = usize::from(inner.height);
    // The selected one stays in sight.
    let first = keyboard.selected.saturating_sub(rows / 2).min(CONTROLS.len().saturating_sub(rows));
    let line = |(place, spec): (usize, &crate::controls::Spec)| {
        let value = spec.text(scene.settings.get(spec.control));
        let knob = match scene.learning {
            Some(control) if control == spec.control => "move a knob".into(),
            _ => scene.map.text(spec.control).unwrap_or_default(),
        };
        let marker = if place == keyboard.selected { '›' } else { ' ' };
        let text = format!("{marker}{:<15} {value:<10.10} {knob}", spec.name);
        let style =
            if place == keyboard.selected { Style::new().add_modifier(Modifier::REVERSED) } else { Style::new() };
        Line::styled(text, style)
    };
    let lines: Vec<Line<'_>> = CONTROLS.iter().enumerate().skip(first).take(rows).map(line).collect();
    frame.render_widget(Paragraph::new(lines), inner);
    frame.render_widget(block, area);
}

/// Columns of a level.
const LEVEL: usize = 16;

fn meters(scene: &Scene) -> Line<'static> {
    let level = |peak: f32| {
        let db = 20.0 * f64::from(peak.max(1e-6)).log10();
        let filled = ((db + 60.0) / 60.0 * LEVEL as f64).round().clamp(0.0, LEVEL as f64) as usize;
        format!("{}{}", "■".repeat(filled), "·".repeat(LEVEL - filled))
    };
    let [left, right] = scene.peak.map(level);
    let limited = if scene.meters.limiter_gain < 0.98 && scene.meters.limiter_gain > 0.0 { " limiter" } else { "" };
    Line::from(format!(" L {left}  R {right}  {:>2} voices{limited}", scene.meters.voices))
}

fn health(scene: &Scene) -> Line<'static> {
    let losses = &scene.losses;
    let calm = Style::new().fg(Color::DarkGray);
    let alarm = Style::new().fg(Color::Red).add_modifier(Modifier::BOLD);
    let count = |name: &str, n: u64| Span::styled(format!(" {name} {n} "), if n > 0 { alarm } else { calm });
    let (now, worst) = scene.load;
    let load = format!(" sound {:.1} % of its time, at most {:.1} % ", 100.0 * now, 100.0 * worst);
    let mut spans = vec![
        Span::styled(load, if worst > 0.7 { alarm } else { calm }),
        count("late", losses.late_dropped + losses.late_moved),
        count("lost", losses.dropped),
        count("stolen", losses.stolen),
        count("xruns", losses.xruns),
    ];
    if let Some(ms) = scene.answer_ms {
        spans.push(Span::styled(format!(" answer in {ms:.0} ms "), calm));
    }
    Line::from(spans)
}

fn draw_messages(frame: &mut Frame<'_>, area: Rect, scene: &Scene, keyboard: &Keyboard) {
    let newest = scene.messages.len().saturating_sub(usize::from(MESSAGE_ROWS));
    let mut lines: Vec<Line<'_>> = scene
        .messages
        .iter()
        .skip(newest)
        .map(|(grade, text)| {
            let colour = if *grade == Grade::Warning { Color::Red } else { Color::Gray };
            Line::styled(format!(" {text}"), Style::new().fg(colour))
        })
        .collect();
    lines.resize(usize::from(MESSAGE_ROWS), Line::default());
    let Keyboard { octave, velocity, leaving, .. } = keyboard;
    let ports = scene.ports.len();
    lines.push(Line::styled(
        if *leaving {
            " Escape once more ends".to_owned()
        } else {
            format!(
                " F1 help  octave {octave}  velocity {velocity}  {}  {ports} MIDI port{}",
                scene.device.as_deref().unwrap_or("no sound"),
                if ports == 1 { "" } else { "s" },
            )
        },
        Style::new().add_modifier(Modifier::DIM),
    ));
    frame.render_widget(Paragraph::new(lines), area);
}

fn draw_help(frame: &mut Frame<'_>, area: Rect) {
    let (width, height) = (80.min(area.width), HELP_ROWS.min(area.height));
    let place = Rect { x: (area.width - width) / 2, y: (area.height - height) / 2, width, height };
    frame.render_widget(Clear, place);
    frame.render_widget(Paragraph::new(HELP).block(Block::bordered().title(" keys ")), place);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bridge::{ClockReading, Meters, Part};
    use crate::compose::{Refusal, Status};
    use crate::controls::{Control, Knob};
    use crate::music::{Key, Mode as Tonality, Note, PitchClass};
    use crate::play::Binding;
    use crate::seen::Seen;
    use ratatui::Terminal;
    use ratatui::backend::TestBackend;

    /// The middle of an answer to two bars in D minor.
    fn scene() -> Scene {
        let seen = Seen {
            clock: ClockReading { pos_beats: Beats(10.6), playing: true, ..ClockReading::default() },
            meters: Meters { peak: [0.4, 0.3], rms: [0.1, 0.1], limiter_gain: 1.0, voices: 3 },
            peak: [0.4, 0.2],
            status: Status {
                mode: Mode::Vary,
                next_mode: Some(Mode::Morph),
                turn: Turn::Playing { until: Beats(16.0) },
                history: (2, 3),
                captured: [true, true, false, false],
                refused: 1,
                refusal: Some(Refusal::Events { events: 70, most: 64 }),
                ..Status::default()
            },
            key: Some(Key { tonic: PitchClass::of(2), mode: Tonality::Minor }),
            answer_ms: Some(7.4),
            ..Seen::default()
        };
        let mut scene = Scene {
            seen,
            load: (0.021, 0.048),
            device: Some("Studio 4i4".into()),
            ports: vec!["Piano".into()],
            model: Some("melody-rnn".into()),
            recording: Some("evening.oneiro-session".into()),
            ..Scene::default()
        };
        let call = [
            (0.0, 1.0, 62),
            (1.0, 0.5, 64),
            (1.5, 0.5, 65),
            (2.0, 2.0, 69),
            (4.0, 1.0, 67),
            (5.0, 1.0, 65),
            (6.0, 2.0, 62),
        ];
        for (from, length, pitch) in call {
            scene.note_on(Part::Call, pitch, Beats(from));
            scene.note_off(Part::Call, pitch, Beats(from + length));
        }
        for (from, length, pitch) in [(8.0, 1.0, 69), (9.0, 0.5, 70), (9.5, 0.5, 69)] {
            scene.note_on(Part::Answer, pitch, Beats(from));
            scene.note_off(Part::Answer, pitch, Beats(from + length));
        }
        scene.note_on(Part::Answer, 65, Beats(10.0));
        for pitch in [50, 53, 57] {
            scene.note_on(Part::Call, pitch, Beats(8.5));
        }
        let coming = [(11.0, 1.0, 64), (12.0, 1.5, 65), (13.5, 0.5, 64), (14.0, 2.0, 62)];
        scene.coming =
            coming.map(|(o, d, pitch)| Note { onset: Beats(o), duration: Beats(d), pitch, velocity: 80 }).to_vec();
        let named = |name: &str| Control::by_name(name).unwrap();
        for (name, value) in [("temperature", 0.8), ("morph-x", 0.5), ("lock-2", 1.0), ("hold", 1.0)] {
            scene.settings.set(named(name), value);
        }
        scene.settings.set(Control::MODE, 3.0);
        scene.map.bind(Binding { channel: 0, knob: Knob::Controller(74), control: named("temperature") });
        scene.map.bind(Binding { channel: 0, knob: Knob::Note(36), control: Control::ANOTHER });
        scene.learning = Some(Control::CAPTURE_C);
        scene.tell(Grade::Note, "sound: Studio 4i4".into());
        scene.tell(Grade::Note, "MIDI: Piano".into());
        scene
    }

    fn drawn(scene: &Scene, keyboard: &Keyboard, (width, height): (u16, u16)) -> String {
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(frame, scene, keyboard)).unwrap();
        let buffer = terminal.backend().buffer();
        let rows = buffer.content().chunks(usize::from(width));
        let line = |row: &[ratatui::buffer::Cell]| row.iter().map(|cell| cell.symbol()).collect::<String>();
        rows.map(|row| format!("{}\n", line(row).trim_end())).collect()
    }

    /// What the documentation shows is what is drawn. `ONEIRO_WRITE_DOCS=1` writes it anew.
    #[test]
    fn the_picture_in_the_documentation_is_the_screen() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/play.txt");
        let text = drawn(&scene(), &Keyboard::default(), (120, 34));
        if std::env::var_os("ONEIRO_WRITE_DOCS").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        assert_eq!(text, std::fs::read_to_string(path).unwrap());
    }

    #[test]
    fn a_small_terminal_and_the_help() {
        insta::assert_snapshot!("small", drawn(&scene(), &Keyboard::default(), (60, 16)));
        let mut help = Keyboard::default();
        help.help = true;
        insta::assert_snapshot!("help", drawn(&Scene::default(), &help, (90, 24)));
    }

    #[test]
    fn no_size_and_no_state_is_too_odd_to_draw() {
        let mut odd = scene();
        odd.clock.pos_beats = Beats(-1e9);
        odd.peak = [f32::NAN, f32::INFINITY];
        for size in [(1, 1), (3, 40), (200, 2), (9, 9), (84, 5)] {
            for helps in [false, true] {
                let mut keyboard = Keyboard::default();
                (keyboard.help, keyboard.selected) = (helps, CONTROLS.len() - 1);
                drawn(&odd, &keyboard, size);
                drawn(&Scene::default(), &keyboard, size);
            }
        }
    }
}
