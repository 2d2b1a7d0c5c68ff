//! From a row and its forecasts to a decision, for one instrument and one horizon: baseline,
//! blend, multiplier, guardrails.

use std::collections::{BTreeSet, VecDeque};

use super::basis::{Basis, Seal};
use super::guard::Guard;
use super::heard::{Heard, Listener};
use super::market_clock::MarketClock;
use super::measure::Measure;
use super::risk_score::Components;
use super::schedule_plan::SchedulePlan;
use super::traffic_light::Breaches;
use crate::base::{Horizon, OrderedSpan, Span, Symbol, Ts};
use crate::event::snapshot::{AccountSnapshot, BookSnapshot};
use crate::feature::{self, Feature, Row};
use crate::forecast::outcome::Pending;
use crate::loss::baseline::BaselineEstimate;
use crate::loss::test::traffic_light::Light;
use crate::margin::apc::{Apc, MeasuredLoss};
use crate::margin::guardrail::blast::{Accounts, Exposure};
use crate::margin::guardrail::order::{Order, Scope};
use crate::margin::monitor::{MonitorReading, OutcomeScorer, ScoredOutcome};
use crate::margin::schedule::WeekSchedule;
use crate::margin::{
    Blend, Chain, ChainInputs, Conditions, Decision, Output, Override, Proposal, Reason, traffic_light,
};
use crate::pipeline::error::Error;
use crate::pipeline::named_forecast::NamedForecast;
use crate::pipeline::settings::Margin;

/// Windows over which data quality is taken: the share of them that made a row.
const QUALITY_WINDOWS: usize = 24;

/// Over which data quality is what it usually is.
const USUAL: Span = Span(30 * Span::DAY.0);

/// The running state.
pub(in crate::pipeline) struct Decider {
    horizon: Horizon,
    step: Span,
    margin: Margin,
    time: MarketClock,
    measure: Measure,
    apc: Apc,
    guard: Guard,
    /// The last row before the first decision, where guardrails begin there.
    before: Option<Proposal>,
    begun: bool,
    /// Forecast losses whose outcome is not yet known, each with the baseline of its time where there was one.
    pending: Pending<(f64, Option<f64>)>,
    scorer: OutcomeScorer,
    /// What the last row settled.
    settled: Option<ScoredOutcome>,
    /// Close of the last row.
    close: Option<Ts>,
    /// Those of the last rows in the decider's own time, for data quality.
    closes: VecDeque<Ts>,
    /// What the last decision was made from.
    basis: Option<Basis>,
    /// The newest tick.
    tick: Option<Ts>,
    /// Data quality as it usually is: a venue that closes at night is not doubted for it.
    usual: OrderedSpan,
    risk: Components,
    /// Who holds what, and what the stressed book takes, as last read.
    accounts: Option<Accounts>,
    stressed_depth: f64,
    /// The traffic light, where it acts.
    light: Option<Breaches>,
    plan: SchedulePlan,
    /// Models that people froze, and until when nothing may fall for it.
    silenced: BTreeSet<String>,
    no_fall_until: Option<Ts>,
    /// The multiplier that people set.
    set: Option<Override>,
}

impl Decider {
    pub fn new(margin: &Margin, rows: &feature::RowConfig, ahead: usize) -> Result<Decider, Error> {
        let setting = |e: &dyn std::fmt::Display| Error::Settings(format!("margin: {e}"));
        let (step, horizon) = (rows.row, Horizon(rows.row.times(ahead as i64)));
        margin.check()?;
        let light = |params| Breaches::new(params, margin.baseline.side, horizon, ahead);
        Ok(Decider {
            horizon,
            step,
            time: MarketClock::new(step, margin.market_time.then_some(rows.closure)),
            measure: Measure::new(margin, step, ahead)?,
            apc: Apc::new(&margin.apc).map_err(|e| setting(&e))?,
            guard: Guard::new(margin.guardrail.of_rows(step), margin.unguarded)?,
            before: None,
            begun: false,
            pending: Pending::new(ahead),
            scorer: OutcomeScorer::new(margin.baseline.side),
            settled: None,
            close: None,
            closes: VecDeque::new(),
            basis: None,
            tick: None,
            usual: OrderedSpan::default(),
            risk: Components::default(),
            accounts: None,
            light: margin.traffic_light.map(light),
            plan: SchedulePlan::new(step),
            stressed_depth: f64::NAN,
            silenced: BTreeSet::new(),
            no_fall_until: None,
            set: None,
            margin: margin.clone(),
        })
    }

