//! Colours, type and spaces.
//!
//! What the player does is blue, what Oneiro does is amber: in the roll, and so are the controls that shape its voice.
//! The hues are those of Okabe and Ito ("Color Universal Design", 2008), lightened for a dark ground and darkened for a
//! light one; whatever has a colour has a shape or a word of its own too.

use egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Shadow, Stroke, TextStyle, Theme,
    Visuals, vec2,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The colours of a theme.
#[derive(Debug)]
pub struct Ink {
    /// The ground of everything.
    pub ground: Color32,
    /// What lies on the ground.
    pub panel: Color32,
    /// What lies on a panel, or is pointed at.
    pub raised: Color32,
    /// Lines between things, and empty tracks.
    pub line: Color32,
    /// What is read first. 15:1 on a panel.
    pub text: Color32,
    /// What is read second. 7:1 on a panel.
    pub dim: Color32,
    /// What need not be read. 4.5:1 on a panel.
    pub faint: Color32,
    /// What the player plays: blue.
    pub call: Color32,
    /// What Oneiro plays: orange.
    pub answer: Color32,
    /// What accompanies: bluish green.
    pub backing: Color32,
    /// What is wrong: vermilion.
    pub warning: Color32,
    /// Where the keyboard acts.
    pub focus: Color32,
    /// The corners A to D: blue, orange, green, reddish purple.
    pub corners: [Color32; 4],
    /// Keys of the octave: white and of the scale, white and not, black and of the scale, black and not.
    pub keys: [Color32; 4],
    /// What is drawn on white keys of the scale, and on black ones.
    pub on_keys: [Color32; 2],
    /// What popups throw.
    shadow: Color32,
}

const fn rgb(code: u32) -> Color32 {
    Color32::from_rgb((code >> 16) as u8, (code >> 8) as u8, code as u8)
}

static DARK: Ink = {
    let (ground, text) = (rgb(0x10_13_1a), rgb(0xea_ee_f5));
    let (call, answer, backing) = (rgb(0x5c_b8_ec), rgb(0xf0_ae_3c), rgb(0x25_ab_86));
    Ink {
        ground,
        panel: rgb(0x17_1b_24),
        raised: rgb(0x22_28_34),
        line: rgb(0x2c_33_42),
        text,
        dim: rgb(0xa6_af_bf),
        faint: rgb(0x82_8c_9e),
        call,
        answer,
        backing,
        warning: rgb(0xf2_79_3d),
        focus: rgb(0xf4_ea_7a),
        corners: [call, answer, backing, rgb(0xdc_93_bd)],
        keys: [rgb(0xb9_c1_cf), rgb(0x22_28_34), rgb(0x4a_54_66), ground],
        on_keys: [ground, text],
        shadow: Color32::from_black_alpha(120),
    }
};

static LIGHT: Ink = {
    let (ground, text) = (rgb(0xf4_f5_f8), rgb(0x16_1b_26));
    let (call, answer, backing) = (rgb(0x00_68_a8), rgb(0x9a_5a_00), rgb(0x00_5f_40));
    Ink {
        ground,
        panel: rgb(0xff_ff_ff),
        raised: rgb(0xe6_e9_ef),
        line: rgb(0xcf_d5_df),
        text,
        dim: rgb(0x44_4d_5c),
        faint: rgb(0x62_6b_7b),
        call,
        answer,
        backing,
        warning: rgb(0xb5_43_0c),
        focus: rgb(0x5b_3f_d6),
        corners: [call, answer, backing, rgb(0xa3_45_7d)],
        keys: [rgb(0xff_ff_ff), rgb(0xdd_e1_e8), rgb(0x3a_42_52), rgb(0xae_b5_c1)],
        on_keys: [text, ground],
        shadow: Color32::from_black_alpha(50),
    }
};

/// Whether the ground is light: of all windows, since it is the player's wish and not a project's.
static IS_LIGHT: AtomicBool = AtomicBool::new(false);

