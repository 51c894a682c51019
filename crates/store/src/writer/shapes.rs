//! The shape of a trace: what it has in common with many others, and lists filter by.

use std::collections::HashMap;

use foldhash::fast::RandomState;
use rusqlite::{Connection, OptionalExtension};

use super::shown::Shown;
use crate::Result;

/// Shapes a project may have: more would take longer to merge than to look at the traces. A trace with yet another one has none.
const MAX_SHAPES: i64 = 2_000;
/// Shapes kept in memory, of all projects.
const MAX_KEPT: usize = 10_000;

/// A trace that has none of the known shapes.
pub(crate) const NO_SHAPE: i64 = 0;

/// What traces of one shape have in common.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    kinds: i64,
    failed: bool,
    duration_class: i64,
    name: Option<String>,
    service: Option<String>,
}

impl Shape {
    pub(crate) fn of(shown: &Shown, errors: i64) -> Self {
        Shape {
            kinds: shown.kinds,
            failed: errors > 0,
            duration_class: duration_class(shown.end_ns.saturating_sub(shown.start_ns)),
            name: shown.root.value().map(|(name, _)| name.clone()),
            service: shown.service.value().cloned(),
        }
    }
}

/// Durations in classes, four from each power of two to the next: only those of the class that a bound lies in have to be looked at
/// one by one. Classes 0 to 3 are as many milliseconds (of 2^20 ns).
pub(crate) fn duration_class(duration_ns: i64) -> i64 {
    let ms = duration_ns.max(0) >> 20;
    match i64::from(i64::BITS - ms.leading_zeros()) {
        0..3 => ms,
        bits => 4 * (bits - 2) + (ms >> (bits - 3) & 3),
    }
}

/// The shapes seen last, by project.
#[derive(Debug, Default)]
pub(crate) struct Shapes {
    ids: HashMap<(i64, Shape), i64, RandomState>,
    /// How many a project has.
    counts: HashMap<i64, i64>,
}

impl Shapes {
    /// The id of a shape, made if there is none and the project has room for one more; else [`NO_SHAPE`].
    pub(crate) fn id(&mut self, connection: &Connection, project: i64, shape: Shape) -> Result<i64> {
        let key = (project, shape);
        if let Some(id) = self.ids.get(&key) {
            return Ok(*id);
        }
        let (project, shape) = &key;
        let count = match self.counts.get(project) {
            Some(count) => *count,
            None => {
                let mut count = connection.prepare_cached("SELECT count(*) FROM shape WHERE project = ?")?;
                count.query_row([project], |row| row.get(0))?
            }
        };
        self.counts.insert(*project, count);
        let values = (project, shape.kinds, shape.failed, shape.duration_class, &shape.name, &shape.service);
        let mut select = connection.prepare_cached(
            "SELECT id FROM shape WHERE project = ? AND kinds = ? AND failed = ? AND duration_class = ? \
             AND name IS ? AND service IS ?",
        )?;
        let found: Option<i64> = select.query_row(values, |row| row.get(0)).optional()?;
        let id = match found {
            Some(id) => id,
            None if count >= MAX_SHAPES => return Ok(NO_SHAPE),
            None => {
                self.counts.insert(*project, count + 1);
                let mut insert = connection.prepare_cached(
                    "INSERT INTO shape (project, kinds, failed, duration_class, name, service) VALUES (?, ?, ?, ?, ?, ?)",
                )?;
                insert.insert(values)?
            }
        };
        if self.ids.len() >= MAX_KEPT {
            self.clear();
        }
        self.ids.insert(key, id);
        Ok(id)
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.ids.clear();
        self.counts.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_begins_where_the_one_before_ends() {
        let of_ms = |ms: i64| duration_class(ms << 20);
        assert_eq!([-1, 0, (1 << 20) - 1].map(duration_class), [0, 0, 0]);
        assert_eq!([1, 2, 3, 4, 5, 7, 8, 9, 10, 15, 16].map(of_ms), [1, 2, 3, 4, 5, 7, 8, 8, 9, 11, 12]);
        assert!((0..5_000).all(|ms| (0..=1).contains(&(of_ms(ms + 1) - of_ms(ms)))));
        assert_eq!(duration_class(i64::MAX), 4 * 41 + 3);
    }

    #[test]
    fn a_project_has_so_many_shapes_and_no_more() {
        const MAX: usize = MAX_SHAPES as usize;
        let mut connection = Connection::open_in_memory().unwrap();
        crate::schema::migrate(&mut connection, "test").unwrap();
        let shape =
            |name: usize| Shape { name: Some(format!("GET /{name}")), ..Shape::of(&Shown::nothing(), 0) };
        let mut shapes = Shapes::default();
        let ids: Vec<i64> =
            (0..MAX + 3).map(|name| shapes.id(&connection, 1, shape(name)).unwrap()).collect();
        assert!(ids[..MAX].iter().all(|id| *id != NO_SHAPE));
        assert_eq!(ids[MAX..], [NO_SHAPE; 3]);
        assert_ne!(shapes.id(&connection, 2, shape(MAX)).unwrap(), NO_SHAPE, "another project");
        shapes.clear();
        assert_eq!(shapes.id(&connection, 1, shape(7)).unwrap(), ids[7], "found again");
        assert_eq!(shapes.id(&connection, 1, shape(MAX + 9)).unwrap(), NO_SHAPE);
    }
}
