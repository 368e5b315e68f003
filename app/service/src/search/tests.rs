//! The search with a real archive, catalog and index.

use std::io::Cursor;
use std::sync::Arc;

use api::Role;
use api::ids::{CampaignId, VendorId};
use archive::db::catalog::photo;
use archive::db::office::{campaign, vendor};
use archive::dossier::{Change, Facts, NewPhoto, PhotoKind};
use archive::person::PersonRecord;
use jiff::{Timestamp, civil::date};

use super::*;
use crate::authority::Names;
use crate::{Config, copy};

#[test]
fn of_a_number_only_what_was_typed_is_shown() {
    assert_eq!(typed_part("2023010512", std::slice::from_ref(&(4..7))), "****010***");
}

#[test]
fn ranges_are_told_in_characters() {
    assert_eq!(in_characters("张三丰", &(3..9)), Some((1, 3)));
}

pub(crate) struct School {
    _dir: tempfile::TempDir,
    pub(crate) office: Arc<Office>,
    registrar: Actor,
}

pub(crate) fn school() -> School {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    Office::create(&data, "测试学院", &Names::local()).unwrap();
    let office = Office::open(Config { allow_unencrypted_volume: true, ..Config::new(data) }).unwrap();
    let registrar = Actor { account: "registrar".to_owned(), ..Actor::console() };
    let registrar = Actor { rights: Role::Registrar.rights().iter().copied().collect(), ..registrar };
    School { _dir: dir, office, registrar }
}

impl School {
    /// Deliveries of one campaign, as the office knows them.
    fn deliveries(&self, name: &str, count: u32) -> Vec<DeliveryId> {
        let (now, day) = (Timestamp::UNIX_EPOCH, date(2026, 6, 1));
        let vendor = vendor::Vendor {
            id: VendorId::new(),
            name: "光影".to_owned(),
            legal_name: "光影".to_owned(),
            agent_key: String::new(),
            legal_key: String::new(),
            certificate: String::new(),
            fingerprint: VendorId::new().to_string(),
            expires: now,
            created: now,
            active: true,
        };
        let campaign = campaign::Campaign {
            id: CampaignId::new(),
            name: name.to_owned(),
            kind: campaign::CampaignKind::Graduation,
            year: 2026,
            capture_from: day,
            capture_until: day,
            deliver_by: day,
            rule_set: "moe-2023".to_owned(),
            vendor: Some(vendor.id),
            created: now,
        };
        let made = (1..=count).map(|round| delivery::Delivery {
            state: delivery::DeliveryState::Accepted,
            ..delivery::Delivery::announced(campaign.id, vendor.id, round, now)
        });
        let made: Vec<_> = made.collect();
        self.office
            .office
            .write(|tx| -> Result<()> {
                vendor::insert(tx, &vendor)?;
                campaign::insert(tx, &campaign)?;
                made.iter().try_for_each(|row| Ok(delivery::insert(tx, row)?))
            })
            .unwrap();
        made.into_iter().map(|row| row.id).collect()
    }

    /// A person with a photo from each of these deliveries, one after the other.
    fn person(&self, name: &str, photos: &[(PhotoKind, Option<DeliveryId>)]) -> PersonId {
        let person = PersonId::new();
        let facts = PersonRecord { name: name.to_owned(), ..PersonRecord::default() };
        let change = Change::of(person, "Roster of a test").facts(Facts::Set(Box::new(facts)));
        dossier::keep(&self.office, &self.registrar, vec![change]).unwrap();
        for (n, (kind, delivery)) in photos.iter().enumerate() {
            let photo = NewPhoto::from_bytes(*kind, picture(name, n), "a test").unwrap();
            let photo = match delivery {
                Some(id) => photo.delivered(*id, format!("{n}")),
                None => photo,
            };
            let change = Change::of(person, "A photo of a test").photo(photo);
            dossier::keep(&self.office, &self.registrar, vec![change]).unwrap();
        }
        index::catch_up(&self.office).unwrap();
        person
    }

    fn find(&self, query: &SearchQuery) -> SearchResults {
        find(&self.office, &self.registrar, query).unwrap()
    }
}

/// A picture that is nobody else's.
fn picture(name: &str, n: usize) -> Vec<u8> {
    let shade = name.bytes().fold(u8::try_from(n).unwrap(), u8::wrapping_add);
    let mut png = Cursor::new(Vec::new());
    image::RgbImage::from_pixel(30, 40, image::Rgb([shade, u8::try_from(n).unwrap(), 7]))
        .write_to(&mut png, image::ImageFormat::Png)
        .unwrap();
    png.into_inner()
}

/// The id, how many people, and campaign and round of a delivery.
type Counted = (String, u64, Option<(String, u32)>);

fn deliveries_of(found: &SearchResults) -> Vec<Counted> {
    let facet = found.facets.iter().find(|facet| facet.field == "delivery").unwrap();
    let called = |value: &FacetValue| value.delivery.clone().map(|name| (name.campaign, name.round));
    facet.values.iter().map(|value| (value.value.clone(), value.count, called(value))).collect()
}

