//! Counts flashes in frames, as WCAG 2.2 (2.3.1, "Three flashes or below threshold") defines them: what the guard must not let pass.
//!
//! A general flash is a pair of opposing changes of relative luminance of 10 % of the maximum or more where the darker is
//! below 0.80; a red flash a pair of opposing changes where one side is a saturated red (R ÷ (R + G + B) ≥ 0.8) and
//! (R − G − B) × 320, below 0 counted as 0, changes by more than 20. They count where the parts that flash at one time
//! cover a quarter or more of any field of 10 degrees; here that is a square a third of the frame's height.

/// Cells across and down in which flashes are counted, finer than any part that could matter.
const COLUMNS: usize = 48;
const ROWS: usize = 27;
/// Cells of a side of the field of which a quarter counts.
const FIELD: usize = 9;
const GENERAL: f32 = 0.1;
const RED: f32 = 20.0 / 320.0;

/// What a cell has done.
#[derive(Debug, Clone, Default)]
struct Cell {
    low: f32,
    high: f32,
    way: i8,
    begun: bool,
    /// Whether it was a saturated red since its last change.
    saturated: bool,
}

impl Cell {
    /// Whether this value ends a change.
    fn note(&mut self, value: f32, least: f32) -> bool {
        if !self.begun {
            (self.low, self.high, self.begun) = (value, value, true);
            return false;
        }
        let rises = self.way <= 0 && value - self.low >= least;
        let falls = self.way >= 0 && self.high - value >= least;
        if rises || falls {
            (self.low, self.high, self.way) = (value, value, if rises { 1 } else { -1 });
            return true;
        }
        (self.low, self.high) = (self.low.min(value), self.high.max(value));
        false
    }
}

/// Watches frames one after the other.
#[derive(Debug, Default)]
pub struct Flashes {
    cells: Vec<[Cell; 2]>,
    /// For each cell and rule: when its changes were.
    changes: Vec<[Vec<f64>; 2]>,
}

/// The most flashes in any second, of each sort.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Worst {
    /// General flashes.
    pub general: usize,
    /// Red flashes.
    pub red: usize,
}

impl Worst {
    /// Whether there were never more than three.
    pub fn is_safe(self) -> bool {
        self.general <= 3 && self.red <= 3
    }
}

impl Flashes {
    /// Looks at a frame of rows of red, green, blue, at a time in seconds. Frames that have another size are refused: `false`.
    pub fn see(&mut self, rgb: &[u8], width: usize, height: usize, seconds: f64) -> bool {
        if width < COLUMNS || height < ROWS || rgb.len() != 3 * width * height {
            return false;
        }
        self.cells.resize_with(COLUMNS * ROWS, Default::default);
        self.changes.resize_with(COLUMNS * ROWS, Default::default);
        let light: Vec<f32> = (0..256).map(|b| linear(b as f32 / 255.0)).collect();
        let mut sums = vec![[0.0_f32; 5]; COLUMNS * ROWS];
        for (y, row) in rgb.chunks_exact(3 * width).enumerate() {
            for (x, p) in row.chunks_exact(3).enumerate() {
                let [r, g, b] = [light[p[0] as usize], light[p[1] as usize], light[p[2] as usize]];
                let sum = &mut sums[y * ROWS / height * COLUMNS + x * COLUMNS / width];
                sum[0] += 0.2126 * r + 0.7152 * g + 0.0722 * b;
                sum[1] += (r - g - b).max(0.0);
                sum[3] += r;
                sum[4] += g + b;
                sum[2] += 1.0;
            }
        }
        for (i, [bright, red, count, r, others]) in sums.into_iter().enumerate() {
            let saturated = r > 0.0 && r >= 0.8 * (r + others);
            for (rule, value, least) in [(0, bright / count, GENERAL), (1, red / count, RED)] {
                let cell = &mut self.cells[i][rule];
                let (darker, was) = (cell.low.min(value), cell.saturated);
                let changed = cell.note(value, least);
                cell.saturated = saturated || (was && !changed);
                let counts = if rule == 0 { darker < 0.8 } else { was || saturated };
                if changed && counts {
                    self.changes[i][rule].push(seconds);
                }
            }
        }
        true
    }

    /// The most flashes in any second up to now, in any field of which at least a quarter flashes so often.
    pub fn worst(&self) -> Worst {
        let most = |rule: usize| {
            let per_cell: Vec<usize> = self.changes.iter().map(|changes| most_in_a_second(&changes[rule])).collect();
            let mut most = 0;
            for top in 0..=ROWS.saturating_sub(FIELD) {
                for left in 0..=COLUMNS - FIELD {
                    if per_cell.is_empty() {
                        continue;
                    }
                    let rows = (top..top + FIELD).map(|y| &per_cell[y * COLUMNS + left..][..FIELD]);
                    let mut field: Vec<usize> = rows.flatten().copied().collect();
                    field.sort_unstable_by(|a, b| b.cmp(a));
                    most = most.max(field[FIELD * FIELD / 4]);
                }
            }
            most / 2
        };
        Worst { general: most(0), red: most(1) }
    }
}

fn most_in_a_second(times: &[f64]) -> usize {
    let within = |i: usize| times[i..].iter().take_while(|t| **t - times[i] <= 1.0).count();
    (0..times.len()).map(within).max().unwrap_or(0)
}

fn linear(v: f32) -> f32 {
    if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two colours in turn, each for so many sixtieths of a second, in a part of the frame.
    fn worst(colours: [[u8; 3]; 2], every: usize, part: usize) -> Worst {
        let mut flashes = Flashes::default();
        for i in 0..180 {
            let colour = colours[i / every % 2];
            let row = (0..96).flat_map(|x| if x < part { colour } else { [20, 20, 20] });
            let frame: Vec<u8> = row.collect::<Vec<_>>().repeat(54);
            assert!(flashes.see(&frame, 96, 54, i as f64 / 60.0));
        }
        flashes.worst()
    }

    #[test]
    fn flashes_are_counted_by_both_rules_and_small_ones_are_none() {
        let (black, white) = ([0, 0, 0], [255, 255, 255]);
        assert!((4..=6).contains(&worst([black, white], 6, 96).general));
        assert!(worst([black, white], 20, 96).is_safe());
        // The same luminance, once red and once green: general flashes none, red ones many.
        let red = worst([[255, 0, 0], [0, 127, 0]], 6, 96);
        assert!(red.general <= 3 && red.red > 3, "{red:?}");
        assert!(worst([[100, 100, 100], [115, 115, 115]], 6, 96).is_safe());
        assert!(worst([black, white], 6, 2).is_safe(), "a thin strip is too small to count");
        assert_eq!(worst([white, white], 6, 96), Worst::default());
    }

    #[test]
    fn frames_of_no_use_are_refused() {
        let mut flashes = Flashes::default();
        assert!(!flashes.see(&[], 0, 0, 0.0) && !flashes.see(&[0; 30], 96, 54, 0.0));
        assert_eq!(flashes.worst(), Worst::default());
    }
}
