//! The search compared with a model that is obviously right: reading every value of every person.

use std::{collections::BTreeSet, path::Path};

use ids::{CampaignId, DeliveryId, PersonId};
use rand::{Rng, SeedableRng, rngs::StdRng, seq::IndexedRandom};
use tempfile::TempDir;

use super::{
    Change, Field, Filters, IdNumberHash, Index, IndexError, Mode, PersonDoc, Query, Results, SearchError,
    Sort, Tried, grams, pinyin,
    schema::{self, LAYOUT},
};
use crate::person::{fold, is_han};

const SURNAMES: &[&str] =
    &["张", "章", "王", "汪", "李", "黎", "单", "曾", "解", "欧阳", "司马", "𠮷", "吕", "張"];
const GIVEN: &[&str] = &[
    "三", "山", "丰", "峰", "伟", "玮", "䶮", "㛃", "国", "國", "荣", "小", "明", "敏", "乐", "重", "行",
    "长", "玥", "婧",
];
const MINORITY: &[&str] = &["买买提", "吐尔逊", "阿依古丽", "热合曼", "岩温", "扎西", "玉罕", "木沙"];
const DOTS: &[char] = &['·', '•', '・', '．', '‧'];
const MAJORS: &[&str] = &["软件技术", "护理", "会计", "学前教育", "大数据技术", "计算机网络技术"];
const COLLEGES: &[&str] = &["信息工程学院", "护理学院", "财经学院", "教育学院"];
const TEXTS: &[&str] = &[
    "修完三年制专科教学计划规定的全部课程，成绩合格，准予毕业。",
    "学习期满，成绩不合格，准予结业。",
    "Graduated 2026 with honours.",
    "在本校软件技术专业\n学习，2.5年制",
];

/// How many people there are, and how many questions are asked about them.
const PEOPLE: usize = 2000;
const QUESTIONS: usize = 400;
/// How many deliveries brought their photos.
const DELIVERIES: u8 = 8;

struct World {
    people: Vec<PersonDoc>,
    _folder: TempDir,
    index: Index,
}

fn name(rng: &mut StdRng) -> String {
    if rng.random_bool(0.15) {
        let dot = DOTS.choose(rng).unwrap();
        return format!("{}{dot}{}", MINORITY.choose(rng).unwrap(), MINORITY.choose(rng).unwrap());
    }
    let given: String = (0..rng.random_range(1..=2)).map(|_| *GIVEN.choose(rng).unwrap()).collect();
    format!("{}{given}", SURNAMES.choose(rng).unwrap())
}

/// The deliveries of the made-up school, as the same ids each time.
fn delivery(number: u8) -> DeliveryId {
    DeliveryId::from_uuid(uuid::Uuid::from_bytes([number; 16]))
}

fn person(rng: &mut StdRng, number: usize) -> PersonDoc {
    let year = rng.random_range(2019..=2027);
    let class = rng.random_range(1..=12);
    let major = *MAJORS.choose(rng).unwrap();
    PersonDoc {
        former_names: if rng.random_bool(0.1) { vec![name(rng)] } else { Vec::new() },
        student_number: Some(format!("{year}{:02}{number:05}", rng.random_range(1..30))),
        candidate_number: rng
            .random_bool(0.8)
            .then(|| format!("{:02}53{:010}", year % 100, rng.random_range(0..9_999_999_999u64))),
        id_number_hash: Some(IdNumberHash(std::array::from_fn(|_| rng.random()))),
        class: Some(format!("{year}级{major}{class}班")),
        major: Some(major.to_owned()),
        college: COLLEGES.choose(rng).map(|&college| college.to_owned()),
        year: Some(year),
        certificate_numbers: if year < 2026 {
            vec![format!("105811{year}06{number:06}")]
        } else {
            Vec::new()
        },
        diploma_text: if year < 2026 { (*TEXTS.choose(rng).unwrap()).to_owned() } else { String::new() },
        notes: if rng.random_bool(0.1) { format!("A{number}-补照") } else { String::new() },
        photo_state: ["missing", "accepted", "archived"].choose(rng).map(|&state| state.to_owned()),
        deliveries: (0..rng.random_range(0..=3))
            .map(|_| delivery(rng.random_range(1..=DELIVERIES)))
            .collect(),
        ..PersonDoc::new(PersonId::new(), name(rng))
    }
}

