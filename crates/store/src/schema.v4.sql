-- The traces that may be open: a pending span, or no root yet. An index over the condition as it is asked for (reader/trace_filter.rs),
-- by when the last was heard of them.
DROP INDEX trace_running;
CREATE INDEX trace_open ON trace (project, end_ns) WHERE running > 0 OR substr(root_key, 1, 1) IS NOT X'00';
