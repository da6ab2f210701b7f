//! Colours that go together. All mixing is done in OKLab (Björn Ottosson, 2020), where equal steps look equal.

use super::dice::Dice;

/// OKLab: lightness 0 to 1, green–red, blue–yellow.
pub(super) type Lab = [f32; 3];

/// A colour from lightness, chroma and hue in degrees; chroma gives way until the screen can show it.
pub(super) fn lch(l: f32, c: f32, hue: f32) -> Lab {
    let (sin, cos) = hue.to_radians().sin_cos();
    let mut chroma = c;
    loop {
        let lab = [l, chroma * cos, chroma * sin];
        if chroma < 0.005 || to_linear(lab).iter().all(|v| (-0.002..=1.002).contains(v)) {
            return lab;
        }
        chroma *= 0.94;
    }
}

/// As `lch`, but greens between leaf and lime, which no old pigment reaches, are muted.
fn mineral(l: f32, c: f32, hue: f32) -> Lab {
    let off = (hue - 132.0 + 180.0).rem_euclid(360.0) - 180.0;
    lch(l, c * (1.0 - 0.5 * (-(off / 24.0).powi(2)).exp()), hue)
}

pub(super) fn mix(a: Lab, b: Lab, t: f32) -> Lab {
    [a[0] + t * (b[0] - a[0]), a[1] + t * (b[1] - a[1]), a[2] + t * (b[2] - a[2])]
}

/// The same colour, lighter by `amount` (darker if negative).
pub(super) fn lighter(lab: Lab, amount: f32) -> Lab {
    [(lab[0] + amount).clamp(0.02, 0.99), lab[1], lab[2]]
}

/// OKLab to linear sRGB.
pub(super) fn to_linear([l, a, b]: Lab) -> [f32; 3] {
    let cube = |v: f32| v * v * v;
    let long = cube(l + 0.396_337_78 * a + 0.215_803_76 * b);
    let medium = cube(l - 0.105_561_346 * a - 0.063_854_17 * b);
    let short = cube(l - 0.089_484_18 * a - 1.291_485_5 * b);
    [
        4.076_741_7 * long - 3.307_711_6 * medium + 0.230_969_94 * short,
        -1.268_438 * long + 2.609_757_4 * medium - 0.341_319_4 * short,
        -0.004_196_086_3 * long - 0.703_418_6 * medium + 1.707_614_7 * short,
    ]
}

/// Linear light to the 8-bit value of sRGB (IEC 61966-2-1).
pub(super) fn to_srgb(linear: f32) -> u8 {
    let v = linear.clamp(0.0, 1.0);
    let encoded = if v <= 0.003_130_8 { 12.92 * v } else { 1.055 * v.powf(1.0 / 2.4) - 0.055 };
    (encoded * 255.0 + 0.5) as u8
}

/// What a picture is painted with.
#[derive(Debug, Clone)]
pub(super) struct Palette {
    /// The primed canvas.
    pub ground: Lab,
    /// Four to seven colours, the leading one first.
    pub inks: Vec<Lab>,
    /// A colour that stands against all of them; to be used little.
    pub accent: Lab,
    /// Nearly black or nearly white, whichever the ground is not.
    pub line: Lab,
}

