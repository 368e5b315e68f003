-- What the archive holds, as rows. Everything here but `intent` can be rebuilt from the OCFL root. Times: microseconds since 1970, UTC.

CREATE TABLE object (
    id TEXT NOT NULL PRIMARY KEY,              -- urn:uuid:…, of the person, delivery or deletion case
    kind TEXT NOT NULL CHECK (kind IN ('dossier', 'delivery', 'deletion', 'other')),
    head INTEGER NOT NULL CHECK (head >= 1),
    files INTEGER NOT NULL CHECK (files >= 0), -- stored files of all versions, without inventories
    bytes INTEGER NOT NULL CHECK (bytes >= 0)  -- of those files
) STRICT;

CREATE TABLE version (
    object TEXT NOT NULL REFERENCES object (id) ON DELETE CASCADE,
    number INTEGER NOT NULL CHECK (number >= 1),
    created INTEGER NOT NULL,
    by TEXT NOT NULL,                          -- the account's name
    by_address TEXT,                           -- urn:uuid:… of the account
    message TEXT NOT NULL,
    PRIMARY KEY (object, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE person (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    candidate_number TEXT,
    student_number TEXT,
    id_number TEXT,
    college TEXT,
    major TEXT,
    class TEXT,
    entry_year INTEGER,
    facts TEXT NOT NULL CHECK (json_valid(facts))
) STRICT;
CREATE INDEX person_by_candidate_number ON person (candidate_number);
CREATE INDEX person_by_student_number ON person (student_number);
CREATE INDEX person_by_id_number ON person (id_number);

CREATE TABLE membership (
    person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    campaign TEXT NOT NULL,
    PRIMARY KEY (person, campaign)
) STRICT, WITHOUT ROWID;
CREATE INDEX membership_by_campaign ON membership (campaign);

CREATE TABLE photo (
    id TEXT NOT NULL PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,                 -- in the dossier, from 0: the order in which photos were kept
    kind TEXT NOT NULL CHECK (kind IN ('admission', 'enrolment', 'graduation', 'original', 'id_card')),
    file TEXT NOT NULL,                        -- logical path in the object
    sha256 TEXT NOT NULL,
    sha512 TEXT NOT NULL,
    bytes INTEGER NOT NULL,
    width INTEGER NOT NULL,                    -- px
    height INTEGER NOT NULL,                   -- px
    captured INTEGER,
    kept INTEGER NOT NULL,
    delivery TEXT,
    token TEXT,
    source TEXT NOT NULL,
    superseded_by TEXT,
    UNIQUE (person, position)
) STRICT;
CREATE INDEX photo_by_delivery ON photo (delivery) WHERE delivery IS NOT NULL;
CREATE INDEX photo_by_sha256 ON photo (sha256);

CREATE TABLE diploma (
    id TEXT NOT NULL PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    number TEXT NOT NULL,
    facts TEXT NOT NULL CHECK (json_valid(facts)),
    UNIQUE (person, position)
) STRICT;
CREATE INDEX diploma_by_number ON diploma (number);

-- People whose search document is behind.
CREATE TABLE to_index (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    person TEXT NOT NULL
) STRICT;

-- Versions of which the ledger has not been told.
CREATE TABLE to_note (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    object TEXT NOT NULL,
    number INTEGER NOT NULL
) STRICT;

-- Objects about to be written. What a crash leaves here is read again from the OCFL root.
CREATE TABLE intent (
    id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    object TEXT NOT NULL
) STRICT;
