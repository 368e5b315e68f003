//! A cohort with a real database, drawn faces and the real models, where they are installed.

use std::sync::Arc;
use std::time::Duration;

use api::campaign::CampaignKind;
use api::cohort::{
    Case, Cohort, CohortState, Disposition, Level, NewCohort, Outcome, Reopen, SayWord, SignCohort, Wanted,
};
use api::face::Verdict;
use api::ids::{CampaignId, CohortId, PersonId};
use api::job::JobState;
use api::law::{Bar, Withdrawal};
use api::{ProblemCode, Role, Slice};
use archive::db::catalog::object;
use archive::db::office::{event, roster};
use archive::dossier::{Change, Facts, Holdings, NewPhoto, PhotoKind};
use archive::ocfl::{ObjectId, SafePath, User};
use archive::person::PersonRecord;
use jiff::Timestamp;
use sha2::{Digest as _, Sha256};

use super::{evidence, *};
use crate::compare::tests as desk;
use crate::law as ground;
use crate::law::tests as law;

/// Why photos are looked at.
const PURPOSE: &str = "毕业前人像比对";

/// A school whose campaign is open for comparing, with people on its roster.
struct School {
    _dir: tempfile::TempDir,
    office: Arc<Office>,
    _workers: job::Workers,
    campaign: CampaignId,
    registrar: Actor,
    leader: Actor,
    reviewers: [Actor; 3],
}

/// Photos by kind, each the face of that number in that shot.
type Photos<'a> = &'a [(PhotoKind, u64, u64)];

impl School {
    /// Nothing where there are no models.
    fn open() -> Option<Self> {
        let (dir, office, campaign, mut registrar) = desk::opened(CampaignKind::Graduation)?;
        registrar.purpose = Some(PURPOSE.to_owned());
        let reviewer = |account| Self::staff(&office, account, Role::Admissions);
        Some(Self {
            leader: Self::staff(&office, "leader", Role::Leader),
            reviewers: [reviewer("first"), reviewer("second"), reviewer("third")],
            _workers: job::start(&office).unwrap(),
            campaign,
            registrar,
            office,
            _dir: dir,
        })
    }

    fn staff(office: &Office, account: &str, role: Role) -> Actor {
        let mut actor = law::staff(office, account, role);
        actor.purpose = Some(PURPOSE.to_owned());
        actor
    }

    /// Somebody on the roster with these photos, who agreed.
    fn person(&self, photos: Photos<'_>) -> PersonId {
        let person = self.person_without_consent(photos);
        law::agree(&self.office, &self.registrar, self.campaign, &[person]);
        person
    }

    fn person_without_consent(&self, photos: Photos<'_>) -> PersonId {
        self.listed_in(self.campaign, photos)
    }

    /// Somebody on a campaign's roster with these photos, who was not asked.
    fn listed_in(&self, campaign: CampaignId, photos: Photos<'_>) -> PersonId {
        let person = PersonId::new();
        let mut listed = self.office.office.read(|conn| roster::people(conn, campaign)).unwrap();
        let facts = PersonRecord {
            name: "学生".to_owned(),
            student_number: Some(format!("20260{:05}", listed.len() + 1)),
            birth_date: Some("2005-03-11".parse().unwrap()),
            college: Some("表演学院".to_owned()),
            class: Some("舞蹈一班".to_owned()),
            ..PersonRecord::default()
        };
        let mut change = Change::of(person, "import").facts(Facts::Set(Box::new(facts)));
        for (kind, face, shot) in photos {
            let drawn = verify::draw::portrait_jpeg(*face, *shot);
            change = change.photo(NewPhoto::from_bytes(*kind, drawn, "import").unwrap());
        }
        let by = User { name: "registrar".to_owned(), address: None };
        Holdings::new(&self.office.archive, &self.office.catalog)
            .keep(vec![change], &by, Timestamp::now())
            .unwrap();
        listed.push(person);
        self.office.office.write(|tx| roster::replace(tx, campaign, &listed)).unwrap();
        person
    }

