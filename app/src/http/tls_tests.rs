//! Both ports over real TLS on free ports.

use std::io::{Read as _, Write as _};
use std::sync::Arc;
use std::time::Duration;

use openssl::{
    ec::{EcGroup, EcKey},
    nid::Nid,
    pkey::PKey,
    ssl::{SslConnector, SslMethod},
};
use reqwest::{Certificate, Client, Identity};
use service::{
    Config, Office,
    authority::{Authority, Names, Usage},
};

use super::server::Server;

struct House {
    _dir: tempfile::TempDir,
    office: Arc<Office>,
    server: Server,
}

async fn house() -> House {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    Office::create(&data, "测试学院", &Names::local()).unwrap();
    let office = Office::open(Config::new(data)).unwrap();
    let free = ([127, 0, 0, 1], 0).into();
    let server = Server::start(Arc::clone(&office), free, free).await.unwrap();
    House { _dir: dir, office, server }
}

impl House {
    /// A client that trusts this authority alone and, perhaps, shows a certificate.
    fn client(&self, authority: &str, identity: Option<Identity>) -> Client {
        let pem = std::fs::read(self.office.paths.keys.join(authority)).unwrap();
        let builder = Client::builder()
            .tls_built_in_root_certs(false)
            .add_root_certificate(Certificate::from_pem(&pem).unwrap());
        identity.into_iter().fold(builder, reqwest::ClientBuilder::identity).build().unwrap()
    }

    fn vendor_authority(&self) -> Authority {
        let keys = &self.office.paths.keys;
        Authority::open(&keys.join("vendor-ca.pem"), &keys.join("vendor-ca.key")).unwrap()
    }

    fn vendor_url(&self) -> String {
        format!("https://localhost:{}/vendor/v1/nothing", self.server.vendors().port())
    }
}

fn identity(authority: &Authority) -> Identity {
    let group = EcGroup::from_curve_name(Nid::X9_62_PRIME256V1).unwrap();
    let key = PKey::from_ec_key(EcKey::generate(&group).unwrap()).unwrap();
    let public = PKey::public_key_from_der(&key.public_key_to_der().unwrap()).unwrap();
    let certificate = authority.issue("a vendor", &public, Usage::Client, 30).unwrap();
    Identity::from_pkcs8_pem(&certificate.to_pem().unwrap(), &key.private_key_to_pem_pkcs8().unwrap())
        .unwrap()
}

#[tokio::test]
async fn staff_reach_their_port_over_tls_and_the_server_closes_when_told() {
    let house = house().await;
    let url = format!("https://localhost:{}/health", house.server.staff().port());
    let answer = house.client("tls-ca.pem", None).get(&url).send().await.unwrap();
    assert_eq!(answer.text().await.unwrap(), r#"{"status":"ok"}"#);
    house.server.close().await;
}

#[tokio::test]
async fn a_vendor_comes_in_with_a_certificate_of_the_school_and_with_no_other() {
    let house = house().await;
    let known = house.client("vendor-ca.pem", Some(identity(&house.vendor_authority())));
    for _ in 0..2 {
        // Twice, so that a resumed session is tried too.
        assert_eq!(known.get(house.vendor_url()).send().await.unwrap().status(), 404);
    }
    let stranger = identity(&Authority::create("somebody else").unwrap());
    for identity in [None, Some(stranger)] {
        let refused = house.client("vendor-ca.pem", identity).get(house.vendor_url()).send().await;
        assert!(refused.is_err());
    }
    house.server.close().await;
}

/// In TLS 1.3 a client may have sent its request, and more than the server ever reads, before it is refused.
#[tokio::test]
async fn a_stranger_that_has_already_sent_its_request_still_learns_why_it_is_refused() {
    let house = house().await;
    let address = ([127, 0, 0, 1], house.server.vendors().port());
    let key = house.office.paths.keys.join("vendor-ca.pem");
    let told = tokio::task::spawn_blocking(move || {
        let mut connector = SslConnector::builder(SslMethod::tls_client()).unwrap();
        connector.set_ca_file(key).unwrap();
        let socket = std::net::TcpStream::connect(std::net::SocketAddr::from(address)).unwrap();
        let mut stream = connector.build().connect("localhost", socket).unwrap();
        assert_eq!(stream.ssl().version_str(), "TLSv1.3");
        stream.write_all(&[b'x'; 100_000]).unwrap();
        std::thread::sleep(Duration::from_millis(300));
        stream.read(&mut [0; 16]).unwrap_err().to_string()
    });
    let told = told.await.unwrap();
    assert!(told.contains("certificate required"), "{told}");
    house.server.close().await;
}
