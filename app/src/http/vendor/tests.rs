//! tus over mutual TLS: the real port, real certificates, a client that breaks off.

use std::sync::Arc;

use api::campaign::{CampaignKind, NewCampaign};
use api::delivery::DeliveryState;
use api::ids::{CampaignId, UserId};
use api::vendor::{NewVendor, VendorCampaign, VendorDelivery};
use api::{Problem, ProblemCode, Role, Slice};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use openssl::{
    ec::{EcGroup, EcKey},
    hash::MessageDigest,
    nid::Nid,
    pkey::PKey,
    x509::X509ReqBuilder,
};
use reqwest::{Body, Certificate, Client, Identity, Method, RequestBuilder, Response};
use service::{
    Actor, Config, Office,
    audit::{self, AuditFilter},
    authority::{Authority, Names, Usage},
    campaign, vendor,
};
use sha2::{Digest as _, Sha256};

use crate::http::server::Server;

struct House {
    dir: tempfile::TempDir,
    office: Arc<Office>,
    server: Server,
    it: Actor,
    client: Client,
    campaign: CampaignId,
}

fn actor(role: Role) -> Actor {
    Actor::new(UserId::new(), service::word(&role), String::new(), vec![role])
}

async fn start(office: &Arc<Office>) -> Server {
    let free = ([127, 0, 0, 1], 0).into();
    Server::start(Arc::clone(office), free, free).await.unwrap()
}

async fn house() -> House {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    Office::create(&data, "测试学院", &Names::local()).unwrap();
    let models = dir.path().join("no models");
    let office = Office::open(Config { models, ..Config::new(data) }).unwrap();
    let server = start(&office).await;
    let it = actor(Role::It);
    let (vendor, client) = enrol(&office, &it);
    let new = NewCampaign {
        name: "2026届".to_owned(),
        kind: CampaignKind::Graduation,
        year: 2026,
        capture_from: "2026-01-01".parse().unwrap(),
        capture_until: "2036-01-01".parse().unwrap(),
        deliver_by: "2036-02-01".parse().unwrap(),
        rule_set: "demo-relaxed".to_owned(),
        vendor: Some(vendor),
    };
    let campaign = campaign::create(&office, &actor(Role::Registrar), new).unwrap().id;
    House { dir, office, server, it, client, campaign }
}

fn client_of(office: &Office, identity: Identity) -> Client {
    let authority = std::fs::read(office.paths.keys.join("vendor-ca.pem")).unwrap();
    Client::builder()
        .tls_built_in_root_certs(false)
        .add_root_certificate(Certificate::from_pem(&authority).unwrap())
        .identity(identity)
        .build()
        .unwrap()
}

/// Registers a vendor as its agent would ask for it.
fn enrol(office: &Office, it: &Actor) -> (api::ids::VendorId, Client) {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let mut request = X509ReqBuilder::new().unwrap();
    request.set_pubkey(&key).unwrap();
    request.sign(&key, MessageDigest::sha256()).unwrap();
    let public = || {
        let key = PKey::generate_ed25519().unwrap();
        BASE64_STANDARD.encode(key.raw_public_key().unwrap())
    };
    let new = NewVendor {
        name: "好影像".to_owned(),
        csr: String::from_utf8(request.build().to_pem().unwrap()).unwrap(),
        agent_key: public(),
        legal_key: public(),
        legal_name: "法人".to_owned(),
    };
    let enrolment = vendor::register(office, it, &new).unwrap();
    let pem = key.private_key_to_pem_pkcs8().unwrap();
    let identity = Identity::from_pkcs8_pem(enrolment.certificate.as_bytes(), &pem).unwrap();
    (enrolment.vendor.id, client_of(office, identity))
}

