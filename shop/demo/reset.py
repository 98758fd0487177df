"""`make reset`: throw the demo shop's data away and seed it anew."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from shop.demo.place import AlreadyRunning, CannotRun, only_one, read_environment, var_folder


def main() -> int:
    """Reset; 1 with a plain sentence when the shop runs or its data is not ours to throw away."""
    try:
        environment = read_environment(os.environ)
        var = var_folder(environment)
        refuse_foreign_database(environment.get("DATABASE_URL", ""), var)
        with only_one(var):
            remove_data(var)
            os.environ.update(environment)
            from shop.demo.prepare import main as prepare  # loads the whole shop, so only when it is needed

            return prepare()
    except AlreadyRunning as error:
        print(f"The shop is running: {error}. Stop it first, then reset.", file=sys.stderr)
    except CannotRun as error:
        print(error, file=sys.stderr)
    return 1


def refuse_foreign_database(url: str, var: Path) -> None:
    """Only the demo's own SQLite file is thrown away. Raises CannotRun for any other DATABASE_URL."""
    if url and url not in {"sqlite:///var/shop.db", f"sqlite:///{var / 'shop.db'}"}:
        raise CannotRun("DATABASE_URL names a database of yours: `make reset` only throws away var/shop.db.")


def remove_data(var: Path) -> None:
    """Remove the database, the demo's pictures, the caught mail, and the queue and the bank that speak of them."""
    for file in var.glob("shop.db*"):
        file.unlink()
    for folder in ("media/demo", "mail", "valkey/data", "bank"):
        shutil.rmtree(var / folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
