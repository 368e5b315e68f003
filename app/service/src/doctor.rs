//! The doctor: looks at everything that can go wrong quietly, and says for each finding what mends it.

mod models;

use std::{collections::BTreeMap, os::unix::fs::PermissionsExt as _, path::Path};

use api::Right;
use api::health::{Doctor, DoctorFinding, Drill, Patrol, Replica};
use api::law::FaceCount;
use archive::db::{
    Store, catalog,
    office::{audit, fixity_check},
};
use fs_err as fs;
use jiff::{SignedDuration, Timestamp};

use crate::authority::days_left;
use crate::volume::{Encryption, encryption, free_bytes};
use crate::{Actor, Office, Result, deletion, delivery, drill, index, law, patrol, replica, watermark};

/// Days before a certificate's end at which it is mentioned.
const CERTIFICATE_DAYS: i32 = 30;

/// Free space below which nothing more should be taken in, and below which it should be mentioned, bytes.
const ROOM_STOP: u64 = 2 << 30;
const ROOM_ATTENTION: u64 = 20 << 30;

/// How old the last check of every byte may be.
const FIXITY_AGE: SignedDuration = SignedDuration::from_hours(92 * 24);

/// How old the last restore drill may be.
const DRILL_AGE: SignedDuration = SignedDuration::from_hours(366 * 24);

/// Changes the index may be behind without being mentioned.
const INDEX_BEHIND: u64 = 1000;

/// How bad a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Ok,
    Attention,
    Stop,
}

impl Level {
    const fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Attention => "attention",
            Self::Stop => "stop",
        }
    }
}

struct Finding {
    code: &'static str,
    level: Level,
    text: String,
    mend: String,
    params: BTreeMap<String, String>,
}

impl Finding {
    fn new(code: &'static str, level: Level, text: impl Into<String>) -> Self {
        Self { code, level, text: text.into(), mend: String::new(), params: BTreeMap::new() }
    }

    fn mend(mut self, mend: impl Into<String>) -> Self {
        self.mend = mend.into();
        self
    }

    fn param(mut self, name: &str, value: impl ToString) -> Self {
        self.params.insert(name.to_owned(), value.to_string());
        self
    }
}

/// Examines the appliance. Findings come worst first.
///
/// # Errors
///
/// Without the right `read_doctor`.
pub fn examine(office: &Office, actor: &Actor) -> Result<Doctor> {
    actor.may(Right::ReadDoctor)?;
    let mut findings =
        Vec::from([volume(office), room(office), clock(office), fixity(office), index(office)]);
    findings.push(restore_drill(office));
    findings.extend(databases(office));
    findings.extend(replicas(office));
    findings.push(patrolled(office));
    findings.extend(models::examine(office));
    findings.push(font());
    findings.extend(certificates(office));
    findings.push(keys(office));
    findings.push(cases(office));
    findings.push(reports(office));
    findings.push(faces(office));
    findings.sort_by_key(|finding| std::cmp::Reverse(finding.level));
    let findings = findings.into_iter().map(to_api).collect();
    Ok(Doctor { findings, version: env!("CARGO_PKG_VERSION").to_owned() })
}

/// The code and level of the worst quick finding, for a line on the first page. Reads no model.
pub(crate) fn quick(office: &Office) -> (&'static str, Option<&'static str>) {
    let findings =
        Vec::from([volume(office), room(office), clock(office), fixity(office), index(office), keys(office)]);
    let worst = findings.into_iter().chain(certificates(office)).max_by_key(|finding| finding.level);
    match worst {
        Some(finding) if finding.level > Level::Ok => (finding.level.word(), Some(finding.code)),
        _ => (Level::Ok.word(), None),
    }
}

fn to_api(finding: Finding) -> DoctorFinding {
    DoctorFinding {
        code: finding.code.to_owned(),
        level: finding.level.word().to_owned(),
        text: finding.text,
        mend: finding.mend,
        params: finding.params,
    }
}

