//! A signed-in client of the REST API, as a person's browser would be one.

use std::io::{BufRead as _, BufReader};
use std::sync::mpsc::{Receiver, channel};
use std::thread::{self, sleep};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use api::Page;
use api::account::{Purpose, Session, SignIn};
use api::delivery::Delivery;
use api::ids::{DeliveryId, JobId};
use api::import::Upload;
use api::job::{Job, JobState};
use reqwest::blocking::{Body, RequestBuilder, Response};
use reqwest::{Certificate, Method};
use serde::{Serialize, de::DeserializeOwned};

/// How often a job is asked after.
const LOOK: Duration = Duration::from_millis(20);

/// One person at one browser. Paths begin behind `/api/v1`. What the appliance refuses is an error that holds its
/// [`api::Problem`].
#[derive(Debug)]
pub struct Client {
    http: reqwest::blocking::Client,
    base: String,
    session: Session,
    patience: Duration,
}

impl Client {
    /// Signs in at `base` (`https://localhost:8443`), trusting `ca` (PEM) and nobody else.
    ///
    /// # Errors
    ///
    /// When nobody answers there, or the account may not sign in.
    pub fn sign_in(base: &str, ca: &[u8], account: &str, password: &str) -> Result<Self> {
        let http = reqwest::blocking::Client::builder()
            .cookie_store(true)
            .tls_built_in_root_certs(false)
            .add_root_certificate(Certificate::from_pem(ca)?)
            .timeout(Duration::from_secs(600))
            .build()?;
        let request = SignIn { account: account.to_owned(), password: password.to_owned() };
        let answer = good(http.post(format!("{base}/api/v1/session")).json(&request).send()?);
        let session = answer.and_then(read).with_context(|| format!("{account} could not sign in"))?;
        Ok(Self { http, base: base.to_owned(), session, patience: Duration::MAX })
    }

