//! What a scene can turn: one table with names, ranges and usual values. The shaders' uniform block is made from it.

/// A dial: a number of a scene.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Dial {
    /// Its name in scene files.
    pub name: &'static str,
    /// Least and greatest value.
    pub range: (f32, f32),
    /// Its value where a scene says nothing.
    pub usual: f32,
    /// Names of its values where they are kinds of something.
    pub names: &'static [&'static str],
}

/// The range of what is counted in turns, and may go round for ever.
const TURNS: (f32, f32) = (-0.5, 0.5);

const FOLDS: &[&str] = &["none", "mirror", "kaleidoscope", "tiles", "tunnel", "globe", "whirl", "crystal"];
const MEDIA: &[&str] = &["paint", "glass", "print", "metal", "threads", "ink", "sparks", "blinds"];
const BLENDS: &[&str] = &["mix", "screen", "multiply", "difference", "lighten", "within"];
const TRAILS: &[&str] = &["mix", "lighten", "through", "difference"];

macro_rules! dials {
    ($($(#[$doc:meta])* $id:ident $field:ident $name:literal $low:literal ..= $high:literal, $usual:literal $(, $names:expr)?;)*) => {
        #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
        #[repr(usize)]
        enum Places { $($id),* }

        /// Every dial.
        pub const DIALS: &[Dial] = &[$(Dial {
            name: $name, range: ($low, $high), usual: $usual, names: { let names: &[&str] = &[]; $(let names = { let _ = names; $names };)? names },
        },)*];

        $($(#[$doc])* pub const $id: usize = Places::$id as usize;)*

        /// The same as fields of a struct in WGSL.
        pub(super) const FIELDS: &[&str] = &[$(stringify!($field)),*];
    };
}

dials! {
    /// How close the pictures are.
    ZOOM zoom "zoom" 0.2 ..= 8.0, 1.04;
    /// How far they are turned, in turns.
    TURN turn "turn" -0.5 ..= 0.5, 0.0;
    /// Shift to the right, in pictures.
    PAN_X pan_x "pan-x" -8.0 ..= 8.0, 0.0;
    /// Shift downwards.
    PAN_Y pan_y "pan-y" -8.0 ..= 8.0, 0.0;
    /// How much of what does not fit is squeezed in rather than cut off.
    STRETCH stretch "stretch" 0.0 ..= 1.0, 0.35;
    /// How the plane is folded.
    FOLD fold "fold" 0.0 ..= 7.0, 0.0, FOLDS;
    /// Into how many parts.
    FOLD_COUNT fold_count "fold-count" 1.0 ..= 24.0, 6.0;
    /// How far the fold is turned, in turns.
    FOLD_TURN fold_turn "fold-turn" -0.5 ..= 0.5, 0.0;
    /// How large its parts are.
    FOLD_REACH fold_reach "fold-reach" 0.1 ..= 4.0, 1.0;
    /// How far places wander, in heights of the screen.
    WARP warp "warp" 0.0 ..= 2.0, 0.0;
    /// Waves to a height of the screen.
    WARP_SIZE warp_size "warp-size" 0.2 ..= 20.0, 2.0;
    /// How far the second picture's forms push the first one's.
    CROSS cross "cross" 0.0 ..= 1.0, 0.0;
    /// Share of the second picture.
    BLEND blend "blend" 0.0 ..= 1.0, 0.0;
    /// How it lies over the first.
    BLEND_MODE blend_mode "blend-mode" 0.0 ..= 5.0, 0.0, BLENDS;
    /// How much of the second picture is seen: above 1, more, and smaller.
    SECOND_ZOOM second_zoom "second-zoom" 0.2 ..= 4.0, 1.0;
    /// What it is drawn with.
    MEDIUM medium "medium" 0.0 ..= 7.0, 0.0, MEDIA;
    /// How fine that is: cells, dots or lines to a height of the screen.
    MEDIUM_SIZE medium_size "medium-size" 2.0 ..= 240.0, 40.0;
    /// How strong it is.
    MEDIUM_DEPTH medium_depth "medium-depth" 0.0 ..= 3.0, 1.0;
    /// How far it is turned, in turns.
    MEDIUM_TURN medium_turn "medium-turn" -0.5 ..= 0.5, 0.0;
    /// How much strokes of a brush show.
    BRUSH brush "brush" 0.0 ..= 3.0, 0.6;
    /// How large they are.
    BRUSH_SIZE brush_size "brush-size" 0.3 ..= 4.0, 1.0;
    /// How much they stand out.
    BRUSH_RELIEF brush_relief "brush-relief" 0.0 ..= 4.0, 0.7;
    /// Light.
    EXPOSURE exposure "exposure" 0.05 ..= 6.0, 1.0;
    /// Contrast.
    CONTRAST contrast "contrast" 0.0 ..= 1.0, 0.35;
    /// How deep shadows are.
    DEPTH depth "depth" 0.0 ..= 2.0, 0.0;
    /// Strength of colours.
    CHROMA chroma "chroma" 0.0 ..= 3.0, 1.2;
    /// Turn of all hues, in turns.
    HUE hue "hue" -0.5 ..= 0.5, 0.0;
    /// How much colours come from the palette.
    PALETTE palette "palette" 0.0 ..= 1.0, 0.0;
    /// How far the palette has run on, in palettes.
    PALETTE_TURN palette_turn "palette-turn" -0.5 ..= 0.5, 0.0;
    /// How often it is gone through from dark to light.
    PALETTE_BANDS palette_bands "palette-bands" 0.5 ..= 12.0, 1.0;
    /// Time constant in which what was shown fades, in seconds.
    TRAIL trail "trail" 0.0 ..= 6.0, 0.0;
    /// How it lies under the new picture.
    TRAIL_MODE trail_mode "trail-mode" 0.0 ..= 3.0, 0.0, TRAILS;
    /// How fast it comes nearer, in e-folds a second.
    TRAIL_ZOOM trail_zoom "trail-zoom" -3.0 ..= 3.0, 0.0;
    /// How fast it turns, in turns a second.
    TRAIL_TURN trail_turn "trail-turn" -1.0 ..= 1.0, 0.0;
    /// How fast it drifts to the right, in heights of the screen a second.
    TRAIL_X trail_x "trail-x" -1.0 ..= 1.0, 0.0;
    /// And downwards.
    TRAIL_Y trail_y "trail-y" -1.0 ..= 1.0, 0.0;
    /// How fast its hues turn, in turns a second.
    TRAIL_HUE trail_hue "trail-hue" -2.0 ..= 2.0, 0.0;
    /// How fast it dissolves in waves, in heights of the screen a second.
    TRAIL_WARP trail_warp "trail-warp" 0.0 ..= 2.0, 0.0;
    /// Light around what is bright.
    GLOW glow "glow" 0.0 ..= 3.0, 0.35;
    /// What counts as bright.
    GLOW_LEVEL glow_level "glow-level" 0.02 ..= 2.0, 0.45;
    /// How far colours come apart towards the edges.
    SPLIT split "split" 0.0 ..= 2.0, 0.0;
    /// How much small contrasts are raised.
    CLARITY clarity "clarity" 0.0 ..= 2.0, 0.25;
    /// Contours in the last colour of the palette.
    EDGES edges "edges" 0.0 ..= 1.0, 0.0;
    /// Steps of tone; below 2 there are none.
    POSTERIZE posterize "posterize" 0.0 ..= 16.0, 0.0;
    /// How much darker the corners are.
    VIGNETTE vignette "vignette" 0.0 ..= 1.0, 0.35;
    /// Grain.
    GRAIN grain "grain" 0.0 ..= 0.3, 0.022;
    /// How fast what flows flows, in units a quarter note.
    FLOW flow "flow" 0.0 ..= 2.0, 0.12;
    /// How fast a tunnel is travelled, in its depths a quarter note.
    TRAVEL travel "travel" -2.0 ..= 2.0, 0.0;
    /// Flash of white that a strobe gives on the beat; the guard has the last word.
    STROBE strobe "strobe" 0.0 ..= 1.0, 0.0;
}

impl Dial {
    /// The dial of that name, as its place.
    pub fn by_name(name: &str) -> Option<usize> {
        DIALS.iter().position(|dial| dial.name == name)
    }

    /// The nearest value that it may have; its usual one for what is no number. Turns have no end.
    pub fn allow(&self, value: f32) -> f32 {
        if !value.is_finite() {
            self.usual
        } else if self.range == TURNS {
            value - value.round()
        } else {
            value.clamp(self.range.0, self.range.1)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        for (i, dial) in DIALS.iter().enumerate() {
            assert_eq!(Dial::by_name(dial.name), Some(i), "{} is there twice", dial.name);
            assert_eq!(dial.allow(dial.usual), dial.usual, "{}", dial.name);
            assert_eq!(dial.name.replace('-', "_"), FIELDS[i]);
            if !dial.names.is_empty() {
                assert_eq!(dial.range, (0.0, dial.names.len() as f32 - 1.0), "{}", dial.name);
            }
        }
        assert_eq!(DIALS[STROBE].name, "strobe");
    }
}
