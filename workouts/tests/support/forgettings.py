"""Forgettings that are interrupted after any of their steps."""

from typing import Any
from unittest import mock

from django.test import TestCase

from workouts.models import ErasedSession
from workouts.services.personal_data import forgetting
from workouts.services.personal_data.forgetting import forget_athlete
from workouts.tests.support.people import find_words, make_person
from workouts.tests.support.sealed import OwnRedis

STEPS = (
    "shut_out_athlete",
    "erase_redis_of_person",
    "erase_sessions",
    "lock_person",
    "erase_person",
)


class BoomError(Exception):
    pass


class ForgettingCase(OwnRedis, TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.person = make_person()
        self.other = make_person()
        self.before = len(find_words(self.other.words))

    def check_nothing_is_left(self) -> None:
        assert find_words(self.person.words) == []
        assert len(find_words(self.other.words)) == self.before
        assert not ErasedSession.objects.exists()

    def forget_until(self, number: int, *, keep_totals: bool) -> bool:
        """Forget, but raise after so many steps; return whether it came so far."""
        calls = 0

        def run_and_raise(step: Any) -> Any:
            def run(*args: Any, **options: Any) -> Any:
                nonlocal calls
                result = step(*args, **options)
                calls += 1
                if calls == number:
                    raise BoomError
                return result

            return run

        wrapped = {name: run_and_raise(getattr(forgetting, name)) for name in STEPS}
        with mock.patch.multiple(forgetting, **wrapped):
            try:
                forget_athlete(self.person.user_id, keep_totals=keep_totals)
            except BoomError:
                return True
        return False
