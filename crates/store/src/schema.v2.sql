-- Links by what they point at, so that a trace can say who points at it. A span itself keeps all its links in its record; here
-- are at most 128 of it, and none that stay within their trace. Kept in the transaction of their spans.
-- The links of spans that version 1 stored are not here: they would have to be read out of every record, which an upgrade
-- should not wait for. Their spans still show them; the other end does not know of them.
CREATE TABLE link (
    target      BLOB    NOT NULL, -- trace id
    start_ns    INTEGER NOT NULL, -- of the span that links, for the newest first
    trace       INTEGER NOT NULL, -- of the span that links
    span_id     BLOB    NOT NULL, -- the span that links
    target_span BLOB    NOT NULL,
    PRIMARY KEY (target, start_ns, trace, span_id, target_span)
) WITHOUT ROWID;
CREATE INDEX link_by_trace ON link (trace, span_id);

-- For the list of sessions: a project's traces that have one, newest first, whatever else it holds. A trace without a session
-- costs nothing, one with a session one more entry each time its row is written.
CREATE INDEX trace_with_session ON trace (project, start_ns, id, session) WHERE session IS NOT NULL;
