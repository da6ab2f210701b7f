//! The networks, each written once for training and for performing.

pub mod melody_rnn;
