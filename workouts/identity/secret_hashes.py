"""What is stored of secrets that are drawn at random: codes of invitations, API keys, join_ids."""

import hashlib


def hash_secret(text: str) -> str:
    """Return the SHA-256 of a random text, in hex. It has enough entropy to need no salt."""
    return hashlib.sha256(text.encode()).hexdigest()
