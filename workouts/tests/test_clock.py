"""Epoch ms and datetimes, both ways."""

from datetime import UTC, datetime

from django.test import SimpleTestCase

from workouts.clock import datetime_from_ms, datetime_to_ms
from workouts.tests.support.cast import STARTED_MS


class ClockTests(SimpleTestCase):
    def test_no_millisecond_is_lost_either_way(self) -> None:
        for ms in (0, 1, 999, 1000, STARTED_MS + 1, STARTED_MS + 999, 253_402_300_799_999):
            assert datetime_to_ms(datetime_from_ms(ms)) == ms

    def test_it_returns_times_in_utc(self) -> None:
        assert datetime_from_ms(STARTED_MS + 7) == datetime(
            2025, 11, 22, 19, 19, 50, 7000, tzinfo=UTC
        )
