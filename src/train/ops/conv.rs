//! Convolution over pictures `(N, C, H, W)` with kernels `(O, C/groups, kh, kw)`, and its derivative by the pictures; that by the kernel
//! stands in [`super::conv_kernel`].

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
        (from + before + after - self.reach(k) - 1) / self.stride + 1
    }

    /// Distance of the first and the last tap of `k`.
    pub(super) fn reach(&self, k: usize) -> usize {
        self.dilation * (k - 1)
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

/// How the derivative by the pictures is computed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputForm {
    /// A transposed convolution.
    Transposed,
    /// A convolution with the kernel turned round. Stride 1 only.
    Turned,
}

impl InputForm {
    /// All forms.
    pub const ALL: [Self; 2] = [Self::Transposed, Self::Turned];

    /// Whether it can be used for a convolution with a kernel of these sides.
    pub fn fits(self, [kh, kw]: [usize; 2], conv: Conv) -> bool {
        let [top, left, bottom, right] = conv.pads;
        let inside = top.max(bottom) <= conv.reach(kh) && left.max(right) <= conv.reach(kw);
        self == Self::Transposed || (conv.stride == 1 && inside)
    }

    /// The faster one for `c` channels in, `o` channels and so many pixels out, where the kernel is learnt, and so must be turned at each
    /// step, or stays. A convolution to fewer channels than a processor's vector holds is slow.
    pub fn fastest_at_stride_1(c: usize, o: usize, pixels: usize, learnt: bool) -> Self {
        let narrow = c < 16 && 2 * c <= o;
        if narrow || (learnt && o >= 256 && pixels <= 64) { Self::Transposed } else { Self::Turned }
    }
}

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

    /// dx of a convolution, `(N, C, H, W)` with `size` `[H, W]`, by the faster form.
    fn conv_input_gradient(&mut self, dy: Var, w: Var, size: [usize; 2], conv: Conv) -> Var {
        let [o, i, kh, kw] = *self.shape(w) else { unreachable!("checked by the forward rule") };
        let pixels = self.shape(dy)[2] * self.shape(dy)[3];
        let separate = conv.groups == 1 || (conv.groups == o && i == 1);
        let turned = separate && InputForm::Turned.fits([kh, kw], conv);
        let form = match (turned, conv.groups) {
            (false, _) => InputForm::Transposed,
            (true, 1) => InputForm::fastest_at_stride_1(i, o, pixels, !self.is_constant(w)),
            (true, _) => InputForm::Turned,
        };
        self.conv_input_gradient_by(form, dy, w, size, conv)
    }

    /// dx of a convolution by a form that was chosen: for measuring.
    ///
    /// # Panics
    /// If the form does not fit the convolution.
    pub fn conv_input_gradient_by(&mut self, form: InputForm, dy: Var, w: Var, size: [usize; 2], conv: Conv) -> Var {
        let [o, i, kh, kw] = *self.shape(w) else { panic!("kernels are (O, I, kh, kw)") };
        assert!(form.fits([kh, kw], conv), "{form:?} for {conv:?}");
        if form == InputForm::Transposed {
            return self.conv_transpose(dy, w, size, conv);
        }
        let turned = if kh == 1 && kw == 1 {
            w
        } else {
            self.slice_raw(w, &[(2, -1, i64::MIN + 1, -1), (3, -1, i64::MIN + 1, -1)], &[o, i, kh, kw])
        };
        let turned = if conv.groups == 1 { self.transpose(turned, &[1, 0, 2, 3]) } else { turned };
        let [top, left, bottom, right] = conv.pads;
        let (down, across) = (conv.reach(kh), conv.reach(kw));
        let pads = [down - top, across - left, down - bottom, across - right];
        self.conv(dy, turned, Conv { pads, ..conv })
    }
}
