//! Both ports, from bound to closed.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use axum::Router;
use axum_server::{
    Handle,
    tls_openssl::{OpenSSLAcceptor, OpenSSLConfig},
};
use hyper_util::{
    rt::{TokioExecutor, TokioTimer},
    server::conn::auto::Builder,
};
use openssl::ssl::SslAcceptor;
use rustix::net::sockopt::set_tcp_nodelay;
use service::{
    Office, appraisal, cohort, compare, delivery, dossier, index, job, ledger, patrol, repair, replica, scan,
    session, upload,
};
use tokio::task::JoinSet;

use super::{App, router, tls, vendor};

/// How long requests may take to end once the server closes.
const GRACE: Duration = Duration::from_secs(10);

/// How often what is outdated is swept.
const SWEEP: Duration = Duration::from_secs(3600);

/// How long a client may take to send its request's head.
const HEAD_TIME: Duration = Duration::from_secs(15);

/// Why the server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// TLS can't be set up.
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    /// An address can't be listened on.
    #[error("could not listen on {address}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What went wrong.
        source: std::io::Error,
    },
    /// Long work can't be started.
    #[error("could not start the work that waits")]
    Work(#[source] service::Error),
}

/// A running server.
#[derive(Debug)]
#[must_use = "the server stops when this is dropped"]
pub struct Server {
    app: App,
    staff: SocketAddr,
    vendors: SocketAddr,
    handles: [Handle<SocketAddr>; 2],
    ports: JoinSet<std::io::Result<()>>,
    workers: job::Workers,
    integrator: ledger::Integrator,
    follower: index::Follower,
    patrol: patrol::Patrol,
}

impl Server {
    /// Starts both ports and the work that waits. Port 0 means any free one.
    ///
    /// # Errors
    ///
    /// When an address or certificate can't be used, or the jobs can't be read.
    pub async fn start(
        office: Arc<Office>,
        staff: SocketAddr,
        vendors: SocketAddr,
    ) -> Result<Self, ServeError> {
        let keys = office.paths.keys.clone();
        let (staff_tls, vendors_tls) = (tls::staff(&keys)?, tls::vendors(&keys)?);
        let (staff, staff_listener) = bind(staff)?;
        let (vendors, vendors_listener) = bind(vendors)?;
        dossier::recover(&office).map_err(ServeError::Work)?;
        repair::settle(&office).map_err(ServeError::Work)?;
        // Nothing comes in yet: what no row names was left by a crash.
        sweep(&office, Duration::ZERO);
        let workers = job::start(&office).map_err(ServeError::Work)?;
        go_on(&office);
        let integrator = ledger::start(&office).map_err(ServeError::Work)?;
        let follower = index::follow(&office).map_err(ServeError::Work)?;
        let patrol = patrol::start(&office).map_err(ServeError::Work)?;
        let app = App::new(office);
        let handles = [Handle::new(), Handle::new()];
        let [staff_handle, vendors_handle] = handles.clone();
        let mut ports = JoinSet::new();
        ports.spawn(serve_staff(staff_listener, staff_tls, staff_handle, router(app.clone())));
        ports.spawn(serve_vendors(vendors_listener, vendors_tls, vendors_handle, app.clone()));
        tokio::spawn(sweep_hourly(app.clone()));
        Ok(Self { app, staff, vendors, handles, ports, workers, integrator, follower, patrol })
    }

    /// Where staff connect.
    #[must_use]
    pub const fn staff(&self) -> SocketAddr {
        self.staff
    }

    /// Where vendors connect.
    #[must_use]
    pub const fn vendors(&self) -> SocketAddr {
        self.vendors
    }

    /// Waits until a port fails. It does not end otherwise.
    pub async fn failed(&mut self) -> Option<std::io::Error> {
        match self.ports.join_next().await {
            Some(Ok(Err(error))) => Some(error),
            Some(Err(error)) => Some(std::io::Error::other(error)),
            Some(Ok(Ok(()))) | None => None,
        }
    }

    /// Closes: no new connections, requests may end, running jobs stop where nothing is half done.
    pub async fn close(mut self) {
        self.app.close();
        for handle in &self.handles {
            handle.graceful_shutdown(Some(GRACE));
        }
        while self.ports.join_next().await.is_some() {}
        self.app.write_counted_refusals(true).await;
        let (workers, integrator, follower) = (self.workers, self.integrator, self.follower);
        let patrol = self.patrol;
        let stop = move || {
            drop(patrol);
            workers.stop();
            drop(follower);
            drop(integrator);
        };
        if let Err(error) = tokio::task::spawn_blocking(stop).await {
            tracing::error!(error = %error, "The workers could not be waited for.");
        }
    }
}

