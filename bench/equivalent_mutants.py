"""Mutants that no test can find, as nobody can see a difference: by module and name, each with its reason."""

from __future__ import annotations

EQUIVALENT: dict[str, dict[str, str]] = {}