fn world(size: usize) -> World {
    let mut rng = StdRng::seed_from_u64(7);
    let people: Vec<PersonDoc> = (0..size).map(|number| person(&mut rng, number)).collect();
    let folder = tempfile::tempdir().unwrap();
    let index = Index::create(folder.path()).unwrap();
    // Several commits make several segments, and every tenth person is written twice.
    for (round, chunk) in people.chunks(size.div_ceil(4)).enumerate() {
        let again = chunk.iter().step_by(10).map(|doc| PersonDoc { notes: "旧".to_owned(), ..doc.clone() });
        let changes = again.chain(chunk.iter().cloned()).map(|doc| Change::Upsert(Box::new(doc)));
        index.apply(changes, u64::try_from(round).unwrap() + 1).unwrap();
    }
    World { people, _folder: folder, index }
}

/// Every folded value of a person, as the rules of the search have it.
fn values(doc: &PersonDoc) -> Vec<String> {
    let names = std::iter::once(&doc.name).chain(&doc.former_names).flat_map(|name| {
        let folded = fold(name).as_str().to_owned();
        [folded.replace('·', ""), folded]
    });
    let numbers = doc.student_number.iter().chain(&doc.candidate_number).chain(&doc.certificate_numbers);
    let texts =
        [&doc.class, &doc.major, &doc.college].into_iter().flatten().chain([&doc.diploma_text, &doc.notes]);
    names
        .chain(numbers.chain(texts).map(|value| fold(value).as_str().to_owned()))
        .chain(doc.year.map(|y| y.to_string()))
        .collect()
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace()
        .map(|word| fold(word).as_str().to_owned())
        .filter(|word| !word.is_empty())
        .collect()
}

/// Who must be found.
fn model(read: &Read, text: &str) -> BTreeSet<PersonId> {
    let words = words(text);
    let hits =
        |values: &[String]| words.iter().all(|word| values.iter().any(|value| value.contains(word.as_str())));
    read.iter().filter(|(_, values)| hits(values)).map(|(person, _)| *person).collect()
}

/// Every value of everybody.
type Read = Vec<(PersonId, Vec<String>)>;

fn read_all(people: &[PersonDoc]) -> Read {
    people.iter().map(|doc| (doc.person, values(doc))).collect()
}

/// Everybody a question finds, page by page.
fn found(index: &Index, query: &Query) -> (BTreeSet<PersonId>, Results) {
    let mut all = BTreeSet::new();
    let mut query = Query { limit: 500, ..query.clone() };
    loop {
        let page = index.search(&query).unwrap();
        let length = page.exact.len();
        for hit in &page.exact {
            assert!(all.insert(hit.doc.person), "somebody stands on two pages");
            assert!(!hit.matches.is_empty() || query.text.trim().is_empty());
            for found in &hit.matches {
                assert!(found.ranges.iter().all(|range| found.value.get(range.clone()).is_some()));
            }
        }
        query.offset += length;
        if length == 0 || all.len() >= page.total {
            assert_eq!(all.len(), page.total);
            return (all, page);
        }
    }
}

/// A part of one of somebody's values, in one spelling or another, now and then with a slip in it.
fn some_word(rng: &mut StdRng, people: &[PersonDoc]) -> String {
    let doc = people.choose(rng).unwrap();
    let raw: Vec<String> = doc.names().cloned().chain(doc.numbers().cloned()).chain(values(doc)).collect();
    let value: Vec<char> = raw.choose(rng).unwrap().chars().filter(|c| !c.is_whitespace()).collect();
    if value.is_empty() {
        return "张".to_owned();
    }
    let from = rng.random_range(0..value.len());
    let length = rng.random_range(1..=value.len() - from);
    let mut word: Vec<char> = value[from..from + length].to_vec();
    if rng.random_bool(0.15) {
        let place = rng.random_range(0..word.len());
        word[place] = *['张', '三', '1', '7', 'x', '·', '國'].choose(rng).unwrap();
    }
    let word: String = word.into_iter().collect();
    match rng.random_range(0..8) {
        0 => word.to_uppercase(),
        1 => word
            .chars()
            .map(|c| if c.is_ascii_digit() { char::from_u32(u32::from(c) + 0xFEE0).unwrap() } else { c })
            .collect(),
        2 => word.replace('·', "・").replace('国', "國"),
        _ => word,
    }
}

