//! The real router with a real appliance in a temporary directory.

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc};

use api::account::{ChangePassword, NewUser, Session, SignIn, User};
use api::import::Upload;
use api::job::{Job, JobState};
use api::{Problem, ProblemCode, Role};
use axum::{
    Router,
    body::{Body, to_bytes},
    extract::ConnectInfo,
    http::{HeaderMap, Method, Request, StatusCode, header},
};
use serde::{Serialize, de::DeserializeOwned};
use service::{Actor, Config, Office, account, authority::Names, job, word};
use tower::ServiceExt as _;

use super::{App, Gate, gate::COOKIE, openapi, router, routes};

const PASSWORD: &str = "correct horse battery";

struct House {
    _dir: tempfile::TempDir,
    office: Arc<Office>,
    router: Router,
}

impl House {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut Config)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let data = dir.path().join("data");
        Office::create(&data, "测试学院", &Names::local()).unwrap();
        let mut config = Config::new(data);
        change(&mut config);
        let office = Office::open(config).unwrap();
        // Somebody must always be left who keeps accounts.
        add(&office, "keeper", &[Role::SecurityAdmin]);
        let router = router(App::new(Arc::clone(&office)));
        Self { _dir: dir, office, router }
    }

    async fn send(&self, request: Request<Body>) -> Got {
        let (parts, body) = self.router.clone().oneshot(request).await.unwrap().into_parts();
        let streams = parts.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind == "text/event-stream");
        let body = if streams { Vec::new() } else { to_bytes(body, 8 << 20).await.unwrap().to_vec() };
        Got { status: parts.status, headers: parts.headers, body }
    }

    async fn sign_in(&self, account: &str, password: &str) -> Got {
        let request = SignIn { account: account.to_owned(), password: password.to_owned() };
        self.send(post("/api/v1/session", &request)).await
    }

    async fn client(&self, account: &str) -> Client<'_> {
        let got = self.sign_in(account, PASSWORD).await;
        assert_eq!(got.status, StatusCode::OK);
        Client { house: self, cookie: got.cookie(), csrf: got.json::<Session>().csrf }
    }
}

fn add(office: &Office, account: &str, roles: &[Role]) -> User {
    let new = NewUser {
        account: account.to_owned(),
        name: account.to_owned(),
        roles: roles.to_vec(),
        password: PASSWORD.to_owned(),
    };
    account::create(office, &Actor::console(), &new).unwrap()
}

struct Got {
    status: StatusCode,
    headers: HeaderMap,
    body: Vec<u8>,
}

impl Got {
    fn json<T: DeserializeOwned>(&self) -> T {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {:?}", self.status))
    }

    fn code(&self) -> Option<ProblemCode> {
        serde_json::from_slice::<Problem>(&self.body).ok().map(|problem| problem.code)
    }

    fn cookie(&self) -> String {
        let cookie = self.headers[header::SET_COOKIE].to_str().unwrap();
        cookie.split(';').next().unwrap().to_owned()
    }
}

struct Client<'a> {
    house: &'a House,
    cookie: String,
    csrf: String,
}

impl Client<'_> {
    async fn get(&self, path: &str) -> Got {
        self.send(Method::GET, path, &()).await
    }

    async fn send(&self, method: Method, path: &str, body: &impl Serialize) -> Got {
        let mut request = json_request(method, path, body);
        request.headers_mut().insert(header::COOKIE, self.cookie.parse().unwrap());
        request.headers_mut().insert("x-csrf-token", self.csrf.parse().unwrap());
        self.house.send(request).await
    }
}

fn post(path: &str, body: &impl Serialize) -> Request<Body> {
    json_request(Method::POST, path, body)
}

fn json_request(method: Method, path: &str, body: &impl Serialize) -> Request<Body> {
    let body = match method {
        Method::GET | Method::DELETE => Body::empty(),
        _ => Body::from(serde_json::to_vec(body).unwrap()),
    };
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::CONTENT_TYPE, "application/json")
        .extension(ConnectInfo(SocketAddr::from(([127, 0, 0, 1], 1))))
        .body(body)
        .unwrap()
}

/// A path with an id of the right kind in each pair of braces.
fn example(path: &str) -> String {
    let mut kind = "";
    let parts: Vec<_> = path
        .split('/')
        .map(|part| {
            let filled = if part.starts_with('{') { example_id(kind) } else { part.to_owned() };
            kind = part;
            filled
        })
        .collect();
    parts.join("/")
}

