"""Passwords are hashed with Argon2, one at a time, and older hashes are taken over."""

import threading
from concurrent.futures import ThreadPoolExecutor

from django.contrib.auth import get_user_model
from django.contrib.auth.hashers import PBKDF2PasswordHasher as OldHasher
from django.contrib.auth.hashers import check_password, identify_hasher, make_password
from django.test import SimpleTestCase, TestCase, override_settings

from senim import settings as service_settings
from senim.passwords import one_at_a_time

PASSWORD = "correct horse battery staple"
SOON_S = 0.2
with_own_hashers = override_settings(PASSWORD_HASHERS=service_settings.PASSWORD_HASHERS)


@with_own_hashers
class PasswordTests(SimpleTestCase):
    def test_it_hashes_with_argon2_at_the_cost_that_owasp_names(self) -> None:
        encoded = make_password(PASSWORD)
        assert "argon2id$v=19$m=19456,t=2,p=1$" in encoded
        assert check_password(PASSWORD, encoded)
        assert not check_password("another", encoded)

    def test_it_hashes_and_checks_one_password_at_a_time(self) -> None:
        encodeds = [make_password(PASSWORD), OldHasher().encode(PASSWORD, "salt", iterations=1)]
        with ThreadPoolExecutor(3) as pool:
            with one_at_a_time:
                calls = [pool.submit(check_password, PASSWORD, encoded) for encoded in encodeds]
                calls.append(pool.submit(make_password, PASSWORD))
                assert not any(call.done() for call in calls)
                threading.Event().wait(SOON_S)
                assert not any(call.done() for call in calls)
            assert all(call.result() for call in calls)


@with_own_hashers
class OldHashTests(TestCase):
    def test_a_log_in_replaces_an_old_hash(self) -> None:
        user = get_user_model().objects.create(
            username="aigul",
            is_staff=True,
            password=OldHasher().encode(PASSWORD, "salt", iterations=1000),
        )
        answer = self.client.post("/admin/login/", {"username": "aigul", "password": PASSWORD})
        assert answer.status_code == 302
        user.refresh_from_db()
        assert identify_hasher(user.password).algorithm == "argon2"
        assert user.check_password(PASSWORD)
