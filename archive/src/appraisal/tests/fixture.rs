//! An archive in order: three people, a delivery, and everything that is recorded of them.

use super::*;

pub(super) fn at() -> Timestamp {
    "2026-09-01T08:00:00Z".parse().unwrap()
}

pub(super) fn by() -> User {
    User { name: "registrar".to_owned(), address: None }
}

pub(super) fn school() -> SigningKey {
    SigningKey::from_bytes(&[7; 32])
}

/// Such an archive, with its databases.
pub(super) struct Fixture {
    pub(super) dir: TempDir,
    pub(super) root: Root,
    pub(super) catalog: Store,
    pub(super) office: Store,
    pub(super) scheme: Scheme,
    pub(super) people: Vec<PersonId>,
    pub(super) delivery: DeliveryId,
    pub(super) scanner: Option<Scanner>,
}

/// A picture nobody else has. What follows its end is no pixel, so that a byte of it can differ and all can still be seen.
pub(super) fn jpeg(shade: u8) -> Vec<u8> {
    picture(shade, ImageFormat::Jpeg)
}

pub(super) fn picture(shade: u8, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    RgbImage::from_pixel(48, 64, Rgb([shade, 90, 200])).write_to(&mut bytes, format).unwrap();
    let mut bytes = bytes.into_inner();
    bytes.extend_from_slice(b"after the end");
    bytes
}

/// The number of somebody born on 2005-01-0n.
pub(super) fn id_number(n: usize) -> String {
    let digits = format!("530102200501{:02}001", n + 1);
    let last = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'X'];
    let right = |last: &char| format!("{digits}{last}").parse::<crate::person::IdNumber>().is_ok();
    format!("{digits}{}", last.into_iter().find(right).unwrap())
}

pub(super) fn facts(n: usize) -> PersonRecord {
    PersonRecord {
        name: format!("学生{}", ['甲', '乙', '丙'][n]),
        student_number: Some(format!("20240{n}")),
        candidate_number: Some(format!("2453010{n}")),
        id_number: Some(id_number(n)),
        ethnicity: Some("傣族".to_owned()),
        level: Some("专科".to_owned()),
        years: "3".parse().ok(),
        entry_date: "2024-09-01".parse().ok(),
        expected_graduation: "2027-07-01".parse().ok(),
        ..PersonRecord::default()
    }
}

pub(super) fn certificate(n: usize) -> DiplomaFacts {
    DiplomaFacts {
        number: format!("512341202706{n:06}"),
        outcome: Some("毕业".to_owned()),
        name: "学生".to_owned(),
        level: Some("专科".to_owned()),
        entry_date: "2024-09-01".parse().ok(),
        graduation_date: "2027-07-01".parse().ok(),
        ..DiplomaFacts::default()
    }
}

