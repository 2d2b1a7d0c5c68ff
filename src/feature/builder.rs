//! From events to rows, one at a time, the same for history and live.
//!
//! Trades make bars of the configured length, bars make windows, a window whose bars are all there
//! makes a row. A vendor's bar closes when it arrives; a bar made from trades closes with the first
//! event at or after its end, a tick of the clock included. Memory is finite: a builder that is
//! started late gives the same rows, bit for bit, once it has seen [`RowConfig::memory_rows`] of them.

use std::collections::BTreeMap;

use super::catalog::Feature;
use super::config::{Error, RowConfig};
use super::gate::Gate;
use super::gauge::Gauges;
use super::past::{Lags, Season};
use super::row::Row;
use super::window::bar::BarMaker;
use super::window::{Flow, Volatility};
use crate::base::{Span, Symbol, Ts};
use crate::event::{Bar, BarKind, Body, Event, Fault};

impl RowConfig {
    /// How many rows a builder that starts late must see until its rows are, bit for bit, those of
    /// one that never stopped.
    pub fn memory_rows(&self) -> usize {
        let day = self.rows_per_day();
        let lags = (self.far.max(12).max(day.unwrap_or(1)) + 1).max(Gauges::memory_rows(self));
        match day {
            Some(day) if day > 1 => lags.max(Season::memory_rows(self, day)),
            _ => lags,
        }
    }
}

/// Builds the rows of one instrument.
#[derive(Clone, Debug)]
pub struct Builder {
    config: RowConfig,
    /// How much later than the grid windows open.
    shift: Span,
    faults: BTreeMap<Fault, u64>,
    gate: Gate,
    maker: BarMaker,
    window: Option<Window>,
    /// Where the next window should open.
    next_window: Option<Ts>,
    volatility: Volatility,
    flow: Flow,
    lags: Lags,
    season: Option<Season>,
    gauges: Gauges,
}

/// The window in the making.
#[derive(Clone, Copy, Debug)]
struct Window {
    open: Ts,
    /// Where the window before it ended, across a closure; else its own opening.
    follows: Ts,
    bars: usize,
    known: Ts,
}

impl Builder {
    /// A builder with empty memory.
    ///
    /// # Errors
    /// The row is not a whole number of bars, or lags do not rise.
    pub fn new(config: RowConfig) -> Result<Builder, Error> {
        Builder::shifted(config, Span(0))
    }
    /// A builder whose windows open `shift` later than the grid: more windows to learn from.
    ///
    /// # Errors
    /// As [`Builder::new`], or the shift is not a whole number of bars.
    pub fn shifted(config: RowConfig, shift: Span) -> Result<Builder, Error> {
        config.check()?;
        if shift.0 < 0 || shift.0 % config.bar.0 != 0 {
            return Err(Error::Config(format!("a shift of {shift} is not a whole number of bars of {}", config.bar)));
        }
        let bars = (config.row.0 / config.bar.0) as usize;
        Ok(Builder {
            faults: BTreeMap::new(),
            gate: Gate::new(config.bar),
            maker: BarMaker::new(config.bar),
            window: None,
            next_window: None,
            volatility: Volatility::new(bars, config.measure),
            flow: Flow::default(),
            lags: Lags::new(&config),
            season: Season::new(&config),
            gauges: Gauges::new(&config),
            config,
            shift,
        })
    }
    /// Takes one event; gives the row that it completes.
    ///
    /// Bad data is counted and ignored. Once trades flow they make the bars, and a vendor's bar is
    /// a duplicate. Bars of mark, index and premium prices are no trades: they move time on and
    /// nothing else. A gauge's reading closes no bar either: a row sees those known at its close,
    /// whenever it comes to be made. A window with missing bars makes no row, nor does one whose measure of variance
    /// is zero, for it has no logarithm: both count as [`Fault::Incomplete`].
    #[inline]
    pub fn push(&mut self, event: &Event) -> Option<Row> {
        if let Err(fault) = self.gate.admit(event) {
            self.count(fault, 1);
            return None;
        }
        if let Body::Gauge(gauge) = &event.body {
            self.gauges.push(event.ts_known, gauge);
            return None;
        }
        if let Body::Trade(trade) = &event.body
            && self.maker.add(event.ts_event, event.ts_known, trade)
        {
            return None;
        }
        self.turn(event)
    }
    /// Takes note that time has come to `now`: gives the row that its last bar completes.
    pub fn tick(&mut self, symbol: Symbol, now: Ts) -> Option<Row> {
        if let Err(fault) = self.gate.tick(symbol, now) {
            self.count(fault, 1);
            return None;
        }
        self.close(symbol, now)
    }
    /// Bad data seen so far, counted.
    pub fn faults(&self) -> &BTreeMap<Fault, u64> {
        &self.faults
    }
    /// How rows are built.
    pub fn config(&self) -> &RowConfig {
        &self.config
    }

