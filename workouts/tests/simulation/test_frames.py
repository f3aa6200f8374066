"""What each kind of athlete or script sends: no store, no database but the exercises."""

import itertools
from collections import defaultdict

from django.test import SimpleTestCase, TestCase

from workouts.models import Exercise
from workouts.simulation.behaviours.devices import JITTER_MS, MAX_LAG_MS, MAX_LAG_SHARE
from workouts.simulation.behaviours.frames import PHONE, WATCH, SetToPlay, SimulatedRep
from workouts.simulation.behaviours.kinds import (
    BEHAVIOURS,
    DEVICES,
    JITTERS_MS,
    METRONOMES,
    perform_behaviour,
)
from workouts.simulation.behaviours.limits import LIMITS

PACE_MS, REPS = 2000, 60
PLAYED = SetToPlay("squat", range(0, PACE_MS * REPS, PACE_MS))
SEEDS = range(20)
Frames = list[SimulatedRep]


def frames_by_device(kind: str, seed: int, played: SetToPlay = PLAYED) -> dict[str, Frames]:
    by_device: dict[str, Frames] = defaultdict(list)
    for frame in perform_behaviour(kind, played, seed).frames:
        by_device[frame.device].append(frame)
    return by_device


def times_of(frames: Frames) -> list[int]:
    return [frame.at_ms for frame in frames if frame.at_ms is not None]


def reps_seen(frames: Frames) -> set[int]:
    """Return the numbers of the reps, in a set so slow that the nearest one is meant."""
    return {round(time / PACE_MS) for time in times_of(frames)}


class EveryKindTests(SimpleTestCase):
    def test_the_same_seed_gives_the_same_frames_in_order_of_arrival(self) -> None:
        for kind in BEHAVIOURS:
            frames = perform_behaviour(kind, PLAYED, 7).frames
            assert frames == perform_behaviour(kind, PLAYED, 7).frames, kind
            arrivals = [frame.arrival_ms for frame in frames]
            assert arrivals == sorted(arrivals), kind

    def test_every_device_numbers_its_frames_upwards(self) -> None:
        for kind in set(BEHAVIOURS) - {"replayed", "metronome-plain"}:
            for frames in frames_by_device(kind, 7).values():
                numbers = [frame.seq or 0 for frame in frames]
                assert numbers == sorted(set(numbers)), kind

    def test_a_set_of_one_rep_can_be_played_as_each_kind(self) -> None:
        for kind, seed in itertools.product(BEHAVIOURS, range(3)):
            assert perform_behaviour(kind, SetToPlay("squat", [0]), seed).frames, kind


class PhoneAndWatchTests(SimpleTestCase):
    def test_each_misses_a_few_reps_and_made_is_what_either_saw(self) -> None:
        missed = dict.fromkeys((PHONE, WATCH), 0)
        for seed in SEEDS:
            by_device = frames_by_device("two-devices", seed)
            seen = {device: reps_seen(frames) for device, frames in by_device.items()}
            made = perform_behaviour("two-devices", PLAYED, seed).made
            assert made == len(seen[PHONE] | seen[WATCH]) <= REPS
            for device in missed:
                missed[device] += REPS - len(seen[device])
        for count in missed.values():
            assert 0.01 < count / (REPS * len(SEEDS)) < 0.06

    def test_the_watch_is_ahead_or_behind_by_a_share_of_the_tempo_and_a_jitter(self) -> None:
        for pace_ms in (600, PACE_MS):
            played = SetToPlay("squat", range(0, pace_ms * REPS, pace_ms))
            lags = []
            for seed in SEEDS:
                watch = times_of(frames_by_device("two-devices", seed, played)[WATCH])
                lags += [time - pace_ms * round(time / pace_ms) for time in watch]
            most = min(MAX_LAG_MS, MAX_LAG_SHARE * pace_ms)
            assert max(map(abs, lags)) < most + 5 * JITTER_MS
            assert min(lags) < -most / 2
            assert max(lags) > most / 2

    def test_what_a_cut_off_device_sends_arrives_together_and_keeps_its_times(self) -> None:
        for kind, longest_ms in (("two-devices-stalled", 8000), ("two-devices-offline", 120_000)):
            most = 0
            for seed in SEEDS:
                for frames in frames_by_device(kind, seed).values():
                    assert times_of(frames) == sorted(times_of(frames))
                    for frame in frames:
                        assert 0 <= frame.arrival_ms - (frame.at_ms or 0) <= longest_ms + 300
                    for _, group in itertools.groupby(frames, lambda frame: frame.arrival_ms):
                        most = max(most, len(list(group)))
            assert most >= 3

    def test_one_is_switched_off_in_the_middle_and_the_other_goes_on(self) -> None:
        for seed in SEEDS:
            by_device = frames_by_device("two-devices-handover", seed)
            short, long = sorted(by_device.values(), key=len)
            assert REPS / 5 < len(short) < REPS * 0.8
            assert len(long) > REPS * 0.8


