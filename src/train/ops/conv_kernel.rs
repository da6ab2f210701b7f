//! The derivative of a convolution by its kernel: dw[o, c, ky, kx] = Σ over pictures and output pixels (y, x) of
//! dy[o, y, x] · p[c, y + ky, x + kx], with p the padded input.
//!
//! It has several forms in standard operators, whose speeds differ up to eight-fold with the shape. Which one is used where comes from
//! measurements, one thread, that stand in docs/speed.md; `oneiro bench layers` repeats them.

use super::conv::Conv;
use crate::train::graph::{Graph, Var, int};

/// How the derivative by a kernel is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KernelForm {
    /// The input once for each tap, moved to where the tap saw it, times dyᵀ.
    InputMoved,
    /// dy once for each tap, moved the other way, times the input: of use where dy has few channels. Stride 1 only.
    OutputMoved,
    /// The input moved across for each column of the kernel, dy moved down for each row; their product holds all taps, and
    /// kh + kw copies are made where the other forms make kh · kw. Stride 1 only.
    BothMoved,
    /// A convolution whose pictures are the channels of the input and whose kernels are the channels of dy, stride and dilation
    /// exchanged.
    Swapped,
}

impl KernelForm {
    /// All forms.
    pub const ALL: [Self; 4] = [Self::InputMoved, Self::OutputMoved, Self::BothMoved, Self::Swapped];

    /// Whether it can be used with this stride.
    pub fn fits(self, stride: usize) -> bool {
        stride == 1 || matches!(self, Self::InputMoved | Self::Swapped)
    }

    /// The fastest one for `c` channels in, `o` out, `rows` of output pixels and a kernel of `taps`.
    pub fn fastest(c: usize, o: usize, rows: usize, taps: usize, stride: usize) -> Self {
        if stride > 1 {
            // With many taps, copies cost more than a badly shaped convolution.
            return if taps <= 9 { Self::InputMoved } else { Self::Swapped };
        }
        if taps == 1 || 2 * c <= o {
            Self::InputMoved
        } else if 2 * o <= c {
            Self::OutputMoved
        } else if rows <= FEW_ROWS {
            Self::InputMoved
        } else {
            Self::BothMoved
        }
    }
}

/// Up to here, the rows of zeros that [`KernelForm::BothMoved`] multiplies outweigh the copies it saves.
const FEW_ROWS: usize = 8;
/// From this many output pixels a product per picture is faster than one for all pictures.
const PIXELS_FOR_PRODUCT_PER_PICTURE: usize = 512;

impl Graph {
    /// dw of a convolution of `x` `(N, C, H, W)`, `(O, C/groups, kh, kw)`, by the fastest form.
    pub(super) fn conv_kernel_gradient(&mut self, x: Var, dy: Var, kernel: [usize; 2], conv: Conv) -> Var {
        let (c, o) = (self.shape(x)[1], self.shape(dy)[1]);
        if conv.groups == 1 {
            let form = KernelForm::fastest(c, o, self.shape(dy)[2], kernel[0] * kernel[1], conv.stride);
            return self.conv_kernel_gradient_by(form, x, dy, kernel, conv);
        }
        if conv.groups == c && conv.groups == o {
            return self.kernel_gradient_depthwise(x, dy, kernel, conv);
        }
        let (ci, oi) = (c / conv.groups, o / conv.groups);
        let parts = (0..conv.groups)
            .map(|group| {
                let x = self.slice(x, 1, group * ci, (group + 1) * ci);
                let dy = self.slice(dy, 1, group * oi, (group + 1) * oi);
                self.conv_kernel_gradient(x, dy, kernel, Conv { groups: 1, ..conv })
            })
            .collect::<Vec<_>>();
        self.concat(&parts, 0)
    }

