"""Orders: the agreement as it was made, its three states, and its history."""
