"""The settings of token mode: keys, and what an identity provider needs besides."""

import os
from pathlib import Path
from urllib.parse import urlparse

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from django.core.exceptions import ImproperlyConfigured
from environs import ValidationError

from senim.secret_key import keep_secret_file
from workouts.identity.provider_keys import parse_public_key
from workouts.identity.signing_key import parse_signing_key

MIN_SECRET_LENGTH = 32  # bytes: RFC 7518, section 3.2, for HS256
PROVIDERS = ("SENIM_JWT_SECRET", "SENIM_JWT_PUBLIC_KEY", "SENIM_JWT_JWKS_URL")
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "::1")


def read_pem_setting(text: str) -> str:
    r"""Return a PEM text: an .env file has it in one line, with \n for each line's end."""
    return text.replace("\\n", "\n")


def check_signing_key_setting(pem: str) -> None:
    try:
        parse_signing_key(read_pem_setting(pem))
    except (ValueError, TypeError):
        raise ValidationError("is not an Ed25519 private key; it takes one as PEM.") from None


def check_public_key_setting(pem: str) -> None:
    try:
        parse_public_key(read_pem_setting(pem))
    except (ValueError, TypeError):
        raise ValidationError(
            "is no key that Senim can use; it takes a PEM public key: "
            "RSA of 2048 bits or more, P-256 or Ed25519."
        ) from None


def check_jwt_secret_setting(secret: str) -> None:
    if len(secret.encode()) < MIN_SECRET_LENGTH:
        raise ValidationError(f"is too short; it takes {MIN_SECRET_LENGTH} bytes or more.")


def check_jwks_url_setting(url: str) -> None:
    address = urlparse(url)
    is_safe = address.scheme == "https" or (
        address.scheme == "http" and address.hostname in LOOPBACK_HOSTS
    )
    if not (is_safe and address.hostname):
        raise ValidationError(f"is {url!r}; it takes an https:// address.")


def check_claim_setting(text: str) -> None:
    if not text.isprintable() or " " in text:
        raise ValidationError(f"is {text!r}; it takes the exact text in the provider's tokens.")


def check_public_url_setting(url: str) -> None:
    address = urlparse(url)
    if address.scheme not in ("http", "https") or not address.hostname or url.endswith("/"):
        raise ValidationError(
            f"is {url!r}; it takes an address like https://senim.example.org, without a / at its "
            "end."
        )


def check_provider_settings(issuer: str, audience: str) -> None:
    """Raise ImproperlyConfigured unless at most one provider is set, with issuer and audience.

    Without those, a token that the provider made for any other program would be let in. A shared
    secret is known to its programs alone.
    """
    given = [name for name in PROVIDERS if os.environ.get(name)]
    if len(given) > 1:
        raise ImproperlyConfigured(f"{' and '.join(given)} are both set; it takes one of them.")
    if given and given != ["SENIM_JWT_SECRET"] and not (issuer and audience):
        raise ImproperlyConfigured(
            f"{given[0]} is set without SENIM_JWT_ISSUER and SENIM_JWT_AUDIENCE; it takes both, "
            "since any program of that provider could enter otherwise."
        )


def keep_signing_key(path: Path) -> str:
    """Return the key kept in the file, as PEM, made there on the first start.

    Raises ImproperlyConfigured if the file cannot be written or holds no usable key.
    """
    return keep_secret_file(path, "SENIM_SIGNING_KEY", make_signing_key, check_signing_key_setting)


def make_signing_key() -> str:
    key = Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
