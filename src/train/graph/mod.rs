//! A network as a graph of ONNX operators that can differentiate itself.
//!
//! Every operator method stands in [`super::ops`] with its derivative beside it. Shapes are fixed when the graph is
//! built: one graph serves one batch size. Wrong shapes are errors of the program, not of its user, and panic while
//! the graph is built, with both shapes in the message.

mod export;
mod gradient;
mod operations;

use super::tensor::Tensor;
use crate::model::onnx::{AttributeProto, AttributeType, DataType, GraphProto, TensorProto};
use std::collections::HashMap;
use std::rc::Rc;

pub use export::{Weights, name_dims};

/// A value of a [`Graph`]: the handle that operators take and give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Var(u32);

impl Var {
    /// Stands for an optional input that is left out.
    pub(super) const NONE: Var = Var(u32::MAX);
}

/// How a parameter is filled before training.
#[derive(Debug, Clone, PartialEq)]
pub enum Init {
    /// All the same.
    Constant(f32),
    /// Normal with this standard deviation.
    Normal(f32),
    /// Uniform in `±1/√fan_in`.
    FanIn(usize),
    /// Orthogonal columns scaled by this gain: for recurrent weights of shape `(…, n, n)`, per trailing square.
    Orthogonal(f32),
}

/// Whether the optimizer moves a parameter, and whether weight decay pulls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Trained with weight decay.
    Weight,
    /// Trained without weight decay: biases, gains, embeddings.
    Bias,
    /// Not trained: running statistics and other state the graph itself renews.
    State,
}

/// A named tensor that outlives a step.
#[derive(Debug, Clone)]
pub struct Parameter {
    /// Name, unique in the graph.
    pub name: String,
    /// The value it has in the graph.
    pub var: Var,
    /// First contents.
    pub init: Init,
    /// What the optimizer does with it.
    pub role: Role,
}

#[derive(Debug, Clone)]
enum Source {
    Input,
    /// A value of the graph around this one, read by its name.
    Outer,
    Parameter,
    Constant(TensorProto),
    Node(usize),
}

#[derive(Debug)]
struct Value {
    name: String,
    shape: Vec<usize>,
    data_type: DataType,
    source: Source,
}

/// From the gradients of a node's outputs to pairs of (input, its gradient).
type Derivative = Rc<dyn Fn(&mut Graph, &[Option<Var>]) -> Vec<(Var, Var)>>;

struct Node {
    op: &'static str,
    inputs: Vec<Var>,
    /// Values that the body of a loop reads from outside.
    captures: Vec<Var>,
    /// Floating-point operations of the body of a loop, all rounds together.
    inside: u64,
    outputs: Vec<Var>,
    attributes: Vec<AttributeProto>,
    derivative: Option<Derivative>,
}

#[derive(Hash, PartialEq, Eq)]
enum ConstantKey {
    Float(u32),
    Ints(Vec<i64>),
}

/// A network under construction.
#[derive(Default)]
pub struct Graph {
    values: Vec<Value>,
    nodes: Vec<Node>,
    parameters: Vec<Parameter>,
    /// New contents of parameters that the graph itself renews.
    updates: Vec<(String, Var)>,
    constants: HashMap<ConstantKey, Var>,
    prefix: String,
    for_training: bool,
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty graph that will be differentiated: its layers keep what their reverse passes need.
    pub fn for_training() -> Self {
        Self { for_training: true, ..Self::default() }
    }

    /// Whether layers keep what their reverse passes need.
    pub(super) fn is_for_training(&self) -> bool {
        self.for_training
    }

    /// An empty graph whose values are named with `prefix`: for the body of a loop, whose names must not hide outer ones.
    pub(super) fn with_prefix(prefix: &str) -> Self {
        Self { prefix: prefix.to_owned(), ..Self::default() }
    }