    /// dw of a convolution of one group, `(O, C, kh, kw)`, by a form that was chosen: for measuring. It has no derivative of its own.
    ///
    /// # Panics
    /// If the form cannot be used with the stride.
    pub fn conv_kernel_gradient_by(
        &mut self,
        form: KernelForm,
        x: Var,
        dy: Var,
        kernel: [usize; 2],
        conv: Conv,
    ) -> Var {
        assert!(conv.groups == 1 && form.fits(conv.stride), "{form:?} with stride {}", conv.stride);
        let ([_, c, h, w], [_, o, oh, ow]) = (self.four(x), self.four(dy));
        let [kh, kw] = kernel;
        let [top, left, bottom, _] = conv.pads.map(|p| p as i64);
        let far = |k: usize| (k * conv.dilation) as i64;
        // In each form: factors (N, rows, …pixels) of the product, and what its rows and columns stand for.
        let (a, b, shape, order) = match form {
            KernelForm::Swapped => return self.kernel_gradient_swapped(x, dy, kernel, conv),
            KernelForm::InputMoved => {
                let seen = self.seen_by_taps(x, dy, kernel, conv);
                (vec![dy], seen, vec![o, kh, kw, c], [0, 3, 1, 2].as_slice())
            }
            KernelForm::OutputMoved => {
                let mut moved = Vec::with_capacity(kh * kw);
                for (ky, kx) in (0..kh).flat_map(|ky| (0..kw).map(move |kx| (ky, kx))) {
                    let (above, before) = (far(ky) - top, far(kx) - left);
                    moved.push(
                        self.moved(dy, [above, before, h as i64 - oh as i64 - above, w as i64 - ow as i64 - before]),
                    );
                }
                (moved, vec![x], vec![kh, kw, o, c], [2, 3, 0, 1].as_slice())
            }
            KernelForm::BothMoved => {
                let across = (0..kw).map(|kx| {
                    let before = left - far(kx);
                    self.moved(x, [top, before, bottom, ow as i64 - w as i64 - before])
                });
                let across = across.collect::<Vec<_>>();
                let rows = h as i64 + top + bottom;
                let down = (0..kh).map(|ky| self.moved(dy, [far(ky), 0, rows - oh as i64 - far(ky), 0]));
                let down = down.collect::<Vec<_>>();
                (down, across, vec![kh, o, kw, c], [1, 3, 0, 2].as_slice())
            }
        };
        let (a, b) = (self.concat(&a, 1), self.concat(&b, 1));
        let dw = self.product_over_pixels(a, b);
        let dw = self.reshape(dw, &shape);
        self.transpose(dw, order)
    }

    fn four(&self, x: Var) -> [usize; 4] {
        self.shape(x).try_into().unwrap_or_else(|_| panic!("pictures are (N, C, H, W), not {:?}", self.shape(x)))
    }

    /// `x` `(N, C, H, W)` with zeros added (or, below zero, pixels taken away): top, left, bottom, right.
    fn moved(&mut self, x: Var, [top, left, bottom, right]: [i64; 4]) -> Var {
        if [top, left, bottom, right] == [0; 4] {
            return x;
        }
        let [n, c, h, w] = self.four(x);
        let size = |from: usize, more: i64| usize::try_from(from as i64 + more).expect("pixels are left");
        let pads = self.ints(&[0, 0, top, left, 0, 0, bottom, right]);
        self.emit1("Pad", &[x, pads], vec![], &[n, c, size(h, top + bottom), size(w, left + right)])
    }

    /// `(A, B)`: Σ a·b over pictures and pixels of `a` `(N, A, h, w)` and `b` `(N, B, h, w)`, as one matrix product for all pictures or
    /// one for each.
    fn product_over_pixels(&mut self, a: Var, b: Var) -> Var {
        let ([n, rows, h, w], columns) = (self.four(a), self.shape(b)[1]);
        let pixels = h * w;
        let a = self.reshape(a, &[n, rows, pixels]);
        let b = self.reshape(b, &[n, columns, pixels]);
        if pixels >= PIXELS_FOR_PRODUCT_PER_PICTURE {
            let b = self.transpose_last(b);
            let each = self.matmul(a, b);
            return self.sum(each, &[0], false);
        }
        let a = self.transpose(a, &[1, 0, 2]);
        let a = self.reshape(a, &[rows, n * pixels]);
        let b = self.transpose(b, &[1, 0, 2]);
        let b = self.reshape(b, &[columns, n * pixels]);
        self.gemm(a, false, b, true)
    }

