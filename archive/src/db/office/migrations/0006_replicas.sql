-- Copies of the archive on further volumes, what they hold, what objects were when they were found whole, and repairs.
CREATE TABLE replica (
    id TEXT NOT NULL PRIMARY KEY,      -- replica_…, as its mark says
    name TEXT NOT NULL UNIQUE,
    dir TEXT NOT NULL UNIQUE,
    added INTEGER NOT NULL,
    synced INTEGER,                    -- when a pass last came to its end
    current INTEGER,                   -- when it last held everything
    verified INTEGER                   -- when every byte of it was last read
) STRICT, WITHOUT ROWID;

CREATE TABLE replica_object (
    replica TEXT NOT NULL REFERENCES replica (id) ON DELETE CASCADE,
    object TEXT NOT NULL,              -- urn:uuid:…
    version INTEGER NOT NULL CHECK (version >= 1),
    inventory TEXT NOT NULL CHECK (length(inventory) = 128),
    verified INTEGER,                  -- when it was last read back there; nothing if only written
    intact INTEGER NOT NULL CHECK (intact IN (0, 1)),
    PRIMARY KEY (replica, object)
) STRICT, WITHOUT ROWID;

-- The inventory of a version when the object was first found whole with it.
CREATE TABLE seal (
    object TEXT NOT NULL,              -- urn:uuid:…
    version INTEGER NOT NULL CHECK (version >= 1),
    inventory TEXT NOT NULL CHECK (length(inventory) = 128),
    at INTEGER NOT NULL,
    PRIMARY KEY (object, version)
) STRICT, WITHOUT ROWID;

CREATE TABLE repair (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,         -- the folder in the quarantine
    at INTEGER NOT NULL,
    place TEXT NOT NULL,               -- archive, or replica_…
    object TEXT NOT NULL,              -- urn:uuid:…
    version INTEGER NOT NULL,
    inventory TEXT NOT NULL CHECK (length(inventory) = 128),
    copy TEXT NOT NULL,                -- where the good copy came from
    wrong TEXT NOT NULL CHECK (json_valid(wrong))
) STRICT;

CREATE INDEX repair_by_object ON repair (object, number);

-- Of the damaged and unreadable files of a check, those that were whole again at its end.
ALTER TABLE fixity_check ADD COLUMN repaired INTEGER NOT NULL DEFAULT 0;
