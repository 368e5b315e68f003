//! The only way to the server: one function per question, typed by the `api` crate.
//!
//! A request that changes something carries the session's CSRF token. When the API wants a purpose first, the person
//! is asked once and the request goes out again. When the session has ended, the sign-in page takes over.

use std::collections::BTreeMap;
use std::pin::Pin;

use api::account::{
    AuditEntry, ChangePassword, ChangeUser, NewUser, Purpose, RightsTable, Session, SignIn, User,
};
use api::appraisal::{Appraisal, AppraisalReport, Appraise};
use api::campaign::{Campaign, NewCampaign, Progress, RosterRow, RuleSetSummary, Slip, TokensIssued};
use api::copy::{Copy, DecideCopy, NewCopy};
use api::deletion::{Case, NewCase, SignStep, TypeCode};
use api::delivery::{Confirm, Delivery, Item, ItemQuery, Propose, Receipt, Settle};
use api::diploma::{AttachScan, LookUp, NewProof, Numbers, Proof, Scans};
use api::dossier::{Correction, Dossier, PersonFacts};
use api::face::{Calibration, Comparison, Decide, NewCalibration};
use api::health::{ArchiveHealth, Doctor};
use api::hold::{Hold, HoldReason};
use api::ids::{
    AppraisalId, CalibrationId, CampaignId, CaseId, ComparisonId, CopyId, DeliveryId, HoldId, JobId,
    PersonId, PhotoId, ProofId, ReplicaId, ScanId, UserId, VendorId,
};
use api::import::{ImportFile, ImportFinding, ImportPhotos};
use api::job::Job;
use api::ledger::{LedgerEntry, LedgerHead, LedgerProof};
use api::search::{SearchQuery, SearchResults};
use api::today::Today;
use api::usage::{UseQuery, Uses};
use api::vendor::{Enrolment, NewVendor, Vendor};
use api::{Page, Problem, ProblemCode};
use gloo_net::http::{Method, Request, RequestBuilder, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use wasm_bindgen::JsValue;

use crate::json;
use crate::router::write_query;
use crate::session;
use crate::state::{Name, state};

/// Why an answer did not come.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Failure {
    /// The server said why.
    Problem(Problem),
    /// The server could not be reached.
    Unreachable,
    /// The server's answer could not be read.
    Unreadable,
    /// The person did not state a purpose.
    NoPurpose,
}

/// What a question brings.
pub(crate) type Answer<T> = Result<T, Failure>;

/// A request's body.
#[derive(Clone)]
enum Body {
    Nothing,
    Json(String),
    Bytes(web_sys::Blob),
}

/// The full address of an API path.
pub(crate) fn url(path: &str) -> String {
    format!("/api/v1{path}")
}

/// The address of a photo's pixels; `size` is `thumb` or `full`.
pub(crate) fn photo_url(photo: PhotoId, size: &str) -> String {
    url(&format!("/photos/{photo}/image?size={size}"))
}

fn with_query(path: &str, query: &impl Serialize) -> String {
    let Ok(serde_json::Value::Object(fields)) = serde_json::to_value(query) else {
        return path.to_owned();
    };
    let fields: BTreeMap<_, _> = fields.into_iter().map(|(name, value)| (name, plain(&value))).collect();
    let query = write_query(&fields);
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

fn plain(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Null => String::new(),
        serde_json::Value::Bool(flag) => flag.to_string(),
        other => other.as_u64().map(|n| n.to_string()).unwrap_or_default(),
    }
}

/// Sends a request and reads the answer's text. Boxed, so that it is compiled once and not into every question.
fn send(method: Method, path: String, body: Body) -> Pin<Box<dyn Future<Output = Answer<String>>>> {
    Box::pin(async move {
        loop {
            let response = send_once(method.clone(), &path, &body).await?;
            let text = response.text().await.map_err(|_| Failure::Unreachable)?;
            if response.ok() {
                return Ok(text);
            }
            let problem: Problem = parse(&text)?;
            match problem.code {
                ProblemCode::PurposeRequired => {
                    if !session::ask_purpose().await {
                        return Err(Failure::NoPurpose);
                    }
                }
                ProblemCode::SignInRequired => {
                    session::ended();
                    return Err(Failure::Problem(problem));
                }
                _ => return Err(Failure::Problem(problem)),
            }
        }
    })
}

