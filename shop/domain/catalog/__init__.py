"""Products, their variants, options, pictures and attributes, and the tree of categories."""
