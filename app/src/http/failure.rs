//! Every answer that is not the one asked for, made in one place (RFC 9457).

use api::{Problem, ProblemCode};
use axum::{
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use rand::Rng as _;

/// A handler's answer, or the problem document in its place.
pub(crate) type Answer<T> = Result<T, Failure>;

/// A problem on its way to the client.
#[derive(Debug)]
pub(crate) struct Failure {
    problem: Box<Problem>,
    status: StatusCode,
}

/// The problem that an answer tells.
#[derive(Debug, Clone)]
pub(crate) struct Told(pub(crate) Box<Problem>);

impl Failure {
    /// A refusal with its parameters.
    pub(crate) fn new<const N: usize>(code: ProblemCode, params: [(&str, String); N]) -> Self {
        Problem::new(code, params).into()
    }

    /// Why it was refused.
    pub(crate) const fn code(&self) -> ProblemCode {
        self.problem.code
    }

    /// The request can't be read.
    pub(crate) fn bad_request(reason: impl ToString) -> Self {
        Self::new(ProblemCode::BadRequest, [("reason", reason.to_string())])
    }

    /// There is nothing under this path.
    pub(crate) fn no_such_route() -> Self {
        Self { status: StatusCode::NOT_FOUND, ..Self::bad_request("there is nothing under this path") }
    }

    /// The path knows no such method.
    pub(crate) fn method_not_allowed() -> Self {
        Self { status: StatusCode::METHOD_NOT_ALLOWED, ..Self::bad_request("this path knows no such method") }
    }
}

impl From<Problem> for Failure {
    fn from(problem: Problem) -> Self {
        let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { problem: Box::new(problem), status }
    }
}

impl From<service::Error> for Failure {
    fn from(error: service::Error) -> Self {
        match error {
            service::Error::Refused(problem) => (*problem).into(),
            failed if failed.is_disk_full() => {
                tracing::error!(cause = ?failed, "The disk is full.");
                Self::new(ProblemCode::DiskFull, [("what", "request".to_owned())])
            }
            failed => {
                let incident = format!("{:08x}", rand::rng().random::<u32>());
                tracing::error!(incident, cause = ?failed, "Incident {incident}: {failed}.");
                Self::new(ProblemCode::Internal, [("incident", incident)])
            }
        }
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let seconds = self.problem.params.get("seconds").and_then(|text| HeaderValue::from_str(text).ok());
        let mut answer = (self.status, axum::Json(&*self.problem)).into_response();
        // For whoever stands around the handlers; it does not go over the wire.
        answer.extensions_mut().insert(Told(self.problem));
        let kind = HeaderValue::from_static("application/problem+json");
        answer.headers_mut().insert(header::CONTENT_TYPE, kind);
        if let Some(seconds) = seconds {
            answer.headers_mut().insert(header::RETRY_AFTER, seconds);
        }
        answer
    }
}
