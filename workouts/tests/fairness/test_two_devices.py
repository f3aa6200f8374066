"""The flag for devices that count one body more than once, and honest ones that do not have it."""

import random

from django.test import SimpleTestCase

from workouts.fairness.evidence import Flag, FlagEvidence
from workouts.fairness.two_devices import find_two_devices_flag

APART_MS = 1000
TURNS = [1, 2] * 4


def find(devices: list[int], others: list[list[int]] | None = None) -> Flag | None:
    """Judge reps a second apart, counted by these devices."""
    times = [APART_MS * rep for rep in range(len(devices))]
    return find_two_devices_flag(FlagEvidence(times, devices, other_device_reps=others or []))


class TwoDevicesTests(SimpleTestCase):
    def test_it_flags_devices_that_take_turns(self) -> None:
        figures = {"devices": 2, "missed": 3, "counted": 8}
        assert find(TURNS) == {"flag": "two_devices", **figures}
        assert find(TURNS[:6]) is None  # each missed two

    def test_a_rep_that_both_saw_is_not_missed(self) -> None:
        seen = [[APART_MS * rep + 200, 3 - device] for rep, device in enumerate(TURNS)]
        assert find(TURNS, seen) is None
        assert find(TURNS, seen[:1]) is not None

    def test_one_device_may_miss_as_many_as_it_likes(self) -> None:
        assert find([1] * 20 + [2, 1, 1]) is None
        assert find([1, 2, 1, 1, 1, 1, 1, 2, 1, 1]) is None

    def test_a_handover_is_not_flagged(self) -> None:
        assert find([1] * 10 + [2] * 10) is None

    def test_devices_are_compared_while_they_are_in_use(self) -> None:
        times = [16_000 * rep for rep in range(len(TURNS))]
        assert find_two_devices_flag(FlagEvidence(times, TURNS)) is None

    def test_the_order_of_arrival_does_not_matter(self) -> None:
        times = [APART_MS * rep for rep in (0, 2, 4, 6, 1, 3, 5, 7)]
        assert find_two_devices_flag(FlagEvidence(times, [1] * 4 + [2] * 4)) is not None

    def test_each_of_several_devices_is_compared_with_all(self) -> None:
        flag = find([1, 2, 3] * 5)
        assert flag is not None
        assert (flag["devices"], flag["counted"]) == (3, 15)

    def test_honest_devices_that_miss_some_reps_are_not_flagged(self) -> None:
        chance = random.Random(5)  # noqa: S311
        for _ in range(300):
            devices, others = [], []
            for rep in range(chance.randint(5, 60)):
                seen = [device for device in (1, 2) if chance.random() > 0.03] or [1]
                first = chance.choice(seen)
                devices.append(first)
                others += [[APART_MS * rep + 250, each] for each in seen if each != first]
            assert find(devices, others) is None, (devices, others)