    /// Puts thresholds in force between which the drawn faces fall as these two say.
    fn calibrate(&self, accept: f32, reject: f32) {
        let model = self.office.engine().unwrap().model().to_string();
        desk::adopt(&self.office, self.campaign, &model, accept, reject);
    }

    /// Everybody compared, by the job.
    fn compared(&self) -> Cohort {
        self.compared_with(Vec::new())
    }

    /// Everybody compared, with the people of these campaigns besides.
    fn compared_with(&self, other_campaigns: Vec<CampaignId>) -> Cohort {
        let new = NewCohort { sample_percent: 5, other_campaigns };
        let job = start(&self.office, &self.reviewers[0], self.campaign, new).unwrap();
        for _ in 0..600 {
            let now = job::get(&self.office, &self.reviewers[0], job.id).unwrap();
            match now.state {
                JobState::Done => {
                    let id = CohortId::from_uuid(job.id.uuid());
                    return get(&self.office, &self.reviewers[0], id).unwrap();
                }
                JobState::Failed | JobState::Cancelled => panic!("{now:?}"),
                _ => std::thread::sleep(Duration::from_millis(100)),
            }
        }
        panic!("the job takes too long");
    }

    fn case(&self, cohort: &Cohort, person: PersonId) -> Case {
        case(&self.office, &self.reviewers[2], cohort.id, person).unwrap()
    }

    fn say(&self, by: usize, cohort: &Cohort, person: PersonId, found: Disposition) -> Result<Case> {
        let said = SayWord { disposition: found, note: "看过".to_owned() };
        say(&self.office, &self.reviewers[by], cohort.id, person, &said)
    }

    fn now(&self, cohort: &Cohort) -> Cohort {
        get(&self.office, &self.registrar, cohort.id).unwrap()
    }

    fn sign(&self, by: &Actor, level: Level, digest: &str) -> Result<Cohort> {
        let password = law::PASSWORD.to_owned();
        let request =
            SignCohort { level, send_back: false, note: String::new(), digest: digest.to_owned(), password };
        sign(&self.office, by, self.cohort_of(digest), &request)
    }

    fn send_back(&self, by: &Actor, level: Level, digest: &str) -> Result<Cohort> {
        let (note, password) = ("第三例再看".to_owned(), String::new());
        let request = SignCohort { level, send_back: true, note, digest: digest.to_owned(), password };
        sign(&self.office, by, self.cohort_of(digest), &request)
    }

    /// The newest cohort; the digest is only asked for to be sure that there is one.
    fn cohort_of(&self, digest: &str) -> CohortId {
        assert_eq!(digest.len(), 64);
        list(&self.office, &self.registrar, self.campaign).unwrap()[0].id
    }

    fn persons(&self, cohort: &Cohort, wanted: Wanted, by: &Actor) -> Vec<PersonId> {
        let page = cases(&self.office, by, cohort.id, wanted, Slice::default()).unwrap();
        page.items.into_iter().map(|row| row.person).collect()
    }

    /// The kinds of everything that waits for its leaf in the ledger.
    fn told(&self) -> Vec<String> {
        let events = self.office.office.read(|conn| archive::db::office::event::waiting(conn, 500));
        events.unwrap().into_iter().map(|queued| queued.event.kind).collect()
    }
}

impl School {
    /// Whoever has the object and nothing of this program can check it; a rebuild knows it, and it is kept once.
    fn is_in_the_archive(&self, signed: &Cohort) {
        let id = ObjectId::from(signed.id.uuid());
        let read = |file: &str| {
            let object = self.office.archive.object(id).unwrap().unwrap();
            object.read(&SafePath::new(file).unwrap()).unwrap()
        };
        let described: serde_json::Value = serde_json::from_slice(&read("cohort.json")).unwrap();
        assert_eq!(hex::encode(Sha256::digest(read("statement.json"))), signed.digest);
        assert_eq!(described["digest"], signed.digest);
        assert_eq!(described["cases"].as_array().unwrap().len() as u64, signed.counts.people);
        let said =
            described["cases"].as_array().unwrap().iter().map(|case| case["words"].as_array().unwrap().len());
        assert!(said.sum::<usize>() > 7, "what people said is there");
        let last = described["signatures"].as_array().unwrap().last().unwrap();
        assert_eq!(last["signed_text"], format!("xuecang.cohort/1 school {}", signed.digest));
        assert_eq!(last["account"], "leader");
        let holdings = Holdings::new(&self.office.archive, &self.office.catalog);
        holdings.rebuild(&mut |_, _| true).unwrap();
        let kept = |conn: &Connection| object::get(conn, id);
        let (kept, head) = (self.office.catalog.read(kept).unwrap().unwrap(), 1);
        assert_eq!((kept.kind, kept.head), (object::ObjectKind::Cohort, head));
        keep::keep(&self.office, signed.id).unwrap();
        keep_signed(&self.office).unwrap();
        assert_eq!(self.office.archive.object(id).unwrap().unwrap().head().get(), head);
        let event = |conn: &Connection| event::by_key(conn, "cohort.kept", &signed.id.to_string(), "v1");
        assert!(self.office.office.read(event).unwrap().is_some());
    }
}

