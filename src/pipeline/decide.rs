//! From a row and its forecasts to a decision, for one instrument and one horizon: baseline,
//! credibility, multiplier, guardrails.

use std::collections::{BTreeSet, VecDeque};

use super::error::Error;
use super::named_forecast::NamedForecast;
use super::risk_score::Components;
use super::settings::Margin;
use super::traffic_light::Breaches;
use crate::base::{Digest, Horizon, OrderedSpan, Prob, Span, Symbol, Ts};
use crate::event::snapshot::{AccountSnapshot, BookSnapshot};
use crate::feature::{Feature, Row};
use crate::forecast::outcome::Pending;
use crate::loss::baseline::{self, Baseline};
use crate::loss::test::traffic_light::Light;
use crate::margin::apc::{Apc, MeasuredLoss};
use crate::margin::guardrail::blast::{Accounts, Exposure};
use crate::margin::guardrail::order::{Order, Scope};
use crate::margin::risk_score::RiskScore;
use crate::margin::traffic_light;
use crate::margin::{Chain, ChainInputs, Conditions, Credibility, Decision, Guardrail, Output, Proposal, Reason, Why};

/// Windows over which data quality is taken: the share of them that made a row.
const QUALITY_WINDOWS: usize = 24;

/// Over which data quality is what it usually is.
const USUAL: Span = Span(30 * Span::DAY.0);

/// Which models and settings a decision is signed with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seal {
    pub model: Digest,
    pub config: Digest,
}

/// The running state.
pub(super) struct Decider {
    horizon: Horizon,
    step: Span,
    margin: Margin,
    baseline: Baseline,
    apc: Apc,
    credibility: Credibility,
    guardrail: Guardrail,
    /// Forecast losses whose outcome is not yet known.
    asked: Pending<f64>,
    /// Closes of the last rows, for data quality.
    closes: VecDeque<Ts>,
    /// What the last decision was made from.
    last: Option<Last>,
    /// The newest tick.
    clock: Option<Ts>,
    /// Data quality as it usually is: a venue that closes at night is not doubted for it.
    usual: OrderedSpan,
    risk: Components,
    /// Who holds what, and what the stressed book takes, as last read.
    accounts: Option<Accounts>,
    stressed_depth: f64,
    /// The traffic light, where it acts.
    lights: Option<Breaches>,
    /// Models that people froze, and until when nothing may fall for it.
    silenced: BTreeSet<String>,
    no_fall_until: Option<Ts>,
}

#[derive(Clone)]
struct Last {
    /// The measured loss and the result of each stage.
    stages: Vec<f64>,
    baseline: f64,
    forecast: Option<f64>,
    credibility: f64,
    p_stress: Option<f64>,
    chain: Chain,
    estimate: baseline::BaselineEstimate,
    quality: f64,
    score: Option<RiskScore>,
    light: Option<traffic_light::TrafficLightReading>,
}

impl Decider {
    pub fn new(margin: &Margin, step: Span, ahead: usize) -> Result<Decider, Error> {
        let setting = |e: &dyn std::fmt::Display| Error::Settings(format!("margin: {e}"));
        let horizon = Horizon(step.times(ahead as i64));
        margin.traffic_light.map_or(Ok(()), |p| p.check()).map_err(|e| setting(&e))?;
        let lights = |params| Breaches::new(params, margin.baseline.side, horizon, ahead);
        Ok(Decider {
            horizon,
            step,
            margin: margin.clone(),
            baseline: Baseline::new(margin.baseline, step, ahead).map_err(|e| setting(&e))?,
            apc: Apc::new(&margin.apc).map_err(|e| setting(&e))?,
            credibility: Credibility::new(margin.credibility),
            guardrail: Guardrail::new(margin.guardrail).map_err(|e| setting(&e))?,
            asked: Pending::new(ahead),
            closes: VecDeque::new(),
            last: None,
            clock: None,
            usual: OrderedSpan::default(),
            risk: Components::default(),
            accounts: None,
            lights: margin.traffic_light.map(lights),
            stressed_depth: f64::NAN,
            silenced: BTreeSet::new(),
            no_fall_until: None,
        })
    }

