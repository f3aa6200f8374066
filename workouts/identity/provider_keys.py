"""The keys of an identity provider: a shared secret, a public key, or a JWKS that it publishes.

A JWKS is kept for as long as the process runs, and in SENIM_DATA, so that tokens are still checked
while the provider cannot be reached. It is fetched again when it is old, and when a token names a
key that is not in it.
"""

import json
import threading
import time
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from django.conf import settings

REFRESH_S = 600.0
# a flood of tokens with made-up key IDs must not become a flood at the provider
RETRY_S = 10.0
FETCH_TIMEOUT_S = 5.0
CACHE_FILE = "jwks.json"
log = structlog.get_logger(__name__)


class ProviderKey(NamedTuple):
    """A key, and the one algorithm that it may be used with."""

    key: Any
    algorithm: str


def parse_public_key(pem: str) -> ProviderKey:
    """Return the key in a PEM text. Raises ValueError if it suits none of our algorithms."""
    return choose_algorithm(load_pem_public_key(pem.encode()))


def choose_algorithm(key: Any) -> ProviderKey:
    """Pin the algorithm by the type of the key, whatever a token says."""
    if isinstance(key, RSAPublicKey) and key.key_size >= 2048:
        return ProviderKey(key, "RS256")
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return ProviderKey(key, "ES256")
    if isinstance(key, Ed25519PublicKey):
        return ProviderKey(key, "EdDSA")
    raise ValueError("it takes RSA of 2048 bits or more, P-256 or Ed25519")


def parse_jwks(document: Mapping[str, Any]) -> dict[str | None, ProviderKey]:
    """Return the keys by key ID, without those that suit none of our algorithms.

    Raises jwt.PyJWTError or ValueError if it has none that do.
    """
    keys = {}
    for entry in jwt.PyJWKSet.from_dict(dict(document)).keys:
        try:
            keys[entry.key_id] = choose_algorithm(entry.key)
        except ValueError:
            continue
    if not keys:
        raise ValueError("no key for RS256, ES256 or EdDSA")
    return keys


class ProviderJwks:
    """The keys that a provider publishes at an address, as last fetched."""

    def __init__(self, url: str, cache_path: Path) -> None:
        self._client = jwt.PyJWKClient(url, cache_jwk_set=False, timeout=FETCH_TIMEOUT_S)
        self._cache_path = cache_path
        self._keys = self._read_cache()
        self._fetched_at = self._tried_at = float("-inf")
        self._lock = threading.Lock()

    def find(self, key_id: str | None) -> ProviderKey | None:
        """Return the key with this ID, or the only key if the token names none."""
        if key_id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        return self._keys.get(key_id)

    def is_fetch_due(self, key_id: str | None) -> bool:
        """Return whether to fetch before a token that names this key is refused."""
        return self.find(key_id) is None and self._may_try()

    def refresh_soon(self) -> None:
        """Fetch the keys in a thread of its own if they are old: known ones are not waited for."""
        if time.monotonic() - self._fetched_at > REFRESH_S and self._may_try():
            threading.Thread(target=self.fetch, name="provider-keys", daemon=True).start()

    def fetch(self) -> bool:
        """Fetch the keys; if that fails, keep the last ones. Blocks for up to FETCH_TIMEOUT_S.

        Returns False at once if another thread is fetching them.
        """
        if not self._lock.acquire(blocking=False):
            return False
        try:
            if self._may_try():
                self._fetch()
        finally:
            self._lock.release()
        return True

    def _may_try(self) -> bool:
        return time.monotonic() - self._tried_at > RETRY_S

    def _fetch(self) -> None:
        try:
            document = self._client.fetch_data()
            self._keys = parse_jwks(document)
        except (jwt.PyJWTError, ValueError, TypeError, AttributeError) as error:
            log.warning("jwks_not_fetched", reason=str(error))
        else:
            self._fetched_at = time.monotonic()
            self._write_cache(document)
        self._tried_at = time.monotonic()

    def _read_cache(self) -> dict[str | None, ProviderKey]:
        try:
            cached = json.loads(self._cache_path.read_text())
            if cached["url"] == self._client.uri:
                return parse_jwks(cached["jwks"])
        except FileNotFoundError:
            pass
        except (OSError, ValueError, KeyError, TypeError, AttributeError, jwt.PyJWTError) as error:
            log.warning("jwks_cache_not_read", reason=str(error))
        return {}

    def _write_cache(self, document: Any) -> None:
        draft = self._cache_path.with_suffix(".new")
        try:
            draft.touch(mode=0o600)
            draft.write_text(json.dumps({"url": self._client.uri, "jwks": document}))
            draft.replace(self._cache_path)
        except OSError as error:
            log.warning("jwks_cache_not_written", reason=str(error))


@cache
def open_provider_jwks(url: str) -> ProviderJwks:
    return ProviderJwks(url, Path(settings.SENIM_DATA) / CACHE_FILE)


def get_provider_jwks() -> ProviderJwks | None:
    """Return the keys at SENIM_JWT_JWKS_URL, None if that is unset."""
    url = settings.SENIM_JWT_JWKS_URL
    return open_provider_jwks(url) if url else None


def find_provider_key(key_id: str | None) -> ProviderKey | None:
    """Return the key to check a provider's token with, or None."""
    if settings.SENIM_JWT_SECRET:
        return ProviderKey(settings.SENIM_JWT_SECRET, "HS256")
    if settings.SENIM_JWT_PUBLIC_KEY:
        return parse_public_key(settings.SENIM_JWT_PUBLIC_KEY)
    jwks = get_provider_jwks()
    return jwks.find(key_id) if jwks else None