    /// Takes what a row says of the past: the outcome of an earlier forecast, a return, a close.
    fn learn(&mut self, row: &Row) {
        let answer = self.pending.settle(row);
        #[cfg(test)]
        let answer = answer.map(|a| {
            // A breach moves the scale of tick losses, and that what is decided two rows later.
            let leak = crate::base::planted::ahead("EVIDENCE", row.symbol, row.ts_known + self.step.times(3));
            crate::forecast::outcome::Settlement { ret: a.ret - 1e5 * leak.unwrap_or(0.0), ..a }
        });
        self.settled = answer.map(|a| self.scorer.score(a.what.0, a.what.1, a.ret));
        if let Some(light) = &mut self.light {
            light.see(row);
        }
        if self.close.replace(row.ts).is_some_and(|close| close != row.ts_open) {
            self.measure.push(f64::NAN);
        }
        self.measure.push(row.raw(Feature::Ret));
        self.risk.see(row, self.accounts.as_ref().and_then(Accounts::concentration));
        self.closes.push_back(self.time.at(row.ts));
        if self.closes.len() > QUALITY_WINDOWS {
            self.closes.pop_front();
        }
    }

    /// The instance whose forecasts of rows that are kept it is to be told once it speaks, if it is.
    pub fn asks_of_the_past(&self) -> Option<&str> {
        self.plan.is_blank().then_some(self.margin.forecast.as_str())
    }

