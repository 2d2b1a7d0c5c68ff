//! What is measured, for Prometheus. The registry is this service's own, so that two services in one
//! process do not mix.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use metrics::{Counter, Gauge, Histogram, Key, Label, Level, Metadata, Recorder, Unit};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle, PrometheusRecorder};

use super::hub::Hub;
use super::options::Options;
use crate::record::ledger::Status;

const META: Metadata<'static> = Metadata::new("margincast", Level::INFO, None);
const FINE_SECONDS: [f64; 10] = [5e-5, 1e-4, 2.5e-4, 5e-4, 1e-3, 2.5e-3, 5e-3, 2.5e-2, 0.1, 1.0];
const REQUEST_SECONDS: [f64; 10] = [1e-5, 2.5e-5, 5e-5, 1e-4, 2.5e-4, 1e-3, 5e-3, 2.5e-2, 0.1, 1.0];

/// Every meter of one service.
#[derive(Debug)]
pub struct Meters {
    recorder: PrometheusRecorder,
    handle: PrometheusHandle,
    /// From events to shown, seconds.
    pub publication_seconds: Histogram,
    /// One synced append, seconds.
    pub fsync_seconds: Histogram,
    /// Entries in the ledger by this process.
    pub ledger_entries: Counter,
    /// Events read.
    pub input_rows: Counter,
    /// Answers that were "not modified".
    pub not_modified: Counter,
    /// Streams that were sent a snapshot because they were behind.
    pub conflated: Counter,
    /// Streams that asked for more than is kept.
    pub resync: Counter,
    /// Streams that ended.
    pub stream_closed: Counter,
    /// Models loaded.
    pub model_loads: Counter,
    /// Models that could not be loaded.
    pub model_load_failures: Counter,
    /// One load, golden rows included, seconds.
    pub model_load_seconds: Histogram,
}

/// Names, units and meaning, as `/metrics` tells them.
const COUNTERS: [(&str, &str); 12] = [
    ("margincast_publications_total", "rows published, by status"),
    ("margincast_guardrail_hits_total", "rows with a reason, by rule"),
    ("margincast_ledger_entries_total", "entries appended to the ledger"),
    ("margincast_input_rows_total", "events read from the lake"),
    ("margincast_http_not_modified_total", "answers 304"),
    ("margincast_stream_conflated_total", "slow streams sent a snapshot instead"),
    ("margincast_stream_resync_total", "streams that asked for more than is kept"),
    ("margincast_stream_closed_total", "streams ended"),
    ("margincast_model_loads_total", "models loaded"),
    ("margincast_model_load_failures_total", "models that could not be loaded"),
    ("margincast_input_rejected_total", "events counted as faults, by reason"),
    ("margincast_sink_failures_total", "deliveries that failed, by sink"),
];
const GAUGES: [(&str, &str); 13] = [
    ("margincast_build_info", "always 1; which program"),
    ("margincast_model_info", "always 1; which model is in force"),
    ("margincast_publication_seq", "number of the newest publication"),
    ("margincast_publication_age_seconds", "since the newest publication"),
    ("margincast_input_age_seconds", "since the oldest input in force, by instrument"),
    ("margincast_instruments", "rows in force, by status"),
    ("margincast_multiplier", "initial-margin multiplier in force"),
    ("margincast_blend_weight", "weight of the forecast in the multiplier; 0 where it is silenced"),
    ("margincast_evidence", "evidence that losses exceed the forecast too often"),
    ("margincast_evidence_cost", "evidence that the forecast costs more than the baseline"),
    ("margincast_stream_subscribers", "streams being served"),
    ("margincast_sink_seq", "number of the last publication that a sink acknowledged"),
    ("margincast_sink_behind", "publications that a sink has not acknowledged yet"),
];
const HISTOGRAMS: [(&str, &str); 4] = [
    ("margincast_publication_duration_seconds", "from events to shown"),
    ("margincast_ledger_fsync_seconds", "one synced append"),
    ("margincast_model_load_seconds", "one load, golden rows included"),
    ("margincast_http_request_duration_seconds", "one request, by route, method and status class"),
];

fn key(name: &'static str, labels: &[(&'static str, String)]) -> Key {
    Key::from_parts(name, labels.iter().map(|(k, v)| Label::new(*k, v.clone())).collect::<Vec<_>>())
}

