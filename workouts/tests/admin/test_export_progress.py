"""The progress of an export, as its page asks for it."""

from typing import Any
from unittest.mock import patch

import pytest
import redis
from django.contrib.auth import get_user_model

from workouts.exports import rows
from workouts.exports.progress import (
    DONE,
    FAILED,
    PREPARING,
    SENDING,
    ExportProgress,
    ExportProgressReporter,
    read_export_progress,
)
from workouts.live.runtime import get_live_store, get_redis_key_space
from workouts.tests.support.cast import save_session
from workouts.tests.support.exports import FILE, LIST, TOKEN, ExportCase

PROGRESS = f"{LIST}export/progress/"


class ProgressTests(ExportCase):
    def state(self) -> ExportProgress:
        return read_export_progress(str(self.coach.pk), TOKEN)

    def forget(self) -> None:
        get_live_store().client.delete(get_redis_key_space().progress(str(self.coach.pk), TOKEN))

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(self.forget)
        for _ in range(3):
            save_session("42")

    def test_it_goes_from_preparing_to_done(self) -> None:
        for kind in ("csv", "xlsx"):
            seen = []
            with (
                patch.object(rows, "BATCH_ROWS", 1),
                patch("workouts.exports.progress.WRITE_EVERY_S", 0),
            ):
                response: Any = self.client.get(FILE, {"format": kind, "token": TOKEN})
                for _ in response:
                    seen.append(self.state())
            assert seen[0] == ExportProgress(PREPARING)
            assert self.state() == ExportProgress(DONE, 3, 3)
            if kind == "csv":  # an XLSX of three rows is sent at the end
                assert seen[1:] == [ExportProgress(SENDING, sent, 3) for sent in range(3)]
        key = get_redis_key_space().progress(str(self.coach.pk), TOKEN)
        assert 0 < get_live_store().client.ttl(key) <= 600

    def test_it_is_written_at_most_twice_a_second(self) -> None:
        reporter = ExportProgressReporter(str(self.coach.pk), TOKEN)
        with (
            patch("workouts.exports.progress.time.monotonic") as clock,
            patch.object(get_live_store().client, "set") as written,
        ):
            for now, state, calls in (
                (0, SENDING, 1),
                (0.4, SENDING, 1),
                (0.6, SENDING, 2),
                (0.7, DONE, 3),
            ):
                clock.return_value = now
                reporter.report(state=state)
                assert written.call_count == calls

    def test_an_export_that_fails_says_so_and_is_broken_off(self) -> None:
        response: Any = self.client.get(FILE, {"token": TOKEN})
        chunks = iter(response)
        next(chunks)
        with (
            patch("workouts.exports.steps.make_export_row", side_effect=RuntimeError("no")),
            pytest.raises(RuntimeError),
        ):
            next(chunks)
        assert self.state() == ExportProgress(FAILED, 0, 3)

    def test_the_export_continues_without_redis(self) -> None:
        with patch.object(
            get_live_store().client, "set", side_effect=redis.ConnectionError("away")
        ) as asked:
            assert len(self.read_csv(token=TOKEN)) == 4
            assert asked.call_count == 1
        with patch.object(
            get_live_store().client, "get", side_effect=redis.ConnectionError("away")
        ):
            assert self.client.get(PROGRESS, {"token": TOKEN}).json()["state"] == "unknown"

    def test_the_progress_for_an_impossible_token_is_unknown(self) -> None:
        for token in ("", "a:b", "x" * 65, "é" * 10):
            assert self.client.get(PROGRESS, {"token": token}).json()["state"] == "unknown"

    def test_the_progress_of_another_user_is_unknown(self) -> None:
        ExportProgressReporter(str(self.coach.pk), TOKEN).report(state=SENDING, rows=5, total=10)
        seen = self.client.get(PROGRESS, {"token": TOKEN}).json()
        assert seen == {"state": "sending", "rows": 5, "total": 10}
        self.client.force_login(get_user_model().objects.create_superuser("other"))
        seen = self.client.get(PROGRESS, {"token": TOKEN}).json()
        assert seen == {"state": "unknown", "rows": 0, "total": None}