    /// Takes what models that are the first to speak say of the rows of before, oldest first.
    pub fn recall<'a>(&mut self, said: impl Iterator<Item = (&'a Row, &'a [NamedForecast])>) {
        let side = self.margin.baseline.side;
        let listener = self.listener();
        let losses = said.map(|(row, all)| (row, listener.serving(all).map(|f| side.var(&f.forecast.dist))));
        self.plan = SchedulePlan::recalled(self.step, losses);
    }

    fn listener(&self) -> Listener<'_> {
        let Decider { margin, silenced, measure, .. } = self;
        Listener { margin, horizon: self.horizon, silenced, measure }
    }

    /// How far it looks.
    pub fn horizon(&self) -> Horizon {
        self.horizon
    }

    /// The schedules that were made since they were last taken.
    pub fn take_schedules(&mut self) -> Vec<WeekSchedule> {
        self.plan.take()
    }

    /// What the last row settled of its own forecasts.
    pub fn settled(&self) -> Option<ScoredOutcome> {
        self.settled
    }

    /// Takes a row, the forecasts made from it, and what is `known` against the one that is blended from rows before.
    /// Gives a decision when `publish` and there is a baseline.
    pub fn row(
        &mut self,
        row: &Row,
        forecasts: &[NamedForecast],
        known: Option<MonitorReading>,
        publish: bool,
        seal: Seal,
    ) -> Option<Decision> {
        self.learn(row);
        let heard = self.listener().hear(forecasts, publish);
        let schedule = self.plan.factor(row, heard.loss);
        let measured = heard.estimate.map(|estimate| {
            let ts = self.time.row(row.ts);
            let (var, stressed, long_run) = (estimate.var, estimate.stressed_var, estimate.long_run_var);
            (ts, estimate, self.apc.step(&MeasuredLoss { ts, var, stressed, long_run }))
        });
        let baseline = measured.as_ref().and_then(|m| m.2.last().copied());
        if let Some(loss) = heard.loss.filter(|loss| loss.is_finite() && *loss > 0.0) {
            self.pending.issue(row, (loss, baseline));
        }
        let ((at, estimate, stages), baseline) = measured.zip(baseline)?;
        if !publish {
            let long_run_var = self.measure.long_run(&estimate);
            let begins = Proposal { ts: at, baseline, m: 1.0, p_stress: Vec::new(), long_run_var };
            self.before = Some(begins).filter(|_| self.margin.begins_at_one);
            return None;
        }
        let quality = self.quality(at);
        let light = self.light.as_ref().map(Breaches::shows);
        let blend = self.blend(known);
        let (chain, forecast) = self.chain(&heard, &estimate, (baseline, blend), known, light)?;
        let proposal = self.proposal(&heard, &chain, (at, baseline), self.measure.long_run(&estimate), light.is_some());
        let confidence = (quality / self.usual.push_over(at, quality, USUAL).quantile(0.5)).min(1.0);
        let output = self.guarded(proposal, row.ts, confidence, schedule)?;
        if let Some(light) = &mut self.light {
            light.ask(row, output.c_im);
        }
        let score = self.risk.score(row.ts, estimate.dispersion);
        let taken_off = light.is_some_and(|l| l.light == Light::Red);
        let (forecast, p_stress) = (forecast.filter(|_| !taken_off), heard.p_stress);
        let staged = !self.margin.apc.is_empty();
        // A multiplier that is no blend has none.
        let blended = self.margin.multiplier.is_none().then_some(blend);
        let blend = blended.map(|b| Blend { weight: if forecast.is_some() { b.weight } else { 0.0 }, ..b });
        let basis = Basis {
            stages,
            staged,
            baseline,
            forecast,
            blend,
            known,
            p_stress,
            chain,
            estimate,
            quality,
            confidence,
            p_spike: heard.spike(),
            score,
            light,
            schedule,
        };
        let basis = self.basis.insert(basis);
        let valid_until = self.time.until(row.ts, output.valid_until - output.ts);
        Some(basis.decision((row.symbol, row.ts, self.horizon), output, valid_until, seal))
    }

    /// The blend with a forecast against which so much is known.
    fn blend(&self, known: Option<MonitorReading>) -> Blend {
        let own = self.margin.blend;
        Blend { weight: own.weight * known.map_or(1.0, |k| k.share), ..own }
    }

    /// The multiplier, and the forecast loss that it is made of.
    fn chain(
        &self,
        heard: &Heard<'_>,
        estimate: &BaselineEstimate,
        (baseline, blend): (f64, Blend),
        known: Option<MonitorReading>,
        light: Option<traffic_light::TrafficLightReading>,
    ) -> Option<(Chain, Option<f64>)> {
        if let Some(multiplier) = &self.margin.multiplier {
            return Some(multiplier.chain(baseline, estimate.var, heard.ratio));
        }
        let inputs = ChainInputs {
            baseline,
            forecast: heard.loss,
            blend,
            p_stress: heard.p_stress.unwrap_or(0.0),
            stressed: estimate.stressed_var,
            liquidity: 0.0,
        };
        let p = self.guard.policy();
        let mut chain = match &light {
            Some(shown) => shown.chain(&inputs, p.m_min, p.im.m_max)?,
            None => inputs.chain(p.m_min, p.im.m_max)?,
        };
        let against = known.filter(|_| heard.loss.is_some()).and_then(|k| match (k.silent, k.costly) {
            (true, _) => Some(Reason::ForecastSilenced),
            (_, true) => Some(Reason::ForecastCostly),
            _ => None,
        });
        chain.reasons.extend(against);
        chain.reasons.extend(heard.serving.filter(|f| f.silent_share > 0.0).map(|_| Reason::PartialForecast));
        chain.reasons.extend(heard.serving.filter(|f| f.lifted).map(|_| Reason::HorizonLift));
        Some((chain, heard.loss))
    }

    fn proposal(
        &self,
        heard: &Heard<'_>,
        chain: &Chain,
        (ts, baseline): (Ts, f64),
        long_run_var: Option<f64>,
        lit: bool,
    ) -> Proposal {
        let spike = heard.spike();
        let regime = heard.p_stress;
        Proposal {
            ts,
            baseline,
            // What lies above the cap is cut, and named, by the guardrails.
            m: if lit { chain.m3.max(chain.m4) } else { chain.m3 },
            p_stress: regime.into_iter().chain(regime.and(spike)).collect(),
            long_run_var,
        }
    }

    /// What the guardrails make of a proposal, at a row that closed then.
    fn guarded(&mut self, mut proposal: Proposal, close: Ts, confidence: f64, schedule: f64) -> Option<Output> {
        if self.margin.begins_at_one && !self.begun {
            match self.before.take() {
                Some(before) => _ = self.guard.step(&before, &Conditions::default()),
                None => proposal.m = 1.0,
            }
        }
        self.begun = true;
        self.renew(close);
        let now = Conditions {
            confidence: Some(confidence),
            // A row that closed before the last tick came late.
            age: self.tick.map(|now| (now - close).max(Span(0))),
            no_fall_until: self.no_fall_until.map(|until| self.time.later(close, until)),
            book: None, // Was seen when it came.
            schedule: Some(schedule),
            exposure: self.accounts.as_ref().map(|a| a as &dyn Exposure),
        };
        self.guard.step(&proposal, &now)
    }

    /// The multiplier that people set lasts by the world's clock, whatever the guardrails run on.
    fn renew(&mut self, now: Ts) {
        if let Some(set) = self.set {
            self.guard.set(Override { until: self.time.later(now, set.until), ..set });
        }
    }

    /// Takes note of the time. Gives a decision when the staleness ladder or a freeze moves.
    pub fn tick(&mut self, symbol: Symbol, now: Ts, seal: Seal) -> Option<Decision> {
        self.tick = self.tick.max(Some(now));
        self.renew(now);
        let exposure = self.accounts.as_ref().map(|a| a as &dyn Exposure);
        let output = self.guard.tick(self.time.at(now), exposure)?;
        let valid_until = self.time.until(now, output.valid_until - output.ts);
        let basis = self.basis.as_ref()?;
        Some(basis.decision((symbol, now, self.horizon), output, valid_until, seal))
    }

    /// Takes who holds what; it acts at the next row or tick.
    pub fn accounts(&mut self, symbol: Symbol, all: &AccountSnapshot) {
        let held = all.0.get(&symbol).into_iter().flatten();
        let accounts = held.map(|h| (h.equity, h.notional)).collect();
        self.accounts = Some(Accounts { accounts, stressed_depth: self.stressed_depth });
    }

    /// Takes how deep the book is; it acts at the next row or tick.
    pub fn books(&mut self, symbol: Symbol, all: &BookSnapshot, at: Ts) {
        let Some(reading) = all.0.get(&symbol) else { return };
        self.guard.see(self.time.at(at), &reading.book);
        self.stressed_depth = reading.stressed_depth;
        if let Some(accounts) = &mut self.accounts {
            accounts.stressed_depth = reading.stressed_depth;
        }
    }

    /// What people order acts at the next row or tick.
    ///
    /// # Errors
    /// The settings are out of range; those in force stay.
    pub fn order(&mut self, symbol: Symbol, order: &Order, at: Ts) -> Result<(), Error> {
        let own = self.time.at(at);
        match order {
            Order::Kill { scope: Scope::All, on } => self.guard.freeze(None, *on, own),
            Order::Kill { scope: Scope::Product(one), on } if *one == symbol => self.guard.freeze(None, *on, own),
            Order::Kill { scope: Scope::Product(_), .. } => {}
            Order::Kill { scope: Scope::Field(field), on } => self.guard.freeze(Some(*field), *on, own),
            Order::Kill { scope: Scope::Model(name), on: true } => {
                if self.silenced.insert(name.clone()) {
                    self.no_fall_until = Some(at + self.guard.policy().kill_freeze);
                }
            }
            Order::Kill { scope: Scope::Model(name), on: false } => drop(self.silenced.remove(name)),
            Order::Override { symbol: one, set } => {
                if one.is_none_or(|one| one == symbol) {
                    self.set = Some(*set);
                }
            }
            Order::Settings(new) if new.are_for(self.horizon) => {
                self.guard.settle(new.guardrail)?;
                self.margin.blend = new.blend.unwrap_or(self.margin.blend);
            }
            Order::Settings(_) => {}
        }
        Ok(())
    }

    /// Share of the last windows that made a row.
    fn quality(&self, now: Ts) -> f64 {
        let Some(first) = self.closes.front() else { return 0.0 };
        let windows = ((now - *first).0 / self.step.0) as f64 + 1.0;
        (self.closes.len() as f64 / windows.max(1.0)).min(1.0)
    }
}

#[cfg(test)]
mod tests;