    /// Waits no longer than this for the end of a job.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The account that is signed in.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// States the purpose of what is read from now on.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub fn purpose(&self, text: &str) -> Result<()> {
        self.send(self.request(Method::PUT, "/session/purpose").json(&Purpose { text: text.to_owned() }))?;
        Ok(())
    }

    /// Reads something.
    ///
    /// # Errors
    ///
    /// When it is refused, or is something else.
    pub fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T> {
        read(self.send(self.request(Method::GET, path))?).with_context(|| format!("GET {path}"))
    }

    /// Reads something by a query.
    ///
    /// # Errors
    ///
    /// As [`Client::get`].
    pub fn query<T: DeserializeOwned>(&self, path: &str, query: &impl Serialize) -> Result<T> {
        read(self.send(self.request(Method::GET, path).query(query))?).with_context(|| format!("GET {path}"))
    }

    /// Reads every item of a list that comes in parts.
    ///
    /// # Errors
    ///
    /// As [`Client::get`].
    pub fn all<T: DeserializeOwned>(&self, path: &str) -> Result<Vec<T>> {
        let mut all = Vec::new();
        loop {
            let mark = if path.contains('?') { '&' } else { '?' };
            let page: Page<T> = self.get(&format!("{path}{mark}offset={}&limit=500", all.len()))?;
            let last = page.items.is_empty();
            all.extend(page.items);
            if last || all.len() as u64 >= page.total {
                return Ok(all);
            }
        }
    }

    /// Reads bytes.
    ///
    /// # Errors
    ///
    /// When they are refused or break off.
    pub fn bytes(&self, path: &str) -> Result<Vec<u8>> {
        Ok(self
            .send(self.request(Method::GET, path))?
            .bytes()
            .with_context(|| format!("GET {path}"))?
            .to_vec())
    }

    /// Changes something.
    ///
    /// # Errors
    ///
    /// When it is refused, or the answer is something else.
    pub fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        read(self.send(self.request(Method::POST, path).json(body))?).with_context(|| format!("POST {path}"))
    }

    /// Puts something in the place of what was there.
    ///
    /// # Errors
    ///
    /// As [`Client::post`].
    pub fn put<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T> {
        read(self.send(self.request(Method::PUT, path).json(body))?).with_context(|| format!("PUT {path}"))
    }

    /// Posts bytes.
    ///
    /// # Errors
    ///
    /// As [`Client::post`].
    pub fn post_bytes<T: DeserializeOwned>(&self, path: &str, bytes: impl Into<Body>) -> Result<T> {
        let request =
            self.request(Method::POST, path).header("content-type", "application/octet-stream").body(bytes);
        read(self.send(request)?).with_context(|| format!("POST {path}"))
    }

    /// Puts a file in.
    ///
    /// # Errors
    ///
    /// When it is refused.
    pub fn upload(&self, name: &str, bytes: Vec<u8>) -> Result<Upload> {
        self.post_bytes(&format!("/uploads?name={name}"), bytes)
    }

    /// Follows every job this person may see, from now on, until the connection ends.
    ///
    /// # Errors
    ///
    /// When that is refused.
    pub fn follow(&self) -> Result<Receiver<Job>> {
        let answer = self.send(self.request(Method::GET, "/events"))?;
        let (told, jobs) = channel();
        thread::spawn(move || {
            for line in BufReader::new(answer).lines().map_while(std::io::Result::ok) {
                let job = line.strip_prefix("data:").and_then(|data| serde_json::from_str(data.trim()).ok());
                if job.is_some_and(|job| told.send(job).is_err()) {
                    return;
                }
            }
        });
        Ok(jobs)
    }

    /// Waits until a job has ended, well or not.
    ///
    /// # Errors
    ///
    /// When it may not be seen, or does not end while this person has patience.
    pub fn ended(&self, job: JobId) -> Result<Job> {
        let begun = Instant::now();
        loop {
            let now: Job = self.get(&format!("/jobs/{job}"))?;
            match now.state {
                JobState::Done | JobState::Failed | JobState::Cancelled => return Ok(now),
                _ if begun.elapsed() > self.patience => bail!("the job {:?} does not end", now.kind),
                JobState::Waiting | JobState::Running | JobState::Stopping => sleep(LOOK),
            }
        }
    }

    /// Waits until a job has ended well.
    ///
    /// # Errors
    ///
    /// As [`Client::ended`], and when it failed or was stopped.
    pub fn done(&self, job: JobId) -> Result<Job> {
        let now = self.ended(job)?;
        match now.state {
            JobState::Done => Ok(now),
            state => {
                let why = now.problem.map(|problem| problem.title).unwrap_or_default();
                bail!("the job {:?} ended as {state:?}: {why}", now.kind)
            }
        }
    }

    /// Waits until a delivery's present job has ended, and returns the delivery.
    ///
    /// # Errors
    ///
    /// As [`Client::ended`], and when the delivery has no job.
    pub fn settled(&self, delivery: DeliveryId) -> Result<Delivery> {
        let path = format!("/deliveries/{delivery}");
        let now: Delivery = self.get(&path)?;
        self.ended(now.job.context("the delivery has no job")?)?;
        self.get(&path)
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method.clone(), format!("{}/api/v1{path}", self.base));
        if method == Method::GET { request } else { request.header("x-csrf-token", &self.session.csrf) }
    }

    fn send(&self, request: RequestBuilder) -> Result<Response> {
        good(request.send()?)
    }
}

/// The answer, unless it is a refusal.
fn good(answer: Response) -> Result<Response> {
    let status = answer.status();
    if status.is_success() {
        return Ok(answer);
    }
    let text = answer.text()?;
    match serde_json::from_str::<api::Problem>(&text) {
        Ok(problem) => bail!(problem),
        Err(_) => bail!("{status}: {text}"),
    }
}

/// What an answer holds; an empty one holds nothing.
fn read<T: DeserializeOwned>(answer: Response) -> Result<T> {
    let text = answer.text()?;
    let text = if text.is_empty() { "null" } else { &text };
    Ok(serde_json::from_str(text)?)
}
