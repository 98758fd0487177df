"""What the shop does. Knows no HTTP, no queue and no payment provider."""