    fn value(&mut self, name: Option<&str>, shape: &[usize], data_type: DataType, source: Source) -> Var {
        let var = Var(u32::try_from(self.values.len()).expect("fewer than 2³² values"));
        let name = name.map_or_else(|| format!("{}v{}", self.prefix, var.0), str::to_owned);
        self.values.push(Value { name, shape: shape.to_vec(), data_type, source });
        var
    }

    fn get(&self, var: Var) -> &Value {
        &self.values[var.0 as usize]
    }

    /// A float input that is fed at every run.
    pub fn input(&mut self, name: &str, shape: &[usize]) -> Var {
        self.value(Some(name), shape, DataType::Float, Source::Input)
    }

    /// An integer input: indices into embeddings and the like.
    pub fn input_indices(&mut self, name: &str, shape: &[usize]) -> Var {
        self.value(Some(name), shape, DataType::Int64, Source::Input)
    }

    /// In the body of a loop: the value of this name of the graph around it.
    pub(super) fn outer(&mut self, name: &str, shape: &[usize]) -> Var {
        self.value(Some(name), shape, DataType::Float, Source::Outer)
    }

    /// A parameter; asking again for the same name gives the same one.
    ///
    /// # Panics
    /// If the name is known with another shape.
    pub fn parameter(&mut self, name: &str, shape: &[usize], init: Init, role: Role) -> Var {
        if let Some(known) = self.parameters.iter().find(|p| p.name == name) {
            let var = known.var;
            assert_eq!(self.shape(var), shape, "parameter {name} asked for with two shapes");
            return var;
        }
        let var = self.value(Some(name), shape, DataType::Float, Source::Parameter);
        self.parameters.push(Parameter { name: name.to_owned(), var, init, role });
        var
    }

    /// Declares what a [`Role::State`] parameter holds after a step.
    ///
    /// # Panics
    /// If there is no such parameter.
    pub fn update(&mut self, name: &str, new: Var) {
        assert!(self.parameters.iter().any(|p| p.name == name && p.role == Role::State), "no state named {name}");
        self.updates.push((name.to_owned(), new));
    }

    /// All parameters in the order of their making.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// New contents of state parameters.
    pub fn updates(&self) -> &[(String, Var)] {
        &self.updates
    }

    /// A constant float tensor.
    pub fn constant(&mut self, tensor: &Tensor) -> Var {
        let proto = TensorProto::from_f32("", &tensor.shape, &tensor.data);
        self.value(None, &tensor.shape, DataType::Float, Source::Constant(proto))
    }

    /// A constant without dimensions.
    pub fn scalar(&mut self, value: f32) -> Var {
        let key = ConstantKey::Float(value.to_bits());
        if let Some(&var) = self.constants.get(&key) {
            return var;
        }
        let var = self.constant(&Tensor::scalar(value));
        self.constants.insert(key, var);
        var
    }

    /// A constant list of integers.
    pub(super) fn ints(&mut self, values: &[i64]) -> Var {
        let key = ConstantKey::Ints(values.to_vec());
        if let Some(&var) = self.constants.get(&key) {
            return var;
        }
        let proto = TensorProto::from_i64("", &[values.len()], values);
        let var = self.value(None, &[values.len()], DataType::Int64, Source::Constant(proto));
        self.constants.insert(key, var);
        var
    }

    /// Shape of a value.
    pub fn shape(&self, var: Var) -> &[usize] {
        &self.get(var).shape
    }

    /// Whether a value is a constant, which stays the same from step to step.
    pub fn is_constant(&self, var: Var) -> bool {
        matches!(self.get(var).source, Source::Constant(_))
    }

    /// Number of elements of a value.
    pub fn size(&self, var: Var) -> usize {
        self.shape(var).iter().product()
    }

