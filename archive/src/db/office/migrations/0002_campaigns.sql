-- Open work: campaigns and their rosters, deliveries, comparisons, deletion cases. Kept and backed up.
-- People are named by id alone; who they are stands in the archive. Times: microseconds since 1970, UTC.

CREATE TABLE vendor (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    legal_name TEXT NOT NULL,
    agent_key TEXT NOT NULL,           -- Ed25519 public key, base64
    legal_key TEXT NOT NULL,           -- Ed25519 public key, base64
    certificate TEXT NOT NULL,         -- PEM
    fingerprint TEXT NOT NULL UNIQUE,  -- SHA-256 of the certificate's DER, hex
    expires INTEGER NOT NULL,
    created INTEGER NOT NULL,
    active INTEGER NOT NULL CHECK (active IN (0, 1))
) STRICT;

CREATE TABLE campaign (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('enrolment', 'graduation')),
    year INTEGER NOT NULL,
    capture_from TEXT NOT NULL,
    capture_until TEXT NOT NULL,
    deliver_by TEXT NOT NULL,
    rule_set TEXT NOT NULL,
    vendor TEXT REFERENCES vendor (id),
    created INTEGER NOT NULL
) STRICT;

CREATE TABLE roster (
    campaign TEXT NOT NULL REFERENCES campaign (id) ON DELETE CASCADE,
    person TEXT NOT NULL,
    position INTEGER NOT NULL,         -- in the roster file, from 0
    PRIMARY KEY (campaign, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX roster_by_person ON roster (person);

CREATE TABLE token (
    token TEXT NOT NULL PRIMARY KEY,
    campaign TEXT NOT NULL REFERENCES campaign (id) ON DELETE CASCADE,
    person TEXT NOT NULL,
    issued INTEGER NOT NULL,
    UNIQUE (campaign, person)
) STRICT;

CREATE TABLE delivery (
    id TEXT NOT NULL PRIMARY KEY,
    campaign TEXT NOT NULL REFERENCES campaign (id),
    vendor TEXT NOT NULL REFERENCES vendor (id),
    round INTEGER NOT NULL CHECK (round >= 1),
    state TEXT NOT NULL CHECK (state IN
        ('receiving', 'received', 'checking', 'checked', 'proposed', 'accepting', 'accepted', 'rejected')),
    name TEXT NOT NULL,                -- the vendor's own word for it
    opened INTEGER NOT NULL,
    received INTEGER,
    bytes INTEGER NOT NULL,            -- durably here
    bytes_total INTEGER NOT NULL,      -- announced
    sha256 TEXT NOT NULL,              -- announced, of the tar
    bag TEXT,                          -- SHA-256 of tagmanifest-sha256.txt, once unpacked
    job TEXT,
    report TEXT CHECK (json_valid(report)),
    proposed_decision TEXT CHECK (proposed_decision IN ('accept', 'accept_part', 'reject')),
    proposed_reason TEXT,
    proposed_by TEXT,
    proposed_by_name TEXT,
    proposed_at INTEGER,
    confirmed_by TEXT,
    confirmed_by_name TEXT,
    confirmed_at INTEGER,
    reject_reason TEXT,
    receipt TEXT CHECK (json_valid(receipt)),
    UNIQUE (campaign, round),
    CHECK (confirmed_by IS NULL OR confirmed_by <> proposed_by)
) STRICT;
CREATE INDEX delivery_by_vendor ON delivery (vendor);

CREATE TABLE item (
    delivery TEXT NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
    number INTEGER NOT NULL,           -- from 0; missing ones come last
    state TEXT NOT NULL CHECK (state IN ('good', 'doubtful', 'extra', 'missing', 'wrong', 'late')),
    token TEXT,
    person TEXT,
    file TEXT,                         -- path in the bag
    original TEXT,                     -- path in the bag
    sha256 TEXT,
    bytes INTEGER,
    width INTEGER,                     -- px
    height INTEGER,                    -- px
    captured INTEGER,
    device TEXT,
    operator TEXT,
    similarity REAL,
    verdict TEXT CHECK (verdict IN ('match', 'unsure', 'no_match')),
    oddness REAL NOT NULL,
    findings TEXT NOT NULL CHECK (json_valid(findings)),
    PRIMARY KEY (delivery, number)
) STRICT, WITHOUT ROWID;
CREATE INDEX item_by_person ON item (person) WHERE person IS NOT NULL;

CREATE TABLE calibration (
    id TEXT NOT NULL PRIMARY KEY,
    version TEXT NOT NULL UNIQUE,
    campaign TEXT NOT NULL REFERENCES campaign (id),
    model TEXT NOT NULL,
    created INTEGER NOT NULL,
    adopted INTEGER,                      -- when; NULL if not in force
    accept REAL NOT NULL,
    reject REAL NOT NULL CHECK (reject <= accept),
    report TEXT NOT NULL CHECK (json_valid(report))
) STRICT;
CREATE UNIQUE INDEX calibration_in_force ON calibration ((1)) WHERE adopted IS NOT NULL;

CREATE TABLE comparison (
    id TEXT NOT NULL PRIMARY KEY,
    person TEXT NOT NULL,
    reference TEXT NOT NULL,           -- photo_…
    reference_sha256 TEXT NOT NULL,
    probe_sha256 TEXT NOT NULL,
    probe TEXT,                        -- file name under incoming/; NULL once the probe is dropped
    verdict TEXT NOT NULL CHECK (verdict IN ('match', 'unsure', 'no_match')),
    similarity REAL NOT NULL,
    odds REAL,
    accept REAL NOT NULL,
    reject REAL NOT NULL,
    calibration TEXT NOT NULL REFERENCES calibration (id),
    model TEXT NOT NULL,
    findings TEXT NOT NULL CHECK (json_valid(findings)),
    state TEXT NOT NULL CHECK (state IN ('open', 'in_review', 'decided')),
    decision TEXT CHECK (decision IN ('same', 'different', 'doubtful', 'manual')),
    note TEXT,
    operator TEXT NOT NULL,
    decided_by TEXT,
    decided_by_name TEXT,
    decided_at INTEGER,
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX comparison_by_person ON comparison (person);
CREATE INDEX comparison_waiting ON comparison (state, at) WHERE state <> 'decided';

CREATE TABLE review (
    comparison TEXT NOT NULL REFERENCES comparison (id) ON DELETE CASCADE,
    reviewer TEXT NOT NULL,
    reviewer_name TEXT NOT NULL,
    decision TEXT NOT NULL CHECK (decision IN ('same', 'different', 'doubtful', 'manual')),
    note TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (comparison, reviewer)
) STRICT, WITHOUT ROWID;

CREATE TABLE deletion (
    id TEXT NOT NULL PRIMARY KEY,
    delivery TEXT NOT NULL UNIQUE REFERENCES delivery (id),
    vendor TEXT NOT NULL REFERENCES vendor (id),
    state TEXT NOT NULL,               -- the handshake's: DRAFT … CERTIFIED
    opened INTEGER NOT NULL,
    opened_by TEXT NOT NULL,
    session TEXT NOT NULL CHECK (json_valid(session)),
    certificate TEXT CHECK (json_valid(certificate))
) STRICT;

CREATE TABLE envelope (
    deletion TEXT NOT NULL REFERENCES deletion (id),
    seq INTEGER NOT NULL,
    message TEXT NOT NULL,             -- M1 … M13
    sender TEXT NOT NULL CHECK (sender IN ('school', 'vendor')),
    at INTEGER NOT NULL,
    state TEXT NOT NULL,               -- after it
    digest TEXT NOT NULL,              -- SHA-256 of the envelope's bytes, hex
    envelope TEXT NOT NULL,            -- DSSE, byte for byte
    PRIMARY KEY (deletion, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE fixity_check (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at INTEGER NOT NULL,
    intact INTEGER NOT NULL,
    damaged INTEGER NOT NULL,
    unreadable INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    ms INTEGER NOT NULL
) STRICT;

-- What the last check found of each object. An object that is not here was never read.
CREATE TABLE fixity_object (
    object TEXT NOT NULL PRIMARY KEY,  -- urn:uuid:…
    checked INTEGER NOT NULL,
    intact INTEGER NOT NULL CHECK (intact IN (0, 1))
) STRICT, WITHOUT ROWID;
