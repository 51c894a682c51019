"""Runs real Python clients against a server that listens: `check_python.py http://127.0.0.1:6006`.

OTLP/gRPC is expected on localhost:4317, because `phoenix.otel.register()` sends there when it is told nothing.
"""

import os
import sys
import traceback

# Clients read these when they are imported; whatever the machine has set is not part of the check.
for name in list(os.environ):
    if name.startswith(("OTEL_", "PHOENIX_", "OPENAI_", "OPENINFERENCE_")):
        del os.environ[name]
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "localhost,127.0.0.1"

from checks import genai_logs, json_strings, openai_calls, phoenix_client, phoenix_register, refusals, sdk  # noqa: E402
from checks.server import Server  # noqa: E402

# The last two look at what the others have stored.
CHECKS = [sdk, phoenix_register, openai_calls, genai_logs, json_strings, phoenix_client, refusals]


def main():
    server = Server(sys.argv[1].rstrip("/"))
    failed = []
    for check in CHECKS:
        name = check.__name__.removeprefix("checks.")
        try:
            check.run(server)
            print(f"ok      {name}", flush=True)
        except Exception:
            # The others still run: one report of everything that is wrong is worth more than the first line of it.
            traceback.print_exc()
            print(f"FAILED  {name}", flush=True)
            failed.append(name)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
