//! What the school says once its officers have signed. Every fact is looked up when the draft is made; nothing is
//! claimed that this appliance can't show.

use std::collections::{BTreeMap, BTreeSet};

use api::ids::PersonId;
use archive::db::catalog::photo;
use archive::db::office::{fixity_check, hold, item};
use archive::deletion::{Due, Invitation};
use handshake::envelope::Envelope;
use handshake::keys::Role;
use handshake::level::Level;
use handshake::message::{Body, LocationKind, Person, Safety, Seal};
use handshake::session::Stamp;
use jiff::SignedDuration;
use ledger::Hash;

use super::working::{Working, now, reader};
use super::{broken, refused, undrafted, wrong_state};
use crate::{Result, delivery};

/// How long a draft may wait for the second signature before its facts are looked up anew.
const FRESH: SignedDuration = SignedDuration::from_hours(1);

/// The laws that demand the deletion.
const LEGAL_BASIS: [&str; 2] =
    ["个人信息保护法 第二十一条、第四十七条 (PIPL art. 21, 47)", "教学服〔2022〕10号"];

// What is signed is read in both languages for ever, by people who have this file and nothing else.

const METHOD: &str = "供应商一侧的代理程序查看了这些路径并作报告；学校没有自行读取该设备。 \
                      Report of the vendor's agent, which looked at the paths; the school has not read the device itself.";

const RESIDUE: &str = "只查看了路径，且由供应商自己的系统读出；文件系统之下的数据块、快照和别处的副本没有查看。 \
                       Only paths were looked at, by the vendor's own system: blocks below the file system, snapshots, and \
                       copies elsewhere were not looked at.";

impl Working<'_> {
    /// The draft that waits for signatures, or a new one.
    pub(super) fn draft(&self) -> Result<Envelope> {
        if let Some(draft) = self.waiting()? {
            return Ok(draft);
        }
        let stamp = self.stamp()?;
        let envelope = match self.due() {
            Due::Invite => self.case.invite(self.invitation()?, &stamp),
            Due::Seal => self.case.seal(self.seal(&stamp)?, &stamp),
            Due::Ready => self.case.ready(vec![Role::Registrar, Role::It], Vec::new(), &stamp),
            Due::Verify => self.case.verify(self.verifier(), METHOD, &BTreeMap::new(), &stamp),
            Due::Absence => self.case.absence(RESIDUE, &stamp),
            Due::Certificate => self.case.certificate(&stamp),
            _ => return Err(wrong_state(self)),
        };
        let envelope = envelope.map_err(undrafted)?;
        self.case.weigh(&envelope).map_err(refused)?;
        Ok(envelope)
    }

    /// The draft of the authorisation, with the code that was heard.
    pub(super) fn authorise(&mut self, typed: &str) -> Result<()> {
        let envelope = self.case.authorise(typed, self.safety()?, &self.stamp()?).map_err(undrafted)?;
        self.case.weigh(&envelope).map_err(refused)?;
        self.put(envelope)
    }

    /// Whether the authorisation is drafted: the vendor's code was typed rightly.
    pub(super) fn is_code_typed(&self) -> Result<bool> {
        let draft = self.waiting()?.map(|draft| draft.claimed()).transpose().map_err(broken)?;
        Ok(draft.is_some_and(|message| matches!(message.body, Body::Authorise(_))))
    }

    /// The draft, if it still continues the conversation and is not stale.
    pub(super) fn waiting(&self) -> Result<Option<Envelope>> {
        let Some(draft) = &self.draft else { return Ok(None) };
        let (message, state) = (draft.claimed().map_err(broken)?, self.case.state());
        let ceremony = matches!(message.body, Body::Authorise(_));
        let good = message.seq == state.next_seq()
            && message.prev == state.prev()
            && now().duration_since(message.t_wall) < FRESH
            && ceremony == (self.due() == Due::Authorise);
        Ok(good.then(|| draft.clone()))
    }

    fn invitation(&self) -> Result<Invitation> {
        let delivery = delivery::row(self.office, self.row.delivery)?;
        Ok(Invitation {
            contract: delivery.campaign.to_string(),
            legal_basis: LEGAL_BASIS.map(str::to_owned).to_vec(),
            delivery: delivery.id.to_string(),
            accepted_at: delivery.confirmation.map(|signed| signed.at),
            required: BTreeMap::from([
                (LocationKind::Disk, Level::Al1),
                (LocationKind::Nas, Level::Al1),
                (LocationKind::Usb, Level::Al1),
            ]),
        })
    }

    /// What the school can show of its own copies. Nobody has recorded a sighting of a device; the seal says so in
    /// figures.
    pub(super) fn seal(&self, stamp: &Stamp) -> Result<Seal> {
        let checks = self.office.office.read(|conn| fixity_check::latest(conn, 1))?;
        let fixity = checks.first().map_or_else(
            || "no check of the archive".to_owned(),
            |check| format!("{} {} {} {}", check.at, check.intact, check.damaged, check.unreadable),
        );
        Ok(Seal {
            archive_checkpoint: crate::ledger::checkpoint(self.office, &reader())?,
            safety: self.safety()?,
            fixity_root: Hash::of(fixity.as_bytes()),
            drill: self.drill(stamp)?,
            excluded: Vec::new(),
            sightings: Vec::new(),
        })
    }

    /// The replicas that hold every object of the case, the delivery's open defects, and the holds on people whose photos
    /// came with it. The archive itself is no replica.
    fn safety(&self) -> Result<Safety> {
        let (items, holds) = self
            .office
            .office
            .read(|conn| -> Result<_> { Ok((item::all(conn, self.row.delivery)?, hold::standing(conn)?)) })?;
        let archived = self.office.catalog.read(|conn| photo::of_delivery(conn, self.row.delivery))?;
        // The vendor has also what was sent back.
        let sent = items.iter().filter_map(|item| item.person);
        let people: BTreeSet<PersonId> = archived.into_iter().map(|(person, _)| person).chain(sent).collect();
        let open_defects = items.iter().filter(|item| !item.state.is_acceptable()).count() as u64;
        let holds = holds.iter().filter(|hold| people.contains(&hold.person));
        let holds = holds.map(|hold| hold.id.to_string()).collect();
        Ok(Safety { replicas: self.replicas()?, open_defects, holds })
    }

    fn verifier(&self) -> Person {
        let it = &self.case.state().policy().terms().it;
        Person { name: it.name.clone(), title: it.title.clone(), place: self.office.school.clone() }
    }
}
