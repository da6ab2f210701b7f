//! Half precision (IEEE 754 binary16): weights stored so take half the file, and are read back to single precision when a session is opened.

use crate::model::onnx::{AttributeProto, AttributeType, DataType, ModelProto, NodeProto, TensorProto};

/// Tensors of more elements are stored in half precision.
const SINGLE_PRECISION_UP_TO: i64 = 1024;

/// Stores constant float tensors of more than [`SINGLE_PRECISION_UP_TO`] elements as 16-bit floats, each with a `Cast` back to 32 bits,
/// which ONNX Runtime computes once. Each weight moves by at most a 2048th of itself (or 3·10⁻⁸ near zero).
pub(super) fn store_in_half(model: &mut ModelProto) {
    let Some(graph) = &mut model.graph else { return };
    let mut casts = Vec::new();
    for tensor in &mut graph.initializer {
        let large = tensor.dims.iter().product::<i64>() > SINGLE_PRECISION_UP_TO;
        if !(large && tensor.data_type == Some(DataType::Float as i32)) {
            continue;
        }
        let Some(raw) = &tensor.raw_data else { continue };
        let values = raw.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]));
        let halves: Vec<u8> = values.flat_map(|v| half_bits(v).to_le_bytes()).collect();
        let full = tensor.name.clone().unwrap_or_default();
        let name = format!("{full}/half");
        *tensor = TensorProto {
            name: Some(name.clone()),
            data_type: Some(DataType::Float16 as i32),
            raw_data: Some(halves),
            ..tensor.clone()
        };
        let to = AttributeProto {
            name: Some("to".into()),
            i: Some(DataType::Float as i64),
            r#type: Some(AttributeType::Int as i32),
            ..AttributeProto::default()
        };
        casts.push(NodeProto {
            name: Some(format!("{full}/single")),
            op_type: Some("Cast".into()),
            input: vec![name],
            output: vec![full],
            attribute: vec![to],
            domain: None,
        });
    }
    // Before everything that reads them.
    graph.node.splice(0..0, casts);
}

/// The nearest 16-bit float, ties to even; what is too large becomes infinite.
fn half_bits(value: f32) -> u16 {
    let bits = value.to_bits();
    let sign = (bits >> 16) as u16 & 0x8000;
    let exponent = ((bits >> 23) & 0xff) as i32 - 127 + 15;
    let fraction = bits & 0x007f_ffff;
    if value.is_nan() {
        return sign | 0x7e00;
    }
    if exponent >= 31 {
        return sign | 0x7c00;
    }
    // Below the normal range the leading one is written out and moved down.
    let (kept, dropped) = if exponent > 0 {
        ((exponent as u32) << 10 | fraction >> 13, 13)
    } else if exponent >= -10 {
        let shift = (14 - exponent) as u32;
        ((fraction | 0x0080_0000) >> shift, shift)
    } else {
        return sign;
    };
    let all = if exponent > 0 { fraction } else { fraction | 0x0080_0000 };
    let rest = all & ((1 << dropped) - 1);
    let middle = 1 << (dropped - 1);
    let up = rest > middle || (rest == middle && kept & 1 == 1);
    sign | (kept + u32::from(up)) as u16
}

/// The value of a 16-bit float.
pub(super) fn half_value(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let (exponent, fraction) = (i32::from(bits >> 10 & 31), f32::from(bits & 1023));
    sign * match exponent {
        0 => fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        e => (1.0 + fraction / 1024.0) * 2f32.powi(e - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::{half_bits, half_value};

    #[test]
    fn every_half_is_kept_and_what_lies_between_goes_to_the_nearer() {
        for bits in 0..0x7c00u16 {
            let (here, next) = (f64::from(half_value(bits)), f64::from(half_value(bits + 1)));
            assert_eq!(half_bits(here as f32), bits, "{here}");
            assert_eq!(half_bits(-here as f32), bits | 0x8000);
            if next.is_finite() {
                let (low, high) = (here + (next - here) * 0.375, here + (next - here) * 0.625);
                assert_eq!((half_bits(low as f32), half_bits(high as f32)), (bits, bits + 1), "{here} to {next}");
                let even = bits + (bits & 1);
                assert_eq!(half_bits(((here + next) / 2.0) as f32), even, "between {here} and {next}");
            }
        }
        assert_eq!((half_bits(1e9), half_bits(-1e9), half_bits(1e-12)), (0x7c00, 0xfc00, 0));
    }
}
