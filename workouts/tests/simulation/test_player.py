"""The player and `replay --as` on the real service."""

import asyncio
import uuid
from random import Random
from unittest.mock import patch

import pytest
from django.test import SimpleTestCase

from workouts.simulation.behaviours.frames import (
    PHONE,
    SetToPlay,
    SimulatedPerformance,
    SimulatedRep,
)
from workouts.simulation.behaviours.kinds import BEHAVIOURS
from workouts.simulation.player import Player
from workouts.simulation.replay import RecordedSet, Replay, ReplayedSet
from workouts.simulation.service import RunningService
from workouts.tests.support.service import shared_service

FRAMES = [
    SimulatedRep(0, PHONE, 1, -9000),
    SimulatedRep(0, PHONE, 2, -8000, "push_up"),
    SimulatedRep(0, PHONE, 3, -7000, then_finish=True),
    SimulatedRep(100, PHONE, 4, -4000),
    SimulatedRep(100, PHONE, 5, -4000 + 1),
]


def quick_behaviour(played: SetToPlay, rng: Random) -> SimulatedPerformance:
    return SimulatedPerformance(FRAMES, 4)


@pytest.mark.slow
class PlayerTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = shared_service()

    async def saved(self, user_id: str) -> list[tuple[str, int]]:
        rows = await RunningService(self.service.url).read_sessions(user_id)
        return sorted((row["exercise_type"], row["total_reps"]) for row in rows)

    async def test_it_plays_several_exercises_and_finishes_in_between(self) -> None:
        user_id = f"player-{uuid.uuid4().hex[:8]}"
        async with asyncio.timeout(60):
            verdicts = await Player(self.service.url, user_id, "squat").play(FRAMES)
        assert verdicts == {"counted": 4, "debounced": 1}
        assert await self.saved(user_id) == [("squat", 2)]

    async def test_a_replay_adds_up_all_sessions_of_all_exercises(self) -> None:
        outcomes: list[ReplayedSet] = []
        with patch.dict(BEHAVIOURS, {"quick": quick_behaviour}):
            replay = Replay(self.service.url, behaviour="quick")
            async with asyncio.timeout(60):
                await replay.play([RecordedSet("squat", [0, 1000])], outcomes.append)
        (outcome,) = outcomes
        assert outcome.problem == ""
        assert (outcome.sent, outcome.counted, outcome.saved, outcome.rows) == (5, 4, 4, 3)
        assert await self.saved(f"replay-{replay.run_id}-0") == [
            ("push_up", 1),
            ("squat", 1),
            ("squat", 2),
        ]
