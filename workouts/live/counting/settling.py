"""The end of a batch: its reps get their results, then the metrics count them.

A bug in settling a rep, or in counting, is logged. It takes no other rep's answer away.
"""

from collections.abc import Callable, Sequence
from logging import ERROR

from workouts.live.counting.packing import PackedRepKeys
from workouts.live.counting.verdicts import RepResult
from workouts.log_limits import limit_log
from workouts.metrics import count_batch_metrics, count_unsent_reps_metric

Settle = Callable[[RepResult | None], None]
# keys, limits and stamp, settle, has a stamp, when it was submitted (monotonic s)
PendingRep = tuple[PackedRepKeys, bytes, Settle, bool, float]


def settle_batch(batch: Sequence[PendingRep], results: Sequence[RepResult | None]) -> None:
    """Give each rep its result, or None if it cannot be settled with that."""
    unsettled = iter(zip(batch, results, strict=True))
    is_done = False
    while not is_done:
        try:  # once a batch, not once a rep: the iterator goes on behind a rep that failed
            for rep, result in unsettled:
                rep[2](result)
            is_done = True
        except Exception:
            limit_log("settling_failed", level=ERROR, exc_info=True)
            settle_failed_rep(rep)


def settle_failed_rep(rep: PendingRep) -> None:
    """Give a rep None, so that its client hears that the verdict is not known."""
    try:
        rep[2](None)
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