    /// Takes what a row says of the past: the outcome of an earlier forecast, a return, a close.
    fn learn(&mut self, row: &Row) {
        if let Some(answer) = self.asked.answer(row) {
            self.credibility.push(self.margin.baseline.side.loss(answer.ret) > answer.what);
        }
        if let Some(lights) = &mut self.lights {
            lights.see(row);
        }
        if self.closes.back().is_some_and(|close| *close != row.ts_open) {
            self.baseline.push(f64::NAN);
        }
        self.baseline.push(row.raw(Feature::Ret));
        self.risk.see(row, self.accounts.as_ref().and_then(Accounts::concentration));
        self.closes.push_back(row.ts);
        if self.closes.len() > QUALITY_WINDOWS {
            self.closes.pop_front();
        }
    }

    /// The measured losses and what the stages make of them. Stages remember, so they also run while rows
    /// only warm up; without any, an estimate is not worked out before it is wanted.
    fn measure(&mut self, ts: Ts, others: &[f64], publish: bool) -> Option<(baseline::BaselineEstimate, Vec<f64>)> {
        if !publish && self.margin.apc.is_empty() {
            return None;
        }
        let mut estimate = self.baseline.estimate()?;
        if !self.margin.challengers.is_empty() {
            estimate.dispersion = baseline::dispersion(&[&[estimate.var, estimate.plain_var], others].concat());
        }
        let (var, stressed, long_run) = (estimate.var, estimate.stressed_var, estimate.long_run_var);
        let stages = self.apc.step(&MeasuredLoss { ts, var, stressed, long_run });
        Some((estimate, stages))
    }

    /// Takes a row and the forecasts made from it. Gives a decision when `publish` and there is a
    /// baseline.
    pub fn row(&mut self, row: &Row, forecasts: &[NamedForecast], publish: bool, seal: Seal) -> Option<Decision> {
        self.learn(row);
        let side = self.margin.baseline.side;
        let of = |name: &str| {
            let heard = forecasts.iter().filter(|f| !self.silenced.contains(&*f.name));
            heard.clone().find(|f| &*f.name == name && f.forecast.horizon == self.horizon)
        };
        let heard = of(&self.margin.forecast);
        let serving = heard.map(|f| &f.forecast);
        let loss = serving.map(|f| side.var(&f.dist));
        if let Some(loss) = loss {
            self.asked.ask(row, loss);
        }
        let regime = of(&self.margin.regime).and_then(|f| f.forecast.regime).map(|r| r.stress);
        let others = self.margin.challengers.iter().filter_map(|name| of(name));
        let others: Vec<f64> = others.map(|f| side.var(&f.forecast.dist)).collect();
        let (estimate, stages) = self.measure(row.ts, &others, publish)?;
        let base = stages.last().copied().filter(|_| publish)?;
        let quality = self.quality(row.ts);
        let credibility = self.credibility.weight(estimate.dispersion, quality);
        let inputs = ChainInputs {
            baseline: base,
            forecast: loss,
            credibility,
            p_stress: regime.unwrap_or(0.0),
            stressed: estimate.stressed_var,
            liquidity: 0.0,
        };
        let p = self.guardrail.policy();
        let light = self.lights.as_ref().map(Breaches::shows);
        let mut chain = match &light {
            Some(shown) => shown.chain(&inputs, p.m_min, p.im.m_max)?,
            None => inputs.chain(p.m_min, p.im.m_max)?,
        };
        chain.reasons.extend(heard.filter(|f| f.silent_share > 0.0).map(|_| Reason::PartialForecast));
        chain.reasons.extend(heard.filter(|f| f.lifted).map(|_| Reason::HorizonLift));
        // The emergency lane wants a second voice: the serving forecast's own spike probability.
        let spike = serving.and_then(|f| f.spike).map(Prob::get);
        let proposal = Proposal {
            ts: row.ts,
            baseline: base,
            // What lies above the cap is cut, and named, by the guardrails.
            m: light.map_or(chain.m3, |_| chain.m3.max(chain.m4)),
            p_stress: regime.into_iter().chain(regime.and(spike)).collect(),
            long_run_var: Some(estimate.long_run_var),
        };
        let confidence = (quality / self.usual.push_over(row.ts, quality, USUAL).quantile(0.5)).min(1.0);
        // A row that closed before the last tick came late.
        let age = self.clock.map(|now| (now - row.ts).max(Span(0)));
        let now = Conditions {
            confidence: Some(confidence),
            age,
            no_fall_until: self.no_fall_until,
            book: None, // Was seen when it came.
            exposure: self.accounts.as_ref().map(|a| a as &dyn Exposure),
        };
        let bundle = self.guardrail.step_under(&proposal, &now)?;
        if let Some(lights) = &mut self.lights {
            lights.ask(row, bundle.c_im);
        }
        let score = self.risk.score(row.ts, estimate.dispersion);
        let taken_off = light.is_some_and(|l| l.light == Light::Red);
        let (baseline, forecast, p_stress) = (base, loss.filter(|_| !taken_off), regime);
        let last = Last { stages, baseline, forecast, credibility, p_stress, chain, estimate, quality, score, light };
        let last = self.last.insert(last).clone();
        Some(self.decision(row.symbol, bundle, &last, seal))
    }

