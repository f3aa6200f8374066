"""What a process knows of revocations, and what it says of devices, without a server."""

import asyncio
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from asgiref.sync import sync_to_async
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.db import connection, connections
from django.test import TestCase, TransactionTestCase, override_settings
from django.utils import timezone

from workouts.live.greeting.batching import get_greeting_batcher
from workouts.models import Athlete, JoinedDevice
from workouts.routing import websocket_urlpatterns
from workouts.services.revocations import Revocations
from workouts.services.seen_devices import AT_ONCE, note_seen_devices
from workouts.tests.support.cast import new_athlete
from workouts.tests.support.tokens import SECRET, sign_token
from workouts.threads import for_revocations

ANSWER_S = 60


class UnknownRevocationsTests(TransactionTestCase):
    """The database is away, or was when the process started."""

    serialized_rollback = True

    async def knock(self, known: Revocations) -> dict[str, Any]:
        """Connect with a good token, and return the first thing that the server says."""
        # one thread only: its connection is the one that is closed below
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        headers = [(b"authorization", f"Bearer {sign_token(new_athlete())}".encode())]
        client = WebsocketCommunicator(
            URLRouter(websocket_urlpatterns),
            "/ws/workout",
            headers=headers,
            subprotocols=["senim.v1"],
        )
        with (
            override_settings(SENIM_AUTH="token", SENIM_JWT_SECRET=SECRET),
            patch("workouts.sockets.token_watch.revocations", known),
            patch("workouts.sockets.authentication.revocations", known),
        ):
            await client.connect(timeout=ANSWER_S)
            answer = dict(await client.receive_output(timeout=ANSWER_S))
            await client.disconnect(timeout=ANSWER_S)
            await get_greeting_batcher().close()
        # Channels' communicator leaves connections open, which would be in the next test's way
        for executor in (for_revocations, None):
            await loop.run_in_executor(executor, connections.close_all)
        return answer

    def rename_table(self, old: str, new: str) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"ALTER TABLE {old} RENAME TO {new}")

    async def test_nobody_gets_in_until_they_were_read_and_then_they_stay_known(self) -> None:
        known = Revocations()
        rename_table = sync_to_async(self.rename_table)
        await rename_table("joined_devices", "joined_gone")
        try:
            closing = await self.knock(known)
            assert (closing["code"], closing["reason"]) == (1013, "the database cannot be reached")
        finally:
            await rename_table("joined_gone", "joined_devices")
        assert "welcome" in (await self.knock(known))["text"]
        known._read_at -= 60
        await rename_table("joined_devices", "joined_gone")
        try:
            assert "welcome" in (await self.knock(known))["text"]
        finally:
            await rename_table("joined_gone", "joined_devices")


class SeenDeviceTests(TestCase):
    def make_device(self, seen_s_ago: float) -> JoinedDevice:
        return JoinedDevice.objects.create(
            athlete=Athlete.objects.create(user_id=new_athlete()),
            join_hash=uuid.uuid4().hex,
            last_seen_at=timezone.now() - timedelta(seconds=seen_s_ago),
        )

    def test_one_query_notes_those_who_were_not_noted_lately(self) -> None:
        old, recent, other = (self.make_device(s) for s in (3600, 10, 3600))
        with self.assertNumQueries(1):
            note_seen_devices({old.pk, recent.pk, uuid.uuid4()})
        seen = dict(JoinedDevice.objects.values_list("pk", "last_seen_at"))
        assert timezone.now() - seen[old.pk] < timedelta(seconds=60)
        assert seen[recent.pk] == recent.last_seen_at
        assert seen[other.pk] == other.last_seen_at

    def test_many_are_noted_a_thousand_at_a_time(self) -> None:
        with self.assertNumQueries(3):
            note_seen_devices({uuid.uuid4() for _ in range(2 * AT_ONCE + 1)})


class AliasTests(TestCase):
    def test_switching_an_athlete_off_switches_off_the_aliases(self) -> None:
        kept = Athlete.objects.create(user_id=new_athlete(), switched_off_at=timezone.now())
        alias = Athlete.objects.create(user_id=new_athlete(), merged_into=kept)
        other = Athlete.objects.create(user_id=new_athlete())
        revocations = Revocations()
        revocations.refresh()
        assert {kept.user_id, alias.user_id} <= revocations.athletes
        assert other.user_id not in revocations.athletes