/// Asks for a purpose before a request that is known to need one, which spares the refusal.
async fn with_purpose() -> Answer<()> {
    let stated = state().session_now().is_some_and(|session| session.purpose.is_some());
    if stated || session::ask_purpose().await { Ok(()) } else { Err(Failure::NoPurpose) }
}

async fn send_once(method: Method, path: &str, body: &Body) -> Answer<Response> {
    let mut builder =
        RequestBuilder::new(&url(path)).method(method.clone()).header("accept", "application/json");
    if method != Method::GET
        && let Some(session) = state().session_now()
    {
        builder = builder.header("x-csrf-token", &session.csrf);
    }
    let request: Result<Request, _> = match body {
        Body::Nothing => builder.build(),
        Body::Json(text) => builder.header("content-type", "application/json").body(text.as_str()),
        Body::Bytes(blob) => {
            builder.header("content-type", "application/octet-stream").body(JsValue::from(blob.clone()))
        }
    };
    request.map_err(|_| Failure::Unreadable)?.send().await.map_err(|_| Failure::Unreachable)
}

fn parse<T: DeserializeOwned>(text: &str) -> Answer<T> {
    json::read(text).map_err(|_| Failure::Unreadable)
}

async fn get<T: DeserializeOwned>(path: impl Into<String>) -> Answer<T> {
    parse(&send(Method::GET, path.into(), Body::Nothing).await?)
}

fn body(value: &impl Serialize) -> Answer<Body> {
    json::write(value).map(Body::Json).map_err(|_| Failure::Unreadable)
}

async fn post<T: DeserializeOwned>(path: impl Into<String>, value: &impl Serialize) -> Answer<T> {
    parse(&send(Method::POST, path.into(), body(value)?).await?)
}

/// The body of a request that has nothing to say.
fn nothing() -> BTreeMap<String, String> {
    BTreeMap::new()
}

async fn put<T: DeserializeOwned>(path: impl Into<String>, value: &impl Serialize) -> Answer<T> {
    parse(&send(Method::PUT, path.into(), body(value)?).await?)
}

// Session and accounts

/// Signs in.
pub(crate) async fn sign_in(account: String, password: String) -> Answer<Session> {
    post("/session", &SignIn { account, password }).await
}

/// Who is signed in.
pub(crate) async fn session() -> Answer<Session> {
    get("/session").await
}

/// Signs out.
pub(crate) async fn sign_out() -> Answer<()> {
    send(Method::DELETE, "/session".to_owned(), Body::Nothing).await.map(drop)
}

/// States the purpose of the task at hand.
pub(crate) async fn state_purpose(text: String) -> Answer<()> {
    send_once(Method::PUT, "/session/purpose", &body(&Purpose { text })?)
        .await
        .and_then(|response| if response.ok() { Ok(()) } else { Err(Failure::Unreadable) })
}

/// Changes one's own password.
pub(crate) async fn change_password(old: String, new: String) -> Answer<()> {
    send(Method::PUT, "/session/password".to_owned(), body(&ChangePassword { old, new })?).await.map(drop)
}

/// Every account.
pub(crate) async fn users() -> Answer<Vec<User>> {
    get("/users").await
}

/// Creates an account.
pub(crate) async fn create_user(user: &NewUser) -> Answer<User> {
    post("/users", user).await
}

/// Changes an account.
pub(crate) async fn change_user(id: UserId, change: &ChangeUser) -> Answer<User> {
    put(format!("/users/{id}"), change).await
}

/// Gives an account a new password.
pub(crate) async fn reset_password(id: UserId, password: String) -> Answer<()> {
    let path = format!("/users/{id}/password");
    send(Method::PUT, path, body(&BTreeMap::from([("password", password)]))?).await.map(drop)
}

/// The offices and their rights.
pub(crate) async fn rights() -> Answer<RightsTable> {
    get("/rights").await
}

/// The audit trail, newest first.
pub(crate) async fn audit(offset: u32, limit: u32) -> Answer<Page<AuditEntry>> {
    get(format!("/audit?offset={offset}&limit={limit}")).await
}

/// The use register of a person.
pub(crate) async fn uses_of(person: PersonId, query: &UseQuery) -> Answer<Uses> {
    get(with_query(&format!("/persons/{person}/uses"), query)).await
}

