"""Tax zones: which places tax how, as staff keep it."""