#[test]
fn every_question_finds_exactly_whom_reading_everything_finds() {
    let world = world(PEOPLE);
    let mut rng = StdRng::seed_from_u64(11);
    let read = read_all(&world.people);
    let mut nonempty = 0;
    for _ in 0..QUESTIONS {
        let count = if rng.random_bool(0.7) { 1 } else { 2 };
        let text = (0..count).map(|_| some_word(&mut rng, &world.people)).collect::<Vec<_>>().join(" ");
        let sort = *[Sort::Relevance, Sort::Name, Sort::StudentNumber, Sort::Year].choose(&mut rng).unwrap();
        let query = Query { mode: Mode::Exact, sort, ..Query::new(text.clone()) };
        let (hits, _) = found(&world.index, &query);
        let wanted = model(&read, &text);
        assert!(hits == wanted, "{text:?}: found {}, wanted {}", hits.len(), wanted.len());
        nonempty += usize::from(!wanted.is_empty());
    }
    assert!(nonempty * 2 > QUESTIONS, "only {nonempty} questions had answers");
}

/// Whose name has the sounds of the word somewhere, by definition.
fn sounds_like(people: &[PersonDoc], word: &str) -> BTreeSet<PersonId> {
    let wanted: Vec<BTreeSet<String>> = word.chars().map(pinyin::readings).collect();
    let alike = |name: &String| {
        let has: Vec<BTreeSet<String>> =
            fold(name).as_str().chars().filter(|&c| is_han(c)).map(pinyin::readings).collect();
        has.windows(wanted.len()).any(|window| window.iter().zip(&wanted).all(|(a, b)| !a.is_disjoint(b)))
    };
    people.iter().filter(|doc| doc.names().any(alike)).map(|doc| doc.person).collect()
}

#[test]
fn homophones_are_listed_apart_and_completely() {
    let world = world(PEOPLE / 2);
    let mut rng = StdRng::seed_from_u64(13);
    let read = read_all(&world.people);
    for _ in 0..100 {
        let name = name(&mut rng);
        let folded = fold(&name).as_str().to_owned();
        if folded.contains('·') {
            continue;
        }
        let results = world.index.search(&Query { limit: 500, ..Query::new(name.clone()) }).unwrap();
        let exact = model(&read, &name);
        let wanted: BTreeSet<PersonId> =
            sounds_like(&world.people, &folded).difference(&exact).copied().collect();
        let heard: BTreeSet<PersonId> = results.pinyin.iter().map(|hit| hit.doc.person).collect();
        assert!(heard == wanted, "{name}: heard {}, wanted {}", heard.len(), wanted.len());
        assert_eq!(results.total, exact.len());
    }
}

