"""Access tokens as an identity provider makes them, good ones and bad ones."""

import base64
import json
import time
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

ISSUER, AUDIENCE = "https://id.example.org", "senim-app"
SECRET = "a secret that the provider shares"
OTHER_SECRET = "a secret that another provider shares"
PRIVATE_KEYS: dict[str, Any] = {
    "RS256": rsa.generate_private_key(65537, 2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate(),
}


def make_signing_pem() -> str:
    """Return a new SENIM_SIGNING_KEY."""
    key = ed25519.Ed25519PrivateKey.generate()
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def public_pem(algorithm: str) -> str:
    """Return a SENIM_JWT_PUBLIC_KEY."""
    key = PRIVATE_KEYS[algorithm].public_key()
    pem: bytes = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return pem.decode()


def make_jwks(*algorithms: str) -> dict[str, Any]:
    """Return a document with these keys; an algorithm's name is its key's ID."""
    keys = []
    for name in algorithms:
        algorithm = jwt.get_algorithm_by_name(name)
        keys.append(
            {**algorithm.to_jwk(PRIVATE_KEYS[name].public_key(), as_dict=True), "kid": name}
        )
    return {"keys": keys}


def provider_claims(user_id: str, **changes: Any) -> dict[str, Any]:
    """Return the claims of a good token; a change to None leaves a claim out."""
    claims = {
        "sub": user_id,
        "iss": ISSUER,
        "aud": AUDIENCE,
        "exp": int(time.time()) + 600,
        **changes,
    }
    return {name: value for name, value in claims.items() if value is not None}


def sign_token(
    user_id: str, algorithm: str = "HS256", *, secret: str = SECRET, **changes: Any
) -> str:
    """Return a provider's token for an athlete."""
    key = secret if algorithm == "HS256" else PRIVATE_KEYS[algorithm]
    headers = None if algorithm == "HS256" else {"kid": algorithm}
    return jwt.encode(
        provider_claims(user_id, **changes), key, algorithm=algorithm, headers=headers
    )


def unsigned_token(user_id: str) -> str:
    """Return a token whose algorithm is "none"."""
    parts = ({"alg": "none", "typ": "JWT"}, provider_claims(user_id))
    encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in parts]
    return b".".join([*encoded, b""]).decode()
