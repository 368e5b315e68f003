-- What an account looked at is asked for by date.
CREATE INDEX audit_by_account ON audit (account, at);