#[test]
fn homophones_stand_beside_other_words_that_are_sounds_or_not() {
    let world = world(PEOPLE / 2);
    let mut rng = StdRng::seed_from_u64(17);
    let read = read_all(&world.people);
    // One character alone is no sound: half of everybody would sound like it.
    let either = |word: &str| {
        let heard = if word.chars().count() > 1 { sounds_like(&world.people, word) } else { BTreeSet::new() };
        heard.union(&model(&read, word)).copied().collect::<BTreeSet<_>>()
    };
    let mut heard_somebody = 0;
    for round in 0..120 {
        let name = fold(&name(&mut rng)).as_str().to_owned();
        let first: String = name.chars().filter(|c| is_han(*c)).take(1 + round % 2).collect();
        for other in ["202", "班", "软件"] {
            let text = format!("{first} {other}");
            let results = world.index.search(&Query { limit: 500, ..Query::new(text.clone()) }).unwrap();
            let exact = model(&read, &text);
            let both: BTreeSet<PersonId> = either(&first).intersection(&either(other)).copied().collect();
            let wanted = both.difference(&exact).count();
            assert_eq!((results.total, results.pinyin_total), (exact.len(), wanted), "{text}");
            let heard: BTreeSet<PersonId> = results.pinyin.iter().map(|hit| hit.doc.person).collect();
            assert!(heard.is_subset(&both) && heard.is_disjoint(&exact), "{text}");
            heard_somebody += usize::from(wanted > 0);
        }
    }
    assert!(heard_somebody > 60, "only {heard_somebody} questions heard somebody");
}

#[test]
fn letters_find_names_by_sound_and_by_initials_and_never_as_exact_hits() {
    let folder = tempfile::tempdir().unwrap();
    let index = Index::create(folder.path()).unwrap();
    let people = ["张三丰", "章珊枫", "李四", "单雄信", "买买提·吐尔逊"]
        .map(|name| PersonDoc::new(PersonId::new(), name));
    index.apply(people.iter().cloned().map(|doc| Change::Upsert(Box::new(doc))), 1).unwrap();
    let names = |text: &str| {
        let results = index.search(&Query::new(text)).unwrap();
        assert_eq!(results.total, 0, "{text}");
        assert!(results.tried.contains(&Tried::Pinyin));
        results.pinyin.iter().map(|hit| hit.matches[0].value.clone()).collect::<BTreeSet<_>>()
    };
    let both = BTreeSet::from(["张三丰".to_owned(), "章珊枫".to_owned()]);
    assert_eq!(names("zhangsanfeng"), BTreeSet::from(["张三丰".to_owned()]));
    assert_eq!(names("zsf"), both);
    assert_eq!(names("zhang"), both);
    assert_eq!(names("zhang feng"), both);
    assert_eq!(names("Zhāng Sān"), BTreeSet::from(["张三丰".to_owned()]));
    assert_eq!(names("shanxiongxin"), BTreeSet::from(["单雄信".to_owned()]));
    assert_eq!(names("danxiong"), BTreeSet::from(["单雄信".to_owned()]));
    assert_eq!(names("maimaiti"), BTreeSet::from(["买买提·吐尔逊".to_owned()]));
}

#[test]
fn a_dot_may_be_written_in_any_way_or_left_out() {
    let folder = tempfile::tempdir().unwrap();
    let index = Index::create(folder.path()).unwrap();
    let doc = PersonDoc::new(PersonId::new(), "买买提•吐尔逊");
    index.apply([Change::Upsert(Box::new(doc.clone()))], 1).unwrap();
    for text in [
        "买买提·吐尔逊",
        "买买提・吐尔逊",
        "买买提.吐尔逊",
        "买买提吐尔逊",
        "提吐",
        "提·吐",
        "买买提 吐尔逊",
        "買買提",
    ] {
        let results = index.search(&Query::new(text)).unwrap();
        assert_eq!(results.total, 1, "{text}");
        let found = &results.exact[0].matches[0];
        assert_eq!((found.field, found.value.as_str()), (Field::Name, "买买提•吐尔逊"), "{text}");
        assert!(!found.ranges.is_empty(), "{text}");
    }
    assert_eq!(index.search(&Query::new("吐·尔")).unwrap().total, 0);
}

#[test]
fn whole_names_come_first_then_beginnings_then_parts() {
    let folder = tempfile::tempdir().unwrap();
    let index = Index::create(folder.path()).unwrap();
    let mut people = ["小张三", "张三丰", "张三"].map(|name| PersonDoc::new(PersonId::new(), name));
    people[0].student_number = Some("1".to_owned());
    let in_text =
        PersonDoc { notes: "张三的同学".to_owned(), ..PersonDoc::new(PersonId::new(), "李四") };
    let all = people.iter().chain([&in_text]).cloned().map(|doc| Change::Upsert(Box::new(doc)));
    index.apply(all, 1).unwrap();
    let results = index.search(&Query::new("张三")).unwrap();
    let order: Vec<PersonId> = results.exact.iter().map(|hit| hit.doc.person).collect();
    assert_eq!(order, [people[2].person, people[1].person, people[0].person, in_text.person]);
}

