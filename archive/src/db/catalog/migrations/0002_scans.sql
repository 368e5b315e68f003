-- Scans of diplomas, with what was read on them and how that agrees with the register. Rebuilt from the OCFL root like the rest.
CREATE TABLE scan (
    id TEXT NOT NULL PRIMARY KEY,
    person TEXT NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    diploma TEXT NOT NULL,
    position INTEGER NOT NULL,                 -- among the diploma's scans, from 0
    kept INTEGER NOT NULL,
    facts TEXT NOT NULL CHECK (json_valid(facts)),
    read INTEGER NOT NULL,                     -- 0 not yet, 1 read, 2 there is nothing that can be read
    differs INTEGER NOT NULL,                  -- facts of the register that differ on the scan
    missing INTEGER NOT NULL,                  -- facts of the register that were not found on it
    reading TEXT CHECK (json_valid(reading))
) STRICT;
CREATE INDEX scan_by_person ON scan (person, diploma, position);
CREATE INDEX scan_unread ON scan (id) WHERE read = 0;
CREATE INDEX scan_in_doubt ON scan (differs, missing, id) WHERE differs + missing > 0;
