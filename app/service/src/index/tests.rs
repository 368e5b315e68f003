//! Generations: one answers while the next is filled, whatever happens between.

use std::{collections::BTreeSet, path::Path};

use api::ProblemCode;
use api::ids::{DeliveryId, JobId};
use api::job::{JobKind, JobState};
use api::search::{SearchQuery, SearchResults};
use archive::dossier::{Change as Kept, Facts};
use serde_json::Value;

use super::*;
use crate::authority::Names;
use crate::{Actor, Config, dossier, job, search};

/// Parts of a filling; so that there are several with few people.
const PARTS: u64 = 4;

struct School {
    dir: tempfile::TempDir,
    office: Arc<Office>,
    /// In the order of their ids, in which an index is filled.
    people: Vec<PersonId>,
}

fn registrar() -> Actor {
    Actor { rights: [api::Right::Search].into(), account: "registrar".to_owned(), ..Actor::console() }
}

fn open(dir: &Path) -> Arc<Office> {
    Office::open(Config { allow_unencrypted_volume: true, ..Config::new(dir.join("data")) }).unwrap()
}

impl School {
    /// A school whose index was made by an older version.
    fn of_old() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Office::create(&dir.path().join("data"), "测试学院", &Names::local()).unwrap();
        let mut school = Self { office: open(dir.path()), dir, people: Vec::new() };
        for n in 0..PARTS * u64::from(CHUNK) {
            school.people.push(PersonId::new());
            school.named(school.people[school.people.len() - 1], &format!("学生{n}"));
        }
        school.people.sort_unstable();
        make_old_index(&school.office);
        catch_up(&school.office).unwrap();
        assert!(get(&school.office).unwrap().is_older(), "the index is none of an older version");
        school
    }

    /// The appliance after its process was killed.
    fn again(self) -> Self {
        let Self { dir, office, people } = self;
        drop(office);
        Self { office: open(dir.path()), dir, people }
    }

    fn named(&self, person: PersonId, name: &str) {
        let facts = PersonRecord { name: name.to_owned(), ..PersonRecord::default() };
        let change = Kept::of(person, "Roster of a test").facts(Facts::Set(Box::new(facts)));
        dossier::keep(&self.office, &Actor::console(), vec![change]).unwrap();
    }

    /// The dossiers and every row of them are gone.
    fn remove(&self, people: &[PersonId]) {
        for person in people {
            let uuid = person.uuid().to_string();
            let is_own = |folder: &PathBuf| {
                std::fs::read_to_string(folder.join("inventory.json")).unwrap().contains(&uuid)
            };
            let own = self.office.archive.folders().map(|folder| folder.unwrap()).find(is_own).unwrap();
            std::fs::remove_dir_all(own).unwrap();
        }
        dossier::holdings(&self.office).rebuild(&mut |_, _| true).unwrap();
    }

    fn find(&self, query: &SearchQuery) -> SearchResults {
        search::find(&self.office, &registrar(), query).unwrap()
    }

    fn finds(&self, name: &str) -> u64 {
        self.find(&SearchQuery { q: name.to_owned(), ..SearchQuery::default() }).total
    }

    /// Everybody that the index itself holds, whether the catalog knows them or not.
    fn held(&self) -> BTreeSet<PersonId> {
        let query = archive::search::Query { limit: 500, ..archive::search::Query::new("") };
        let found = get(&self.office).unwrap().search(&query).unwrap();
        found.exact.iter().map(|hit| hit.doc.person).collect()
    }

    /// Fills the next one until `parts` are done or it is in place. How many people were done when it stopped.
    fn fill(&self, job: JobId, parts: u64) -> (Result<u64>, Vec<u64>) {
        let mut seen = Vec::new();
        let ended = renew::renew(&self.office, job, &mut |done, _| {
            seen.push(done);
            (seen.len() as u64) < parts
        });
        (ended, seen)
    }

    fn generations(&self) -> BTreeSet<String> {
        let entries = std::fs::read_dir(&self.office.paths.index).unwrap().map(|entry| entry.unwrap());
        let folders = entries.filter(|entry| entry.path().is_dir());
        folders.map(|entry| entry.file_name().into_string().unwrap()).collect()
    }

    /// The new one answers, whole, and nothing else is left.
    fn is_renewed(&self) {
        let index = get(&self.office).unwrap();
        assert!(!index.is_older());
        assert_eq!(self.held(), self.people.iter().copied().collect());
        assert_eq!(renewal(&self.office), None);
        assert_eq!(generation::named(&self.office, generation::NEXT), None);
        assert_eq!(
            self.generations(),
            generation::named(&self.office, generation::CURRENT).into_iter().collect()
        );
    }
}