impl Meters {
    /// All at zero.
    ///
    /// # Errors
    /// A name or bucket is not one; they are constants, so only a change here can cause it.
    pub fn new(options: &Options) -> anyhow::Result<Arc<Meters>> {
        let full = |name: &str| Matcher::Full(name.to_string());
        let recorder = PrometheusBuilder::new()
            .set_buckets_for_metric(full("margincast_http_request_duration_seconds"), &REQUEST_SECONDS)?
            .set_buckets(&FINE_SECONDS)?
            .build_recorder();
        for (name, text) in COUNTERS {
            recorder.describe_counter(name.into(), None, text.into());
        }
        for (name, text) in GAUGES {
            recorder.describe_gauge(name.into(), None, text.into());
        }
        for (name, text) in HISTOGRAMS {
            recorder.describe_histogram(name.into(), Some(Unit::Seconds), text.into());
        }
        let counter = |name| recorder.register_counter(&key(name, &[]), &META);
        let histogram = |name| recorder.register_histogram(&key(name, &[]), &META);
        let labels = [("version", env!("CARGO_PKG_VERSION").to_string()), ("mode", options.mode.as_str().to_string())];
        recorder.register_gauge(&key("margincast_build_info", &labels), &META).set(1.0);
        Ok(Arc::new(Meters {
            publication_seconds: histogram("margincast_publication_duration_seconds"),
            fsync_seconds: histogram("margincast_ledger_fsync_seconds"),
            ledger_entries: counter("margincast_ledger_entries_total"),
            input_rows: counter("margincast_input_rows_total"),
            not_modified: counter("margincast_http_not_modified_total"),
            conflated: counter("margincast_stream_conflated_total"),
            resync: counter("margincast_stream_resync_total"),
            stream_closed: counter("margincast_stream_closed_total"),
            model_loads: counter("margincast_model_loads_total"),
            model_load_failures: counter("margincast_model_load_failures_total"),
            model_load_seconds: histogram("margincast_model_load_seconds"),
            handle: recorder.handle(),
            recorder,
        }))
    }
    fn gauge(&self, name: &'static str, labels: &[(&'static str, String)]) -> Gauge {
        self.recorder.register_gauge(&key(name, labels), &META)
    }
    /// Counts one published row.
    pub fn published(&self, status: Status, rules: &[crate::margin::Reason]) {
        let counter = |name, label: (&'static str, String)| self.recorder.register_counter(&key(name, &[label]), &META);
        counter("margincast_publications_total", ("status", status.as_str().into())).increment(1);
        for rule in rules {
            let rule = serde_json::to_value(rule).unwrap_or_default();
            counter("margincast_guardrail_hits_total", ("rule", rule.as_str().unwrap_or("?").into())).increment(1);
        }
    }
    /// How many events of an instrument were faulty, so far.
    pub fn rejected(&self, symbol: &str, reason: &str, count: u64) {
        let labels = [("source", symbol.to_string()), ("reason", reason.to_string())];
        self.recorder.register_counter(&key("margincast_input_rejected_total", &labels), &META).absolute(count);
    }
    /// Names the model in force.
    pub fn model(&self, before: Option<[(&'static str, String); 4]>, now: [(&'static str, String); 4]) {
        if let Some(before) = before {
            self.gauge("margincast_model_info", &before).set(0.0);
        }
        self.gauge("margincast_model_info", &now).set(1.0);
    }
    /// The clock of one route's requests, for each status class.
    pub fn route(&self, route: &'static str, class: &'static str) -> Histogram {
        let labels = [("route", route.to_string()), ("method", "GET".to_string()), ("status_class", class.to_string())];
        self.recorder.register_histogram(&key("margincast_http_request_duration_seconds", &labels), &META)
    }
    /// The text that Prometheus reads, with what the hub knows put in first.
    pub fn render(&self, hub: &Hub) -> String {
        let (snapshot, now) = (hub.snapshot(), hub.now());
        self.gauge("margincast_publication_seq", &[]).set(snapshot.seq as f64);
        let streams = hub.subscribers.load(std::sync::atomic::Ordering::Relaxed);
        self.gauge("margincast_stream_subscribers", &[]).set(streams as f64);
        let mut by_status = BTreeMap::new();
        let mut newest = None;
        for row in snapshot.rows.values() {
            let p = &row.publication;
            *by_status.entry(p.status).or_insert(0u32) += 1;
            newest = newest.max(Some(p.published_at));
            let labels = [("instrument", p.symbol.to_string()), ("horizon", p.horizon.clone())];
            self.gauge("margincast_multiplier", &labels).set(p.multiplier.parse().unwrap_or(f64::NAN));
            for (name, value) in [
                ("margincast_blend_weight", &p.why.blend_weight),
                ("margincast_evidence", &p.why.evidence),
                ("margincast_evidence_cost", &p.why.evidence_cost),
            ] {
                // What a publication does not say is not shown.
                if let Some(value) = value.as_ref().and_then(|v| v.as_ref()).and_then(|v| v.parse::<f64>().ok()) {
                    self.gauge(name, &labels).set(value);
                }
            }
            self.gauge("margincast_input_age_seconds", &labels).set((now - p.as_of).seconds());
        }
        for status in [Status::Live, Status::Thin, Status::Held, Status::Degraded, Status::Fallback, Status::Halted] {
            let count = by_status.get(&status).copied().unwrap_or(0);
            self.gauge("margincast_instruments", &[("status", status.as_str().into())]).set(f64::from(count));
        }
        if let Some(newest) = newest {
            self.gauge("margincast_publication_age_seconds", &[]).set((now - newest).seconds());
        }
        for (name, sink) in hub.sinks() {
            let labels = [("sink", name), ("kind", sink.kind.to_string())];
            self.gauge("margincast_sink_seq", &labels).set(sink.seq as f64);
            self.gauge("margincast_sink_behind", &labels).set(snapshot.seq.saturating_sub(sink.seq) as f64);
            let failures = self.recorder.register_counter(&key("margincast_sink_failures_total", &labels), &META);
            failures.absolute(sink.failures);
        }
        self.handle.run_upkeep();
        self.handle.render()
    }
}

/// Seconds of a stopwatch.
pub fn seconds(since: std::time::Instant) -> f64 {
    let elapsed: Duration = since.elapsed();
    elapsed.as_secs_f64()
}
