-- Restore drills: the archive restored elsewhere and compared.
CREATE TABLE drill (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    began INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    objects INTEGER NOT NULL,          -- that came back whole
    files INTEGER NOT NULL,            -- of those
    bytes INTEGER NOT NULL,
    differing INTEGER NOT NULL,        -- things that did not come back as they were kept
    other_device INTEGER NOT NULL CHECK (other_device IN (0, 1)),
    report TEXT NOT NULL CHECK (json_valid(report)),    -- canonical JSON
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64)    -- of the report
) STRICT;

-- The objects that came back whole, about 250 bytes each: what a drill can vouch for. The report holds their digest.
CREATE TABLE drill_object (
    drill INTEGER NOT NULL REFERENCES drill (number) ON DELETE CASCADE,
    object TEXT NOT NULL,              -- urn:uuid:…
    version INTEGER NOT NULL CHECK (version >= 1),
    inventory TEXT NOT NULL CHECK (length(inventory) = 128),
    files INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    PRIMARY KEY (drill, object)
) STRICT, WITHOUT ROWID;
