//! Delivering a parcel: announced once, streamed, and continued after any interruption (tus 1.0.0).

use std::thread;
use std::time::{Duration, Instant};

use api::ids::{CampaignId, DeliveryId};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use reqwest::Method;
use reqwest::blocking::{Body, Response};

use crate::client::{Client, ClientError, send};
use crate::tape::{Measured, Tape};

/// A parcel on its way.
#[derive(Debug)]
pub struct Upload<'a> {
    client: &'a Client,
    tape: &'a Tape,
    measured: Measured,
    place: String,
    id: DeliveryId,
}

/// Why a parcel did not arrive. Delivering it again goes on from what did.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The school did not answer as hoped.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The school's answer lacks what tus demands.
    #[error("the school's answer has no {0}")]
    Header(&'static str),
    /// The connection broke too often for too long.
    #[error("gave up after {} seconds without progress; deliver again to go on", patience.as_secs())]
    OutOfPatience {
        /// How long nothing went on.
        patience: Duration,
        /// What went wrong last.
        source: Box<UploadError>,
    },
}

impl UploadError {
    fn may_pass(&self) -> bool {
        match self {
            Self::Client(error) => error.may_pass(),
            Self::Header(_) | Self::OutOfPatience { .. } => false,
        }
    }
}

/// The longest pause between two tries.
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

impl<'a> Upload<'a> {
    /// Announces a parcel, or finds the upload begun before for the same parcel.
    ///
    /// # Errors
    ///
    /// [`UploadError`].
    pub fn begin(
        client: &'a Client,
        tape: &'a Tape,
        measured: Measured,
        campaign: CampaignId,
        name: &str,
    ) -> Result<Self, UploadError> {
        let pair = |key: &str, value: &str| format!("{key} {}", BASE64_STANDARD.encode(value));
        let metadata = [
            pair("campaign", &campaign.to_string()),
            pair("name", name),
            pair("sha256", &hex::encode(measured.sha256)),
        ];
        let request = client
            .request(Method::POST, "/vendor/v1/deliveries")
            .header("tus-resumable", "1.0.0")
            .header("upload-length", measured.len)
            .header("upload-metadata", metadata.join(","))
            .header("content-length", 0);
        let answer = send(request)?;
        let place = header(&answer, "location").ok_or(UploadError::Header("Location"))?;
        let id =
            place.split('/').find_map(|part| part.parse().ok()).ok_or(UploadError::Header("Location"))?;
        Ok(Self { client, tape, measured, place, id })
    }

    /// The delivery.
    #[must_use]
    pub const fn id(&self) -> DeliveryId {
        self.id
    }

    /// Sends what the school does not have yet. `progress` is told the offset whenever it is known anew.
    ///
    /// A broken connection is taken up again until nothing has gone on for `patience`.
    ///
    /// # Errors
    ///
    /// [`UploadError`].
    pub fn run(&self, patience: Duration, mut progress: impl FnMut(u64, u64)) -> Result<(), UploadError> {
        let (mut best, mut since, mut pause) = (0, Instant::now(), Duration::from_millis(500));
        loop {
            let error = match self.go_on(&mut progress) {
                Ok(()) => return Ok(()),
                Err(error) if error.may_pass() => error,
                Err(error) => return Err(error),
            };
            let reached = self.offset().unwrap_or(best);
            if reached > best {
                (best, since, pause) = (reached, Instant::now(), Duration::from_millis(500));
            }
            if since.elapsed() >= patience {
                return Err(UploadError::OutOfPatience { patience, source: Box::new(error) });
            }
            tracing::info!(%error, offset = reached, "The upload was interrupted; going on from byte {reached}.");
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    /// One request from where the school is to the end.
    fn go_on(&self, progress: &mut impl FnMut(u64, u64)) -> Result<(), UploadError> {
        let offset = self.offset()?;
        let len = self.measured.len;
        progress(offset, len);
        let request = self
            .client
            .request(Method::PATCH, &self.place)
            .header("tus-resumable", "1.0.0")
            .header("upload-offset", offset)
            .header("content-type", "application/offset+octet-stream")
            .body(Body::sized(self.tape.from(offset), len - offset.min(len)));
        match send(request) {
            Ok(_) => {}
            // Everything came with an earlier request whose answer was lost.
            Err(ClientError::Refused(problem))
                if problem.code == api::ProblemCode::WrongState && offset == len => {}
            Err(error) => return Err(error.into()),
        }
        progress(len, len);
        Ok(())
    }

    /// How many bytes the school has for good.
    fn offset(&self) -> Result<u64, UploadError> {
        let request = self.client.request(Method::HEAD, &self.place).header("tus-resumable", "1.0.0");
        let answer = send(request)?;
        let offset = header(&answer, "upload-offset").and_then(|text| text.parse().ok());
        offset.ok_or(UploadError::Header("Upload-Offset"))
    }
}

fn header(answer: &Response, name: &str) -> Option<String> {
    answer.headers().get(name).and_then(|value| value.to_str().ok()).map(str::to_owned)
}