/// Recipes of (lightness, chroma, hue): ground, accent, then the inks.
const RECIPES: &[&[[f32; 3]]] = &[
    // Bauhaus: primaries on cream
    &[
        [0.93, 0.03, 90.0],
        [0.25, 0.01, 60.0],
        [0.58, 0.21, 28.0],
        [0.83, 0.16, 88.0],
        [0.45, 0.14, 258.0],
        [0.27, 0.02, 260.0],
    ],
    // Earth and one sky
    &[
        [0.84, 0.05, 80.0],
        [0.66, 0.09, 235.0],
        [0.47, 0.09, 50.0],
        [0.62, 0.11, 65.0],
        [0.34, 0.06, 40.0],
        [0.74, 0.09, 85.0],
    ],
    // Plum, rose, gold
    &[
        [0.30, 0.07, 350.0],
        [0.86, 0.13, 90.0],
        [0.45, 0.13, 355.0],
        [0.62, 0.16, 10.0],
        [0.76, 0.10, 25.0],
        [0.38, 0.10, 310.0],
    ],
    // Sea glass
    &[
        [0.90, 0.03, 190.0],
        [0.68, 0.17, 40.0],
        [0.58, 0.09, 200.0],
        [0.74, 0.08, 180.0],
        [0.42, 0.09, 235.0],
        [0.85, 0.05, 140.0],
    ],
    // Ember on black
    &[
        [0.17, 0.02, 30.0],
        [0.72, 0.09, 210.0],
        [0.55, 0.20, 30.0],
        [0.68, 0.18, 50.0],
        [0.36, 0.13, 25.0],
        [0.82, 0.15, 80.0],
    ],
    // Indigo and ochre
    &[
        [0.88, 0.04, 85.0],
        [0.60, 0.19, 32.0],
        [0.32, 0.10, 270.0],
        [0.70, 0.13, 78.0],
        [0.50, 0.10, 262.0],
        [0.80, 0.08, 88.0],
    ],
    // North: fog, slate, moss
    &[
        [0.82, 0.015, 230.0],
        [0.70, 0.14, 60.0],
        [0.52, 0.03, 235.0],
        [0.66, 0.03, 215.0],
        [0.45, 0.05, 150.0],
        [0.34, 0.03, 250.0],
    ],
    // Garden
    &[
        [0.92, 0.05, 110.0],
        [0.63, 0.20, 5.0],
        [0.55, 0.13, 145.0],
        [0.72, 0.15, 130.0],
        [0.42, 0.09, 165.0],
        [0.85, 0.14, 100.0],
    ],
    // Fauve
    &[
        [0.80, 0.12, 80.0],
        [0.42, 0.17, 275.0],
        [0.64, 0.21, 35.0],
        [0.62, 0.17, 150.0],
        [0.60, 0.20, 350.0],
        [0.72, 0.12, 225.0],
    ],
    // Ink and vermilion on paper
    &[
        [0.91, 0.025, 85.0],
        [0.60, 0.21, 33.0],
        [0.22, 0.015, 260.0],
        [0.42, 0.015, 250.0],
        [0.62, 0.015, 240.0],
        [0.31, 0.02, 270.0],
    ],
    // Night: cobalt and violet with moonlight
    &[
        [0.19, 0.06, 275.0],
        [0.90, 0.09, 95.0],
        [0.35, 0.13, 270.0],
        [0.46, 0.15, 290.0],
        [0.28, 0.08, 250.0],
        [0.62, 0.11, 245.0],
    ],
    // Fresco: chalky terracotta, verdigris
    &[
        [0.87, 0.03, 70.0],
        [0.40, 0.07, 255.0],
        [0.64, 0.11, 42.0],
        [0.72, 0.06, 165.0],
        [0.78, 0.07, 60.0],
        [0.55, 0.06, 190.0],
    ],
];

impl Palette {
    /// Half of all palettes vary a recipe, half are built on a harmony of hues.
    pub(super) fn new(dice: &mut Dice) -> Self {
        let (ground, accent, mut inks) =
            if dice.chance(0.5) { Self::from_recipe(dice) } else { Self::from_harmony(dice) };
        if dice.chance(0.5) {
            let extra = mix(inks[0], inks[1], 0.5);
            inks.push(lighter(extra, dice.range(-0.1, 0.1)));
        }
        if dice.chance(0.4) {
            inks.push(lch(if ground[0] > 0.5 { 0.95 } else { 0.92 }, 0.02, dice.range(40.0, 110.0)));
        }
        let line = if ground[0] > 0.5 { lch(0.2, 0.02, dice.range(0.0, 360.0)) } else { lch(0.94, 0.02, 90.0) };
        Self { ground, inks, accent, line }
    }

