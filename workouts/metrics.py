"""The metrics that GET /metrics shows to Prometheus; docs/metrics.md says what each one means.

`manage.py start` sets PROMETHEUS_MULTIPROC_DIR before prometheus_client is imported. Each process
then keeps its figures in files in that folder, and any of them can answer for all.

No label has a value that a client chooses: each has a few known ones.
"""

import os
import time
from collections import Counter as Tally
from collections.abc import Sequence
from typing import Any

import django.db
import redis
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector
from redis.exceptions import RedisClusterException

from workouts import close_codes
from workouts.log_limits import limit_log

FOLDER_VARIABLE = "PROMETHEUS_MULTIPROC_DIR"
# by the numbers of live.counting.verdicts.Verdict; None is a rep that Redis did not answer
VERDICTS = {
    None: "unavailable",
    1: "counted",
    2: "debounced",
    3: "duplicate",
    4: "forgotten",
    5: "pace",
    6: "session_full",
    7: "other_device",
}
# from a call to a Redis on the same machine to past the batcher's deadline, 1.8 s
ACK_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0)
# Under load there are hundreds of batches a second, and observing them all costs 5 % of a rep.
OBSERVE_EVERY_S = 0.02
BATCH_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500)
# a finish over a socket is given up after 6 s
FINISH_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
SOCKET_KINDS = ("plain", "senim_v1", "wall")
# RFC 6455, section 7.4.1, and the service's own
CLOSE_CODES = {1000, 1001, 1002, 1005, 1006, 1007, 1008, 1009, 1011, 1012, 1013} | {
    code for name, code in vars(close_codes).items() if name.startswith("CLOSE_")
}
# whatever refuses: docs/metrics.md says what each one means
LIMITS = (
    "address_share",
    "bodies_held",
    "body_bytes",
    "connections",
    "empty_frames",
    "join_tries",
    "long_answers",
    "message_size",
    "nearly_full",
    "pipelined_requests",
    "queue_full",
    "queue_wait",
    "request_head",
    "request_seconds",
    "silent_connections",
    "socket_policy",
    "sockets_a_user",
    "too_fast",
    "unread_answer",
    "unreadable_request",
)

disable_created_metrics()  # only a single process would show them
registry = CollectorRegistry()


def make_counter_metric(name: str, meaning: str, *labels: str) -> Counter:
    return Counter(name, meaning, labels, registry=registry)


def make_gauge_metric(name: str, meaning: str, *labels: str, mode: Any = "mostrecent") -> Gauge:
    """`mode` says what becomes of several processes' figures."""
    return Gauge(name, meaning, labels, registry=registry, multiprocess_mode=mode)


build_info = make_gauge_metric(
    "senim_build_info", "1 for the version that runs", "version", mode="max"
)

reps = make_counter_metric(
    "senim_reps_total", "Reps that were sent to Redis, by verdict", "verdict"
)
rep_ack_seconds = Histogram(
    "senim_rep_ack_seconds",
    "Longest wait for a verdict in a batch of reps, one observation a batch",
    buckets=ACK_BUCKETS_S,
    registry=registry,
)
batch_reps = Histogram(
    "senim_batch_reps", "Reps in a batch", buckets=BATCH_BUCKETS, registry=registry
)

sockets_open = make_gauge_metric("senim_sockets_open", "Open sockets", "kind", mode="livesum")
sockets_closed = make_counter_metric("senim_sockets_closed_total", "Closed sockets", "kind", "code")
requests = make_counter_metric(
    "senim_socket_requests_total", "Requests over senim.v1 sockets", "request", "result"
)
wall_messages = make_counter_metric(
    "senim_wall_messages_total", "Messages sent to live walls", "event"
)
refused = make_counter_metric("senim_refused_total", "What a limit refused", "limit")

