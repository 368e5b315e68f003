//! The connection to the school: mutual TLS, trusting the school's own authority and nobody else.

use std::time::Duration;

use api::Problem;
use api::ids::DeliveryId;
use api::vendor::{Enrolment, VendorCampaign, VendorDelivery};
use reqwest::blocking::{Client as Http, RequestBuilder, Response};
use reqwest::{Certificate, Identity, Method};
use serde::de::DeserializeOwned;

/// A connection to the school.
#[derive(Debug, Clone)]
pub struct Client {
    http: Http,
    address: String,
}

/// Why the school did not answer as hoped.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Key, certificate or authority can't be used.
    #[error("the enrolment's key and certificates can't be used")]
    Identity(#[source] reqwest::Error),
    /// The school can't be reached, or the connection broke.
    #[error("the school can't be reached")]
    Connection(#[source] reqwest::Error),
    /// The school does not know this agent's certificate.
    #[error(
        "the school does not accept this agent's certificate: it has expired, was revoked or is another school's; ask \
         the school for a new enrolment and run `xuecang-agent connect`"
    )]
    Certificate,
    /// The school refused.
    #[error("{}", .0.title)]
    Refused(Box<Problem>),
    /// The answer is not what it should be.
    #[error("the school's answer could not be understood (status {0})")]
    Answer(u16),
}

impl ClientError {
    /// Whether trying again later may help.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Connection(_) => true,
            Self::Refused(problem) => {
                use api::ProblemCode as Code;
                matches!(
                    problem.code,
                    Code::Conflict | Code::UploadOffset | Code::Busy | Code::TooManyAttempts
                ) || (problem.code == Code::BadRequest && problem.status == 400 && is_interruption(problem))
            }
            Self::Answer(status) => *status >= 500,
            Self::Identity(_) | Self::Certificate => false,
        }
    }
}

impl From<reqwest::Error> for ClientError {
    fn from(error: reqwest::Error) -> Self {
        if is_about_our_certificate(&error) { Self::Certificate } else { Self::Connection(error) }
    }
}

/// Whether the school's TLS ended the connection because of the certificate it was shown (RFC 8446 §6.2).
fn is_about_our_certificate(error: &reqwest::Error) -> bool {
    const ALERTS: [&str; 5] = [
        "alert unknown ca",
        "alert bad certificate",
        "alert certificate",
        "certificate required",
        "access denied",
    ];
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        let text = error.to_string();
        if ALERTS.iter().any(|alert| text.contains(alert)) {
            return true;
        }
        cause = error.source();
    }
    false
}

/// A request that broke off on its way is answered as a bad one, if at all.
fn is_interruption(problem: &Problem) -> bool {
    let reason = problem.params.get("reason").map(String::as_str).unwrap_or_default();
    reason.contains("connection broke") || reason.contains("no bytes came")
}

/// How long connecting may take.
const CONNECT: Duration = Duration::from_secs(15);

impl Client {
    /// A connection as the enrolment says, with the client's key in PEM.
    ///
    /// # Errors
    ///
    /// If the enrolment's key and certificates can't be used.
    pub fn new(enrolment: &Enrolment, key: &[u8]) -> Result<Self, ClientError> {
        let identity =
            Identity::from_pkcs8_pem(enrolment.certificate.as_bytes(), key).map_err(ClientError::Identity)?;
        let authority = Certificate::from_pem(enrolment.ca.as_bytes()).map_err(ClientError::Identity)?;
        let http = Http::builder()
            .tls_built_in_root_certs(false)
            .add_root_certificate(authority)
            .identity(identity)
            .https_only(true)
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT)
            // An upload may take hours; a connection that says nothing is noticed by keep-alive.
            .timeout(None::<Duration>)
            .tcp_keepalive(Duration::from_secs(30))
            .build()
            .map_err(ClientError::Identity)?;
        Ok(Self { http, address: enrolment.address.trim_end_matches('/').to_owned() })
    }

    /// The campaigns this vendor captures.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub fn campaigns(&self) -> Result<Vec<VendorCampaign>, ClientError> {
        json(self.request(Method::GET, "/vendor/v1/campaigns"))
    }

    /// This vendor's deliveries, newest first.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub fn deliveries(&self) -> Result<Vec<VendorDelivery>, ClientError> {
        json(self.request(Method::GET, "/vendor/v1/deliveries"))
    }

    /// What became of a delivery.
    ///
    /// # Errors
    ///
    /// [`ClientError`].
    pub fn delivery(&self, id: DeliveryId) -> Result<VendorDelivery, ClientError> {
        json(self.request(Method::GET, &format!("/vendor/v1/deliveries/{id}")))
    }

    /// A request to a path of the vendors' port.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.address))
    }
}

/// Sends a request; what is not a success becomes a [`ClientError`].
///
/// # Errors
///
/// [`ClientError`].
pub fn send(request: RequestBuilder) -> Result<Response, ClientError> {
    let answer = request.send()?;
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    match answer.json::<Problem>() {
        Ok(problem) if problem.code == api::ProblemCode::ClientCertificateRequired => {
            Err(ClientError::Certificate)
        }
        Ok(problem) => Err(ClientError::Refused(Box::new(problem))),
        Err(_) => Err(ClientError::Answer(status.as_u16())),
    }
}

fn json<T: DeserializeOwned>(request: RequestBuilder) -> Result<T, ClientError> {
    let answer = send(request)?;
    let status = answer.status().as_u16();
    answer.json().map_err(|_| ClientError::Answer(status))
}
