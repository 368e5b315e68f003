//! The steps of the story, in order. Each file plays one and says what it claims.

mod accept;
mod check;
mod cohort;
mod compare;
mod delete;
mod find;
mod import;
mod look;
mod rebuild;
mod tokens;

use anyhow::Result;
use api::ids::{CampaignId, DeliveryId, PersonId};

use crate::agent::Agent;
use crate::faces::Faces;
use crate::people::People;
use crate::report::Report;
use crate::school::{Student, students};
use crate::server::Server;

/// How many graduates of the year before are in the archive too: they have certificates.
const ALUMNI: usize = 80;

/// Where the story stands.
#[derive(Debug)]
pub(crate) struct Story {
    pub(crate) server: Server,
    pub(crate) people: People,
    pub(crate) agent: Agent,
    pub(crate) faces: Faces,
    pub(crate) seed: u64,
    /// The students of the campaign, then the alumni.
    pub(crate) students: Vec<Student>,
    /// How many of them are of the campaign.
    pub(crate) cohort: usize,
}

/// What later steps need of earlier ones.
#[derive(Debug)]
struct Campaigns {
    /// The campaign whose photos are captured.
    current: CampaignId,
    /// The one of the year before.
    before: CampaignId,
}

/// Who has which token.
#[derive(Debug)]
struct Tokens {
    /// The students of the campaign: person and token, in the order of [`Story::students`].
    given: Vec<(PersonId, String)>,
    /// An authentic token of the other campaign.
    foreign: String,
    /// Everybody of the other campaign.
    others: Vec<PersonId>,
}

impl Story {
    /// The story before its first step.
    pub(crate) fn new(server: Server, people: People, agent: Agent, faces: Faces, seed: u64) -> Self {
        let mut all = students(faces.people, 2024, seed);
        let cohort = all.len();
        all.extend(students(ALUMNI, 2023, seed));
        Self { server, people, agent, faces, seed, students: all, cohort }
    }

    /// The students of the campaign.
    fn cohort(&self) -> &[Student] {
        self.students.get(..self.cohort).unwrap_or_default()
    }
}

/// Tells the story. Stops at the first step that can't be played.
pub(crate) fn tell(story: &mut Story, report: &mut Report) -> Result<()> {
    let campaigns = report.step(
        "import",
        "roster, admission photos and certificate register are imported, every row and every photo of them",
        |evidence| import::play(story, evidence),
    )?;
    let tokens = report.step(
        "tokens",
        "everybody on the roster has one capture token; the vendor's list names nobody",
        |evidence| tokens::play(story, &campaigns, evidence),
    )?;
    report.step(
        "calibrate",
        "thresholds are found on one half of the people, from photos the school took itself, and adopted",
        |evidence| compare::calibrate(story, &campaigns, evidence),
    )?;
    let (captures, spoilt) = report.step(
        "deliver",
        "the agent packs, signs and delivers the captures over mutual TLS; what arrives is what was packed",
        |evidence| check::deliver(story, &campaigns, &tokens, evidence),
    )?;
    report.step(
        "check",
        "with a person's eye where the machine has doubts, every planted defect is found in its group and none is invented",
        |evidence| check::play(story, &tokens, &spoilt, evidence),
    )?;
    let accepted: DeliveryId = report.step(
        "accept",
        "without defects none is reported; the delivery is accepted by two persons and archived, its receipt verifies offline",
        |evidence| accept::play(story, &campaigns, &tokens, &captures, evidence),
    )?;
    let found = report.step("find", "every query finds who it should and nobody else", |evidence| {
        find::play(story, evidence)
    })?;
    report.step(
        "compare",
        "probes of the other half are compared: match, unsure and no match as the scores fall; a decision is kept",
        |evidence| compare::play(story, &tokens, evidence),
    )?;
    report.step(
        "cohort",
        "everybody is compared at once, with their own photos and with everybody else's; what is not clear waits for people, and nobody can sign before",
        |evidence| cohort::play(story, &campaigns, evidence),
    )?;
    report.step(
        "delete",
        "the vendor deletes its copies with two officers; the certificate says what this stage is worth, and no byte of it can be changed",
        |evidence| delete::play(story, accepted, evidence),
    )?;
    report.step(
        "rebuild",
        "every byte of the archive is intact; catalog and index are rebuilt from it alone and answer as before",
        |evidence| rebuild::play(story, &found, &tokens, evidence),
    )
}