/// A finding about something that could not be looked at.
fn unknown(code: &'static str, error: &dyn std::fmt::Display) -> Finding {
    Finding::new(code, Level::Attention, format!("This could not be examined: {error}."))
        .mend("Look at the log and at the data directory's permissions.")
}

fn volume(office: &Office) -> Finding {
    const MEND: &str = "Move the data directory to a LUKS volume.";
    match encryption(&office.paths.data) {
        Ok(Encryption::Encrypted) => Finding::new("volume-encrypted", Level::Ok, "The data lies on an encrypted volume."),
        Ok(Encryption::Plain) if office.config.allow_unencrypted_volume => Finding::new(
            "volume-unencrypted",
            Level::Attention,
            "The data lies on a volume without encryption, which the configuration allows.",
        )
        .mend(MEND),
        Ok(Encryption::Plain) => {
            Finding::new("volume-unencrypted", Level::Stop, "The data lies on a volume without encryption.").mend(MEND)
        }
        Ok(Encryption::Unknown) => Finding::new(
            "volume-unknown",
            Level::Attention,
            "Whether the volume is encrypted can't be seen from here.",
        )
        .mend("Make sure that the volume below is encrypted, and write that down where your school keeps such things."),
        Err(error) => unknown("volume-unknown", &error),
    }
}

fn room(office: &Office) -> Finding {
    let free = match free_bytes(&office.paths.data) {
        Ok(free) => free,
        Err(error) => return unknown("room-unknown", &error),
    };
    let (code, level) = match free {
        ..ROOM_STOP => ("room-none", Level::Stop),
        ROOM_STOP..ROOM_ATTENTION => ("room-little", Level::Attention),
        ROOM_ATTENTION.. => ("room-ok", Level::Ok),
    };
    let finding =
        Finding::new(code, level, format!("{} MiB are free.", free >> 20)).param("free_bytes", free);
    if level == Level::Ok { finding } else { finding.mend("Enlarge the volume before the next delivery.") }
}

/// How many people's faces are in use, beside the number from which the school must file with the authority.
fn faces(office: &Office) -> Finding {
    match law::count::of(office) {
        Ok(count) => faces_of(&count),
        Err(error) => unknown("faces-unknown", &error),
    }
}

fn faces_of(count: &FaceCount) -> Finding {
    let (people, limit) = (count.total(), count.file_at);
    let finding = if people >= count.file_at {
        let text = format!("Faces of {people} people are in use; from {limit} the school must file.");
        Finding::new("faces-file", Level::Stop, text).mend(
            "File with the provincial cyberspace office within 30 working days, and end comparing in campaigns that are \
             done.",
        )
    } else if people >= count.attention_at {
        let text = format!("Faces of {people} people are in use; from {limit} the school must file.");
        Finding::new("faces-many", Level::Attention, text).mend(
            "End comparing in campaigns that are done, or prepare the filing with the provincial cyberspace office.",
        )
    } else {
        Finding::new("faces-few", Level::Ok, format!("Faces of {people} people are in use."))
    };
    finding.param("people", people).param("limit", limit)
}

/// The clock must not be behind what it itself wrote down before.
fn clock(office: &Office) -> Finding {
    let now = Timestamp::now();
    let last = match office.office.read(|conn| audit::list(conn, audit::Filter::default(), 0, 1)) {
        Ok(entries) => entries.first().map(|(_, entry)| entry.at),
        Err(error) => return unknown("clock-unknown", &error),
    };
    match last {
        Some(last) if last > now + SignedDuration::from_secs(5) => Finding::new(
            "clock-behind",
            Level::Stop,
            format!("The clock says {now:.0}, but the audit trail has an entry of {last:.0}."),
        )
        .mend("Set the clock and keep it right with NTP (`timedatectl set-ntp true`).")
        .param("now", now)
        .param("last", last),
        _ if Path::new("/run/systemd/timesync/synchronized").exists()
            || Path::new("/run/chrony/chronyd.pid").exists() =>
        {
            Finding::new("clock-ok", Level::Ok, "The clock is kept right by a time service.")
        }
        _ => Finding::new(
            "clock-unkept",
            Level::Attention,
            "No time service was seen keeping the clock right.",
        )
        .mend("Turn one on (`timedatectl set-ntp true`), or make sure that the host below does it."),
    }
}

