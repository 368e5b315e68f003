-- An object may be about a signed cohort. A check can't be altered: both tables are made anew, the child first let go.
CREATE TABLE new_object (
    id TEXT NOT NULL PRIMARY KEY,              -- urn:uuid:…, of the person, delivery, deletion case or cohort
    kind TEXT NOT NULL CHECK (kind IN ('dossier', 'delivery', 'deletion', 'cohort', 'other')),
    head INTEGER NOT NULL CHECK (head >= 1),
    files INTEGER NOT NULL CHECK (files >= 0), -- stored files of all versions, without inventories
    bytes INTEGER NOT NULL CHECK (bytes >= 0)  -- of those files
) STRICT;
INSERT INTO new_object (id, kind, head, files, bytes) SELECT id, kind, head, files, bytes FROM object;

CREATE TABLE new_version (
    object TEXT NOT NULL REFERENCES new_object (id) ON DELETE CASCADE,
    number INTEGER NOT NULL CHECK (number >= 1),
    created INTEGER NOT NULL,
    by TEXT NOT NULL,                          -- the account's name
    by_address TEXT,                           -- urn:uuid:… of the account
    message TEXT NOT NULL,
    PRIMARY KEY (object, number)
) STRICT, WITHOUT ROWID;
INSERT INTO new_version (object, number, created, by, by_address, message)
    SELECT object, number, created, by, by_address, message FROM version;

DROP TABLE version;
DROP TABLE object;
ALTER TABLE new_object RENAME TO object;
ALTER TABLE new_version RENAME TO version;
