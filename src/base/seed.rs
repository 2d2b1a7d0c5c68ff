//! Randomness that has a name: the same name gives the same stream on every machine.

use rand::RngExt;
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
    /// Standard normal numbers of this seed.
    pub fn normals(self) -> Normals {
        Normals { rng: self.rng(), second: None }
    }
    /// The generator of this seed.
    pub fn rng(self) -> ChaCha8Rng {
        ChaCha8Rng::seed_from_u64(self.0)
    }
}

/// Standard normal numbers without end, Box and Muller (1958).
#[derive(Clone, Debug)]
pub struct Normals {
    rng: ChaCha8Rng,
    /// The other of the pair.
    second: Option<f64>,
}

impl Normals {
    /// The next one.
    pub fn draw(&mut self) -> f64 {
        if let Some(second) = self.second.take() {
            return second;
        }
        let radius = (-2.0 * self.rng.random::<f64>().max(f64::MIN_POSITIVE).ln()).sqrt();
        let (sin, cos) = (2.0 * std::f64::consts::PI * self.rng.random::<f64>()).sin_cos();
        self.second = Some(radius * sin);
        radius * cos
    }
}
