"""What a phone and a watch see in bench/chaos: each rep can be told from its neighbours."""

import random
from itertools import accumulate, combinations, pairwise

from django.test import SimpleTestCase

from bench.chaos.bodies import (
    JITTER_MS,
    PHONE,
    SEEN_BETWEEN,
    WATCH,
    Away,
    find_body_sets,
    plan_sightings,
)
from bench.chaos.devices import CLOCK_ERROR_MS
from bench.chaos.recordings import BodySet, read_paces
from bench.chaos.stage import Exercise

SQUAT = Exercise("squat", 450, 2000)
TIMES = list(range(0, 120_000, 3000))


def find_squat_sets(*sets: list[int]) -> list[BodySet]:
    return find_body_sets({"squat": list(sets)}, [SQUAT])["squat"]


class SightingTests(SimpleTestCase):
    def setUp(self) -> None:
        self.chance = random.Random(1)

    def see(self, away: Away) -> dict[str, dict[int, int]]:
        """Return when (ms) each device sees which rep, with a watch that is 400 ms behind."""
        sightings = plan_sightings(TIMES, 400, away, self.chance)
        return {
            name: {made_ms: seen_ms for seen_ms, device, made_ms in sightings if device == name}
            for name in (PHONE, WATCH)
        }

    def test_each_rep_is_seen_by_a_device_and_each_device_misses_some(self) -> None:
        seen = self.see(Away())
        assert sorted(seen[PHONE].keys() | seen[WATCH].keys()) == TIMES
        assert seen[PHONE].keys() != set(TIMES) != seen[WATCH].keys()

    def test_misses_are_so_far_apart_that_they_do_not_pass_for_the_tempo(self) -> None:
        seen = self.see(Away())
        missed = sorted(seen[PHONE].keys() ^ seen[WATCH].keys())
        assert all(later - earlier > SEEN_BETWEEN * 3000 for earlier, later in pairwise(missed))

    def test_the_watch_lags_behind_with_a_jitter(self) -> None:
        lags = {seen_ms - made_ms - 400 for made_ms, seen_ms in self.see(Away())[WATCH].items()}
        assert -JITTER_MS <= min(lags) < max(lags) <= JITTER_MS

    def test_while_a_device_is_switched_off_the_other_sees_every_rep(self) -> None:
        seen = self.see(Away(WATCH, TIMES[5], sees_reps=False))
        assert max(seen[WATCH]) < TIMES[5]
        assert [made_ms for made_ms in seen[PHONE] if made_ms >= TIMES[5]] == TIMES[5:]

    def test_a_device_that_is_offline_sees_reps(self) -> None:
        seen = self.see(Away(WATCH, TIMES[5], TIMES[30]))
        assert any(TIMES[5] <= made_ms < TIMES[30] for made_ms in seen[WATCH])


class BodySetTests(SimpleTestCase):
    def test_an_even_set_at_a_slow_tempo_has_the_greatest_lag(self) -> None:
        assert find_squat_sets([2500] * 8) == [BodySet([2500] * 8, 400)]

    def test_a_fast_an_uneven_or_a_short_set_is_left_out(self) -> None:
        for gaps in ([1200] * 8, [2000, 4000] * 4, [2500] * 7):
            with self.subTest(gaps), self.assertRaisesMessage(ValueError, "no set"):
                find_squat_sets(gaps)

    def test_a_rep_is_near_itself_and_near_no_other_whichever_device_is_ahead(self) -> None:
        chance = random.Random(1)
        for gaps, most_lag_ms in find_squat_sets(*read_paces(None, {"squat": 450}, 0)["squat"]):
            times = list(accumulate(gaps, initial=0))
            for lag_ms in (-most_lag_ms, most_lag_ms):
                sightings = plan_sightings(times, lag_ms, Away(), chance)
                for one, other in combinations(sightings, 2):
                    apart_ms = abs(one.seen_ms - other.seen_ms)
                    if one.made_ms == other.made_ms:
                        assert apart_ms + CLOCK_ERROR_MS <= min(gaps) / 2, gaps
                    elif one.device != other.device:
                        assert apart_ms - CLOCK_ERROR_MS > max(gaps) / 2, gaps
