//! The end of a case: the certificate with the ledger's proofs, archived for good.

use std::sync::Arc;

use archive::db::office::deletion as rows;
use archive::dossier::Holdings;
use archive::ocfl::{ObjectId, SafePath, Source};
use handshake::certificate::{Certificate, LedgerEntry, LedgerPart, Outcome, SeenCheckpoint};
use handshake::session::Session;
use ledger::json::canonical;
use ledger::{Hash, SignedCheckpoint, Tile, TileSource, Tiles, consistency_proof, inclusion_proof};

use super::broken;
use super::working::{Kept, Working, reader};
use crate::{Actor, Error, Office, Refusal as _, Result, event};

impl Working<'_> {
    /// Puts the certificate together, archives it, and closes the case. A crash before the end leaves the case open;
    /// the next look at it does the same again.
    pub(super) fn conclude(&mut self) -> Result<()> {
        crate::ledger::integrate(self.office)?;
        let certificate = self.assemble()?;
        let bytes = certificate.to_bytes().map_err(broken)?;
        self.archive(&bytes)?;
        let digest = Hash::of(&bytes);
        let text = String::from_utf8(bytes).map_err(broken)?;
        self.row.state = match certificate.outcome() {
            Outcome::Certified => "CERTIFIED".to_owned(),
            Outcome::Partial => "PARTIAL".to_owned(),
        };
        let (id, session) = (self.row.id, Kept::text(&self.case, None)?);
        let detail = serde_json::json!({
            "certificate": digest, "outcome": certificate.outcome(), "level": certificate.statement().level,
        });
        self.office.office.write(|tx| -> Result<()> {
            rows::set_certificate(tx, id, &text)?;
            rows::set_session(tx, id, &self.row.state, &session)?;
            event::queue(tx, &Actor::appliance(), "deletion.certificate", id, "", &detail)
        })?;
        self.row.certificate = Some(text);
        tracing::info!(case.id = %id, "Closed {id} as {}.", self.row.state);
        Ok(())
    }

    fn assemble(&self) -> Result<Certificate> {
        let tiles = LedgerTiles(self.office);
        let checkpoint = crate::ledger::checkpoint(self.office, &reader())?;
        let size = checkpoint.parse::<SignedCheckpoint>().map_err(broken)?.claimed().size;
        let tree = Tiles::new(&tiles, size);
        let entry = |leaf: super::working::Leaf| {
            let index = leaf.index.ok_or_else(|| broken("a message is not in the ledger"))?;
            let proof = inclusion_proof(&tree, index, size).or_failed("prove a message")?;
            Ok(LedgerEntry { event: leaf.event, salt: leaf.salt, index, proof })
        };
        let state = self.case.state();
        let seen = |old: u64| {
            let proof = consistency_proof(&tree, old, size).or_failed("prove a checkpoint")?;
            Ok(SeenCheckpoint { size: old, proof })
        };
        let part = LedgerPart {
            entries: self.leaves()?.into_iter().map(entry).collect::<Result<_>>()?,
            seen: state
                .checkpoints_seen()
                .keys()
                .copied()
                .filter(|old| *old > 0)
                .map(seen)
                .collect::<Result<_>>()?,
            checkpoint,
        };
        let policy = Arc::new(state.policy().clone());
        let session =
            Session::replay(state.session(), policy, self.case.envelopes(0).to_vec()).map_err(broken)?;
        Certificate::assemble(&session, part, &self.office.keys.school)
            .or_failed("put a certificate together")
    }

    /// Keeps the case's object: the certificate, the conversation, who spoke, and the list of what was deleted.
    fn archive(&self, certificate: &[u8]) -> Result<()> {
        let file = |name: &str, bytes: Vec<u8>| {
            Ok::<_, Error>((SafePath::new(name).or_failed("name a file of a case")?, Source::Bytes(bytes)))
        };
        let files = vec![
            file("certificate.json", certificate.to_vec())?,
            file("transcript.json", canonical(&self.case.envelopes(0)).map_err(broken)?)?,
            file("policy.json", canonical(self.case.state().policy()).map_err(broken)?)?,
            file("objects.json", self.case.objects().to_bytes().map_err(broken)?)?,
        ];
        let by = crate::dossier::archive_user(self.office, &Actor::appliance());
        let at = self.case.state().said().countersign.as_ref().map_or(self.row.opened, |kept| kept.at);
        Holdings::new(&self.office.archive, &self.office.catalog)
            .keep_object(ObjectId::from(self.row.id.uuid()), files, "closed", &by, at)
            .or_failed("keep a deletion's object")?;
        Ok(())
    }
}

/// The ledger's tiles, for proofs.
struct LedgerTiles<'a>(&'a Office);

impl TileSource for LedgerTiles<'_> {
    type Error = Error;

    fn tile(&self, tile: Tile) -> Result<Vec<Hash>> {
        let bytes = crate::ledger::tile(self.0, &reader(), &tile.to_string())?;
        tile.decode(&bytes).ok_or_else(|| broken("a tile of the ledger is damaged"))
    }
}