fn fixity(office: &Office) -> Finding {
    const MEND: &str = "Run `xuecang archive check`, or start the check on the page of the archive's health.";
    let objects = office.catalog.read(catalog::object::totals).map(|totals| totals.objects);
    let last = office.office.read(|conn| fixity_check::latest(conn, 1)).map(|checks| checks.first().copied());
    match (objects, last) {
        (Err(error), _) | (_, Err(error)) => unknown("fixity-unknown", &error),
        (Ok(_), Ok(Some(check))) if check.damaged + check.unreadable > check.repaired => Finding::new(
            "fixity-damage",
            Level::Stop,
            format!(
                "The last check found {} damaged and {} unreadable files.",
                check.damaged, check.unreadable
            ),
        )
        .mend("Restore the files from a backup or a replica, then check again. Delete nothing before.")
        .param("damaged", check.damaged)
        .param("unreadable", check.unreadable),
        (Ok(_), Ok(Some(check))) if check.repaired > 0 => Finding::new(
            "fixity-repaired",
            Level::Attention,
            format!("The last check found {} files damaged; they came back from a replica.", check.repaired),
        )
        .mend("Look at the disk's own health, and check again. What was damaged is kept in the folder `quarantine`.")
        .param("repaired", check.repaired),
        (Ok(_), Ok(Some(check))) if Timestamp::now().duration_since(check.at) > FIXITY_AGE => Finding::new(
            "fixity-old",
            Level::Attention,
            format!("The last check of every byte was at {:.0}.", check.at),
        )
        .mend(MEND)
        .param("at", check.at),
        (Ok(_), Ok(Some(check))) => Finding::new(
            "fixity-ok",
            Level::Ok,
            format!("Every byte was read at {:.0} and was intact.", check.at),
        )
        .param("at", check.at),
        (Ok(0), Ok(None)) => Finding::new("fixity-ok", Level::Ok, "There is nothing in the archive yet."),
        (Ok(_), Ok(None)) => {
            Finding::new("fixity-never", Level::Attention, "The archive's bytes were never checked.")
                .mend(MEND)
        }
    }
}

fn replicas(office: &Office) -> Vec<Finding> {
    let objects = office.catalog.read(catalog::object::totals).map(|totals| totals.objects);
    match (objects, replica::states(office)) {
        (Err(error), _) => vec![unknown("replica-unknown", &error)],
        (_, Err(error)) => vec![unknown("replica-unknown", &error)],
        (Ok(0), Ok(all)) if all.is_empty() => {
            vec![Finding::new("replica-ok", Level::Ok, "There is nothing to copy yet.")]
        }
        (Ok(_), Ok(all)) if all.is_empty() => vec![
            Finding::new(
                "replica-none",
                Level::Attention,
                "There is no copy of the archive on another volume.",
            )
            .mend("Run `xuecang replica add NAME --dir DIR` with a folder on another disk, best twice."),
        ],
        (Ok(_), Ok(all)) => all.iter().map(judged).collect(),
    }
}

