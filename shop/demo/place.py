"""Where the development shop keeps its things, with what settings it runs, and that it runs there only once."""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from dotenv import dotenv_values

from shop import ROOT

PICTURES = Path(__file__).with_name("pictures")


def stored_name(file_name: str) -> str:
    """Under which name a picture of the demo is stored: with the version of all, as a stored file never changes."""
    return f"demo/{(PICTURES / 'VERSION').read_text(encoding='utf-8').strip()}/{file_name}"


DEFAULTS = {
    "SHOP_ENV": "development",
    "SHOP_NAME": "Maison Aster",
    "SHOP_TAGLINE": "Fragrance and skincare, made slowly and worn every day.",
    "SHOP_INTRO": "Eaux de parfum, face and body care from our own workshop, with a few things from friends in Aarhus, "
    "Jaén and Limoges.",
    "SHOP_ADDRESS": "Maison Aster (a demo shop); 12 Rue des Ateliers; 06130 Grasse, France",
    "SHOP_PICTURE": stored_name("hero.w1920.jpg"),
    "TAX_RATE_PERCENT": "8",
    # Whoever tries what the demo's bank can say is one address with few cards; nobody steals any there.
    "CARD_PAYMENTS_PER_HOUR": "100",
    "CARD_REFUSALS_PER_ADDRESS": "100",
    "CARD_REFUSALS_PER_EMAIL": "100",
    "CARD_REFUSALS_PER_CARD": "100",
    "CARD_ALARM_REFUSALS": "100",
    "HOST": "127.0.0.1",
    "PORT": "5000",
    "WEB_CONCURRENCY": "2",
    "PYTHONUNBUFFERED": "1",
}


class CannotRun(Exception):
    """The development shop cannot start; the text is a plain sentence for the person at the terminal."""


class AlreadyRunning(CannotRun):
    """Another `make run` holds this folder."""


def read_environment(given: Mapping[str, str]) -> dict[str, str]:
    """The children's environment: the given one, then `.env`, then the demo's defaults. Raises CannotRun."""
    from_file = {name: value for name, value in dotenv_values(ROOT / ".env").items() if value is not None}
    environment = {**DEFAULTS, **from_file, **given}
    environment.update({name: environment[name] or default for name, default in DEFAULTS.items()})
    if environment["SHOP_ENV"] != "development":
        raise CannotRun("`make run` is for development, but SHOP_ENV says production: that runs by the Procfile.")
    if not environment["PORT"].isdecimal():
        raise CannotRun(f"PORT must be a number, not {environment['PORT']!r}.")
    if environment.get("VAR_DIR"):
        var = var_folder(environment)
        environment["DATABASE_URL"] = environment.get("DATABASE_URL") or f"sqlite:///{var / 'shop.db'}"
        environment["STORAGE_URL"] = environment.get("STORAGE_URL") or f"file:{var / 'media'}"
    return environment


def var_folder(environment: Mapping[str, str]) -> Path:
    """The folder of everything that is made by running: VAR_DIR, or var/ in the checkout."""
    return (ROOT / (environment.get("VAR_DIR") or "var")).resolve()


@contextmanager
def only_one(var: Path) -> Iterator[TextIO]:
    """Hold the folder's lock; the file says who holds it. Raises AlreadyRunning with that."""
    var.mkdir(parents=True, exist_ok=True)
    with (var / "run.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            raise AlreadyRunning(lock.read().strip() or "it is just starting") from None
        lock.truncate(0)
        try:
            yield lock
        finally:
            lock.truncate(0)


def reachable(host: str) -> str:
    """The name by which this machine reaches what listens on `host`."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 (recognised, not bound)


def flask_command(*words: str) -> list[str]:
    """A `flask …` command of the shop, in this Python."""
    return [sys.executable, "-m", "flask", "--app", "wsgi", *words]


def gunicorn_command() -> list[str]:
    """The web process, with the same configuration as in production."""
    return [sys.executable, "-m", "gunicorn", "--config", str(ROOT / "gunicorn.conf.py"), "wsgi:app"]


def prepare_command() -> list[str]:
    """What makes the tables and the demo data."""
    return [sys.executable, "-m", "shop.demo.prepare"]


def shown(path: Path) -> str:
    """A path as the person at the terminal would write it."""
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)
