-- Content in blocks (stored/block.rs): many bodies compressed together take half the space and a fraction of the rows. A body's id is
-- its block's times 256 plus its place there.
CREATE TABLE block (
    id      INTEGER PRIMARY KEY AUTOINCREMENT,
    lengths BLOB NOT NULL, -- of each body, plus one; 0 is a body that was swept
    data    BLOB NOT NULL
);
-- Bodies of older versions stay where they are, in table body. The ids of new ones begin after theirs.
INSERT INTO sqlite_sequence (name, seq) SELECT 'block', max(id) / 256 FROM body HAVING count(*) > 0;

-- What traces have in common that lists filter by. A project has few of them; each has its traces in the order of time, so a filter is a
-- merge of a few ranges however many traces there are (reader/shapes.rs).
CREATE TABLE shape (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    project        INTEGER NOT NULL,
    kinds          INTEGER NOT NULL, -- bit set
    failed         INTEGER NOT NULL, -- whether it has errors
    duration_class INTEGER NOT NULL, -- writer/shapes.rs
    name           TEXT,
    service        TEXT
);
CREATE INDEX shape_by_project ON shape (project, kinds, failed, duration_class, name, service);
-- 0: not known, as of all traces that older versions wrote; then the row itself has to be looked at.
ALTER TABLE trace ADD COLUMN shape INTEGER NOT NULL DEFAULT 0;
DROP INDEX trace_with_errors;
-- With what charts show of a trace: they read twenty thousand, but not their rows.
DROP INDEX trace_by_start;
CREATE INDEX trace_by_start ON trace
    (project, start_ns, id, end_ns, errors, input_tokens, output_tokens, unsplit_tokens);
CREATE INDEX trace_by_shape ON trace
    (project, shape, start_ns, id, end_ns, errors, input_tokens, output_tokens, unsplit_tokens);
-- With what is added up of a user's traces, who may have hundreds of thousands.
DROP INDEX trace_by_user;
CREATE INDEX trace_by_user ON trace
    (project, user, start_ns, id, end_ns, errors, spans, session, input_tokens, output_tokens, cache_read_tokens,
     cache_write_tokens, reasoning_tokens, unsplit_tokens) WHERE user IS NOT NULL;
