//! `xuecang serve`

use std::{net::SocketAddr, process::ExitCode};

use anyhow::{Context as _, Result, bail};
use service::{
    Office,
    volume::{self, Encryption},
};
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

use super::place::Place;
use crate::config::{Config, LogFormat};
use crate::http::server::Server;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    place: Place,

    /// Address and port for staff [default: 0.0.0.0:8443] [env: XUECANG_LISTEN]
    #[arg(long)]
    listen: Option<SocketAddr>,

    /// Address and port for vendors [default: 0.0.0.0:8444] [env: XUECANG_VENDOR_LISTEN]
    #[arg(long)]
    vendor_listen: Option<SocketAddr>,

    /// End when the process that started this one ends
    #[arg(long, hide = true)]
    leave_with_parent: bool,
}

pub(super) fn run(args: Args) -> Result<ExitCode> {
    let config = args.place.configuration(&[
        ("listen", args.listen.map(|address| address.to_string())),
        ("vendor_listen", args.vendor_listen.map(|address| address.to_string())),
    ])?;
    if args.leave_with_parent {
        rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::TERM))?;
    }
    start_log(config.log);
    check_volume(&config)?;
    let _alone = service::take(&config.office.data)?;
    let office = Office::open(config.office)?;
    let runtime = tokio::runtime::Runtime::new().context("could not start the runtime")?;
    runtime.block_on(serve(office, config.listen, config.vendor_listen))?;
    Ok(ExitCode::SUCCESS)
}

/// Serves until a signal asks to stop.
async fn serve(office: std::sync::Arc<Office>, staff: SocketAddr, vendors: SocketAddr) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut server = Server::start(office, staff, vendors).await?;
    tracing::info!(staff = %server.staff(), vendors = %server.vendors(), "Serving.");
    println!("staff https://{}", server.staff());
    println!("vendors https://{}", server.vendors());
    let failed = tokio::select! {
        _ = terminate.recv() => None,
        _ = interrupt.recv() => None,
        failed = server.failed() => failed,
    };
    tracing::info!("Closing.");
    server.close().await;
    match failed {
        Some(error) => Err(error).context("a port failed"),
        None => Ok(()),
    }
}

/// Refuses to keep people's photos on a volume anybody could read who carries the disk away.
fn check_volume(config: &Config) -> Result<()> {
    let data = &config.office.data;
    match volume::encryption(data)
        .with_context(|| format!("could not look at the volume of {}", data.display()))?
    {
        Encryption::Encrypted => {}
        _ if config.office.allow_unencrypted_volume => {
            tracing::warn!(
                "The data is not known to lie on an encrypted volume; the configuration allows it."
            );
        }
        Encryption::Plain => bail!(
            "{} lies on a volume without encryption; move it to a LUKS volume, or set allow_unencrypted_volume = true \
             if there is no personal data in it",
            data.display()
        ),
        Encryption::Unknown => bail!(
            "it can't be seen from here whether the volume of {} is encrypted; if it is, say so with \
             allow_unencrypted_volume = true",
            data.display()
        ),
    }
    Ok(())
}

fn start_log(format: LogFormat) {
    let filter = EnvFilter::try_from_env("XUECANG_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().init(),
    }
}
