"""A socket whose token needs the provider's keys first holds up no other."""

import asyncio

import pytest
from django.test import SimpleTestCase

from workouts.tests.support.cast import new_athlete
from workouts.tests.support.phones import ANSWER_S, make_set, verdicts
from workouts.tests.support.providers import SlowProvider
from workouts.tests.support.service import shared_service
from workouts.tests.support.token_services import join_device, let_in
from workouts.tests.support.tokens import AUDIENCE, ISSUER, sign_token


@pytest.mark.slow
class SlowProviderTests(SimpleTestCase):
    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.provider = SlowProvider("RS256")
        cls.addClassCleanup(cls.provider.stop)
        cls.service = shared_service(
            SENIM_AUTH="token",
            SENIM_JWT_JWKS_URL=cls.provider.url,
            SENIM_JWT_ISSUER=ISSUER,
            SENIM_JWT_AUDIENCE=AUDIENCE,
        )
        _, cls.token = join_device(cls.service, new_athlete())

    async def test_others_count_while_it_waits_for_the_keys(self) -> None:
        phone = await let_in(self.service, self.token)
        await phone.say_hello()
        waiting = asyncio.create_task(let_in(self.service, sign_token("ann", "RS256")))
        assert await asyncio.to_thread(self.provider.asked.wait, ANSWER_S)
        assert set(verdicts(await phone.ask_all(make_set(range(1, 50))))) == {"counted"}
        assert not waiting.done()
        self.provider.may_answer.set()
        for each in (phone, await waiting):
            await each.close()
