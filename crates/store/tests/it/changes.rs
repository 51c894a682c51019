//! Whoever looks on is told of what changed, and of nothing else.

use crate::kit::*;

#[tokio::test]
async fn the_counter_moves_with_every_commit_that_changes_something() {
    let mut store = TestStore::new();
    let mut changes = store.changes();
    let begun = *changes.borrow();
    assert!(!changes.has_changed().unwrap());

    store.append("p", vec![span(1, None, 0, 10)]).await;
    assert!(changes.has_changed().unwrap(), "told before the caller is answered");
    let first = *changes.borrow_and_update();
    assert!(first > begun);
    assert!(!store.changes().has_changed().unwrap(), "who comes later has nothing to catch up with");

    // A version that ended earlier is not kept, but the trace's row is about it, too.
    store.append("p", vec![span(1, None, 0, 5)]).await;
    assert!(*changes.borrow_and_update() > first);
    store.delete("p", Some(id(1))).await.unwrap();
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    // No trace is left; the project still goes.
    store.delete("p", None).await.unwrap();
    assert!(changes.has_changed().unwrap());

    store.store.take().unwrap().close();
    assert!(changes.changed().await.is_ok(), "the last change is still told");
    assert!(changes.changed().await.is_err(), "then the end");
}

#[tokio::test]
async fn another_run_counts_from_elsewhere() {
    let mut store = TestStore::new();
    let before = *store.changes().borrow();
    store.reopen();
    assert_ne!(*store.changes().borrow(), before);
}

#[tokio::test]
async fn what_changes_nothing_is_not_told() {
    let store = TestStore::new();
    store.append("p", vec![span(1, None, 0, 10)]).await;
    let changes = store.changes();
    store.append("p", vec![]).await;
    store.append("p", vec![span(1, None, 0, 10)]).await;
    store.check().await.unwrap();
    store.delete("p", Some(id(9))).await.unwrap();
    store.delete("nobody", None).await.unwrap();
    assert!(!changes.has_changed().unwrap());
}