    /// What each tap of the kernel saw: one `(N, C, oh, ow)` for each tap, row by row.
    fn seen_by_taps(&mut self, x: Var, dy: Var, [kh, kw]: [usize; 2], conv: Conv) -> Vec<Var> {
        let ([n, c, h, w], [_, _, oh, ow]) = (self.four(x), self.four(dy));
        let stride = conv.stride;
        // Slices with steps are slow: the pixels of each square of stride² become channels first, where steps are 1.
        let (down, across) = (conv.reach(kh) / stride + oh, conv.reach(kw) / stride + ow);
        let [top, left] = [conv.pads[0], conv.pads[1]].map(|p| p as i64);
        let bottom = (down * stride) as i64 - h as i64 - top;
        let right = (across * stride) as i64 - w as i64 - left;
        let padded = self.moved(x, [top, left, bottom, right]);
        let dealt = if stride == 1 {
            padded
        } else {
            let blocks = vec![int("blocksize", stride as i64)];
            self.emit1("SpaceToDepth", &[padded], blocks, &[n, stride * stride * c, down, across])
        };
        let mut taps = Vec::with_capacity(kh * kw);
        for (ky, kx) in (0..kh).flat_map(|ky| (0..kw).map(move |kx| (ky * conv.dilation, kx * conv.dilation))) {
            let channel = (ky % stride * stride + kx % stride) * c;
            let (row, column) = (ky / stride, kx / stride);
            let cuts = [(1, channel, c), (2, row, oh), (3, column, ow)];
            let all = self.shape(dealt) == [n, c, oh, ow];
            let cuts = cuts.map(|(axis, start, count)| (axis, start as i64, (start + count) as i64, 1));
            taps.push(if all { dealt } else { self.slice_raw(dealt, &cuts, &[n, c, oh, ow]) });
        }
        taps
    }

    /// dw as a convolution whose pictures are the channels of x and whose kernels are the channels of dy, stride and
    /// dilation exchanged.
    fn kernel_gradient_swapped(&mut self, x: Var, dy: Var, [kh, kw]: [usize; 2], conv: Conv) -> Var {
        let (c, o) = (self.shape(x)[1], self.shape(dy)[1]);
        let x = self.transpose(x, &[1, 0, 2, 3]);
        let dy = self.transpose(dy, &[1, 0, 2, 3]);
        let swapped = Conv { stride: conv.dilation, dilation: conv.stride, ..conv };
        let dw = self.conv(x, dy, swapped);
        // Input pixels that no tap reached make the result larger than the kernel.
        let dw = self.slice(dw, 2, 0, kh);
        let dw = self.slice(dw, 3, 0, kw);
        debug_assert_eq!(self.shape(dw), [c, o, kh, kw]);
        self.transpose(dw, &[1, 0, 2, 3])
    }

