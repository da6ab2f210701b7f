//! A first look at a protobuf file, before it is decoded.
//!
//! Two bytes on disk can become a message of hundreds of bytes in memory, and messages nest. So the fields are
//! counted and the depth is measured on the raw bytes first, without keeping anything.

/// Most fields of the messages that are decoded. A network unrolled over hundreds of steps has some 100,000.
pub(super) const MAX_FIELDS: usize = 1_000_000;
/// Deepest nesting of messages: bodies of loops in bodies of loops.
pub(super) const MAX_DEPTH: usize = 40;

/// What is wrong with the bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WireError {
    /// Not protobuf, or cut off.
    Malformed,
    /// More than [`MAX_FIELDS`].
    TooManyFields,
    /// Deeper than [`MAX_DEPTH`].
    TooDeep,
    /// Sparse tensors, which are not decoded and so could not be checked.
    Sparse,
}

/// The messages of an ONNX file, as far as they are decoded.
#[derive(Clone, Copy)]
enum Message {
    Model,
    Graph,
    Node,
    Attribute,
    Tensor,
    ValueInfo,
    Type,
    TensorType,
    Shape,
    /// A message whose fields are only counted.
    Leaf,
}

impl Message {
    /// Whether sparse tensors lie in this field.
    fn is_sparse(self, field: u64) -> bool {
        matches!((self, field), (Self::Graph, 15) | (Self::Attribute, 22 | 23))
    }

    /// The message in this field, if a message that is decoded is there.
    fn child(self, field: u64) -> Option<Self> {
        Some(match (self, field) {
            (Self::Model, 7) => Self::Graph,
            (Self::Model, 8 | 14 | 25) => Self::Leaf,
            (Self::Graph, 1) => Self::Node,
            (Self::Graph, 5) => Self::Tensor,
            (Self::Graph, 11..=13) => Self::ValueInfo,
            (Self::Node, 5) => Self::Attribute,
            (Self::Attribute, 5 | 10) => Self::Tensor,
            (Self::Attribute, 6 | 11) => Self::Graph,
            (Self::Tensor, 13) => Self::Leaf,
            (Self::ValueInfo, 2) => Self::Type,
            (Self::Type, 1) => Self::TensorType,
            (Self::TensorType, 2) => Self::Shape,
            (Self::Shape, 1) => Self::Leaf,
            _ => return None,
        })
    }
}

/// Looks through the bytes of a model file.
pub(super) fn look_through(bytes: &[u8]) -> Result<(), WireError> {
    let mut fields = 0;
    message(bytes, Message::Model, 0, &mut fields)
}

fn message(mut bytes: &[u8], kind: Message, depth: usize, fields: &mut usize) -> Result<(), WireError> {
    if depth > MAX_DEPTH {
        return Err(WireError::TooDeep);
    }
    while !bytes.is_empty() {
        *fields += 1;
        if *fields > MAX_FIELDS {
            return Err(WireError::TooManyFields);
        }
        let tag = varint(&mut bytes)?;
        if kind.is_sparse(tag >> 3) {
            return Err(WireError::Sparse);
        }
        match tag & 7 {
            0 => drop(varint(&mut bytes)?),
            1 => drop(take(&mut bytes, 8)?),
            2 => {
                let length = varint(&mut bytes)?;
                let body = take(&mut bytes, length)?;
                if let Some(child) = kind.child(tag >> 3) {
                    message(body, child, depth + 1, fields)?;
                }
            }
            5 => drop(take(&mut bytes, 4)?),
            _ => return Err(WireError::Malformed), // groups are long gone from the format; 6 and 7 never were in it
        }
    }
    Ok(())
}

fn varint(bytes: &mut &[u8]) -> Result<u64, WireError> {
    let mut value = 0u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(WireError::Malformed)?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(WireError::Malformed)
}

fn take<'a>(bytes: &mut &'a [u8], length: u64) -> Result<&'a [u8], WireError> {
    let length = usize::try_from(length).map_err(|_| WireError::Malformed)?;
    let (body, rest) = bytes.split_at_checked(length).ok_or(WireError::Malformed)?;
    *bytes = rest;
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use prost::encoding::{encode_key, encode_varint};

    fn field(number: u32, body: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        encode_key(number, prost::encoding::WireType::LengthDelimited, &mut bytes);
        encode_varint(body.len() as u64, &mut bytes);
        bytes.extend_from_slice(body);
        bytes
    }

    #[test]
    fn a_swarm_of_empty_nodes_is_refused_before_it_is_decoded() {
        let nodes = field(1, &[]).repeat(MAX_FIELDS + 1);
        assert_eq!(look_through(&field(7, &nodes)), Err(WireError::TooManyFields));
    }

    #[test]
    fn graphs_within_graphs_have_an_end() {
        let mut graph = Vec::new();
        for _ in 0..MAX_DEPTH {
            graph = field(1, &field(5, &field(6, &graph)));
        }
        assert_eq!(look_through(&field(7, &graph)), Err(WireError::TooDeep));
    }

    #[test]
    fn a_field_longer_than_the_file_is_malformed() {
        assert_eq!(look_through(&[0x3a, 0xff, 0xff, 0xff, 0xff, 0x0f, 1]), Err(WireError::Malformed));
    }
}
