//! What a host is told of the parameters, and what a project stores beside them.
//!
//! nice-plug's derive macro wants one field for each parameter; ours come from a table, so its unsafe trait is
//! implemented here by hand, which is the only unsafe code of the plugin.
#![allow(unsafe_code)]

use super::table::{sheets, shown};
use super::{Knob, Parameters};
use nice_plug::params::internals::ParamPtr;
use nice_plug::params::{Param as _, Params};
use std::collections::BTreeMap;

// SAFETY: the trait asks that the pointers stay valid as long as the object. They point into `knobs`, which is filled in
// `Parameters::new` and neither grows nor moves its elements afterwards: no method takes `&mut self`.
unsafe impl Params for Parameters {
    fn param_map(&self) -> Vec<(String, ParamPtr, String)> {
        let entry = |place: usize| {
            let pointer = match &self.knobs[place] {
                Knob::Float(knob) => knob.as_ptr(),
                Knob::Int(knob) => knob.as_ptr(),
                Knob::Bool(knob) => knob.as_ptr(),
            };
            (sheets()[place].id.to_owned(), pointer, sheets()[place].group.to_owned())
        };
        shown().into_iter().map(entry).collect()
    }

    fn serialize_fields(&self) -> BTreeMap<String, String> {
        self.shared.stored()
    }

    fn deserialize_fields(&self, fields: &BTreeMap<String, String>) {
        self.shared.restore(fields);
    }
}