    /// Every event but a trade inside the bar in the making.
    #[inline(never)]
    fn turn(&mut self, event: &Event) -> Option<Row> {
        let row = self.close(event.symbol, event.ts_event);
        match &event.body {
            Body::Trade(trade) => {
                self.maker.open(event.ts_event, event.ts_known, trade);
                row
            }
            // The gate lets vendors' bars in only while no trades flow: nothing else can be due.
            Body::Bar(bar) if bar.kind == BarKind::Trade => self.bar(event.symbol, event.ts_known, bar, f64::NAN),
            Body::Bar(_) | Body::Gauge(_) => row,
        }
    }
    /// Closes the bar that trades made, where its end has come.
    fn close(&mut self, symbol: Symbol, now: Ts) -> Option<Row> {
        let closed = self.maker.close(now)?;
        self.bar(symbol, closed.ts_known(), &closed.bar(), closed.rv_tick())
    }
    /// Takes a closed bar; gives the row of the window that it completes.
    fn bar(&mut self, symbol: Symbol, known: Ts, bar: &Bar, rv_tick: f64) -> Option<Row> {
        let end = bar.ts_open + self.config.bar;
        self.gate.close(end);
        let open = (bar.ts_open - self.shift).floor(self.config.row) + self.shift;
        let mut window = self.window.take().filter(|w| w.open == open).unwrap_or_else(|| self.start(open));
        window.bars += 1;
        window.known = window.known.max(known);
        let r = self.volatility.push(bar, rv_tick);
        self.flow.push(bar, r);
        if end < open + self.config.row {
            self.window = Some(window);
            return None;
        }
        self.next_window = Some(end);
        let mut row = Row::empty(symbol, window.follows, end, window.known.max(end));
        self.volatility.finish(&mut row);
        let whole = window.bars as i64 == self.config.row.0 / self.config.bar.0;
        if !whole || row.get(Feature::Rv).is_none_or(|rv| rv <= 0.0) {
            self.count(Fault::Incomplete, 1);
            return None;
        }
        self.finish(&mut row);
        Some(row)
    }
    /// Opens a window and counts those that passed without a row.
    fn start(&mut self, open: Ts) -> Window {
        let due = self.next_window.replace(open).unwrap_or(open);
        let closed = open - due <= self.config.closure;
        if !closed {
            self.count(Fault::Incomplete, ((open - due).0 / self.config.row.0) as u64);
        }
        self.volatility.restart();
        self.flow.restart();
        Window { open, follows: if closed { due } else { open }, bars: 0, known: Ts(i64::MIN) }
    }
    /// Adds to the window's realised measures all the rest.
    fn finish(&mut self, row: &mut Row) {
        self.flow.finish(row);
        row.set(Feature::NextHour, f64::from(row.ts.hour()));
        row.set(Feature::NextWeekday, f64::from(row.ts.weekday()));
        if let Some(season) = &mut self.season {
            season.push(row, self.lags.rv_long());
        }
        self.lags.push(row);
        self.gauges.finish(row);
    }
    fn count(&mut self, fault: Fault, times: u64) {
        if times > 0 {
            *self.faults.entry(fault).or_default() += times;
        }
    }
}
