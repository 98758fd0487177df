"""Mutants that no test can find, because nothing that anybody sees differs: by module and name, each with its reason."""

from __future__ import annotations

EQUIVALENT: dict[str, dict[str, str]] = {}
