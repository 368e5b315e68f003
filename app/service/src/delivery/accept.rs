//! Taking a confirmed delivery into the archive.
//!
//! In this order, each durable before the next: photos into dossiers, the delivery's own object, the office's rows with
//! the event for the ledger, and last the quarantine is emptied. Whoever interrupts it may run it again: what is kept
//! is found kept, and the receipt says the same.

use std::path::PathBuf;
use std::thread;

use api::ids::DeliveryId;
use archive::db::office::campaign::Campaign;
use archive::db::office::{delivery as rows, item};
use archive::delivery::{SignedStatement, State, Statement, StatementItem};
use archive::dossier::{Change, Holdings, NewPhoto, PhotoFacts, PhotoKind};
use archive::ocfl::{ObjectId, SafePath, Source, User};
use jiff::Timestamp;

use super::{quarantine, row, wrong_state};
use crate::{Error, Office, Refusal as _, Result, campaign, event, job::Ctx, receipt};

/// People whose photos are kept in one batch.
const BATCH: usize = 256;

/// The bag's own files that go into the delivery's object: what the vendor said and signed.
const TAG_FILES: [&str; 5] =
    ["bagit.txt", "bag-info.txt", "manifest-sha256.txt", "tagmanifest-sha256.txt", bag::SIGNATURE_FILE];

/// Runs the acceptance of a delivery.
///
/// # Errors
///
/// `wrong-state` when nobody has confirmed it; `disk-full`. It can be taken up again by confirming once more.
pub fn run_accept(ctx: &Ctx<'_>) -> Result<()> {
    let office = ctx.office();
    let delivery = row(office, ctx.subject()?)?;
    match delivery.state {
        State::Accepting => Acceptance::new(ctx, &delivery)?.run(),
        // An earlier run of this job did all but the cleaning.
        State::Accepted => {
            quarantine(office)?.remove(delivery.id).or_failed("empty a quarantine")?;
            appraise(ctx, delivery.id);
            let items = office.office.read(|conn| item::all(conn, delivery.id))?;
            ctx.result("photos", items.iter().filter(|item| item.state.is_acceptable()).count() as u64);
            Ok(())
        }
        _ => Err(wrong_state(&delivery)),
    }
}

/// Has what was taken in checked by DA/T 70. The acceptance stands, whatever becomes of that.
fn appraise(ctx: &Ctx<'_>, id: DeliveryId) {
    let asked = ctx.actor().and_then(|actor| crate::appraisal::at_accession(ctx.office(), &actor, id));
    if let Err(error) = asked {
        tracing::error!(delivery.id = %id, %error, "The check of {id} at accession could not be asked for: {error}.");
    }
}

struct Acceptance<'a> {
    ctx: &'a Ctx<'a>,
    office: &'a Office,
    delivery: &'a rows::Delivery,
    campaign: Campaign,
    /// When it was confirmed: that is when it was accepted, however often the job runs.
    at: Timestamp,
    by: User,
    items: Vec<item::Item>,
}

impl<'a> Acceptance<'a> {
    fn new(ctx: &'a Ctx<'a>, delivery: &'a rows::Delivery) -> Result<Self> {
        let office = ctx.office();
        let confirmed = delivery
            .confirmation
            .as_ref()
            .ok_or_else(|| Error::failed("accept a delivery", "nobody confirmed it"))?;
        let items = office.office.read(|conn| item::all(conn, delivery.id))?;
        Ok(Self {
            ctx,
            office,
            delivery,
            campaign: campaign::find(office, delivery.campaign)?,
            at: confirmed.at,
            by: User {
                name: confirmed.by_name.clone(),
                address: Some(format!("urn:uuid:{}", confirmed.by.uuid().hyphenated())),
            },
            items: items.into_iter().filter(|item| item.state.is_acceptable()).collect(),
        })
    }

    fn run(&self) -> Result<()> {
        let id = self.delivery.id;
        let photos = self.keep_photos()?;
        self.ctx.progress("signing", 0, 0);
        let signed = self.statement()?.sign(&self.office.keys.school).or_failed("sign a receipt")?;
        self.keep_object(&signed)?;
        self.write_down(&signed, photos)?;
        quarantine(self.office)?.remove(id).or_failed("empty a quarantine")?;
        appraise(self.ctx, id);
        self.ctx.result("photos", photos);
        tracing::info!(delivery.id = %id, photos, "Accepted {id} with {photos} photos.");
        Ok(())
    }