/// What was looked at, by one account or by all.
pub(crate) async fn uses(query: &UseQuery) -> Answer<Uses> {
    get(with_query("/audit/uses", query)).await
}

/// Notes that a dossier is about to be printed.
pub(crate) async fn printed(person: PersonId) -> Answer<()> {
    with_purpose().await?;
    send(Method::POST, format!("/persons/{person}/prints"), body(&nothing())?).await.map(drop)
}

/// What waits and what changed.
pub(crate) async fn today() -> Answer<Today> {
    get("/today").await
}

// Finding and dossiers

/// Searches people.
pub(crate) async fn search(query: &SearchQuery) -> Answer<SearchResults> {
    let found: SearchResults = get(with_query("/search", query)).await?;
    let named = found.facets.iter().flat_map(|facet| &facet.values).filter_map(|value| {
        let name = value.delivery.as_ref()?;
        Some((value.value.clone(), Name::Delivery(name.campaign.clone(), name.round)))
    });
    state().learn(named);
    Ok(found)
}

/// A person's dossier, numbers masked.
pub(crate) async fn dossier(person: PersonId) -> Answer<Dossier> {
    with_purpose().await?;
    get(format!("/persons/{person}")).await
}

/// A person's facts with every number shown. Recorded as a use of its own.
pub(crate) async fn reveal(person: PersonId) -> Answer<PersonFacts> {
    with_purpose().await?;
    get(format!("/persons/{person}/numbers")).await
}

/// Corrects facts of a person.
pub(crate) async fn correct(person: PersonId, correction: &Correction) -> Answer<()> {
    with_purpose().await?;
    send(Method::POST, format!("/persons/{person}/corrections"), body(correction)?).await.map(drop)
}

/// Places a legal hold on a person's record.
pub(crate) async fn place_hold(person: PersonId, reason: String) -> Answer<Hold> {
    with_purpose().await?;
    post(format!("/persons/{person}/holds"), &HoldReason { reason }).await
}

/// Lifts a legal hold.
pub(crate) async fn lift_hold(id: HoldId, reason: String) -> Answer<Hold> {
    with_purpose().await?;
    post(format!("/holds/{id}/lift"), &HoldReason { reason }).await
}

/// Requests for lists that leave.
pub(crate) async fn copies() -> Answer<Vec<Copy>> {
    get("/copies").await
}

/// Asks for a list.
pub(crate) async fn ask_copy(new: &NewCopy) -> Answer<Copy> {
    post("/copies", new).await
}

/// Decides a request for a list.
pub(crate) async fn decide_copy(id: CopyId, decision: &DecideCopy) -> Answer<Copy> {
    post(format!("/copies/{id}/decision"), decision).await
}

/// The address of an approved list.
pub(crate) fn copy_url(id: CopyId) -> String {
    url(&format!("/copies/{id}/list.xlsx"))
}

// Campaigns

/// Every campaign, newest first.
pub(crate) async fn campaigns() -> Answer<Vec<Campaign>> {
    let all: Vec<Campaign> = get("/campaigns").await?;
    state().learn(all.iter().map(|one| (one.id.to_string(), Name::Campaign(one.facts.name.clone()))));
    Ok(all)
}

/// One campaign.
pub(crate) async fn campaign(id: CampaignId) -> Answer<Campaign> {
    get(format!("/campaigns/{id}")).await
}

/// Creates a campaign.
pub(crate) async fn create_campaign(campaign: &NewCampaign) -> Answer<Campaign> {
    post("/campaigns", campaign).await
}

/// How a campaign goes.
pub(crate) async fn progress(id: CampaignId) -> Answer<Progress> {
    get(format!("/campaigns/{id}/progress")).await
}

/// A part of a campaign's roster.
pub(crate) async fn roster(id: CampaignId, offset: u32, limit: u32) -> Answer<Page<RosterRow>> {
    get(format!("/campaigns/{id}/roster?offset={offset}&limit={limit}")).await
}

/// Issues the capture tokens that are still missing.
pub(crate) async fn issue_tokens(id: CampaignId) -> Answer<TokensIssued> {
    post(format!("/campaigns/{id}/tokens"), &nothing()).await
}

