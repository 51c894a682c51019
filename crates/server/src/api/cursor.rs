//! Places in lists as text.

use bennu_store::Cursor;

/// A cursor as text: the start and the row.
pub(crate) fn write_cursor(cursor: Cursor) -> String {
    format!("{}-{}", cursor.start_ns, cursor.id)
}

/// The inverse of [`write_cursor`].
pub(crate) fn read_cursor(text: &str) -> Option<Cursor> {
    let (start_ns, id) = text.split_once('-')?;
    Some(Cursor { start_ns: start_ns.parse().ok()?, id: id.parse().ok()? })
}
