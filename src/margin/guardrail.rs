//! guardrail
