"""Numbered reps that waited in the server's own queue for too long: nothing passes them."""

import json
import time
from typing import Any

from django.conf import settings
from django.test import SimpleTestCase

from workouts.clock import now_ms
from workouts.live.counting.batching import ANSWER_DEADLINE_S, RepBatcher
from workouts.live.keys import hash_tag_of_user
from workouts.sockets.acks import SocketAcks
from workouts.sockets.catalogue import ExerciseLimits, catalogue
from workouts.sockets.device_reps import DeviceSocketReps
from workouts.sockets.message_loop import SocketLoop
from workouts.tests.support.cast import gates, new_athlete
from workouts.tests.support.phones import PACE_MS, verdicts


class OverdueRepTests(SimpleTestCase):
    def setUp(self) -> None:
        self.addCleanup(setattr, catalogue, "by_slug", catalogue.by_slug)
        catalogue.by_slug = {"squat": ExerciseLimits("squat", True, gates())}
        self.answers: list[dict[str, Any]] = []
        self.began_ms = now_ms() - 100 * PACE_MS

    async def send(self, message: dict[str, Any]) -> None:
        self.answers.append(json.loads(message["text"]))

    async def close(self, code: int, reason: str | None) -> None:
        raise AssertionError(code)

    async def test_every_higher_seq_is_unavailable_until_the_overdue_ones_come_again(self) -> None:
        user_id, batcher = new_athlete(), RepBatcher(settings.REDIS_URL)
        reps = DeviceSocketReps(
            user_id,
            SocketLoop(self.send, self.close),
            SocketAcks(user_id, "origin"),
            batcher.open_source(hash_tag_of_user(user_id)),
        )
        reps.device = "phone"

        async def ask(*seqs: int, overdue: tuple[int, ...] = ()) -> list[str]:
            self.answers.clear()
            for seq in overdue:
                reps.count("squat", seq, self.began_ms + seq * PACE_MS)
            if overdue:
                time.sleep(ANSWER_DEADLINE_S + 0.05)  # noqa: ASYNC251 - a long queue
            for seq in seqs:
                reps.count("squat", seq, self.began_ms + seq * PACE_MS)
            await batcher.settled()
            assert [answer["seq"] for answer in self.answers] == [*overdue, *seqs]
            return verdicts(self.answers)

        assert await ask(1) == ["counted"]
        assert await ask(4, overdue=(2, 3)) == ["unavailable"] * 3
        assert await ask(5, 1) == ["unavailable", "duplicate"]
        assert await ask(2, 3, 4, 5, 6) == ["counted"] * 5
        assert self.answers[-1]["count"] == 6
        await batcher.close()