    /// Number of nodes so far.
    pub(in crate::train) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Appends a node. Its derivative is nil until [`Graph::derive`] says otherwise.
    pub(super) fn emit(
        &mut self,
        op: &'static str,
        inputs: &[Var],
        attributes: Vec<AttributeProto>,
        outputs: &[(Vec<usize>, DataType)],
    ) -> Vec<Var> {
        let index = self.nodes.len();
        let outputs = outputs.iter().map(|(s, t)| self.value(None, s, *t, Source::Node(index))).collect::<Vec<_>>();
        let node = Node {
            op,
            inputs: inputs.to_vec(),
            captures: Vec::new(),
            inside: 0,
            outputs: outputs.clone(),
            attributes,
            derivative: None,
        };
        self.nodes.push(node);
        outputs
    }

    /// Appends a node with one float output.
    pub(super) fn emit1(
        &mut self,
        op: &'static str,
        inputs: &[Var],
        attributes: Vec<AttributeProto>,
        shape: &[usize],
    ) -> Var {
        self.emit(op, inputs, attributes, &[(shape.to_vec(), DataType::Float)])[0]
    }

    /// Appends a node whose operator is not differentiable, with one output of another type.
    pub(super) fn emit_typed(
        &mut self,
        op: &'static str,
        inputs: &[Var],
        attributes: Vec<AttributeProto>,
        shape: &[usize],
        data_type: DataType,
    ) -> Var {
        self.emit(op, inputs, attributes, &[(shape.to_vec(), data_type)])[0]
    }

    /// Says which outer values the body of the node just made reads.
    pub(super) fn capture(&mut self, captures: &[Var]) {
        self.nodes.last_mut().expect("a node was made").captures = captures.to_vec();
    }

    /// Says how many floating-point operations the products inside the loop just made take, all rounds together.
    pub(super) fn counts_inside(&mut self, operations: u64) {
        self.nodes.last_mut().expect("a node was made").inside = operations;
    }

    /// Gives the node that made `output` its derivative.
    pub(super) fn derive(
        &mut self,
        output: Var,
        derivative: impl Fn(&mut Graph, &[Option<Var>]) -> Vec<(Var, Var)> + 'static,
    ) -> Var {
        let Source::Node(index) = self.get(output).source else { panic!("only a node's output has a derivative") };
        self.nodes[index].derivative = Some(Rc::new(derivative));
        output
    }

    /// Like [`Graph::derive`] for a node with one output, whose gradient is then there.
    pub(super) fn derive1(
        &mut self,
        output: Var,
        derivative: impl Fn(&mut Graph, Var) -> Vec<(Var, Var)> + 'static,
    ) -> Var {
        self.derive(output, move |g, dy| {
            derivative(g, dy[0].expect("a node is visited only if its output has a gradient"))
        })
    }

    /// Name of a value, for the body of a loop that reads it.
    pub(super) fn name(&self, var: Var) -> &str {
        &self.get(var).name
    }
}

/// An integer attribute.
pub(super) fn int(name: &str, value: i64) -> AttributeProto {
    AttributeProto {
        name: Some(name.into()),
        i: Some(value),
        r#type: Some(AttributeType::Int as i32),
        ..Default::default()
    }
}

/// A list of integers as an attribute.
pub(super) fn ints(name: &str, values: &[i64]) -> AttributeProto {
    AttributeProto {
        name: Some(name.into()),
        ints: values.to_vec(),
        r#type: Some(AttributeType::Ints as i32),
        ..Default::default()
    }
}

/// A float attribute.
pub(super) fn float(name: &str, value: f32) -> AttributeProto {
    AttributeProto {
        name: Some(name.into()),
        f: Some(value),
        r#type: Some(AttributeType::Float as i32),
        ..Default::default()
    }
}

/// A text attribute.
pub(super) fn text(name: &str, value: &str) -> AttributeProto {
    AttributeProto {
        name: Some(name.into()),
        s: Some(value.as_bytes().to_vec()),
        r#type: Some(AttributeType::String as i32),
        ..Default::default()
    }
}

/// A network as an attribute.
pub(super) fn body(name: &str, graph: GraphProto) -> AttributeProto {
    AttributeProto {
        name: Some(name.into()),
        g: Some(graph),
        r#type: Some(AttributeType::Graph as i32),
        ..Default::default()
    }
}