    /// dw where every channel has its own kernel: a sum of products for each tap.
    fn kernel_gradient_depthwise(&mut self, x: Var, dy: Var, kernel: [usize; 2], conv: Conv) -> Var {
        let c = self.shape(x)[1];
        let sums = self
            .seen_by_taps(x, dy, kernel, conv)
            .into_iter()
            .map(|seen| {
                let product = self.mul(seen, dy);
                let sum = self.sum(product, &[0, 2, 3], false);
                self.reshape(sum, &[c, 1])
            })
            .collect::<Vec<_>>();
        let dw = self.concat(&sums, 1);
        self.reshape(dw, &[c, 1, kernel[0], kernel[1]])
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::graph::Weights;
    use crate::train::program::{Device, Feed, Feeds, Forward};
    use crate::train::step::normal;
    use crate::train::tensor::Tensor;
    use rand::Rng;
    use rand_chacha::ChaCha8Rng;
    use rand_chacha::rand_core::SeedableRng;

    /// dw by its definition.
    fn plain(x: &Tensor, dy: &Tensor, [kh, kw]: [usize; 2], conv: Conv) -> Vec<f64> {
        let ([n, c, h, w], [_, o, oh, ow]) = ([0, 1, 2, 3].map(|i| x.shape[i]), [0, 1, 2, 3].map(|i| dy.shape[i]));
        let mut dw = vec![0.0; o * c * kh * kw];
        for (at, sum) in dw.iter_mut().enumerate() {
            let (kx, ky, ci, oi) = (at % kw, at / kw % kh, at / (kw * kh) % c, at / (kw * kh * c));
            for (i, y, column) in (0..n).flat_map(|i| (0..oh).flat_map(move |y| (0..ow).map(move |x| (i, y, x)))) {
                let row = y * conv.stride + ky * conv.dilation;
                let col = column * conv.stride + kx * conv.dilation;
                let (Some(row), Some(col)) = (row.checked_sub(conv.pads[0]), col.checked_sub(conv.pads[1])) else {
                    continue;
                };
                if row < h && col < w {
                    let seen = x.data[((i * c + ci) * h + row) * w + col];
                    *sum += f64::from(seen) * f64::from(dy.data[((i * o + oi) * oh + y) * ow + column]);
                }
            }
        }
        dw
    }

    #[test]
    fn every_form_gives_the_derivative_of_the_definition() {
        let seed = 3;
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        for round in 0..24 {
            let stride = 1 + round % 2;
            let kernel = [rng.random_range(1..=4), rng.random_range(1..=4)];
            let pads = [0; 4].map(|_: usize| rng.random_range(0..=2));
            let conv = Conv { stride, pads, dilation: rng.random_range(1..=2), groups: 1 };
            // Large maps take a product for each picture.
            let least = if round % 3 == 0 { 24 } else { 7 };
            let (h, w) = (rng.random_range(least..least + 4), rng.random_range(least..least + 4));
            let (n, c, o) = (2, rng.random_range(1..=5), rng.random_range(1..=5));
            let mut random = |shape: &[usize]| Tensor::new(shape, normal(&mut rng, 1.0, shape.iter().product()));
            let x = random(&[n, c, h, w]);
            let mut g = Graph::new();
            let (vx, vw) = (g.input("x", &x.shape), g.input("w", &[o, c, kernel[0], kernel[1]]));
            let y = g.conv(vx, vw, conv);
            let dy = random(g.shape(y));
            let expected = plain(&x, &dy, kernel, conv);
            for form in KernelForm::ALL.into_iter().filter(|f| f.fits(stride)) {
                let mut g = Graph::new();
                let (vx, vdy) = (g.input("x", &x.shape), g.input("dy", &dy.shape));
                let dw = g.conv_kernel_gradient_by(form, vx, vdy, kernel, conv);
                assert_eq!(g.shape(dw), [o, c, kernel[0], kernel[1]]);
                let mut forward =
                    Forward::new(&g.to_model(&[("dw", dw)], Weights::Fed), Device::Cpu { threads: 1 }).unwrap();
                let feeds = [("x", &x), ("dy", &dy)].map(|(name, t)| (name.to_owned(), Feed::Floats(t.clone())));
                let found = &forward.run(&Feeds::from(feeds)).unwrap()["dw"];
                for (a, b) in found.data.iter().zip(&expected) {
                    assert!(
                        (f64::from(*a) - b).abs() < 1e-3,
                        "{form:?}: {a} against {b}; {conv:?}, seed {seed}, round {round}"
                    );
                }
            }
        }
    }
}
