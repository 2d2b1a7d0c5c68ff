//! var
