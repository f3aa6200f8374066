"""Find out how often a phone and a watch on one body are counted exactly, over lag and tempo.

    python -m bench.two_devices --sets sets.jsonl --write docs/fair-counting.md

Each recorded set is played against the counting script in simulated time. See README.md.
"""

import argparse
import random
import sys
import tempfile
import uuid
from collections import defaultdict
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.documents import write_between
from bench.fair_counting import read_sets, set_up_simulation, share

if TYPE_CHECKING:
    from workouts.simulation.behaviours.frames import SetToPlay, SimulatedRep

BEGIN, END = "<!-- written by bench.two_devices -->\n", "<!-- until there -->\n"
LAG_SHARES = (-0.5, -0.4, -0.3, -0.2, -0.1, 0, 0.1, 0.2, 0.3, 0.4, 0.5)
TEMPOS_MS = (400, 700, 1000, 1500, 2500)
TOO_FAST = "battle_rope"  # its waves come faster than devices agree
# what the script could do instead: its constants in pairing.lua
VARIANTS = {
    "half, lag learnt": {},
    "0.3": {"TOLERANCE_SHARE": "0.3"},
    "0.4": {"TOLERANCE_SHARE": "0.4"},
    "0.6": {"TOLERANCE_SHARE": "0.6"},
    "half, lag not learnt": {"LAG_SHARE": "0"},
}
VARIANT_KINDS = ("two-devices", "two-devices-stalled", "two-devices-offline")
NEW_ID = b"00000000-0000-4000-8000-00000000"
STARTED_MS = 1_763_839_190_000


def change_constants(script: bytes, constants: dict[str, str]) -> bytes:
    """Return the script with other values. Raises ValueError for a constant that it lacks."""
    for name, value in constants.items():
        before, found, rest = script.partition(b"local %b = " % name.encode())
        if not found:
            raise ValueError(f"the script has no {name}")
        script = before + found + value.encode() + rest[rest.index(b" ") :]
    return script


class CountingScript:
    """rep.lua on a connection of its own, with time as an argument."""

    def __init__(self, constants: dict[str, str]) -> None:
        from workouts.live import scripts  # noqa: PLC0415  (needs settings)
        from workouts.live.counting.packing import write_rep_limits  # noqa: PLC0415
        from workouts.live.runtime import get_live_store  # noqa: PLC0415
        from workouts.models import Exercise  # noqa: PLC0415
        from workouts.sockets.catalogue import LIMITS  # noqa: PLC0415

        client = get_live_store().client
        self._client = client
        self._sha = client.script_load(change_constants(scripts.REP.text, constants))
        self._limits = {
            row.pop("slug"): write_rep_limits(**row)
            for row in Exercise.objects.values("slug", *LIMITS)
        }

    def count(self, exercise: str, frames: Iterable["SimulatedRep"]) -> int:
        """Return how many reps of a new athlete are counted."""
        from workouts.live.runtime import get_redis_key_space  # noqa: PLC0415
        from workouts.simulation.performances import stamp_of_simulated_rep  # noqa: PLC0415

        user_id, space = uuid.uuid4().hex, get_redis_key_space()
        keys = space.live(user_id, exercise)
        for frame in frames:
            names = (*keys[:5], space.device(user_id, frame.device), keys.others, keys.times)
            args: list[Any] = [STARTED_MS + frame.arrival_ms, NEW_ID, keys.member]
            args += [self._limits[exercise], stamp_of_simulated_rep(frame)]
            self._client.evalsha(self._sha, 8, *names, *args)
        return int(self._client.llen(keys.timeline))


def measure_lags(
    script: CountingScript, sets: Sequence["SetToPlay"]
) -> dict[tuple[int, float], list[bool]]:
    """Return, for each tempo and lag, which sets were counted exactly."""
    from workouts.simulation.behaviours.devices import (  # noqa: PLC0415
        perform_what_is_seen,
        see_body_with_two_devices,
        simulate_devices_that_see,
    )

    exact: dict[tuple[int, float], list[bool]] = defaultdict(list)
    for number, played in enumerate(sets):
        tempo = max(tempo for tempo in TEMPOS_MS if tempo <= played.pace_ms)
        for lag in LAG_SHARES:
            rng = random.Random(f"{number} {lag}")
            seen = see_body_with_two_devices(played, rng, lag_ms=lag * played.pace_ms)
            performance = perform_what_is_seen(seen, simulate_devices_that_see(seen, rng))
            counted = script.count(played.exercise, performance.frames)
            exact[tempo, lag].append(counted == performance.made)
    return exact


def measure_variant(
    constants: dict[str, str], sets: Sequence["SetToPlay"]
) -> dict[str, list[bool]]:
    """Return, for each kind of phone and watch, which sets the changed script counts exactly."""
    from workouts.simulation.behaviours.kinds import perform_behaviour  # noqa: PLC0415

    script = CountingScript(constants)
    exact: dict[str, list[bool]] = defaultdict(list)
    for kind in VARIANT_KINDS:
        for number, played in enumerate(sets):
            performance = perform_behaviour(kind, played, number)
            counted = script.count(played.exercise, performance.frames)
            exact[kind].append(counted == performance.made)
    return exact


def plot_lags(exact: dict[tuple[int, float], list[bool]]) -> list[str]:
    """Return a plot in text, of tempo over lag: how many % of the sets are counted exactly."""
    head = "tempo, s     " + "".join(f"{100 * lag:+5.0f}" for lag in LAG_SHARES) + "   sets"
    lines = [head]
    for tempo, until in zip(TEMPOS_MS, [*TEMPOS_MS[1:], None], strict=True):
        cells = [exact[tempo, lag] for lag in LAG_SHARES]
        if cells[0]:
            name = (
                f"{tempo / 1000} and more" if until is None else f"{tempo / 1000} to {until / 1000}"
            )
            shares = "".join(f"{100 * sum(cell) / len(cell):5.0f}" for cell in cells)
            lines.append(f"{name:<13}{shares}{len(cells[0]):7}")
    return ["```text", *lines, "```"]


def make_variant_table(sets: Sequence["SetToPlay"]) -> list[str]:
    lines = [
        f"| the script's tolerance | {' | '.join(f'`{kind}`' for kind in VARIANT_KINDS)} |",
        f"| --- |{' --- |' * len(VARIANT_KINDS)}",
    ]
    for name, constants in VARIANTS.items():
        exact = measure_variant(constants, sets)
        cells = (share(sum(exact[kind]), len(exact[kind])) for kind in VARIANT_KINDS)
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=Path, help="honest sets, as for bench.fair_counting")
    parser.add_argument("--limit", type=int, help="only the first N sets")
    parser.add_argument("--write", type=Path, metavar="DOC", help="put the plot in this file")
    return parser.parse_args()


def measure(options: argparse.Namespace) -> list[str]:
    from django.core.management import call_command  # noqa: PLC0415

    from senim.embedded.valkey import run_embedded_redis  # noqa: PLC0415

    call_command("migrate", interactive=False, verbosity=0)
    sets = [
        played
        for played in read_sets(options)
        if len(played.times_ms) > 2 and played.pace_ms >= TEMPOS_MS[0]
        if played.exercise != TOO_FAST
    ]
    with run_embedded_redis(share=False):
        plot = plot_lags(measure_lags(CountingScript({}), sets))
        return [*plot, "", *make_variant_table(sets)]


def main() -> int:
    options = read_options()
    with tempfile.TemporaryDirectory(prefix="two-devices-") as folder:
        set_up_simulation(folder)
        text = "\n".join(measure(options))
    print(text)
    if options.write:
        write_between(options.write, BEGIN, END, text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
