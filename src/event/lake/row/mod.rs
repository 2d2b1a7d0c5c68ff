//! The rows of the lake's tables: what makes two rows the same thing, and how they lie on disk.

use std::cmp::Ordering;
use std::path::Path;

use crate::base::table::{Column, Error, Table, TradeColumns, TradeId};
use crate::base::{Span, Ts};
use crate::event::{Bar, BarKind};

/// A row of one table of the lake.
pub trait Record: Clone + Sized + Send {
    /// The table's folder.
    const TABLE: &'static str;
    /// Order by time, then by what makes a row itself; equal means that both speak of one thing.
    fn order(&self, other: &Self) -> Ordering;
    /// Whether both say the same, whichever file they came from.
    fn same(&self, other: &Self) -> bool;
    /// Whether equal rows of one file may be two things, because nothing tells them apart.
    fn may_repeat(&self) -> bool {
        false
    }
    /// When it happened.
    fn ts_event(&self) -> Ts;
    /// When it could first be known.
    fn ts_known(&self) -> Ts;
    /// The start of the partition that it belongs to.
    fn partition(&self) -> Ts {
        self.ts_event().floor(Span::DAY)
    }
    /// First 32 bits of the source file's SHA-256.
    fn src(&self) -> u32;
    /// For messages: which thing, and what is said of it.
    fn describe(&self) -> String;
    /// Reads a file.
    ///
    /// # Errors
    /// As [`Table::read`].
    fn read(path: &Path) -> Result<Vec<Self>, Error>;
    /// Writes a file.
    ///
    /// # Errors
    /// As [`Table::write`].
    fn write(rows: Vec<Self>, path: &Path) -> Result<(), Error>;
}

/// A row of `bars`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BarRow {
    /// End of the bar, exclusive.
    pub ts_close: Ts,
    /// When it could first be known.
    pub ts_known: Ts,
    /// Prices and volumes.
    pub bar: Bar,
    /// First 32 bits of the source file's SHA-256.
    pub src: u32,
}

impl BarRow {
    /// Length of the bar.
    pub fn span(&self) -> Span {
        self.ts_close - self.bar.ts_open
    }
}

/// The names of bar kinds on disk.
const KINDS: [(BarKind, &str); 4] =
    [(BarKind::Trade, "trade"), (BarKind::Mark, "mark"), (BarKind::Index, "index"), (BarKind::Premium, "premium")];

impl Record for BarRow {
    const TABLE: &'static str = "bars";

    fn order(&self, other: &Self) -> Ordering {
        let key = |r: &BarRow| (r.ts_close, r.bar.ts_open, r.bar.kind as u8);
        key(self).cmp(&key(other))
    }
    fn same(&self, other: &Self) -> bool {
        self.bar == other.bar && self.ts_close == other.ts_close
    }
    fn ts_event(&self) -> Ts {
        self.ts_close
    }
    fn ts_known(&self) -> Ts {
        self.ts_known
    }
    /// Bars of a month lie together: see the module's note on partitions.
    fn partition(&self) -> Ts {
        super::month(self.bar.ts_open)
    }
    fn src(&self) -> u32 {
        self.src
    }
    fn describe(&self) -> String {
        let Bar { ts_open, open, high, low, close, volume, .. } = self.bar;
        let volume = volume.map_or_else(|| "unknown".to_string(), |v| v.to_string());
        let length = self.span();
        format!("the {length} bar of {ts_open} (open {open} high {high} low {low} close {close} volume {volume})")
    }
    fn read(path: &Path) -> Result<Vec<BarRow>, Error> {
        let table = Table::read(path)?;
        let (open, close, known) = (table.times("ts_open")?, table.times("ts_close")?, table.times("ts_known")?);
        let names = ["open", "high", "low", "close"];
        let price = names.map(|n| table.floats(n)).into_iter().collect::<Result<Vec<_>, _>>()?;
        let names = ["volume", "quote_volume", "trades", "taker_buy_volume", "taker_buy_quote_volume"];
        let flow = names.map(|n| table.floats(n)).into_iter().collect::<Result<Vec<_>, _>>()?;
        let (kinds, src) = (table.texts("kind")?, table.ints("src")?);
        let some = |column: usize, row: usize| Some(flow[column][row]).filter(|v| !v.is_nan());
        let one = |i: usize| BarRow {
            ts_close: close[i],
            ts_known: known[i],
            bar: Bar {
                ts_open: open[i],
                open: price[0][i],
                high: price[1][i],
                low: price[2][i],
                close: price[3][i],
                volume: some(0, i),
                quote_volume: some(1, i),
                trades: some(2, i),
                taker_buy_volume: some(3, i),
                taker_buy_quote_volume: some(4, i),
                kind: KINDS.iter().find(|k| Some(k.1) == kinds[i].as_deref()).map_or(BarKind::Trade, |k| k.0),
            },
            src: source(src[i]),
        };
        Ok((0..table.rows()).map(one).collect())
    }
    fn write(rows: Vec<BarRow>, path: &Path) -> Result<(), Error> {
        let times = |get: fn(&BarRow) -> Ts| Column::Time(rows.iter().map(|r| Some(get(r).0)).collect());
        let price = |get: fn(&Bar) -> f64| Column::Float(rows.iter().map(|r| get(&r.bar)).collect());
        let flow = |get: fn(&Bar) -> Option<f64>| {
            Column::Float(rows.iter().map(|r| get(&r.bar).unwrap_or(f64::NAN)).collect())
        };
        let kind = |r: &BarRow| KINDS.iter().find(|k| k.0 == r.bar.kind).map(|k| k.1.to_string());
        let table = Table::new([
            ("ts_open", times(|r| r.bar.ts_open)),
            ("ts_close", times(|r| r.ts_close)),
            ("ts_known", times(|r| r.ts_known)),
            ("open", price(|b| b.open)),
            ("high", price(|b| b.high)),
            ("low", price(|b| b.low)),
            ("close", price(|b| b.close)),
            ("volume", flow(|b| b.volume)),
            ("quote_volume", flow(|b| b.quote_volume)),
            ("trades", flow(|b| b.trades)),
            ("taker_buy_volume", flow(|b| b.taker_buy_volume)),
            ("taker_buy_quote_volume", flow(|b| b.taker_buy_quote_volume)),
            ("kind", Column::Text(rows.iter().map(kind).collect())),
            ("src", sources(&rows)),
        ]);
        table.write(path)
    }
}

