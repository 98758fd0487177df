"""The bank as a process of its own: `python -m shop.demo.bank`, as `make run` starts it."""

from __future__ import annotations

import os
import sys
from urllib.parse import urlsplit

from werkzeug.serving import WSGIRequestHandler, make_server

from shop.demo.bank import BankConfig, make_bank
from shop.demo.bank_account import webhook_url
from shop.demo.place import CannotRun, read_environment, var_folder


class Handler(WSGIRequestHandler):
    """Keeps connections open, and writes no addresses to its log: some have a payment's secret in them."""

    protocol_version = "HTTP/1.1"
    timeout = 30

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        self.log("info", "%s %s %s", self.command, self.path.partition("?")[0], code)


def main() -> int:
    """Serve until stopped; 1 with a plain sentence when the environment is not one for a bank that moves no money."""
    try:
        environment = read_environment(os.environ)
        names = ("STRIPE_API_BASE", "STRIPE_SECRET_KEY", "STRIPE_PUBLISHABLE_KEY", "STRIPE_WEBHOOK_SECRET")
        if missing := [name for name in names if not environment.get(name)]:
            raise CannotRun(f"The demo's bank is started by `make run`; it needs {', '.join(missing)}.")
    except CannotRun as error:
        print(error, file=sys.stderr)
        return 1
    base = environment["STRIPE_API_BASE"]
    config = BankConfig(
        path=var_folder(environment) / "bank" / "bank.db",
        base_url=base,
        secret_key=environment["STRIPE_SECRET_KEY"],
        publishable_key=environment["STRIPE_PUBLISHABLE_KEY"],
        webhook_secret=environment["STRIPE_WEBHOOK_SECRET"],
        webhook_url=webhook_url(environment),
    )
    app = make_bank(config)
    server = make_server(environment["HOST"], urlsplit(base).port or 80, app, threaded=True, request_handler=Handler)
    app.extensions["courier"].start()
    server.serve_forever()
    return 0


if __name__ == "__main__":
    sys.exit(main())
