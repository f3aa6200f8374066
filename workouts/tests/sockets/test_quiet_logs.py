"""While Redis is unavailable, the log has a line a second of each kind, not one a message."""

import asyncio
import json
import time
from multiprocessing.pool import ThreadPool

from websockets.asyncio.client import connect

from workouts.tests.support.cast import new_athlete
from workouts.tests.support.outage import OutageCase

SOCKETS = 8
REPS_EACH = 25
FINISHES = 40
MOST_LINES_A_SECOND = 5  # one of each kind: reps, news, groups, finishes, Django's for a 503
REP = json.dumps({"event": "rep_detected"})


class QuietLogTests(OutageCase):
    async def be_refused(self, user_id: str) -> None:
        """Send reps one after the other, so that each is a failed batch, or part of one."""
        async with connect(self.service.socket_url(user_id)) as socket:
            for _ in range(REPS_EACH):
                await socket.send(REP)
                assert json.loads(await socket.recv())["code"] == "unavailable"

    async def be_refused_by_all(self) -> None:
        await asyncio.gather(*(self.be_refused(new_athlete()) for _ in range(SOCKETS)))

    def finish(self, user_id: str) -> int:
        return self.service.ask("POST", "/workout/finish", {"user_id": user_id}).status

    def test_an_outage_logs_a_few_lines_whatever_clients_send(self) -> None:
        self.take_away(self.redis)
        before, began = len(self.service.lines), time.monotonic()
        asyncio.run(self.be_refused_by_all())
        with ThreadPool(4) as pool:
            assert set(pool.map(self.finish, [new_athlete()] * FINISHES)) == {503}
        lines = self.service.lines[before:]
        assert any("redis_unavailable" in line for line in lines)
        seconds = 1 + time.monotonic() - began
        assert len(lines) <= MOST_LINES_A_SECOND * seconds, "\n".join(lines)
