"""Names of Redis keys, packed reps, and the size of the scripts."""

from collections import Counter
from pathlib import Path

from django.test import SimpleTestCase

from workouts.live import scripts
from workouts.live.keys import RedisKeySpace
from workouts.live.timeline import CountedRep, unpack_sealed_timeline
from workouts.tests.support.cast import STARTED_MS


class KeyTests(SimpleTestCase):
    def test_all_keys_of_an_athlete_share_one_tag(self) -> None:
        space = RedisKeySpace("p")
        keys = [
            *space.live("ann", "squat")[:8],
            *space.live("ann", "push_up")[:8],
            *space.sealed(space.live("ann", "squat"), "id"),
        ]
        assert len({key.split(b"}")[0] for key in keys}) == 1

    def test_there_are_256_tags_and_they_never_change(self) -> None:
        tags = Counter(RedisKeySpace("p").live(f"user-{i}", "squat").tag for i in range(10_000))
        assert len(tags) == 256
        assert RedisKeySpace("p").live("ann", "squat").mark == b"p:{73}:mark:squat:ann"

    def test_a_rep_before_the_first_one_is_unpacked_too(self) -> None:
        packed = [str((-1500 * 64 + 3) * 2 + 1).encode()]
        assert unpack_sealed_timeline(STARTED_MS, packed) == [
            CountedRep(STARTED_MS - 1500, 3, late=True)
        ]

    def test_the_scripts_are_short(self) -> None:
        for path in Path(scripts.__file__).parent.glob("*.lua"):
            lines = path.read_text().splitlines()
            assert len([line for line in lines if line and not line.startswith("--")]) <= 60, (
                path.name
            )