/// Whether the ground is light.
pub fn is_light() -> bool {
    IS_LIGHT.load(Ordering::Relaxed)
}

/// Chooses a light ground or a dark one, for every window; see [`install`].
pub fn set_light(light: bool) {
    IS_LIGHT.store(light, Ordering::Relaxed);
}

/// The colours in force.
pub fn ink() -> &'static Ink {
    if is_light() { &LIGHT } else { &DARK }
}

/// How round panels are.
pub const ROUND: CornerRadius = CornerRadius::same(7);
/// How round small things are.
pub const SLIGHTLY_ROUND: CornerRadius = CornerRadius::same(4);

/// The name of the bolder face.
const STRONG: &str = "strong";

/// The usual face.
pub fn font(size: f32) -> FontId {
    FontId::proportional(size)
}

/// The bolder face.
pub fn strong(size: f32) -> FontId {
    FontId::new(size, FontFamily::Name(STRONG.into()))
}

/// A colour with a share of its opacity, 0 to 1.
pub fn veil(colour: Color32, share: f32) -> Color32 {
    colour.gamma_multiply(share)
}

/// The line around what the keyboard acts on.
pub fn focus_line() -> Stroke {
    Stroke::new(1.5, ink().focus)
}

/// Sets everything up for a window.
pub fn install(ctx: &Context) {
    ctx.set_fonts(fonts());
    ctx.set_theme(Theme::Dark);
    put_on(ctx);
}

/// Gives a window the colours in force.
pub fn put_on(ctx: &Context) {
    ctx.all_styles_mut(|style| {
        style.text_styles = [
            (TextStyle::Small, font(10.5)),
            (TextStyle::Body, font(12.5)),
            (TextStyle::Button, font(12.5)),
            (TextStyle::Heading, strong(15.0)),
            (TextStyle::Monospace, font(12.5)),
        ]
        .into();
        style.visuals = visuals();
        style.animation_time = 0.12;
        style.spacing.item_spacing = vec2(6.0, 4.0);
        style.spacing.button_padding = vec2(8.0, 4.0);
        style.spacing.tooltip_width = 260.0;
        style.interaction.tooltip_delay = 0.5;
        style.interaction.selectable_labels = false;
    });
}

fn fonts() -> FontDefinitions {
    let mut fonts = FontDefinitions::empty();
    let faces = [
        ("text", &include_bytes!("../../assets/fonts/Inter-Regular.otf")[..]),
        (STRONG, &include_bytes!("../../assets/fonts/Inter-SemiBold.otf")[..]),
    ];
    for (name, bytes) in faces {
        fonts.font_data.insert(name.to_owned(), Arc::new(FontData::from_static(bytes)));
    }
    let text = vec!["text".to_owned()];
    fonts.families.insert(FontFamily::Proportional, text.clone());
    fonts.families.insert(FontFamily::Monospace, text);
    fonts.families.insert(FontFamily::Name(STRONG.into()), vec![STRONG.to_owned(), "text".to_owned()]);
    fonts
}

