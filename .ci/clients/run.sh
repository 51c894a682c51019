#!/usr/bin/env bash
# Real clients against a real server: `run.sh BINARY`. Needs Python 3.11, Node 20, strace, curl and chromium.
# Every check runs; the script fails if any did, or if the server does not stop cleanly when told to.
set -euo pipefail

binary=$(realpath "$1")
clients=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
work=$(realpath -m "$clients/../work")
pages=http://127.0.0.1:6006
otlp=http://127.0.0.1:4318
log=$work/server.log
data=$(mktemp -d)
server=
failed=()

cleanup() {
  local status=$?
  if [[ -n $server ]] && kill -0 "$server" 2>/dev/null; then
    kill -KILL "$server"
    wait "$server" 2>/dev/null || true
  fi
  if ((status != 0)) && [[ -f $log ]]; then
    echo "--- the server's log" >&2
    cat "$log" >&2
  fi
  rm -rf "$data"
}
trap cleanup EXIT

check() {
  local name=$1
  shift
  echo "--- $name"
  "$@" || failed+=("$name")
}

install_clients() {
  [[ -x $work/venv/bin/pip ]] || python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install --quiet --disable-pip-version-check -r "$clients/requirements.txt"
  # Modules are looked up from where the scripts lie, so the scripts go where the modules are.
  mkdir -p "$work/node"
  cp "$clients"/package.json "$clients"/*.mjs "$work/node/"
  (cd "$work/node" && npm install --silent --no-package-lock --no-audit --no-fund)
}

# Settings of the machine would make it another server than the one that people get.
start_server() {
  local name
  for name in $(compgen -e BENNU_ || true); do unset "$name"; done
  "$binary" --data-dir "$data" >"$log" 2>&1 &
  server=$!
  for _ in $(seq 100); do
    if curl --noproxy '*' --fail --silent --output /dev/null "$pages/readyz"; then break; fi
    kill -0 "$server" 2>/dev/null || { echo "the server ended as soon as it started" >&2; exit 1; }
    sleep 0.1
  done
  # A default port that is taken is only a warning to the server; here it would be another server that is checked.
  local line
  for line in "pages and OTLP/HTTP  $pages" "OTLP/gRPC            http://127.0.0.1:4317" "OTLP/HTTP            $otlp"; do
    grep -qF "  $line" "$log" || { echo "the server does not serve: $line" >&2; exit 1; }
  done
}

stop_server() {
  local status=0
  kill -TERM "$server"
  wait "$server" || status=$?
  server=
  if ((status != 0)); then
    echo "the server ended with $status after SIGTERM" >&2
    return 1
  fi
}

mkdir -p "$work"
rm -f "$log"
install_clients
start_server
export PYTHONDONTWRITEBYTECODE=1
check "python" "$work/venv/bin/python" "$clients/check_python.py" "$pages"
check "node" node "$work/node/check_node.mjs" "$pages" "$otlp"
check "browser" node "$work/node/check_browser.mjs" "$pages" "$work" "$binary"
check "fsync" "$clients/check_fsync.sh" "$binary"
check "stop" stop_server

if ((${#failed[@]} > 0)); then
  echo "failed: ${failed[*]}" >&2
  exit 1
fi
echo "all real clients passed"
