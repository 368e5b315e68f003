//! The law about faces, through what users can do, on a real office.

use std::sync::Arc;

use api::account::NewUser;
use api::campaign::{CampaignKind, NewCampaign};
use api::ids::{CampaignId, PersonId};
use api::law::{
    Agreed, AssessmentText, Bar, EndComparing, Guardian, HandDecision, Means, NewAssessment, NewConsents,
    NewHandCheck, NoticeText, SignAssessment, Withdrawal,
};
use api::{ProblemCode, Right, Role, Slice, school};
use archive::db::office::roster;
use archive::dossier::{Change, Facts, Holdings};
use archive::ocfl::User;
use archive::person::PersonRecord;
use jiff::{Timestamp, ToSpan as _, Zoned, civil::Date};
use sha2::{Digest as _, Sha256};

use super::{assessment, consent, gate, ground, hand_check, notice, opening};
use crate::authority::Names;
use crate::{Actor, Config, Error, Office, Result, account, campaign, upload};

/// Everybody's.
pub(crate) const PASSWORD: &str = "green-lantern-harbour";

/// A notice that says everything.
pub(crate) fn notice_text() -> NoticeText {
    NoticeText {
        contact: "教务处，0871-0000000".to_owned(),
        purpose: "毕业生图像与录取照片核对".to_owned(),
        method: "在本校设备上比对两张照片，由人决定".to_owned(),
        kinds: "照片与由照片算出的人脸特征".to_owned(),
        retention: "比对结束即删除特征；活动关闭时销毁密钥".to_owned(),
        necessity: "防止冒名；误判由人工复核纠正".to_owned(),
        rights: "可随时拒绝或撤回，改由人工核验".to_owned(),
    }
}

fn assessed() -> NewAssessment {
    let text = AssessmentText {
        necessity: "仅用于身份核对".to_owned(),
        impact: "误判由两人复核".to_owned(),
        risk: "泄露后不可更改".to_owned(),
        measures: "不保存特征，密钥随活动销毁".to_owned(),
    };
    NewAssessment { text: Some(text), document: None }
}

pub(crate) fn staff(office: &Office, name: &str, role: Role) -> Actor {
    let new = NewUser {
        account: name.to_owned(),
        name: name.to_owned(),
        roles: vec![role],
        password: PASSWORD.to_owned(),
    };
    let user = account::create(office, &Actor::console(), &new).unwrap();
    let actor = Actor::new(user.id, user.account, user.name, user.roles);
    Actor { purpose: Some("核对身份".to_owned()), ..actor }
}

/// Gives a campaign its ground: notice, signed assessment, and it is open. Nobody has agreed yet.
pub(crate) fn found(office: &Office, registrar: &Actor, id: CampaignId) {
    found_by(office, (registrar, &staff(office, "signer", Role::Supervisor)), id);
}

/// The same where the one who signs is there already.
pub(crate) fn found_by(office: &Office, (registrar, signer): (&Actor, &Actor), id: CampaignId) {
    notice::publish(office, registrar, id, &notice_text()).unwrap();
    let number = assessment::write(office, registrar, id, &assessed()).unwrap().number;
    let password = SignAssessment { password: PASSWORD.to_owned() };
    assessment::sign(office, signer, id, number, &password).unwrap();
    opening::open(office, registrar, id).unwrap();
}

/// Records that these people agreed to the newest notice today.
pub(crate) fn agree(office: &Office, registrar: &Actor, id: CampaignId, people: &[PersonId]) {
    let notice = ground::get(office, registrar, id).unwrap().notices[0].version;
    let people = people.iter().map(|person| agreed(*person)).collect();
    let new = NewConsents { notice, means: Means::Paper, given: today(), people };
    assert_eq!(consent::record(office, registrar, id, &new).unwrap().refused, []);
}

fn agreed(person: PersonId) -> Agreed {
    Agreed { person: Some(person), student_number: None, guardian: None }
}

fn today() -> Date {
    school::day(Timestamp::now())
}

/// A school with a campaign and people on its roster.
struct School {
    dir: tempfile::TempDir,
    office: Arc<Office>,
    registrar: Actor,
    desk: Actor,
    campaign: CampaignId,
    people: Vec<PersonId>,
}

pub(crate) fn campaign_of(office: &Office, registrar: &Actor, name: &str) -> CampaignId {
    let today = Zoned::now().date();
    let new = NewCampaign {
        name: name.to_owned(),
        kind: CampaignKind::Enrolment,
        year: 2026,
        capture_from: today,
        capture_until: today,
        deliver_by: today,
        rule_set: "demo-relaxed".to_owned(),
        vendor: None,
    };
    campaign::create(office, registrar, new).unwrap().id
}

