-- Whoever shows what the index knows of some people asks which of them wait.
CREATE INDEX to_index_by_person ON to_index (person);
