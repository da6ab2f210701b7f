//! Oneiro in a DAW.
