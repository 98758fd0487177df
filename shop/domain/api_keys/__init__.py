"""Keys by which other programs call the API."""
