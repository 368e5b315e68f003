//! The desk and its reviewers, with a real database, drawn faces and the real models, where they are installed.

use std::sync::Arc;

use api::campaign::{CampaignKind, NewCampaign};
use api::face::{Comparison, ComparisonState, Decide, FaceDecision, Verdict};
use api::ids::{CalibrationId, CampaignId, PersonId, UserId};
use api::{ProblemCode, Role, Slice};
use archive::db::office::{calibration, comparison as rows, roster};
use archive::dossier::{Change, Facts, Holdings, NewPhoto, PhotoKind};
use archive::ocfl::User;
use archive::person::PersonRecord;
use jiff::Timestamp;

use crate::authority::Names;
use crate::law::tests as law;
use crate::{Actor, Config, Error, Office, campaign, compare};

/// A school with a campaign and people at its desk.
struct Desk {
    _dir: tempfile::TempDir,
    office: Arc<Office>,
    campaign: CampaignId,
    registrar: Actor,
    operator: Actor,
}

fn actor(role: Role) -> Actor {
    let mut actor = Actor::new(UserId::new(), crate::word(&role), String::new(), vec![role]);
    actor.purpose = Some("入学资格复查".to_owned());
    actor
}

fn drawn(person: u64, shot: u64) -> Vec<u8> {
    verify::draw::portrait_jpeg(person, shot)
}

/// A fresh office with the models installed, a campaign that is open for comparing, and its registrar; nothing where there are
/// no models.
pub(crate) fn opened(kind: CampaignKind) -> Option<(tempfile::TempDir, Arc<Office>, CampaignId, Actor)> {
    let Some(models) = std::env::var_os("XUECANG_MODELS") else {
        println!("skipped: there are no models; set XUECANG_MODELS");
        return None;
    };
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    Office::create(&data, "测试学院", &Names::local()).unwrap();
    let office = Office::open(Config { models: models.into(), ..Config::new(data) }).unwrap();
    let new = NewCampaign {
        name: "2026级".to_owned(),
        kind,
        year: 2026,
        capture_from: "2026-01-01".parse().unwrap(),
        capture_until: "2036-01-01".parse().unwrap(),
        deliver_by: "2036-02-01".parse().unwrap(),
        rule_set: "jbz-2017-99".to_owned(),
        vendor: None,
    };
    let registrar = law::staff(&office, "registrar", Role::Registrar);
    let campaign = campaign::create(&office, &registrar, new).unwrap().id;
    law::found(&office, &registrar, campaign);
    Some((dir, office, campaign, registrar))
}

/// Puts thresholds in force that were found with `model`.
pub(crate) fn adopt(office: &Office, campaign: CampaignId, model: &str, accept: f32, reject: f32) {
    let id = CalibrationId::new();
    let row = calibration::Calibration {
        id,
        version: id.to_string(),
        campaign,
        model: model.to_owned(),
        created: Timestamp::now(),
        adopted: None,
        accept,
        reject,
        report: serde_json::to_string(&report(accept, reject)).unwrap(),
    };
    let adopted = office.office.write(|tx| {
        calibration::insert(tx, &row)?;
        calibration::adopt(tx, row.id, Timestamp::now())
    });
    adopted.unwrap();
}

/// The desk of a school where nobody has calibrated; nothing where there are no models.
fn desk() -> Option<Desk> {
    let (dir, office, campaign, registrar) = opened(CampaignKind::Enrolment)?;
    Some(Desk { _dir: dir, office, campaign, registrar, operator: actor(Role::Admissions) })
}

impl Desk {
    /// Somebody with these photos in the archive, who agreed to be compared.
    fn person(&self, photos: &[(PhotoKind, Vec<u8>)]) -> PersonId {
        let person = PersonId::new();
        let birth_date = Some("2005-03-11".parse().unwrap());
        let facts = PersonRecord { name: "学生".to_owned(), birth_date, ..PersonRecord::default() };
        let mut change = Change::of(person, "import").facts(Facts::Set(Box::new(facts)));
        for (kind, bytes) in photos {
            change = change.photo(NewPhoto::from_bytes(*kind, bytes.clone(), "import").unwrap());
        }
        let by = User { name: "registrar".to_owned(), address: None };
        let holdings = Holdings::new(&self.office.archive, &self.office.catalog);
        holdings.keep(vec![change], &by, Timestamp::now()).unwrap();
        let mut listed = self.office.office.read(|conn| roster::people(conn, self.campaign)).unwrap();
        listed.push(person);
        self.office.office.write(|tx| roster::replace(tx, self.campaign, &listed)).unwrap();
        law::agree(&self.office, &self.registrar, self.campaign, &[person]);
        person
    }