fn code<T: std::fmt::Debug>(answer: Result<T>) -> ProblemCode {
    match answer {
        Err(Error::Refused(problem)) => problem.code,
        other => panic!("{other:?}"),
    }
}

/// One who is as they should be, and two whose photos were swapped; one who brought somebody else's face; one who did not
/// agree; one with a single photo.
struct People {
    clear: Vec<PersonId>,
    swapped: [PersonId; 2],
    doubled: [PersonId; 2],
    silent: PersonId,
    single: PersonId,
}

impl School {
    fn people(&self) -> People {
        use PhotoKind::{Admission, Graduation};
        let own = |face| self.person(&[(Admission, face, 0), (Graduation, face, 1)]);
        People {
            clear: vec![own(0), own(1)],
            swapped: [
                self.person(&[(Admission, 2, 0), (Graduation, 3, 1)]),
                self.person(&[(Admission, 3, 0), (Graduation, 2, 1)]),
            ],
            doubled: [own(4), self.person(&[(Admission, 4, 2), (Graduation, 4, 3)])],
            silent: self.person_without_consent(&[(Admission, 5, 0), (Graduation, 5, 1)]),
            single: self.person(&[(Admission, 6, 0)]),
        }
    }

    /// Thresholds that part the drawn faces: shots of one lie above 0.97, of two below 0.86.
    fn compare_everybody(&self) -> (People, Cohort) {
        let people = self.people();
        self.calibrate(0.95, 0.9);
        let cohort = self.compared();
        (people, cohort)
    }

    /// Two reviewers find each of these the same.
    fn settle(&self, cohort: &Cohort, people: &[PersonId], found: Disposition) {
        for person in people {
            for by in 0..2 {
                self.say(by, cohort, *person, found).unwrap();
            }
        }
    }

    /// Everything that waits is settled: the swapped as abnormal, the rest as normal.
    fn all_settled(&self, people: &People, cohort: &Cohort) -> Cohort {
        self.settle(cohort, &people.swapped, Disposition::Abnormal);
        self.settle(cohort, &people.doubled, Disposition::Normal);
        for person in self.persons(cohort, Wanted::Waiting, &self.reviewers[0]) {
            self.say(0, cohort, person, Disposition::Normal).unwrap();
        }
        self.now(cohort)
    }
}

