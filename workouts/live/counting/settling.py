"""The end of a batch: its reps get their results, then the metrics count them.

A bug in settling a rep, or in counting, is logged. It takes no other rep's answer away.
"""

from collections.abc import Callable, Sequence
from logging import ERROR

from workouts.live.counting.packing import PackedGates, PackedRepKeys
from workouts.live.counting.verdicts import RepResult
from workouts.log_limits import limit_log
from workouts.metrics import count_batch_metrics, count_unsent_reps_metric

Settle = Callable[[RepResult | None], None]


class PendingRep:
    """A rep on its way to Redis and back: what is sent, and `settle`, called once with its result.

    A subclass says what becomes of the result. `submitted_at` (monotonic s) is the batcher's.
    """

    __slots__ = ("keys", "limits_and_stamp", "submitted_at")
    is_numbered = False  # by a device, in its stamp
    keys: PackedRepKeys
    limits_and_stamp: bytes
    submitted_at: float

    def settle(self, result: RepResult | None) -> None:
        raise NotImplementedError


class CallbackRep(PendingRep):
    """A rep whose result is given to a function."""

    __slots__ = ("_settle", "is_numbered")

    def __init__(
        self, keys: PackedRepKeys, gates: PackedGates, settle: Settle, stamp: bytes
    ) -> None:
        self.keys = keys
        self.limits_and_stamp = gates.with_stamp(stamp) if stamp else gates.of_plain
        self.is_numbered = bool(stamp)
        self._settle = settle

    def settle(self, result: RepResult | None) -> None:
        self._settle(result)


def settle_batch(batch: Sequence[PendingRep], results: Sequence[RepResult | None]) -> None:
    """Give each rep its result, or None if it cannot be settled with that."""
    unsettled = iter(zip(batch, results, strict=True))
    is_done = False
    while not is_done:
        try:  # once a batch, not once a rep: the iterator goes on behind a rep that failed
            for rep, result in unsettled:
                rep.settle(result)
            is_done = True
        except Exception:
            limit_log("settling_failed", level=ERROR, exc_info=True)
            settle_failed_rep(rep)


def settle_failed_rep(rep: PendingRep) -> None:
    """Give a rep None, so that its client hears that the verdict is not known."""
    try:
        rep.settle(None)
    except Exception:
        limit_log("settling_failed", kind="again", level=ERROR, exc_info=True)


def count_settled_batch(results: Sequence[RepResult | None], seconds: float | None = None) -> None:
    """Count the results in the metrics.

    `seconds` is how long the rep that waited longest has waited, None if they were never sent.
    """
    try:
        if seconds is None:
            count_unsent_reps_metric(len(results))
        else:
            count_batch_metrics(results, seconds)
    except Exception:
        limit_log("metrics_failed", level=ERROR, exc_info=True)
