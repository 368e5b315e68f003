//! Everything the office knows of a cohort, and what follows from it: who waits for whom, what came to what.

use std::collections::BTreeMap;

use api::Right;
use api::cohort::{
    Case, CaseRow, Cohort, CohortState, Counts, Level, LookAlike, OtherCampaign, Sample, Wanted, Word,
};
use api::ids::{CohortId, PersonId};
use archive::db::Connection;
use archive::db::catalog::{person, photo};
use archive::db::office::cohort_case::{Case as Kept, Disposition, Outcome};
use archive::db::office::{calibration, cohort as rows, cohort_alike, cohort_case, cohort_word};
use archive::person::PersonRecord;

use super::sign::{self, Signatures};
use super::{find, keep, sample, word};
use crate::staff::Staff;
use crate::{Actor, Error, Office, Refusal as _, Result, campaign, dossier, from_word};

/// Everything the office knows of a cohort, read at one moment.
pub(super) struct Facts {
    pub(super) cohort: rows::Cohort,
    pub(super) cases: Vec<Kept>,
    words: Words,
    alike: BTreeMap<PersonId, Vec<cohort_alike::Alike>>,
    pub(super) signatures: Signatures,
    staff: Staff,
}

/// What was said of each person's case, oldest first.
pub(super) type Words = BTreeMap<PersonId, Vec<cohort_word::Word>>;

impl Facts {
    pub(super) fn read(office: &Office, id: CohortId) -> Result<Self> {
        office.office.read(|conn| Self::read_in(conn, id))
    }

    pub(super) fn read_in(conn: &Connection, id: CohortId) -> Result<Self> {
        let (cohort, cases) = (find(conn, id)?, cohort_case::of(conn, id)?);
        let (mut words, mut alike) = (Words::new(), BTreeMap::<_, Vec<_>>::new());
        for word in cohort_word::of(conn, id)? {
            words.entry(word.person).or_default().push(word);
        }
        for pair in cohort_alike::of(conn, id)? {
            alike.entry(pair.person).or_default().push(pair);
        }
        let signatures = Signatures::read(conn, &cohort, &cases, &words)?;
        Ok(Self { cohort, cases, words, alike, signatures, staff: Staff::read(conn)? })
    }

    /// What is signed, as it is digested.
    pub(super) fn statement(&self) -> Result<Vec<u8>> {
        sign::statement(&self.cohort, &self.cases, &self.words)
    }

    /// Every word on a case, oldest first.
    pub(super) fn words(&self, case: &Kept) -> impl Iterator<Item = &cohort_word::Word> {
        self.words.get(&case.person).into_iter().flatten()
    }

    /// The look-alikes of a case.
    pub(super) fn alike(&self, case: &Kept) -> impl Iterator<Item = &cohort_alike::Alike> {
        self.alike.get(&case.person).into_iter().flatten()
    }