#[test]
fn everybody_is_compared_with_their_own_photos_and_with_everybody_elses() {
    let Some(school) = School::open() else { return };
    let new = NewCohort { sample_percent: 5, other_campaigns: Vec::new() };
    let early = start(&school.office, &school.reviewers[0], school.campaign, new);
    assert_eq!(code(early), ProblemCode::NoCalibration);
    let (people, cohort) = school.compare_everybody();
    let counts = cohort.counts;
    assert_eq!(
        (counts.people, counts.matched, counts.unsure, counts.no_match, counts.by_hand),
        (8, 2, 2, 2, 2)
    );
    // Six with two photos each and one with one; the silent one's were not looked at.
    assert_eq!((counts.photos, counts.pairs), (13, 6));
    assert_eq!((cohort.state, cohort.sample.size, cohort.sample.wrong_at_most), (CohortState::Open, 1, None));

    for (one, other) in [(0, 1), (1, 0)] {
        let case = school.case(&cohort, people.swapped[one]);
        assert_eq!(case.row.outcome, Outcome::NoMatch);
        assert!(case.pairs[0].similarity < 0.9 && case.pairs[0].verdict == Verdict::NoMatch);
        let alike: Vec<_> = case.look_alikes.iter().map(|alike| alike.person).collect();
        assert_eq!(alike, [people.swapped[other]; 2], "each photo is the other's");
    }
    let doubled = school.case(&cohort, people.doubled[0]);
    assert_eq!(
        (doubled.row.outcome, doubled.row.reasons),
        (Outcome::Unsure, vec![evidence::ALIKE.to_owned()])
    );
    assert!(
        doubled.look_alikes.iter().all(|alike| alike.person == people.doubled[1] && alike.similarity > 0.95)
    );
    let silent = school.case(&cohort, people.silent);
    assert_eq!((silent.row.outcome, silent.bar), (Outcome::ByHand, Some(Bar::NoConsent)));
    assert_eq!((silent.photos.len(), silent.row.similarity, silent.consent), (2, None, None));
    let single = school.case(&cohort, people.single);
    assert_eq!(
        (single.row.outcome, single.row.reasons),
        (Outcome::ByHand, vec![evidence::ONE_PHOTO.to_owned()])
    );
    // Whose templates were made counts as somebody whose face is in use.
    assert_eq!(ground::count::of(&school.office).unwrap().here, 7);
    // Nothing of a face is on disk but the photos themselves.
    assert!(school.told().contains(&"cohort.compared".to_owned()));

    let all = school.persons(&cohort, Wanted::All, &school.registrar);
    assert_eq!((all.len(), all[..2].to_vec()), (8, people.clear.clone()));
    assert_eq!(school.persons(&cohort, Wanted::Alike, &school.registrar).len(), 4);
    assert!(school.persons(&cohort, Wanted::Mine, &school.registrar).is_empty());
    assert_eq!(school.persons(&cohort, Wanted::Mine, &school.reviewers[1]).len(), 7);
}

#[test]
fn nobody_sees_the_others_word_and_a_third_decides_between_two() {
    let Some(school) = School::open() else { return };
    let (people, cohort) = school.compare_everybody();
    let person = people.doubled[0];
    let without = SayWord { disposition: Disposition::Abnormal, note: String::new() };
    let refused = say(&school.office, &school.reviewers[0], cohort.id, person, &without);
    assert_eq!(code(refused), ProblemCode::BadField);
    let first = school.say(0, &cohort, person, Disposition::Normal).unwrap();
    assert_eq!((first.row.said, first.row.mine, first.may_say, first.words.len()), (1, true, true, 0));
    // A slip of the hand is put right, and is no second word.
    school.say(0, &cohort, person, Disposition::Abnormal).unwrap();
    let first = school.say(0, &cohort, person, Disposition::Normal).unwrap();
    assert_eq!((first.row.said, first.row.disposition), (1, None));
    assert!(!school.persons(&cohort, Wanted::Mine, &school.reviewers[0]).contains(&person));
    let second = school.say(1, &cohort, person, Disposition::Abnormal).unwrap();
    assert_eq!((second.row.waits, second.row.disposition, second.words.len()), (true, None, 0));
    assert!(second.next.is_some_and(|next| next != person));
    let third = school.say(2, &cohort, person, Disposition::Abnormal).unwrap();
    assert_eq!((third.row.disposition, third.words.len()), (Some(Disposition::Abnormal), 3));
    assert_eq!(code(school.say(2, &cohort, person, Disposition::Normal)), ProblemCode::WrongState);

    // Another look begins a round of its own; what was said before stays readable.
    let why = Reopen { reason: "补交了材料".to_owned() };
    let again = reopen(&school.office, &school.reviewers[0], cohort.id, person, &why).unwrap();
    assert_eq!((again.row.waits, again.row.said, again.words.len()), (true, 0, 3));
    assert_eq!(
        code(reopen(&school.office, &school.reviewers[0], cohort.id, person, &why)),
        ProblemCode::WrongState
    );
    school.settle(&cohort, &[person], Disposition::Normal);
    let settled = school.case(&cohort, person);
    assert_eq!((settled.row.disposition, settled.words.len()), (Some(Disposition::Normal), 5));
    // What nobody had to look at can be asked about too, and needs two.
    let unsampled = people.clear.iter().find(|one| !school.case(&cohort, **one).row.sampled).unwrap();
    let asked = reopen(&school.office, &school.reviewers[0], cohort.id, *unsampled, &why).unwrap();
    assert!(asked.row.waits);
    assert!(school.say(0, &cohort, *unsampled, Disposition::Normal).unwrap().row.waits);
}

