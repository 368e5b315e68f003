//! The law about faces, over the real HTTP API: no comparison without its ground, and an end that leaves nothing.

use api::face::Comparison;
use api::ids::PersonId;
use api::law::{ConsentRow, EndComparing, Ground, HandCheck, HandDecision, NewHandCheck, Withdrawal};
use api::ledger::LedgerEntry;
use api::{Page, ProblemCode, Role};
use serde_json::json;
use tests::{Client, Scene, models, refusal};

const STUDENTS: usize = 16;

fn compare(desk: &Client, person: PersonId, photo: (u64, u64)) -> anyhow::Result<Comparison> {
    let probe = verify::draw::portrait_jpeg(photo.0, photo.1);
    desk.post_bytes(&format!("/persons/{person}/comparisons"), probe)
}

#[test]
fn faces_are_compared_on_their_ground_and_no_longer_than_it_stands() {
    if models().is_none() {
        println!("skipped: the models are not there; `cargo xtask setup` fetches them");
        return;
    }
    let scene = Scene::open(STUDENTS).unwrap().staffed().unwrap().calibrated().unwrap();
    let (registrar, desk) = (scene.registrar().unwrap(), scene.appliance.enter(Role::Admissions).unwrap());
    let path = format!("/campaigns/{}", scene.campaign);
    let rows: Vec<ConsentRow> = desk.all(&format!("{path}/consents?barred=false")).unwrap();
    assert_eq!(rows.len(), STUDENTS);
    let [first, second] = [rows[0].person, rows[1].person];
    let made = compare(&desk, first, (0, 7)).unwrap();
    assert!(made.has_probe);

    // Whoever withdraws is not compared from then on, and the path by hand is open.
    let _: serde_json::Value =
        desk.post(&format!("{path}/withdrawals"), &Withdrawal { person: second }).unwrap();
    let problem = refusal(compare(&desk, second, (1, 7))).unwrap();
    assert_eq!(
        (problem.code, &problem.params["reason"][..]),
        (ProblemCode::MayNotCompare, "consent-withdrawn")
    );
    let found = NewHandCheck { decision: HandDecision::Same, note: "身份证与本人一致".to_owned() };
    let _: HandCheck = desk.post(&format!("/persons/{second}/hand-checks"), &found).unwrap();
    let checks: Vec<HandCheck> = desk.get(&format!("/persons/{second}/hand-checks")).unwrap();
    assert_eq!((checks.len(), &checks[0].found), (1, &found));

    // The end: the name is typed once more, and the ledger has what was destroyed.
    let wrong = EndComparing { name: "别的批次".to_owned() };
    let problem = refusal(registrar.post::<Ground>(&format!("{path}/comparing/end"), &wrong)).unwrap();
    assert_eq!(problem.code, ProblemCode::BadField);
    let end = EndComparing { name: "2027届".to_owned() };
    let ground: Ground = registrar.post(&format!("{path}/comparing/end"), &end).unwrap();
    let destroyed = ground.closed.unwrap().destroyed;
    assert_eq!((destroyed.probes, destroyed.comparisons), (1, 1));
    let left: Comparison = desk.get(&format!("/comparisons/{}", made.id)).unwrap();
    assert!(!left.has_probe);
    let problem = refusal(compare(&desk, first, (0, 7))).unwrap();
    assert_eq!(&problem.params["reason"][..], "comparing-ended");
    let problem = refusal(registrar.post::<Ground>(&format!("{path}/comparing"), &json!({}))).unwrap();
    assert_eq!(problem.code, ProblemCode::NoGround);
    for kind in
        ["notice.published", "assessment.signed", "campaign.comparing_opened", "campaign.comparing_ended"]
    {
        assert!(is_in_the_ledger(&registrar, &scene, kind), "{kind}");
    }
}

/// Whether the ledger tells of this in the campaign; it is a moment behind what happens.
fn is_in_the_ledger(registrar: &Client, scene: &Scene, kind: &str) -> bool {
    let path = format!("/ledger/entries?subject={}&limit=500", scene.campaign);
    (0..50).any(|_| {
        let entries: Page<LedgerEntry> = registrar.get(&path).unwrap();
        let found = entries.items.iter().any(|entry| entry.kind == kind);
        if !found {
            std::thread::sleep(std::time::Duration::from_millis(100));
        }
        found
    })
}