    /// The words of a case's round at hand.
    fn of_round<'a>(&'a self, case: &Kept) -> impl Iterator<Item = &'a cohort_word::Word> {
        let round = case.round;
        self.words(case).filter(move |word| word.round == round)
    }

    fn has_said(&self, case: &Kept, actor: &Actor) -> bool {
        self.of_round(case).any(|word| word.by == actor.user)
    }

    /// Whether `actor` may say a word on a case now, or another one than before.
    fn may_say(&self, case: &Kept, actor: &Actor) -> bool {
        self.cohort.is_open() && actor.has(Right::ReviewComparisons) && word::waits(case)
    }

    /// Whether a case waits for `actor`'s word.
    pub(super) fn waits_for(&self, case: &Kept, actor: &Actor) -> bool {
        self.may_say(case, actor) && !self.has_said(case, actor)
    }

    pub(super) fn waiting(&self) -> u64 {
        self.cases.iter().filter(|case| word::waits(case)).count() as u64
    }

    /// What a case came to. What the machine took for clear and nobody asked about comes to normal when the first of the
    /// three has signed.
    pub(super) fn disposition(&self, case: &Kept) -> Option<Disposition> {
        let clear = self.signatures.any() && !word::waits(case);
        case.disposition.or_else(|| clear.then_some(Disposition::Normal))
    }

    pub(super) fn is_wanted(&self, case: &Kept, wanted: Wanted, actor: &Actor) -> bool {
        match wanted {
            Wanted::All => true,
            Wanted::Mine => self.waits_for(case, actor),
            Wanted::Waiting => word::waits(case),
            Wanted::Sample => case.sampled,
            Wanted::Match => case.outcome == Outcome::Match,
            Wanted::Unsure => case.outcome == Outcome::Unsure,
            Wanted::NoMatch => case.outcome == Outcome::NoMatch,
            Wanted::ByHand => case.outcome == Outcome::ByHand,
            Wanted::Alike => self.alike.contains_key(&case.person),
            Wanted::Normal => self.disposition(case) == Some(Disposition::Normal),
            Wanted::Doubtful => self.disposition(case) == Some(Disposition::Doubtful),
            Wanted::Abnormal => self.disposition(case) == Some(Disposition::Abnormal),
        }
    }

    pub(super) fn counts(&self) -> Counts {
        let of = |outcome: Outcome| self.cases.iter().filter(|case| case.outcome == outcome).count() as u64;
        let found = |wanted: Disposition| {
            let found = self.cases.iter().filter(|case| self.disposition(case) == Some(wanted));
            found.count() as u64
        };
        Counts {
            people: self.cases.len() as u64,
            photos: self.cohort.photos,
            pairs: self.cohort.pairs,
            matched: of(Outcome::Match),
            unsure: of(Outcome::Unsure),
            no_match: of(Outcome::NoMatch),
            by_hand: of(Outcome::ByHand),
            waiting: self.waiting(),
            normal: found(Disposition::Normal),
            doubtful: found(Disposition::Doubtful),
            abnormal: found(Disposition::Abnormal),
        }
    }

    /// How the sample came out.
    pub(super) fn sample(&self) -> Sample {
        let sampled = self.cases.iter().filter(|case| case.sampled);
        let (mut size, mut looked_at, mut contradicted) = (0, 0, 0);
        for case in sampled {
            size += 1;
            if let Some(found) = case.disposition {
                looked_at += 1;
                contradicted += u64::from(found != Disposition::Normal);
            }
        }
        Sample {
            percent: self.cohort.sample_percent,
            size,
            looked_at,
            contradicted,
            wrong_at_most: sample::at_most(contradicted, looked_at),
        }
    }

    pub(super) fn row(&self, conn: &Connection, case: &Kept, actor: &Actor) -> Result<CaseRow> {
        let facts = person::facts(conn, case.person)?.unwrap_or_default();
        let unknown = || Error::failed("read a case", format!("{} holds an unknown word", case.person));
        let disposition = self.disposition(case);
        Ok(CaseRow {
            person: case.person,
            number: dossier::masked_number(facts.student_number.as_deref()),
            name: facts.name,
            college: facts.college.unwrap_or_default(),
            class: facts.class.unwrap_or_default(),
            outcome: from_word(case.outcome.word()).ok_or_else(unknown)?,
            similarity: case.similarity,
            reasons: serde_json::from_str(&case.reasons).or_failed("read a case")?,
            alike: self.alike.get(&case.person).map_or(0, Vec::len) as u64,
            sampled: case.sampled,
            disposition: disposition.map(|found| from_word(found.word()).ok_or_else(unknown)).transpose()?,
            said: self.of_round(case).count() as u64,
            waits: word::waits(case),
            mine: self.has_said(case, actor),
        })
    }

    pub(super) fn case(&self, office: &Office, actor: &Actor, of: PersonId) -> Result<Case> {
        let at = self.cases.iter().position(|case| case.person == of);
        let (at, case) = at
            .and_then(|at| Some((at, self.cases.get(at)?)))
            .ok_or_else(|| Error::not_found("case_of_cohort", of))?;
        let others = self.others(office)?;
        let (row, look_alikes) = office.catalog.read(|conn| -> Result<_> {
            Ok((self.row(conn, case, actor)?, self.look_alikes(conn, of, &others)?))
        })?;
        let bar = case.bar.as_deref().map(|bar| from_word(bar).ok_or("it holds an unknown word"));
        let (after, before) = (self.cases.iter().skip(at + 1), self.cases.iter().take(at));
        let mut others = after.chain(before);
        Ok(Case {
            bar: bar.transpose().or_failed("read a case")?,
            photos: serde_json::from_str(&case.photos).or_failed("read a case's photos")?,
            pairs: serde_json::from_str(&case.pairs).or_failed("read a case's pairs")?,
            look_alikes,
            consent: case.consent,
            words: self.words_shown(case)?,
            may_say: self.may_say(case, actor),
            may_reopen: self.cohort.is_open() && actor.has(Right::ReviewComparisons) && !word::waits(case),
            next: others.find(|other| self.waits_for(other, actor)).map(|other| other.person),
            row,
        })
    }

    /// The other campaigns whose people were looked through.
    fn others(&self, office: &Office) -> Result<Vec<OtherCampaign>> {
        let kept = self.cohort.others.iter();
        kept.map(|kept| {
            let name = campaign::find(office, kept.campaign)?.name;
            Ok(OtherCampaign { campaign: kept.campaign, name, people: kept.people })
        })
        .collect()
    }

    fn look_alikes(
        &self,
        conn: &Connection,
        of: PersonId,
        others: &[OtherCampaign],
    ) -> Result<Vec<LookAlike>> {
        let mut found = Vec::new();
        for alike in self.alike.get(&of).into_iter().flatten() {
            let facts: PersonRecord = person::facts(conn, alike.other)?.unwrap_or_default();
            let Some((_, other)) = photo::get(conn, alike.other_photo)? else { continue };
            let kind = from_word(other.kind.word()).ok_or("it is of an unknown kind");
            found.push(LookAlike {
                photo: alike.photo,
                person: alike.other,
                number: dossier::masked_number(facts.student_number.as_deref()),
                name: facts.name,
                other: alike.other_photo,
                kind: kind.or_failed("read a photo's kind")?,
                similarity: alike.similarity,
                campaign: alike.campaign.and_then(|id| {
                    others.iter().find(|other| other.campaign == id).map(|other| other.name.clone())
                }),
            });
        }
        Ok(found)
    }

    /// The words that may be shown: those of the round at hand only once it is settled.
    pub(super) fn words_shown(&self, case: &Kept) -> Result<Vec<Word>> {
        let shown = self.words(case).filter(|word| word.round < case.round || case.disposition.is_some());
        shown
            .map(|word| {
                let found = from_word(word.disposition.word()).ok_or("it holds an unknown word");
                Ok(Word {
                    round: word.round,
                    by: self.staff.name(&word.by_name),
                    disposition: found.or_failed("read a word")?,
                    note: word.note.clone(),
                    at: word.at,
                })
            })
            .collect()
    }

    /// The cohort as `actor` sees it.
    pub(super) fn to_api(&self, office: &Office, actor: &Actor) -> Result<Cohort> {
        let row = &self.cohort;
        let name = campaign::find(office, row.campaign)?.name;
        let calibration = office.office.read(|conn| calibration::get(conn, row.calibration))?;
        let next = self.next();
        Ok(Cohort {
            id: row.id,
            campaign: row.campaign,
            campaign_name: name,
            state: match (&row.superseded_by, row.signed) {
                (_, true) => CohortState::Signed,
                (Some(_), false) => CohortState::Superseded,
                (None, false) => CohortState::Open,
            },
            at: row.at,
            by: self.staff.name(&row.by),
            model: row.model.clone(),
            calibration: row.calibration,
            calibration_version: calibration.map(|kept| kept.version).unwrap_or_default(),
            accept: row.accept,
            reject: row.reject,
            rule_set: row.rule_set.clone(),
            alike: row.alike,
            alike_by_chance: row.alike_by_chance,
            other_campaigns: self.others(office)?,
            counts: self.counts(),
            sample: self.sample(),
            may_sign: next.is_some_and(|level| self.signatures.may(actor, level)),
            next,
            archived: row.signed && keep::is_kept(office, row.id)?,
            digest: self.signatures.digest.clone(),
            signatures: self.signatures.to_api(&self.staff)?,
        })
    }

    /// The level that can sign now.
    pub(super) fn next(&self) -> Option<Level> {
        self.signatures.next().filter(|_| self.cohort.is_open() && self.waiting() == 0)
    }
}
