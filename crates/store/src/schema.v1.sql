-- AUTOINCREMENT: an id is never given again. The sweep and clients' cursors rely on "greater is newer".
-- Times are nanoseconds since the Unix epoch; ids are raw bytes; token counts are owned tokens unless a name says otherwise.

CREATE TABLE project (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    name    TEXT    NOT NULL UNIQUE,
    traces  INTEGER NOT NULL DEFAULT 0,
    spans   INTEGER NOT NULL DEFAULT 0,
    errors  INTEGER NOT NULL DEFAULT 0,
    tokens  INTEGER NOT NULL DEFAULT 0,
    last_ns INTEGER NOT NULL DEFAULT 0
);

-- One row a trace and project, kept in the transaction of its spans.
CREATE TABLE trace (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    project     INTEGER NOT NULL,
    trace_id    BLOB    NOT NULL,
    start_ns    INTEGER NOT NULL,
    end_ns      INTEGER NOT NULL,
    spans       INTEGER NOT NULL,
    errors      INTEGER NOT NULL,
    kinds       INTEGER NOT NULL, -- bit set of the kinds of its spans
    input_tokens       INTEGER NOT NULL,
    output_tokens      INTEGER NOT NULL,
    cache_read_tokens  INTEGER NOT NULL,
    cache_write_tokens INTEGER NOT NULL,
    reasoning_tokens   INTEGER NOT NULL,
    unsplit_tokens     INTEGER NOT NULL,
    -- Each shown value comes from the span whose key is least (see writer/best.rs); so any order of arrival agrees.
    root_key    BLOB, root_name TEXT, root_kind INTEGER,
    input_key   BLOB, input     TEXT,
    output_key  BLOB, output    TEXT,
    session_key BLOB, session   TEXT,
    user_key    BLOB, user      TEXT,
    service_key BLOB, service   TEXT
);
CREATE UNIQUE INDEX trace_by_id ON trace (trace_id, project);
CREATE INDEX trace_by_start ON trace (project, start_ns, id);
CREATE INDEX trace_by_session ON trace (project, session, start_ns) WHERE session IS NOT NULL;
CREATE INDEX trace_by_user ON trace (project, user, start_ns) WHERE user IS NOT NULL;
CREATE INDEX trace_with_errors ON trace (project, start_ns) WHERE errors > 0;

-- The light columns are for lists and the waterfall; data and refs hold the rest of the span (see stored/).
CREATE TABLE span (
    id        INTEGER PRIMARY KEY AUTOINCREMENT, -- order of insertion
    trace     INTEGER NOT NULL,
    project   INTEGER NOT NULL,
    span_id   BLOB    NOT NULL,
    parent_id BLOB,
    name      TEXT    NOT NULL,
    kind      INTEGER NOT NULL,
    status    INTEGER NOT NULL,
    start_ns  INTEGER NOT NULL,
    end_ns    INTEGER NOT NULL,
    model     TEXT,
    note      TEXT,
    response  INTEGER, -- hash of the provider's response id
    scope     INTEGER NOT NULL, -- hash of the instrumentation scope
    messages  INTEGER NOT NULL,
    version   BLOB    NOT NULL, -- hash of the whole span
    refs      BLOB    NOT NULL,
    data      BLOB    NOT NULL
);
CREATE UNIQUE INDEX span_by_id ON span (trace, span_id);
CREATE INDEX span_by_start ON span (project, start_ns, id);

-- Tokens a span reports, and what is owned below it. A row may come before its span, from a child.
CREATE TABLE usage (
    trace     INTEGER NOT NULL,
    span_id   BLOB    NOT NULL,
    parent_id BLOB,
    flags     INTEGER NOT NULL,
    reported  BLOB    NOT NULL,
    below     BLOB    NOT NULL,
    PRIMARY KEY (trace, span_id)
) WITHOUT ROWID;

-- Content, stored once. Found by hash through memory, not through an index.
CREATE TABLE body (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    hash BLOB NOT NULL,
    data BLOB NOT NULL
);

-- Lists as a prefix tree: a node is its parent's list and one more body.
CREATE TABLE node (
    id     INTEGER PRIMARY KEY AUTOINCREMENT,
    parent INTEGER, -- NULL for the first element
    body   INTEGER NOT NULL,
    hash   BLOB NOT NULL
);