#[test]
fn three_people_sign_in_their_order_and_what_the_school_signed_stays() {
    let Some(school) = School::open() else { return };
    let (people, cohort) = school.compare_everybody();
    let [first, second, _] = &school.reviewers;
    assert_eq!((cohort.next, cohort.may_sign), (None, false));
    let waits = |actor: &Actor| {
        let found = waiting(&school.office, actor).unwrap();
        found.into_iter().map(|(kind, count, ..)| (kind, count)).collect::<Vec<_>>()
    };
    assert_eq!((waits(first), waits(&school.registrar)), (vec![(TO_LOOK_AT, 7)], vec![]));
    assert_eq!(code(school.sign(first, Level::Examiner, &cohort.digest)), ProblemCode::CasesWait);
    let cohort = school.all_settled(&people, &cohort);
    assert_eq!((cohort.counts.waiting, cohort.counts.abnormal), (0, 2));
    assert_eq!((cohort.sample.looked_at, cohort.sample.contradicted), (1, 0));
    assert!((cohort.sample.wrong_at_most.unwrap() - 0.95).abs() < 1e-6, "one look says little");
    assert_eq!(cohort.next, Some(Level::Examiner));
    assert_eq!((waits(first), waits(&school.registrar)), (vec![(TO_SIGN, 1)], vec![]));
    assert_eq!(
        code(school.sign(&school.registrar, Level::Department, &cohort.digest)),
        ProblemCode::WrongState
    );
    assert_eq!(code(school.sign(first, Level::School, &cohort.digest)), ProblemCode::NotAllowed);
    let old = "0".repeat(64);
    assert_eq!(code(school.sign(first, Level::Examiner, &old)), ProblemCode::Conflict);
    let examined = school.sign(first, Level::Examiner, &cohort.digest).unwrap();
    assert_eq!(examined.next, Some(Level::Department));
    assert_eq!((waits(first), waits(&school.registrar)), (vec![], vec![(TO_SIGN, 1)]));
    assert_eq!(examined.counts.normal, 6, "what was clear is normal by the examiner's word");

    // The head sends it back; a case is looked at again, and everybody signs anew.
    let back = school.send_back(&school.registrar, Level::Department, &examined.digest).unwrap();
    assert_eq!(
        (back.next, back.signatures.iter().filter(|one| one.stands).count()),
        (Some(Level::Examiner), 0)
    );
    let why = Reopen { reason: "部门负责人要求".to_owned() };
    reopen(&school.office, second, cohort.id, people.single, &why).unwrap();
    school.settle(&cohort, &[people.single], Disposition::Doubtful);
    let now = school.now(&cohort);
    assert_ne!(now.digest, cohort.digest);
    assert_eq!(code(school.sign(first, Level::Examiner, &cohort.digest)), ProblemCode::Conflict);
    school.sign(second, Level::Examiner, &now.digest).unwrap();
    school.sign(&school.registrar, Level::Department, &now.digest).unwrap();
    let signed = school.sign(&school.leader, Level::School, &now.digest).unwrap();
    assert_eq!((signed.state, signed.next, signed.may_sign), (CohortState::Signed, None, false));
    assert!(signed.archived && !now.archived);
    school.is_in_the_archive(&signed);
    assert_eq!(signed.signatures.iter().filter(|one| one.stands).count(), 3);
    for signature in signed.signatures.iter().filter(|one| one.stands) {
        let key: [u8; 32] =
            ::ledger::from_base64(signature.public_key.as_ref().unwrap()).unwrap().try_into().unwrap();
        let bytes: [u8; 64] =
            ::ledger::from_base64(signature.signature.as_ref().unwrap()).unwrap().try_into().unwrap();
        let text = format!("xuecang.cohort/1 {} {}", crate::word(&signature.level), signature.digest);
        let key = ed25519_dalek::VerifyingKey::from_bytes(&key).unwrap();
        key.verify_strict(text.as_bytes(), &ed25519_dalek::Signature::from_bytes(&bytes)).unwrap();
    }
    assert_eq!(code(reopen(&school.office, first, cohort.id, people.single, &why)), ProblemCode::WrongState);
    assert_eq!(code(school.send_back(&school.leader, Level::School, &now.digest)), ProblemCode::WrongState);
    // A withdrawal touches nothing of what the school has signed, and a later cohort does not take its place.
    let withdrawal = Withdrawal { person: people.clear[0] };
    ground::consent::withdraw(&school.office, &school.registrar, school.campaign, withdrawal).unwrap();
    assert_eq!(school.now(&cohort), signed);
    let later = school.compared();
    assert_eq!(school.now(&cohort).state, CohortState::Signed);
    assert_eq!(school.case(&later, people.clear[0]).bar, Some(Bar::ConsentWithdrawn));
}