impl House {
    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.request_by(&self.client, method, path)
    }

    fn request_by(&self, client: &Client, method: Method, path: &str) -> RequestBuilder {
        let url = format!("https://localhost:{}{path}", self.server.vendors().port());
        client.request(method, url).header("tus-resumable", "1.0.0")
    }

    fn announce(&self, sha256: [u8; 32], len: usize) -> RequestBuilder {
        let pair = |key: &str, value: &str| format!("{key} {}", BASE64_STANDARD.encode(value));
        let metadata = [
            pair("campaign", &self.campaign.to_string()),
            pair("name", "parcel"),
            pair("sha256", &hex::encode(sha256)),
        ];
        self.request(Method::POST, "/vendor/v1/deliveries")
            .header("upload-length", len)
            .header("upload-metadata", metadata.join(","))
    }

    async fn create(&self, bytes: &[u8]) -> String {
        let answer = self.announce(Sha256::digest(bytes).into(), bytes.len()).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        answer.headers()["location"].to_str().unwrap().to_owned()
    }

    fn patch(&self, place: &str, offset: usize, body: impl Into<Body>) -> RequestBuilder {
        self.request(Method::PATCH, place)
            .header("upload-offset", offset)
            .header("content-type", "application/offset+octet-stream")
            .body(body)
    }

    async fn offset(&self, place: &str) -> Option<u64> {
        let answer = self.request(Method::HEAD, place).send().await.unwrap();
        answer.headers().get("upload-offset").map(|offset| offset.to_str().unwrap().parse().unwrap())
    }

    async fn delivery(&self, place: &str) -> VendorDelivery {
        let path = place.strip_suffix("/upload").unwrap();
        self.request(Method::GET, path).send().await.unwrap().json().await.unwrap()
    }

    /// What was turned away, as the audit trail has it, oldest first: who, and what for which reason.
    fn turned_away(&self) -> Vec<(String, String)> {
        let filter = AuditFilter { action: Some("gate.refuse".to_owned()), ..AuditFilter::default() };
        let entries = audit::list(&self.office, &Actor::console(), &filter, Slice { offset: 0, limit: 100 });
        let told = |entry: api::account::AuditEntry| {
            assert!(!entry.ok && entry.actor.is_none(), "{entry:?}");
            (entry.account, entry.subject.unwrap())
        };
        entries.unwrap().items.into_iter().rev().map(told).collect()
    }

    fn quarantined(&self) -> usize {
        let entries = std::fs::read_dir(&self.office.paths.incoming).unwrap();
        entries
            .filter(|entry| entry.as_ref().unwrap().file_name().to_string_lossy().starts_with("delivery_"))
            .count()
    }
}

async fn problem(answer: Response) -> Problem {
    answer.json().await.unwrap()
}

/// A body that breaks off a moment after these bytes.
fn broken(bytes: Vec<u8>) -> Body {
    let (sender, chunks) = tokio::sync::mpsc::channel(1);
    tokio::spawn(async move {
        sender.send(Ok(bytes)).await.unwrap();
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let _ = sender.send(Err(std::io::Error::other("the cable was pulled"))).await;
    });
    Body::wrap_stream(tokio_stream::wrappers::ReceiverStream::new(chunks))
}

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|n| u8::try_from(n % 251).unwrap()).collect()
}

