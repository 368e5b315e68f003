-- What happened since somebody was last here is asked at each sign-in.
CREATE INDEX event_by_time ON event (at);
