-- What decoding an item's photo and its original found out when the delivery was checked (JSON), so that its acceptance
-- need not decode them again: it holds the bytes to the digests. NULL in rows of earlier checks, and where nothing was decoded.
ALTER TABLE item ADD COLUMN photo_facts TEXT CHECK (photo_facts IS NULL OR json_valid(photo_facts));
ALTER TABLE item ADD COLUMN original_facts TEXT CHECK (original_facts IS NULL OR json_valid(original_facts));