    fn adopt(&self, model: &str, accept: f32, reject: f32) {
        adopt(&self.office, self.campaign, model, accept, reject);
    }

    /// Puts thresholds in force that were found with the models installed.
    fn calibrate(&self, accept: f32, reject: f32) {
        let model = self.office.engine().unwrap().model().to_string();
        self.adopt(&model, accept, reject);
    }

    fn compare(&self, person: PersonId, probe: Vec<u8>) -> crate::Result<Comparison> {
        compare::make(&self.office, &self.operator, person, probe)
    }

    fn row(&self, comparison: &Comparison) -> rows::Comparison {
        self.office.office.read(|conn| rows::get(conn, comparison.id)).unwrap().unwrap()
    }

    /// The kinds of everything that waits for its leaf in the ledger.
    fn told(&self) -> Vec<String> {
        let events = self.office.office.read(|conn| archive::db::office::event::waiting(conn, 100));
        events.unwrap().into_iter().map(|queued| queued.event.kind).collect()
    }

    /// The probes whose pixels are on disk.
    fn probes(&self) -> usize {
        fs_err::read_dir(self.office.paths.incoming.join("probes")).map_or(0, Iterator::count)
    }
}

/// A report that says no odds.
fn report(accept: f32, reject: f32) -> api::face::Calibration {
    api::face::Calibration {
        id: CalibrationId::new(),
        version: "test".to_owned(),
        created: Timestamp::now(),
        adopted: false,
        model: String::new(),
        people: 0,
        genuine: 0,
        impostor: 0,
        accept,
        reject,
        operating_points: Vec::new(),
        det: Vec::new(),
        impostor_histogram: vec![0; 80],
        genuine_histogram: vec![0; 80],
    }
}

fn code<T: std::fmt::Debug>(answer: crate::Result<T>) -> ProblemCode {
    match answer {
        Err(Error::Refused(problem)) => problem.code,
        other => panic!("{other:?}"),
    }
}

#[test]
fn thresholds_of_another_model_judge_nobody() {
    let Some(desk) = desk() else { return };
    let person = desk.person(&[(PhotoKind::Admission, drawn(0, 0))]);
    assert_eq!(code(desk.compare(person, drawn(0, 1))), ProblemCode::NoCalibration);
    desk.adopt("a model of last year@1", 0.5, 0.3);
    assert_eq!(code(desk.compare(person, drawn(0, 1))), ProblemCode::CalibrationOfAnotherModel);
    assert_eq!(desk.probes(), 0);
    desk.calibrate(0.999, -0.999);
    let made = desk.compare(person, drawn(0, 1)).unwrap();
    assert_eq!((made.verdict, made.state), (Verdict::Unsure, ComparisonState::Open));
    assert_eq!(desk.row(&made).model, desk.office.engine().unwrap().model().as_str());
}

fn say(decision: FaceDecision) -> Decide {
    Decide { decision, note: "看过".to_owned() }
}

impl Desk {
    /// A comparison that its operator doubts.
    fn doubtful(&self) -> Comparison {
        let person = self.person(&[(PhotoKind::Admission, drawn(0, 0))]);
        let made = self.compare(person, drawn(0, 1)).unwrap();
        let doubted = compare::decide(&self.office, &self.operator, made.id, &say(FaceDecision::Doubtful));
        assert_eq!(doubted.as_ref().unwrap().state, ComparisonState::InReview);
        doubted.unwrap()
    }

    fn review(&self, reviewer: &Actor, of: &Comparison, decision: FaceDecision) -> crate::Result<Comparison> {
        compare::review(&self.office, reviewer, of.id, &say(decision))
    }

    fn seen_by(&self, reviewer: &Actor, of: &Comparison) -> Comparison {
        compare::get(&self.office, reviewer, of.id).unwrap()
    }
}