/// People with these birth dates, the first one with the student number 202600.
fn school(born: &[Option<Date>]) -> School {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    Office::create(&data, "测试学院", &Names::local()).unwrap();
    let office = Office::open(Config::new(data)).unwrap();
    let registrar = staff(&office, "registrar", Role::Registrar);
    let desk = staff(&office, "desk", Role::Admissions);
    let campaign = campaign_of(&office, &registrar, "2026级");
    let people: Vec<_> = born.iter().map(|_| PersonId::new()).collect();
    let changes = people.iter().zip(born).enumerate().map(|(n, (person, born))| {
        let facts = PersonRecord {
            name: format!("学生{n}"),
            student_number: Some(format!("20260{n}")),
            birth_date: *born,
            ..PersonRecord::default()
        };
        Change::of(*person, "import").facts(Facts::Set(Box::new(facts)))
    });
    let by = User { name: "registrar".to_owned(), address: None };
    Holdings::new(&office.archive, &office.catalog).keep(changes.collect(), &by, Timestamp::now()).unwrap();
    office.office.write(|tx| roster::replace(tx, campaign, &people)).unwrap();
    School { dir, office, registrar, desk, campaign, people }
}

fn adult() -> Option<Date> {
    Some(today() - 19.years())
}

impl School {
    fn bar(&self, n: usize) -> Option<Bar> {
        gate::bar(&self.office, self.campaign, self.people[n]).unwrap()
    }

    fn consent(&self, notice: u32, given: Date, people: Vec<Agreed>) -> Result<api::law::ConsentsRecorded> {
        let new = NewConsents { notice, means: Means::Screen, given, people };
        consent::record(&self.office, &self.desk, self.campaign, &new)
    }

    fn open(&self) -> Result<api::law::Ground> {
        opening::open(&self.office, &self.registrar, self.campaign)
    }
}

fn refused<T: std::fmt::Debug>(answer: Result<T>) -> (ProblemCode, String) {
    match answer {
        Err(Error::Refused(problem)) => {
            (problem.code, problem.params.get("reason").cloned().unwrap_or_default())
        }
        other => panic!("{other:?}"),
    }
}

fn no_ground(reason: &str) -> (ProblemCode, String) {
    (ProblemCode::NoGround, reason.to_owned())
}

#[test]
fn a_campaign_is_opened_by_an_assessment_of_its_notice_that_another_person_signed() {
    let school = school(&[adult()]);
    let (office, registrar, id) = (&school.office, &school.registrar, school.campaign);
    assert_eq!(refused(school.open()), no_ground("no-notice"));
    assert_eq!(refused(assessment::write(office, registrar, id, &assessed())), no_ground("no-notice"));
    notice::publish(office, registrar, id, &notice_text()).unwrap();
    assert_eq!(refused(school.open()), no_ground("no-assessment"));
    let written = assessment::write(office, registrar, id, &assessed()).unwrap();
    assert_eq!(refused(school.open()), no_ground("no-assessment"), "nobody has signed it");
    let password = SignAssessment { password: PASSWORD.to_owned() };
    let sign =
        |who: &Actor, password: &SignAssessment| assessment::sign(office, who, id, written.number, password);
    assert_eq!(refused(sign(registrar, &password)).0, ProblemCode::NotAllowed);
    let mut both = registrar.clone();
    both.rights.insert(Right::SignAssessments);
    assert_eq!(refused(sign(&both, &password)).0, ProblemCode::SamePerson);
    let signer = staff(office, "signer", Role::Supervisor);
    let wrong = SignAssessment { password: "not it at all".to_owned() };
    assert_eq!(refused(sign(&signer, &wrong)).0, ProblemCode::BadCredentials);
    let signed = sign(&signer, &password).unwrap();
    assert!(signed.holds);
    let mark = signed.signed.unwrap();
    let key = ledger::from_base64(&mark.public_key).unwrap();
    assert_eq!(key, account::officer_public(office, signer.user).unwrap());
    let key = ed25519_dalek::VerifyingKey::from_bytes(&key.try_into().unwrap()).unwrap();
    let signature = ledger::from_base64(&mark.signature).unwrap();
    let text = format!("xuecang.assessment/1 {}", signed.digest);
    key.verify_strict(text.as_bytes(), &ed25519_dalek::Signature::from_slice(&signature).unwrap()).unwrap();
    assert_eq!(refused(sign(&signer, &password)).0, ProblemCode::WrongState);
    // A notice that has another purpose needs another assessment.
    let other = NoticeText { purpose: "入学资格复查".to_owned(), ..notice_text() };
    notice::publish(office, registrar, id, &other).unwrap();
    assert_eq!(refused(school.open()), no_ground("assessment-outdated"));
    let next = assessment::write(office, registrar, id, &assessed()).unwrap();
    assessment::sign(office, &signer, id, next.number, &password).unwrap();
    let ground = school.open().unwrap();
    assert_eq!((ground.bar, ground.assessments[0].holds, ground.assessments[1].holds), (None, true, false));
    assert_eq!(refused(school.open()).0, ProblemCode::WrongState);
}

