//! Places in lists as text.

use bennu_store::Cursor;

/// A cursor as text: the start and the row.
pub(crate) fn write_cursor(cursor: Cursor) -> String {
    format!("{}-{}", cursor.key, cursor.id)
}

/// The inverse of [`write_cursor`].
pub(crate) fn read_cursor(text: &str) -> Option<Cursor> {
    let (key, id) = text.split_once('-')?;
    Some(Cursor { key: key.parse().ok()?, id: id.parse().ok()? })
}