/// A row of `trades`.
#[derive(Clone, Debug, PartialEq)]
pub struct TradeRow {
    /// When it happened.
    pub ts_event: Ts,
    /// When it could first be known.
    pub ts_known: Ts,
    /// The venue's name of it.
    pub id: TradeId,
    /// Price, quote units.
    pub price: f64,
    /// Quantity, base units.
    pub qty: f64,
    /// Quote units.
    pub quote_qty: f64,
    /// +1 buyer, -1 seller, 0 unknown.
    pub aggressor: i8,
    /// Exchange trades in this row.
    pub n_trades: u32,
    /// See [`TradeColumns::flags`].
    pub flags: u32,
    /// First 32 bits of the source file's SHA-256.
    pub src: u32,
}

impl Record for TradeRow {
    const TABLE: &'static str = "trades";

    fn order(&self, other: &Self) -> Ordering {
        let by_id = self.ts_event.cmp(&other.ts_event).then_with(|| self.id.cmp(&other.id));
        match self.id.is_some() {
            true => by_id,
            // Without an id a trade is what it says.
            false => by_id
                .then(self.price.total_cmp(&other.price))
                .then(self.qty.total_cmp(&other.qty))
                .then(self.aggressor.cmp(&other.aggressor)),
        }
    }
    fn same(&self, other: &Self) -> bool {
        let key = |r: &TradeRow| (r.ts_event, r.aggressor, r.n_trades, r.flags);
        self.price == other.price && self.qty == other.qty && self.id == other.id && key(self) == key(other)
    }
    fn may_repeat(&self) -> bool {
        !self.id.is_some()
    }
    fn ts_event(&self) -> Ts {
        self.ts_event
    }
    fn ts_known(&self) -> Ts {
        self.ts_known
    }
    fn src(&self) -> u32 {
        self.src
    }
    fn describe(&self) -> String {
        let TradeRow { ts_event, id, price, qty, aggressor, .. } = self;
        format!("trade {id} of {ts_event} (price {price} quantity {qty} aggressor {aggressor})")
    }
    fn read(path: &Path) -> Result<Vec<TradeRow>, Error> {
        let c = TradeColumns::read(path)?;
        let one = |(i, id)| TradeRow {
            ts_event: Ts(c.ts_event[i]),
            ts_known: Ts(c.ts_known[i]),
            id,
            price: c.price[i],
            qty: c.qty[i],
            quote_qty: c.quote_qty[i],
            aggressor: c.aggressor[i],
            n_trades: c.n_trades[i],
            flags: c.flags[i],
            src: c.src[i],
        };
        Ok(c.trade_id.into_iter().enumerate().map(one).collect())
    }
    fn write(rows: Vec<TradeRow>, path: &Path) -> Result<(), Error> {
        let columns = TradeColumns {
            ts_event: rows.iter().map(|r| r.ts_event.0).collect(),
            ts_known: rows.iter().map(|r| r.ts_known.0).collect(),
            price: rows.iter().map(|r| r.price).collect(),
            qty: rows.iter().map(|r| r.qty).collect(),
            quote_qty: rows.iter().map(|r| r.quote_qty).collect(),
            aggressor: rows.iter().map(|r| r.aggressor).collect(),
            n_trades: rows.iter().map(|r| r.n_trades).collect(),
            flags: rows.iter().map(|r| r.flags).collect(),
            src: rows.iter().map(|r| r.src).collect(),
            trade_id: rows.into_iter().map(|r| r.id).collect(),
        };
        columns.write(path)
    }
}

