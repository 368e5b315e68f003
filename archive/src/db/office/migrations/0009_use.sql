-- Legal holds: while one stands, no copy of the person's photos is deleted anywhere by this appliance's word.
CREATE TABLE hold (
    id TEXT PRIMARY KEY,
    person TEXT NOT NULL,
    reason TEXT NOT NULL,
    placed INTEGER NOT NULL,
    placed_by TEXT NOT NULL,
    lifted INTEGER,
    lifted_by TEXT,
    lift_reason TEXT,
    CHECK ((lifted IS NULL) = (lifted_by IS NULL) AND (lifted IS NULL) = (lift_reason IS NULL))
) STRICT;

CREATE INDEX hold_by_person ON hold (person);

-- Copies that somebody wants to take out of the archive: asked for by one, decided by another, taken while it counts.
-- What was asked for is kept as ids, so that what is taken is what was approved.
CREATE TABLE copy (
    id TEXT PRIMARY KEY,
    people TEXT NOT NULL CHECK (json_valid(people)),
    numbers INTEGER NOT NULL CHECK (numbers IN (0, 1)),
    narrowed TEXT NOT NULL,
    purpose TEXT NOT NULL,
    asked INTEGER NOT NULL,
    asked_by TEXT NOT NULL,
    account TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'approved', 'refused')),
    decided INTEGER,
    decided_by TEXT,
    note TEXT NOT NULL,
    taken INTEGER NOT NULL
) STRICT;

CREATE INDEX copy_by_asked ON copy (asked);