class MadeUpDeviceTests(SimpleTestCase):
    def test_so_many_devices_send_the_same_times(self) -> None:
        for count in DEVICES:
            by_device = frames_by_device(f"devices-{count}", 1)
            assert len(by_device) == count
            assert {tuple(times_of(frames)) for frames in by_device.values()} == {
                tuple(PLAYED.times_ms)
            }

    def test_or_times_that_are_spread_over_an_interval(self) -> None:
        for count in DEVICES:
            by_device = frames_by_device(f"devices-{count}-spread", 1)
            assert [times_of(by_device[device])[0] for device in sorted(by_device)] == [
                round(number * PACE_MS / count) for number in range(count)
            ]


class MetronomeTests(SimpleTestCase):
    def test_it_makes_as_many_intervals_as_it_is_told(self) -> None:
        for kind in METRONOMES:
            played = PLAYED._replace(script_intervals=46)
            assert len(perform_behaviour(kind, played, 1).frames) == 47

    def test_its_jitter_is_in_its_name(self) -> None:
        played = PLAYED._replace(script_intervals=1000)
        for jitter_ms in JITTERS_MS:
            times = times_of(perform_behaviour(f"metronome-{jitter_ms}", played, 1).frames)
            off = [time - 1000 - PACE_MS * beat for beat, time in enumerate(times)]
            spread_ms = (sum(each * each for each in off) / len(off)) ** 0.5
            assert 0.9 < spread_ms / jitter_ms < 1.1

    def test_a_split_one_is_exact_above_the_record_and_finishes_every_15_reps(self) -> None:
        frames = perform_behaviour("split-metronome", PLAYED, 1).frames
        intervals = [b - a for a, b in itertools.pairwise(times_of(frames))]
        assert max(intervals) - min(intervals) <= 1
        assert 74 < 60_000 / intervals[0] < 85  # the record and the ceiling
        assert [frame.seq for frame in frames if frame.then_finish] == [15, 30, 45, 60, 75]


class ReplayedPersonTests(SimpleTestCase):
    def test_it_is_the_same_intervals_in_another_session_of_another_device(self) -> None:
        performance = perform_behaviour("replayed-person", PLAYED, 1)
        first, again = performance.frames[:REPS], performance.frames[REPS:]
        assert performance.made == REPS
        assert [frame.seq for frame in first if frame.then_finish] == [REPS]
        assert {frame.device for frame in first}.isdisjoint(frame.device for frame in again)
        start_ms = times_of(again)[0]
        assert [time - start_ms for time in times_of(again)] == times_of(first)


class LimitTests(TestCase):
    def test_scripts_know_the_limits_of_every_exercise(self) -> None:
        rows = Exercise.objects.values_list("slug", "min_interval_ms", "max_per_minute")
        assert {slug: tuple(limits) for slug, limits in LIMITS.items()} == {
            slug: limits for slug, *rest in rows if (limits := tuple(rest))
        }

    def test_a_short_burst_and_sixteen_exercises_stay_above_the_smallest_interval(self) -> None:
        for kind, seed in itertools.product(("burst-31s", "sixteen-exercises"), range(5)):
            times: dict[str, list[int]] = defaultdict(list)
            for frame in perform_behaviour(kind, PLAYED, seed).frames:
                times[frame.exercise or PLAYED.exercise].append(frame.at_ms or 0)
            for exercise, each in times.items():
                least = min(b - a for a, b in itertools.pairwise(each))
                assert least >= LIMITS[exercise].min_interval_ms, (kind, exercise)
