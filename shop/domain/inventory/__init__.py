"""Stock: two counters a variant, reservations, and the append-only ledger of movements."""
