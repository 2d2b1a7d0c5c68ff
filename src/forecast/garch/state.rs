//! The running state that GARCH with regimes and without share: what of a row the recursions take, the
//! season ahead, and the level of the target.

use crate::base::{Horizon, Ts};
use crate::feature::{Feature, Row};
use crate::forecast::har::season_ahead;
use crate::forecast::training::{Chosen, Level, Training};
use crate::forecast::{BySymbol, Dist, Error, Forecast, Forecaster, Regime};

/// Returns before the first forecast.
pub(super) const WARM_UP: usize = 100;

/// What the recursion takes of a row.
#[derive(Clone, Copy)]
pub(super) struct Input {
    /// Without its season.
    pub ret: f64,
    /// Without its season; NaN where missing.
    pub realized: f64,
}

/// The input of a row; `None` without a return, or without a season where that is to be taken out.
pub(super) fn input(deseason: bool, row: &Row) -> Option<Input> {
    let (ret, realized) = (row.get(Feature::Ret)?, row.raw(Feature::Rv));
    if !deseason {
        return Some(Input { ret, realized });
    }
    let season = row.get(Feature::SeasonNow).filter(|s| *s > 0.0)?;
    Some(Input { ret: ret / season.sqrt(), realized: realized / season })
}

/// How a model runs.
#[derive(Clone, Copy)]
pub(super) struct Settings {
    /// Whether the season is taken out of returns and put back into forecasts.
    pub deseason: bool,
    /// Whether the distribution lies around the expected return.
    pub drift: bool,
    /// Whether forecasts stay within the training targets.
    pub clip: bool,
    pub horizon: Horizon,
    pub ahead: usize,
}

/// What was learnt of one instrument, and how it runs.
pub(super) trait Runs: Clone + Send + 'static {
    /// The recursions on their way.
    type Filter: Send;
    /// Before the first return.
    fn begin(&self) -> Self::Filter;
    /// Takes a row.
    fn take(&self, filter: &mut Self::Filter, row: &Row, input: Input);
    /// The sum of the variances that are expected of the next `ahead` returns.
    fn variance_ahead(&self, filter: &Self::Filter, ahead: usize) -> f64;
    /// Mean target per unit of mean forecast variance, and the levels of the targets.
    fn scale(&self) -> (f64, &Level);
    /// The distribution at a realised variance over the horizon, and the regimes where there are any.
    fn dist(&self, filter: &Self::Filter, rv: f64, settings: &Settings) -> Option<(Dist, Option<Regime>)>;
}

/// Mean target per unit of mean forecast variance over a training window.
pub(super) fn rv_per_variance<R: Runs>(learnt: &R, t: &Training<'_>, deseason: bool) -> Result<f64, Error> {
    let (mut filter, mut taken, mut model, mut realised) = (learnt.begin(), false, 0.0, 0.0);
    for (row, target) in t.rows.iter().zip(&t.targets) {
        if let Some(input) = input(deseason, row) {
            learnt.take(&mut filter, row, input);
            taken = true;
        }
        let season = if deseason { season_ahead(row, t.ahead) } else { Some(1.0) };
        if let (Some(target), Some(season), true) = (target, season, taken) {
            model += season * learnt.variance_ahead(&filter, t.ahead);
            realised += target.rv;
        }
    }
    let scale = realised / model;
    if scale > 0.0 && scale.is_finite() {
        return Ok(scale);
    }
    Err(t.no_fit("no target follows a row with a return and a season"))
}

/// The running state of one instrument.
pub(super) struct State<R: Runs> {
    settings: Settings,
    own: Chosen<R>,
    filter: Option<R::Filter>,
    /// Returns taken.
    taken: usize,
    season: Option<f64>,
    issued: Ts,
}

impl<R: Runs> State<R> {
    pub fn new(settings: Settings, learnt: &BySymbol<R>) -> State<R> {
        let own = Chosen::Waiting(learnt.clone());
        State { settings, own, filter: None, taken: 0, season: None, issued: Ts(0) }
    }
}

impl<R: Runs> Forecaster for State<R> {
    fn update(&mut self, row: &Row) {
        self.issued = row.ts;
        let Some(own) = self.own.at(row) else { return };
        let filter = self.filter.get_or_insert_with(|| own.begin());
        if let Some(input) = input(self.settings.deseason, row) {
            own.take(filter, row, input);
            self.taken += 1;
        }
        // A row that does not know the season leaves the last one in place.
        let season = if self.settings.deseason { season_ahead(row, self.settings.ahead) } else { Some(1.0) };
        self.season = season.or(self.season);
    }
    fn forecast(&self) -> Option<Forecast> {
        let (own, season) = (self.own.get()?, self.season?);
        let filter = self.filter.as_ref().filter(|_| self.taken >= WARM_UP)?;
        let (rv_per_variance, level) = own.scale();
        let mut rv = rv_per_variance * season * own.variance_ahead(filter, self.settings.ahead);
        rv = if self.settings.clip { rv.max(level.rv_min).min(level.rv_max) } else { level.floored(rv) };
        let (dist, regime) = own.dist(filter, rv, &self.settings)?;
        Some(Forecast { issued: self.issued, horizon: self.settings.horizon, dist, regime, spike: None })
    }
}
