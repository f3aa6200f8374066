"""The budget of one socket, with a clock of the test's own."""

from django.test import SimpleTestCase

from senim.protocols.frame_budget import (
    BYTES_PER_SECOND,
    CAPACITY,
    FRAME_COST,
    IDLE_FRAMES_PER_SECOND,
    MAX_IDLE_FRAMES,
    FrameBudget,
)


class FrameBudgetTests(SimpleTestCase):
    def setUp(self) -> None:
        self.now = 100.0
        self.budget = FrameBudget(clock=lambda: self.now)

    def exhaust(self) -> None:
        self.budget.spend(CAPACITY, 0)
        assert not self.budget.allows()

    def test_a_frame_costs_more_than_its_bytes(self) -> None:
        self.budget.spend(0, CAPACITY // FRAME_COST - 1)
        assert self.budget.allows()
        self.budget.spend(0, 1)
        assert not self.budget.allows()

    def test_it_is_refilled_over_time(self) -> None:
        self.exhaust()
        self.now += 2 / BYTES_PER_SECOND
        assert self.budget.allows()
        self.budget.spend(2, 0)
        assert not self.budget.allows()

    def test_it_keeps_the_time_that_was_too_short_for_a_byte(self) -> None:
        self.exhaust()
        for _ in range(2):
            assert not self.budget.allows()
            self.now += 0.75 / BYTES_PER_SECOND
        assert self.budget.allows()

    def test_it_holds_no_more_than_its_capacity(self) -> None:
        self.exhaust()
        self.now += 1_000_000
        assert self.budget.allows()
        self.exhaust()

    def test_a_large_debt_is_paid_within_seconds(self) -> None:
        self.budget.spend(1_000_000, 0)
        self.now += CAPACITY / BYTES_PER_SECOND
        assert not self.budget.allows()
        self.now += 1
        assert self.budget.allows()

    def test_idle_frames_run_out(self) -> None:
        taken = [self.budget.take_idle_frame() for _ in range(MAX_IDLE_FRAMES)]
        assert taken == [True] * (MAX_IDLE_FRAMES - 1) + [False]

    def test_a_client_that_only_pings_now_and_then_never_runs_out(self) -> None:
        for _ in range(3 * MAX_IDLE_FRAMES):
            self.now += 1 / IDLE_FRAMES_PER_SECOND
            assert self.budget.take_idle_frame()

    def test_a_message_makes_up_for_the_frames_before_it(self) -> None:
        for _ in range(3):
            for _ in range(MAX_IDLE_FRAMES - 1):
                assert self.budget.take_idle_frame()
            self.budget.idle_frames_left = MAX_IDLE_FRAMES