    /// Takes note of the time. Gives a decision when the staleness ladder or a freeze moves.
    pub fn tick(&mut self, symbol: Symbol, now: Ts, seal: Seal) -> Option<Decision> {
        self.clock = self.clock.max(Some(now));
        let exposure = self.accounts.as_ref().map(|a| a as &dyn Exposure);
        let bundle = self.guardrail.tick_under(now, exposure)?;
        let last = self.last.clone()?;
        Some(self.decision(symbol, bundle, &last, seal))
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
        self.guardrail.see(at, &reading.book);
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
        match order {
            Order::Kill { scope: Scope::All, on } => self.guardrail.kill(*on, at),
            Order::Kill { scope: Scope::Product(one), on } if *one == symbol => self.guardrail.kill(*on, at),
            Order::Kill { scope: Scope::Product(_), .. } => {}
            Order::Kill { scope: Scope::Field(field), on } => self.guardrail.kill_field(*field, *on, at),
            Order::Kill { scope: Scope::Model(name), on: true } => {
                if self.silenced.insert(name.clone()) {
                    self.no_fall_until = Some(at + self.guardrail.policy().kill_freeze);
                }
            }
            Order::Kill { scope: Scope::Model(name), on: false } => drop(self.silenced.remove(name)),
            Order::Override { symbol: one, set } => {
                if one.is_none_or(|one| one == symbol) {
                    self.guardrail.set(*set);
                }
            }
            Order::Settings(policy) => {
                self.guardrail.settle(**policy).map_err(|e| Error::Settings(format!("margin: {e}")))?;
            }
        }
        Ok(())
    }

    /// Share of the last windows that made a row.
    fn quality(&self, now: Ts) -> f64 {
        let Some(first) = self.closes.front() else { return 0.0 };
        let windows = ((now - *first).0 / self.step.0) as f64 + 1.0;
        (self.closes.len() as f64 / windows.max(1.0)).min(1.0)
    }

    fn decision(&self, symbol: Symbol, bundle: Output, last: &Last, seal: Seal) -> Decision {
        let mut reasons = last.chain.reasons.clone();
        // The chain's own cap is reported by the guardrails, which apply it.
        reasons.retain(|r| !bundle.reasons.contains(r));
        reasons.extend(bundle.reasons);
        Decision {
            symbol,
            ts: bundle.ts,
            horizon: self.horizon,
            baseline: last.baseline,
            forecast_loss: last.forecast,
            credibility: last.credibility,
            m_raw: last.chain.m3,
            m_im_ppm: bundle.m_im_ppm,
            m_mm_ppm: bundle.m_mm_ppm,
            m_transfer_ppm: bundle.m_transfer_ppm,
            c_im: bundle.c_im,
            c_mm: bundle.c_mm,
            state: bundle.state,
            reasons,
            p_stress: last.p_stress,
            model_digest: seal.model,
            config_digest: seal.config,
            why: Why {
                m0: last.chain.m0,
                m1: last.chain.m1,
                m2: last.chain.m2,
                m4: last.chain.m4,
                stressed: last.estimate.stressed_var,
                // The tail keeps its shape when a stage moves the level.
                expected_shortfall: last.estimate.es * (last.baseline / last.estimate.var),
                long_run_var: last.estimate.long_run_var,
                dispersion: last.estimate.dispersion,
                data_quality: last.quality,
                gap: bundle.gap,
                stress_flag: bundle.stress,
                mm_reasons: bundle.mm_reasons,
                fallback_m_ppm: bundle.fallback_m_ppm,
                valid_until: bundle.valid_until,
                stages: if self.margin.apc.is_empty() { Vec::new() } else { last.stages.clone() },
                interest: bundle.interest,
                blast: bundle.blast,
                risk_score: last.score,
                traffic_light: last.light,
            },
        }
    }
}
