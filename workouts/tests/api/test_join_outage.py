"""POST /workout/join of a real service: without its database or Redis, and many at once."""

import time
import uuid
from multiprocessing.pool import ThreadPool

import pytest
from django.test import SimpleTestCase

from senim.embedded.postgres import EmbeddedPostgres
from senim.embedded.valkey import EmbeddedValkey
from workouts.tests.support.outage import OutageCase
from workouts.tests.support.service import Answer, Service, fresh_folder
from workouts.tests.support.shell import run_shell

RECOVERY_S = 30.0
MAKE_CODE = """
from workouts.services.invitations import add_athlete, invite_athlete
print(invite_athlete(athlete=add_athlete(name="Ana", by=None, team=None), by=None).code)
"""


def join(service: Service, code: str, join_id: str = "") -> Answer:
    body = {"code": code, "join_id": join_id or uuid.uuid4().hex, "device_name": "Phone"}
    return service.ask("POST", "/workout/join", body)


class JoinOutageTests(OutageCase):
    def check_nothing_is_used_up(self, part: EmbeddedValkey | EmbeddedPostgres) -> None:
        """Join while a part is away, and again once it is back."""
        code = run_shell(self.service, MAKE_CODE)
        self.take_away(part)
        answer = join(self.service, code)
        assert (answer.status, answer.body["code"]) == (503, "unavailable")
        assert int(answer.headers["retry-after"]) > 0
        self.bring_back(part)
        asked_till = time.monotonic() + RECOVERY_S
        while (answer := join(self.service, code)).status == 503:
            assert time.monotonic() < asked_till, answer
        assert answer.body["state"] == "joined"
        assert join(self.service, code).body["code"] == "invitation_used"

    def test_without_the_database_nothing_is_used_up(self) -> None:
        self.check_nothing_is_used_up(self.database)

    def test_without_redis_nothing_is_used_up(self) -> None:
        self.check_nothing_is_used_up(self.redis)


@pytest.mark.slow
class JoinAtOnceOnSqliteTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.service = Service(SENIM_DATA=str(fresh_folder())).start()
        cls.addClassCleanup(cls.service.stop)

    def test_a_personal_code_lets_exactly_one_of_many_in(self) -> None:
        code = run_shell(self.service, MAKE_CODE)
        with ThreadPool(8) as pool:
            answers = pool.map(lambda _: join(self.service, code), range(8))
        assert sorted(answer.status for answer in answers) == [200] + [403] * 7

    def test_one_join_sent_many_times_at_once_is_one_device(self) -> None:
        code = run_shell(self.service, MAKE_CODE)
        with ThreadPool(8) as pool:
            answers = pool.map(lambda _: join(self.service, code, "mine"), range(8))
        assert len({answer.body["refresh_token"] for answer in answers}) == 1