/// A row of a table of named numbers at an instant: [`FundingRow`], [`InterestRow`], [`ImpliedRow`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reading<const N: usize, L: Layout<N>> {
    /// When it happened.
    pub ts_event: Ts,
    /// When it could first be known.
    pub ts_known: Ts,
    /// The numbers, in the order of the layout's names; NaN for absence.
    pub values: [f64; N],
    /// First 32 bits of the source file's SHA-256.
    pub src: u32,
    layout: std::marker::PhantomData<L>,
}

/// Which numbers a [`Reading`] holds.
pub trait Layout<const N: usize>: Clone + Copy + Send + 'static {
    /// The table's folder.
    const TABLE: &'static str;
    /// Column names.
    const NAMES: [&'static str; N];
}

/// The table `funding`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Funding;
impl Layout<4> for Funding {
    const TABLE: &'static str = "funding";
    const NAMES: [&'static str; 4] = ["rate", "interval_hours", "predicted_rate", "mark"];
}
/// A row of `funding`: the rate of one interval as a fraction, positive when longs pay.
pub type FundingRow = Reading<4, Funding>;

/// The table `open_interest`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interest;
impl Layout<6> for Interest {
    const TABLE: &'static str = "open_interest";
    const NAMES: [&'static str; 6] =
        ["oi", "oi_value", "ls_ratio_top_acct", "ls_ratio_top_pos", "ls_ratio_acct", "taker_ls_ratio"];
}
/// A row of `open_interest`: base units, quote units, and long/short ratios.
pub type InterestRow = Reading<6, Interest>;

/// The table `implied_vol`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Implied;
impl Layout<1> for Implied {
    const TABLE: &'static str = "implied_vol";
    const NAMES: [&'static str; 1] = ["iv"];
}
/// A row of `implied_vol`: the volatility that option prices imply, a fraction a year.
pub type ImpliedRow = Reading<1, Implied>;

/// Hours to which funding rates are brought.
const FUNDING_HOURS: f64 = 8.0;

impl FundingRow {
    /// The rate per 8 hours; `None` where the length of its interval is not known.
    pub fn per_eight_hours(&self) -> Option<f64> {
        let [rate, hours, ..] = self.values;
        (hours > 0.0).then(|| rate * FUNDING_HOURS / hours)
    }
}

impl<const N: usize, L: Layout<N>> Reading<N, L> {
    /// A row; NaN is absence.
    pub fn new(ts_event: Ts, ts_known: Ts, values: [f64; N], src: u32) -> Self {
        Reading { ts_event, ts_known, values, src, layout: std::marker::PhantomData }
    }
}

impl<const N: usize, L: Layout<N>> Record for Reading<N, L> {
    const TABLE: &'static str = L::TABLE;

    fn order(&self, other: &Self) -> Ordering {
        self.ts_event.cmp(&other.ts_event)
    }
    fn same(&self, other: &Self) -> bool {
        self.values.iter().zip(&other.values).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
    }
    fn ts_event(&self) -> Ts {
        self.ts_event
    }
    fn ts_known(&self) -> Ts {
        self.ts_known
    }
    /// As few as bars, so in months as bars are.
    fn partition(&self) -> Ts {
        super::month(self.ts_event)
    }
    fn src(&self) -> u32 {
        self.src
    }
    fn describe(&self) -> String {
        let values: Vec<String> = L::NAMES.iter().zip(&self.values).map(|(n, v)| format!("{n} {v}")).collect();
        format!("the {} row of {} ({})", L::TABLE, self.ts_event, values.join(" "))
    }
    fn read(path: &Path) -> Result<Vec<Self>, Error> {
        let table = Table::read(path)?;
        let (event, known, src) = (table.times("ts_event")?, table.times("ts_known")?, table.ints("src")?);
        let columns = L::NAMES.map(|n| table.floats(n)).into_iter().collect::<Result<Vec<_>, _>>()?;
        let one = |i: usize| Self::new(event[i], known[i], std::array::from_fn(|k| columns[k][i]), source(src[i]));
        Ok((0..table.rows()).map(one).collect())
    }
    fn write(rows: Vec<Self>, path: &Path) -> Result<(), Error> {
        let mut table = Table::new([
            ("ts_event", Column::Time(rows.iter().map(|r| Some(r.ts_event.0)).collect())),
            ("ts_known", Column::Time(rows.iter().map(|r| Some(r.ts_known.0)).collect())),
        ]);
        for (k, name) in L::NAMES.iter().enumerate() {
            table.columns.push((name.to_string(), Column::Float(rows.iter().map(|r| r.values[k]).collect())));
        }
        table.columns.push(("src".into(), sources(&rows)));
        table.write(path)
    }
}

fn source(value: Option<i64>) -> u32 {
    value.and_then(|v| u32::try_from(v).ok()).unwrap_or(0)
}

fn sources<R: Record>(rows: &[R]) -> Column {
    Column::Int(rows.iter().map(|r| Some(i64::from(r.src()))).collect())
}