impl std::fmt::Debug for App {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("App").finish_non_exhaustive()
    }
}

fn bind(address: SocketAddr) -> Result<(SocketAddr, std::net::TcpListener), ServeError> {
    let failed = |source| ServeError::Listen { address, source };
    let listener = std::net::TcpListener::bind(address).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    // Of an answer in several pieces the last one must not wait until the client has acknowledged the others, which clients
    // put off for 40 ms. On Linux, connections inherit it.
    set_tcp_nodelay(&listener, true).map_err(|error| failed(error.into()))?;
    Ok((listener.local_addr().map_err(failed)?, listener))
}

async fn serve_staff(
    listener: std::net::TcpListener,
    tls: OpenSSLConfig,
    handle: Handle<SocketAddr>,
    router: Router,
) -> std::io::Result<()> {
    let mut server = axum_server::from_tcp(listener)?.acceptor(OpenSSLAcceptor::new(tls)).handle(handle);
    configure(server.http_builder());
    server.serve(router.into_make_service_with_connect_info::<SocketAddr>()).await
}

async fn serve_vendors(
    listener: std::net::TcpListener,
    tls: SslAcceptor,
    handle: Handle<SocketAddr>,
    app: App,
) -> std::io::Result<()> {
    let router = vendor::router(app.clone());
    let acceptor = tls::VendorAcceptor { tls: Arc::new(tls), app };
    let mut server = axum_server::from_tcp(listener)?.acceptor(acceptor).handle(handle);
    configure(server.http_builder());
    server.serve(router.into_make_service_with_connect_info::<SocketAddr>()).await
}

fn configure(builder: &mut Builder<TokioExecutor>) {
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(64)
        .keep_alive_interval(Duration::from_secs(30))
        .keep_alive_timeout(Duration::from_secs(20));
}

/// Removes what is outdated, every hour.
async fn sweep_hourly(app: App) {
    let closing = app.closing();
    loop {
        tokio::select! {
            () = closing.cancelled() => return,
            () = tokio::time::sleep(SWEEP) => {}
        }
        let swept = app.call(|office| {
            sweep(office, SWEEP);
            Ok(())
        });
        if swept.await.is_err() {
            // The cause is in the log already; the next round tries again.
            tracing::warn!("What is outdated could not be swept.");
        }
        app.write_counted_refusals(false).await;
    }
}

/// Asks for what should have followed something that was done: whoever should have asked was killed, or the models were not
/// there.
fn go_on(office: &Office) {
    let asked = [("scans", scan::go_on_reading(office)), ("appraisals", appraisal::catch_up(office))];
    for (what, asked) in asked {
        if let Err(error) = asked {
            tracing::warn!(what, cause = ?error, "What {what} wait for could not be asked for: {error}.");
        }
    }
}

/// Removes sessions that ended, uploads nobody used, and bytes that no row names once they are so old: a crash left them.
/// Keeps what was signed and is not in the archive. What can't be swept stays for the next time and stops nothing else.
fn sweep(office: &Office, unnamed_for: Duration) {
    let swept = [
        ("sessions", session::sweep(office)),
        ("uploads", upload::sweep(office, unnamed_for)),
        ("deliveries", delivery::sweep(office, unnamed_for)),
        ("probes", compare::sweep(office, unnamed_for)),
        ("cohorts", cohort::keep_signed(office)),
        ("replicas", replica::follow(office)),
    ];
    for (what, swept) in swept {
        if let Err(error) = swept {
            tracing::warn!(what, cause = ?error, "What is left over of {what} could not be swept: {error}.");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, TcpStream};

    use service::{Config, authority::Names};

    use super::*;

    #[test]
    fn the_hourly_sweep_spares_what_comes_in_and_the_one_at_the_start_does_not() {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        Office::create(&data, "测试学院", &Names::local()).unwrap();
        let office = Office::open(Config::new(data)).unwrap();
        let id = "0".repeat(32);
        let probes = office.paths.incoming.join("probes");
        std::fs::create_dir_all(&probes).unwrap();
        let left =
            [office.paths.uploads.join(format!("upload_{id}")), probes.join(format!("comparison_{id}.jpg"))];
        let there = || left.iter().filter(|path| path.exists()).count();
        left.iter().for_each(|path| std::fs::write(path, "left").unwrap());
        sweep(&office, SWEEP);
        assert_eq!(there(), 2);
        sweep(&office, Duration::ZERO);
        assert_eq!(there(), 0);
    }

    #[test]
    fn the_last_piece_of_an_answer_does_not_wait_for_the_client() {
        let (address, listener) = bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let _client = TcpStream::connect(address).unwrap();
        let (accepted, _) = listener.accept().unwrap();
        assert!(accepted.nodelay().unwrap());
    }
}
