//! The same study without some inputs: every model that takes a list of inputs is fitted and run again
//! without them, and those that combine such models with it.

use serde_json::{Value, json};

use crate::forecast::Entry;
use crate::study::Error;
use crate::study::config::{Ablation, Plan};

/// The same plan with the inputs left out wherever a model can leave inputs out.
///
/// # Errors
/// A word is neither an input nor a family.
pub fn without(plan: &Plan, ablation: &Ablation) -> Result<Plan, Error> {
    let inputs = ablation.inputs()?;
    let mut reduced = plan.clone();
    for model in &mut reduced.models {
        let takes = (Entry::named(&model.kind)?.defaults)().get("drop").is_some();
        let Some(params) = model.params.as_object_mut().filter(|_| takes) else { continue };
        let had = params.get("drop").and_then(Value::as_array).cloned().unwrap_or_default();
        let more = inputs.iter().map(|i| json!(i)).filter(|i| !had.contains(i));
        params.insert("drop".into(), had.iter().cloned().chain(more).collect());
    }
    Ok(reduced)
}