#[test]
fn whoever_withdraws_is_looked_at_without_the_machine_and_a_later_cohort_takes_the_place() {
    let Some(school) = School::open() else { return };
    let (people, cohort) = school.compare_everybody();
    let withdrawal = Withdrawal { person: people.doubled[1] };
    ground::consent::withdraw(&school.office, &school.registrar, school.campaign, withdrawal).unwrap();
    let case = school.case(&cohort, people.doubled[1]);
    assert_eq!((case.row.outcome, case.bar), (Outcome::ByHand, Some(Bar::ConsentWithdrawn)));
    assert_eq!((case.row.similarity, case.pairs.len(), case.look_alikes.len()), (None, 0, 0));
    assert!(school.case(&cohort, people.doubled[0]).look_alikes.is_empty());
    assert_eq!(ground::count::of(&school.office).unwrap().here, 6);
    let later = school.compared();
    let earlier = school.now(&cohort);
    assert_eq!((earlier.state, later.counts.by_hand), (CohortState::Superseded, 3));
    assert_eq!(
        code(school.say(0, &earlier, people.swapped[0], Disposition::Abnormal)),
        ProblemCode::WrongState
    );
    assert_eq!(school.case(&later, people.doubled[0]).row.outcome, Outcome::Match);
}

#[test]
fn papers_and_table_name_everybody_who_is_not_normal_and_need_a_purpose() {
    let Some(school) = School::open() else { return };
    let (people, cohort) = school.compare_everybody();
    let words = |table: &str, code: &str| format!("{table}.{code}");
    let mut aimless = school.registrar.clone();
    aimless.purpose = None;
    assert_eq!(code(table(&school.office, &aimless, cohort.id, &words)), ProblemCode::PurposeRequired);
    assert_eq!(code(school_paper(&school.office, &aimless, cohort.id)), ProblemCode::PurposeRequired);
    let before = school_paper(&school.office, &school.registrar, cohort.id).unwrap();
    assert_eq!(before.listed.len(), 7, "everybody who waits");
    let cohort = school.all_settled(&people, &cohort);
    let paper = school_paper(&school.office, &school.registrar, cohort.id).unwrap();
    let listed: Vec<_> = paper.listed.iter().map(|one| (one.row.person, one.words.len())).collect();
    assert_eq!(listed, people.swapped.map(|person| (person, 2)));
    assert!(paper.listed.iter().all(|one| one.number.starts_with("20260")));
    assert_eq!(paper.colleges.get("表演学院").map(Vec::len), Some(8));
    let one = person_paper(&school.office, &school.registrar, cohort.id, people.swapped[0]).unwrap();
    assert_eq!((one.case.photos.len(), one.photos.len()), (2, 2));
    assert_eq!(
        code(person_paper(&school.office, &school.leader, cohort.id, people.swapped[0])),
        ProblemCode::NotAllowed
    );
    let book = table(&school.office, &school.registrar, cohort.id, &words).unwrap();
    let mut book: calamine::Xlsx<_> = calamine::Reader::new(std::io::Cursor::new(book)).unwrap();
    let sheet = calamine::Reader::worksheet_range_at(&mut book, 0).unwrap().unwrap();
    let rows: Vec<Vec<String>> =
        sheet.rows().map(|row| row.iter().map(ToString::to_string).collect()).collect();
    let abnormal =
        rows.iter().filter(|row| row.get(9).is_some_and(|found| found == "disposition.abnormal")).count();
    let numbered =
        rows.iter().filter(|row| row.get(1).is_some_and(|number| number.starts_with("20260"))).count();
    assert_eq!((numbered, abnormal), (8, 2));
}

