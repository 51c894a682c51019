-- Pending spans: the client only said that they began. The columns stand behind the content of the row and cost nothing there:
-- SQLite keeps 0 and 1 in the head of a row, so they are read without what is before them.
ALTER TABLE span ADD COLUMN running INTEGER NOT NULL DEFAULT 0;
ALTER TABLE trace ADD COLUMN running INTEGER NOT NULL DEFAULT 0; -- how many of its spans
CREATE INDEX trace_running ON trace (project, start_ns, id) WHERE running > 0;

-- What single spans say for their trace's row as long as that may change: pending spans, and spans that log records complete
-- (see writer/offers.rs). Under the empty span id what the row says without them.
ALTER TABLE trace ADD COLUMN offers INTEGER NOT NULL DEFAULT 0; -- how many spans
CREATE TABLE offer (
    trace   INTEGER NOT NULL,
    span_id BLOB    NOT NULL,
    data    BLOB    NOT NULL,
    PRIMARY KEY (trace, span_id)
) WITHOUT ROWID;

-- Log records by the trace they name, whatever the project: a record often comes before its span, and who logs may call
-- the project otherwise than who traces.
CREATE TABLE log (
    id         INTEGER PRIMARY KEY AUTOINCREMENT, -- order of insertion
    trace_id   BLOB    NOT NULL,
    span_id    BLOB, -- as the record says; NULL if it says none
    at_ns      INTEGER NOT NULL,
    severity   INTEGER NOT NULL,
    event_name TEXT    NOT NULL,
    meaningful INTEGER NOT NULL, -- whether it changes what its span means
    preview    TEXT,
    version    BLOB    NOT NULL, -- hash of what it says
    refs       BLOB    NOT NULL,
    data       BLOB    NOT NULL
);
-- With the hash: a record that is sent again is found here.
CREATE INDEX log_by_span ON log (trace_id, span_id, at_ns, version, id);
CREATE INDEX log_with_meaning ON log (trace_id, span_id, at_ns, version, id) WHERE meaningful;
