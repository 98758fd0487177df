"""Reviews: what buyers say of what was delivered to them, shown once staff have read it."""
