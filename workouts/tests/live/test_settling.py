"""A bug in a metric, or in settling one rep, leaves no rep without an answer."""

import asyncio
from functools import partial
from unittest.mock import patch

from django.conf import settings
from django.test import SimpleTestCase

from workouts.live.counting import batching, settling
from workouts.live.counting.batching import RepBatcher
from workouts.live.counting.packing import pack_rep_keys
from workouts.live.counting.verdicts import COUNTED, RepResult
from workouts.live.keys import RedisKeySpace
from workouts.tests.support.cast import gates, new_athlete
from workouts.tests.support.log_lines import capture_unlimited_logs

SPACE = RedisKeySpace("settling")
REPS = 6
BAD = 2


class SettlingTests(SimpleTestCase):
    def setUp(self) -> None:
        self.results: list[tuple[int, RepResult | None]] = []

    def note(self, number: int, result: RepResult | None) -> None:
        self.results.append((number, result))

    def fail_with_verdict(self, number: int, result: RepResult | None) -> None:
        self.note(number, result)
        if number == BAD and result is not None:
            raise RuntimeError("a bug in its answer")

    def fail_always(self, number: int, result: RepResult | None) -> None:
        self.note(number, result)
        if number == BAD:
            raise RuntimeError("a bug in its answer")

    async def count_reps(self, settle: object) -> list[str]:
        """Count reps, each of another athlete; return what was logged."""
        batcher = RepBatcher(settings.REDIS_URL)
        with capture_unlimited_logs() as logs:
            for number in range(REPS):
                keys = pack_rep_keys(SPACE.live(new_athlete(), "squat"))
                batcher.open_source(keys.tag).submit(keys, gates(1), partial(settle, number))  # type: ignore[arg-type]
            async with asyncio.timeout(20):
                await batcher.close()
        return [line["event"] for line in logs]

    def counted(self) -> list[int]:
        return [number for number, result in self.results if result and result[0] == COUNTED]

    async def test_a_metric_that_fails_is_logged_and_every_rep_has_its_verdict(self) -> None:
        with patch.object(settling, "count_batch_metrics", side_effect=RuntimeError("a bug")):
            assert await self.count_reps(self.note) == ["metrics_failed"]
        assert self.counted() == [*range(REPS)]

    async def test_the_verdicts_are_given_before_the_metrics_are_counted(self) -> None:
        given: list[int] = []

        def count(results: object, seconds: float) -> None:
            given.append(len(self.results))

        with patch.object(settling, "count_batch_metrics", count):
            await self.count_reps(self.note)
        assert given == [REPS]

    async def test_a_rep_that_cannot_be_settled_gets_no_verdict_and_the_others_theirs(
        self,
    ) -> None:
        assert await self.count_reps(self.fail_with_verdict) == ["settling_failed"]
        assert self.counted() == [*range(REPS)]
        assert [number for number, result in self.results if result is None] == [BAD]

    async def test_one_that_always_fails_takes_no_others_answer(self) -> None:
        assert await self.count_reps(self.fail_always) == ["settling_failed"] * 2
        assert self.counted() == [*range(REPS)]

    async def test_reps_that_are_given_up_are_settled_whatever_the_metrics_do(self) -> None:
        failing = patch.object(
            settling, "count_unsent_reps_metric", side_effect=RuntimeError("a bug")
        )
        with patch.object(batching, "ANSWER_DEADLINE_S", -1.0), failing:
            assert set(await self.count_reps(self.note)) == {"metrics_failed"}
        assert [result for _, result in self.results] == [None] * REPS

    def test_an_answer_with_too_few_results_is_an_error(self) -> None:
        rep = (pack_rep_keys(SPACE.live("ann", "squat")), b"", self.note, False, 0.0)
        with self.assertRaisesMessage(ValueError, "1 of 2"):
            batching.unpack_batch_results([rep, rep], [1, 1, 0], [])  # type: ignore[list-item]
