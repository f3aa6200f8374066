"""Sets and tempo on a wall's tiles, from a phone's rep to the coach's browser."""

from collections.abc import Iterable

import pytest

from workouts.tests.support.coaches import Wall
from workouts.tests.support.phones import LONG_AGO_MS, Frame, make_rep
from workouts.tests.support.walls import OnSharedService, WallCase

FIVE_REPS = range(0, 5000, 1000)
THREE_REPS = (70_000, 72_000, 75_000)


def make_reps(times_ms: Iterable[int], *, first_seq: int = 1) -> list[Frame]:
    return [make_rep(seq, LONG_AGO_MS + time) for seq, time in enumerate(times_ms, first_seq)]


@pytest.mark.slow
class WallSetTests(WallCase, OnSharedService):
    async def until_shown(
        self, wall: Wall, count: int, progress: tuple[int, int, int | None]
    ) -> None:
        """Listen until the athlete's tile has this count, set number, rep and interval."""

        def is_shown(wall: Wall) -> bool:
            return [
                (each["count"], each["set"], each["rep"], each["interval_ms"])
                for each in wall.tiles[self.athlete]["sessions"]
            ] == [(count, *progress)]

        await wall.until(is_shown)

    async def test_after_a_rest_it_shows_the_next_set(self) -> None:
        async with self.training(self.athlete) as phone, self.watching() as wall:
            await phone.ask_all(make_reps(FIVE_REPS))
            await self.until_shown(wall, 5, (1, 5, 1000))
            await phone.ask_all(make_reps(THREE_REPS[:1], first_seq=6))
            await self.until_shown(wall, 6, (2, 1, None))
            await phone.ask_all(make_reps(THREE_REPS[1:], first_seq=7))
            await self.until_shown(wall, 8, (2, 3, 2500))

    async def test_a_wall_opened_during_a_rest_shows_the_set_before_it(self) -> None:
        async with self.training(self.athlete) as phone:
            await phone.ask_all(make_reps([*FIVE_REPS, *THREE_REPS]))
            async with self.watching() as wall:
                (session,) = wall.tiles[self.athlete]["sessions"]
                assert (session["set"], session["rep"], session["interval_ms"]) == (2, 3, 2500)

    async def test_late_reps_of_another_device_join_their_set(self) -> None:
        async with self.training(self.athlete) as phone, self.watching() as wall:
            await phone.ask_all(make_reps([*FIVE_REPS, *THREE_REPS]))
            await self.until_shown(wall, 8, (2, 3, 2500))
            watch = await self.take_device(self.athlete, "watch")
            await watch.ask_all(make_reps((35_000, 73_500)))
            # the interval depends on how well the two devices' clocks agree
            await wall.until(
                lambda wall: (
                    [
                        (each["count"], each["set"], each["rep"])
                        for each in wall.tiles[self.athlete]["sessions"]
                    ]
                    == [(10, 3, 4)]
                )
            )
            await watch.close()

    async def test_a_finish_and_a_rep_begin_with_the_first_set_again(self) -> None:
        async with self.training(self.athlete) as phone, self.watching() as wall:
            await phone.ask_all(make_reps([*FIVE_REPS, *THREE_REPS]))
            await self.until_shown(wall, 8, (2, 3, 2500))
            await phone.finish()
            await phone.ask_all(make_reps((80_000, 81_000), first_seq=9))
            await self.until_shown(wall, 2, (1, 2, 1000))

    async def test_two_exercises_at_once_have_sets_of_their_own(self) -> None:
        async with self.training(self.athlete) as phone, self.watching() as wall:
            await phone.ask_all(make_reps([*FIVE_REPS, *THREE_REPS]))
            await phone.ask(make_rep(9, LONG_AGO_MS + 90_000, "push_up"))
            await wall.until(
                lambda wall: (
                    {
                        each["type"]: (each["set"], each["rep"])
                        for each in wall.tiles[self.athlete]["sessions"]
                    }
                    == {"squat": (2, 3), "push_up": (1, 1)}
                )
            )