    /// Keeps every photo and original. Returns how many photos.
    fn keep_photos(&self) -> Result<u64> {
        let holdings = Holdings::new(&self.office.archive, &self.office.catalog);
        let (mut done, total) = (0, self.items.len() as u64);
        self.ctx.progress("storing", 0, total);
        for batch in self.items.chunks(BATCH) {
            // Between batches nothing is half done.
            self.ctx.go_on()?;
            let changes = self.changes(batch)?;
            holdings.keep(changes, &self.by, self.at).or_failed("keep a delivery's photos")?;
            crate::dossier::announce(self.office)?;
            done += batch.len() as u64;
            self.ctx.progress("storing", done, total);
        }
        Ok(done)
    }

    /// The batch's changes. What an earlier version checked is decoded now, on all cores.
    fn changes(&self, batch: &[item::Item]) -> Result<Vec<Change>> {
        let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let share = batch.len().div_ceil(threads).max(1);
        thread::scope(|scope| {
            let parts: Vec<_> = batch
                .chunks(share)
                .map(|part| {
                    scope.spawn(move || part.iter().map(|item| self.change(item)).collect::<Result<Vec<_>>>())
                })
                .collect();
            let mut changes = Vec::with_capacity(batch.len());
            for part in parts {
                let part = part
                    .join()
                    .map_err(|_| Error::failed("decode a delivered photo", "the decoder panicked"))?;
                changes.extend(part?);
            }
            Ok(changes)
        })
    }

    fn change(&self, item: &item::Item) -> Result<Change> {
        let lost = || Error::failed("accept an item", "it has no person or no token");
        let (person, token) = item.person.zip(item.token.as_deref()).ok_or_else(lost)?;
        let kind = campaign::photo_kind(self.campaign.kind);
        let photo = self.photo(kind, (item.file.as_deref(), item.photo_facts.as_ref()), item, token)?;
        if Some(photo.sha256()) != item.sha256.as_deref() {
            return Err(Error::failed("accept an item", "its bytes have changed since the check"));
        }
        let message = format!("accepted with {}", self.delivery.id);
        let mut change = Change::of(person, message).photo(photo);
        if item.original.is_some() {
            let original = (item.original.as_deref(), item.original_facts.as_ref());
            change = change.photo(self.photo(PhotoKind::Original, original, item, token)?);
        }
        Ok(change)
    }

    /// A photo as it was checked: decoded then, so only its bytes are held to what they were.
    fn photo(
        &self,
        kind: PhotoKind,
        (file, facts): (Option<&str>, Option<&PhotoFacts>),
        item: &item::Item,
        token: &str,
    ) -> Result<NewPhoto> {
        let path = file.and_then(|file| SafePath::new(file).ok());
        let path = path.ok_or_else(|| Error::failed("accept an item", "it has no file"))?;
        let file =
            quarantine(self.office)?.file(self.delivery.id, &path).or_failed("find a delivered photo")?;
        let source = format!("vendor {}, {}", self.delivery.vendor, self.delivery.id);
        let seen = facts.and_then(|facts| NewPhoto::seen(kind, file.clone(), facts.clone(), source.clone()));
        let photo = match seen {
            Some(photo) => photo,
            None => NewPhoto::from_file(kind, file, source).or_failed("decode a delivered photo")?,
        };
        let photo = photo.delivered(self.delivery.id, token);
        Ok(match item.captured {
            Some(at) => photo.captured(at, capturer(item)),
            None => photo,
        })
    }

    fn statement(&self) -> Result<Statement> {
        let missing = || Error::failed("write a receipt", "a digest is missing");
        let items = self.items.iter().map(|item| {
            let (token, sha256) = item.token.clone().zip(item.sha256.clone()).ok_or_else(missing)?;
            Ok(StatementItem { token, sha256, bytes: item.bytes.ok_or_else(missing)? })
        });
        Ok(Statement {
            format: Statement::FORMAT.to_owned(),
            delivery: self.delivery.id,
            campaign: self.delivery.campaign,
            vendor: self.delivery.vendor,
            bag: self.delivery.bag.clone().ok_or_else(missing)?,
            accepted: self.at,
            items: items.collect::<Result<_>>()?,
        })
    }

