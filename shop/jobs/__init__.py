"""RQ entry points."""


def nudge_relay() -> None:
    """Ring the relay's bell, best effort."""
