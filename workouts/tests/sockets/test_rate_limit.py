"""How many messages a socket may send, by a clock that the tests move."""

from django.test import SimpleTestCase

from workouts.sockets.rate_limit import SocketRateLimit

PER_SECOND = 10
BURST_S = 2
BURST = BURST_S * PER_SECOND

# name, (seconds to wait, messages to send) in order, how many of each are allowed
CASES: list[tuple[str, list[tuple[float, int]], list[int]]] = [
    ("a burst at once", [(0, 50)], [BURST]),
    ("a silence at first: what is in the bucket, and what it missed", [(3600, 50)], [2 * BURST]),
    ("a silence later", [(0, 30), (3600, 50)], [BURST, BURST]),
    ("a message each tenth of a second", [(0, BURST)] + [(0.1, 1)] * 9, [BURST] + [1] * 9),
    ("twice as many as it may", [(0, BURST)] + [(0.1, 2)] * 9, [BURST] + [1] * 9),
    ("a pause of half a second", [(0, 30), (0.5, 30)], [BURST, 5]),
    ("a pause that fills it", [(0, 30), (BURST_S, 30)], [BURST, BURST]),
    ("less than one message's time", [(0, 30), (0.09, 5), (0.02, 5)], [BURST, 0, 1]),
    ("a clock that stands still", [(0, BURST), (0, 5)], [BURST, 0]),
]


class RateLimitTests(SimpleTestCase):
    def setUp(self) -> None:
        self.now = 1000.0
        self.limit = SocketRateLimit(PER_SECOND, BURST, clock=lambda: self.now)

    def send(self, number: int, *, after_s: float = 0) -> int:
        """Return how many of the messages are allowed."""
        self.now += after_s
        return sum(self.limit.allows() for _ in range(number))

    def test_it_allows_a_burst_and_then_the_rate(self) -> None:
        for name, steps, expected in CASES:
            with self.subTest(name):
                self.setUp()
                assert [self.send(number, after_s=wait) for wait, number in steps] == expected

    def test_over_a_long_time_it_allows_the_rate(self) -> None:
        assert self.send(BURST) == BURST
        allowed = sum(self.send(1, after_s=0.03) for _ in range(10_000))
        assert 0.99 < allowed / (300 * PER_SECOND) < 1.01

    def test_it_counts_refusals_over_those_that_it_allows(self) -> None:
        self.send(BURST + 7)
        assert self.limit.refused_in_a_row == 7
        assert self.send(8, after_s=0.5) == 5
        assert self.limit.refused_in_a_row == 10

    def test_a_pause_that_fills_it_ends_the_row(self) -> None:
        self.send(BURST + 7)
        self.send(1, after_s=BURST_S + 0.1)
        assert self.limit.refused_in_a_row == 0

    def test_a_shorter_pause_does_not(self) -> None:
        self.send(BURST + 7)
        self.send(1, after_s=BURST_S - 0.2)
        assert self.limit.refused_in_a_row == 7

    def test_it_says_after_how_many_ms_to_try_again(self) -> None:
        waits = {1: 1000, 3: 334, 10: 100, 1_000_000: 1}
        assert {rate: SocketRateLimit(rate, 1).retry_after_ms for rate in waits} == waits

    def test_it_asks_the_clock_only_when_it_runs_out(self) -> None:
        asked = []
        limit = SocketRateLimit(PER_SECOND, BURST, clock=lambda: asked.append(1) or 0.0)
        asked.clear()
        for _ in range(BURST):
            limit.allows()
        assert asked == []
        limit.allows()
        assert asked == [1]
