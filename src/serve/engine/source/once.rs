//! What is wrong outside is said once, not at every look.

/// What was said last.
#[derive(Debug, Default)]
pub(super) struct Once(Option<String>);

impl Once {
    /// Whether this is new.
    pub fn is_new(&mut self, why: &str) -> bool {
        let new = self.0.as_deref() != Some(why);
        if new {
            self.0 = Some(why.into());
        }
        new
    }
    /// All is well again.
    pub fn clear(&mut self) {
        self.0 = None;
    }
}
