//! One file per vendor layout.
