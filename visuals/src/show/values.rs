//! The numbers that a layer's shaders see: its dials, its palette, the moment.

use super::dials::{DIALS, FIELDS};

/// Colours of a palette, from dark to light, in linear light.
pub type Palette = [[f32; 3]; 5];

macro_rules! moment {
    ($($(#[$doc:meta])* $field:ident,)*) => {
        /// What is true of a moment, beside the dials.
        #[derive(Debug, Clone, Copy, PartialEq, Default)]
        pub struct Moment { $($(#[$doc])* pub $field: f32,)* }

        const MOMENT: &[&str] = &[$(stringify!($field)),*];

        impl Moment {
            fn numbers(&self) -> Vec<f32> {
                vec![$(self.$field),*]
            }
        }
    };
}

moment! {
    /// Width of the drawing in heights.
    aspect,
    /// Width in pixels.
    width,
    /// Height in pixels.
    height,
    /// Seconds since the frame before.
    step,
    /// Number of the frame, modulo 65536.
    number,
    /// Share of the newer of two pictures.
    between,
    /// How much of what was shown stays: 0 to 1.
    keep,
    /// What is left of the last beat's accent: 0 to 1.
    accent,
    /// What is left of the last notes: 0 to 1.
    onset,
    /// How loud it is: 0 to 1.
    energy,
}

/// The numbers of a layer in the order of the uniform block.
pub fn numbers(dials: &[f32], moment: &Moment, palette: &Palette) -> Vec<f32> {
    let mut all = dials.to_vec();
    all.extend(moment.numbers());
    all.extend(palette.iter().flatten());
    // A uniform block is a whole number of sixteen bytes.
    all.resize(all.len().next_multiple_of(4), 0.0);
    all
}

/// How many numbers those are.
pub fn count() -> usize {
    (DIALS.len() + MOMENT.len() + 15).next_multiple_of(4)
}

/// The struct in WGSL that describes them.
pub fn wgsl() -> String {
    let palette = (0..5).flat_map(|i| ["r", "g", "b"].map(|c| format!("p{i}{c}")));
    let fields = FIELDS.iter().chain(MOMENT).map(ToString::to_string).chain(palette);
    let body: String = fields.map(|field| format!("    {field}: f32,\n")).collect();
    format!("struct Values {{\n{body}}}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_block_has_a_number_for_each_field() {
        let dials: Vec<f32> = DIALS.iter().map(|dial| dial.usual).collect();
        let numbers = numbers(&dials, &Moment::default(), &[[0.0; 3]; 5]);
        assert_eq!(numbers.len(), count());
        let fields = wgsl().matches(": f32,").count();
        assert_eq!(fields.next_multiple_of(4), count());
    }
}