#[test]
fn a_number_with_a_wrong_digit_is_suggested_and_not_hit() {
    let world = world(300);
    let doc = &world.people[100];
    let number = doc.student_number.clone().unwrap();
    let mut wrong: Vec<char> = number.chars().collect();
    wrong[5] = if wrong[5] == '9' { '8' } else { '9' };
    wrong[4] = number.chars().nth(4).unwrap();
    let wrong: String = wrong.into_iter().collect();
    let results = world.index.search(&Query::new(wrong.clone())).unwrap();
    assert_eq!((results.total, results.pinyin_total), (0, 0));
    assert!(results.tried.contains(&Tried::NearNumbers));
    assert!(
        results
            .suggestions
            .iter()
            .any(|near| near.number == number && near.person == doc.person && near.typed == wrong)
    );
    for part in [&number[..6], &number[3..9], &number[..]] {
        assert!(
            world
                .index
                .search(&Query { limit: 500, ..Query::new(part) })
                .unwrap()
                .exact
                .iter()
                .any(|hit| hit.doc.person == doc.person)
        );
    }
}

#[test]
fn an_identity_number_is_found_by_its_hash_only() {
    let folder = tempfile::tempdir().unwrap();
    let index = Index::create(folder.path()).unwrap();
    let hash = IdNumberHash([9; 32]);
    let doc = PersonDoc { id_number_hash: Some(hash), ..PersonDoc::new(PersonId::new(), "张三") };
    index.apply([Change::Upsert(Box::new(doc.clone()))], 1).unwrap();
    let query = Query::new("张三 11010519491231002x");
    assert!(query.id_number().is_some());
    assert_eq!(index.search(&query).unwrap().total, 0);
    let results = index.search(&Query { id_number_hash: Some(hash), ..query }).unwrap();
    assert_eq!(results.exact[0].matches[0].field, Field::IdNumber);
    assert!(results.tried.contains(&Tried::IdNumber));
    let mistyped = index.search(&Query::new("110105194912310021")).unwrap();
    assert!(mistyped.tried.contains(&Tried::IdNumberMistyped));
}

#[test]
fn facets_count_the_hits_and_narrow_them() {
    let world = world(800);
    let results = world.index.search(&Query::new("张")).unwrap();
    let hits: Vec<&PersonDoc> = {
        let wanted = model(&read_all(&world.people), "张");
        world.people.iter().filter(|doc| wanted.contains(&doc.person)).collect()
    };
    assert_eq!(results.total, hits.len());
    for count in &results.facets.years {
        let wanted = hits.iter().filter(|doc| doc.year.unwrap().to_string() == count.value).count();
        assert_eq!(count.count, wanted);
    }
    assert_eq!(results.facets.colleges.iter().map(|count| count.count).sum::<usize>(), hits.len());
    let filters =
        Filters { years: vec![2024, 2025], colleges: vec!["护理学院".to_owned()], ..Filters::default() };
    let narrowed = world.index.search(&Query { filters: filters.clone(), ..Query::new("张") }).unwrap();
    let wanted = hits
        .iter()
        .filter(|doc| matches!(doc.year, Some(2024 | 2025)) && doc.college.as_deref() == Some("护理学院"))
        .count();
    assert_eq!(narrowed.total, wanted);
    let everybody = world.index.search(&Query { filters, ..Query::new("") }).unwrap();
    assert!(everybody.total >= wanted);
    let nobody = Filters { campaigns: vec![CampaignId::new()], ..Filters::default() };
    assert_eq!(world.index.search(&Query { filters: nobody, ..Query::new("") }).unwrap().total, 0);
}

