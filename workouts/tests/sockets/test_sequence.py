"""What a device's socket may send to Redis, and what it makes of the answers."""

from django.test import SimpleTestCase

from workouts.sockets.sequence import MAX_BLOCKED, SocketSequence


class KnownSeqTests(SimpleTestCase):
    def setUp(self) -> None:
        self.sequence = SocketSequence()
        self.sequence.reset(3)

    def test_a_hello_tells_the_first_seq_that_is_known(self) -> None:
        assert self.sequence.known == 3
        assert self.sequence.ask(4) == 3

    def test_seqs_in_flight_count_as_known_for_higher_ones(self) -> None:
        """A failover between two calls must not settle a rep without those of the call before."""
        asked = [4, 5, 9, 10]
        assert [self.sequence.ask(seq) for seq in asked] == [3, 4, 5, 9]

    def test_a_seq_sent_again_needs_only_what_is_settled(self) -> None:
        for seq in (4, 5, 9):
            self.sequence.ask(seq)
        assert self.sequence.ask(5) == 3
        assert self.sequence.ask(9) == 3
        assert self.sequence.ask(10) == 9

    def test_a_settled_seq_is_known(self) -> None:
        self.sequence.ask(4)
        self.sequence.settle(4)
        assert self.sequence.known == 4
        assert self.sequence.ask(4) == 4

    def test_an_old_seq_that_is_settled_again_lowers_nothing(self) -> None:
        self.sequence.settle(7)
        self.sequence.settle(2)
        assert self.sequence.known == 7
        assert self.sequence.ask(8) == 7

    def test_after_a_failure_those_in_flight_no_longer_count_as_known(self) -> None:
        for seq in (4, 5, 6):
            self.sequence.ask(seq)
        self.sequence.settle(4)
        self.sequence.fail(5)
        assert self.sequence.admit(5)
        assert self.sequence.ask(5) == 4

    def test_a_settled_seq_may_be_higher_than_all_in_flight(self) -> None:
        self.sequence.ask(4)
        self.sequence.settle(8)
        assert self.sequence.ask(9) == 8

    def test_a_hello_may_know_less_than_the_socket(self) -> None:
        self.sequence.ask(8)
        self.sequence.settle(8)
        self.sequence.reset(5)
        assert self.sequence.known == 5
        assert self.sequence.ask(6) == 5


class BlockedSeqTests(SimpleTestCase):
    def setUp(self) -> None:
        self.sequence = SocketSequence()

    def test_nothing_is_blocked_at_first(self) -> None:
        assert self.sequence.first_blocked is None
        assert self.sequence.admit(1)

    def test_nothing_passes_a_failed_seq(self) -> None:
        self.sequence.fail(5)
        assert [self.sequence.admit(seq) for seq in (6, 7, 4, 100)] == [False, False, True, False]
        assert self.sequence.first_blocked == 5

    def test_a_failed_seq_that_comes_again_frees_itself_alone(self) -> None:
        self.sequence.fail(5)
        assert not self.sequence.admit(6)
        assert self.sequence.admit(5)
        assert self.sequence.first_blocked == 6
        assert not self.sequence.admit(7)
        assert self.sequence.admit(6)
        assert self.sequence.admit(7)
        assert self.sequence.first_blocked is None

    def test_seqs_sent_again_in_the_wrong_order_are_refused(self) -> None:
        for seq in (7, 5, 6):
            self.sequence.fail(seq)
        assert [self.sequence.admit(seq) for seq in (7, 6, 5, 6, 7)] == [
            False,
            False,
            True,
            True,
            True,
        ]
        assert self.sequence.first_blocked is None

    def test_a_seq_that_was_blocked_many_times_is_freed_at_once(self) -> None:
        self.sequence.fail(5)
        for _ in range(10):
            assert not self.sequence.admit(6)
        assert self.sequence.admit(5)
        assert self.sequence.admit(6)
        assert self.sequence.admit(7)

    def test_a_hello_frees_what_was_settled_after_all(self) -> None:
        for seq in (5, 9, 6, 7, 8):
            self.sequence.fail(seq)
        self.sequence.reset(7)
        assert self.sequence.first_blocked == 8
        assert not self.sequence.admit(9)
        assert self.sequence.admit(8)

    def test_a_hello_does_not_free_a_seq_that_must_be_sent_again(self) -> None:
        self.sequence.fail(5)
        self.sequence.reset(4)
        assert self.sequence.first_blocked == 5
        assert not self.sequence.admit(6)

    def test_it_is_full_beyond_the_limit_only(self) -> None:
        self.sequence.fail(1)
        for seq in range(2, MAX_BLOCKED + 1):
            self.sequence.admit(seq)
        assert not self.sequence.is_full
        self.sequence.admit(MAX_BLOCKED + 1)
        assert self.sequence.is_full
        self.sequence.reset(1)
        assert not self.sequence.is_full
