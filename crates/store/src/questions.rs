//! What can be asked of the store. Each question is answered by a reader, within its time; `reader` says how.

use bennu_model::{SpanId, TraceId};

use crate::{
    Charts, Cursor, Found, GroupBy, GroupFilter, GroupPage, GroupRow, LinkFrom, LogCounts, LogPage,
    ProjectRow, Result, SpanFilter, SpanPage, Store, StoredSpan, Trace, TraceFilter, TracePage, TraceRow,
    reader,
};

impl Store {
    /// All projects, the most recently used first.
    ///
    /// # Errors
    /// As every question: [`TimedOut`](crate::Error::TimedOut) or those of the database.
    pub async fn projects(&self) -> Result<Vec<ProjectRow>> {
        self.readers.ask(reader::projects).await
    }

    /// One project.
    ///
    /// # Errors
    /// As every question.
    pub async fn project(&self, name: &str) -> Result<Option<ProjectRow>> {
        let name = name.to_owned();
        self.readers.ask(move |connection| reader::project(connection, &name)).await
    }

    /// A page of a project's traces, newest first.
    ///
    /// # Errors
    /// As every question.
    pub async fn traces(
        &self,
        project: &str,
        filter: TraceFilter,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<TracePage> {
        let project = project.to_owned();
        self.readers.ask(move |connection| reader::traces(connection, &project, &filter, after, limit)).await
    }

    /// What the small charts over a list of traces show, in at most `bins` bins (1 to 1000) of equal width, at least a nanosecond
    /// each. From the filter's `since_ns` to its `until_ns`, or where they are missing from the oldest start to the newest.
    /// Counts the newest 20,000 of the traces that match, in whatever order the filter lists them.
    ///
    /// # Errors
    /// As every question.
    pub async fn charts(&self, project: &str, filter: TraceFilter, bins: usize) -> Result<Charts> {
        let project = project.to_owned();
        self.readers.ask(move |connection| reader::charts(connection, &project, &filter, bins)).await
    }

    /// A page of a project's sessions or users, the one with the newest trace first. `after` is the last trace of the last group of
    /// the page before.
    ///
    /// # Errors
    /// As every question.
    pub async fn groups(
        &self,
        project: &str,
        by: GroupBy,
        filter: GroupFilter,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<GroupPage> {
        let project = project.to_owned();
        self.readers
            .ask(move |connection| reader::groups(connection, &project, by, &filter, after, limit))
            .await
    }

    /// One session or one user of a project, by its exact name.
    ///
    /// # Errors
    /// As every question.
    pub async fn group(&self, project: &str, by: GroupBy, key: &str) -> Result<Option<GroupRow>> {
        let (project, key) = (project.to_owned(), key.to_owned());
        self.readers.ask(move |connection| reader::group(connection, &project, by, key)).await
    }

    /// The services seen in a project's newest traces.
    ///
    /// # Errors
    /// As every question.
    pub async fn services(&self, project: &str) -> Result<Vec<String>> {
        let project = project.to_owned();
        self.readers.ask(move |connection| reader::services(connection, &project)).await
    }

    /// A trace with the light rows of its spans; without a project, the one where it began.
    ///
    /// # Errors
    /// As every question.
    pub async fn trace(&self, project: Option<&str>, trace_id: TraceId) -> Result<Option<Trace>> {
        let project = project.map(str::to_owned);
        self.readers.ask(move |connection| reader::trace(connection, project.as_deref(), trace_id)).await
    }

    /// As [`trace`](Store::trace), with no spans: for who asks only for some of them.
    ///
    /// # Errors
    /// As every question.
    pub async fn trace_alone(&self, project: Option<&str>, trace_id: TraceId) -> Result<Option<Trace>> {
        let project = project.map(str::to_owned);
        self.readers
            .ask(move |connection| reader::trace_alone(connection, project.as_deref(), trace_id))
            .await
    }

    /// A trace's row.
    ///
    /// # Errors
    /// As every question.
    pub async fn trace_row(&self, project: &str, trace_id: TraceId) -> Result<Option<TraceRow>> {
        let project = project.to_owned();
        self.readers.ask(move |connection| reader::trace_row(connection, &project, trace_id)).await
    }

    /// The project where a trace began.
    ///
    /// # Errors
    /// As every question.
    pub async fn project_of(&self, trace_id: TraceId) -> Result<Option<String>> {
        self.readers.ask(move |connection| reader::project_of(connection, trace_id)).await
    }

    /// The spans of other traces that point at a trace, in every project, the newest 50. At most 128 links of a span are known
    /// here, and none of spans that were stored by a program before schema version 2.
    ///
    /// # Errors
    /// As every question.
    pub async fn links_to(&self, trace_id: TraceId) -> Result<Vec<LinkFrom>> {
        self.readers.ask(move |connection| reader::links_to(connection, trace_id)).await
    }

    /// Some spans of a trace with all their content, by start: those with these ids, at most 256, as far as the trace has them.
    /// `trace` is [`TraceRow::id`](crate::TraceRow).
    ///
    /// # Errors
    /// [`Error::TooMany`](crate::Error) ids; [`Error::TooLarge`](crate::Error) content; else as every question.
    pub async fn spans(&self, trace: i64, of: Vec<SpanId>) -> Result<Vec<StoredSpan>> {
        self.readers.ask(move |connection| reader::trace_spans(connection, trace, &of)).await
    }

    /// The ids of all spans of a trace, by start: what [`part_of_spans`](Store::part_of_spans) reads, for who reads a trace in
    /// parts.
    ///
    /// # Errors
    /// [`Error::TooMany`](crate::Error) spans, more than 1,000,000; else as every question.
    pub async fn span_ids(&self, trace: i64) -> Result<Vec<SpanId>> {
        self.readers.ask(move |connection| reader::span_ids(connection, trace)).await
    }

    /// These spans of a trace in this order, as many of them as hold `max_bytes` together, at least one; and how many ids that
    /// took. Ids that the trace does not have are passed over. `repeats_origin`: resource and scope count for every span.
    ///
    /// # Errors
    /// As every question.
    pub async fn part_of_spans(
        &self,
        trace: i64,
        of: Vec<SpanId>,
        max_bytes: usize,
        repeats_origin: bool,
    ) -> Result<(Vec<StoredSpan>, usize)> {
        self.readers
            .ask(move |connection| reader::part_of_spans(connection, trace, &of, max_bytes, repeats_origin))
            .await
    }

    /// The spans of a trace that contain a text, ASCII case ignored, by start; none for the empty text. Searched are names, ids in
    /// hex, status messages, events, and attributes with all that is nested in them, as they were sent: a text of JSON in its
    /// escaped form; and the spans' log records, at most 100,000. Not found is what stretches over two elements of a list. `trace` is [`TraceRow::id`](crate::TraceRow).
    ///
    /// # Errors
    /// As every question.
    pub async fn search_trace(&self, trace: i64, text: &str) -> Result<Vec<SpanId>> {
        let text = text.to_owned();
        self.readers
            .ask_until(move |connection, deadline| reader::search_trace(connection, trace, &text, deadline))
            .await
    }

    /// A page of the log records of a trace in whatever project, or of one of its spans, in the order of their time, whole: at most
    /// `limit`, 1,000 and what is bearable in bytes. `after` is where the page before ended.
    ///
    /// # Errors
    /// As every question.
    pub async fn log_records(
        &self,
        trace_id: TraceId,
        span: Option<SpanId>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<LogPage> {
        self.readers
            .ask(move |connection| reader::log_records(connection, trace_id, span, after, limit))
            .await
    }

    /// How many log records the spans of a trace have, and how many are of no span of it. `trace` is
    /// [`TraceRow::id`](crate::TraceRow).
    ///
    /// # Errors
    /// As every question.
    pub async fn log_counts(&self, trace: i64) -> Result<LogCounts> {
        self.readers.ask(move |connection| reader::log_counts(connection, trace)).await
    }

    /// The newest spans of a project with all their content, newest first; of a service the spans of its newest traces. At most
    /// `limit`, 500, and what is bearable in bytes.
    ///
    /// # Errors
    /// As every question.
    pub async fn recent_spans(
        &self,
        project: &str,
        service: Option<&str>,
        limit: usize,
    ) -> Result<Vec<StoredSpan>> {
        let (project, service) = (project.to_owned(), service.map(str::to_owned));
        self.readers
            .ask(move |connection| reader::recent_spans(connection, &project, service.as_deref(), limit))
            .await
    }

    /// The earlier span of a trace that a call probably goes on from: of the same kind, with messages, and with a list under the
    /// same attribute that begins as one of the call's own does. The one with the longest common beginning, of several the
    /// latest; lists that are equal count only where no other has anything in common. Looks at the nearest 500.
    ///
    /// It is a hint where to look: what the lists are is not known here. The caller compares the messages.
    ///
    /// # Errors
    /// As every question.
    pub async fn previous_call(&self, trace: i64, span_id: SpanId) -> Result<Option<SpanId>> {
        self.readers.ask(move |connection| reader::previous_call(connection, trace, span_id)).await
    }

    /// A page of a project's spans, from `from` on.
    ///
    /// # Errors
    /// As every question.
    pub async fn project_spans(
        &self,
        project: &str,
        filter: SpanFilter,
        from: Option<Cursor>,
        limit: usize,
    ) -> Result<SpanPage> {
        let project = project.to_owned();
        self.readers
            .ask(move |connection| reader::project_spans(connection, &project, &filter, from, limit))
            .await
    }

    /// Traces and spans whose id begins with these lower-case hex digits.
    ///
    /// # Errors
    /// As every question.
    pub async fn find(&self, digits: &str) -> Result<Vec<Found>> {
        let digits: String = digits.chars().take(32).collect();
        self.readers.ask(move |connection| reader::find(connection, &digits)).await
    }
}
