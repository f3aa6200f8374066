"""Sets of real people are counted in full, on a single server, a cluster and Sentinel."""

import os
from pathlib import Path

import pytest

from workouts.simulation.replay import read_sets_to_replay
from workouts.tests.support.backends import OnCluster, OnSentinel, OnSingle
from workouts.tests.support.cast import STARTED_MS, count_reps, gates, new_athlete

RECORDED_SETS = os.environ.get("TEST_SETS", "")  # a file of recorded sets, as `replay` reads it
INTERVALS_MS = {
    "squat": 450,
    "push_up": 250,
    "pull_up": 500,
    "sit_up": 500,
    "jumping_jack": 400,
    "bench_press": 550,
    "front_raise": 300,
}
BATTLE_ROPE_MS = 150


def recorded_sets() -> list[tuple[str, list[int]]]:
    """Return the sets in the file that TEST_SETS names, or else sets made up like them."""
    if RECORDED_SETS:
        return [
            (recorded.exercise, recorded.rep_end_ms)
            for recorded in read_sets_to_replay(Path(RECORDED_SETS), None)
        ]
    return [
        (exercise, [i * interval_ms + 17 * (i // 3) for i in range(20)])
        for exercise, interval_ms in INTERVALS_MS.items()
    ]


class RealPeopleSuite:
    @pytest.mark.timeout(300)
    def test_it_counts_every_rep_of_real_people(self) -> None:
        for exercise, times in recorded_sets():
            interval_ms = INTERVALS_MS.get(exercise, BATTLE_ROPE_MS)
            verdicts = count_reps(
                new_athlete(),
                [STARTED_MS + at for at in times],
                exercise=exercise,
                limits=gates(interval_ms),
            )
            assert [verdict.count for verdict in verdicts if verdict] == list(
                range(1, len(times) + 1)
            ), exercise


class RealPeopleTests(RealPeopleSuite, OnSingle):
    pass


class RealPeopleClusterTests(RealPeopleSuite, OnCluster):
    pass


class RealPeopleSentinelTests(RealPeopleSuite, OnSentinel):
    pass
