-- The ground on which a campaign compares faces: what people are told, what was weighed and signed, who agreed. What is
-- written here stays as it is; what came later is a further row. People are named by id alone.

-- What people are told before their faces are compared. A further version never changes an earlier one.
CREATE TABLE notice (
    campaign TEXT NOT NULL REFERENCES campaign (id),
    version INTEGER NOT NULL CHECK (version >= 1),
    text TEXT NOT NULL CHECK (json_valid(text)),
    sha256 TEXT NOT NULL,              -- of the text as canonical JSON, hex
    by TEXT NOT NULL,
    by_name TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (campaign, version)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER notice_is_never_changed BEFORE UPDATE ON notice
BEGIN SELECT RAISE(ABORT, 'a notice is never changed'); END;
CREATE TRIGGER notice_is_never_removed BEFORE DELETE ON notice
BEGIN SELECT RAISE(ABORT, 'a notice is never removed'); END;

-- 个人信息保护影响评估: written here, or a paper that was signed elsewhere and put in.
CREATE TABLE assessment (
    campaign TEXT NOT NULL,
    number INTEGER NOT NULL CHECK (number >= 1),
    notice INTEGER NOT NULL,           -- the version it weighs
    text TEXT CHECK (json_valid(text)),
    document BLOB,                     -- PDF
    digest TEXT NOT NULL,              -- SHA-256 of what is signed, hex
    by TEXT NOT NULL,
    by_name TEXT NOT NULL,
    at INTEGER NOT NULL,
    signed_by TEXT,
    signed_by_name TEXT,
    signed_at INTEGER,
    public_key TEXT,                   -- Ed25519, base64
    signature TEXT,                    -- base64
    PRIMARY KEY (campaign, number),
    FOREIGN KEY (campaign, notice) REFERENCES notice (campaign, version),
    CHECK (text IS NOT NULL OR document IS NOT NULL),
    CHECK (signed_by IS NULL OR signed_by <> by)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER assessment_is_signed_once BEFORE UPDATE ON assessment WHEN OLD.signed_at IS NOT NULL
BEGIN SELECT RAISE(ABORT, 'a signed assessment is never changed'); END;
CREATE TRIGGER assessment_is_never_removed BEFORE DELETE ON assessment
BEGIN SELECT RAISE(ABORT, 'an assessment is never removed'); END;

-- A campaign that was opened for comparing faces, and how that ended.
CREATE TABLE opening (
    campaign TEXT NOT NULL PRIMARY KEY REFERENCES campaign (id),
    assessment INTEGER NOT NULL,
    opened INTEGER NOT NULL,
    opened_by TEXT NOT NULL,           -- an account
    key_sha256 TEXT NOT NULL,          -- of the campaign's key, hex
    ending INTEGER,                    -- when its end began: nothing is compared from then on
    destroyed TEXT CHECK (json_valid(destroyed)),  -- what is to be destroyed, and from the close on what was
    closed INTEGER,                    -- when the destruction was at its end
    closed_by TEXT,                    -- an account
    FOREIGN KEY (campaign, assessment) REFERENCES assessment (campaign, number)
) STRICT, WITHOUT ROWID;

-- 单独同意: one row each time somebody agreed. The last of a person's in a campaign counts.
CREATE TABLE consent (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    campaign TEXT NOT NULL,
    person TEXT NOT NULL,
    notice INTEGER NOT NULL,           -- the version that was read
    means TEXT NOT NULL CHECK (means IN ('paper', 'screen')),
    given TEXT NOT NULL,               -- the day
    guardian BLOB,                     -- sealed under the school's key
    recorded INTEGER NOT NULL,
    recorded_by TEXT NOT NULL,         -- an account
    withdrawn INTEGER,
    withdrawn_by TEXT,                 -- the account that recorded it
    FOREIGN KEY (campaign, notice) REFERENCES notice (campaign, version)
) STRICT;
CREATE INDEX consent_of_person ON consent (campaign, person, number);

-- On which consent a comparison was made.
CREATE TABLE compared (
    comparison TEXT NOT NULL PRIMARY KEY REFERENCES comparison (id) ON DELETE CASCADE,
    campaign TEXT NOT NULL REFERENCES campaign (id),
    consent INTEGER NOT NULL REFERENCES consent (number)
) STRICT, WITHOUT ROWID;
CREATE INDEX compared_in_campaign ON compared (campaign);

-- Who somebody is, as a person found without a machine: the path that is open to everybody.
CREATE TABLE hand_check (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    person TEXT NOT NULL,
    decision TEXT NOT NULL CHECK (decision IN ('same', 'different', 'doubtful')),
    note TEXT NOT NULL,
    by TEXT NOT NULL,                  -- an account
    at INTEGER NOT NULL
) STRICT;
CREATE INDEX hand_check_of_person ON hand_check (person, number);
