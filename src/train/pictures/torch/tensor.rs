//! Tensors out of raw storages.

use super::pickle::View;
use crate::train::half::half_value;
use crate::train::tensor::Tensor;

/// Most values of one tensor.
const ELEMENT_LIMIT: usize = 1 << 28;

/// What one value of a storage is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    F64,
    F32,
    F16,
    BF16,
    I64,
    I32,
    I16,
    I8,
    U8,
}

impl Kind {
    /// Bytes of one value.
    pub(super) fn width(self) -> usize {
        match self {
            Self::F64 | Self::I64 => 8,
            Self::F32 | Self::I32 => 4,
            Self::F16 | Self::BF16 | Self::I16 => 2,
            Self::I8 | Self::U8 => 1,
        }
    }

    /// One value from its little-endian bytes, which are `width` many.
    fn value(self, raw: &[u8]) -> f32 {
        let mut b = [0; 8];
        b[..raw.len()].copy_from_slice(raw);
        let bits = u64::from_le_bytes(b);
        match self {
            Self::F64 => f64::from_bits(bits) as f32,
            Self::F32 => f32::from_bits(bits as u32),
            Self::F16 => half_value(bits as u16),
            Self::BF16 => f32::from_bits((bits as u32) << 16),
            Self::I64 => bits as i64 as f32,
            Self::I32 => bits as i32 as f32,
            Self::I16 => f32::from(bits as i16),
            Self::I8 => f32::from(bits as i8),
            Self::U8 => f32::from(bits as u8),
        }
    }
}

/// Gathers a strided window of a storage into a dense tensor.
pub(super) fn gather(view: &View, kind: Kind, storage: &[u8]) -> Result<Tensor, String> {
    let wrong =
        || format!("tensor of {:?} with strides {:?} at {} leaves its storage", view.shape, view.stride, view.offset);
    let count = view.shape.iter().try_fold(1usize, |n, &axis| n.checked_mul(axis)).ok_or_else(wrong)?;
    if count > ELEMENT_LIMIT {
        return Err(format!("tensor of {:?} has more than {ELEMENT_LIMIT} values", view.shape));
    }
    let width = kind.width();
    let mut data = Vec::new();
    if count > 0 {
        let reach = view.shape.iter().zip(&view.stride).try_fold(view.offset, |end, (&axis, &stride)| {
            (axis - 1).checked_mul(stride).and_then(|step| end.checked_add(step))
        });
        if reach.ok_or_else(wrong)? >= storage.len() / width {
            return Err(wrong());
        }
        data.reserve_exact(count);
        let mut index = vec![0; view.shape.len()];
        let mut at = view.offset;
        for _ in 0..count {
            data.push(kind.value(&storage[at * width..(at + 1) * width]));
            // An odometer over the axes: the last runs fastest.
            for axis in (0..index.len()).rev() {
                index[axis] += 1;
                at += view.stride[axis];
                if index[axis] < view.shape[axis] {
                    break;
                }
                at -= view.stride[axis] * view.shape[axis];
                index[axis] = 0;
            }
        }
    }
    Ok(Tensor { shape: view.shape.clone(), data })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn half_precision_is_read_by_its_bits() {
        for (bits, value) in
            [(0x3c00, 1.0), (0xc000, -2.0), (0x3555, 0.333_251_95), (0x0001, 5.960_464_5e-8), (0x7c00, f32::INFINITY)]
        {
            assert_eq!(half_value(bits), value, "{bits:#06x}");
        }
        assert!(half_value(0x7e00).is_nan());
    }

    #[test]
    fn a_transposed_window_is_gathered_in_its_own_order() {
        let storage: Vec<u8> = (0..7u8).collect();
        let view = View { storage: 0, offset: 1, shape: vec![3, 2], stride: vec![1, 3] };
        assert_eq!(gather(&view, Kind::U8, &storage).unwrap().data, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
        let beyond = View { offset: 2, ..view };
        assert!(gather(&beyond, Kind::U8, &storage).unwrap_err().contains("leaves its storage"));
    }
}
