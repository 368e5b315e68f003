-- Who may come in, what they did, and the work and the events that wait. Times are microseconds since 1970 in UTC.

CREATE TABLE setting (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE user (
    id             TEXT    NOT NULL PRIMARY KEY,
    account        TEXT    NOT NULL UNIQUE,
    name           TEXT    NOT NULL,
    password       TEXT    NOT NULL,                             -- argon2id, PHC string
    active         INTEGER NOT NULL CHECK (active IN (0, 1)),
    created        INTEGER NOT NULL,
    last_seen      INTEGER,
    officer_public BLOB    CHECK (length(officer_public) = 32),  -- Ed25519
    officer_sealed BLOB,                                         -- the secret half, sealed under the password
    CHECK ((officer_public IS NULL) = (officer_sealed IS NULL))
) STRICT, WITHOUT ROWID;

CREATE TABLE user_role (
    user TEXT NOT NULL REFERENCES user (id),
    role TEXT NOT NULL,
    PRIMARY KEY (user, role)
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    hash    BLOB    NOT NULL PRIMARY KEY CHECK (length(hash) = 32),  -- SHA-256 of the cookie
    user    TEXT    NOT NULL REFERENCES user (id),
    csrf    TEXT    NOT NULL,
    purpose TEXT,
    since   INTEGER,                                                 -- when the user was last here before
    created INTEGER NOT NULL,
    used    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX session_by_user ON session (user);

-- Failed attempts to sign in, by a keyed hash of what was typed as account.
CREATE TABLE sign_in (
    account      BLOB    NOT NULL PRIMARY KEY CHECK (length(account) = 32),
    failures     INTEGER NOT NULL,
    last         INTEGER NOT NULL,
    locked_until INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
    number  INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    at      INTEGER NOT NULL,
    actor   TEXT,
    account TEXT    NOT NULL,
    action  TEXT    NOT NULL,
    subject TEXT,
    purpose TEXT,
    ok      INTEGER NOT NULL CHECK (ok IN (0, 1))
) STRICT;

CREATE INDEX audit_by_subject ON audit (subject, number) WHERE subject IS NOT NULL;

CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
BEGIN SELECT RAISE (ABORT, 'the audit trail is only ever added to'); END;

CREATE TRIGGER audit_is_never_cut BEFORE DELETE ON audit
BEGIN SELECT RAISE (ABORT, 'the audit trail is only ever added to'); END;

CREATE TABLE job (
    id       TEXT    NOT NULL PRIMARY KEY,
    kind     TEXT    NOT NULL,
    subject  TEXT,
    params   TEXT    NOT NULL CHECK (json_valid(params)),
    actor    TEXT    NOT NULL,
    account  TEXT    NOT NULL,
    state    TEXT    NOT NULL,
    step     TEXT    NOT NULL,
    done     INTEGER NOT NULL,
    total    INTEGER NOT NULL,
    created  INTEGER NOT NULL,
    started  INTEGER,
    finished INTEGER,
    result   TEXT    NOT NULL CHECK (json_valid(result)),
    problem  TEXT    CHECK (json_valid(problem))
) STRICT, WITHOUT ROWID;

CREATE INDEX job_by_state ON job (state, created);
CREATE INDEX job_by_subject ON job (subject, created) WHERE subject IS NOT NULL;

CREATE TABLE job_finding (
    job      TEXT    NOT NULL REFERENCES job (id),
    number   INTEGER NOT NULL,
    place    TEXT    NOT NULL,
    field    TEXT,
    code     TEXT    NOT NULL,
    severity TEXT    NOT NULL,
    PRIMARY KEY (job, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE upload (
    id      TEXT    NOT NULL PRIMARY KEY,
    user    TEXT    NOT NULL,
    name    TEXT    NOT NULL,   -- as the client named it; tells the format, is never a path
    bytes   INTEGER NOT NULL,
    sha256  TEXT    NOT NULL CHECK (length(sha256) = 64),
    created INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- What happened and belongs in the ledger. `reference` tells two events of one kind on one subject apart.
CREATE TABLE event (
    number    INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id        TEXT    NOT NULL UNIQUE,
    kind      TEXT    NOT NULL,
    at        INTEGER NOT NULL,
    actor     TEXT,
    account   TEXT    NOT NULL,
    subject   TEXT    NOT NULL,
    reference TEXT    NOT NULL,
    detail    TEXT    NOT NULL CHECK (json_valid(detail)),
    salt      BLOB    NOT NULL CHECK (length(salt) = 32),
    leaf      INTEGER UNIQUE,
    UNIQUE (kind, subject, reference)
) STRICT;

CREATE INDEX event_waiting ON event (number) WHERE leaf IS NULL;
CREATE INDEX event_by_subject ON event (subject, number);