#[test]
fn a_further_version_of_a_notice_changes_no_earlier_one() {
    let school = school(&[]);
    let (office, registrar, id) = (&school.office, &school.registrar, school.campaign);
    let first = notice::publish(office, registrar, id, &notice_text()).unwrap();
    let same = notice::publish(office, registrar, id, &notice_text());
    assert_eq!(refused(same).0, ProblemCode::BadField);
    let empty = NoticeText { retention: " ".to_owned(), ..notice_text() };
    assert_eq!(refused(notice::publish(office, registrar, id, &empty)).0, ProblemCode::BadField);
    let moved = NoticeText { contact: "教务处新电话".to_owned(), ..notice_text() };
    let second = notice::publish(office, registrar, id, &moved).unwrap();
    let ground = ground::get(office, registrar, id).unwrap();
    assert_eq!(ground.notices, [second, first]);
    assert_eq!(refused(notice::publish(office, &school.desk, id, &moved)).0, ProblemCode::NotAllowed);
}

#[test]
fn an_assessment_may_be_a_pdf_and_nothing_else() {
    let school = school(&[]);
    let (office, registrar, id) = (&school.office, &school.registrar, school.campaign);
    notice::publish(office, registrar, id, &notice_text()).unwrap();
    let put_in = |bytes: &[u8]| {
        let mut receiving = upload::begin(office, registrar).unwrap();
        receiving.write(bytes).unwrap();
        let document = Some(receiving.keep(office, registrar, "assessment.pdf").unwrap().id);
        assessment::write(office, registrar, id, &NewAssessment { text: None, document })
    };
    assert_eq!(refused(put_in(b"GIF89a")).0, ProblemCode::BadField);
    let nothing = NewAssessment { text: None, document: None };
    assert_eq!(refused(assessment::write(office, registrar, id, &nothing)).0, ProblemCode::BadField);
    let kept = put_in(b"%PDF-1.7 signed by hand").unwrap();
    assert!(kept.has_document && kept.text.is_none());
    let bytes = assessment::document(office, &school.desk, id, kept.number).unwrap();
    assert_eq!(bytes, b"%PDF-1.7 signed by hand");
}