    /// Keeps the delivery's own object: what was checked, decided and signed. It describes itself.
    fn keep_object(&self, signed: &SignedStatement) -> Result<()> {
        let unchecked = || Error::failed("keep a delivery's object", "its check left no report");
        let report = self.delivery.report.clone().ok_or_else(unchecked)?;
        let mut files = vec![
            (path("delivery.json")?, Source::Bytes(self.description()?)),
            (path("report.json")?, Source::Bytes(report.into_bytes())),
            (path("receipt.json")?, Source::Bytes(receipt::document(self.office, signed)?)),
        ];
        for name in TAG_FILES {
            if let Some(file) = self.tag_file(name)? {
                files.push((path(&format!("bag/{name}"))?, Source::Copy(file)));
            }
        }
        let holdings = Holdings::new(&self.office.archive, &self.office.catalog);
        let message = "accepted";
        holdings
            .keep_object(ObjectId::from(self.delivery.id.uuid()), files, message, &self.by, self.at)
            .or_failed("keep a delivery's object")?;
        crate::dossier::announce(self.office)
    }

    fn tag_file(&self, name: &str) -> Result<Option<PathBuf>> {
        let data = quarantine(self.office)?
            .file(self.delivery.id, &path("x")?)
            .or_failed("find a delivery's bag")?;
        let bag = data.parent().and_then(|data| data.parent());
        Ok(bag.map(|bag| bag.join(name)).filter(|file| file.is_file()))
    }

    /// Who delivered what, when, and who decided. Names ids, tokens and digests; people only by id.
    fn description(&self) -> Result<Vec<u8>> {
        let delivery = self.delivery;
        let signed = |signed: &rows::Signed| serde_json::json!({ "by": signed.by, "account": signed.by_name, "at": signed.at });
        let item = |item: &item::Item| {
            serde_json::json!({
                "token": item.token, "person": item.person, "state": item.state.word(), "sha256": item.sha256,
                "bytes": item.bytes, "captured": item.captured, "device": item.device, "operator": item.operator,
            })
        };
        let description = serde_json::json!({
            "format": "xuecang-delivery/1",
            "delivery": delivery.id,
            "campaign": delivery.campaign,
            "vendor": delivery.vendor,
            "round": delivery.round,
            "opened": delivery.opened,
            "received": delivery.received,
            "sha256": delivery.sha256,
            "bytes": delivery.bytes_total,
            "bag": delivery.bag,
            "decision": delivery.proposal.as_ref().map(|proposal| proposal.decision.word()),
            "reason": delivery.proposal.as_ref().map(|proposal| &proposal.reason),
            "proposed": delivery.proposal.as_ref().map(|proposal| signed(&proposal.signed)),
            "confirmed": delivery.confirmation.as_ref().map(signed),
            "accepted": self.items.iter().map(item).collect::<Vec<_>>(),
        });
        serde_json::to_vec_pretty(&description).or_failed("describe a delivery")
    }

    fn write_down(&self, signed: &SignedStatement, photos: u64) -> Result<()> {
        let (id, actor) = (self.delivery.id, self.ctx.actor()?);
        let kept = receipt::document(self.office, signed)?;
        let kept = String::from_utf8(kept).or_failed("write a receipt")?;
        self.office.office.write(|tx| -> Result<()> {
            rows::set_receipt(tx, id, &kept)?;
            rows::set_accepted(tx, id)?;
            let detail = serde_json::json!({
                "receipt": signed.digest(), "bag": self.delivery.bag, "photos": photos,
                "campaign": self.delivery.campaign,
            });
            event::queue(tx, &actor, receipt::ACCEPTED, id, "", &detail)
        })
    }
}

fn path(text: &str) -> Result<SafePath> {
    SafePath::new(text).or_failed("name a file of a delivery's object")
}

/// Who and what captured a photo, in words.
fn capturer(item: &item::Item) -> String {
    let parts = [item.operator.as_deref(), item.device.as_deref()];
    parts.into_iter().flatten().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(", ")
}
