"""The demo's photographer: draws its pictures. It needs Pillow, so only `make pictures` and the tests import it."""