#[test]
fn nobody_is_compared_without_their_own_consent_and_not_after_its_withdrawal() {
    let school = school(&[adult(), adult()]);
    let (office, desk, id) = (&school.office, &school.desk, school.campaign);
    assert_eq!(school.bar(0), Some(Bar::NoNotice));
    found(office, &school.registrar, id);
    assert_eq!(school.bar(0), Some(Bar::NoConsent));
    let by_number = Agreed { person: None, student_number: Some("202600".to_owned()), guardian: None };
    let stranger = agreed(PersonId::new());
    let done = school.consent(1, today(), vec![by_number, stranger]).unwrap();
    let refusals: Vec<_> = done.refused.iter().map(|one| (one.place, one.reason)).collect();
    assert_eq!((done.recorded, refusals), (1, vec![(1, Bar::NoCampaign)]));
    assert_eq!((school.bar(0), school.bar(1)), (None, Some(Bar::NoConsent)));
    let _permit = gate::may_compare(office, school.people[0]).unwrap();
    let counts = ground::get(office, desk, id).unwrap().consents;
    assert_eq!((counts.roster, counts.agreed, counts.none), (2, 1, 1));
    // Withdrawn, at once; a paper from before gives nothing back, a new one does.
    let withdrawal = Withdrawal { person: school.people[0] };
    consent::withdraw(office, desk, id, withdrawal).unwrap();
    assert_eq!(school.bar(0), Some(Bar::ConsentWithdrawn));
    assert_eq!(
        refused(gate::may_compare(office, school.people[0])),
        (ProblemCode::MayNotCompare, "consent-withdrawn".to_owned())
    );
    assert_eq!(refused(consent::withdraw(office, desk, id, withdrawal)).0, ProblemCode::WrongState);
    let yesterday = today() - 1.day();
    let early = school.consent(1, yesterday, vec![agreed(school.people[0])]);
    assert_eq!(refused(early).0, ProblemCode::BadField, "before the notice was published");
    let later = school.consent(1, today() + 1.day(), vec![agreed(school.people[0])]);
    assert_eq!(refused(later).0, ProblemCode::BadField);
    assert_eq!(school.consent(1, today(), vec![agreed(school.people[0])]).unwrap().recorded, 1);
    assert_eq!(school.bar(0), None);
    // A person finds out without a machine, whatever was agreed to.
    let found = NewHandCheck { decision: HandDecision::Same, note: "身份证与本人一致".to_owned() };
    hand_check::record(office, desk, school.people[1], &found).unwrap();
    let checks = hand_check::list(office, desk, school.people[1]).unwrap();
    assert_eq!((checks.len(), &checks[0].found), (1, &found));
    let history = consent::history(office, desk, id, school.people[0]).unwrap();
    assert_eq!(history.iter().map(|one| one.consent.withdrawn.is_some()).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn whoever_is_under_14_needs_a_guardian_whose_name_is_kept_sealed() {
    let birthday = today() - 14.years();
    let school = school(&[Some(birthday), Some(birthday - 1.day()), None]);
    let (office, desk, id) = (&school.office, &school.desk, school.campaign);
    found(office, &school.registrar, id);
    let all = school.people.iter().map(|person| agreed(*person)).collect();
    let done = school.consent(1, today(), all).unwrap();
    let refusals: Vec<_> = done.refused.iter().map(|one| (one.place, one.reason)).collect();
    // On the birthday itself the fourteenth year is not over.
    assert_eq!(refusals, [(0, Bar::GuardianMissing), (2, Bar::AgeUnknown)]);
    let guardian = Guardian { name: "普兰香".to_owned(), relationship: "母亲".to_owned() };
    let with = |n: usize| Agreed { guardian: Some(guardian.clone()), ..agreed(school.people[n]) };
    assert_eq!(school.consent(1, today(), vec![with(0), with(2)]).unwrap().recorded, 2);
    assert_eq!([0, 1, 2].map(|n| school.bar(n)), [None; 3]);
    let history = consent::history(office, desk, id, school.people[0]).unwrap();
    assert_eq!(history[0].guardian.as_ref(), Some(&guardian));
    let rows = consent::list(office, desk, id, Some(false), Slice::default()).unwrap();
    assert_eq!(rows.items.iter().filter(|row| row.consent.as_ref().unwrap().has_guardian).count(), 2);
    assert!(!anywhere(school.dir.path(), guardian.name.as_bytes()));
    let nobody = Actor { purpose: None, ..desk.clone() };
    let without_purpose = consent::history(office, &nobody, id, school.people[0]);
    assert_eq!(refused(without_purpose).0, ProblemCode::PurposeRequired);
}

#[test]
fn a_notice_with_another_use_asks_everybody_again_and_a_new_telephone_number_nobody() {
    let school = school(&[adult()]);
    let (office, registrar, id) = (&school.office, &school.registrar, school.campaign);
    found(office, registrar, id);
    agree(office, &school.desk, id, &school.people);
    let moved = NoticeText { contact: "教务处新电话".to_owned(), ..notice_text() };
    notice::publish(office, registrar, id, &moved).unwrap();
    assert_eq!(school.bar(0), None);
    let longer = NoticeText { retention: "保存一年".to_owned(), ..moved };
    notice::publish(office, registrar, id, &longer).unwrap();
    assert_eq!(school.bar(0), Some(Bar::AssessmentOutdated));
    let counts = ground::get(office, registrar, id).unwrap().consents;
    assert_eq!((counts.agreed, counts.ask_again), (0, 1));
    let old = school.consent(2, today(), vec![agreed(school.people[0])]);
    assert_eq!(refused(old).0, ProblemCode::BadField);
    assert_eq!(school.consent(3, today(), vec![agreed(school.people[0])]).unwrap().recorded, 1);
}

#[test]
fn what_ends_in_a_campaign_ends_for_good_and_leaves_no_byte_of_its_key() {
    let school = school(&[adult()]);
    let (office, registrar, id) = (&school.office, &school.registrar, school.campaign);
    let end = |name: &str| opening::end(office, registrar, id, &EndComparing { name: name.to_owned() });
    assert_eq!(refused(end("2026级")).0, ProblemCode::WrongState, "it was never opened");
    found(office, registrar, id);
    agree(office, &school.desk, id, &school.people);
    let file = office.paths.keys.join(format!("face-{}.key", id.uuid().simple()));
    let text = std::fs::read(&file).unwrap();
    let text = text.trim_ascii();
    let raw = hex::decode(text).unwrap();
    assert!(anywhere(school.dir.path(), text), "the search finds what is there");
    assert_eq!(refused(end("另一个")).0, ProblemCode::BadField);
    let ground = end("2026级").unwrap();
    let closing = ground.closed.unwrap();
    assert_eq!(closing.destroyed.key_sha256, hex::encode(Sha256::digest(&raw)));
    assert_eq!(closing.destroyed.declared_only, ["volume-copies", "backups"]);
    assert!(!anywhere(school.dir.path(), text) && !anywhere(school.dir.path(), &raw));
    assert_eq!(school.bar(0), Some(Bar::ComparingEnded));
    assert_eq!(refused(end("2026级")).0, ProblemCode::WrongState);
    assert_eq!(refused(school.open()), no_ground("comparing-ended"));
    let more = NoticeText { purpose: "别的目的".to_owned(), ..notice_text() };
    assert_eq!(refused(notice::publish(office, registrar, id, &more)), no_ground("comparing-ended"));
    crate::ledger::integrate(office).unwrap();
    crate::ledger::proof_of(office, "campaign.comparing_ended", id, "").unwrap();
}

#[test]
fn from_80_000_faces_on_the_doctor_warns_and_from_100_000_the_school_must_file() {
    let school = school(&[]);
    found(&school.office, &school.registrar, school.campaign);
    let told = || {
        let found = crate::doctor::examine(&school.office, &Actor::console()).unwrap().findings;
        let of_faces = found.into_iter().find(|finding| finding.code.starts_with("faces-")).unwrap();
        (of_faces.code, of_faces.level, of_faces.params["people"].clone())
    };
    let say = |code: &str, level: &str, people: u32| (code.to_owned(), level.to_owned(), people.to_string());
    assert_eq!(told(), say("faces-few", "ok", 0));
    compared_in_a_delivery(&school, 0..79_999);
    assert_eq!(told(), say("faces-few", "ok", 79_999));
    compared_in_a_delivery(&school, 79_999..80_000);
    assert_eq!(told(), say("faces-many", "attention", 80_000));
    compared_in_a_delivery(&school, 80_000..100_000);
    assert_eq!(told(), say("faces-file", "stop", 100_000));
    let end = EndComparing { name: "2026级".to_owned() };
    opening::end(&school.office, &school.registrar, school.campaign, &end).unwrap();
    assert_eq!(told(), say("faces-few", "ok", 0));
}

/// Writes down, as a delivery's check does, that these many more people's faces were compared.
fn compared_in_a_delivery(school: &School, people: std::ops::Range<u32>) {
    use archive::db::office::{delivery, item, vendor};
    let vendor_id = api::ids::VendorId::new();
    let row = vendor::Vendor {
        id: vendor_id,
        name: "好影像".to_owned(),
        legal_name: "法人".to_owned(),
        agent_key: String::new(),
        legal_key: String::new(),
        certificate: String::new(),
        fingerprint: vendor_id.to_string(),
        expires: Timestamp::now(),
        created: Timestamp::now(),
        active: true,
    };
    let brought = delivery::Delivery {
        state: delivery::DeliveryState::Checked,
        ..delivery::Delivery::announced(school.campaign, vendor_id, people.start + 1, Timestamp::now())
    };
    let items: Vec<_> = people
        .map(|number| item::Item {
            number,
            state: item::ItemState::Good,
            token: None,
            person: Some(PersonId::new()),
            file: None,
            original: None,
            sha256: None,
            bytes: None,
            width: None,
            height: None,
            captured: None,
            device: None,
            operator: None,
            similarity: Some(0.7),
            verdict: Some(item::Verdict::Match),
            oddness: 0.0,
            photo_facts: None,
            original_facts: None,
            findings: "[]".to_owned(),
        })
        .collect();
    let kept: Result<()> = school.office.office.write(|tx| {
        vendor::insert(tx, &row)?;
        delivery::insert(tx, &brought)?;
        item::replace(tx, brought.id, &items)?;
        Ok(())
    });
    kept.unwrap();
}

/// Whether these bytes are anywhere below a folder: in a database, its log, its free pages, a file, a name.
pub(crate) fn anywhere(folder: &std::path::Path, needle: &[u8]) -> bool {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap()).any(|entry| {
        let path = entry.path();
        let named = entry.file_name().as_encoded_bytes().windows(needle.len()).any(|part| part == needle);
        named
            || if path.is_dir() {
                anywhere(&path, needle)
            } else {
                std::fs::read(&path).unwrap().windows(needle.len()).any(|part| part == needle)
            }
    })
}
