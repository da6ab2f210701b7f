//! Convolution over pictures `(N, C, H, W)` with kernels `(O, C/groups, kh, kw)`.
//!
//! The derivative by the kernel has several forms in standard operators, whose speeds differ up to five-fold with the
//! shape. Which one is used where comes from measurements on 16 pictures on two cores.

use super::shape::as_i64;
use crate::train::graph::{Graph, Init, Role, Var, int, ints};

/// Settings of a convolution.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Conv {
    /// Step between output pixels, in input pixels.
    pub stride: usize,
    /// Zeros around the input: top, left, bottom, right.
    pub pads: [usize; 4],
    /// Distance of the kernel's taps.
    pub dilation: usize,
    /// Channels are split into this many groups that do not see each other.
    pub groups: usize,
}

impl Conv {
    /// Stride 1 and the padding that keeps the size for an odd kernel of side `k`.
    pub fn same(k: usize) -> Self {
        Self { stride: 1, pads: [k / 2; 4], dilation: 1, groups: 1 }
    }

    /// No padding, or as much on every side.
    pub fn padded(stride: usize, pad: usize) -> Self {
        Self { stride, pads: [pad; 4], dilation: 1, groups: 1 }
    }

    fn size(&self, from: usize, before: usize, after: usize, k: usize) -> usize {
        (from + before + after - self.dilation * (k - 1) - 1) / self.stride + 1
    }

    fn attributes(&self) -> Vec<crate::model::onnx::AttributeProto> {
        vec![
            ints("strides", &[self.stride as i64; 2]),
            ints("pads", &as_i64(&self.pads)),
            ints("dilations", &[self.dilation as i64; 2]),
            int("group", self.groups as i64),
        ]
    }
}

/// From this many output pixels a product per picture is faster than one for all pictures.
const PIXELS_FOR_PRODUCT_PER_PICTURE: usize = 512;

impl Graph {
    /// Cross-correlation of `x` `(N, C, H, W)` with `w` `(O, C/groups, kh, kw)`.
    pub fn conv(&mut self, x: Var, w: Var, conv: Conv) -> Var {
        let [n, c, h, width] = *self.shape(x) else { panic!("pictures are (N, C, H, W)") };
        let [o, i, kh, kw] = *self.shape(w) else { panic!("kernels are (O, I, kh, kw)") };
        assert!(
            i * conv.groups == c && o % conv.groups == 0,
            "{c} channels, kernel {:?}, {} groups",
            self.shape(w),
            conv.groups
        );
        let [top, left, bottom, right] = conv.pads;
        let shape = [n, o, conv.size(h, top, bottom, kh), conv.size(width, left, right, kw)];
        let y = self.emit1("Conv", &[x, w], conv.attributes(), &shape);
        // dx: the transposed convolution of dy; dw: the correlation of x with dy
        self.derive1(y, move |g, dy| {
            vec![
                (x, g.conv_input_gradient(dy, w, [h, width], conv)),
                (w, g.conv_kernel_gradient(x, dy, [kh, kw], conv)),
            ]
        })
    }

    /// Transposed convolution of `x` `(N, I, H, W)` with `w` `(I, O/groups, kh, kw)` to `height × width`: the input
    /// gradient of the convolution that leads from that size to this one.
    pub fn conv_transpose(&mut self, x: Var, w: Var, [height, width]: [usize; 2], conv: Conv) -> Var {
        let [n, _, h, wd] = *self.shape(x) else { panic!("pictures are (N, C, H, W)") };
        let [_, o, kh, kw] = *self.shape(w) else { panic!("kernels are (I, O, kh, kw)") };
        let [top, left, bottom, right] = conv.pads;
        assert_eq!(conv.size(height, top, bottom, kh), h, "height {height} does not lead to {h}");
        assert_eq!(conv.size(width, left, right, kw), wd, "width {width} does not lead to {wd}");
        let rest = |to: usize, from: usize, pad: usize, k: usize| {
            to + pad - (from - 1) * conv.stride - conv.dilation * (k - 1) - 1
        };
        let output_padding = [rest(height, h, top + bottom, kh), rest(width, wd, left + right, kw)];
        let mut attributes = conv.attributes();
        attributes.push(ints("output_padding", &as_i64(&output_padding)));
        let y = self.emit1("ConvTranspose", &[x, w], attributes, &[n, o * conv.groups, height, width]);
        // The roles change places: dx is the convolution of dy, dw the correlation of dy with x.
        self.derive1(y, move |g, dy| vec![(x, g.conv(dy, w, conv)), (w, g.conv_kernel_gradient(dy, x, [kh, kw], conv))])
    }

    /// A convolution layer with parameters `NAME.weight` and, where wanted, `NAME.bias`.
    pub fn conv_layer(&mut self, name: &str, x: Var, out: usize, kernel: usize, conv: Conv, bias: bool) -> Var {
        let c = self.shape(x)[1] / conv.groups;
        let init = Init::Normal((2.0 / (c * kernel * kernel) as f32).sqrt());
        let w = self.parameter(&format!("{name}.weight"), &[out, c, kernel, kernel], init, Role::Weight);
        let y = self.conv(x, w, conv);
        if !bias {
            return y;
        }
        let b = self.parameter(&format!("{name}.bias"), &[out], Init::Constant(0.0), Role::Bias);
        self.add_channels(y, b)
    }

