//! The database file's layout and how older layouts become it.
//!
//! A change of layout appends a step to [`STEPS`]; steps that have shipped never change. `PRAGMA user_version` is the number
//! of steps done.

use rusqlite::Connection;

use crate::{Error, Result};

/// "BNNU", so that a database of another program is recognised and left alone.
const APPLICATION_ID: i64 = 0x424e_4e55;

const STEPS: &[&str] = &[
    include_str!("schema.v1.sql"),
    include_str!("schema.v2.sql"),
    include_str!("schema.v3.sql"),
    include_str!("schema.v4.sql"),
    include_str!("schema.v5.sql"),
];

/// Brings a database to the present layout, in one transaction.
///
/// # Errors
/// [`Error::NotOurs`] and [`Error::NewerSchema`], both before anything is changed.
pub(crate) fn migrate(connection: &mut Connection, path: &str) -> Result<()> {
    let known = STEPS.len() as i64;
    let not_ours = |_| Error::NotOurs(path.to_owned());
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).map_err(not_ours)?;
    let application: i64 = connection.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION_ID && tables > 0 {
        return Err(Error::NotOurs(path.to_owned()));
    }
    if found > known {
        return Err(Error::NewerSchema { path: path.to_owned(), found, known });
    }
    if tables == 0 {
        // Only before the first table can the file be told to give back pages that are no longer used.
        connection.execute_batch("PRAGMA auto_vacuum = INCREMENTAL; PRAGMA journal_mode = WAL;")?;
    }
    let transaction = connection.transaction()?;
    for step in &STEPS[found as usize..] {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "user_version", known)?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.commit()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_newer_file_and_a_foreign_file_are_refused_untouched() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, "db").unwrap();
        connection.pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(migrate(&mut connection, "db"), Err(Error::NewerSchema { found: 99, .. })));

        let mut foreign = Connection::open_in_memory().unwrap();
        foreign.execute_batch("CREATE TABLE theirs(x)").unwrap();
        assert!(matches!(migrate(&mut foreign, "db"), Err(Error::NotOurs(_))));
        let tables: i64 =
            foreign.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0)).unwrap();
        assert_eq!(tables, 1);
    }

    #[test]
    fn every_older_file_becomes_what_a_new_one_is() {
        let layout = |connection: &Connection| -> Vec<(String, Option<String>)> {
            let mut select = connection.prepare("SELECT name, sql FROM sqlite_schema ORDER BY name").unwrap();
            let rows = select.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
            rows.map(Result::unwrap).collect()
        };
        let mut new = Connection::open_in_memory().unwrap();
        migrate(&mut new, "db").unwrap();
        for version in 1..STEPS.len() {
            let mut old = Connection::open_in_memory().unwrap();
            STEPS[..version].iter().for_each(|step| old.execute_batch(step).unwrap());
            old.pragma_update(None, "user_version", version as i64).unwrap();
            old.pragma_update(None, "application_id", APPLICATION_ID).unwrap();
            assert_ne!(layout(&old), layout(&new));
            migrate(&mut old, "db").unwrap();
            assert_eq!(layout(&old), layout(&new), "from version {version}");
        }
    }

    #[test]
    fn migrating_twice_changes_nothing() {
        let mut connection = Connection::open_in_memory().unwrap();
        migrate(&mut connection, "db").unwrap();
        migrate(&mut connection, "db").unwrap();
    }
}