fn example_id(resource: &str) -> String {
    let kind = match resource {
        "users" => "user",
        "jobs" => "job",
        "persons" => "person",
        "photos" => "photo",
        "campaigns" => "campaign",
        "deliveries" => "delivery",
        "vendors" => "vendor",
        "comparisons" => "comparison",
        "calibrations" => "calibration",
        "deletions" => "case",
        "consents" => "person",
        _ => return "0".to_owned(),
    };
    format!("{kind}_{}", "0".repeat(32))
}

fn allows(gate: Gate, role: Option<Role>) -> bool {
    match (gate, role) {
        (Gate::Public, _) | (Gate::SignedIn, Some(_)) => true,
        (_, None) => false,
        (Gate::Right(right), Some(role)) => role.rights().contains(&right),
        (Gate::AnyOf(rights), Some(role)) => rights.iter().any(|right| role.rights().contains(right)),
    }
}

/// Whether an answer comes from before the handler.
fn is_turned_away(got: &Got) -> bool {
    matches!(
        got.code(),
        Some(ProblemCode::SignInRequired | ProblemCode::NotAllowed | ProblemCode::CsrfMismatch)
    )
}

#[tokio::test]
async fn every_route_lets_in_exactly_the_offices_in_the_table() {
    let house = House::new();
    for role in Role::ALL {
        add(&house.office, &word(&role).replace('_', "-"), &[role]);
    }
    // Signing out comes last, or everything after it would be refused.
    let (ending, others): (Vec<_>, Vec<_>) =
        routes::all().partition(|route| route.method == Method::DELETE && route.path == "/api/v1/session");
    let all: Vec<_> = others.into_iter().chain(ending).collect();
    for route in &all {
        let got = house.send(json_request(route.method.clone(), &example(route.path), &())).await;
        assert_eq!(
            !is_turned_away(&got),
            allows(route.gate, None),
            "{} {} signed out",
            route.method,
            route.path
        );
    }
    for role in Role::ALL {
        let client = house.client(&word(&role).replace('_', "-")).await;
        for route in &all {
            if route.gate == Gate::Public && route.method != Method::GET {
                continue;
            }
            let got = client.send(route.method.clone(), &example(route.path), &()).await;
            let allowed = allows(route.gate, Some(role));
            assert_eq!(!is_turned_away(&got), allowed, "{} {} as {role:?}", route.method, route.path);
            assert_ne!(got.status, StatusCode::INTERNAL_SERVER_ERROR, "{} {}", route.method, route.path);
        }
    }
}

#[test]
fn the_table_the_router_and_the_description_name_the_same_routes() {
    let table: BTreeSet<_> =
        routes::all().map(|route| (route.path.to_owned(), route.method.to_string())).collect();
    assert_eq!(table.len(), routes::all().count(), "a route stands in the table twice");
    let document = serde_json::to_value(openapi()).unwrap();
    let described: BTreeSet<_> = document["paths"]
        .as_object()
        .unwrap()
        .iter()
        .flat_map(|(path, item)| {
            item.as_object().unwrap().keys().map(move |method| (path.clone(), method.to_uppercase()))
        })
        .collect();
    assert_eq!(table, described);
}

#[tokio::test]
async fn whoever_signs_in_is_known_until_signing_out() {
    let house = House::new();
    let client = house.client("keeper").await;
    let session: Session = client.get("/api/v1/session").await.json();
    assert_eq!(session.user.account, "keeper");
    assert_eq!(client.send(Method::DELETE, "/api/v1/session", &()).await.status, StatusCode::NO_CONTENT);
    assert_eq!(client.get("/api/v1/session").await.code(), Some(ProblemCode::SignInRequired));
}

#[tokio::test]
async fn the_cookie_is_for_this_host_over_tls_and_out_of_reach_of_scripts() {
    let house = House::new();
    let got = house.sign_in("keeper", PASSWORD).await;
    let cookie = got.headers[header::SET_COOKIE].to_str().unwrap();
    assert!(cookie.starts_with(&format!("{COOKIE}=")));
    for part in ["Path=/", "HttpOnly", "Secure", "SameSite=Strict"] {
        assert!(cookie.contains(part), "{part}");
    }
}

