"""The live store: its durable verbs (seal, read, clear, park) and its lists of sessions."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from decimal import Decimal
from typing import Any, TypeVar

import redis

from workouts.live import scripts
from workouts.live.clients import REDIS_AWAY, SyncClient
from workouts.live.keys import TAGS, RedisKeySpace, hash_tag_of_user
from workouts.live.replicas import (
    SealReplicaWait,
    connect_to_redis_masters,
    find_redis_durability_gaps,
    find_redis_server_of_key,
)
from workouts.live.script_runs import (
    ScriptCall,
    run_redis_script,
    run_redis_script_for_each,
)
from workouts.live.sessions import (
    DamagedSessionError,
    LiveSession,
    LiveTail,
    ParkedSession,
    SealedSession,
    SessionName,
    Training,
    split_sealed_index_member,
    unpack_sealed_session,
    unpack_session_if_whole,
)
from workouts.live.timeline import unpack_live_timeline

T = TypeVar("T")
DEVICE_TTL = b"172800"  # 48 h, in s; the database remembers devices for longer


class LiveStore:
    """Sessions in Redis. Thread-safe; each verb raises redis.RedisError if Redis is unavailable."""

    def __init__(self, client: SyncClient, prefix: str) -> None:
        self.client = client
        self.keys = RedisKeySpace(prefix)
        self._replicas = SealReplicaWait(client)

    def seal(self, user_id: str, exercise_type: str, **options: Any) -> list[str]:
        """Do as `seal_and_read`, and return the ids alone."""
        return self.seal_and_read(user_id, exercise_type, **options)[0]

    def seal_and_read(
        self,
        user_id: str,
        exercise_type: str,
        *,
        idle_since_ms: int | None = None,
        load_kg: Decimal | None = None,
    ) -> tuple[list[str], SealedSession | None]:
        """Seal the live session, if any, and return the ids of all sealed ones, oldest first.

        If there is just one, it is returned as well, as `read` does, unless it is damaged.

        With `idle_since_ms` (epoch) it is sealed only if its last counted rep is not later. The
        load is kept with the session that this call seals, never with one sealed before. If the
        server has replicas, as many as it requires for a write have the seal on disk before this
        returns; otherwise that is logged.
        """
        keys = self.keys.live(user_id, exercise_type)
        names = (
            keys.session,
            keys.timeline,
            keys.refusals,
            keys.others,
            keys.times,
            keys.live_index,
            keys.sealed_index,
            keys.waiting,
            keys.sealed_prefix,
        )
        idle = b"" if idle_since_ms is None else str(idle_since_ms).encode()
        load = b"" if load_kg is None else str(load_kg).encode()
        args = (keys.member, idle, b"", load)
        answer = self._replicas.run(scripts.SEAL, names, args)
        if answer is None:
            answer = self._run(scripts.SEAL, names, args)
        session_ids = [session_id.decode() for session_id in answer[0]]
        if len(session_ids) != 1:
            return session_ids, None
        name = SessionName(user_id, exercise_type, session_ids[0])
        return session_ids, unpack_session_if_whole(name, *answer[1:])

    def read(self, name: SessionName) -> SealedSession | None:
        """Return a sealed session, or None if it was cleared.

        Raises DamagedSessionError if the keys hold anything other than a session.
        """
        keys = self.keys.sealed(self.keys.live(name.user_id, name.exercise_type), name.session_id)
        try:
            pairs, *lists = self._run(scripts.READ, keys, ())
        except redis.ResponseError as error:
            if "WRONGTYPE" in str(error):
                raise DamagedSessionError(f"a key in Redis has the wrong type: {error}") from error
            raise
        return unpack_sealed_session(name, pairs, *lists) if pairs else None

    def clear(self, *names: SessionName) -> None:
        """Remove sealed sessions. They must be saved, and their rows committed."""
        run_redis_script_for_each(self.client, scripts.CLEAR, [*map(self._clear_call, names)])

    def _clear_call(self, name: SessionName) -> ScriptCall:
        keys = self.keys.live(name.user_id, name.exercise_type)
        names = (
            *self.keys.sealed(keys, name.session_id),
            keys.sealed_index,
            keys.waiting,
            self.keys.parked(keys.tag),
        )
        return names, (name.session_id.encode(), keys.member)

    def park(self, name: SessionName, reason: str) -> None:
        """Record why a sealed session cannot be saved. It stays sealed."""
        keys = self.keys.live(name.user_id, name.exercise_type)
        member = f"{name.session_id}:".encode() + keys.member
        self._run(
            scripts.PARK,
            (self.keys.parked(keys.tag), self.keys.sealed(keys, name.session_id).session),
            (member, reason.encode()),
        )

    def parked_sessions(self) -> Iterator[ParkedSession]:
        """Yield the parked sessions; errors as for sealed_sessions()."""
        yield from self._scan(self._read_parked)

    def _read_parked(self, tag: int) -> Iterator[ParkedSession]:
        notes = {
            key.decode(): value.decode()
            for key, value in self.client.hgetall(self.keys.parked(tag)).items()
        }
        for key, reason in notes.items():
            kind, _, member = key.partition(":")
            if kind == "reason":
                yield ParkedSession(
                    split_sealed_index_member(member), reason, int(notes[f"since:{member}"])
                )

    def raise_last_seq(self, user_id: str, device: str, saved_seq: int) -> int:
        """Raise a device's last seq to the saved one if that is higher, and return it."""
        return int(
            self._run(
                scripts.LAST_SEQ,
                (self.keys.device(user_id, device),),
                (str(saved_seq).encode(), DEVICE_TTL),
            )
        )

    def note_refused(self, user_id: str, exercise_type: str, reason: str, number: int) -> None:
        """Add to the live session's count of refused reps, if there is a live session."""
        self._run(
            scripts.REFUSE,
            (self.keys.live(user_id, exercise_type).session,),
            (reason.encode(), str(number).encode()),
        )

    def live_sessions(self, user_id: str, exercise_types: list[str]) -> list[LiveSession]:
        """Return the athlete's live sessions among these exercises."""
        keys = [self.keys.live(user_id, slug) for slug in exercise_types]
        states = self._run(
            scripts.STATUS, tuple(name for key in keys for name in (key.session, key.timeline)), ()
        )
        triples = zip(exercise_types, states[::2], states[1::2], strict=True)
        return [
            LiveSession(slug, session_id.decode(), count)
            for slug, session_id, count in triples
            if session_id
        ]

    def sealed_sessions(self) -> Iterator[SessionName]:
        """Yield the sealed sessions; within a tag, the one that has waited longest comes first.

        If a master of a cluster is unavailable, the others' sessions come before its error.
        """
        for member in self._scan(
            lambda tag: self.client.zrange(self.keys.sealed_index(tag), 0, -1)
        ):
            yield split_sealed_index_member(member.decode())

    def idle_sessions(self, idle_since_ms: int) -> Iterator[SessionName]:
        """Yield the live sessions whose last counted rep is not later than a time (epoch ms).

        Errors as for sealed_sessions().
        """
        for member in self._scan(
            lambda tag: self.client.zrangebyscore(self.keys.live_index(tag), "-inf", idle_since_ms)
        ):
            exercise_type, user_id = member.decode().split(":", 1)
            yield SessionName(user_id, exercise_type)

    def who_trains(self, user_ids: Collection[str] | None = None) -> list[Training]:
        """Return these athletes' live sessions, or all; the one with the latest rep comes first."""
        tags = (
            range(TAGS)
            if user_ids is None
            else sorted({hash_tag_of_user(user_id) for user_id in user_ids})
        )
        found = self._pipe(
            "zrange", [(self.keys.live_index(tag), 0, -1, False, True) for tag in tags]
        )
        members = [
            (*member.decode().split(":", 1), int(last_ms))
            for entries in found
            for member, last_ms in entries
        ]
        chosen = [
            (user_id, slug, last_ms)
            for slug, user_id, last_ms in members
            if user_ids is None or user_id in user_ids
        ]
        counts = self._pipe(
            "llen", [(self.keys.live(user_id, slug).timeline,) for user_id, slug, _ in chosen]
        )
        trained = [
            Training(user_id, slug, reps, last_ms)
            for (user_id, slug, last_ms), reps in zip(chosen, counts, strict=True)
            if reps
        ]
        return sorted(trained, key=lambda each: -each.last_rep_ms)

    def live_tails(self, known: Mapping[SessionName, int]) -> dict[SessionName, LiveTail]:
        """Return the live sessions among these, each with the reps after the first `known` ones.

        A session that begins or ends during the call may be left out.
        """
        pipeline = self.client.pipeline(transaction=False)
        for name, reps in known.items():
            keys = self.keys.live(name.user_id, name.exercise_type)
            # the same id before and after: the reps in between are this session's
            pipeline.hget(keys.session, "id")
            pipeline.lrange(keys.timeline, reps, -1)
            pipeline.hget(keys.session, "id")
        answers = iter(pipeline.execute())
        return {
            name: LiveTail(before.decode(), unpack_live_timeline(packed))
            for name, before, packed, after in zip(known, answers, answers, answers, strict=True)
            if before and before == after
        }

    def _pipe(self, command: str, calls: list[tuple[Any, ...]]) -> list[Any]:
        """Return a command's answers to several lists of arguments, sent together."""
        pipeline = self.client.pipeline(transaction=False)
        for arguments in calls:
            getattr(pipeline, command)(*arguments)
        return list(pipeline.execute())

    def ping(self) -> None:
        """Raise redis.RedisError unless Redis answers.

        In a cluster one master is enough: durability_gaps() names those that do not answer.
        """
        errors = []
        servers = connect_to_redis_masters(self.client)
        for server in servers:
            try:
                server.ping()
            except REDIS_AWAY as error:
                errors.append(error)
        if len(errors) == len(servers):
            raise errors[0]

    def durability_gaps(self) -> list[str]:
        """Return what weakens "on disk before the ack, and still there after a failover"."""
        return find_redis_durability_gaps(self.client)

    def _scan(self, read: Callable[[int], Iterable[T]]) -> Iterator[T]:
        """Yield what `read` returns for each tag; the error of an unavailable master comes last."""
        away: dict[str, Exception] = {}
        for tag in range(TAGS):
            name, _ = find_redis_server_of_key(self.client, self.keys.live_index(tag))
            if name in away:
                continue
            try:
                found = [*read(tag)]
            except REDIS_AWAY as error:
                if not name:
                    raise
                away[name] = error
            else:
                yield from found
        if away:
            raise next(iter(away.values()))

    def _run(
        self, script: scripts.LuaScript, keys: tuple[bytes, ...], args: tuple[bytes, ...]
    ) -> Any:
        return run_redis_script(self.client, script, keys, args)