/// An empty index as the first layout had it, in place of the one in use; it is filled by what follows the queue.
fn make_old_index(office: &Office) {
    let folder = office.paths.index.join("old");
    drop(Index::create(&folder).unwrap());
    let file = folder.join("meta.json");
    let mut meta: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
    let fields = meta["schema"].as_array_mut().unwrap();
    let before = fields.len();
    fields.retain(|field| field["name"] != "delivery" && field["name"] != "pairs");
    assert_eq!(fields.len(), before - 2);
    let mut payload: Value = serde_json::from_str(meta["payload"].as_str().unwrap()).unwrap();
    payload["layout"] = "xuecang-person-2".into();
    meta["payload"] = payload.to_string().into();
    std::fs::write(&file, meta.to_string()).unwrap();
    generation::name(office, generation::CURRENT, "old").unwrap();
    office.catalog.write(to_index::insert_all).unwrap();
}

#[test]
fn while_the_next_is_filled_both_take_every_change_and_nobody_removed_is_in_either() {
    let mut school = School::of_old();
    let (early, late) = (school.people[1], school.people[school.people.len() - 2]);
    let (removed_early, removed_late) = (school.people[0], school.people[school.people.len() - 1]);
    let newcomer = PersonId::new();
    let mut parts = 0;
    renew::renew(&school.office, JobId::new(), &mut |done, total| {
        parts += 1;
        if parts == 2 {
            assert_eq!((done, total), (PARTS * u64::from(CHUNK) / 2, PARTS * u64::from(CHUNK)));
            assert_eq!(renewal(&school.office), Some((done, total)));
            school.named(early, "改名甲");
            school.named(late, "改名乙");
            school.named(newcomer, "新来");
            school.remove(&[removed_early, removed_late]);
            // The index has them still; whoever looks doesn't.
            let shown = school.find(&SearchQuery::default()).exact;
            assert!(shown.iter().all(|hit| ![removed_early, removed_late].contains(&hit.person)));
            assert!(school.held().contains(&removed_early));
            catch_up(&school.office).unwrap();
            // The older one answers, and knows.
            assert!(get(&school.office).unwrap().is_older());
            assert_eq!(["改名甲", "改名乙", "新来"].map(|name| school.finds(name)), [1; 3]);
            let held = school.held();
            assert!(!held.contains(&removed_early) && !held.contains(&removed_late));
        }
        true
    })
    .unwrap();
    assert!(parts >= PARTS - 1);
    school.people.retain(|person| ![removed_early, removed_late].contains(person));
    school.people.push(newcomer);
    school.is_renewed();
    assert_eq!(["改名甲", "改名乙", "新来"].map(|name| school.finds(name)), [1; 3]);
}

#[test]
fn an_older_index_answers_says_that_it_is_being_renewed_and_refuses_the_facet_it_lacks() {
    let school = School::of_old();
    let found = school.find(&SearchQuery { q: "学生".to_owned(), ..SearchQuery::default() });
    assert_eq!(found.total, PARTS * u64::from(CHUNK));
    assert_eq!(found.renewal, Some(api::search::Renewal { done: 0, total: 0 }));
    assert!(found.facets.iter().find(|facet| facet.field == "delivery").unwrap().values.is_empty());
    assert_eq!(found.facets.iter().find(|facet| facet.field == "photo_state").unwrap().values.len(), 1);
    // What is shown of anybody comes from the catalog: an older index may lack some of it.
    let newer = |people| View::of(&school.office).unwrap().newer(&school.office, people).unwrap();
    assert_eq!(newer(&school.people).len(), school.people.len());
    let narrowed = SearchQuery { delivery: Some(DeliveryId::new()), ..SearchQuery::default() };
    let refused = search::find(&school.office, &registrar(), &narrowed).unwrap_err();
    assert!(matches!(refused, Error::Refused(problem) if problem.code == ProblemCode::FacetNotYet));
    school.fill(JobId::new(), u64::MAX).0.unwrap();
    assert_eq!(search::find(&school.office, &registrar(), &narrowed).unwrap().total, 0);
    assert!(newer(&school.people).is_empty());
    school.is_renewed();
}

#[test]
fn wherever_a_renewal_is_cut_off_the_next_start_goes_on_from_there() {
    for parts in 1..=PARTS {
        let school = School::of_old();
        let job = JobId::new();
        let (ended, seen) = school.fill(job, parts);
        assert!(ended.is_err() && seen.len() as u64 == parts);
        // What changes between two starts reaches both.
        let school = school.again();
        school.named(school.people[0], "改名");
        catch_up(&school.office).unwrap();
        assert!(get(&school.office).unwrap().is_older(), "it was put in place before it was whole");
        assert_eq!(school.finds("改名"), 1);
        let (ended, after) = school.fill(job, u64::MAX);
        ended.unwrap();
        assert_eq!(after.len() as u64, PARTS - parts, "people were written again: {after:?}");
        school.is_renewed();
        assert_eq!(school.finds("改名"), 1);
        // The job is run again by a start that does not know of its end: there is nothing to do.
        let school = school.again();
        let before = school.generations();
        let (ended, again) = school.fill(job, u64::MAX);
        ended.unwrap();
        assert!(again.is_empty());
        assert_eq!(school.generations(), before);
        school.is_renewed();
    }
}