#[test]
fn pages_put_together_are_everybody_in_the_order_of_student_numbers() {
    let world = world(900);
    let read = read_all(&world.people);
    for (text, sort) in [
        ("软件", Sort::StudentNumber),
        ("软件", Sort::Relevance),
        ("2023", Sort::StudentNumber),
        ("", Sort::Relevance),
    ] {
        let hits = model(&read, text);
        let mut wanted: Vec<_> = world.people.iter().filter(|doc| hits.contains(&doc.person)).collect();
        wanted.sort_by_key(|doc| doc.student_number.clone());
        let wanted: Vec<_> = wanted.into_iter().map(|doc| doc.person).collect();
        let mut found = Vec::new();
        loop {
            let query = Query { mode: Mode::Exact, sort, offset: found.len(), limit: 17, ..Query::new(text) };
            let page = world.index.search(&query).unwrap();
            assert_eq!(page.total, wanted.len());
            found.extend(page.exact.iter().map(|hit| hit.doc.person));
            if page.exact.len() < 17 {
                break;
            }
        }
        assert!(wanted.len() > 40, "{text} proves nothing");
        assert_eq!(found, wanted, "{text}");
    }
}

#[test]
fn a_person_counts_under_every_delivery_that_brought_a_photo_and_once_under_each() {
    let world = world(800);
    let of = |wanted: &[DeliveryId]| {
        world.people.iter().filter(|doc| wanted.iter().any(|id| doc.deliveries.contains(id))).count()
    };
    let all = world.index.search(&Query::new("")).unwrap();
    assert_eq!(all.facets.deliveries.len(), usize::from(DELIVERIES));
    for count in &all.facets.deliveries {
        assert_eq!(count.count, of(&[count.value.parse().unwrap()]), "{}", count.value);
    }
    let counted: usize = all.facets.deliveries.iter().map(|count| count.count).sum();
    let several = world.people.iter().filter(|doc| doc.deliveries.len() > 1).count();
    let none = world.people.iter().filter(|doc| doc.deliveries.is_empty()).count();
    assert!(several > 0 && none > 0 && counted > all.total - none, "the made-up people prove nothing");

    // Two deliveries are alternatives; beside another facet both are required.
    for wanted in [vec![delivery(1)], vec![delivery(1), delivery(2)], vec![DeliveryId::new()]] {
        let filters = Filters { deliveries: wanted.clone(), ..Filters::default() };
        let (hits, results) = found(&world.index, &Query { filters, mode: Mode::Exact, ..Query::new("") });
        assert_eq!(hits.len(), of(&wanted));
        assert!(
            world
                .people
                .iter()
                .filter(|doc| hits.contains(&doc.person))
                .all(|doc| { doc.deliveries.iter().any(|id| wanted.contains(id)) })
        );
        let own = results.facets.deliveries.iter().find(|count| count.value == wanted[0].to_string());
        assert_eq!(own.map_or(0, |count| count.count), of(&wanted[..1]));
    }
    let filters = Filters { deliveries: vec![delivery(3)], years: vec![2024], ..Filters::default() };
    let narrowed = world.index.search(&Query { filters, ..Query::new("张") }).unwrap();
    let named = model(&read_all(&world.people), "张");
    let wanted = world.people.iter().filter(|doc| {
        named.contains(&doc.person) && doc.year == Some(2024) && doc.deliveries.contains(&delivery(3))
    });
    assert_eq!(narrowed.total, wanted.count());
}

#[test]
fn a_crash_between_commits_leaves_the_former_position_and_replaying_is_harmless() {
    let folder = tempfile::tempdir().unwrap();
    let doc = PersonDoc::new(PersonId::new(), "张三");
    {
        let index = Index::create(folder.path()).unwrap();
        assert_eq!(index.position().unwrap(), 0);
        index.apply([Change::Upsert(Box::new(doc.clone()))], 5).unwrap();
    }
    let index = Index::open(folder.path()).unwrap();
    assert_eq!((index.position().unwrap(), index.len()), (5, 1));
    index.apply([Change::Upsert(Box::new(doc.clone()))], 5).unwrap();
    assert_eq!(index.len(), 1);
    assert!(matches!(index.apply([], 4), Err(IndexError::GoingBack { at: 5, asked: 4 })));
    index.apply([Change::Remove(doc.person)], 6).unwrap();
    assert_eq!((index.position().unwrap(), index.len()), (6, 0));
}

