-- The comparison that took the place of one whose probe was taken again. The state of the earlier one stays what the table
-- lets it be: it is closed, and nothing was decided.
ALTER TABLE comparison ADD COLUMN superseded_by TEXT;
-- Each of the person's references beside the probe, a JSON array; the row's own reference is the one that decides.
ALTER TABLE comparison ADD COLUMN pairs TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(pairs));
-- The codes for which the machine says no more than unsure, a JSON array.
ALTER TABLE comparison ADD COLUMN held_back TEXT NOT NULL DEFAULT '[]' CHECK (json_valid(held_back));