#[test]
fn what_a_crash_leaves_between_two_files_is_put_right() {
    // Made and not yet named: it goes.
    let school = School::of_old();
    drop(Index::create(&generation::folder(&school.office, "unnamed")).unwrap());
    renew::begin_if_older(&school.office).unwrap();
    assert_eq!(school.generations(), BTreeSet::from(["old".to_owned()]));
    // Named, and its folder is gone or is no index: it is begun anew.
    for broken in [false, true] {
        generation::name(&school.office, generation::NEXT, "next-one").unwrap();
        if broken {
            let folder = generation::folder(&school.office, "next-one");
            std::fs::create_dir(&folder).unwrap();
            std::fs::write(folder.join("meta.json"), "{").unwrap();
        }
        catch_up(&school.office).unwrap();
        assert_eq!(generation::named(&school.office, generation::NEXT), None);
        assert_eq!(school.generations(), BTreeSet::from(["old".to_owned()]));
    }
    school.fill(JobId::new(), u64::MAX).0.unwrap();
    school.is_renewed();
    // Swapped, and the file that named it the next one is still there.
    let current = generation::named(&school.office, generation::CURRENT).unwrap();
    generation::name(&school.office, generation::NEXT, &current).unwrap();
    let school = school.again();
    catch_up(&school.office).unwrap();
    school.is_renewed();
}

#[test]
fn an_index_made_at_one_go_takes_the_place_of_one_that_is_being_filled() {
    let school = School::of_old();
    assert!(school.fill(JobId::new(), 2).0.is_err());
    assert_eq!(school.generations().len(), 2);
    rebuild(&school.office, &mut |_, _| true).unwrap();
    school.is_renewed();
    school.named(school.people[0], "改名");
    catch_up(&school.office).unwrap();
    assert_eq!(school.finds("改名"), 1);
}

#[test]
fn a_start_with_an_older_index_renews_it_by_a_job_that_people_see() {
    let school = School::of_old();
    renew::begin_if_older(&school.office).unwrap();
    renew::begin_if_older(&school.office).unwrap();
    let mut keeper = Actor::console();
    keeper.rights.insert(api::Right::MaintainArchive);
    let jobs = job::list(&school.office, &keeper, None).unwrap();
    assert_eq!(jobs.iter().map(|job| job.kind).collect::<Vec<_>>(), [JobKind::RenewIndex]);
    let workers = job::start(&school.office).unwrap();
    let follower = follow(&school.office).unwrap();
    let ended = || {
        let job = job::get(&school.office, &keeper, jobs[0].id).unwrap();
        (job.state == JobState::Done).then(|| job.result["people"])
    };
    let people = (0..200).find_map(|_| {
        thread::sleep(Duration::from_millis(50));
        ended()
    });
    assert_eq!(people, Some(PARTS * u64::from(CHUNK)));
    drop(follower);
    workers.stop();
    school.is_renewed();
}

#[test]
fn an_index_that_can_not_be_read_is_made_before_anything_is_found_and_who_asks_is_told() {
    for spoil in [
        |meta: String| meta.replace("xuecang-person-2", "xuecang-person-0"),
        |meta: String| meta.replace("syllables", "letters"),
        |_: String| "{".to_owned(),
    ] {
        let school = School::of_old();
        let file = generation::folder(&school.office, "old").join("meta.json");
        let meta = std::fs::read_to_string(&file).unwrap();
        let spoilt = spoil(meta.clone());
        assert_ne!(spoilt, meta);
        let school = school.again();
        std::fs::write(&file, spoilt).unwrap();
        {
            // As while it is being made by another thread.
            let _alone = lock(&school.office.index.changing);
            let under_way = school.office.index.making.begin();
            under_way.reached(3, 9);
            let refused = search::find(&school.office, &registrar(), &SearchQuery::default()).unwrap_err();
            let Error::Refused(problem) = refused else { panic!("{refused:?}") };
            assert_eq!(problem.code, ProblemCode::IndexBeingMade);
            assert_eq!((problem.params["done"].as_str(), problem.params["total"].as_str()), ("3", "9"));
        }
        assert_eq!(school.finds("学生"), PARTS * u64::from(CHUNK));
        school.is_renewed();
    }
}
