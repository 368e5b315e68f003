//! A signed-in client of the REST API, as a person's browser would be one.

use std::thread::sleep;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use api::account::{Purpose, Session, SignIn};
use api::import::Upload;
use api::job::{Job, JobState};
use reqwest::blocking::{Body, RequestBuilder, Response};
use reqwest::{Certificate, Method};
use serde::{Serialize, de::DeserializeOwned};

/// One person at one browser.
#[derive(Debug)]
pub(crate) struct Client {
    http: reqwest::blocking::Client,
    base: String,
    session: Session,
}

impl Client {
    /// Signs in at `base` (`https://localhost:8443`), trusting `ca` (PEM) and nobody else.
    pub(crate) fn sign_in(base: &str, ca: &[u8], account: &str, password: &str) -> Result<Self> {
        let http = reqwest::blocking::Client::builder()
            .cookie_store(true)
            .tls_built_in_root_certs(false)
            .add_root_certificate(Certificate::from_pem(ca)?)
            .timeout(Duration::from_secs(600))
            .build()?;
        let request = SignIn { account: account.to_owned(), password: password.to_owned() };
        let answer = http.post(format!("{base}/api/v1/session")).json(&request).send()?;
        let session = read(answer).with_context(|| format!("{account} could not sign in"))?;
        Ok(Self { http, base: base.to_owned(), session })
    }

    /// States the purpose of what is read from now on.
    pub(crate) fn purpose(&self, text: &str) -> Result<()> {
        self.send(self.request(Method::PUT, "/session/purpose").json(&Purpose { text: text.to_owned() }))?;
        Ok(())
    }

    /// Reads something.
    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        read(self.send(self.request(Method::GET, path))?).with_context(|| format!("GET {path}"))
    }

    /// Reads something by a query.
    pub(crate) fn query<T: DeserializeOwned>(&self, path: &str, query: &impl Serialize) -> Result<T> {
        read(self.send(self.request(Method::GET, path).query(query))?).with_context(|| format!("GET {path}"))
    }

    /// Reads bytes.
    pub(crate) fn bytes(&self, path: &str) -> Result<Vec<u8>> {
        Ok(self
            .send(self.request(Method::GET, path))?
            .bytes()
            .with_context(|| format!("GET {path}"))?
            .to_vec())
    }

    /// Changes something.
    pub(crate) fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        read(self.send(self.request(Method::POST, path).json(body))?).with_context(|| format!("POST {path}"))
    }

    /// Puts something in the place of what was there.
    pub(crate) fn put<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        read(self.send(self.request(Method::PUT, path).json(body))?).with_context(|| format!("PUT {path}"))
    }

    /// Posts bytes.
    pub(crate) fn post_bytes<T: DeserializeOwned>(&self, path: &str, bytes: impl Into<Body>) -> Result<T> {
        let request =
            self.request(Method::POST, path).header("content-type", "application/octet-stream").body(bytes);
        read(self.send(request)?).with_context(|| format!("POST {path}"))
    }

    /// Puts a file in.
    pub(crate) fn upload(&self, name: &str, bytes: Vec<u8>) -> Result<Upload> {
        self.post_bytes(&format!("/uploads?name={name}"), bytes)
    }

    /// Waits until a job has ended well.
    pub(crate) fn done(&self, job: &Job) -> Result<Job> {
        loop {
            let now: Job = self.get(&format!("/jobs/{}", job.id))?;
            match now.state {
                JobState::Done => return Ok(now),
                JobState::Failed | JobState::Cancelled => {
                    let why = now.problem.map(|problem| problem.title).unwrap_or_default();
                    bail!("the job {:?} ended as {:?}: {why}", now.kind, now.state);
                }
                JobState::Waiting | JobState::Running | JobState::Stopping => {
                    sleep(Duration::from_millis(50))
                }
            }
        }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method.clone(), format!("{}/api/v1{path}", self.base));
        if method == Method::GET { request } else { request.header("x-csrf-token", &self.session.csrf) }
    }

    fn send(&self, request: RequestBuilder) -> Result<Response> {
        let answer = request.send()?;
        if answer.status().is_success() {
            return Ok(answer);
        }
        let status = answer.status();
        let text = answer.text().unwrap_or_default();
        match serde_json::from_str::<api::Problem>(&text) {
            Ok(problem) => bail!(problem),
            Err(_) => bail!("{status}: {text}"),
        }
    }
}

fn read<T: DeserializeOwned>(answer: Response) -> Result<T> {
    if !answer.status().is_success() {
        let text = answer.text().unwrap_or_default();
        match serde_json::from_str::<api::Problem>(&text) {
            Ok(problem) => bail!(problem),
            Err(_) => bail!(text),
        }
    }
    let text = answer.text()?;
    let text = if text.is_empty() { "null" } else { &text };
    Ok(serde_json::from_str(text)?)
}
