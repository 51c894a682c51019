//! Sessions and users: traces gathered by what they have in common.

use bennu_model::{Kind, Span, Summary};
use bennu_store::{GroupBy, GroupFilter, GroupPage, GroupRow};

use crate::kit::*;

/// A trace of one span, in a session and of a user.
fn trace(number: u8, start: u64, session: Option<&str>, user: Option<&str>) -> (Span, Summary) {
    let (span, mut summary) =
        reports(of_trace(span(number, None, start, start + 5), number), Kind::Llm, usage(10, 1));
    summary.session_id = session.map(str::to_owned);
    summary.user_id = user.map(str::to_owned);
    (span, summary)
}

async fn filled() -> TestStore {
    let store = TestStore::new();
    for span in [
        trace(1, 10, Some("Alpha"), Some("ann")),
        trace(2, 20, Some("beta"), Some("bob")),
        failed(trace(3, 30, Some("Alpha"), Some("bob"))),
        trace(4, 40, None, Some("ann")),
        trace(5, 50, None, None),
        trace(6, 15, Some("Alpha"), None),
        trace(7, 30, Some("gamma"), None),
    ] {
        store.append("p", vec![span]).await;
    }
    store.append("q", vec![trace(1, 99, Some("beta"), Some("zoe"))]).await;
    store
}

fn keys(page: &GroupPage) -> Vec<&str> {
    page.groups.iter().map(|group| group.key.as_str()).collect()
}

fn figures(group: &GroupRow) -> (u64, u64, u64, u64) {
    (group.traces, group.errors, group.spans, group.sessions)
}

#[tokio::test]
async fn sessions_stand_where_their_last_trace_stands() {
    let store = filled().await;
    let page = store.groups("p", GroupBy::Session, GroupFilter::default(), None, 10).await.unwrap();
    assert_eq!((keys(&page), page.next), (vec!["gamma", "Alpha", "beta"], None), "the later row decides");
    let alpha = &page.groups[1];
    assert_eq!(figures(alpha), (3, 1, 3, 1));
    assert_eq!((alpha.first_ns, alpha.last_ns, alpha.end_ns), (10_000_000, 30_000_000, 35_000_000));
    assert_eq!((alpha.users.join(" "), alpha.usage, alpha.complete), ("bob ann".into(), usage(30, 3), true));
    assert_eq!(alpha.last_trace, store.trace_of("p", 3).await.row);
    let one = store.group("p", GroupBy::Session, "Alpha").await.unwrap();
    assert_eq!(one.as_ref(), Some(alpha));
    assert_eq!(store.group("p", GroupBy::Session, "alpha").await.unwrap(), None);
    assert_eq!(store.group("nobody", GroupBy::Session, "Alpha").await.unwrap(), None);
}

#[tokio::test]
async fn users_stand_where_their_last_trace_stands() {
    let store = filled().await;
    let page = store.groups("p", GroupBy::User, GroupFilter::default(), None, 10).await.unwrap();
    assert_eq!(keys(&page), ["ann", "bob"]);
    assert_eq!(figures(&page.groups[0]), (2, 0, 2, 1));
    assert_eq!(figures(&page.groups[1]), (2, 1, 2, 2));
    assert_eq!(page.groups[1].users, ["bob"]);
    let bob = store.group("p", GroupBy::User, "bob").await.unwrap();
    assert_eq!(bob.as_ref(), Some(&page.groups[1]));
}

#[tokio::test]
async fn groups_are_filtered() {
    let store = filled().await;
    let found = async |by, filter| {
        let page = store.groups("p", by, filter, None, 10).await.unwrap();
        keys(&page).join(" ")
    };
    let all = GroupFilter::default;
    for (filter, sessions, users) in [
        (GroupFilter { contains: Some("A".into()), ..all() }, "gamma Alpha beta", "ann"),
        (GroupFilter { contains: Some("ALP".into()), ..all() }, "Alpha", ""),
        (GroupFilter { contains: Some("%".into()), ..all() }, "", ""),
        // Alpha has an earlier trace within these times; its last one is not.
        (GroupFilter { until_ns: Some(30_000_000), ..all() }, "beta", ""),
        (GroupFilter { until_ns: Some(31_000_000), ..all() }, "gamma Alpha beta", "bob"),
        (GroupFilter { since_ns: Some(30_000_000), ..all() }, "gamma Alpha", "ann bob"),
        (GroupFilter { user_id: Some("ann".into()), ..all() }, "Alpha", "ann"),
        (GroupFilter { user_id: Some("zoe".into()), ..all() }, "", ""),
    ] {
        assert_eq!(found(GroupBy::Session, filter.clone()).await, sessions, "{filter:?}");
        assert_eq!(found(GroupBy::User, filter.clone()).await, users, "{filter:?}");
    }
    let nobody = store.groups("nobody", GroupBy::User, all(), None, 10).await.unwrap();
    assert_eq!(nobody, GroupPage::default());
}

#[tokio::test]
async fn pages_hold_every_group_once() {
    let store = TestStore::new();
    for number in 0..60_u8 {
        // Equal starts, so that the row's id decides.
        let (session, user) = (format!("s{}", number % 13), format!("u{}", number % 7));
        store.append("p", vec![trace(number, u64::from(number / 20), Some(&session), Some(&user))]).await;
    }
    for (by, expected) in [(GroupBy::Session, 13), (GroupBy::User, 7)] {
        let all = store.groups("p", by, GroupFilter::default(), None, 100).await.unwrap().groups;
        assert_eq!((all.len(), all.iter().map(|group| group.traces).sum::<u64>()), (expected, 60));
        let mut seen = Vec::new();
        let mut after = None;
        loop {
            let page = store.groups("p", by, GroupFilter::default(), after, 3).await.unwrap();
            seen.extend(page.groups);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, all);
    }
}
