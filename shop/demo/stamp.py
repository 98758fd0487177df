"""Whether the tables and the demo data are as this checkout makes them, told without loading the shop.

Loading it takes seconds, and nothing changes from one `make run` to the next. In any doubt the answer is no.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from shop import ROOT
from shop.demo.place import var_folder

MADE_FROM = ("migrations/versions/*.py", "shop/demo/*.py", "shop/demo/*.json")


def is_current(environment: Mapping[str, str]) -> bool:
    """Whether the SQLite file is the very one that this checkout prepared; never so for another database."""
    try:
        return _stamp(environment).read_text() == _describe(environment)
    except (OSError, ValueError, sqlite3.Error):
        return False


def renew(environment: Mapping[str, str]) -> None:
    """Note that the database has just been prepared."""
    try:
        _stamp(environment).write_text(_describe(environment))
    except (OSError, ValueError, sqlite3.Error):
        _stamp(environment).unlink(missing_ok=True)


def _stamp(environment: Mapping[str, str]) -> Path:
    return var_folder(environment) / "prepared"


def _describe(environment: Mapping[str, str]) -> str:
    """The sources, the file and its migration, in one line. Raises ValueError for a database that is no file."""
    url = environment.get("DATABASE_URL") or "sqlite:///var/shop.db"
    if not url.startswith("sqlite:///"):
        raise ValueError("no file to look at")
    database = ROOT / url.removeprefix("sqlite:///")
    with closing(sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)) as connection:
        migrations = connection.execute("SELECT version_num FROM alembic_version").fetchall()
    return f"{_sources()} {database} {database.stat().st_ino} {migrations}"


def _sources() -> str:
    digest = hashlib.blake2b(digest_size=16)
    for pattern in MADE_FROM:
        for source in sorted(ROOT.glob(pattern)):
            digest.update(source.name.encode() + b"\0" + source.read_bytes())
    return digest.hexdigest()
