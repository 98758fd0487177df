"""The audit log: every change by staff, written by the operation that makes it."""