#[test]
fn a_face_of_another_year_under_another_name_is_found_if_its_owner_agreed() {
    use PhotoKind::{Admission, Graduation};
    let Some(school) = School::open() else { return };
    let own = school.person(&[(Admission, 0, 0), (Graduation, 0, 1)]);
    let clear = school.person(&[(Admission, 1, 0), (Graduation, 1, 1)]);
    school.calibrate(0.95, 0.9);
    let earlier = law::campaign_of(&school.office, &school.registrar, "2023级");
    let start_with = |other_campaigns: Vec<CampaignId>| {
        start(
            &school.office,
            &school.reviewers[0],
            school.campaign,
            NewCohort { sample_percent: 5, other_campaigns },
        )
    };
    assert_eq!(code(start_with(vec![earlier])), ProblemCode::NoGround);
    let signer = School::staff(&school.office, "second_signer", Role::Supervisor);
    law::found_by(&school.office, (&school.registrar, &signer), earlier);
    // One agreed in that year, one did not, and one of today's people was on its roster, too.
    let agreed = school.listed_in(earlier, &[(Admission, 0, 2), (Graduation, 2, 1)]);
    let silent = school.listed_in(earlier, &[(Admission, 1, 2)]);
    let listed = vec![agreed, silent, own];
    school.office.office.write(|tx| roster::replace(tx, earlier, &listed)).unwrap();
    law::agree(&school.office, &school.registrar, earlier, &[agreed]);
    for twice in [vec![earlier, earlier], vec![school.campaign]] {
        assert_eq!(code(start_with(twice)), ProblemCode::BadField);
    }
    let offered = super::other_campaigns(&school.office, &school.reviewers[0], school.campaign).unwrap();
    let offered: Vec<_> = offered.iter().map(|one| (one.campaign, one.name.as_str(), one.people)).collect();
    assert_eq!(offered, [(earlier, "2023级", 1)]);

    let alone = school.compared();
    assert_eq!((alone.counts.matched, alone.other_campaigns.len()), (2, 0));
    let cohort = school.compared_with(vec![earlier]);
    assert_eq!((cohort.counts.people, cohort.counts.matched, cohort.counts.unsure), (2, 1, 1));
    assert_eq!(
        cohort.other_campaigns.iter().map(|one| (one.campaign, one.people)).collect::<Vec<_>>(),
        [(earlier, 1)]
    );
    let case = school.case(&cohort, own);
    assert_eq!(case.row.reasons, [evidence::ALIKE]);
    let seen: Vec<_> = case.look_alikes.iter().map(|one| (one.person, one.campaign.as_deref())).collect();
    assert_eq!(seen, [(agreed, Some("2023级")); 2], "both photos of today show that admission photo's face");
    assert_eq!(school.case(&cohort, clear).row.outcome, Outcome::Match);
    // Whose face was looked at counts; whoever takes the consent back is found nowhere in what is not signed yet.
    assert_eq!(ground::count::of(&school.office).unwrap().here, 3);
    let withdrawal = Withdrawal { person: agreed };
    ground::consent::withdraw(&school.office, &school.registrar, earlier, withdrawal).unwrap();
    assert!(school.case(&cohort, own).look_alikes.is_empty());
    assert_eq!(ground::count::of(&school.office).unwrap().here, 2);
    assert_eq!(std::fs::read_dir(&school.office.paths.journals).unwrap().count(), 0, "no template is left");
}
