"""A body that trains, two devices that see it, and the live store that they tell.

The reference for "one body, one count" is the body itself: a rep counts if a device has seen it.
"""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from hypothesis import strategies as st

from workouts.live import scripts
from workouts.live.counting.packing import pack_rep_stamp
from workouts.live.counting.verdicts import Verdict
from workouts.live.runtime import get_live_store, get_redis_key_space
from workouts.live.sessions import SessionName
from workouts.tests.support.cast import SQUAT_INTERVAL_MS, STARTED_MS, new_athlete, seal

TEMPO_MS = (2000, 4000)  # a squat's
MOST_LAG_MS, LAG_SHARE, JITTER_MS = 400, 0.3, 60
APART = 4  # reps that both devices see between two that one of them misses
NEW_ID = b"00000000-0000-4000-8000-00000000"


class SeenRep(NamedTuple):
    """A rep as a device has seen it: which of the body's reps, its seq, and when (ms)."""

    rep: int
    seq: int
    at_ms: int


class Body(NamedTuple):
    """What a phone and a watch have seen of a body's reps."""

    phone: list[SeenRep]
    watch: list[SeenRep]


@st.composite
def draw_body(draw: st.DrawFn) -> Body:
    """Draw a set of reps: the watch is behind or ahead, and each device misses some of them."""
    tempo_ms = draw(st.integers(*TEMPO_MS))
    vary = st.floats(0.9, 1.1)
    times, seen_by = [0.0], [draw(st.sampled_from("pwb"))]
    for _ in range(draw(st.integers(3, 24))):
        times.append(times[-1] + tempo_ms * draw(vary))
        # after a miss both see the next ones, or the longer intervals would pass for the tempo
        both_see = any(device != "b" for device in seen_by[-APART:])
        seen_by.append("b" if both_see else draw(st.sampled_from("bbpw")))
    most = int(min(MOST_LAG_MS, LAG_SHARE * tempo_ms))
    lag, jitter = draw(st.integers(-most, most)), st.integers(-JITTER_MS, JITTER_MS)
    phone = [(rep, time) for rep, time in enumerate(times) if seen_by[rep] != "w"]
    watch = [
        (rep, time + lag + draw(jitter)) for rep, time in enumerate(times) if seen_by[rep] != "p"
    ]
    return Body(*map(number_reps, (phone, watch)))


def number_reps(seen: list[tuple[int, float]]) -> list[SeenRep]:
    return [SeenRep(rep, seq, STARTED_MS + round(time)) for seq, (rep, time) in enumerate(seen, 1)]


@dataclass
class DeviceQueue:
    """A device that sends what it has seen, in order, and keeps it until the workout is over."""

    name: str
    seen: list[SeenRep]
    settled: int = 0

    def next_rep(self) -> SeenRep | None:
        return self.seen[self.settled] if self.settled < len(self.seen) else None


@dataclass
class OneBodyWorkout:
    """An athlete's squats, counted by the script with time as an argument."""

    user_id: str = field(default_factory=new_athlete)
    now_ms: int = STARTED_MS
    saved: int = 0
    told: set[int] = field(default_factory=set)  # the body's reps that were sent

    def send(self, device: DeviceQueue, rep: SeenRep) -> Verdict:
        """Send a rep when it was seen, or now if that is later."""
        self.now_ms = max(self.now_ms, rep.at_ms)
        space = get_redis_key_space()
        keys = space.live(self.user_id, "squat")
        stamp = pack_rep_stamp(device.name, rep.seq, rep.at_ms, device.settled)
        limits = b"%d 0 10000 %d %d" % (SQUAT_INTERVAL_MS, *TEMPO_MS)
        memory = space.device(self.user_id, device.name)
        (verdict, *_), _ids = get_live_store().client.eval(
            scripts.REP.text,
            8,
            *keys[:5],
            memory,
            keys.others,
            keys.times,
            self.now_ms,
            NEW_ID,
            keys.member,
            limits,
            stamp,
        )
        device.settled = max(device.settled, rep.seq)
        self.told.add(rep.rep)
        return Verdict(verdict)

    def finish(self) -> None:
        """Seal the session, save its count and clear it."""
        store = get_live_store()
        for session_id in seal(self.user_id):
            name = SessionName(self.user_id, "squat", session_id)
            sealed = store.read(name)
            assert sealed is not None
            self.saved += len(sealed.reps)
            store.clear(name)

    def copy_state(self) -> dict[bytes, Any]:
        """Return all that Redis holds about the athlete, as a replica has it."""
        client = get_live_store().client
        found = client.scan_iter(match=f"*{self.user_id}*", count=1000)
        return {key: client.dump(key) for key in found}

    def fail_over(self, state: dict[bytes, Any], devices: list[DeviceQueue]) -> None:
        """Go back to an earlier state; the devices learn from their hellos what is settled."""
        client = get_live_store().client
        for key in self.copy_state():
            client.delete(key)
        for key, value in state.items():
            client.restore(key, 600_000, value)
        for device in devices:
            device.settled = get_live_store().raise_last_seq(self.user_id, device.name, 0)

    def count(self) -> int:
        """Return how many reps are counted, in this session and those before it."""
        timeline = get_redis_key_space().live(self.user_id, "squat").timeline
        return self.saved + int(get_live_store().client.llen(timeline))
