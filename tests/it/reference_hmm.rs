//! reference_hmm
