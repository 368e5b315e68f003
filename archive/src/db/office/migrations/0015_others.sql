-- People of other campaigns whom a cohort's people were compared with: of which campaigns, how many of each, and each one's consent.
ALTER TABLE cohort ADD COLUMN others TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(others));

CREATE TABLE cohort_other (
    cohort TEXT NOT NULL REFERENCES cohort (id),
    person TEXT NOT NULL,
    campaign TEXT NOT NULL REFERENCES campaign (id),   -- in which the person agreed
    consent INTEGER NOT NULL REFERENCES consent (number),
    PRIMARY KEY (cohort, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX cohort_other_of_campaign ON cohort_other (campaign, person);
