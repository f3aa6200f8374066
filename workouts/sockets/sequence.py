"""Which of a device's numbered reps may be sent to Redis, and what becomes of the answers."""

from heapq import heapify, heappop, heappush

MAX_BLOCKED = 10_000


class SocketSequence:
    """The seqs of one device on one socket.

    `known` is the highest seq known to be settled. A seq that could not be settled is blocked: no
    higher one may be settled until it has been sent again.
    """

    __slots__ = ("_asked", "_blocked", "known")

    def __init__(self) -> None:
        self.known = 0
        self._asked = 0  # the highest seq in flight; 0 once one of them has failed
        self._blocked: list[int] = []  # a heap

    @property
    def first_blocked(self) -> int | None:
        """The lowest seq that must be sent again, None if there is none."""
        return self._blocked[0] if self._blocked else None

    @property
    def is_full(self) -> bool:
        """Whether enough seqs are blocked that a new hello is quicker."""
        return len(self._blocked) > MAX_BLOCKED

    def admit(self, seq: int) -> bool:
        """Return whether a seq may be sent to Redis; if not, it is blocked as well."""
        blocked = self._blocked
        if blocked:
            if seq > blocked[0]:
                heappush(blocked, seq)
                return False
            while blocked and blocked[0] == seq:
                heappop(blocked)
        return True

    def ask(self, seq: int) -> int:
        """Note that a seq is sent to Redis; return the seq that Redis must know already.

        For a higher seq those in flight count as known: if a failover comes between two calls, the
        second must not settle its reps without those of the first.
        """
        if seq <= self._asked:
            return self.known
        known = max(self.known, self._asked)
        self._asked = seq
        return known

    def settle(self, seq: int) -> None:
        """Note that a seq is settled."""
        self.known = max(self.known, seq)

    def fail(self, seq: int) -> None:
        """Note that a seq was not settled, or may not have been."""
        heappush(self._blocked, seq)
        self._asked = 0

    def reset(self, last_seq: int) -> None:
        """Start again from a hello's last_seq; a blocked seq above it must still be sent again."""
        self.known, self._asked = last_seq, 0
        self._blocked = [seq for seq in self._blocked if seq > last_seq]
        heapify(self._blocked)
