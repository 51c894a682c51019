#!/usr/bin/env bash
# An acknowledged span is on the disk: `check_fsync.sh BINARY` counts the syncs while a hundred requests are answered one
# after the other. Fewer syncs than answers would mean that some answer was a promise.
set -euo pipefail

binary=$(realpath "$1")
requests=100
work=$(mktemp -d)
tracer=

# strace does not hand signals on, so the server is stopped by its own id.
server_of() { pgrep -P "$tracer" | head -n 1; }
syncs() { grep -cE '\b(fsync|fdatasync)\(' "$work/strace.log" || true; }
cleanup() {
  if [[ -n $tracer ]] && kill -0 "$tracer" 2>/dev/null; then
    kill -KILL "$(server_of)" 2>/dev/null || true
    wait "$tracer" 2>/dev/null || true
  fi
  rm -rf "$work"
}
trap cleanup EXIT

strace -f -e trace=fsync,fdatasync -o "$work/strace.log" \
  "$binary" --data-dir "$work/data" --port 0 --grpc-port off --otlp-port off >"$work/stdout" 2>"$work/stderr" &
tracer=$!

url=
for _ in $(seq 100); do
  url=$(sed -n 's|.*pages and OTLP/HTTP *\(http://[^ ]*\).*|\1|p' "$work/stdout")
  [[ -n $url ]] && break
  sleep 0.1
done
if [[ -z $url ]]; then
  cat "$work/stdout" "$work/stderr" >&2
  echo "the server did not start under strace" >&2
  exit 1
fi

before=$(syncs)
now=$(date +%s)
for number in $(seq "$requests"); do
  id=$(printf '%016x' "$number")
  span="{\"traceId\":\"$id$id\",\"spanId\":\"$id\",\"name\":\"sync\",\"startTimeUnixNano\":\"${now}000000000\",\"endTimeUnixNano\":\"${now}000000001\"}"
  curl --noproxy '*' --fail --silent --show-error --output "$work/answer" -H 'content-type: application/json' \
    -d "{\"resourceSpans\":[{\"scopeSpans\":[{\"spans\":[$span]}]}]}" "$url/v1/traces"
done
after=$(syncs)

kill -TERM "$(server_of)"
status=0
wait "$tracer" || status=$?
tracer=

count=$((after - before))
echo "$count syncs for $requests answers"
if ((count < requests)); then
  echo "an answer was given before its span was on the disk" >&2
  exit 1
fi
if ((status != 0)); then
  cat "$work/stderr" >&2
  echo "the server ended with $status under strace" >&2
  exit 1
fi
