//! Means of pictures as light mixes, not as displays code it.

/// Steps of the table that leads from coded values to light.
const STEPS: usize = 4096;

/// The mean of pictures in linear light.
pub(super) struct Mean {
    count: usize,
    /// Light for each step of coded values; empty where nothing is to be mixed.
    table: Vec<f32>,
    sum: Vec<f32>,
}

impl Mean {
    /// Of so many pictures.
    pub fn new(count: usize) -> Self {
        let table =
            if count > 1 { (0..=STEPS + 1).map(|i| to_light(i as f32 / STEPS as f32)).collect() } else { Vec::new() };
        Self { count, table, sum: Vec::new() }
    }

    /// Adds a picture of values from 0 to 1; all have the same size.
    pub fn add(&mut self, mut picture: Vec<f32>) {
        if self.count > 1 {
            for x in &mut picture {
                let place = x.clamp(0.0, 1.0) * STEPS as f32;
                let before = place as usize;
                *x = self.table[before] + (place - before as f32) * (self.table[before + 1] - self.table[before]);
            }
        }
        if self.sum.is_empty() {
            self.sum = picture;
        } else {
            self.sum.iter_mut().zip(&picture).for_each(|(sum, x)| *sum += x);
        }
    }

    /// The mean, coded again. A single picture comes back as it is.
    pub fn done(mut self) -> Vec<f32> {
        if self.count > 1 {
            let share = 1.0 / self.count as f32;
            self.sum.iter_mut().for_each(|x| *x = to_code(*x * share));
        }
        self.sum
    }
}

/// From a coded value to light (IEC 61966-2-1).
fn to_light(x: f32) -> f32 {
    if x <= 0.040_45 { x / 12.92 } else { ((x + 0.055) / 1.055).powf(2.4) }
}

/// From light to a coded value.
fn to_code(x: f32) -> f32 {
    if x <= 0.003_130_8 { x * 12.92 } else { 1.055 * x.powf(1.0 / 2.4) - 0.055 }
}