    fn from_recipe(dice: &mut Dice) -> (Lab, Lab, Vec<Lab>) {
        let recipe = dice.pick(RECIPES);
        let turn = if dice.chance(0.18) { dice.range(-180.0, 180.0) } else { 9.0 * dice.bell() };
        let (fade, lift) = (dice.range(0.75, 1.1), 0.03 * dice.bell());
        let mut colours = recipe.iter().map(|&[l, c, h]| {
            mineral((l + lift + 0.02 * dice.bell()).clamp(0.12, 0.96), c * fade, h + turn + 5.0 * dice.bell())
        });
        let (ground, accent) = (colours.next().unwrap_or([0.9, 0.0, 0.0]), colours.next().unwrap_or([0.2, 0.0, 0.0]));
        (ground, accent, colours.collect())
    }

    fn from_harmony(dice: &mut Dice) -> (Lab, Lab, Vec<Lab>) {
        let base = dice.range(0.0, 360.0);
        let steps: &[f32] = dice.pick(&[
            &[0.0, 22.0, -24.0, 40.0][..],
            &[0.0, 180.0, 14.0, 194.0],
            &[0.0, 150.0, 210.0, 12.0],
            &[0.0, 120.0, 240.0, 10.0],
            &[0.0, 8.0, -8.0, 180.0],
            &[0.0, 60.0, 180.0, 240.0],
        ]);
        let rich = dice.range(0.05, 0.17);
        let (dark, light) = (dice.range(0.22, 0.42), dice.range(0.72, 0.88));
        let count = dice.count(4, 6);
        let mut inks: Vec<Lab> = (0..count)
            .map(|n| {
                let part = n as f32 / (count - 1) as f32;
                let l = dark + (light - dark) * part + 0.04 * dice.bell();
                let hue = base + steps[n % steps.len()] + 6.0 * dice.bell();
                mineral(l, rich * dice.range(0.55, 1.25), hue)
            })
            .collect();
        dice.shuffle(&mut inks);
        let ground = match dice.count(0, 3) {
            0 => lch(dice.range(0.14, 0.26), rich * 0.4, base + dice.range(-30.0, 30.0)),
            1 => lch(dice.range(0.45, 0.7), rich * 0.5, base + dice.range(-30.0, 30.0)),
            _ => lch(dice.range(0.84, 0.94), rich * 0.25, base + dice.range(-60.0, 60.0)),
        };
        let accent = mineral(dice.range(0.58, 0.8), 0.2, base + steps[1] + 180.0 + dice.range(-25.0, 25.0));
        (ground, accent, inks)
    }

    /// One of the inks, the leading ones more often.
    pub(super) fn ink(&self, dice: &mut Dice) -> Lab {
        let at = dice.small(0.0, self.inks.len() as f32) as usize;
        self.inks[at.min(self.inks.len() - 1)]
    }

    /// The inks as one band: `t` of 0 to 1 runs through all of them, blending.
    pub(super) fn along(&self, t: f32) -> Lab {
        let place = t.clamp(0.0, 1.0) * (self.inks.len() - 1) as f32;
        let at = (place as usize).min(self.inks.len() - 2);
        mix(self.inks[at], self.inks[at + 1], place - at as f32)
    }

    /// The inks from dark to light.
    pub(super) fn by_light(&self) -> Self {
        let mut sorted = self.clone();
        sorted.inks.sort_by(|a, b| a[0].total_cmp(&b[0]));
        sorted
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oklab_meets_srgb_in_known_places() {
        // Ottosson's table: red is L 0.62796, C 0.25768, h 29.23°.
        let red = to_linear([0.627_96, 0.257_68 * 29.23f32.to_radians().cos(), 0.257_68 * 29.23f32.to_radians().sin()]);
        assert_eq!(red.map(to_srgb), [255, 0, 0]);
        assert_eq!(to_linear([1.0, 0.0, 0.0]).map(to_srgb), [255, 255, 255]);
        assert_eq!(to_linear([0.5, 0.0, 0.0]).map(to_srgb), [99, 99, 99]);
    }

    #[test]
    fn every_colour_of_every_palette_can_be_shown() {
        for seed in 0..200 {
            let palette = Palette::new(&mut Dice::new(seed));
            assert!(palette.inks.len() >= 4, "seed {seed}");
            for lab in palette.inks.iter().chain([&palette.accent, &palette.line]) {
                assert!(to_linear(*lab).iter().all(|v| (-0.2..=1.2).contains(v)), "seed {seed}: {lab:?}");
            }
        }
    }
}
