"""API keys: which are taken, and when they were last used."""

from datetime import timedelta

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from workouts.exceptions import WorkoutError
from workouts.models import ApiKey
from workouts.services.api_keys import check_api_key
from workouts.tests.support.door_cases import make_key

KEY = "senim_a-key-for-these-tests"


class ApiKeyTests(TestCase):
    def refusal(self, text: str = KEY) -> str:
        with pytest.raises(WorkoutError) as caught:
            check_api_key(text)
        return caught.value.code

    def used_at(self) -> float:
        used_at = ApiKey.objects.get().last_used_at
        return used_at.timestamp() if used_at else 0.0

    def test_it_returns_the_key_by_the_hash_of_its_text(self) -> None:
        key = make_key(KEY)
        assert check_api_key(KEY) == key
        assert KEY not in str(ApiKey.objects.values().get())

    def test_it_refuses_other_texts(self) -> None:
        key = make_key(KEY)
        for text in ("", KEY[:-1], KEY.upper(), key.key_hash, "senim_" + "x" * 10_000, "senim_é\0"):
            assert self.refusal(text) == "token_invalid"

    def test_it_refuses_a_revoked_key(self) -> None:
        make_key(KEY, revoked_at=timezone.now())
        assert self.refusal() == "token_invalid"
        assert self.used_at() == 0

    def test_it_refuses_an_expired_key(self) -> None:
        key = make_key(KEY, expires_at=timezone.now() + timedelta(minutes=1))
        assert check_api_key(KEY) == key
        ApiKey.objects.update(expires_at=timezone.now())
        assert self.refusal() == "token_expired"

    def test_it_refuses_a_key_whose_coach_was_switched_off(self) -> None:
        coach = get_user_model().objects.create_user("coach", is_staff=True)
        make_key(KEY, coach=coach)
        assert check_api_key(KEY).coach == coach
        for off in ({"is_active": False}, {"is_active": True, "is_staff": False}):
            get_user_model().objects.update(**off)
            assert self.refusal() == "token_invalid"

    def test_it_refuses_a_key_that_a_closed_account_made(self) -> None:
        make_key(KEY, created_by=get_user_model().objects.create_user("head", is_staff=True))
        assert check_api_key(KEY)
        get_user_model().objects.update(is_active=False)
        assert self.refusal() == "token_invalid"

    def test_it_reads_while_the_database_takes_no_writes(self) -> None:
        key = make_key(KEY)
        with connection.cursor() as cursor:
            cursor.execute("SAVEPOINT before; SET TRANSACTION READ ONLY")
        assert check_api_key(KEY) == key

    def test_it_notes_the_use_once_a_minute(self) -> None:
        make_key(KEY)
        check_api_key(KEY)
        assert abs(self.used_at() - timezone.now().timestamp()) < 60
        with CaptureQueriesContext(connection) as queries:
            check_api_key(KEY)
        assert [query["sql"][:6] for query in queries] == ["SELECT"]
        long_ago = timezone.now() - timedelta(minutes=2)
        ApiKey.objects.update(last_used_at=long_ago)
        check_api_key(KEY)
        assert self.used_at() > long_ago.timestamp() + 60
