"""All that Redis holds about an athlete: found, read and erased, whatever state it is in."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from workouts.live.keys import hash_tag_of_user
from workouts.live.replicas import find_redis_server_of_key
from workouts.live.sessions import split_sealed_index_member
from workouts.live.store import LiveStore
from workouts.live.timeline import unpack_sealed_others, unpack_sealed_timeline

SCAN_COUNT = 1000
MAX_PASSES = 5  # an athlete who trains in open mode could go on for ever


class LiveTraces(NamedTuple):
    """An athlete's keys, and their entries in the indexes of their tag."""

    keys: list[bytes]
    live: list[bytes]
    sealed: list[bytes]
    parked: list[bytes]

    def __bool__(self) -> bool:
        return any(self)


def find_live_traces(store: LiveStore, user_id: str) -> LiveTraces:
    """Return what there is in Redis about an athlete. Goes through all keys of one server."""
    space, tag = store.keys, hash_tag_of_user(user_id)
    server = find_redis_server_of_key(store.client, space.live_index(tag))[1]
    keys = {
        key
        for key in server.scan_iter(match=space.pattern_of_tag(tag), count=SCAN_COUNT)
        if space.belongs_to(key, user_id)
    }
    live = [
        member
        for member in server.zrange(space.live_index(tag), 0, -1)
        if member.partition(b":")[2] == user_id.encode()
    ]
    sealed = [
        member
        for member in server.zrange(space.sealed_index(tag), 0, -1)
        if split_sealed_index_member(member.decode()).user_id == user_id
    ]
    parked = [
        field
        for field in server.hkeys(space.parked(tag))
        if split_sealed_index_member(field.decode().partition(":")[2]).user_id == user_id
    ]
    for member in {*sealed, *(field.partition(b":")[2] for field in parked)}:
        name = split_sealed_index_member(member.decode())
        of_exercise = space.live(user_id, name.exercise_type)
        found = space.sealed(of_exercise, name.session_id)
        keys.update(key for key in found if server.exists(key))
    return LiveTraces(sorted(keys), live, sealed, parked)


def erase_live_traces(store: LiveStore, user_id: str) -> int:
    """Erase all that Redis holds about an athlete, and return how many keys and entries there were.

    Each pass is one transaction, and another one looks for what came meanwhile. Safe to repeat.
    """
    space, tag, erased = store.keys, hash_tag_of_user(user_id), 0
    for _ in range(MAX_PASSES):
        traces = find_live_traces(store, user_id)
        if not traces:
            break
        server = find_redis_server_of_key(store.client, space.live_index(tag))[1]
        pipeline = server.pipeline(transaction=True)
        if traces.keys:
            pipeline.delete(*traces.keys)
        if traces.live:
            pipeline.zrem(space.live_index(tag), *traces.live)
        if traces.sealed:
            pipeline.zrem(space.sealed_index(tag), *traces.sealed)
        if traces.parked:
            pipeline.hdel(space.parked(tag), *traces.parked)
        pipeline.execute()
        erased += sum(map(len, traces))
    return erased


def read_live_traces(store: LiveStore, user_id: str) -> Iterator[tuple[str, Any]]:
    """Yield each key, without the deployment's prefix, and its contents as text and numbers."""
    tag = hash_tag_of_user(user_id)
    server = find_redis_server_of_key(store.client, store.keys.live_index(tag))[1]
    traces = find_live_traces(store, user_id)
    for key in traces.keys:
        name = key.decode(errors="replace").partition("}:")[2]
        yield name, describe_live_trace(name, read_live_trace(server, key))
    for field in traces.parked:
        reason = server.hget(store.keys.parked(tag), field) or b""
        yield f"parked:{field.decode()}", reason.decode(errors="replace")


def describe_live_trace(name: str, value: Any) -> Any:
    """Return a list of reps with times in ms; anything else, or what is damaged, as it is.

    The times count from the beginning of the session, the counted times of a day from 1970.
    """
    unpack: Callable[[int, Any], list[Any]] | None = None
    if name.startswith("timeline:") or name.endswith(":timeline"):
        unpack = unpack_sealed_timeline
    elif name.startswith(("others:", "times:")) or name.endswith(":others"):
        unpack = unpack_sealed_others
    try:
        return [rep._asdict() for rep in unpack(0, value)] if unpack else value
    except (TypeError, ValueError):
        return value


def read_live_trace(server: Any, key: bytes) -> Any:
    match server.type(key):
        case b"hash":
            pairs = server.hgetall(key).items()
            return {name.decode(): value.decode(errors="replace") for name, value in pairs}
        case b"list":
            return [value.decode(errors="replace") for value in server.lrange(key, 0, -1)]
        case b"string":
            return (server.get(key) or b"").decode(errors="replace")
    return None