/// After so many small commits the writer merges by itself, at the very moment when all of it is to become one.
#[test]
fn an_index_becomes_one_segment_while_its_writer_is_merging() {
    let mut rng = StdRng::seed_from_u64(3);
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let index = Index::create(folder.path()).unwrap();
        for round in 1..=16_u64 {
            let people = (0..60).map(|n| Change::Upsert(Box::new(person(&mut rng, n))));
            index.apply(people, round).unwrap();
        }
        index.unite().unwrap();
        assert_eq!((index.len(), index.position().unwrap()), (16 * 60, 16));
        index.purge().unwrap();
    }
}

#[test]
fn purging_leaves_no_byte_of_a_removed_person() {
    let folder = tempfile::tempdir().unwrap();
    let index = Index::create(folder.path()).unwrap();
    let secret = "zqxjkvwpmarker";
    let gone = PersonDoc { notes: secret.to_owned(), ..PersonDoc::new(PersonId::new(), "张三") };
    let stays = PersonDoc::new(PersonId::new(), "李四");
    index.apply([&gone, &stays].map(|doc| Change::Upsert(Box::new(doc.clone()))), 1).unwrap();
    let has_secret = || {
        std::fs::read_dir(folder.path()).unwrap().any(|file| {
            let bytes = std::fs::read(file.unwrap().path()).unwrap();
            bytes
                .windows(gone.person.uuid().simple().to_string().len())
                .any(|w| w == gone.person.uuid().simple().to_string().as_bytes())
        })
    };
    assert!(has_secret(), "the test would prove nothing");
    index.apply([Change::Remove(gone.person)], 2).unwrap();
    index.purge().unwrap();
    assert!(!has_secret());
    assert_eq!((index.position().unwrap(), index.len()), (2, 1));
    assert_eq!(index.search(&Query::new("李四")).unwrap().total, 1);
}

#[test]
fn an_index_of_another_layout_is_refused_so_that_it_is_rebuilt() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(Index::open(folder.path()), Err(IndexError::Missing(_))));
    drop(Index::create(folder.path()).unwrap());
    assert!(matches!(Index::create(folder.path()), Err(IndexError::Exists(_))));
    let meta = folder.path().join("meta.json");
    let text = std::fs::read_to_string(&meta).unwrap().replace(LAYOUT, "xuecang-person-0");
    std::fs::write(&meta, text).unwrap();
    let error = Index::open(folder.path()).unwrap_err();
    assert!(matches!(error, IndexError::OtherLayout { .. }) && error.wants_rebuild());
}

/// An index as the first layout had it: no field for deliveries, none for pairs of syllables.
fn first_layout(folder: &Path) -> Index {
    let mut fields = serde_json::to_value(schema::schema()).unwrap();
    fields.as_array_mut().unwrap().retain(|field| field["name"] != "delivery" && field["name"] != "pairs");
    let old: tantivy::schema::Schema = serde_json::from_value(fields).unwrap();
    assert_eq!(old.num_fields() + 2, schema::schema().num_fields());
    let index = tantivy::Index::create_in_dir(folder, old).unwrap();
    let made = Index::with(folder, index, "xuecang-person-2".to_owned()).unwrap();
    made.apply([], 0).unwrap();
    made
}