/// The worst that is to be said of a replica.
fn judged(replica: &Replica) -> Finding {
    let (name, found) = (&replica.name, |code, text: String| Finding::new(code, Level::Attention, text));
    let finding = if replica.state == "unreachable" {
        found("replica-unreachable", format!("The replica {name} can't be reached at {}.", replica.dir))
            .mend("Mount its volume. If it is lost, run `xuecang replica remove` and add another.")
    } else if replica.damaged > 0 {
        found("replica-damaged", format!("The replica {name} holds {} damaged objects.", replica.damaged))
            .mend("Run `xuecang replica verify`: what the archive holds whole replaces them. If it comes again, replace the disk.")
    } else if replica.late {
        found(
            "replica-behind",
            format!("The replica {name} has been behind for more than a day, by {} objects.", replica.behind),
        )
        .mend("Run `xuecang replica sync` and look at what it says: a full disk, or damage in the archive.")
    } else if replica.other_device == Some(false) {
        found("replica-same-device", format!("The replica {name} lies on the same device as the archive."))
            .mend("Add one on another disk: a disk that fails takes both.")
    } else {
        Finding::new(
            "replica-ok",
            Level::Ok,
            format!("The replica {name} holds {} objects.", replica.objects),
        )
    };
    finding.param("name", name).param("count", replica.behind.max(replica.damaged))
}

fn patrolled(office: &Office) -> Finding {
    match patrol::state(office) {
        Err(error) => unknown("patrol-unknown", &error),
        Ok(patrol) => overdue(&patrol),
    }
}

fn overdue(patrol: &Patrol) -> Finding {
    let Patrol { days, objects, overdue, hurt, .. } = patrol;
    let finding = if *hurt > 0 {
        Finding::new("patrol-hurt", Level::Stop, format!("{hurt} objects are damaged, and no replica holds them whole."))
            .mend("Run `xuecang archive check`, bring them back from a backup, and check again. Delete nothing before.")
    } else if *overdue > 0 {
        let text = format!("{overdue} of {objects} objects were not read within {days} days.");
        Finding::new("patrol-overdue", Level::Attention, text)
            .mend("Leave the appliance running: it reads them by itself, little by little. `xuecang archive check` reads all at once.")
    } else {
        Finding::new(
            "patrol-ok",
            Level::Ok,
            format!("All of {objects} objects were read within {days} days."),
        )
    };
    finding.param("overdue", overdue).param("objects", objects).param("days", days).param("hurt", hurt)
}

fn restore_drill(office: &Office) -> Finding {
    let objects = office.catalog.read(catalog::object::totals).map(|totals| totals.objects);
    match (objects, drill::last(office)) {
        (Err(error), _) => unknown("drill-unknown", &error),
        (_, Err(error)) => unknown("drill-unknown", &error),
        (Ok(objects), Ok(last)) => drilled(objects, last.as_ref(), Timestamp::now()),
    }
}

fn drilled(objects: u64, last: Option<&Drill>, now: Timestamp) -> Finding {
    const MEND: &str = "Run `xuecang archive drill --to DIR`, best with a folder on another disk.";
    match last {
        None if objects == 0 => Finding::new("drill-ok", Level::Ok, "There is nothing to restore yet."),
        None => Finding::new(
            "drill-never",
            Level::Attention,
            "Nobody has tried yet whether the archive can be restored.",
        )
        .mend(MEND),
        Some(last) if last.differing > 0 => Finding::new(
            "drill-differs",
            Level::Attention,
            format!(
                "{} things did not come back as they were kept in the drill of {:.0}.",
                last.differing, last.at
            ),
        )
        .mend(
            "Run `xuecang archive check`, bring what is damaged back from another copy, and drill again. Delete nothing \
             before.",
        )
        .param("differing", last.differing)
        .param("at", last.at),
        Some(last) if now.duration_since(last.at) > DRILL_AGE => {
            let text = format!("The archive was last restored in a drill at {:.0}.", last.at);
            Finding::new("drill-old", Level::Attention, text).mend(MEND).param("at", last.at)
        }
        Some(last) => Finding::new(
            "drill-ok",
            Level::Ok,
            format!("{} objects were restored and compared at {:.0}.", last.objects, last.at),
        )
        .param("at", last.at),
    }
}

