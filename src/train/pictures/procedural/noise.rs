//! Smooth noise over the plane, by hashing lattice points: no tables, any seed.

/// A source of noise; two with different seeds have nothing in common.
#[derive(Debug, Clone, Copy)]
pub(super) struct Noise(pub u32);

/// Sixteen directions all round.
#[rustfmt::skip]
const GRADIENTS: [[f32; 2]; 16] = [
    [0.980785, 0.195090], [0.831470, 0.555570], [0.555570, 0.831470], [0.195090, 0.980785], [-0.195090, 0.980785], [-0.555570, 0.831470], [-0.831470, 0.555570], [-0.980785, 0.195090], [-0.980785, -0.195090], [-0.831470, -0.555570], [-0.555570, -0.831470], [-0.195090, -0.980785], [0.195090, -0.980785], [0.555570, -0.831470], [0.831470, -0.555570], [0.980785, -0.195090],
];

/// The next whole number below: a plain cast, since the library's rounding is a call on older processors.
fn floor(x: f32) -> i32 {
    let cut = x as i32;
    if cut as f32 > x { cut - 1 } else { cut }
}

impl Noise {
    /// 32 well-mixed bits for a lattice point.
    fn mixed(self, x: i32, y: i32) -> u32 {
        let mut h =
            self.0 ^ (x as u32).wrapping_mul(0x9e37_79b1) ^ (y as u32).wrapping_mul(0x85eb_ca77).rotate_left(13);
        h = (h ^ h >> 16).wrapping_mul(0x7feb_352d);
        h = (h ^ h >> 15).wrapping_mul(0x846c_a68b);
        h ^ h >> 16
    }

    /// A number in [0, 1) for a lattice point.
    pub(super) fn hash(self, x: i32, y: i32) -> f32 {
        (self.mixed(x, y) >> 8) as f32 / (1u32 << 24) as f32
    }

    /// Gradient noise (Perlin 1985, quintic fade of 2002): about −1 to 1, features one unit wide.
    pub(super) fn at(self, x: f32, y: f32) -> f32 {
        let (ix, iy) = (floor(x), floor(y));
        let (fx, fy) = (x - ix as f32, y - iy as f32);
        let corner = |dx: i32, dy: i32| {
            let at = self.mixed(ix.wrapping_add(dx), iy.wrapping_add(dy)) >> 28;
            let [gx, gy] = GRADIENTS[at as usize];
            gx * (fx - dx as f32) + gy * (fy - dy as f32)
        };
        let fade = |t: f32| t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
        let (u, v) = (fade(fx), fade(fy));
        let top = corner(0, 0) + u * (corner(1, 0) - corner(0, 0));
        let bottom = corner(0, 1) + u * (corner(1, 1) - corner(0, 1));
        1.5 * (top + v * (bottom - top))
    }

    /// A sum of `octaves` noises, each of half the width and half the strength: about −1 to 1.
    pub(super) fn fbm(self, x: f32, y: f32, octaves: u32) -> f32 {
        let (mut sum, mut weight, mut total, mut scale) = (0.0, 1.0, 0.0, 1.0);
        for octave in 0..octaves {
            let noise = Self(self.0.wrapping_add(octave.wrapping_mul(0x68bc_21eb)));
            sum += weight * noise.at(x * scale + 17.0 * octave as f32, y * scale);
            total += weight;
            weight *= 0.5;
            scale *= 2.03;
        }
        sum / total
    }

    /// Moves a point by noise of itself: what turns clouds into currents.
    pub(super) fn warp(self, x: f32, y: f32, width: f32, strength: f32) -> (f32, f32) {
        let (a, b) = (Self(self.0 ^ 0x51ed_270b), Self(self.0 ^ 0x2545_f491));
        (x + strength * a.fbm(x / width, y / width, 3), y + strength * b.fbm(x / width, y / width, 3))
    }
}

/// 0 below `from`, 1 above `to`, smooth between.
pub(super) fn smooth(from: f32, to: f32, x: f32) -> f32 {
    let t = ((x - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}