#[test]
fn an_index_of_the_first_layout_answers_truly_takes_changes_and_stays_what_it_is() {
    let folder = tempfile::tempdir().unwrap();
    drop(first_layout(folder.path()));
    let mut rng = StdRng::seed_from_u64(7);
    let people: Vec<PersonDoc> = (0..200).map(|number| person(&mut rng, number)).collect();
    {
        let index = Index::open(folder.path()).unwrap();
        index.apply(people.iter().cloned().map(|doc| Change::Upsert(Box::new(doc))), 3).unwrap();
        index.apply([Change::Remove(people[0].person)], 4).unwrap();
    }
    let index = Index::open(folder.path()).unwrap();
    assert!(index.is_older() && index.position().unwrap() == 4);
    let read = read_all(&people[1..]);
    for text in ["张", "2024", "护理", "三", "A"] {
        let (hits, _) = found(&index, &Query { mode: Mode::Exact, ..Query::new(text) });
        assert_eq!(hits, model(&read, text), "{text}");
    }
    // It hears what an index of today hears.
    let folder = tempfile::tempdir().unwrap();
    let today = Index::create(folder.path()).unwrap();
    today.apply(people[1..].iter().cloned().map(|doc| Change::Upsert(Box::new(doc))), 1).unwrap();
    let mut heard_today = BTreeSet::new();
    for text in ["zhang", "zhangsan", "章杉", "李重国", "lichong", "danxing", "司马明", "wangle"] {
        let heard = |index: &Index| {
            let hits = index.search(&Query { limit: 200, ..Query::new(text) }).unwrap().pinyin;
            hits.into_iter().map(|hit| hit.doc.person).collect::<BTreeSet<_>>()
        };
        let today = heard(&today);
        assert_eq!(heard(&index), today, "{text}");
        heard_today.extend(today);
    }
    assert!(heard_today.len() > 10, "{}", heard_today.len());
    let all = index.search(&Query::new("")).unwrap();
    assert!(all.facets.deliveries.is_empty());
    assert_eq!(all.facets.colleges.iter().map(|count| count.count).sum::<usize>(), 199);
    let filters = Filters { deliveries: vec![delivery(1)], ..Filters::default() };
    let refused = index.search(&Query { filters, ..Query::new("") });
    assert!(matches!(refused, Err(SearchError::NoFacet { facet: "delivery" })));
}

#[test]
fn a_filling_says_how_far_it_is_and_keeps_its_position() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (PersonDoc::new(PersonId::new(), "张三"), PersonDoc::new(PersonId::new(), "李四"));
    {
        let index = Index::create(folder.path()).unwrap();
        assert!(!index.is_older() && index.filled().unwrap().is_none());
        index.fill([Change::Upsert(Box::new(one.clone()))], one.person).unwrap();
        index.apply([Change::Upsert(Box::new(other))], 9).unwrap();
    }
    let index = Index::open(folder.path()).unwrap();
    assert_eq!((index.filled().unwrap(), index.position().unwrap(), index.len()), (Some(one.person), 9, 2));
    index.purge().unwrap();
    assert_eq!((index.filled().unwrap(), index.position().unwrap()), (Some(one.person), 9));
}

/// If this must change, `LAYOUT` needs another name and `READABLE` must be emptied: what older indexes hold was cut as it
/// stands here, and would not be found.
#[test]
fn values_are_cut_as_the_readable_layouts_cut_them() {
    let pieces = |text: &str| {
        let pieces = grams::pieces_of(fold(text).as_str());
        pieces.iter().map(|piece| format!("{}:{}", piece.at, piece.text.escape_default())).collect::<Vec<_>>()
    };
    let values = ["买买提•吐尔逊", "張三丰", "２０２４级软件技术1班", "ＡＢ-2024 07"];
    let sounds = ["单雄信", "重庆"].map(|name| (pinyin::sounds(name), pinyin::initials(name)));
    insta::assert_debug_snapshot!((schema::READABLE, values.map(|text| (text, pieces(text))), sounds));
}

#[test]
fn questions_without_measure_are_refused() {
    let world = world(10);
    let long = Query::new("张".repeat(201));
    assert!(matches!(world.index.search(&long), Err(SearchError::TooLong { .. })));
    let many = Query::new("张 ".repeat(13));
    assert!(matches!(world.index.search(&many), Err(SearchError::TooLong { .. })));
    let deep = Query { offset: 1_000_000, ..Query::new("张") };
    assert!(matches!(world.index.search(&deep), Err(SearchError::TooDeep { .. })));
}
