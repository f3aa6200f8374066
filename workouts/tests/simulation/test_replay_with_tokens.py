"""What a replay says to a service that asks for access tokens."""

import asyncio

from django.test import SimpleTestCase

from workouts.simulation.replay import RecordedSet, Replay, ReplayedSet
from workouts.tests.support.token_services import shared_token_service


class ReplayTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = shared_token_service()

    async def test_it_says_in_a_line_that_it_has_no_token(self) -> None:
        outcomes: list[ReplayedSet] = []
        for options in ({}, {"plain": True}, {"behaviour": "bounce"}):
            replay = Replay(self.service.url, **options)
            async with asyncio.timeout(60):
                await replay.play([RecordedSet("squat", [0, 1000])], outcomes.append)
        assert len(outcomes) == 3
        for outcome in outcomes:
            assert "replay needs one with SENIM_AUTH=open" in outcome.problem, outcome