#[tokio::test]
async fn wrong_passwords_and_unknown_accounts_get_the_same_answer_and_are_locked_out() {
    let house = House::new();
    for account in ["keeper", "nobody"] {
        for _ in 0..5 {
            let got = house.sign_in(account, "wrong").await;
            assert_eq!(got.code(), Some(ProblemCode::BadCredentials), "{account}");
        }
        let got = house.sign_in(account, PASSWORD).await;
        assert_eq!(got.code(), Some(ProblemCode::TooManyAttempts), "{account}");
        assert!(got.headers.contains_key(header::RETRY_AFTER));
    }
}

#[tokio::test]
async fn a_change_without_the_csrf_token_or_from_another_site_is_refused() {
    let house = House::new();
    let mut client = house.client("keeper").await;
    let mut elsewhere = json_request(Method::PUT, "/api/v1/session/purpose", &());
    elsewhere.headers_mut().insert(header::COOKIE, client.cookie.parse().unwrap());
    elsewhere.headers_mut().insert("x-csrf-token", client.csrf.parse().unwrap());
    elsewhere.headers_mut().insert("sec-fetch-site", "cross-site".parse().unwrap());
    assert_eq!(house.send(elsewhere).await.code(), Some(ProblemCode::CsrfMismatch));
    client.csrf = "wrong".to_owned();
    let got = client.send(Method::PUT, "/api/v1/session/purpose", &()).await;
    assert_eq!(got.code(), Some(ProblemCode::CsrfMismatch));
}

