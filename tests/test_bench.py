"""The proofs and benchmarks take long and are run by hand; here only that each can be started."""

from __future__ import annotations

import importlib
import pkgutil

import bench


def test_every_script_can_be_started():
    names = [module.name for module in pkgutil.iter_modules(bench.__path__)]
    assert "prove_search" in names
    for name in names:
        importlib.import_module(f"bench.{name}")
