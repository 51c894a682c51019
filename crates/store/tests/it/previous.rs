//! The earlier call that a call goes on from.

use bennu_model::{Attribute, Event, Kind, Span, SpanId, Summary};

use crate::kit::*;

/// How an instrumentor writes messages down.
type Form = fn(&[&str]) -> Vec<Attribute>;

fn flattened(messages: &[&str]) -> Vec<Attribute> {
    let names = messages.iter().enumerate().flat_map(|(n, content)| {
        let key = |name: &str| format!("llm.input_messages.{n}.message.{name}");
        [text(&key("role"), ["user", "assistant"][n % 2]), text(&key("content"), content)]
    });
    names.collect()
}

fn json(messages: &[&str]) -> Vec<Attribute> {
    let items = messages.iter().enumerate().map(|(n, content)| {
        let role = ["user", "assistant"][n % 2];
        format!("{{\"role\":\"{role}\",\"parts\":[{{\"type\":\"text\",\"content\":\"{content}\"}}]}}")
    });
    vec![text("gen_ai.input.messages", &format!("[{}]", items.collect::<Vec<_>>().join(",")))]
}

fn tools(count: usize) -> Attribute {
    let tools = (0..count)
        .map(|n| format!("{{\"name\":\"tool_{n}\",\"description\":\"does what number {n} does\"}}"));
    text("gen_ai.tool.definitions", &format!("[{}]", tools.collect::<Vec<_>>().join(",")))
}

fn call(number: u8, attributes: Vec<Attribute>) -> (Span, Summary) {
    let (span, summary) = span(number, None, u64::from(number) * 10, 500);
    (Span { attributes, ..span }, Summary { kind: Kind::Llm, has_messages: true, ..summary })
}

async fn before(store: &TestStore, span: u8) -> Option<u8> {
    let trace = store.trace_of("p", 1).await.row.id;
    store.previous_call(trace, SpanId([span; 8])).await.unwrap().map(|id| id.0[0])
}

const PLAN: &str = "Plan a journey to Lisbon for four people in May, by train where that is possible at all";
const ASK: &str =
    "Gladly. Where do you start from, and how many days do you have for the way there and back?";
const FROM: &str =
    "From Basel, and we have nine days altogether, of which two or three may be spent on the way";
const OTHER: &str = "Summarise these reviews of hotels in the old town, each in one line, without the prices";
const IDEA: &str =
    "Then take the night train to Barcelona, stay for a day, and go on by way of Madrid to Lisbon";

#[tokio::test]
async fn a_growing_history_is_followed_past_an_unrelated_call() {
    for form in [flattened as Form, json as Form] {
        for equip in [|_| vec![], |_| vec![tools(30)], |number: u8| vec![tools(usize::from(number) + 20)]] {
            let store = TestStore::new();
            let made = |number: u8, messages: &[&str]| {
                let mut attributes = form(messages);
                attributes.extend(equip(number));
                call(number, attributes)
            };
            // The first question and answer are short: too short to be kept as lists.
            store.append("p", vec![made(1, &["Hi", ASK])]).await;
            store.append("p", vec![made(2, &["Hi", ASK, PLAN, ASK])]).await;
            store.append("p", vec![made(3, &[OTHER])]).await;
            store.append("p", vec![made(4, &["Hi", ASK, PLAN, ASK, FROM, IDEA])]).await;
            assert_eq!(before(&store, 4).await, Some(2));
            assert_eq!(before(&store, 2).await, Some(1));
            assert_eq!(before(&store, 1).await, None);
        }
    }
}

#[tokio::test]
async fn a_short_first_message_counts() {
    for form in [flattened as Form, json as Form] {
        let store = TestStore::new();
        store.append("p", vec![call(1, form(&["Hi"])), call(2, form(&["Hello"]))]).await;
        store
            .append("p", vec![call(3, form(&["Hi", PLAN, ASK, FROM])), call(4, form(&["Hello", "You"]))])
            .await;
        assert_eq!((before(&store, 3).await, before(&store, 4).await), (Some(1), Some(2)));
    }
}

#[tokio::test]
async fn lists_are_compared_under_the_same_attribute_and_equal_ones_last() {
    let store = TestStore::new();
    let renamed = |messages: &[&str]| {
        let rename = |(_, value)| ("other.messages".to_owned(), value);
        json(messages).into_iter().map(rename).collect::<Vec<_>>()
    };
    store.append("p", vec![call(1, renamed(&[PLAN, ASK, FROM]))]).await;
    store.append("p", vec![call(2, json(&[PLAN, ASK, FROM, IDEA]))]).await;
    assert_eq!(before(&store, 2).await, None, "another attribute says another thing");
    store.append("p", vec![call(3, json(&[PLAN, ASK, FROM, IDEA]))]).await;
    assert_eq!(before(&store, 3).await, Some(2), "a retry, and nothing it goes on from");
    store.append("p", vec![call(4, json(&[PLAN, OTHER, FROM])), call(5, json(&[PLAN, OTHER, FROM]))]).await;
    assert_eq!(
        before(&store, 5).await,
        Some(3),
        "of those that begin alike the latest, before the equal one"
    );
}

#[tokio::test]
async fn messages_of_events_are_followed_and_other_kinds_are_not() {
    let store = TestStore::new();
    let with_event = |number, messages: &[&str]| {
        let (span, summary) = call(number, vec![]);
        let name = "gen_ai.client.inference.operation.details".to_owned();
        let event = Event { name, attributes: json(messages), ..Event::default() };
        (Span { events: vec![event], ..span }, summary)
    };
    let (agent, summary) = with_event(2, &[PLAN, ASK]);
    let silent = with_event(3, &[PLAN, ASK]);
    store
        .append(
            "p",
            vec![
                with_event(1, &[PLAN]),
                (agent, Summary { kind: Kind::Agent, ..summary }),
                (silent.0, Summary { has_messages: false, ..silent.1 }),
                with_event(4, &[PLAN, ASK, FROM]),
            ],
        )
        .await;
    assert_eq!(before(&store, 4).await, Some(1));
    assert_eq!(before(&store, 9).await, None, "no such span");
    assert_eq!(store.previous_call(999, SpanId([4; 8])).await.unwrap(), None);
}
