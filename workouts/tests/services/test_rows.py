"""The row that a sealed session becomes."""

import uuid
from typing import Any

from django.test import SimpleTestCase

from workouts.clock import datetime_from_ms
from workouts.live.sessions import SealedSession, SessionName
from workouts.live.timeline import CountedRep, RefusedRep
from workouts.models import WorkoutSession
from workouts.services.rows import build_finished_row
from workouts.tests.support.cast import STARTED_MS


class BuildRowTests(SimpleTestCase):
    def build(self, *reps: CountedRep, **more: Any) -> WorkoutSession:
        return build_finished_row(
            SealedSession(SessionName("a", "squat", str(uuid.uuid4())), list(reps), **more), "a"
        )

    def test_times_count_from_the_first_rep(self) -> None:
        row = self.build(
            CountedRep(STARTED_MS, 0, False),
            CountedRep(STARTED_MS + 2310, 0, False),
            refusals=[RefusedRep(STARTED_MS + 100, "debounced")],
        )
        assert (row.started_at, row.finished_at) == (
            datetime_from_ms(STARTED_MS),
            datetime_from_ms(STARTED_MS + 2310),
        )
        assert (row.timeline_ms, row.refusals) == ([0, 2310], [[100, "debounced"]])

    def test_it_begins_at_the_earliest_rep_if_a_clock_was_set_back(self) -> None:
        row = self.build(
            CountedRep(STARTED_MS, 0, False),
            CountedRep(STARTED_MS - 5000, 0, False),
            CountedRep(STARTED_MS - 3000, 0, False),
        )
        assert (row.started_at, row.finished_at) == (
            datetime_from_ms(STARTED_MS - 5000),
            datetime_from_ms(STARTED_MS),
        )
        assert row.timeline_ms == [5000, 0, 2000]

    def test_it_lists_devices_only_if_one_was_named(self) -> None:
        unnamed, phone, late = (
            CountedRep(STARTED_MS, 0, False),
            CountedRep(STARTED_MS + 1000, 3, False),
            CountedRep(STARTED_MS + 2000, 3, True),
        )
        assert (self.build(unnamed).rep_devices, self.build(unnamed).late_reps) == ([], [])
        row = self.build(unnamed, phone, late, device_seqs={"f3a9c1": 41})
        assert (row.rep_devices, row.late_reps, row.device_seqs) == ([0, 3, 3], [2], {"f3a9c1": 41})