#[test]
fn two_reviewers_who_are_not_the_operator_decide_without_seeing_each_other() {
    let Some(desk) = desk() else { return };
    desk.calibrate(0.999, -0.999);
    let doubted = desk.doubtful();
    assert!(desk.seen_by(&desk.operator, &doubted).made_by_me);
    let refused = desk.review(&desk.operator, &doubted, FaceDecision::Same);
    assert_eq!(code(refused), ProblemCode::SamePerson);
    let [first, second] = [Role::Admissions, Role::Admissions].map(actor);
    assert_eq!(code(desk.review(&first, &doubted, FaceDecision::Doubtful)), ProblemCode::BadField);
    let waits_for = |who: &Actor, mine| {
        compare::list(&desk.office, who, ComparisonState::InReview, mine, Slice::default()).unwrap().total
    };
    assert_eq!([&desk.operator, &first, &second].map(|who| waits_for(who, true)), [0, 1, 1]);
    let after = desk.review(&first, &doubted, FaceDecision::Different).unwrap();
    assert_eq!((after.state, after.reviewed_by_me), (ComparisonState::InReview, true));
    assert_eq!([&desk.operator, &first, &second].map(|who| waits_for(who, true)), [0, 0, 1]);
    assert_eq!(waits_for(&first, false), 1, "that it waits is seen by all of them");
    assert_eq!(code(desk.review(&first, &doubted, FaceDecision::Different)), ProblemCode::SamePerson);

    // The second sees that it waits, and nothing of what the first one said.
    let before = desk.seen_by(&second, &doubted);
    assert_eq!((before.reviewed_by_me, before.made_by_me, before.has_probe), (false, false, true));
    assert_eq!((before.decision, before.decided_by.as_ref(), before.reviews.len()), (None, None, 0));
    assert_eq!(desk.probes(), 1);
    let decided = desk.review(&second, &doubted, FaceDecision::Different).unwrap();
    assert_eq!(decided.state, ComparisonState::Decided);
    assert_eq!((decided.decision, decided.has_probe), (Some(FaceDecision::Different), false));
    assert_eq!(
        decided.reviews.iter().map(|review| review.decision).collect::<Vec<_>>(),
        [FaceDecision::Different, FaceDecision::Different]
    );
    assert_eq!(desk.probes(), 0);
}

#[test]
fn when_two_reviewers_differ_a_third_one_decides() {
    let Some(desk) = desk() else { return };
    desk.calibrate(0.999, -0.999);
    for (third, words) in [
        (FaceDecision::Same, [FaceDecision::Same, FaceDecision::Different]),
        (FaceDecision::Manual, [FaceDecision::Different, FaceDecision::Same]),
    ] {
        let doubted = desk.doubtful();
        for word in words {
            let after = desk.review(&actor(Role::Admissions), &doubted, word).unwrap();
            assert_eq!((after.state, after.decision), (ComparisonState::InReview, None), "{words:?}");
        }
        assert_eq!(code(desk.review(&desk.operator, &doubted, third)), ProblemCode::SamePerson);
        let decided = desk.review(&actor(Role::Admissions), &doubted, third).unwrap();
        assert_eq!((decided.state, decided.decision), (ComparisonState::Decided, Some(third)));
        assert_eq!(decided.reviews.len(), 3);
    }
}

#[test]
fn a_retake_takes_the_place_of_the_same_operators_open_comparison() {
    let Some(desk) = desk() else { return };
    desk.calibrate(0.999, -0.999);
    let person = desk.person(&[(PhotoKind::Admission, drawn(0, 0))]);
    let colleague = actor(Role::Admissions);
    let theirs = compare::make(&desk.office, &colleague, person, drawn(0, 3)).unwrap();
    let first = desk.compare(person, drawn(0, 1)).unwrap();
    let second = desk.compare(person, drawn(0, 2)).unwrap();
    assert_eq!(desk.seen_by(&desk.operator, &first).state, ComparisonState::Superseded);
    assert_eq!((desk.row(&first).probe, desk.row(&first).superseded_by), (None, Some(second.id)));
    let open =
        compare::list(&desk.office, &desk.operator, ComparisonState::Open, false, Slice::default()).unwrap();
    let ids: Vec<_> = open.items.iter().map(|comparison| comparison.id).collect();
    assert_eq!(ids, [theirs.id, second.id], "a colleague's stays");
    let later = Slice { offset: 1, limit: 1 };
    let part = compare::list(&desk.office, &desk.operator, ComparisonState::Open, false, later).unwrap();
    assert_eq!((part.items.first().map(|one| one.id), part.items.len(), part.total), (Some(second.id), 1, 2));
    assert_eq!(desk.probes(), 2);
    let late = compare::decide(&desk.office, &desk.operator, first.id, &say(FaceDecision::Same));
    assert_eq!(code(late), ProblemCode::WrongState);

    // What is in review or decided stays what it is.
    compare::decide(&desk.office, &desk.operator, second.id, &say(FaceDecision::Doubtful)).unwrap();
    desk.compare(person, drawn(0, 4)).unwrap();
    assert_eq!(desk.seen_by(&desk.operator, &second).state, ComparisonState::InReview);
    let told = desk.told();
    for kind in ["comparison.made", "comparison.superseded", "comparison.doubted"] {
        assert!(told.iter().any(|event| event == kind), "{kind} is not among {told:?}");
    }
}

