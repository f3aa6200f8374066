"""The keys that an identity provider publishes: fetched, kept, rotated."""

import json
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from django.test import SimpleTestCase, override_settings

from workouts.exceptions import Code, WorkoutError
from workouts.identity import provider_keys
from workouts.identity.access_tokens import blocks_access_token_check, check_access_token
from workouts.identity.provider_keys import choose_algorithm, open_provider_jwks
from workouts.tests.support.tokens import AUDIENCE, ISSUER, PRIVATE_KEYS, make_jwks, sign_token

PATIENCE_S = 30.0


class Provider:
    """An identity provider's server, whose answer can be changed; None is an outage."""

    def __init__(self) -> None:
        self.document: Any = None
        self.requests = 0
        self.may_answer = threading.Event()
        self.may_answer.set()
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                provider.requests += 1
                provider.may_answer.wait()
                self.send_response(503 if provider.document is None else 200)
                self.end_headers()
                self.wfile.write(json.dumps(provider.document).encode())

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/jwks"

    @contextmanager
    def running(self) -> Iterator["Provider"]:
        thread = threading.Thread(target=self._server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            self.may_answer.set()
            self._server.shutdown()
            thread.join()
            self._server.server_close()


class JwksTests(SimpleTestCase):
    def setUp(self) -> None:
        self.provider = self.enterContext(Provider().running())
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(
            override_settings(
                SENIM_DATA=Path(folder),
                SENIM_JWT_JWKS_URL=self.provider.url,
                SENIM_JWT_ISSUER=ISSUER,
                SENIM_JWT_AUDIENCE=AUDIENCE,
            )
        )
        self.addCleanup(open_provider_jwks.cache_clear)

    def restart(self) -> None:
        open_provider_jwks.cache_clear()

    def wait_out(self, seconds: float) -> None:
        """Have the keys be older by so much."""
        jwks = open_provider_jwks(self.provider.url)
        jwks._tried_at -= seconds
        jwks._fetched_at -= seconds

    def wait_for_requests(self, number: int) -> None:
        deadline = time.monotonic() + PATIENCE_S
        while self.provider.requests < number:
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def is_let_in(self, token: str) -> bool:
        try:
            check_access_token(token)
        except WorkoutError:
            return False
        return True

    def wait_until_refused(self, token: str) -> None:
        """Wait for keys that are on the way."""
        deadline = time.monotonic() + PATIENCE_S
        while self.is_let_in(token):
            assert time.monotonic() < deadline
            time.sleep(0.01)

    def test_it_fetches_the_keys_once(self) -> None:
        self.provider.document = make_jwks("RS256", "ES256", "EdDSA")
        for algorithm in ("RS256", "ES256", "EdDSA"):
            assert check_access_token(sign_token("42", algorithm)).user_id == "42"
        assert self.provider.requests == 1

    def test_it_fetches_again_for_a_key_it_does_not_know(self) -> None:
        self.provider.document = make_jwks("RS256")
        assert check_access_token(sign_token("42", "RS256"))
        self.provider.document = make_jwks("ES256")
        self.wait_out(provider_keys.RETRY_S)
        assert blocks_access_token_check(sign_token("42", "ES256"))
        assert check_access_token(sign_token("42", "ES256"))
        assert not blocks_access_token_check(sign_token("42", "ES256"))

    def test_a_key_that_was_withdrawn_lets_nobody_in(self) -> None:
        self.provider.document = make_jwks("RS256", "ES256")
        assert check_access_token(sign_token("42", "RS256"))
        self.provider.document = make_jwks("ES256")
        self.wait_out(provider_keys.REFRESH_S)
        self.wait_until_refused(sign_token("42", "RS256"))
        assert check_access_token(sign_token("42", "ES256"))

    def test_unknown_keys_are_not_asked_for_again_and_again(self) -> None:
        self.provider.document = make_jwks("RS256")
        for _ in range(5):
            with pytest.raises(WorkoutError):
                check_access_token(sign_token("42", "ES256"))
        assert self.provider.requests == 1

    def test_known_keys_survive_an_outage_and_a_restart_in_it(self) -> None:
        self.provider.document = make_jwks("RS256")
        assert check_access_token(sign_token("42", "RS256"))
        self.provider.document = None
        self.wait_out(provider_keys.REFRESH_S)
        assert check_access_token(sign_token("42", "RS256"))
        self.wait_for_requests(2)
        self.restart()
        assert check_access_token(sign_token("42", "RS256"))
        self.wait_for_requests(3)

    def test_known_keys_do_not_wait_for_a_provider_that_hangs(self) -> None:
        self.provider.document = make_jwks("RS256")
        assert check_access_token(sign_token("42", "RS256"))
        self.provider.may_answer.clear()
        self.wait_out(provider_keys.REFRESH_S)
        assert not blocks_access_token_check(sign_token("42", "RS256"))
        assert check_access_token(sign_token("42", "RS256"))
        self.wait_for_requests(2)
        assert check_access_token(sign_token("42", "RS256"))

    def test_one_thread_at_most_waits_for_an_unknown_key(self) -> None:
        self.provider.document = make_jwks("RS256")
        self.provider.may_answer.clear()
        with ThreadPoolExecutor(1) as first:
            waiting = first.submit(check_access_token, sign_token("42", "RS256"))
            self.wait_for_requests(1)
            with pytest.raises(WorkoutError) as refused:
                check_access_token(sign_token("42", "RS256"))
            assert refused.value.code == Code.UNAVAILABLE
            self.provider.may_answer.set()
            assert waiting.result().user_id == "42"

    def test_the_kept_keys_are_closed_to_other_users(self) -> None:
        self.provider.document = make_jwks("RS256")
        check_access_token(sign_token("42", "RS256"))
        cached = open_provider_jwks(self.provider.url)._cache_path
        assert cached.stat().st_mode & 0o777 == 0o600

    def test_nonsense_from_the_provider_is_an_outage(self) -> None:
        for nonsense in ([], {}, {"keys": []}, {"keys": [{"kty": "oct", "k": "c2VjcmV0"}]}, "x"):
            self.provider.document = nonsense
            self.restart()
            with pytest.raises(WorkoutError) as refused:
                check_access_token(sign_token("42", "RS256"))
            assert refused.value.code == Code.TOKEN_INVALID

    def test_a_broken_cache_is_fetched_again(self) -> None:
        self.provider.document = make_jwks("RS256")
        check_access_token(sign_token("42", "RS256"))
        open_provider_jwks(self.provider.url)._cache_path.write_text("{")
        self.restart()
        with patch.object(provider_keys.log, "warning") as warned:
            assert check_access_token(sign_token("42", "RS256"))
        assert warned.call_args.args == ("jwks_cache_not_read",)


class AlgorithmTests(SimpleTestCase):
    def test_the_kind_of_key_decides_the_algorithm(self) -> None:
        for algorithm, key in PRIVATE_KEYS.items():
            assert choose_algorithm(key.public_key()).algorithm == algorithm
