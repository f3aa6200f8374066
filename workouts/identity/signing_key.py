"""The Ed25519 key that signs Senim's own access tokens."""

from functools import cache
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from django.conf import settings


class SigningKey(NamedTuple):
    """A pair of keys: one signs, the other checks."""

    private: Ed25519PrivateKey
    public: Ed25519PublicKey


def parse_signing_key(pem: str) -> Ed25519PrivateKey:
    """Return the key in a PEM text. Raises ValueError for anything but an Ed25519 private key."""
    key = load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError("not an Ed25519 key")  # noqa: TRY004 (the text is wrong, not its type)
    return key


@cache
def read_signing_key(pem: str) -> SigningKey:
    private = parse_signing_key(pem)
    return SigningKey(private, private.public_key())


def get_signing_key() -> SigningKey:
    """Return the key of SENIM_SIGNING_KEY, the same for every process in token mode."""
    return read_signing_key(settings.SENIM_SIGNING_KEY)
