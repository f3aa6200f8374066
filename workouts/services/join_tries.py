"""A limit on wrong codes: who guesses is soon refused, and a class that joins at once is not."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import ceil

from workouts.exceptions import Code, WorkoutError
from workouts.identity.networks import find_client_network
from workouts.live.clients import REDIS_AWAY
from workouts.live.failed_tries import (
    FailedTries,
    count_failed_try,
    read_failed_tries,
)
from workouts.metrics import count_refusal_metric
from workouts.outages import log_outage

MAX_FAILED_TRIES = 10  # a minute, from one address
UNKNOWN = "unknown"  # shared by what comes over a proxy's unix socket
FAILURES = (Code.INVITATION_INVALID, Code.INVITATION_USED, Code.INVITATION_EXPIRED)


@contextmanager
def limit_failed_tries(address: str) -> Iterator[None]:
    """Run the block unless too many tries from this address failed, and count it if it fails.

    However many run at once, no more than MAX_FAILED_TRIES a minute learn that their code is wrong.
    Raises WorkoutError(too_many_tries), or WorkoutError(unavailable) if Redis is unavailable.
    """
    network = find_client_network(address) or UNKNOWN
    try:
        tries = read_failed_tries(network)
        if tries.number >= MAX_FAILED_TRIES:
            refuse_failed_tries(network, tries)
        try:
            yield
        except WorkoutError as error:
            if error.code in FAILURES:
                tries = count_failed_try(network)
                if tries.number > MAX_FAILED_TRIES:
                    refuse_failed_tries(network, tries)
            raise
    except REDIS_AWAY as error:
        log_outage("redis_unavailable", error)
        raise WorkoutError(Code.UNAVAILABLE, "Redis cannot be reached; try again") from error


def refuse_failed_tries(network: str, tries: FailedTries) -> None:
    count_refusal_metric("join_tries", network=network)
    raise WorkoutError(
        Code.TOO_MANY_TRIES,
        f"more than {MAX_FAILED_TRIES} wrong codes in a minute came from this address; wait",
        retry_after_s=max(1, ceil(tries.ends_in_ms / 1000)),
    )
