"""Importing catalogues from other shops' files: read whole, refused whole when it is none, saved product by product."""
