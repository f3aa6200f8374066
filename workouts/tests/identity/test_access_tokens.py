"""Which access tokens let somebody in."""

import time
import uuid
from typing import Any

import jwt
from django.test import SimpleTestCase, override_settings

from workouts.exceptions import Code, WorkoutError
from workouts.identity.access_tokens import (
    LIFETIME_S,
    AccessToken,
    check_access_token,
    issue_access_token,
)
from workouts.tests.support.tokens import (
    AUDIENCE,
    ISSUER,
    SECRET,
    make_signing_pem,
    public_pem,
    sign_token,
    unsigned_token,
)


def refuse(token: str) -> Code:
    """Return the code with which a token is refused."""
    try:
        check_access_token(token)
    except WorkoutError as error:
        return error.code
    raise AssertionError("the token was let in")


class OwnTokenTests(SimpleTestCase):
    DEVICE = uuid.uuid4()

    def test_an_issued_token_lets_its_athlete_in(self) -> None:
        token = check_access_token(issue_access_token("aizhan", self.DEVICE))
        assert token[::2] == ("aizhan", self.DEVICE)
        assert 0 < token.expires_at - time.time() <= LIFETIME_S

    def test_a_token_of_another_service_is_refused(self) -> None:
        with override_settings(SENIM_SIGNING_KEY=make_signing_pem()):
            token = issue_access_token("aizhan", self.DEVICE)
        assert refuse(token) == Code.TOKEN_INVALID

    def test_a_changed_token_is_refused(self) -> None:
        header, _claims, signature = issue_access_token("aizhan", self.DEVICE).split(".")
        _, others, _ = issue_access_token("berik", self.DEVICE).split(".")
        assert refuse(f"{header}.{others}.{signature}") == Code.TOKEN_INVALID

    def test_what_is_not_a_token_is_refused(self) -> None:
        for text in ("", "a", "a.b.c", "..", "ы", "x" * 9000, unsigned_token("aizhan")):
            assert refuse(text) == Code.TOKEN_INVALID, text

    def test_a_provider_cannot_pass_for_senim(self) -> None:
        with override_settings(SENIM_JWT_SECRET=SECRET):
            claims = {"iss": "senim", "aud": "senim", "sub": "a", "exp": time.time() + 60}
            token = jwt.encode(claims, SECRET, algorithm="HS256", headers={"kid": "senim"})
            assert refuse(token) == Code.TOKEN_INVALID


class ProviderTokenTests(SimpleTestCase):
    def check(self, token: str, **settings: Any) -> AccessToken:
        given = {"SENIM_JWT_ISSUER": ISSUER, "SENIM_JWT_AUDIENCE": AUDIENCE, **settings}
        with override_settings(**given):
            return check_access_token(token)

    def refuse(self, token: str, **settings: Any) -> Code:
        try:
            self.check(token, **settings)
        except WorkoutError as error:
            return error.code
        raise AssertionError("the token was let in")

    def test_a_shared_secret_lets_in(self) -> None:
        token = self.check(sign_token("42"), SENIM_JWT_SECRET=SECRET)
        assert (token.user_id, token.device_id) == ("42", None)

    def test_each_kind_of_public_key_lets_in(self) -> None:
        for algorithm in ("RS256", "ES256", "EdDSA"):
            pem = public_pem(algorithm)
            assert self.check(sign_token("42", algorithm), SENIM_JWT_PUBLIC_KEY=pem)

    def test_a_public_key_is_not_taken_for_a_secret(self) -> None:
        pem = public_pem("RS256")
        # PyJWT itself refuses to sign with a PEM, so this is done by hand
        header = {"alg": "HS256", "typ": "JWT"}
        signer = jwt.PyJWS()
        signer._algorithms["HS256"].prepare_key = lambda key: key.encode()  # type: ignore[attr-defined]
        payload = jwt.api_jwt.json.dumps({"sub": "42", "exp": time.time() + 60}).encode()  # type: ignore[attr-defined]
        token = signer.encode(payload, pem, algorithm="HS256", headers=header)
        assert self.refuse(token, SENIM_JWT_PUBLIC_KEY=pem) == Code.TOKEN_INVALID

    def test_without_a_provider_its_tokens_are_refused(self) -> None:
        assert self.refuse(sign_token("42")) == Code.TOKEN_INVALID

    def test_wrong_claims_are_refused(self) -> None:
        later = int(time.time()) + 600
        for changes in (
            {"iss": "https://evil.example.org"},
            {"iss": None},
            {"aud": "another-app"},
            {"aud": None},
            {"sub": None},
            {"sub": "a b"},
            {"sub": "me"},
            {"sub": ""},
            {"exp": None},
            {"exp": "soon"},
            {"nbf": later},
            {"iat": later},
        ):
            code = self.refuse(sign_token("42", **changes), SENIM_JWT_SECRET=SECRET)
            assert code == Code.TOKEN_INVALID, changes

    def test_a_time_may_be_a_text_of_digits(self) -> None:
        token = sign_token("42", exp=str(int(time.time()) + 60))
        assert self.check(token, SENIM_JWT_SECRET=SECRET).expires_at > time.time()
        token = sign_token("42", exp="1700000000")
        assert self.refuse(token, SENIM_JWT_SECRET=SECRET) == Code.TOKEN_EXPIRED

    def test_an_expired_token_says_so(self) -> None:
        for ago in (1, 20, 3600):
            token = sign_token("42", exp=int(time.time()) - ago)
            assert self.refuse(token, SENIM_JWT_SECRET=SECRET) == Code.TOKEN_EXPIRED

    def test_another_providers_secret_is_refused(self) -> None:
        token = sign_token("42")
        assert self.refuse(token, SENIM_JWT_SECRET="another secret" * 3) == Code.TOKEN_INVALID
        assert self.refuse(unsigned_token("42"), SENIM_JWT_SECRET=SECRET) == Code.TOKEN_INVALID
