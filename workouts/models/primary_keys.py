"""Primary keys in the text of URLs and forms."""

MAX_DIGITS = 18  # fits the 64-bit keys of every database


def can_be_primary_key(text: str) -> bool:
    """Return whether the text can be a primary key."""
    return text.isdecimal() and len(text) <= MAX_DIGITS
