//! The guardrails: a state machine between the multiplier and what is published.
//!
//! | file | what it holds |
//! |---|---|
//! | `policy.rs` | every setting, with its range |
//! | `pace.rs` | how fast a requirement may move: steps of rows, budgets over windows |
//! | `former.rs` | settings of the pace as they were before |
//! | `policy_change.rs` | which changes of settings wait, and how long |
//! | `policy_settings.rs` | blend and guardrails together, and changes of them |
//! | `order.rs` | what people may order |
//! | `proposal.rs` | what is asked at one instant |
//! | `output.rs` | what is answered |
//! | `machine.rs` | the state machine of one instrument and horizon |
//! | `step.rs` | one step of what is in force: both requirements, moved and checked together |
//! | `scheduled.rs` | the schedule on what is in force |
//! | `pair.rs` | what keeps both requirements apart |
//! | `new.rs` | what opens, adds or withdraws: its own pace |
//! | `limits.rs` | how far one requirement may move |
//! | `lows.rs` | the least that was in force over any stretch of time |
//! | `headroom.rs` | how far initial margin may still rise |
//! | `recheck.rs` | the check after clamping; for callers of the library: `clamp_set` |
//! | `notice.rs` | notice before maintenance margin rises |
//! | `staleness.rs` | what holds when inputs stop coming |
//! | `hysteresis.rs` | the flag of the stressed regime |
//! | `thin_book.rs` | when a book is thin |
//! | `interest_caps.rs` | caps on open interest |
//! | `blast.rs` | whom a rise would liquidate; for callers of the library: `allows`, `remargin` |
//!
//! This folder knows nothing of baselines, forecasts, or how a multiplier came about.
//!
//! It acts on the requirement `C = m b`, not on the multiplier alone, so that a forecast and the
//! baseline that follows it are not counted twice.
//!
//! Where rules conflict, the stronger one wins, in this order:
//!
//! 1. **numbers**: what is not finite never moves anything; the previous value holds;
//! 2. **cap on the multiplier**: `C <= m_max b`, even if the baseline fell faster than the down step;
//! 3. **baseline**: lift-only `C >= m_min b` always; managed-total `C` may lag by `lag_max` for
//!    `lag_steps` steps. A baseline that rises faster than the up step or above the caps on the
//!    total lift is followed;
//! 4. **initial over maintenance**: maintenance margin gives way to its share of initial margin, no
//!    faster than its down step; where that does not do, initial margin is lifted;
//! 5. **caps on the total lift**: they stop rises; on a value in force they act at the down step;
//! 6. **budgets**: over any stretch of time up to that of a window no rise but those of rules 3 and 4 is larger than its
//!    budget, whatever made it: targets, orders of people, the ladder. They stop rises and force no fall: a budget
//!    that becomes smaller, or was exceeded by the baseline, lets nothing rise until it has room. So over a
//!    stretch in which settings changed, or the emergency lane was open, the laxest budget of it holds;
//! 7. **staleness**: the ladder may rise faster than the up step;
//! 8. **step limits**, then dead band, confirmations, intervals and notice, which only ever hold.
//!
//! What is bounded is the exact `C`. The published multiplier is rounded up to the quantum, so that what it asks
//! is above `C` by less than a quantum times the baseline, and two publications compare within one.
//!
//! Initial margin is published as a factor of the schedule times what these rules bind: within the bounds of the
//! multiplier, and not below maintenance margin over its share. The factor is that of the newest row; it glides to one while
//! people set the multiplier, and holds while they freeze it. What is new (opens, adds, withdraws) has the target of
//! initial margin, a pace of its own and no cap on the rise of a day, and is never below initial margin; maintenance margin
//! knows neither of it nor of the schedule.
//!
//! A thin book, doubted inputs and orders of people change what is aimed at, or stop falls; they go
//! through the same limits and break none.

pub mod blast;
pub mod former;
pub mod headroom;
pub mod hysteresis;
pub mod interest_caps;
mod limits;
mod lows;
mod machine;
mod new;
pub mod notice;
pub mod order;
mod output;
pub mod pace;
mod pair;
pub mod policy;
pub mod policy_change;
pub mod policy_settings;
mod proposal;
pub mod recheck;
mod scheduled;
pub mod staleness;
mod step;
pub mod thin_book;

pub use machine::Guardrail;
pub use output::Output;
pub use policy::Policy;
pub use proposal::{Conditions, Proposal};
