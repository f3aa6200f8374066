"""One body, one count: two devices' reps are counted as the body made them, whatever happens."""

from typing import Any

from django.test import SimpleTestCase
from hypothesis import HealthCheck, settings
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule

from workouts.live.counting.verdicts import DUPLICATE, FORGOTTEN
from workouts.tests.support.bodies import Body, DeviceQueue, OneBodyWorkout, draw_body


class TwoDevices(RuleBasedStateMachine):
    """A phone and a watch send what they have seen of a body, in any order, live or late."""

    @initialize(body=draw_body())
    def begin(self, body: Body) -> None:
        self.workout = OneBodyWorkout()
        self.phone, self.watch = DeviceQueue("phone", body.phone), DeviceQueue("watch", body.watch)
        self.replica: dict[bytes, Any] | None = None

    def send_next(self, device: DeviceQueue) -> None:
        rep = device.next_rep()
        if rep is not None:
            verdict = self.workout.send(device, rep)
            assert verdict not in (DUPLICATE, FORGOTTEN), verdict

    @rule()
    def the_phone_sends(self) -> None:
        self.send_next(self.phone)

    @rule()
    def the_watch_sends(self) -> None:
        self.send_next(self.watch)

    @rule()
    def both_send(self) -> None:
        self.send_next(self.phone)
        self.send_next(self.watch)

    @rule()
    def a_lost_ack_is_asked_for_again(self) -> None:
        for device in (self.phone, self.watch):
            if device.settled:
                before = self.workout.count()
                again = device.seen[device.settled - 1]
                assert self.workout.send(device, again) == DUPLICATE
                assert self.workout.count() == before

    @rule()
    def the_workout_is_finished(self) -> None:
        self.workout.finish()
        self.replica = None  # what is saved does not come back

    @rule()
    def a_replica_falls_behind(self) -> None:
        self.replica = self.workout.copy_state()

    @precondition(lambda self: self.replica is not None)
    @rule()
    def the_replica_takes_over(self) -> None:
        assert self.replica is not None
        self.workout.fail_over(self.replica, [self.phone, self.watch])

    def teardown(self) -> None:
        for device in (self.phone, self.watch):
            while device.next_rep() is not None:
                self.send_next(device)
        assert self.workout.count() == len(self.workout.told)


class OneBodyTests(SimpleTestCase):
    def test_any_interleaving_gives_the_count_of_the_body(self) -> None:
        TwoDevices.TestCase.settings = settings(
            max_examples=80,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        )
        TwoDevices.TestCase("runTest").debug()
