"""Files: pictures in a folder, and uploads that wait to become one. The shop chooses their names, never a client."""

from __future__ import annotations

import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

KEY = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*", re.ASCII)
CHUNK = 256 * 1024


class TooLarge(Exception):
    """A file is larger than was said; nothing of it was kept."""


class DiskStorage:
    """A folder that keeps files by key, such as `demo/amber.svg`.

    Browsers keep what they were given for ever: other content gets another key.
    """

    mode = 0o644

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).resolve()

    @property
    def quarantine(self) -> Quarantine:
        """Where uploads wait to be made into pictures. No key of the store leads there, so nothing serves them."""
        return Quarantine(self.folder / ".quarantine")

    def save(self, name: str, data: bytes) -> None:
        """Write the file whole or not at all. Raises ValueError for a name that is no key."""
        self._write(name, iter((data,)))

    def _write(self, name: str, chunks: Iterator[bytes]) -> None:
        target = self.path_of(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in chunks:
                    file.write(chunk)
            Path(temporary).chmod(self.mode)
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def exists(self, name: str) -> bool:
        return self.path_of(name).is_file()

    def remove_folder(self, name: str) -> None:
        """Remove every file whose key begins with `name/`; none is no mistake."""
        shutil.rmtree(self.path_of(name), ignore_errors=True)

    def path_of(self, name: str) -> Path:
        """Where the file lies. Raises ValueError for a name that is no key."""
        if not KEY.fullmatch(name) or ".." in name:
            raise ValueError(f"{name!r} is not a storage key")
        return self.folder / name


class Quarantine(DiskStorage):
    """Originals as they were uploaded, readable by the shop's own processes alone. They are never served."""

    mode = 0o600

    def receive(self, name: str, source: BinaryIO, most_bytes: int) -> int:
        """Keep what can be read from `source`, a piece at a time; returns its length. Raises TooLarge."""
        received = 0

        def chunks() -> Iterator[bytes]:
            nonlocal received
            while chunk := source.read(CHUNK):
                received += len(chunk)
                if received > most_bytes:
                    raise TooLarge
                yield chunk

        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._write(name, chunks())
        return received

    def open(self, name: str) -> BinaryIO:
        """The original, to read. Raises FileNotFoundError."""
        return self.path_of(name).open("rb")

    def remove(self, name: str) -> None:
        """Remove the original; none is no mistake."""
        self.path_of(name).unlink(missing_ok=True)

    def list_older_than(self, seconds: float) -> list[str]:
        """Keys of originals that have lain here for longer than that."""
        if not self.folder.is_dir():
            return []
        before = time.time() - seconds
        return sorted(file.name for file in self.folder.iterdir() if file.is_file() and file.stat().st_mtime < before)