finishes = make_counter_metric("senim_finishes_total", "Requests to finish a workout", "result")
finish_seconds = Histogram(
    "senim_finish_seconds",
    "Time to finish a workout, whatever the result",
    buckets=FINISH_BUCKETS_S,
    registry=registry,
)
sweeps = make_counter_metric("senim_sweeps_total", "Sweeps", "result")
swept_sessions = make_counter_metric(
    "senim_swept_sessions_total", "Sessions a sweep saved", "result"
)
last_sweep = make_gauge_metric(
    "senim_last_sweep_timestamp_seconds", "When a sweep last went through, in Unix time"
)
sessions_sealed = make_gauge_metric(
    "senim_sessions_sealed", "Sealed sessions that the last sweep left"
)
sessions_parked = make_gauge_metric("senim_sessions_parked", "Parked sessions after the last sweep")
exports = make_counter_metric("senim_exports_total", "Exports", "result")

redis_errors = make_counter_metric("senim_redis_errors_total", "Calls that Redis failed")
database_errors = make_counter_metric(
    "senim_database_errors_total", "Calls that the database failed"
)
timeouts = make_counter_metric("senim_timeouts_total", "Calls to either that took too long")

# every series is there from the start: a rate needs the zero before the first one
for kind in SOCKET_KINDS:
    sockets_open.labels(kind)
for limit in LIMITS:
    refused.labels(limit)
for result in ("saved", "repeated", "nothing_to_finish", "unavailable", "failed"):
    finishes.labels(result)
for result in ("done", "interrupted", "failed"):
    sweeps.labels(result)
for result in ("saved", "left"):
    swept_sessions.labels(result)
for result in ("done", "closed", "failed"):
    exports.labels(result)
# labels() takes as long as counting itself
reps_by_verdict = {number: reps.labels(verdict) for number, verdict in VERDICTS.items()}


class ObservationPace:
    """When the histograms of batches take the next one (monotonic s)."""

    next_at = 0.0


pace = ObservationPace()


def show_version_metric(version: str) -> None:
    """Show which version this process runs."""
    build_info.labels(version).set(1)


def count_batch_metrics(results: Sequence[Any], seconds: float) -> None:
    """Count the results of one batch of reps, None for each that has none.

    `seconds` is how long the rep that waited longest has waited. This is on the hot path: it is
    called once a batch, and the histograms take only as many batches as OBSERVE_EVERY_S lets them.
    """
    verdicts = Tally([result and result[0] for result in results])
    for verdict, number in verdicts.items():
        reps_by_verdict[verdict].inc(number)
    now = time.monotonic()
    if now >= pace.next_at:
        pace.next_at = now + OBSERVE_EVERY_S
        batch_reps.observe(len(results))
        rep_ack_seconds.observe(seconds)


def count_unsent_reps_metric(number: int) -> None:
    """Count reps that waited for too long to be sent to Redis."""
    reps_by_verdict[None].inc(number)


def count_socket_end_metric(kind: str, code: int) -> None:
    """Count a socket that closed; codes that no RFC and no contract knows are one series."""
    sockets_open.labels(kind).dec()
    sockets_closed.labels(kind, str(code) if code in CLOSE_CODES else "other").inc()


def count_outage_metric(error: BaseException) -> None:
    """Count an error of Redis or of the database, or a call to one of them that was given up."""
    if isinstance(error, django.db.Error):
        database_errors.inc()
    elif isinstance(error, TimeoutError):
        timeouts.inc()
    elif isinstance(error, (redis.RedisError, RedisClusterException, OSError)):
        redis_errors.inc()


def count_refusal_metric(limit: str, number: int = 1, **fields: Any) -> None:
    """Count what a limit refused, and log it, at most once a second for each limit.

    `limit` is one of LIMITS.
    """
    refused.labels(limit).inc(number)
    limit_log("limit_refused", kind=limit, number=number, **fields)


def write_metrics() -> bytes:
    """Return all figures as text, those of all processes of this `start` together."""
    if FOLDER_VARIABLE not in os.environ:
        return generate_latest(registry)
    of_all = CollectorRegistry()
    MultiProcessCollector(of_all)
    return generate_latest(of_all)
