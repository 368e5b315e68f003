-- Printed proofs of diplomas that were issued, by the code on the paper. Times: microseconds since 1970, UTC.
CREATE TABLE proof (
    id TEXT NOT NULL PRIMARY KEY,
    code TEXT NOT NULL UNIQUE,
    person TEXT NOT NULL,
    diploma TEXT NOT NULL,
    photo TEXT,                                -- the graduation photo it shows
    version INTEGER NOT NULL CHECK (version >= 1),
    issued INTEGER NOT NULL,
    account TEXT NOT NULL,                     -- who issued it
    purpose TEXT NOT NULL,
    said TEXT NOT NULL CHECK (json_valid(said))
) STRICT;
CREATE INDEX proof_by_person ON proof (person, issued);
