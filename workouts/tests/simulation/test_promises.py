"""What round two of docs/fair-counting.md promises of each kind, on the real store and database."""

import pytest
from django.test import SimpleTestCase, TestCase

from workouts.simulation.behaviours.frames import SetToPlay
from workouts.simulation.behaviours.kinds import DEVICES
from workouts.simulation.performances import PlayedSet, play_simulated_performance
from workouts.tests.support.simulations import make_up_set, read_fair_counting_table

SEEDS = (1, 2, 3)


@pytest.mark.slow
class PromiseTests(TestCase):
    async def outcomes(self, kind: str, exercise: str = "squat") -> list[PlayedSet]:
        return [
            await play_simulated_performance(
                kind, SetToPlay(exercise, make_up_set(seed), script_intervals=60), seed=seed
            )
            for seed in SEEDS
        ]

    async def assert_exact_without_flags(self, kind: str) -> None:
        for outcome in await self.outcomes(kind):
            assert outcome.is_exact(), (kind, outcome)
            assert outcome.flags == [], (kind, outcome)

    async def test_a_phone_and_a_watch_count_once(self) -> None:
        await self.assert_exact_without_flags("two-devices")

    async def test_a_phone_and_a_watch_count_once_through_a_stall(self) -> None:
        await self.assert_exact_without_flags("two-devices-stalled")

    async def test_a_phone_and_a_watch_count_once_if_one_was_offline(self) -> None:
        await self.assert_exact_without_flags("two-devices-offline")

    async def test_a_phone_and_a_watch_count_once_across_a_handover(self) -> None:
        await self.assert_exact_without_flags("two-devices-handover")

    async def test_devices_that_send_the_same_reps_count_no_more_than_one(self) -> None:
        for count in DEVICES:
            for outcome in await self.outcomes(f"devices-{count}"):
                assert outcome.is_exact(), (count, outcome)

    async def test_reps_at_once_from_several_devices_are_held_to_one_pace(self) -> None:
        for kind in ("burst-5", "burst-6"):
            for outcome in await self.outcomes(kind):
                assert outcome.verdicts["counted"] <= 10, (kind, outcome)

    async def test_made_up_late_reps_of_six_devices_are_held_to_one_pace(self) -> None:
        for outcome in await self.outcomes("offline-burst-6"):
            assert outcome.verdicts["counted"] < outcome.sent / 2, outcome

    async def test_sixteen_exercises_at_once_are_flagged_as_two_bodies(self) -> None:
        for outcome in await self.outcomes("sixteen-exercises"):
            assert "two_bodies" in outcome.flag_names(), outcome

    async def test_an_exact_pace_above_the_record_is_flagged_however_often_it_finishes(
        self,
    ) -> None:
        for outcome in await self.outcomes("split-metronome"):
            assert {"metronome", "record_pace"} <= outcome.flag_names(), outcome

    async def test_half_a_minute_faster_than_any_record_is_flagged(self) -> None:
        for outcome in await self.outcomes("burst-31s", "push_up"):
            assert "record_pace" in outcome.flag_names(), outcome

    async def test_a_jitter_of_10_ms_is_flagged_from_60_intervals_on(self) -> None:
        for outcome in await self.outcomes("metronome-10"):
            assert "metronome" in outcome.flag_names(), outcome


class TableTests(SimpleTestCase):
    def test_a_phone_and_a_watch_are_counted_exactly_in_99_percent_of_the_sets(self) -> None:
        for kind, rows in read_fair_counting_table().items():
            for row in rows if kind.startswith("two-devices") else ():
                assert float(row["counted exactly"].removesuffix(" %")) >= 99, row

    def test_a_jitter_of_10_ms_is_caught_in_95_percent_from_60_intervals_on(self) -> None:
        for row in read_fair_counting_table()["metronome-10"]:
            if int(row["intervals"]) >= 60:
                assert float(row["caught"].removesuffix(" %")) >= 95, row
