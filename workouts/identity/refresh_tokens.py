"""Refresh tokens: which joined device, which of its tokens in turn, and a signature.

They are numbered, and each one's successor is always the same text. A device that did not get the
answer can ask again with the old token, and two requests at once get the same answer. Nothing of a
token is stored but its number.
"""

import uuid
from typing import NamedTuple

from django.utils.crypto import constant_time_compare, salted_hmac

SALT = "workouts.refresh_token"
MAX_NUMBER = 2**31 - 1


class RefreshToken(NamedTuple):
    """A device's token by its number, from 1."""

    device_id: uuid.UUID
    number: int

    def encode(self) -> str:
        """Return the text that a device keeps."""
        body = f"{self.device_id.hex}.{self.number}"
        return f"{body}.{salted_hmac(SALT, body, algorithm='sha256').hexdigest()}"


def parse_refresh_token(text: str) -> RefreshToken | None:
    """Return the token if we signed it, or else None."""
    try:
        device_id, number, _signature = text.split(".")
        token = RefreshToken(uuid.UUID(hex=device_id), int(number))
    except ValueError:
        return None
    if not 1 <= token.number <= MAX_NUMBER:
        return None
    return token if constant_time_compare(token.encode(), text) else None