    /// Adds `b` `(C)` to every pixel of `(N, C, H, W)`.
    pub fn add_channels(&mut self, x: Var, b: Var) -> Var {
        let c = self.shape(b)[0];
        let b = self.reshape(b, &[1, c, 1, 1]);
        self.add(x, b)
    }

    /// dx of a convolution. At stride 1 a convolution with the turned kernel is the faster form, except for many
    /// channels on small maps.
    fn conv_input_gradient(&mut self, dy: Var, w: Var, size: [usize; 2], conv: Conv) -> Var {
        let [o, i, kh, kw] = *self.shape(w) else { unreachable!("checked by the forward rule") };
        let reach = |k: usize| conv.dilation * (k - 1);
        let [top, left, bottom, right] = conv.pads;
        let small = conv.groups == 1 && self.shape(dy)[2] * self.shape(dy)[3] <= 64 && o >= 256;
        let fits = top.max(bottom) <= reach(kh) && left.max(right) <= reach(kw);
        let separate = conv.groups == 1 || (conv.groups == o && i == 1);
        if conv.stride != 1 || !fits || !separate || small {
            return self.conv_transpose(dy, w, size, conv);
        }
        let turned = if kh == 1 && kw == 1 {
            w
        } else {
            self.slice_raw(w, &[(2, -1, i64::MIN + 1, -1), (3, -1, i64::MIN + 1, -1)], &[o, i, kh, kw])
        };
        let turned = if conv.groups == 1 { self.transpose(turned, &[1, 0, 2, 3]) } else { turned };
        let pads = [reach(kh) - top, reach(kw) - left, reach(kh) - bottom, reach(kw) - right];
        self.conv(dy, turned, Conv { pads, ..conv })
    }

    /// dw of a convolution, `(O, C/groups, kh, kw)`: w's tap at (ky, kx) sums dy times the input that this tap saw.
    fn conv_kernel_gradient(&mut self, x: Var, dy: Var, kernel: [usize; 2], conv: Conv) -> Var {
        let (c, o) = (self.shape(x)[1], self.shape(dy)[1]);
        if conv.groups == 1 {
            return if conv.stride == 1 {
                self.kernel_gradient_by_product(x, dy, kernel, conv)
            } else {
                self.kernel_gradient_by_conv(x, dy, kernel, conv)
            };
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

    /// What each tap of the kernel saw: one `(N, C, oh, ow)` for each tap, row by row.
    fn seen_by_taps(&mut self, x: Var, dy: Var, [kh, kw]: [usize; 2], conv: Conv) -> Vec<Var> {
        let [n, c, h, w] = *self.shape(x) else { unreachable!("checked by the forward rule") };
        let (oh, ow) = (self.shape(dy)[2], self.shape(dy)[3]);
        let [top, left, bottom, right] = conv.pads;
        let padded = self.pad(x, &[0, 0, top, left, 0, 0, bottom, right]);
        let whole = (h + top + bottom, w + left + right) == (oh, ow);
        let cut = |axis, k: usize, count: usize| {
            let start = k * conv.dilation;
            (axis, start as i64, (start + (count - 1) * conv.stride + 1) as i64, conv.stride as i64)
        };
        let mut taps = Vec::with_capacity(kh * kw);
        for ky in 0..kh {
            for kx in 0..kw {
                let tap = if whole {
                    padded
                } else {
                    self.slice_raw(padded, &[cut(2, ky, oh), cut(3, kx, ow)], &[n, c, oh, ow])
                };
                taps.push(tap);
            }
        }
        taps
    }

    /// dw = dy · (what the taps saw)ᵀ, as one matrix product for all pictures or one for each.
    fn kernel_gradient_by_product(&mut self, x: Var, dy: Var, kernel: [usize; 2], conv: Conv) -> Var {
        let [n, o, oh, ow] = *self.shape(dy) else { unreachable!("checked by the forward rule") };
        let c = self.shape(x)[1];
        let (taps, pixels) = (kernel[0] * kernel[1], oh * ow);
        let seen = self.seen_by_taps(x, dy, kernel, conv);
        let seen = self.concat(&seen, 1);
        let seen = self.reshape(seen, &[n, taps * c, pixels]);
        let dy = self.reshape(dy, &[n, o, pixels]);
        let dw = if pixels >= PIXELS_FOR_PRODUCT_PER_PICTURE {
            let seen = self.transpose_last(seen);
            let each = self.matmul(dy, seen);
            self.sum(each, &[0], false)
        } else {
            let seen = self.transpose(seen, &[1, 0, 2]);
            let seen = self.reshape(seen, &[taps * c, n * pixels]);
            let dy = self.transpose(dy, &[1, 0, 2]);
            let dy = self.reshape(dy, &[o, n * pixels]);
            self.gemm(dy, false, seen, true)
        };
        let dw = self.reshape(dw, &[o, kernel[0], kernel[1], c]);
        self.transpose(dw, &[0, 3, 1, 2])
    }

    /// dw as a convolution whose pictures are the channels of x and whose kernels are the channels of dy, stride and
    /// dilation exchanged: the fastest form at stride 2.
    fn kernel_gradient_by_conv(&mut self, x: Var, dy: Var, [kh, kw]: [usize; 2], conv: Conv) -> Var {
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
