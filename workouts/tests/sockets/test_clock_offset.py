"""A device's clock, as its hellos tell it."""

from django.test import SimpleTestCase

from workouts.sockets.clock_offset import MAX_HELLO_DELAY_MS, SocketClockOffset

NOW_MS = 1_763_839_190_000
USED = None  # a rep between two hellos

# name, offsets of the hellos in order, the offset in use after them
CASES: list[tuple[str, list[int | None], int]] = [
    ("a clock that is right", [0], 0),
    ("a clock that is behind", [3000], 3000),
    ("a clock that is ahead", [-3000], -3000),
    ("the second hello was faster", [3800, 3000], 3000),
    ("the second hello was slower", [3000, 3800], 3000),
    ("the fastest of several", [3800, 3000, 3500, 3400], 3000),
    ("slower by just under 10 s", [3000, 3000 + MAX_HELLO_DELAY_MS - 1], 3000),
    ("slower by 10 s: it was set", [3000, 3000 + MAX_HELLO_DELAY_MS], 13_000),
    ("set ahead by a day", [0, -86_400_000], -86_400_000),
    ("set back by a day", [0, 86_400_000], 86_400_000),
    ("set back, then a slower hello", [0, 20_000, 20_500], 20_000),
    ("after a rep the newest counts", [3000, USED, 3800], 3800),
    ("after a rep, and then the faster", [3000, USED, 3800, 3400], 3400),
    ("slower after a rep, and no faster since", [3000, USED, 3800, 3900], 3800),
]


class ClockOffsetTests(SimpleTestCase):
    def test_the_fastest_hello_before_a_rep_tells_the_offset(self) -> None:
        for name, hellos, expected in CASES:
            with self.subTest(name):
                clock = SocketClockOffset()
                for offset_ms in hellos:
                    if offset_ms is USED:
                        clock.correct(NOW_MS)
                    else:
                        clock.measure(device_ms=NOW_MS - offset_ms, server_ms=NOW_MS)
                assert clock.ms == expected

    def test_it_adds_the_offset_to_the_time_of_a_rep(self) -> None:
        clock = SocketClockOffset()
        clock.measure(device_ms=NOW_MS - 700, server_ms=NOW_MS)
        assert clock.correct(NOW_MS) == NOW_MS + 700

    def test_a_rep_without_a_time_gets_none(self) -> None:
        assert SocketClockOffset().correct(None) is None

    def test_a_rep_without_a_time_is_a_rep_between_two_hellos(self) -> None:
        clock = SocketClockOffset()
        clock.measure(device_ms=0, server_ms=3000)
        clock.correct(None)
        clock.measure(device_ms=0, server_ms=3800)
        assert clock.ms == 3800