#[test]
fn every_desk_hears_of_what_another_one_does() {
    for (role, hears) in [(Role::Admissions, true), (Role::It, false), (Role::Registrar, false)] {
        assert_eq!(crate::change::may_hear(&actor(role), "comparison.made"), hears, "{role:?}");
    }
}

#[test]
fn the_reference_that_is_least_like_the_probe_decides_and_is_named() {
    let Some(desk) = desk() else { return };
    // The ID photo shows somebody else.
    let photos = [(PhotoKind::Admission, drawn(0, 0)), (PhotoKind::IdCard, drawn(5, 0))];
    let person = desk.person(&photos);
    desk.calibrate(0.999, -0.999);
    let made = desk.compare(person, drawn(0, 1)).unwrap();
    let [admission, card] = made.pairs.as_slice() else { panic!("{made:?}") };
    assert_eq!(
        [admission.kind, card.kind],
        [api::dossier::PhotoKind::Admission, api::dossier::PhotoKind::IdCard]
    );
    let (high, low) = (admission.similarity.unwrap(), card.similarity.unwrap());
    assert!(low < high, "{low} is not below {high}");
    assert_eq!((made.reference, made.similarity), (card.reference, low));
    // With thresholds between the two, one pair would match and the worse one says that nobody does.
    let (accept, reject) = (low + (high - low) * 0.6, low + (high - low) * 0.4);
    desk.calibrate(accept, reject);
    let made = desk.compare(person, drawn(0, 1)).unwrap();
    let verdicts: Vec<_> = made.pairs.iter().map(|pair| pair.verdict.unwrap()).collect();
    assert_eq!((made.verdict, verdicts), (Verdict::NoMatch, vec![Verdict::Match, Verdict::NoMatch]));
}

#[test]
fn a_face_that_cannot_be_seen_well_is_never_a_match() {
    let Some(desk) = desk() else { return };
    let person = desk.person(&[(PhotoKind::Admission, drawn(0, 0))]);
    desk.calibrate(-0.5, -0.999);
    let clear = desk.compare(person, drawn(0, 1)).unwrap();
    assert_eq!((clear.verdict, clear.held_back.as_slice()), (Verdict::Match, [].as_slice()));
    // The same far away: the face is half as wide, and the eyes are too low.
    let portrait = image::DynamicImage::ImageRgb8(verify::draw::portrait(0, 1).pixels);
    let mut far = image::RgbImage::from_pixel(480, 640, image::Rgb(verify::draw::BACKGROUND));
    let half = portrait.resize_exact(240, 320, image::imageops::FilterType::Triangle).into_rgb8();
    image::imageops::replace(&mut far, &half, 120, 320);
    let mut bytes = Vec::new();
    image::codecs::jpeg::JpegEncoder::new_with_quality(&mut bytes, 95).encode_image(&far).unwrap();
    let held = desk.compare(person, bytes).unwrap();
    assert!(held.similarity >= held.accept, "{held:?}");
    assert_eq!(held.verdict, Verdict::Unsure);
    assert!(held.held_back.contains(&"IMG-10".to_owned()), "{:?}", held.held_back);
    // That the file has no resolution says nothing of the face.
    assert!(
        held.findings.iter().all(|finding| finding.code != "IMG-02"),
        "a probe is no file for the archive"
    );
    assert!(held.findings.iter().any(|finding| finding.code == "IMG-10"));
    assert!(!held.held_back.contains(&"IMG-02".to_owned()), "{:?}", held.held_back);
}