fn visuals() -> Visuals {
    let mut visuals = if is_light() { Visuals::light() } else { Visuals::dark() };
    visuals.override_text_color = Some(ink().text);
    visuals.panel_fill = ink().ground;
    visuals.window_fill = ink().raised;
    visuals.window_stroke = Stroke::new(1.0, ink().line);
    visuals.window_corner_radius = ROUND;
    visuals.menu_corner_radius = ROUND;
    visuals.extreme_bg_color = ink().ground;
    visuals.selection.bg_fill = veil(ink().answer, 0.35);
    visuals.selection.stroke = Stroke::new(1.0, ink().text);
    visuals.popup_shadow = Shadow { offset: [0, 6], blur: 18, spread: 0, color: ink().shadow };
    for widget in [
        &mut visuals.widgets.noninteractive,
        &mut visuals.widgets.inactive,
        &mut visuals.widgets.hovered,
        &mut visuals.widgets.active,
        &mut visuals.widgets.open,
    ] {
        widget.corner_radius = SLIGHTLY_ROUND;
        widget.expansion = 0.0;
    }
    visuals.widgets.inactive.weak_bg_fill = Color32::TRANSPARENT;
    visuals.widgets.hovered.weak_bg_fill = ink().line;
    visuals.widgets.hovered.bg_stroke = Stroke::NONE;
    visuals.widgets.active.weak_bg_fill = ink().line;
    visuals.widgets.active.bg_stroke = focus_line();
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Red, green and blue as light, 0 to 1.
    fn light(c: Color32) -> [f64; 3] {
        [c.r(), c.g(), c.b()].map(|v| {
            let v = f64::from(v) / 255.0;
            if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        })
    }

    fn times(matrix: [[f64; 3]; 3], v: [f64; 3]) -> [f64; 3] {
        matrix.map(|row| row.iter().zip(v).map(|(m, v)| m * v).sum())
    }

    /// Contrast as WCAG 2.2 has it (relative luminance, 1.4.3).
    fn contrast(a: Color32, b: Color32) -> f64 {
        let luminance = |c| light(c).iter().zip([0.2126, 0.7152, 0.0722]).map(|(v, share)| v * share).sum::<f64>();
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        a.max(b) / a.min(b)
    }

    /// CIE L*a*b* (1976) of a light, D65.
    fn lab(rgb: [f64; 3]) -> [f64; 3] {
        let xyz = times(
            [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]],
            rgb.map(|v| v.clamp(0.0, 1.0)),
        );
        let f = |t: f64| if t > 0.008856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
        let [x, y, z] = [f(xyz[0] / 0.9505), f(xyz[1]), f(xyz[2] / 1.089)];
        [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
    }

    /// What a viewer sees who lacks one kind of cones (Machado, Oliveira, Fernandes 2009, table 1, severity 1), and what
    /// everybody else sees.
    const EYES: [(&str, [[f64; 3]; 3]); 4] = [
        ("all", [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]),
        ("no red", [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]),
        (
            "no green",
            [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
        ),
        (
            "no blue",
            [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
        ),
    ];

    #[test]
    fn text_and_marks_stand_out_from_what_lies_under_them() {
        for ink in [&DARK, &LIGHT] {
            for (text, least) in [(ink.text, 12.0), (ink.dim, 7.0), (ink.faint, 4.5), (ink.warning, 4.5)] {
                for under in [ink.ground, ink.panel] {
                    assert!(contrast(text, under) >= least, "{text:?} on {under:?}: {}", contrast(text, under));
                }
                assert!(contrast(text, ink.raised) >= least * 0.85, "{text:?} raised: {}", contrast(text, ink.raised));
            }
            for mark in [ink.call, ink.answer, ink.backing, ink.focus, ink.corners[3]] {
                assert!(contrast(mark, ink.panel) >= 4.5, "{mark:?}: {}", contrast(mark, ink.panel));
            }
            for (mark, key) in [(ink.on_keys[0], ink.keys[0]), (ink.on_keys[1], ink.keys[2])] {
                assert!(contrast(mark, key) >= 4.5, "{mark:?} on {key:?}: {}", contrast(mark, key));
            }
        }
    }

    #[test]
    fn what_is_played_by_whom_is_told_apart_by_all_eyes() {
        for ink in [&DARK, &LIGHT] {
            for (eyes, matrix) in EYES {
                let seen = [ink.call, ink.answer, ink.backing].map(|colour| lab(times(matrix, light(colour))));
                for (one, other) in [(0, 1), (0, 2), (1, 2)] {
                    let distance = seen[one].iter().zip(seen[other]).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt();
                    // A just noticeable difference is about 2.3 (Mahy and others 1994).
                    assert!(distance > 12.0, "{eyes}: {one} and {other} differ by {distance:.1}: {ink:?}");
                }
            }
        }
    }
}
