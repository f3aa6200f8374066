"""Answers to reps."""

from django.conf import settings

from workouts.events.updates import get_channel_update_publisher
from workouts.events.wall_reports import Changed, get_channel_reporter
from workouts.live.counting.verdicts import (
    COUNTED,
    DEBOUNCED,
    DUPLICATE,
    OTHER_DEVICE,
    PACE,
    SESSION_FULL,
    RepResult,
    Verdict,
)
from workouts.sockets.frames import RepAck, RepReason, RepStatus

OUTCOMES: dict[int, tuple[RepStatus, RepReason | None]] = {
    COUNTED: ("counted", None),
    DEBOUNCED: ("debounced", None),
    DUPLICATE: ("duplicate", None),
    PACE: ("rejected", "pace"),
    SESSION_FULL: ("rejected", "session_full"),
    OTHER_DEVICE: ("duplicate", "other_device"),
}


class SocketAcks:
    """The answers to one athlete's reps on one socket; each counted rep is also published.

    `origin` names the socket in what is published, so that it need not be told itself.
    """

    def __init__(self, user_id: str, origin: str) -> None:
        self._user_id = user_id
        self._origin = origin
        self._counts: dict[str, int] = {}
        self._verdicts = [0] * (len(Verdict) + 1)  # by number; the first is too_fast
        self._changed: dict[str, Changed] = {}
        self._publisher = get_channel_update_publisher()
        self._reporter = get_channel_reporter()

    def take(self, slug: str, result: RepResult, seq: int | None = None) -> RepAck:
        """Note the running count in a result, and return the answer to its rep."""
        verdict, count = result[0], result[1]
        self._verdicts[verdict] += 1
        self._counts[slug] = count
        if verdict == COUNTED:
            changed = self._changed.get(slug)
            if changed is None:
                changed = self._changed[slug] = Changed(self._user_id, slug)
            self._publisher.note(changed, self._origin)
            if self._reporter.watched:
                self._reporter.note(changed, count)
            if seq is None:
                return RepAck(slug, "counted", count)
        status, reason = OUTCOMES[verdict]
        wait_ms = result[2] or None
        if verdict == SESSION_FULL:  # until the session is finished, or is idle for too long
            wait_ms = settings.SENIM_IDLE_MINUTES * 60_000
        session_id = None if seq is None else result[3].decode() or None
        return RepAck(slug, status, count, reason, wait_ms, seq, session_id)

    def reject_too_fast(self, slug: str, retry_after_ms: int) -> RepAck:
        """Return the answer to a rep that Redis was not asked about, with the last known count."""
        self._verdicts[0] += 1
        return RepAck(slug, "rejected", self._counts.get(slug, 0), "too_fast", retry_after_ms)

    def count_verdicts(self) -> dict[str, int]:
        """Return how many reps got each verdict, without those that none got."""
        names = ["too_fast", *(verdict.name.lower() for verdict in Verdict)]
        return {name: number for name, number in zip(names, self._verdicts, strict=True) if number}
