"""Primary keys as texts, as addresses and forms have them."""

MAX_DIGITS = 18  # more are no number to some databases, or to Python


def is_key(text: str) -> bool:
    """Return whether a text can be a primary key."""
    return text.isdecimal() and len(text) <= MAX_DIGITS