#[tokio::test]
async fn an_upload_that_breaks_off_goes_on_where_the_disk_is() {
    let house = house().await;
    let campaigns = house.request(Method::GET, "/vendor/v1/campaigns").send().await.unwrap();
    assert_eq!(campaigns.json::<Vec<VendorCampaign>>().await.unwrap()[0].id, house.campaign);
    let all = bytes(300_000);
    let place = house.create(&all).await;
    assert_eq!(house.offset(&place).await, Some(0));
    assert!(house.patch(&place, 0, broken(all[..100_000].to_vec())).send().await.is_err());
    // The server may need a moment to notice that the connection is gone.
    let mut offset = 0;
    for _ in 0..100 {
        offset = usize::try_from(house.offset(&place).await.unwrap()).unwrap();
        if offset > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert!(offset > 0 && offset <= 100_000, "{offset}");
    let wrong = house.patch(&place, offset + 1, vec![0]).send().await.unwrap();
    assert_eq!(wrong.status(), 409);
    let refused = problem(wrong).await;
    assert_eq!((refused.code, &refused.params["offset"]), (ProblemCode::UploadOffset, &offset.to_string()));
    let answer = house.patch(&place, offset, all[offset..200_000].to_vec()).send().await.unwrap();
    assert_eq!(
        (answer.status().as_u16(), answer.headers()["upload-offset"].to_str().unwrap()),
        (204, "200000")
    );
    assert_eq!(house.delivery(&place).await.state, DeliveryState::Receiving);

    // The appliance is restarted in between.
    let House { dir, office, server, it, client, campaign } = house;
    server.close().await;
    let server = start(&office).await;
    let house = House { dir, office, server, it, client, campaign };
    assert_eq!(house.offset(&place).await, Some(200_000));
    assert_eq!(house.create(&all).await, place, "the same parcel leads to the same upload");
    let answer = house.patch(&place, 200_000, all[200_000..].to_vec()).send().await.unwrap();
    assert_eq!(answer.status(), 204);
    assert_eq!(house.offset(&place).await, Some(300_000));
    assert_ne!(house.delivery(&place).await.state, DeliveryState::Receiving);
    house.server.close().await;
    drop(house.dir);
}

#[tokio::test]
async fn wrong_bytes_are_refused_and_leave_nothing() {
    let house = house().await;
    let answer = house.announce([0; 32], 3).send().await.unwrap();
    let place = answer.headers()["location"].to_str().unwrap().to_owned();
    let more = house.patch(&place, 0, "abcd").send().await.unwrap();
    assert_eq!((more.status().as_u16(), problem(more).await.code), (413, ProblemCode::TooLarge));
    let other = house.patch(&place, 0, "abc").send().await.unwrap();
    assert_eq!(problem(other).await.code, ProblemCode::BadFile);
    assert_eq!(house.request(Method::HEAD, &place).send().await.unwrap().status(), 404);
    assert_eq!(house.quarantined(), 0);
    let limit = usize::try_from(house.office.config.limits.delivery).unwrap();
    assert_eq!(house.announce([0; 32], limit + 1).send().await.unwrap().status(), 413);
    house.server.close().await;
}

#[tokio::test]
async fn a_body_whose_checksum_is_another_does_not_count() {
    let house = house().await;
    let all = bytes(1000);
    let place = house.create(&all).await;
    let checksum = |bytes: &[u8]| format!("sha256 {}", BASE64_STANDARD.encode(Sha256::digest(bytes)));
    let bad = house.patch(&place, 0, all[..500].to_vec()).header("upload-checksum", checksum(b"x"));
    assert_eq!(bad.send().await.unwrap().status().as_u16(), 460);
    assert_eq!(house.offset(&place).await, Some(0));
    let good = house.patch(&place, 0, all[..500].to_vec()).header("upload-checksum", checksum(&all[..500]));
    assert_eq!(good.send().await.unwrap().status(), 204);
    assert_eq!(house.offset(&place).await, Some(500));
    house.server.close().await;
}

#[tokio::test]
async fn an_upload_can_be_given_up_and_another_tus_is_refused() {
    let house = house().await;
    let place = house.create(&bytes(1000)).await;
    assert_eq!(house.quarantined(), 1);
    assert_eq!(house.request(Method::DELETE, &place).send().await.unwrap().status(), 204);
    assert_eq!(house.quarantined(), 0);
    let options = house.request(Method::OPTIONS, "/vendor/v1/deliveries").send().await.unwrap();
    assert_eq!(options.headers()["tus-extension"], "creation,termination,checksum");
    let url = format!("https://localhost:{}/vendor/v1/deliveries", house.server.vendors().port());
    let old = house.client.post(url).header("tus-resumable", "0.2.2").send().await.unwrap();
    assert_eq!((old.status().as_u16(), old.headers()["tus-version"].to_str().unwrap()), (412, "1.0.0"));
    house.server.close().await;
}

#[tokio::test]
async fn only_the_schools_own_active_vendors_come_in_and_only_to_their_own() {
    let house = house().await;
    let place = house.create(&bytes(1000)).await;
    let (other, stranger) = enrol(&house.office, &house.it);
    let refused = house.request_by(&stranger, Method::HEAD, &place).send().await.unwrap();
    assert_eq!(refused.status(), 404);
    vendor::revoke(&house.office, &house.it, other).unwrap();
    let list = house.request_by(&stranger, Method::GET, "/vendor/v1/deliveries").send().await.unwrap();
    assert_eq!(problem(list).await.code, ProblemCode::ClientCertificateRequired);
    // A certificate by the school's CA that no vendor has, and one by another CA.
    let keys = &house.office.paths.keys;
    let school = Authority::open(&keys.join("vendor-ca.pem"), &keys.join("vendor-ca.key")).unwrap();
    for (authority, reaches) in [(school, true), (Authority::create("another school").unwrap(), false)] {
        let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
        let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
        let public = PKey::public_key_from_der(&key.public_key_to_der().unwrap()).unwrap();
        let certificate = authority.issue("a vendor", &public, Usage::Client, 30).unwrap().to_pem().unwrap();
        let pem = key.private_key_to_pem_pkcs8().unwrap();
        let client = client_of(&house.office, Identity::from_pkcs8_pem(&certificate, &pem).unwrap());
        let answer = house.request_by(&client, Method::GET, "/vendor/v1/deliveries").send().await;
        match answer {
            Ok(answer) if reaches => {
                assert_eq!(problem(answer).await.code, ProblemCode::ClientCertificateRequired);
            }
            Err(_) if !reaches => {}
            other => panic!("{other:?}"),
        }
    }
    house.server.close().await;
}

/// A client with a certificate by an authority that registered nobody.
fn unregistered(office: &Office, authority: &Authority, usage: Usage) -> Client {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let public = PKey::public_key_from_der(&key.public_key_to_der().unwrap()).unwrap();
    let certificate = authority.issue("a vendor", &public, usage, 30).unwrap().to_pem().unwrap();
    let pem = key.private_key_to_pem_pkcs8().unwrap();
    client_of(office, Identity::from_pkcs8_pem(&certificate, &pem).unwrap())
}

#[tokio::test]
async fn what_is_refused_to_vendors_is_in_the_audit_trail_under_their_id_and_a_flood_fills_no_disk() {
    let house = house().await;
    let place = house.create(&bytes(1000)).await;
    assert_eq!(house.offset(&place).await, Some(0));
    assert!(house.turned_away().is_empty(), "what is answered is no refusal");
    let me = vendor::list(&house.office, &house.it).unwrap()[0].id.to_string();

    // Another's delivery, seen and written to; bytes that are not those announced; more than is allowed.
    let (other, stranger) = enrol(&house.office, &house.it);
    let other_id = other.to_string();
    assert_eq!(house.request_by(&stranger, Method::HEAD, &place).send().await.unwrap().status(), 404);
    assert_eq!(house.patch(&place, 7, vec![0]).send().await.unwrap().status(), 409, "a wrong offset");
    let answer = house.announce([0; 32], 3).send().await.unwrap();
    let bad = answer.headers()["location"].to_str().unwrap().to_owned();
    assert_eq!(house.patch(&bad, 0, "abc").send().await.unwrap().status(), 422);
    let limit = usize::try_from(house.office.config.limits.delivery).unwrap();
    assert_eq!(house.announce([0; 32], limit + 1).send().await.unwrap().status(), 413);
    let case = api::ids::CaseId::new();
    let messages = format!("/vendor/v1/deletions/{case}/messages");
    let long = house.request(Method::POST, &messages).body(vec![b' '; (2 << 20) + 1]).send().await.unwrap();
    assert_eq!(problem(long).await.code, ProblemCode::TooLarge);
    let upload = "/vendor/v1/deliveries/{id}/upload";
    assert_eq!(
        house.turned_away(),
        [
            (other_id.clone(), format!("HEAD {upload}: not-found")),
            (me.clone(), format!("PATCH {upload}: bad-file")),
            (me.clone(), "POST /vendor/v1/deliveries: too-large".to_owned()),
            (me, "POST /vendor/v1/deletions/{id}/messages: too-large".to_owned()),
        ]
    );

    // One that was revoked is still called by its id. A flood is one entry now.
    vendor::revoke(&house.office, &house.it, other).unwrap();
    for _ in 0..50 {
        let list = house.request_by(&stranger, Method::GET, "/vendor/v1/deliveries").send().await.unwrap();
        assert_eq!(problem(list).await.code, ProblemCode::ClientCertificateRequired);
    }
    // Certificates that are no vendor's: nobody's, a server's, another authority's. All of them are one stranger.
    let keys = &house.office.paths.keys;
    let school = Authority::open(&keys.join("vendor-ca.pem"), &keys.join("vendor-ca.key")).unwrap();
    let elsewhere = Authority::create("another school").unwrap();
    for (authority, usage) in
        [(&school, Usage::Client), (&school, Usage::Server(&Names::local())), (&elsewhere, Usage::Client)]
    {
        let client = unregistered(&house.office, authority, usage);
        let answer = house.request_by(&client, Method::GET, "/vendor/v1/campaigns").send().await;
        assert!(answer.is_err() || answer.unwrap().status() == 403);
    }
    // Who fails in the handshake hears of it before it is counted.
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    let refused = "client-certificate-required";
    let list = format!("GET /vendor/v1/deliveries: {refused}");
    let mut told = house.turned_away().split_off(4);
    assert_eq!(
        told,
        [
            (other_id.clone(), list.clone()),
            ("appliance".to_owned(), format!("GET /vendor/v1/campaigns: {refused}"))
        ]
    );
    let House { dir, office, server, it, client, campaign } = house;
    server.close().await;
    let house = House { dir, server: start(&office).await, office, it, client, campaign };
    told = house.turned_away().split_off(6);
    told.sort();
    assert_eq!(
        told,
        [
            ("appliance".to_owned(), "no vendor's certificate, 2 more".to_owned()),
            (other_id, format!("{list}, 49 more"))
        ]
    );
    house.server.close().await;
    drop(house.dir);
}

#[tokio::test]
async fn a_certificate_of_another_school_is_in_the_audit_trail_before_any_request() {
    let house = house().await;
    let elsewhere = Authority::create("another school").unwrap();
    for _ in 0..3 {
        let client = unregistered(&house.office, &elsewhere, Usage::Client);
        assert!(house.request_by(&client, Method::GET, "/vendor/v1/campaigns").send().await.is_err());
    }
    // The client hears of it before it is written down.
    for _ in 0..100 {
        if !house.turned_away().is_empty() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(
        house.turned_away(),
        [("appliance".to_owned(), "TLS: client-certificate-required".to_owned())]
    );
    house.server.close().await;
}
