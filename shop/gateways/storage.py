"""Files: pictures in a folder of this machine. Names are keys chosen by the shop, never by a client."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path

KEY = re.compile(r"[a-z0-9][a-z0-9._-]*(/[a-z0-9][a-z0-9._-]*)*", re.ASCII)


class DiskStorage:
    """A folder that keeps files by key, such as `demo/amber.svg`.

    Browsers keep what they were given for ever: other content gets another key.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = Path(folder).resolve()

    def save(self, name: str, data: bytes) -> None:
        """Write the file whole or not at all. Raises ValueError for a name that is no key."""
        target = self.path_of(name)
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def exists(self, name: str) -> bool:
        return self.path_of(name).is_file()

    def path_of(self, name: str) -> Path:
        """Where the file lies. Raises ValueError for a name that is no key."""
        if not KEY.fullmatch(name) or ".." in name:
            raise ValueError(f"{name!r} is not a storage key")
        return self.folder / name
