//! TLS for both ports.

use std::{
    future::Future,
    io,
    path::{Path, PathBuf},
    pin::Pin,
    sync::Arc,
    time::Duration,
};

use axum::Extension;
use axum::middleware::AddExtension;
use axum_server::{accept::Accept, tls_openssl::OpenSSLConfig};
use openssl::{
    error::ErrorStack,
    hash::MessageDigest,
    ssl::{
        AlpnError, Ssl, SslAcceptor, SslAcceptorBuilder, SslFiletype, SslMethod, SslSessionCacheMode,
        SslVerifyMode, select_next_proto,
    },
    x509::{X509, store::X509StoreBuilder},
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::time::timeout;
use tokio_openssl::SslStream;
use tower::Layer as _;

use super::App;
use super::vendor::VendorCertificate;

/// Why a port has no TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// Certificate or key can't be used.
    #[error("could not use the certificate {} and its key", path.display())]
    Identity {
        /// The certificate.
        path: PathBuf,
        /// What went wrong.
        source: ErrorStack,
    },
    /// The vendors' CA can't be read.
    #[error("could not read the vendors' CA {}", path.display())]
    Authority {
        /// The certificate.
        path: PathBuf,
        /// What went wrong.
        source: io::Error,
    },
    /// OpenSSL refused a setting.
    #[error("OpenSSL refused a setting")]
    Setting(#[from] ErrorStack),
}

/// TLS of the staff port: the server shows its certificate.
pub(super) fn staff(keys: &Path) -> Result<OpenSSLConfig, TlsError> {
    let acceptor = identity(&keys.join("tls.pem"), &keys.join("tls.key"), b"xuecang staff")?;
    Ok(OpenSSLConfig::from_acceptor(Arc::new(acceptor.build())))
}

/// TLS of the vendors' port: both sides show certificates, and the client's must be by the vendors' CA.
pub(super) fn vendors(keys: &Path) -> Result<SslAcceptor, TlsError> {
    let mut acceptor =
        identity(&keys.join("vendor-tls.pem"), &keys.join("vendor-tls.key"), b"xuecang vendors")?;
    let path = keys.join("vendor-ca.pem");
    let authority = fs_err::read(&path).map_err(|source| TlsError::Authority { path, source })?;
    let authority = X509::from_pem(&authority)?;
    let mut store = X509StoreBuilder::new()?;
    store.add_cert(authority.clone())?;
    acceptor.set_verify_cert_store(store.build())?;
    acceptor.add_client_ca(&authority)?;
    acceptor.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
    acceptor.set_verify_depth(1);
    Ok(acceptor.build())
}

/// TLS 1.2 and 1.3 with Mozilla's intermediate ciphers. The context tells sessions of the two ports apart; without one,
/// OpenSSL kills resumed sessions of clients with certificates.
fn identity(certificate: &Path, key: &Path, context: &[u8]) -> Result<SslAcceptorBuilder, TlsError> {
    let failed = |source| TlsError::Identity { path: certificate.to_owned(), source };
    let mut acceptor = SslAcceptor::mozilla_intermediate_v5(SslMethod::tls_server())?;
    acceptor.set_certificate_chain_file(certificate).map_err(failed)?;
    acceptor.set_private_key_file(key, SslFiletype::PEM).map_err(failed)?;
    acceptor.check_private_key().map_err(failed)?;
    acceptor.set_session_id_context(context)?;
    acceptor.set_session_cache_mode(SslSessionCacheMode::SERVER);
    acceptor.set_alpn_select_callback(|_, offered| {
        select_next_proto(b"\x02h2\x08http/1.1", offered).ok_or(AlpnError::NOACK)
    });
    Ok(acceptor)
}

/// Accepts vendors' connections and hands the certificate's digest to the handlers. Whoever has no certificate that
/// counts is told so, and it is written into the audit trail.
#[derive(Clone)]
pub(super) struct VendorAcceptor {
    pub(super) tls: Arc<SslAcceptor>,
    pub(super) app: App,
}

type Accepted<I, S> = (SslStream<I>, AddExtension<S, VendorCertificate>);

impl<I, S> Accept<I, S> for VendorAcceptor
where
    I: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Send + 'static,
{
    type Stream = SslStream<I>;
    type Service = AddExtension<S, VendorCertificate>;
    type Future = Pin<Box<dyn Future<Output = io::Result<Accepted<I, S>>> + Send>>;

    fn accept(&self, stream: I, service: S) -> Self::Future {
        let Self { tls, app } = self.clone();
        Box::pin(async move {
            let ssl = Ssl::new(tls.context()).map_err(io::Error::other)?;
            let mut stream = SslStream::new(ssl, stream).map_err(io::Error::other)?;
            let shaken = timeout(HANDSHAKE, Pin::new(&mut stream).accept()).await?;
            if let Err(error) = shaken {
                if is_about_certificate(&error) {
                    app.note_stranger().await;
                    linger(stream.get_mut()).await;
                }
                return Err(io::Error::other(error));
            }
            let certificate = stream
                .ssl()
                .peer_certificate()
                .ok_or_else(|| io::Error::other("a client without a certificate"))?;
            let digest = certificate.digest(MessageDigest::sha256()).map_err(io::Error::other)?;
            let certificate = VendorCertificate(hex::encode(digest));
            Ok((stream, Extension(certificate).layer(service)))
        })
    }
}

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// How long, and for how many bytes, a client is listened to that was told its certificate does not count.
const LINGER: (Duration, u64) = (Duration::from_secs(2), 256 * 1024);

/// Reads what a refused client had already sent. In TLS 1.3 a client sends its request before the server has judged its
/// certificate (RFC 8446 §4.4.2.4); closing a socket with unread bytes resets the connection, and the reset may
/// overtake the alert that says why.
async fn linger<I: AsyncRead + AsyncWrite + Unpin>(stream: &mut I) {
    let (time, bytes) = LINGER;
    let told = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(bytes), &mut tokio::io::sink()).await
    };
    // Whether it came to read the alert is its own affair.
    let _: Result<io::Result<u64>, _> = timeout(time, told).await;
}

/// Whether a handshake ended because of the client's certificate: there was none, or it is not by the vendors' CA, is
/// out of date or not a client's. What else ends a handshake is no attempt to come in.
fn is_about_certificate(error: &openssl::ssl::Error) -> bool {
    let stack = error.ssl_error().into_iter();
    stack.flat_map(ErrorStack::errors).any(|error| {
        matches!(error.reason(), Some("certificate verify failed" | "peer did not return a certificate"))
    })
}
