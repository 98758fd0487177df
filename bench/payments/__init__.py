"""What `make prove-payments` does to a shop that takes cards, and to its bank."""