/// Every slip of a campaign, class by class.
pub(crate) async fn slips(id: CampaignId) -> Answer<Vec<Slip>> {
    let mut all = Vec::new();
    loop {
        let part: Page<Slip> = get(format!("/campaigns/{id}/slips?offset={}&limit=500", all.len())).await?;
        let nothing_more = part.items.is_empty();
        all.extend(part.items);
        if nothing_more || all.len() as u64 >= part.total {
            return Ok(all);
        }
    }
}

/// The photo rules.
pub(crate) async fn rule_sets() -> Answer<Vec<RuleSetSummary>> {
    get("/rule-sets").await
}

// Imports and jobs

/// Imports an uploaded roster.
pub(crate) async fn import_roster(campaign: CampaignId, file: &ImportFile) -> Answer<Job> {
    post(format!("/campaigns/{campaign}/roster"), file).await
}

/// Imports an uploaded zip of photos.
pub(crate) async fn import_photos(photos: &ImportPhotos) -> Answer<Job> {
    post("/photos/import", photos).await
}

/// Imports an uploaded certificate register.
pub(crate) async fn import_diplomas(file: &ImportFile) -> Answer<Job> {
    post("/diplomas/import", file).await
}

/// Imports an uploaded zip of scans.
pub(crate) async fn import_scans(file: &ImportFile) -> Answer<Job> {
    post("/scans/import", file).await
}

// Diplomas

/// Scans in figures, and the first of those in doubt.
pub(crate) async fn scans() -> Answer<Scans> {
    get("/scans?limit=200").await
}

/// Asks for every scan to be read that nobody has read yet.
pub(crate) async fn read_scans() -> Answer<Job> {
    post("/scans/read", &()).await
}

/// Adds an uploaded scan to a diploma.
pub(crate) async fn attach_scan(person: PersonId, wanted: &AttachScan) -> Answer<()> {
    with_purpose().await?;
    post::<Dossier>(format!("/persons/{person}/scans"), wanted).await.map(drop)
}

/// The address of a scan as it is kept.
pub(crate) fn scan_file_url(scan: ScanId) -> String {
    url(&format!("/scans/{scan}/file"))
}

/// The address of a page of a scan as a picture.
pub(crate) fn scan_page_url(scan: ScanId, number: u32) -> String {
    url(&format!("/scans/{scan}/pages/{number}"))
}

/// The register's numbers, looked through.
pub(crate) async fn numbers() -> Answer<Numbers> {
    get("/diplomas/numbers").await
}

/// Issues a printed proof.
pub(crate) async fn issue_proof(person: PersonId, wanted: &NewProof) -> Answer<Proof> {
    with_purpose().await?;
    post(format!("/persons/{person}/proofs"), wanted).await
}

/// Finds an issued proof by its code.
pub(crate) async fn look_up_proof(code: String) -> Answer<Proof> {
    with_purpose().await?;
    post("/proofs/look-up", &LookUp { code }).await
}

/// The address of a proof's paper.
pub(crate) fn proof_url(proof: ProofId, language: &str) -> String {
    url(&format!("/proofs/{proof}/paper?lang={language}"))
}

/// Jobs, newest first.
pub(crate) async fn jobs() -> Answer<Vec<Job>> {
    get("/jobs").await
}

/// One job.
pub(crate) async fn job(id: JobId) -> Answer<Job> {
    get(format!("/jobs/{id}")).await
}

/// Asks a job to stop.
pub(crate) async fn stop_job(id: JobId) -> Answer<()> {
    send(Method::DELETE, format!("/jobs/{id}"), Body::Nothing).await.map(drop)
}

/// What an import found: the first 500 of it, and how much there is.
pub(crate) async fn findings(id: JobId) -> Answer<Page<ImportFinding>> {
    get(format!("/jobs/{id}/findings?limit=500")).await
}

// Deliveries

/// Every delivery, newest first.
pub(crate) async fn deliveries() -> Answer<Vec<Delivery>> {
    let all: Vec<Delivery> = get("/deliveries").await?;
    state().learn(all.iter().map(|one| {
        let name = Name::Delivery(one.campaign_name.clone(), one.round);
        (one.id.to_string(), name)
    }));
    Ok(all)
}

/// One delivery.
pub(crate) async fn delivery(id: DeliveryId) -> Answer<Delivery> {
    get(format!("/deliveries/{id}")).await
}

