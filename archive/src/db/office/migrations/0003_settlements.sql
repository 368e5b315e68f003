-- Whose face is on a doubtful photo of a delivery, as a person has settled it. Kept by the photo's bytes, so that a
-- check that runs again finds what was settled before.
CREATE TABLE settlement (
    delivery TEXT NOT NULL REFERENCES delivery (id) ON DELETE CASCADE,
    token TEXT NOT NULL,
    sha256 TEXT NOT NULL,
    decision TEXT NOT NULL CHECK (decision IN ('same', 'different')),
    note TEXT NOT NULL,
    by TEXT NOT NULL,
    by_name TEXT NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (delivery, token, sha256)
) STRICT, WITHOUT ROWID;

-- The files for which the check sent a broken parcel back, as the vendor named them: a JSON array of paths.
ALTER TABLE delivery ADD COLUMN reject_files TEXT CHECK (json_valid(reject_files));
