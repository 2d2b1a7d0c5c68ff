//! Start and stop.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use axum::serve::ListenerExt;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};

use super::api::http::router;
use super::api::render::Renderer;
use super::api::request::Shared;
use super::engine::Engine;
use super::engine::publisher::Publisher;
use super::engine::source::Source;
use super::hub::Hub;
use super::meters::Meters;
use super::options::Options;
use super::sink::{self, delivery::Deliveries};

/// How long answers and streams in flight may take to end.
const DRAIN: Duration = Duration::from_secs(10);
const WEB_THREADS: usize = 2;

/// A service that runs.
pub struct Running {
    /// Where it listens.
    pub address: SocketAddr,
    /// What it published.
    pub hub: Arc<Hub>,
    runtime: Runtime,
    publisher: Option<JoinHandle<Result<()>>>,
    deliveries: Deliveries,
    web: Option<tokio::task::JoinHandle<std::io::Result<()>>>,
    bye: watch::Sender<bool>,
    failed: watch::Receiver<bool>,
}

/// Opens the ledger and the address, and starts both threads of work.
///
/// # Errors
/// The ledger or the models cannot be opened, or the address is taken: nothing runs.
pub fn start(options: Options, engine: Engine, mut market: Box<dyn Source>) -> Result<Running> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(WEB_THREADS).enable_all().build()?;
    let listen = options.listen.clone();
    let listener = runtime.block_on(TcpListener::bind(&listen)).with_context(|| format!("listening on {listen}"))?;
    let address = listener.local_addr()?;
    let meters = Meters::new(&options)?;
    let sinks = sink::config::open(&options.sinks)?;
    let hub = Hub::new(options);
    let mut publisher = Publisher::new(Arc::clone(&hub), Arc::clone(&meters), engine)?;
    let (bye, stop) = watch::channel(false);
    let (failing, failed) = watch::channel(false);
    let shared = Shared {
        hub: Arc::clone(&hub),
        renderer: Arc::new(Renderer::default()),
        meters,
        stop: stop.clone(),
        disk: Arc::new(Semaphore::new(1)),
    };
    let listener = listener.tap_io(|io| {
        // Without it small answers wait for the client's acknowledgement; a failure only costs speed.
        let _ = io.set_nodelay(true);
    });
    let mut stopped = stop;
    let server = axum::serve(listener, router(shared)).with_graceful_shutdown(async move {
        let _ = stopped.wait_for(|stop| *stop).await;
    });
    let web = runtime.spawn(async move { server.await });
    let publisher = std::thread::Builder::new().name("publisher".into()).spawn(move || {
        let done = publisher.run(&mut *market);
        if done.is_err() {
            let _ = failing.send(true);
        }
        done
    })?;
    let deliveries = Deliveries::start(&hub, sinks)?;
    tracing::info!(%address, "serving");
    Ok(Running { address, hub, runtime, publisher: Some(publisher), deliveries, web: Some(web), bye, failed })
}

impl Running {
    /// Runs until the system asks it to stop, or publishing fails.
    ///
    /// # Errors
    /// Publishing failed, or stopping did.
    pub fn until_told(mut self) -> Result<()> {
        let mut failed = self.failed.clone();
        self.runtime.block_on(async {
            let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
            tokio::select! {
                done = tokio::signal::ctrl_c() => done?,
                _ = terminate.recv() => {}
                _ = failed.wait_for(|f| *f) => {}
            }
            anyhow::Ok(())
        })?;
        self.finish()
    }
    /// Whether the publisher is at work; it is not when something differs or cannot be written.
    pub fn is_publishing(&self) -> bool {
        !*self.failed.borrow()
    }
    /// Stops: not ready, the last set recorded and shown, `bye` to streams, answers in flight ended.
    ///
    /// # Errors
    /// Publishing had failed, or an answer did not end in time.
    pub fn stop(mut self) -> Result<()> {
        self.finish()
    }
    fn finish(&mut self) -> Result<()> {
        self.hub.set_stopping();
        let published = match self.publisher.take().map(JoinHandle::join) {
            Some(Ok(done)) => done,
            Some(Err(_)) => Err(anyhow!("the publisher died")),
            None => Ok(()),
        };
        self.deliveries.stop();
        let _ = self.bye.send(true);
        if let Some(web) = self.web.take() {
            let ended = self.runtime.block_on(async { tokio::time::timeout(DRAIN, web).await });
            if let Ok(done) = ended {
                done.context("the web side died")?.context("listening")?;
            } else {
                tracing::warn!("answers in flight were cut after {DRAIN:?}");
            }
        }
        published
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Already done after `stop`; otherwise the thread must not outlive its service.
        let _ = self.finish();
    }
}
