//! Tensors on the host: weights, batches, metrics.

use std::collections::BTreeMap;

/// A dense tensor of 32-bit floats in row-major order.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Length of each dimension; empty for a scalar.
    pub shape: Vec<usize>,
    /// Elements; as many as the product of `shape`.
    pub data: Vec<f32>,
}

impl Tensor {
    /// A tensor of `shape` filled by `data`.
    ///
    /// # Panics
    /// If `data` does not fill `shape`.
    pub fn new(shape: &[usize], data: Vec<f32>) -> Self {
        assert_eq!(shape.iter().product::<usize>(), data.len(), "{} elements do not fill {shape:?}", data.len());
        Self { shape: shape.to_vec(), data }
    }

    /// A tensor of zeros.
    pub fn zeros(shape: &[usize]) -> Self {
        Self { shape: shape.to_vec(), data: vec![0.0; shape.iter().product()] }
    }

    /// A tensor without dimensions.
    pub fn scalar(value: f32) -> Self {
        Self { shape: Vec::new(), data: vec![value] }
    }
}

/// Tensors by name.
pub type Tensors = BTreeMap<String, Tensor>;
