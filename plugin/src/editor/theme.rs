//! Colours, type and spaces.
//!
//! What the player does is blue, what Oneiro does is amber: in the roll, and so are the controls that shape its voice.
//! The hues are those of Okabe and Ito ("Color Universal Design", 2008), lightened for a dark ground; whatever has a
//! colour has a shape or a word of its own too.

use egui::{
    Color32, Context, CornerRadius, FontData, FontDefinitions, FontFamily, FontId, Shadow, Stroke, TextStyle, Theme,
    Visuals, vec2,
};
use std::sync::Arc;

/// The ground of everything.
pub const GROUND: Color32 = Color32::from_rgb(0x10, 0x13, 0x1a);
/// What lies on the ground.
pub const PANEL: Color32 = Color32::from_rgb(0x17, 0x1b, 0x24);
/// What lies on a panel, or is pointed at.
pub const RAISED: Color32 = Color32::from_rgb(0x22, 0x28, 0x34);
/// Lines between things, and empty tracks.
pub const LINE: Color32 = Color32::from_rgb(0x2c, 0x33, 0x42);
/// What is read first. 15:1 on a panel.
pub const TEXT: Color32 = Color32::from_rgb(0xea, 0xee, 0xf5);
/// What is read second. 7:1 on a panel.
pub const DIM: Color32 = Color32::from_rgb(0xa6, 0xaf, 0xbf);
/// What need not be read. 4.5:1 on a panel.
pub const FAINT: Color32 = Color32::from_rgb(0x82, 0x8c, 0x9e);
/// What the player plays: sky blue.
pub const CALL: Color32 = Color32::from_rgb(0x5c, 0xb8, 0xec);
/// What Oneiro plays: orange.
pub const ANSWER: Color32 = Color32::from_rgb(0xf0, 0xae, 0x3c);
/// What accompanies: bluish green.
pub const BACKING: Color32 = Color32::from_rgb(0x2d, 0xc0, 0x98);
/// What is wrong: vermilion.
pub const WARNING: Color32 = Color32::from_rgb(0xf2, 0x79, 0x3d);
/// Where the keyboard acts: yellow.
pub const FOCUS: Color32 = Color32::from_rgb(0xf4, 0xea, 0x7a);
/// The corners A to D: blue, orange, green, reddish purple.
pub const CORNERS: [Color32; 4] = [CALL, ANSWER, BACKING, Color32::from_rgb(0xdc, 0x93, 0xbd)];

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
    Stroke::new(1.5, FOCUS)
}

/// Sets everything up for a window.
pub fn install(ctx: &Context) {
    ctx.set_fonts(fonts());
    ctx.set_theme(Theme::Dark);
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
    let mut visuals = Visuals::dark();
    visuals.override_text_color = Some(TEXT);
    visuals.panel_fill = GROUND;
    visuals.window_fill = RAISED;
    visuals.window_stroke = Stroke::new(1.0, LINE);
    visuals.window_corner_radius = ROUND;
    visuals.menu_corner_radius = ROUND;
    visuals.extreme_bg_color = GROUND;
    visuals.selection.bg_fill = veil(ANSWER, 0.35);
    visuals.selection.stroke = Stroke::new(1.0, TEXT);
    visuals.popup_shadow = Shadow { offset: [0, 6], blur: 18, spread: 0, color: Color32::from_black_alpha(120) };
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
    visuals.widgets.hovered.weak_bg_fill = LINE;
    visuals.widgets.hovered.bg_stroke = Stroke::NONE;
    visuals.widgets.active.weak_bg_fill = LINE;
    visuals.widgets.active.bg_stroke = focus_line();
    visuals
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Contrast as WCAG 2.2 has it (relative luminance, 1.4.3).
    fn contrast(a: Color32, b: Color32) -> f64 {
        let luminance = |c: Color32| {
            let linear = |v: u8| {
                let v = f64::from(v) / 255.0;
                if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
            };
            0.2126 * linear(c.r()) + 0.7152 * linear(c.g()) + 0.0722 * linear(c.b())
        };
        let (a, b) = (luminance(a) + 0.05, luminance(b) + 0.05);
        a.max(b) / a.min(b)
    }

    #[test]
    fn text_and_marks_stand_out_from_what_lies_under_them() {
        for (text, least) in [(TEXT, 12.0), (DIM, 7.0), (FAINT, 4.5), (WARNING, 4.5)] {
            for under in [GROUND, PANEL] {
                assert!(contrast(text, under) >= least, "{text:?} on {under:?}: {}", contrast(text, under));
            }
            assert!(contrast(text, RAISED) >= least * 0.85, "{text:?} raised: {}", contrast(text, RAISED));
        }
        for mark in [CALL, ANSWER, BACKING, FOCUS, CORNERS[3]] {
            assert!(contrast(mark, PANEL) >= 4.5, "{mark:?}: {}", contrast(mark, PANEL));
        }
    }
}
