"""Papers of the shop: values of the domain in, bytes out. Every face may hand them out; none of them is known here."""