fn index(office: &Office) -> Finding {
    match index::is_older(office) {
        Ok(false) => {}
        Ok(true) => {
            return Finding::new(
                "index-older",
                Level::Attention,
                "The search index was made by an older version. It answers, and a new one is made beside it.",
            )
            .mend("Leave the appliance running. If this stays, renew the index on the page of the archive's health.");
        }
        Err(error) => {
            return Finding::new(
                "index-unusable",
                Level::Attention,
                format!("The search index can't be used: {error}. It is made anew before anything is found."),
            )
            .mend("Start the appliance, or leave it running: the index is made from the catalog.")
            .param("reason", error);
        }
    }
    match office.catalog.read(catalog::to_index::count) {
        Err(error) => unknown("index-unknown", &error),
        Ok(behind) if behind > INDEX_BEHIND => Finding::new(
            "index-behind",
            Level::Attention,
            format!("The index has {behind} changes to catch up with."),
        )
        .mend("Wait a few minutes. If it stays, rebuild the index on the page of the archive's health.")
        .param("behind", behind),
        Ok(behind) => Finding::new("index-ok", Level::Ok, "The index is up to date.").param("behind", behind),
    }
}

/// Both databases, every page of them.
fn databases(office: &Office) -> [Finding; 2] {
    let judged = |store: &Store, whole, damaged, text: &str, mend: &str| match store.faults().first() {
        None => Finding::new(whole, Level::Ok, format!("{text} is whole.")),
        Some(fault) => Finding::new(damaged, Level::Stop, format!("{text} is damaged: {fault}."))
            .mend(mend)
            .param("fault", fault),
    };
    [
        judged(
            &office.office,
            "office-whole",
            "office-damaged",
            "The database office.db",
            "Stop the server and put back the last backup of office.db. The archive is not concerned.",
        ),
        judged(
            &office.catalog,
            "catalog-whole",
            "catalog-damaged",
            "The database catalog.db",
            "Stop the server, delete catalog.db and run `xuecang archive rebuild`: the archive itself is not concerned.",
        ),
    ]
}

fn font() -> Finding {
    if watermark::has_font() {
        return Finding::new("font-ok", Level::Ok, "The marks on pictures that are shown name people.");
    }
    Finding::new(
        "font-missing",
        Level::Attention,
        "No font for Chinese is installed: the marks on pictures that are shown name accounts only.",
    )
    .mend("Install fonts-noto-cjk and restart. Papers need it too.")
}

fn certificates(office: &Office) -> Vec<Finding> {
    [("tls.pem", "the staff port"), ("vendor-tls.pem", "the vendors' port"), ("vendor-ca.pem", "vendors")]
        .into_iter()
        .map(|(file, what)| certificate(&office.paths.keys.join(file), file, what))
        .collect()
}

fn certificate(path: &Path, file: &str, what: &str) -> Finding {
    const MEND: &str =
        "Put a new certificate and key in its place and restart, or run `xuecang certificate renew`.";
    let days = fs::read(path)
        .map_err(|error| error.to_string())
        .and_then(|pem| days_left(&pem).map_err(|error| error.to_string()));
    match days {
        Err(error) => Finding::new("certificate-unreadable", Level::Stop, format!("{file}: {error}"))
            .mend(MEND)
            .param("file", file),
        Ok(days) if days < 0 => Finding::new(
            "certificate-expired",
            Level::Stop,
            format!("The certificate of {what} has expired."),
        )
        .mend(MEND)
        .param("file", file),
        Ok(days) if days < CERTIFICATE_DAYS => Finding::new(
            "certificate-expires",
            Level::Attention,
            format!("The certificate of {what} expires in {days} days."),
        )
        .mend(MEND)
        .param("file", file)
        .param("days", days),
        Ok(days) => Finding::new(
            "certificate-ok",
            Level::Ok,
            format!("The certificate of {what} is valid for {days} more days."),
        )
        .param("file", file)
        .param("days", days),
    }
}