#[tokio::test]
async fn a_changed_password_ends_the_other_sessions_and_keeps_the_signing_key() {
    let house = House::new();
    let (here, there) = (house.client("keeper").await, house.client("keeper").await);
    let user = here.get("/api/v1/session").await.json::<Session>().user;
    let key = account::officer_public(&house.office, user.id).unwrap();
    let change = ChangePassword { old: PASSWORD.to_owned(), new: "another long one".to_owned() };
    let got = here.send(Method::PUT, "/api/v1/session/password", &change).await;
    assert_eq!(got.status, StatusCode::NO_CONTENT);
    assert_eq!(here.get("/api/v1/session").await.status, StatusCode::OK);
    assert_eq!(there.get("/api/v1/session").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(account::officer_public(&house.office, user.id).unwrap(), key);
    assert_eq!(house.sign_in("keeper", "another long one").await.status, StatusCode::OK);
}

#[tokio::test]
async fn an_account_that_was_closed_is_out_at_once() {
    let house = House::new();
    let user = add(&house.office, "leaver", &[Role::Registrar]);
    let (keeper, leaver) = (house.client("keeper").await, house.client("leaver").await);
    let change = api::account::ChangeUser { name: user.name, roles: user.roles, active: false };
    let got = keeper.send(Method::PUT, &format!("/api/v1/users/{}", user.id), &change).await;
    assert_eq!(got.status, StatusCode::OK);
    assert_eq!(leaver.get("/api/v1/session").await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(house.sign_in("leaver", PASSWORD).await.code(), Some(ProblemCode::BadCredentials));
}

#[tokio::test]
async fn the_last_keeper_of_accounts_stays_and_excluding_offices_are_refused() {
    let house = House::new();
    let keeper = house.client("keeper").await;
    let user = keeper.get("/api/v1/session").await.json::<Session>().user;
    let path = format!("/api/v1/users/{}", user.id);
    let change = |roles, active| api::account::ChangeUser { name: "x".to_owned(), roles, active };
    let got = keeper.send(Method::PUT, &path, &change(vec![Role::SecurityAdmin], false)).await;
    assert_eq!(got.code(), Some(ProblemCode::WrongState));
    let got = keeper.send(Method::PUT, &path, &change(vec![Role::SecurityAdmin, Role::Auditor], true)).await;
    assert_eq!(got.code(), Some(ProblemCode::RolesExclude));
}

#[tokio::test]
async fn an_upload_is_on_disk_with_its_digest_and_one_too_large_leaves_nothing() {
    let house = House::with(|config| config.limits.upload = 4);
    add(&house.office, "registrar", &[Role::Registrar]);
    let client = house.client("registrar").await;
    let request = |bytes: &'static [u8]| {
        Request::post("/api/v1/uploads?name=roster.csv")
            .header(header::COOKIE, &client.cookie)
            .header("x-csrf-token", &client.csrf)
            .body(Body::from(bytes))
            .unwrap()
    };
    let got = house.send(request(b"abc")).await;
    assert_eq!(got.status, StatusCode::CREATED);
    let upload: Upload = got.json();
    assert_eq!(upload.sha256, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    let kept = house.office.paths.uploads.join(upload.id.to_string());
    assert_eq!(std::fs::read(kept).unwrap(), b"abc");
    assert_eq!(house.send(request(b"")).await.code(), Some(ProblemCode::BadRequest));
    assert_eq!(house.send(request(b"abcde")).await.code(), Some(ProblemCode::TooLarge));
    assert_eq!(std::fs::read_dir(&house.office.paths.uploads).unwrap().count(), 1);
}

#[tokio::test]
async fn a_check_of_the_archive_runs_and_is_seen_in_its_health() {
    let house = House::new();
    add(&house.office, "machine", &[Role::SystemAdmin]);
    let client = house.client("machine").await;
    let workers = job::start(&house.office).unwrap();
    let got = client.send(Method::POST, "/api/v1/archive/check", &()).await;
    assert_eq!(got.status, StatusCode::ACCEPTED);
    let path = format!("/api/v1/jobs/{}", got.json::<Job>().id);
    let mut job: Job = client.get(&path).await.json();
    for _ in 0..200 {
        if job.finished.is_some() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        job = client.get(&path).await.json();
    }
    assert_eq!((job.state, job.problem), (JobState::Done, None));
    let health: api::health::ArchiveHealth = client.get("/api/v1/archive/health").await.json();
    assert_eq!(health.last_check.unwrap().damaged, 0);
    tokio::task::spawn_blocking(move || workers.stop()).await.unwrap();
}

#[tokio::test]
async fn every_answer_makes_browsers_careful() {
    let house = House::new();
    for path in ["/", "/health", "/api/v1/session", "/api/v1/nothing", "/nothing.js"] {
        let got = house.send(json_request(Method::GET, path, &())).await;
        let policy = got.headers[header::CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none';"), "{path}");
        assert_eq!(got.headers[header::X_CONTENT_TYPE_OPTIONS], "nosniff");
    }
}

#[tokio::test]
async fn what_is_not_there_is_a_problem_document() {
    let house = House::new();
    for (method, path, status) in [
        (Method::GET, "/api/v1/nothing", StatusCode::NOT_FOUND),
        (Method::GET, "/nothing.js", StatusCode::NOT_FOUND),
        (Method::PUT, "/health", StatusCode::METHOD_NOT_ALLOWED),
    ] {
        let got = house.send(json_request(method, path, &())).await;
        assert_eq!(got.status, status, "{path}");
        assert_eq!(got.headers[header::CONTENT_TYPE], "application/problem+json");
    }
}

#[tokio::test]
async fn the_audit_trail_tells_who_came_and_who_was_turned_away() {
    let house = House::new();
    add(&house.office, "audit", &[Role::AuditAdmin]);
    house.sign_in("keeper", "wrong").await;
    let client = house.client("audit").await;
    let page: api::Page<api::account::AuditEntry> = client.get("/api/v1/audit?action=session.").await.json();
    let told: Vec<_> = page.items.iter().map(|entry| (entry.account.as_str(), entry.ok)).collect();
    assert_eq!(told, [("audit", true), ("appliance", false)]);
}

#[tokio::test]
async fn what_the_gate_turns_away_is_in_the_trail_once_and_names_no_id() {
    let house = House::new();
    add(&house.office, "audit", &[Role::AuditAdmin]);
    add(&house.office, "supervisor", &[Role::Supervisor]);
    let (auditor, supervisor) = (house.client("audit").await, house.client("supervisor").await);
    let person = api::ids::PersonId::new();
    for _ in 0..3 {
        let got = supervisor.get(&format!("/api/v1/persons/{person}")).await;
        assert_eq!(got.code(), Some(ProblemCode::NotAllowed));
    }
    for route in routes::all().filter(|route| route.gate != Gate::Public) {
        house.send(json_request(route.method.clone(), &example(route.path), &())).await;
    }
    let mut elsewhere = supervisor;
    elsewhere.csrf = "wrong".to_owned();
    elsewhere.send(Method::PUT, "/api/v1/session/purpose", &()).await;
    let page: api::Page<api::account::AuditEntry> = auditor.get("/api/v1/audit?action=gate.").await.json();
    let told: Vec<_> = page
        .items
        .iter()
        .map(|entry| (entry.account.as_str(), entry.subject.clone().unwrap_or_default(), entry.ok))
        .collect();
    let first = routes::all().find(|route| route.gate != Gate::Public).unwrap();
    assert_eq!(
        told,
        [
            ("supervisor", "PUT /api/v1/session/purpose: csrf-mismatch".to_owned(), false),
            ("appliance", format!("{} {}: sign-in-required", first.method, first.path), false),
            ("supervisor", "GET /api/v1/persons/{id}: not-allowed".to_owned(), false),
        ]
    );
}

#[tokio::test]
async fn who_follows_a_job_hears_of_its_end_and_then_nothing() {
    let house = House::new();
    add(&house.office, "machine", &[Role::SystemAdmin]);
    let client = house.client("machine").await;
    let job: Job = client.send(Method::POST, "/api/v1/archive/check", &()).await.json();
    let mut request = json_request(Method::GET, &format!("/api/v1/jobs/{}/events", job.id), &());
    request.headers_mut().insert(header::COOKIE, client.cookie.parse().unwrap());
    let answer = house.router.clone().oneshot(request).await.unwrap();
    let workers = job::start(&house.office).unwrap();
    let told = to_bytes(answer.into_body(), 1 << 20).await.unwrap();
    let told = String::from_utf8(told.to_vec()).unwrap();
    let states: Vec<_> = told
        .lines()
        .filter_map(|line| line.strip_prefix("data: "))
        .map(|data| serde_json::from_str::<Job>(data).unwrap().state)
        .collect();
    assert_eq!((states.first(), states.last()), (Some(&JobState::Waiting), Some(&JobState::Done)));
    tokio::task::spawn_blocking(move || workers.stop()).await.unwrap();
}

#[tokio::test]
async fn a_job_asked_for_twice_is_one_job_and_is_cancelled_while_it_waits() {
    let house = House::new();
    add(&house.office, "machine", &[Role::SystemAdmin]);
    let client = house.client("machine").await;
    let job: Job = client.send(Method::POST, "/api/v1/archive/check", &()).await.json();
    let again: Job = client.send(Method::POST, "/api/v1/archive/check", &()).await.json();
    assert_eq!(job.id, again.id, "asked for twice, done once");
    let path = format!("/api/v1/jobs/{}", job.id);
    assert_eq!(client.send(Method::DELETE, &path, &()).await.json::<Job>().state, JobState::Cancelled);
    assert_eq!(client.send(Method::DELETE, &path, &()).await.code(), Some(ProblemCode::WrongState));
}

#[tokio::test]
async fn what_happened_is_in_the_ledger_with_a_proof_anybody_can_check() {
    let house = House::new();
    let user = add(&house.office, "audit", &[Role::AuditAdmin]);
    let client = house.client("audit").await;
    service::ledger::integrate(&house.office).unwrap();
    let page: api::Page<api::ledger::LedgerEntry> =
        client.get(&format!("/api/v1/ledger/entries?subject={}", user.id)).await.json();
    assert_eq!(page.items.len(), 1);
    let index = page.items[0].index;
    let told: api::ledger::LedgerProof =
        client.get(&format!("/api/v1/ledger/entries/{index}/proof")).await.json();
    let head: api::ledger::LedgerHead = client.get("/api/v1/ledger").await.json();
    let proof: ledger::OfflineProof = told.proof.parse().unwrap();
    let key: ledger::VerifierKey = head.verifier_key.parse().unwrap();
    proof.verify(told.leaf.as_bytes(), &key).unwrap();
    let bundle = client.get(&format!("/api/v1/ledger/tile/entries/000.p/{}", head.size)).await;
    assert_eq!(bundle.status, StatusCode::OK);
    assert_eq!(ledger::decode_bundle(&bundle.body).unwrap().len() as u64, head.size);
    let outside = client.get("/api/v1/ledger/tile/..%2f..%2fkeys%2fledger.key").await;
    assert_eq!(outside.code(), Some(ProblemCode::NotFound));
}
