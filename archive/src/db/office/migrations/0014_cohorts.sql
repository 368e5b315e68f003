-- The comparison of everybody on a campaign's roster: what the machine said, what people said, who signed. People are named
-- by id alone; no template is here.
CREATE TABLE cohort (
    id TEXT NOT NULL PRIMARY KEY,
    campaign TEXT NOT NULL REFERENCES campaign (id),
    at INTEGER NOT NULL,
    by TEXT NOT NULL,                  -- an account
    calibration TEXT NOT NULL REFERENCES calibration (id),
    model TEXT NOT NULL,
    accept REAL NOT NULL,
    reject REAL NOT NULL,
    rule_set TEXT NOT NULL,
    alike REAL NOT NULL,               -- two people's photos at or above are a look-alike in any case
    alike_by_chance REAL,              -- how many pairs may be so by chance
    sample_percent INTEGER NOT NULL CHECK (sample_percent BETWEEN 5 AND 10),
    photos INTEGER NOT NULL,
    pairs INTEGER NOT NULL,
    superseded_by TEXT
) STRICT, WITHOUT ROWID;
CREATE INDEX cohort_of_campaign ON cohort (campaign, at);

CREATE TABLE cohort_case (
    cohort TEXT NOT NULL REFERENCES cohort (id),
    person TEXT NOT NULL,
    position INTEGER NOT NULL,         -- in the roster's order
    outcome TEXT NOT NULL CHECK (outcome IN ('match', 'unsure', 'no_match', 'by_hand')),
    bar TEXT,                          -- why the law let no machine compare
    similarity REAL,                   -- of the pair that decides
    reasons TEXT NOT NULL CHECK (json_valid(reasons)),
    photos TEXT NOT NULL CHECK (json_valid(photos)),
    pairs TEXT NOT NULL CHECK (json_valid(pairs)),
    consent INTEGER REFERENCES consent (number),
    sampled INTEGER NOT NULL CHECK (sampled IN (0, 1)),
    contested INTEGER NOT NULL DEFAULT 0 CHECK (contested IN (0, 1)),  -- another look was asked for
    round INTEGER NOT NULL DEFAULT 1,
    disposition TEXT CHECK (disposition IN ('normal', 'doubtful', 'abnormal')),
    PRIMARY KEY (cohort, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX cohort_case_in_order ON cohort_case (cohort, position);

-- Somebody else's photo that is too much like one of this person's; each pair twice, once for each of the two.
CREATE TABLE cohort_alike (
    cohort TEXT NOT NULL,
    person TEXT NOT NULL,
    photo TEXT NOT NULL,
    other TEXT NOT NULL,
    other_photo TEXT NOT NULL,
    similarity REAL NOT NULL,
    PRIMARY KEY (cohort, person, photo, other_photo),
    FOREIGN KEY (cohort, person) REFERENCES cohort_case (cohort, person),
    CHECK (person <> other)
) STRICT, WITHOUT ROWID;

-- What each person said of a case; of one round, nobody twice.
CREATE TABLE cohort_word (
    cohort TEXT NOT NULL,
    person TEXT NOT NULL,
    round INTEGER NOT NULL,
    by TEXT NOT NULL,
    by_name TEXT NOT NULL,             -- the account
    disposition TEXT NOT NULL CHECK (disposition IN ('normal', 'doubtful', 'abnormal')),
    note TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (cohort, person, round, by),
    FOREIGN KEY (cohort, person) REFERENCES cohort_case (cohort, person)
) STRICT, WITHOUT ROWID;

CREATE TABLE cohort_signature (
    cohort TEXT NOT NULL REFERENCES cohort (id),
    number INTEGER NOT NULL,
    level TEXT NOT NULL CHECK (level IN ('examiner', 'department', 'school')),
    sent_back INTEGER NOT NULL CHECK (sent_back IN (0, 1)),
    by TEXT NOT NULL,
    by_name TEXT NOT NULL,             -- the account
    at INTEGER NOT NULL,
    note TEXT NOT NULL,
    digest TEXT NOT NULL,              -- SHA-256 of what was signed, hex
    public_key TEXT,                   -- Ed25519, base64
    signature TEXT,                    -- base64
    PRIMARY KEY (cohort, number),
    CHECK (sent_back = 1 OR signature IS NOT NULL)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER cohort_signature_is_never_changed BEFORE UPDATE ON cohort_signature
BEGIN SELECT RAISE(ABORT, 'a signature is never changed'); END;
CREATE TRIGGER cohort_signature_is_never_removed BEFORE DELETE ON cohort_signature
BEGIN SELECT RAISE(ABORT, 'a signature is never removed'); END;
-- What the school has signed stays as it is.
CREATE TRIGGER cohort_case_of_signed BEFORE UPDATE ON cohort_case
WHEN EXISTS (SELECT 1 FROM cohort_signature WHERE cohort = OLD.cohort AND level = 'school' AND sent_back = 0)
BEGIN SELECT RAISE(ABORT, 'a signed cohort is never changed'); END;
