"""The invariants of reliability.md section 2 as queries, by what they are about; `run.py` runs them all (D57)."""
