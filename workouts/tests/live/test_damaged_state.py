"""State in Redis that is not what the scripts have written: nobody's reps may fail for it."""

from django.test import SimpleTestCase

from workouts.live.counting.verdicts import COUNTED, OTHER_DEVICE
from workouts.live.runtime import get_live_store, get_redis_key_space
from workouts.tests.support.cast import count_reps, new_athlete, seal
from workouts.tests.support.sent import WATCH, Sent, read_one, send

JUNK = {"text": "set", "list": "rpush"}


def damage(athlete: str, kind: str, command: str) -> None:
    """Put junk in place of one of an athlete's keys."""
    key = getattr(get_redis_key_space().live(athlete, "squat"), kind)
    client = get_live_store().client
    client.delete(key)
    getattr(client, command)(key, "junk")


class DamagedStateTests(SimpleTestCase):
    def test_two_devices_go_on_with_a_damaged_mark_or_counted_times(self) -> None:
        for kind in ("mark", "times"):
            for what, command in JUNK.items():
                with self.subTest(kind, what=what):
                    athlete = new_athlete()
                    send(athlete, Sent(1, 0, 0), Sent(1, 100, 100, device=WATCH))
                    damage(athlete, kind, command)
                    told = send(athlete, Sent(2, 4000, 4000), Sent(2, 4100, 4100, device=WATCH))
                    assert [said.verdict for said in told] == [COUNTED, OTHER_DEVICE]
                    damage(athlete, kind, command)
                    assert len(read_one(athlete).reps) == 2

    def test_counted_times_that_were_given_up_are_listed_anew(self) -> None:
        athlete = new_athlete()
        reps = [Sent(i, 2000 * i, 2000 * i) for i in range(1, 6)]
        send(athlete, *reps, Sent(1, 10_100, 10_100, device=WATCH))
        damage(athlete, "times", "set")
        send(athlete, Sent(2, 11_900, 11_900, device=WATCH), Sent(6, 12_000, 12_000))
        seal(athlete)
        times = get_redis_key_space().live(athlete, "squat").times
        client = get_live_store().client
        assert client.llen(times) == 6
        assert client.pttl(times) > 0

    def test_a_plain_socket_goes_on_with_a_damaged_mark(self) -> None:
        for what, command in JUNK.items():
            with self.subTest(what):
                athlete = new_athlete()
                damage(athlete, "mark", command)
                verdicts = count_reps(athlete, [1000, 2000])
                assert [verdict and verdict.verdict for verdict in verdicts] == [COUNTED] * 2
