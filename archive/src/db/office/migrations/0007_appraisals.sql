-- 四性检测: each finished check of DA/T 70-2018 with its report.
CREATE TABLE appraisal (
    number INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,           -- appraisal_…
    subject TEXT NOT NULL,             -- archive, urn:uuid:… or delivery_…
    environment TEXT NOT NULL CHECK (environment IN ('accession', 'preservation')),
    began INTEGER NOT NULL,
    ended INTEGER NOT NULL,
    account TEXT NOT NULL,             -- who asked
    objects INTEGER NOT NULL,          -- that were read
    passed INTEGER NOT NULL,           -- items
    failed INTEGER NOT NULL,
    not_testable INTEGER NOT NULL,
    vetoes INTEGER NOT NULL,           -- of the failed, those that decide alone
    report TEXT NOT NULL CHECK (json_valid(report)),    -- canonical JSON
    sha256 TEXT NOT NULL CHECK (length(sha256) = 64)    -- of the report
) STRICT;

CREATE INDEX appraisal_by_subject ON appraisal (subject, number);
