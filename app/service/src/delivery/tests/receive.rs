//! Vendors bring bytes: who is let in, what is durable, and what one of them knows of another.

use std::sync::Arc;

use api::ProblemCode;
use api::delivery::{CheckReport, DeliveryState};
use api::vendor::NewVendor;
use archive::db::office::delivery as rows;
use openssl::{hash::MessageDigest, pkey::PKey, x509::X509ReqBuilder};

use super::school::{code, enrol, handshake_key, key_pair, new_vendor, school};
use crate::delivery::receive;
use crate::{Actor, delivery, doctor, vendor};

#[test]
fn a_vendor_is_let_in_by_its_certificate_until_it_is_revoked() {
    let school = school();
    let seen = vendor::campaigns(&school.office, &school.vendor.fingerprint).unwrap();
    assert_eq!(seen[0].id, school.campaign);
    assert_eq!(
        code(vendor::campaigns(&school.office, &"0".repeat(64))),
        ProblemCode::ClientCertificateRequired
    );
    let id = vendor::list(&school.office, &school.it).unwrap()[0].id;
    assert_eq!(code(vendor::revoke(&school.office, &school.registrar, id)), ProblemCode::NotAllowed);
    assert!(!vendor::revoke(&school.office, &school.it, id).unwrap().active);
    let refused = vendor::campaigns(&school.office, &school.vendor.fingerprint);
    assert_eq!(code(refused), ProblemCode::ClientCertificateRequired);
}

#[test]
fn a_certificate_request_that_proves_nothing_is_refused() {
    let school = school();
    let (_, good) = key_pair();
    let register = |new: &NewVendor| code(vendor::register(&school.office, &school.it, new));
    let garbage = NewVendor { csr: "garbage".to_owned(), ..new_vendor(&good) };
    assert_eq!(register(&garbage), ProblemCode::BadCertificateRequest);
    // Signed with another key than the one it asks for.
    let mut foreign = X509ReqBuilder::new().unwrap();
    foreign.set_pubkey(&key_pair().0).unwrap();
    foreign.sign(&key_pair().0, MessageDigest::sha256()).unwrap();
    assert_eq!(register(&new_vendor(&foreign.build())), ProblemCode::BadCertificateRequest);
    let rsa = PKey::from_rsa(openssl::rsa::Rsa::generate(2048).unwrap()).unwrap();
    let mut weak = X509ReqBuilder::new().unwrap();
    weak.set_pubkey(&rsa).unwrap();
    weak.sign(&rsa, MessageDigest::sha256()).unwrap();
    assert_eq!(register(&new_vendor(&weak.build())), ProblemCode::BadCertificateRequest);
    let same = NewVendor { legal_key: handshake_key(1), ..new_vendor(&good) };
    assert_eq!(register(&same), ProblemCode::BadField);
}

#[test]
fn an_upload_goes_on_after_a_restart_from_what_is_durable() {
    let school = school();
    let tar = school.parcel(&[("XCA".to_owned(), b"not a photo".to_vec())]);
    let id = receive::begin(&school.office, &school.vendor.fingerprint, &school.announced(&tar)).unwrap();
    let mut taking = school.take(id, 0).unwrap();
    taking.write(&tar[..1000]).unwrap();
    assert_eq!(code(school.take(id, 0)), ProblemCode::Conflict);
    taking.sync().unwrap();
    taking.write(&tar[1000..1500]).unwrap();
    drop(taking);
    // After a restart nothing is in memory, and what was not synced does not count.
    let incoming = Arc::default();
    let again = receive::begin(&school.office, &school.vendor.fingerprint, &school.announced(&tar)).unwrap();
    assert_eq!(again, id);
    let at = receive::offset(&school.office, &incoming, &school.vendor.fingerprint, id).unwrap();
    assert_eq!((at.offset, at.total), (1000, tar.len() as u64));
    let take =
        |offset| receive::take(&school.office, &incoming, &school.vendor.fingerprint, id, offset, false);
    assert_eq!(code(take(1500)), ProblemCode::UploadOffset);
    let mut taking = take(1000).unwrap();
    taking.write(&tar[1000..]).unwrap();
    taking.pause(&school.office).unwrap();
    assert_eq!(school.get(id).state, DeliveryState::Received);
    assert_eq!(code(take(0)), ProblemCode::WrongState);
}

#[test]
fn bytes_that_are_not_those_announced_leave_nothing() {
    let school = school();
    let mut announced = school.announced(b"abc");
    announced.sha256 = [0; 32];
    let id = receive::begin(&school.office, &school.vendor.fingerprint, &announced).unwrap();
    let mut taking = school.take(id, 0).unwrap();
    assert_eq!(code(taking.write(b"abcd")), ProblemCode::TooLarge);
    taking.write(b"abc").unwrap();
    assert_eq!(code(taking.pause(&school.office)), ProblemCode::BadFile);
    assert_eq!(school.quarantined(), 0);
    assert_eq!(code(delivery::get(&school.office, &school.registrar, id)), ProblemCode::NotFound);
}

#[test]
fn one_vendor_knows_nothing_of_anothers_deliveries_and_campaigns() {
    let school = school();
    let tar = school.parcel(&[("XCA".to_owned(), b"x".to_vec())]);
    let id = receive::begin(&school.office, &school.vendor.fingerprint, &school.announced(&tar)).unwrap();
    let (other, _) = enrol(&school.office, &school.it);
    let refused = receive::begin(&school.office, &other.fingerprint, &school.announced(&tar));
    assert_eq!(code(refused), ProblemCode::NotFound);
    assert_eq!(code(delivery::delivery_of(&school.office, &other.fingerprint, id)), ProblemCode::NotFound);
    assert!(delivery::deliveries_of(&school.office, &other.fingerprint).unwrap().is_empty());
}

#[test]
fn a_report_that_cannot_be_read_is_told_of_and_keeps_nobody_from_the_other_deliveries() {
    let school = school();
    let (good, bad) = (school.deliver(b"one"), school.deliver(b"another"));
    let mended = CheckReport::default();
    let text = serde_json::to_string(&mended).unwrap();
    for (report, unreadable) in [("{\"photos\":\"of another\"}", true), ("7", true), (text.as_str(), false)] {
        school.office.office.write(|tx| rows::set_report(tx, bad, report)).unwrap();
        let all = delivery::list(&school.office, &school.it, None).unwrap();
        let listed = |id| all.iter().find(|delivery| delivery.id == id).unwrap();
        assert!(!listed(good).unreadable);
        let report = (!unreadable).then_some(&mended);
        assert_eq!((listed(bad).unreadable, listed(bad).report.as_ref()), (unreadable, report));
        assert_eq!(&school.get(bad), listed(bad), "it opens too");
        let found = doctor::examine(&school.office, &Actor::console()).unwrap().findings;
        let finding = found.into_iter().find(|finding| finding.code.starts_with("report")).unwrap();
        let told = finding.params.get("deliveries").is_some_and(|ids| *ids == bad.to_string());
        assert_eq!((finding.level == "attention", told), (unreadable, unreadable), "{finding:?}");
    }
}