#[test]
fn people_are_found_by_the_delivery_that_brought_a_photo_superseded_or_not() {
    let school = school();
    let [first, second] = school.deliveries("2026 届毕业生", 2).try_into().unwrap();
    let elsewhere = DeliveryId::new();
    let again =
        school.person("张三", &[(PhotoKind::Graduation, Some(first)), (PhotoKind::Graduation, Some(second))]);
    let twice =
        school.person("李四", &[(PhotoKind::Graduation, Some(first)), (PhotoKind::Original, Some(first))]);
    let taken_over = school.person("王五", &[(PhotoKind::Enrolment, Some(elsewhere))]);
    school.person("赵六", &[(PhotoKind::Admission, None)]);

    let found = school.find(&SearchQuery::default());
    let called = |round| Some(("2026 届毕业生".to_owned(), round));
    assert_eq!(found.total, 4);
    let mut wanted = vec![(second.to_string(), 1, called(2)), (elsewhere.to_string(), 1, None)];
    wanted.sort();
    wanted.insert(0, (first.to_string(), 2, called(1)));
    assert_eq!(deliveries_of(&found), wanted);

    let by = |delivery| school.find(&SearchQuery { delivery: Some(delivery), ..SearchQuery::default() });
    let people = |found: SearchResults| found.exact.iter().map(|hit| hit.person).collect::<Vec<_>>();
    assert_eq!(people(by(second)), [again]);
    assert_eq!(people(by(elsewhere)), [taken_over]);
    let of_first = people(by(first));
    assert!(of_first.len() == 2 && of_first.contains(&again) && of_first.contains(&twice));
    assert!(people(by(DeliveryId::new())).is_empty());
}

#[test]
fn a_list_narrowed_by_a_delivery_says_which_by_its_name() {
    let school = school();
    let [first] = school.deliveries("2026 届毕业生", 1).try_into().unwrap();
    school.person("张三", &[(PhotoKind::Graduation, Some(first))]);
    school.person("李四", &[(PhotoKind::Admission, None)]);
    let query = SearchQuery { delivery: Some(first), ..SearchQuery::default() };
    let new = api::copy::NewCopy { query, numbers: false, purpose: "毕业典礼座次".to_owned() };
    let asked = copy::ask(&school.office, &school.registrar, &new).unwrap();
    assert_eq!((asked.people, asked.narrowed.as_str()), (1, "2026 届毕业生 #1"));
}

#[test]
fn a_hit_shows_the_latest_photo_by_which_people_know_somebody() {
    let school = school();
    let kinds = [
        PhotoKind::Admission,
        PhotoKind::Enrolment,
        PhotoKind::Enrolment,
        PhotoKind::IdCard,
        PhotoKind::Original,
    ];
    let known = school.person("张三", &kinds.map(|kind| (kind, None)));
    let waits = school.person("李四", &[(PhotoKind::Admission, None)]);
    let nothing = school.person("王五", &[]);
    let found = school.find(&SearchQuery::default());
    let shown = |person| found.exact.iter().find(|hit| hit.person == person).unwrap();
    let kept = |person| school.office.catalog.read(|conn| photo::of(conn, person)).unwrap();
    assert_eq!(shown(known).photo, Some(kept(known)[2].id), "the second one took the place of the first");
    assert_eq!(shown(waits).photo, Some(kept(waits)[0].id));
    assert_eq!(shown(nothing).photo, None);
    let states = [known, waits, nothing].map(|person| shown(person).photo_state.clone());
    assert_eq!(states, ["complete", "admission", "none"]);
}

#[test]
fn who_has_changed_since_the_index_was_written_is_shown_as_they_are_now() {
    let school = school();
    let person = school.person("张三", &[(PhotoKind::Admission, None)]);
    let before = index::View::of(&school.office).unwrap();
    let asks_to_be_called = |class: &str| {
        let facts = PersonRecord {
            name: "张三".to_owned(),
            class: Some(class.to_owned()),
            ..PersonRecord::default()
        };
        let change = Change::of(person, "Roster of a test").facts(Facts::Set(Box::new(facts)));
        dossier::keep(&school.office, &school.registrar, vec![change]).unwrap();
    };
    let shown = || {
        let found = school.find(&SearchQuery { q: "张三".to_owned(), ..SearchQuery::default() });
        let [hit] = found.exact.try_into().unwrap();
        (hit.class, hit.photo.is_some())
    };
    assert_eq!(shown(), (String::new(), true));
    asks_to_be_called("甲班");
    assert_eq!(shown(), ("甲班".to_owned(), true), "the queue names them");
    index::catch_up(&school.office).unwrap();
    assert_eq!(shown(), ("甲班".to_owned(), true));
    // A look from before the queue forgot them trusts nothing it found.
    let newer = before.newer(&school.office, &[person]).unwrap();
    assert_eq!(newer[&person].as_ref().unwrap().class.as_deref(), Some("甲班"));
    assert!(index::View::of(&school.office).unwrap().newer(&school.office, &[person]).unwrap().is_empty());
}