/// Items of a delivery, oddest first.
pub(crate) async fn items(id: DeliveryId, query: &ItemQuery) -> Answer<Page<Item>> {
    get(with_query(&format!("/deliveries/{id}/items"), query)).await
}

/// One item of a delivery.
pub(crate) async fn item(id: DeliveryId, number: u32) -> Answer<Item> {
    get(format!("/deliveries/{id}/items/{number}")).await
}

/// Settles whose face an item shows.
pub(crate) async fn settle(id: DeliveryId, number: u32, settle: &Settle) -> Answer<Delivery> {
    with_purpose().await?;
    put(format!("/deliveries/{id}/items/{number}/settlement"), settle).await
}

/// Takes back what was settled.
pub(crate) async fn take_back(id: DeliveryId, number: u32) -> Answer<Delivery> {
    parse(&send(Method::DELETE, format!("/deliveries/{id}/items/{number}/settlement"), Body::Nothing).await?)
}

/// The address of an item's pixels; `size` is `thumb` or `full`.
pub(crate) fn item_url(id: DeliveryId, number: u32, size: &str) -> String {
    url(&format!("/deliveries/{id}/items/{number}/image?size={size}"))
}

/// Checks a delivery again.
pub(crate) async fn check_delivery(id: DeliveryId) -> Answer<Job> {
    post(format!("/deliveries/{id}/check"), &nothing()).await
}

/// Proposes what is to be done with a delivery.
pub(crate) async fn propose(id: DeliveryId, proposal: &Propose) -> Answer<Delivery> {
    post(format!("/deliveries/{id}/proposal"), proposal).await
}

/// Confirms or refuses what another proposed.
pub(crate) async fn confirm(id: DeliveryId, confirm: bool) -> Answer<Delivery> {
    post(format!("/deliveries/{id}/confirmation"), &Confirm { confirm }).await
}

/// The vendor's receipt.
pub(crate) async fn receipt(id: DeliveryId) -> Answer<Receipt> {
    get(format!("/deliveries/{id}/receipt")).await
}

// Faces

/// Compares a probe with a person's reference photo.
pub(crate) async fn compare(person: PersonId, probe: &web_sys::Blob) -> Answer<Comparison> {
    with_purpose().await?;
    let path = format!("/persons/{person}/comparisons");
    parse(&send(Method::POST, path, Body::Bytes(probe.clone())).await?)
}

/// Comparisons in a state.
pub(crate) async fn comparisons(state: &str) -> Answer<Vec<Comparison>> {
    get(format!("/comparisons?state={state}")).await
}

/// One comparison.
pub(crate) async fn comparison(id: ComparisonId) -> Answer<Comparison> {
    get(format!("/comparisons/{id}")).await
}

/// The address of a probe's pixels, as long as they are kept.
pub(crate) fn probe_url(id: ComparisonId) -> String {
    url(&format!("/comparisons/{id}/probe"))
}

/// Decides a comparison at the desk.
pub(crate) async fn decide(id: ComparisonId, decision: &Decide) -> Answer<Comparison> {
    post(format!("/comparisons/{id}/decision"), decision).await
}

/// Decides a comparison as one of its reviewers.
pub(crate) async fn review(id: ComparisonId, decision: &Decide) -> Answer<Comparison> {
    post(format!("/comparisons/{id}/review"), decision).await
}

/// Every calibration, newest first.
pub(crate) async fn calibrations() -> Answer<Vec<Calibration>> {
    get("/calibrations").await
}

/// One calibration.
pub(crate) async fn calibration(id: CalibrationId) -> Answer<Calibration> {
    get(format!("/calibrations/{id}")).await
}

/// Runs a calibration.
pub(crate) async fn calibrate(new: &NewCalibration) -> Answer<Job> {
    post("/calibrations", new).await
}

/// Puts a calibration into force.
pub(crate) async fn adopt(id: CalibrationId) -> Answer<Calibration> {
    post(format!("/calibrations/{id}/adopt"), &nothing()).await
}

// Deletion

/// Every deletion case.
pub(crate) async fn cases() -> Answer<Vec<Case>> {
    get("/deletions").await
}

/// One deletion case.
pub(crate) async fn case(id: CaseId) -> Answer<Case> {
    get(format!("/deletions/{id}")).await
}

