"""Access tokens (JWT, RFC 7519): Senim's own, and an identity provider's."""

import time
import uuid
from typing import Any, NamedTuple

import jwt
from django.conf import settings

from workouts.exceptions import Code, WorkoutError
from workouts.identity.athlete_ids import USER_ID, USER_ID_RULE
from workouts.identity.provider_keys import ProviderKey, find_provider_key, get_provider_jwks
from workouts.identity.signing_key import get_signing_key

# also the audience: Senim's own tokens are for itself. The key ID tells them from a provider's
ISSUER = "senim"
ALGORITHM = "EdDSA"
LIFETIME_S = 3600
MAX_LENGTH = 8192
LEEWAY_S = 30  # by which a provider's clock may be ahead
MALFORMED = "the token is not a JWT"
EXPIRED = "the token has expired"


class AccessToken(NamedTuple):
    """What a checked token says: whose it is, until when (Unix time, s), and the joined device.

    `device_id` is None in a provider's tokens.
    """

    user_id: str
    expires_at: float
    device_id: uuid.UUID | None = None


def issue_access_token(user_id: str, device_id: uuid.UUID) -> str:
    """Return a token for an athlete's joined device, valid for LIFETIME_S."""
    now = int(time.time())
    claims = {
        "iss": ISSUER,
        "aud": ISSUER,
        "sub": user_id,
        "iat": now,
        "exp": now + LIFETIME_S,
        "jti": uuid.uuid4().hex,
        "did": device_id.hex,
    }
    private = get_signing_key().private
    return jwt.encode(claims, private, algorithm=ALGORITHM, headers={"kid": ISSUER})


def check_access_token(text: str) -> AccessToken:
    """Return what a token says, once its signature, issuer, audience and times are checked.

    Raises WorkoutError: token_invalid, token_expired, or unavailable while another thread fetches a
    provider's keys. For a key that is not known it fetches them, which blocks for some seconds;
    `blocks_access_token_check` says beforehand whether it will.
    """
    key_id = read_key_id(text)
    if key_id == ISSUER:
        return check_own_token(text)
    jwks = get_provider_jwks()
    if jwks:
        if jwks.is_fetch_due(key_id) and not jwks.fetch():
            # one thread at most waits for a provider, whatever strangers send
            raise WorkoutError(Code.UNAVAILABLE, "the provider's keys are being fetched; try again")
        jwks.refresh_soon()
    key = find_provider_key(key_id)
    if key is None:
        raise WorkoutError(Code.TOKEN_INVALID, "the token's key is not known")
    return check_provider_token(text, key)


def blocks_access_token_check(text: str) -> bool:
    """Return whether checking this token will fetch a provider's keys first."""
    jwks = get_provider_jwks()
    if jwks is None:
        return False
    try:
        key_id = read_key_id(text)
    except WorkoutError:
        return False
    return key_id != ISSUER and jwks.is_fetch_due(key_id)


def read_key_id(text: str) -> str | None:
    try:
        if len(text) > MAX_LENGTH:
            raise WorkoutError(Code.TOKEN_INVALID, f"the token is over {MAX_LENGTH} characters")
        key_id: Any = jwt.get_unverified_header(text).get("kid")
    except (jwt.PyJWTError, UnicodeError):
        raise WorkoutError(Code.TOKEN_INVALID, MALFORMED) from None
    return key_id if isinstance(key_id, str) else None


def check_own_token(text: str) -> AccessToken:
    claims = decode_token(
        text,
        ProviderKey(get_signing_key().public, ALGORITHM),
        issuer=ISSUER,
        audience=ISSUER,
        options={"require": ["sub", "exp", "iat", "jti", "did"]},
    )
    try:
        device_id = uuid.UUID(claims["did"])
    except (ValueError, AttributeError, TypeError):
        raise WorkoutError(Code.TOKEN_INVALID, "the token's did is malformed") from None
    return read_claims(claims, device_id)


def check_provider_token(text: str, key: ProviderKey) -> AccessToken:
    issuer, audience = settings.SENIM_JWT_ISSUER, settings.SENIM_JWT_AUDIENCE
    claims = decode_token(
        text,
        key,
        issuer=issuer or None,
        audience=audience or None,
        leeway=LEEWAY_S,
        options={"require": ["sub", "exp"], "verify_aud": bool(audience)},
    )
    return read_claims(claims, None)


def decode_token(text: str, key: ProviderKey, **checks: Any) -> dict[str, Any]:
    """Return the claims that pass PyJWT's checks. A token has no leeway to expire in."""
    try:
        claims: dict[str, Any] = jwt.decode(text, key.key, algorithms=[key.algorithm], **checks)
        claims["exp"] = float(claims["exp"])  # PyJWT takes a text with digits as well
    except jwt.ExpiredSignatureError:
        raise WorkoutError(Code.TOKEN_EXPIRED, EXPIRED) from None
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError) as error:
        raise WorkoutError(Code.TOKEN_INVALID, f"the token is not valid: {error}") from None
    if claims["exp"] <= time.time():
        raise WorkoutError(Code.TOKEN_EXPIRED, EXPIRED)
    return claims


def read_claims(claims: dict[str, Any], device_id: uuid.UUID | None) -> AccessToken:
    user_id = claims["sub"]
    if not (isinstance(user_id, str) and USER_ID.match(user_id)) or user_id == "me":
        raise WorkoutError(Code.TOKEN_INVALID, f"the token's sub: {USER_ID_RULE}")
    return AccessToken(user_id, claims["exp"], device_id)