/// What was said in a deletion must stay readable: every signature and rule is checked anew. Without it an open case
/// can't go on; a closed one has its certificate and its transcript in the archive.
fn cases(office: &Office) -> Finding {
    let found = match deletion::unreadable_cases(office) {
        Ok(found) => found,
        Err(error) => return unknown("cases-unknown", &error),
    };
    if found.is_empty() {
        return Finding::new("cases-ok", Level::Ok, "What was said in every deletion case can be read.");
    }
    let level = if found.iter().all(|(_, closed)| *closed) { Level::Attention } else { Level::Stop };
    let ids = found.iter().map(|(id, _)| id.to_string()).collect::<Vec<_>>().join(", ");
    Finding::new("case-unreadable", level, format!("{} deletion cases can't be read: {ids}.", found.len()))
        .mend(
            "Stop the appliance and put office.db back from a backup or a replica in which they can be read; if another \
             version wrote them, start that one. The log says why. What a closed case must show lies in the archive, in \
             the object of the same id: certificate.json and transcript.json.",
        )
        .param("count", found.len())
        .param("cases", ids)
}

/// What a check found must stay readable; of an accepted delivery it lies in the archive too.
fn reports(office: &Office) -> Finding {
    let found = match delivery::unreadable(office) {
        Ok(found) => found,
        Err(error) => return unknown("reports-unknown", &error),
    };
    if found.is_empty() {
        return Finding::new("reports-ok", Level::Ok, "What the check found can be read of every delivery.");
    }
    let ids = found.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    Finding::new(
        "report-unreadable",
        Level::Attention,
        format!("What the check found can't be read of {} deliveries: {ids}.", found.len()),
    )
    .mend(
        "Have those checked again that nobody has decided on. For the others put office.db back from a backup or a replica; \
         of an accepted delivery the archive holds report.json in the object of the same id.",
    )
    .param("count", found.len())
    .param("deliveries", ids)
}

/// Nobody but the owner may read the keys.
fn keys(office: &Office) -> Finding {
    let open = fs::read_dir(&office.paths.keys).and_then(|entries| {
        let mut open = Vec::new();
        for entry in entries {
            let entry = entry?;
            if entry.metadata()?.permissions().mode() & 0o077 != 0 {
                open.push(entry.file_name().to_string_lossy().into_owned());
            }
        }
        let dir = fs::metadata(&office.paths.keys)?.permissions().mode() & 0o077 != 0;
        Ok((open, dir))
    });
    match open {
        Err(error) => unknown("keys-unknown", &error),
        Ok((open, false)) if open.is_empty() => {
            Finding::new("keys-private", Level::Ok, "Only the appliance can read its keys.")
        }
        Ok((open, _)) => {
            Finding::new("keys-open", Level::Stop, "Others than the appliance could read its keys.")
                .mend("Run `chmod 700` on the folder `keys` and `chmod 600` on the files in it.")
                .param("files", open.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_drill_counts_for_a_year_and_only_when_nothing_differed() {
        let at = Timestamp::UNIX_EPOCH;
        let drill = |differing| Drill {
            at,
            objects: 3,
            files: 9,
            bytes: 90,
            differing,
            other_device: false,
            ms: 1,
            report: "00".repeat(32),
        };
        let after = |days: i64| at + SignedDuration::from_hours(24 * days);
        let judged = |objects, last: Option<&Drill>, now| {
            let finding = drilled(objects, last, now);
            (finding.code, finding.level, finding.mend.is_empty())
        };
        assert_eq!(judged(0, None, at), ("drill-ok", Level::Ok, true));
        assert_eq!(judged(3, None, at), ("drill-never", Level::Attention, false));
        assert_eq!(judged(3, Some(&drill(0)), after(366)), ("drill-ok", Level::Ok, true));
        assert_eq!(judged(3, Some(&drill(0)), after(367)), ("drill-old", Level::Attention, false));
        assert_eq!(judged(3, Some(&drill(1)), after(1)), ("drill-differs", Level::Attention, false));
    }
}