/// Opens a deletion case.
pub(crate) async fn open_case(delivery: DeliveryId) -> Answer<Case> {
    post("/deletions", &NewCase { delivery }).await
}

/// Signs the step of a case that waits.
pub(crate) async fn sign_step(id: CaseId, password: String) -> Answer<Case> {
    post(format!("/deletions/{id}/signature"), &SignStep { password }).await
}

/// Types the code that the vendor reads aloud.
pub(crate) async fn type_code(id: CaseId, code: String) -> Answer<Case> {
    post(format!("/deletions/{id}/code"), &TypeCode { code }).await
}

/// The bytes of a case's certificate, as text: a check needs them exactly as they are.
pub(crate) async fn certificate(id: CaseId) -> Answer<String> {
    send(Method::GET, format!("/deletions/{id}/certificate"), Body::Nothing).await
}

// Archive, ledger, settings

/// The archive in figures.
pub(crate) async fn archive_health() -> Answer<ArchiveHealth> {
    get("/archive/health").await
}

/// Reads every byte of the archive.
pub(crate) async fn check_archive() -> Answer<Job> {
    post("/archive/check", &nothing()).await
}

/// Brings a replica up to date.
pub(crate) async fn sync_replica(id: ReplicaId) -> Answer<Job> {
    post(&format!("/replicas/{id}/sync"), &nothing()).await
}

/// Reads every byte of a replica.
pub(crate) async fn verify_replica(id: ReplicaId) -> Answer<Job> {
    post(&format!("/replicas/{id}/verify"), &nothing()).await
}

/// Rebuilds catalogue and index.
pub(crate) async fn rebuild() -> Answer<Job> {
    post("/archive/rebuild", &nothing()).await
}

/// Makes the search index anew beside the one that answers.
pub(crate) async fn renew_index() -> Answer<Job> {
    post("/archive/index", &nothing()).await
}

/// Finished checks by DA/T 70, newest first.
pub(crate) async fn appraisals() -> Answer<Vec<Appraisal>> {
    get("/archive/appraisals").await
}

/// A check by DA/T 70 with every item.
pub(crate) async fn appraisal(id: AppraisalId) -> Answer<AppraisalReport> {
    get(format!("/archive/appraisals/{id}")).await
}

/// Checks the archive, an object or a delivery by DA/T 70.
pub(crate) async fn appraise(wanted: Appraise) -> Answer<Job> {
    post("/archive/appraisals", &wanted).await
}

/// The ledger's head.
pub(crate) async fn ledger() -> Answer<LedgerHead> {
    get("/ledger").await
}

/// Entries of the ledger, newest first; `subject` narrows them to one thing.
pub(crate) async fn ledger_entries(subject: &str, offset: u32, limit: u32) -> Answer<Page<LedgerEntry>> {
    let query = BTreeMap::from([
        ("subject".to_owned(), subject.to_owned()),
        ("offset".to_owned(), offset.to_string()),
        ("limit".to_owned(), limit.to_string()),
    ]);
    get(format!("/ledger/entries?{}", write_query(&query))).await
}

/// The proof that an entry is in the ledger.
pub(crate) async fn ledger_proof(index: u64) -> Answer<LedgerProof> {
    get(format!("/ledger/entries/{index}/proof")).await
}

/// Recomputes the ledger.
pub(crate) async fn verify_ledger() -> Answer<Job> {
    post("/ledger/verify", &nothing()).await
}

/// What the doctor sees.
pub(crate) async fn doctor() -> Answer<Doctor> {
    get("/doctor").await
}

/// Every vendor.
pub(crate) async fn vendors() -> Answer<Vec<Vendor>> {
    get("/vendors").await
}

/// Registers a vendor.
pub(crate) async fn register_vendor(vendor: &NewVendor) -> Answer<Enrolment> {
    post("/vendors", vendor).await
}

/// Takes a vendor's certificate back: it can no longer connect.
pub(crate) async fn revoke_vendor(id: VendorId) -> Answer<Vendor> {
    post(format!("/vendors/{id}/revocation"), &nothing()).await
}

/// What a vendor's agent needs to connect.
pub(crate) async fn enrolment(id: VendorId) -> Answer<Enrolment> {
    get(format!("/vendors/{id}/enrolment")).await
}
