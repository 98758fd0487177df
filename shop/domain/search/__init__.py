"""Search: documents and words kept in step with the catalogue, found by the database's own means, ordered in Python."""
