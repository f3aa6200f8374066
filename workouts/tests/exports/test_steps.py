"""Exports read batch by batch, in threads, and broken off."""

import asyncio
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.test import TestCase, TransactionTestCase

from workouts.exports import rows
from workouts.exports.progress import FAILED, read_export_progress
from workouts.exports.rows import read_export_batches
from workouts.exports.steps import FORMATS, ExportSteps, send_export_from_threads
from workouts.models import WorkoutSession
from workouts.tests.support.cast import save_session
from workouts.tests.support.exports import TOKEN, make_export, read_csv, read_xlsx, save_many
from workouts.tests.support.log_lines import capture_unlimited_logs
from workouts.threads import for_exports


def read_all() -> Iterator[list[rows.ExportRecord]]:
    return read_export_batches(WorkoutSession.objects.all(), with_timeline=False)


@pytest.mark.slow
class BatchTests(TestCase):
    def test_it_reads_each_session_once_and_in_order_though_many_share_a_moment(self) -> None:
        save_many(5200)
        sessions = WorkoutSession.objects.order_by("-created_at", "-id")
        batches = list(read_all())
        assert [record.id for batch in batches for record in batch] == [
            session.pk for session in sessions.only("pk")
        ]
        assert [len(batch) for batch in batches] == [2000, 2000, 1200]

    def test_it_ends_after_a_batch_that_is_just_full(self) -> None:
        save_many(6)
        with patch.object(rows, "BATCH_ROWS", 3):
            assert [len(batch) for batch in read_all()] == [3, 3]

    def test_a_session_saved_meanwhile_is_left_out(self) -> None:
        save_many(4)
        with patch.object(rows, "BATCH_ROWS", 2):
            batches = read_all()
            first = next(batches)
            save_session("43")
            assert len(first) + sum(map(len, batches)) == 4

    def test_more_sessions_take_no_more_memory(self) -> None:
        peaks = []
        for count in (500, 2000):
            save_many(count)
            with patch.object(rows, "BATCH_ROWS", 100):
                peaks.append([self.peak(kind) for kind in FORMATS])
        for few, many in zip(*peaks, strict=True):
            assert many < 1.5 * few + 100_000

    def peak(self, kind: str) -> int:
        tracemalloc.start()
        for _chunk in ExportSteps(make_export(kind)):
            pass
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        return peak


class ThreadTests(TransactionTestCase):
    """As they are sent under ASGI: each step in whichever thread is free."""

    serialized_rollback = True

    def setUp(self) -> None:
        save_many(7)
        self.enterContext(patch.object(rows, "BATCH_ROWS", 2))

    @contextmanager
    def watched(self) -> Iterator[list[bool]]:
        """Record for each row whether it was made with this thread's connection."""
        seen: list[bool] = []
        own = connection.connection
        make_row = rows.make_export_row

        def watch(*args: Any, **kwargs: Any) -> Any:
            seen.append(connection.connection is own)
            return make_row(*args, **kwargs)

        with patch("workouts.exports.steps.make_export_row", watch):
            yield seen

    async def test_it_sends_every_row_from_other_threads(self) -> None:
        for kind in FORMATS:
            with self.watched() as seen:
                chunks = send_export_from_threads(ExportSteps(make_export(kind)))
                data = b"".join([chunk async for chunk in chunks])
            assert len(read_csv(data) if kind == "csv" else read_xlsx(data)[0]) == 8
            assert seen == [False] * 7

    async def test_an_error_midway_breaks_it_off(self) -> None:
        for kind in FORMATS:
            chunks = send_export_from_threads(ExportSteps(make_export(kind, token=TOKEN)))
            await anext(chunks)
            error = RuntimeError("no")
            with (
                patch("workouts.exports.steps.make_export_row", side_effect=error),
                pytest.raises(RuntimeError, match="no"),
            ):
                await anext(chunks)
            assert read_export_progress("1", TOKEN).state == FAILED

    async def test_a_client_that_leaves_ends_the_work(self) -> None:
        for kind in FORMATS:
            steps = ExportSteps(make_export(kind))
            chunks: Any = send_export_from_threads(steps)
            await anext(chunks)
            with capture_unlimited_logs() as logs:
                await chunks.aclose()
                await asyncio.wrap_future(for_exports.submit(steps.close))
            assert [(line["event"], line["log_level"]) for line in logs] == [
                ("export_closed", "info")
            ]
            assert list(steps) == []

    async def test_a_cancelled_step_is_finished_before_the_work_ends(self) -> None:
        steps = ExportSteps(make_export())
        task = asyncio.ensure_future(anext(send_export_from_threads(steps)))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await asyncio.wrap_future(for_exports.submit(steps.close))
        assert list(steps) == []
