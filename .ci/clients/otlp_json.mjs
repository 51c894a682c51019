// OTLP/JSON by hand, for what no SDK would send.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';

export const newTraceId = () => randomBytes(16).toString('hex');
export const newSpanId = () => randomBytes(8).toString('hex');

function anyValue(value) {
  if (Array.isArray(value)) return { arrayValue: { values: value.map(anyValue) } };
  switch (typeof value) {
    case 'boolean': return { boolValue: value };
    case 'number': return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
    default: return { stringValue: value };
  }
}

const keyValues = (attributes = {}) => Object.entries(attributes).map(([key, value]) => ({ key, value: anyValue(value) }));

// A span from `from` to `to` milliseconds after `startMs`; `parent` is a span made here.
export function span({ traceId, parent, name, startMs, from, to, attributes, events = [], links = [], status }) {
  const at = (ms) => `${startMs + ms}000000`;
  return {
    traceId,
    spanId: newSpanId(),
    parentSpanId: parent?.spanId ?? '',
    name,
    startTimeUnixNano: at(from),
    endTimeUnixNano: at(to),
    attributes: keyValues(attributes),
    events: events.map((event) => ({ name: event.name, timeUnixNano: at(event.at), attributes: keyValues(event.attributes) })),
    links: links.map((link) => ({ ...link, attributes: keyValues(link.attributes) })),
    status,
  };
}

export async function send(base, resource, scope, spans) {
  const body = { resourceSpans: [{ resource: { attributes: keyValues(resource) }, scopeSpans: [{ scope, spans }] }] };
  const response = await fetch(`${base}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  assert.equal(response.status, 200);
  assert.deepEqual(await response.json(), {}, 'some spans were refused');
}
