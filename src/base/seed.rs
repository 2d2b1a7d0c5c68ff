//! Randomness that has a name: the same name gives the same stream on every machine.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use super::Digest;

/// A named source of randomness.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl Seed {
    /// A child seed for one use, so that adding a use never moves the others.
    pub fn named(self, name: &str) -> Seed {
        let mut bytes = self.0.to_le_bytes().to_vec();
        bytes.extend_from_slice(name.as_bytes());
        let digest = Digest::of(&bytes).0;
        let mut first = [0; 8];
        first.copy_from_slice(&digest[..8]);
        Seed(u64::from_le_bytes(first))
    }
    /// The generator of this seed.
    pub fn rng(self) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.0)
    }
}
