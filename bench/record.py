"""Keeping proofs and benchmarks: each case's result in a file, so a broken-off run goes on; the table in docs/."""

from __future__ import annotations

import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PROOFS = ROOT / "docs" / "proofs.md"
BENCHMARKS = ROOT / "docs" / "benchmarks.md"


class Record:
    """The results of one proof by case name; `var/proofs/<name>.json` is removed to begin anew."""

    def __init__(self, name: str, fresh: bool = False) -> None:
        self.name = name
        self.path = ROOT / "var" / "proofs" / f"{name}.json"
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if fresh:
            self.path.unlink(missing_ok=True)
        self.results: dict[str, dict] = json.loads(self.path.read_text()) if self.path.exists() else {}

    def __contains__(self, case: str) -> bool:
        return case in self.results

    def keep(self, case: str, result: dict) -> None:
        self.results[case] = result
        self.path.write_text(json.dumps(self.results, indent=1))

    def table(self) -> str:
        """The results as a Markdown table."""
        columns = list(dict.fromkeys(name for result in self.results.values() for name in result))
        rows = [f"| case | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
        for case, result in self.results.items():
            rows.append(f"| {case} | {' | '.join(str(result.get(name, '')) for name in columns)} |")
        return "\n".join(rows)

    def publish(self, title: str, note: str, file: Path = PROOFS, *, keeps: bool = False) -> None:
        """Write the table under its title in docs/, with date and machine; the parts are forgotten, or kept."""
        empty = f"# {file.stem.capitalize()}\n\nEach by the command it names.\n"
        text = file.read_text() if file.exists() else empty
        begin, end = f"<!-- {self.name} -->", f"<!-- /{self.name} -->"
        machine = (
            f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}"
        )
        section = f"{begin}\n## {title}\n\n{datetime.now(UTC):%Y-%m-%d}, {machine}. {note}\n\n{self.table()}\n{end}"
        before, found, rest = text.partition(begin)
        text = before + section + rest.partition(end)[2] if found else text.rstrip() + "\n\n" + section + "\n"
        file.write_text(text)
        if not keeps:
            self.path.unlink(missing_ok=True)