impl Fixture {
    /// Three people with photos and certificates, of whom two were in an accepted delivery; every version recorded.
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let root = Root::create(dir.path().join("archive")).unwrap();
        let catalog = Store::open(dir.path().join("catalog.db"), &catalog::MIGRATIONS).unwrap();
        let office = Store::open(dir.path().join("office.db"), &office::MIGRATIONS).unwrap();
        let mut scheme = Scheme::built_in().unwrap();
        // The machine a test runs on may be full.
        scheme.least_free_bytes = 1;
        let people: Vec<_> = (0..3).map(|_| PersonId::new()).collect();
        let delivery = DeliveryId::new();
        let fixture = Self { dir, root, catalog, office, scheme, people, delivery, scanner: None };
        let changes = fixture.people.iter().enumerate().map(|(n, person)| {
            let shade = u8::try_from(n).unwrap() * 60;
            let admission = NewPhoto::from_bytes(PhotoKind::Admission, jpeg(10 + shade), "import").unwrap();
            let change = Change::of(*person, "imported").facts(Facts::Set(Box::new(facts(n))));
            let change = change.photo(admission).diploma(certificate(n + 1));
            if n == 2 {
                return change;
            }
            let graduation = NewPhoto::from_bytes(PhotoKind::Graduation, jpeg(20 + shade), "vendor").unwrap();
            change.photo(graduation.delivered(delivery, format!("XC{n}")).captured(at(), "camera"))
        });
        fixture.holdings().keep(changes.collect(), &by(), at()).unwrap();
        fixture.deliver();
        fixture.record();
        fixture
    }

    pub(super) fn holdings(&self) -> Holdings<'_> {
        Holdings::new(&self.root, &self.catalog)
    }

    /// Keeps the delivery's own object: what the bag said, what was decided, the receipt.
    pub(super) fn deliver(&self) {
        let (vendor, campaign) = (VendorId::new(), CampaignId::new());
        let sha = |bytes: &[u8]| Checksum::of(Algorithm::Sha256, bytes).as_str().to_owned();
        let photos: Vec<_> = (0..2).map(|n| jpeg(20 + n * 60)).collect();
        let declaration = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";
        let size: usize = photos.iter().map(Vec::len).sum();
        let info =
            format!("Source-Organization: {vendor}\nBagging-Date: 2026-08-30\nPayload-Oxum: {size}.2\n");
        let manifest: String = photos
            .iter()
            .enumerate()
            .map(|(n, photo)| format!("{}  data/photos/XC{n}.jpg\n", sha(photo)))
            .collect();
        let tags: String =
            [("bagit.txt", declaration), ("bag-info.txt", &info), ("manifest-sha256.txt", &manifest)]
                .iter()
                .map(|(name, text)| format!("{}  {name}\n", sha(text.as_bytes())))
                .collect();
        let items: Vec<_> = (0..)
            .zip(&photos)
            .map(|(n, photo)| StatementItem {
                token: format!("XC{n}"),
                sha256: sha(photo),
                bytes: photo.len() as u64,
            })
            .collect();
        let bag = sha(tags.as_bytes());
        let statement = Statement {
            format: Statement::FORMAT.to_owned(),
            delivery: self.delivery,
            campaign,
            vendor,
            bag: bag.clone(),
            accepted: at(),
            items: items.clone(),
        };
        let signed = statement.sign(&school()).unwrap();
        let accepted: Vec<_> = items
            .iter()
            .zip(&self.people)
            .map(|(item, person)| json!({"token": item.token, "person": person, "sha256": item.sha256, "bytes": item.bytes}))
            .collect();
        let record = json!({
            "format": "xuecang-delivery/1", "delivery": self.delivery, "campaign": campaign, "vendor": vendor,
            "bag": bag, "proposed": {"by": UserId::new()}, "confirmed": {"by": UserId::new()}, "accepted": accepted,
        });
        let receipt =
            json!({"statement": signed.statement, "signature": ledger::to_base64(&signed.signature)});
        let files = [
            ("delivery.json", record.to_string()),
            ("report.json", "{}".to_owned()),
            ("receipt.json", receipt.to_string()),
            ("bag/bagit.txt", declaration.to_owned()),
            ("bag/bag-info.txt", info),
            ("bag/manifest-sha256.txt", manifest),
            ("bag/tagmanifest-sha256.txt", tags),
        ];
        let files = files.into_iter().map(|(name, text)| (path(name), Source::Bytes(text.into_bytes())));
        self.holdings()
            .keep_object(ObjectId::from(self.delivery.uuid()), files.collect(), "accepted", &by(), at())
            .unwrap();
    }

    /// Notes that every version there is was recorded.
    pub(super) fn record(&self) {
        for object in self.root.objects().map(Result::unwrap) {
            let uuid = object.id().uuid();
            let kind = self.catalog.read(|conn| catalog::object::kind(conn, object.id())).unwrap().unwrap();
            let (kind, subject) = match kind {
                ObjectKind::Dossier => ("dossier.kept", PersonId::from_uuid(uuid).to_string()),
                _ => ("delivery.kept", DeliveryId::from_uuid(uuid).to_string()),
            };
            for (number, _) in object.versions() {
                self.happened(kind, &subject, &format!("v{}", number.get()));
            }
        }
    }

    pub(super) fn happened(&self, kind: &str, subject: &str, reference: &str) {
        let event = event::Event {
            id: EventId::new(),
            kind: kind.to_owned(),
            at: at(),
            actor: None,
            account: "registrar".to_owned(),
            subject: subject.to_owned(),
            reference: reference.to_owned(),
            detail: Value::Null,
            salt: [3; 32],
        };
        self.office.write(|tx| event::insert(tx, &event)).unwrap();
    }

    pub(super) fn object(&self, n: usize) -> ObjectId {
        object_of(self.people[n])
    }

    pub(super) fn folder(&self, object: ObjectId) -> PathBuf {
        self.root.path().join(self.root.folder(object))
    }

    /// The file of the first photo of a person.
    pub(super) fn photo(&self, n: usize) -> PathBuf {
        let dossier = self.holdings().dossier(self.people[n]).unwrap().unwrap().0;
        self.folder(self.object(n)).join("v1/content").join(&dossier.photos[0].file)
    }

    /// Corrects a person's facts, as a registrar would.
    pub(super) fn correct(&self, n: usize, correct: impl FnOnce(&mut PersonRecord)) {
        let mut facts = facts(n);
        correct(&mut facts);
        self.keep(Change::of(self.people[n], "corrected").facts(Facts::Set(Box::new(facts))));
    }

    pub(super) fn keep(&self, change: Change) {
        self.holdings().keep(vec![change], &by(), at()).unwrap();
        self.record();
    }

    /// Writes a version of an object past everything that keeps the archive in order, and the catalog after it.
    pub(super) fn put(&self, object: ObjectId, name: &str, bytes: Vec<u8>) {
        let mut batch = self.root.batch().unwrap();
        let version = Version::new(object, "by another program", by(), at()).keep_others();
        batch.put(version.file(path(name), Source::Bytes(bytes))).unwrap();
        batch.commit().unwrap();
        self.holdings().rebuild(&mut |_, _| true).unwrap();
        self.record();
    }

    /// Changes a document of an object.
    pub(super) fn rewrite(&self, object: ObjectId, name: &str, change: impl FnOnce(&mut Value)) {
        let held = self.root.object(object).unwrap().unwrap();
        let mut document = serde_json::from_slice(&held.read(&path(name)).unwrap()).unwrap();
        change(&mut document);
        self.put(object, name, serde_json::to_vec_pretty(&document).unwrap());
    }

    pub(super) fn evidence(&self, chain: Chain) -> Evidence<'_> {
        Evidence {
            root: &self.root,
            catalog: &self.catalog,
            office: &self.office,
            chain,
            school: Some(school().verifying_key()),
            scanner: self.scanner.clone(),
            scheme: &self.scheme,
            now: "2026-11-01T08:00:00Z".parse().unwrap(),
        }
    }

    pub(super) fn appraise(&self, scope: Scope) -> AppraisalReport {
        let chain = Chain { leaves: 3, findings: Vec::new() };
        let threads = NonZeroUsize::new(2).unwrap();
        appraise(&self.evidence(chain), scope, Environment::Preservation, threads, &|_, _| {}, &|| false)
            .unwrap()
    }

    /// The numbers of the items that fail in the whole archive.
    pub(super) fn failing(&self) -> BTreeSet<&'static str> {
        failing(&self.appraise(Scope::Archive))
    }
}
