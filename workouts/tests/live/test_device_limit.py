"""An athlete has 16 devices in Redis: which of them gives way to another one."""

import itertools
import time

from workouts.live.counting.verdicts import DUPLICATE, FORGOTTEN
from workouts.live.keys import hash_tag_of_user
from workouts.live.runtime import get_live_store, get_redis_key_space
from workouts.live.sessions import SessionName
from workouts.tests.support.backends import OnCluster, OnSingle
from workouts.tests.support.cast import new_athlete, seal, train
from workouts.tests.support.greetings import (
    UNKNOWN,
    Memory,
    has_memory,
    list_devices,
    meet,
    note_hello,
)
from workouts.tests.support.sent import MEMORY_S, Sent, send, verdicts_of

MOST, MOST_NOTED = 16, 64
HOUR_MS = 3_600_000


class LimitSuite:
    def setUp(self) -> None:
        self.athlete = new_athlete()
        self.devices = [f"d{number}" for number in range(MOST)]
        for hours, device in enumerate(reversed(self.devices), 1):
            meet(self.athlete, device, 7)
            note_hello(self.athlete, device, ago_ms=hours * HOUR_MS)  # d0 is idle longest

    def clear(self) -> None:
        """Clear the sealed session, as a finish does once its row is saved."""
        for session_id in seal(self.athlete):
            get_live_store().clear(SessionName(self.athlete, "squat", session_id))

    def test_another_device_takes_the_place_of_the_one_idle_longest(self) -> None:
        meet(self.athlete, "new", 0)
        assert list_devices(self.athlete) == {*self.devices[1:], "new"}
        assert not has_memory(self.athlete, "d0")
        assert meet(self.athlete, "d1") == Memory(7, is_whole=True)
        assert meet(self.athlete, "d0") == UNKNOWN

    def test_a_device_that_is_known_takes_nobodys_place(self) -> None:
        for device in self.devices:
            meet(self.athlete, device)
        assert list_devices(self.athlete) == {*self.devices}

    def test_a_socket_of_a_forgotten_device_is_told_to_say_hello_again(self) -> None:
        meet(self.athlete, "new", 0)
        (told,) = send(self.athlete, Sent(8, 0, device="d0", known=7))
        assert told.verdict == FORGOTTEN

    def test_reps_make_a_device_less_idle_than_its_last_hello(self) -> None:
        now_ms = int(time.time() * 1000)
        memory = get_redis_key_space().device(self.athlete, "d0")
        get_live_store().client.set(memory, f"7 {now_ms} 0", ex=MEMORY_S)
        meet(self.athlete, "new", 0)
        assert list_devices(self.athlete) == {*self.devices, "new"} - {"d1"}

    def test_a_device_with_reps_in_a_live_session_is_not_forgotten(self) -> None:
        send(self.athlete, Sent(8, 0, device="d0", known=7))
        meet(self.athlete, "new", 0)
        assert list_devices(self.athlete) == {*self.devices, "new"} - {"d1"}
        assert verdicts_of(send(self.athlete, Sent(8, 5000, device="d0", known=7))) == [
            (DUPLICATE, 1)
        ]

    def test_a_device_with_reps_in_an_unsaved_session_is_not_forgotten(self) -> None:
        send(self.athlete, Sent(8, 0, device="d0", known=7))
        (session_id,) = seal(self.athlete)
        train(self.athlete, exercise="push_up")  # and another session without it is live
        meet(self.athlete, "new", 0)
        assert {"d0"} == {*self.devices[:2]} & list_devices(self.athlete)
        get_live_store().clear(SessionName(self.athlete, "squat", session_id))
        meet(self.athlete, "newer", 0)
        assert list_devices(self.athlete) == {*self.devices[2:], "new", "newer"}

    def test_if_all_have_unsaved_reps_there_are_more(self) -> None:
        reps = (Sent(8, 5000 * n, device=d, known=7) for n, d in enumerate(self.devices))
        send(self.athlete, *reps)
        for device in ("new", "newer"):
            meet(self.athlete, device, 0)
        assert list_devices(self.athlete) == {*self.devices, "newer"}  # new has no reps
        self.clear()
        meet(self.athlete, "newest", 0)
        assert list_devices(self.athlete) == {*self.devices[2:], "newer", "newest"}

    def test_a_device_that_gave_way_in_its_session_is_not_forgotten(self) -> None:
        reps = [Sent(8, 5000 * n, device=d, known=7) for n, d in enumerate(self.devices)]
        send(self.athlete, *reps, Sent(1, 5000 * MOST, device="new"))
        session = get_redis_key_space().live(self.athlete, "squat").session
        assert not get_live_store().client.hexists(session, "seq:d0")
        meet(self.athlete, "new", 0)
        assert {*self.devices} < list_devices(self.athlete)

    def test_the_seqs_of_devices_that_gave_way_are_read_with_the_session(self) -> None:
        reps = [Sent(8, 5000 * n, device=d, known=7) for n, d in enumerate(self.devices)]
        send(self.athlete, *reps, Sent(3, 5000 * MOST, device="new"))
        (session_id,) = seal(self.athlete)
        sealed = get_live_store().read(SessionName(self.athlete, "squat", session_id))
        assert sealed is not None
        assert len(sealed.device_seqs) == MOST
        assert sealed.last_seqs == {**dict.fromkeys(self.devices, 8), "new": 3}

    def test_made_up_devices_with_reps_are_not_noted_without_end(self) -> None:
        train(self.athlete)
        keys, client = get_redis_key_space().live(self.athlete, "squat"), get_live_store().client
        made_up = [f"made-up-{number}" for number in range(MOST_NOTED)]
        for device in made_up:
            client.hset(keys.session, f"former-seq:{device}", 1)
            meet(self.athlete, device, 1)
        assert list_devices(self.athlete) == {*made_up}
        assert meet(self.athlete, "new", 3) == Memory(3, is_whole=True)
        assert list_devices(self.athlete) == {*made_up}
        assert meet(self.athlete, "new") == Memory(3, is_whole=False)
        self.clear()
        meet(self.athlete, "new", 3)
        assert "new" in list_devices(self.athlete)
        assert len(list_devices(self.athlete)) == MOST

    def test_nobody_is_forgotten_while_a_session_is_damaged(self) -> None:
        train(self.athlete)
        session = get_redis_key_space().live(self.athlete, "squat").session
        get_live_store().client.delete(session)
        get_live_store().client.set(session, "junk")
        assert meet(self.athlete, "new", 3) == Memory(3, is_whole=True)
        assert list_devices(self.athlete) == {*self.devices, "new"}

    def test_athletes_of_similar_names_have_their_own_devices(self) -> None:
        names = (f"{number}:{self.athlete}" for number in itertools.count())
        tag = hash_tag_of_user(self.athlete)
        other = next(name for name in names if hash_tag_of_user(name) == tag)
        send(other, Sent(8, 0, device="d0"))
        seal(other)
        send(other, Sent(9, 5000, device="d0"))
        meet(self.athlete, "new", 0)
        assert "d0" not in list_devices(self.athlete)


class LimitTests(LimitSuite, OnSingle):
    pass


class LimitClusterTests(LimitSuite, OnCluster):
    pass
