"""Which sessions of a group are saved in one transaction, and what is saved with them."""

from django.db import connection
from django.test import TestCase
from django.test.utils import CaptureQueriesContext

from workouts.models import Athlete, Device, ReviewStep, WorkoutSession
from workouts.services.personal_data.forgetting import forget_athlete
from workouts.services.rows import build_finished_row
from workouts.services.saving import save_sealed_session
from workouts.services.saving_together import (
    Unsaved,
    save_session_group,
)
from workouts.tests.support.cast import new_athlete, save_session
from workouts.tests.support.days import EVEN, UNEVEN, flag_names, make_sealed, make_unsaved
from workouts.tests.support.sealed import (
    OwnRedis,
)


class GroupTests(OwnRedis, TestCase):
    """What is saved of a group, and what is left for its own thread to save alone."""

    def test_a_group_takes_no_more_queries_than_one_finish(self) -> None:
        athletes = [save_session(new_athlete()).athlete_id for _ in range(8)]
        with CaptureQueriesContext(connection) as queries:
            saved = save_session_group([*map(make_unsaved, athletes)])
        assert len(queries) == 5
        assert all(saved)

    def test_the_devices_of_all_are_remembered(self) -> None:
        group = [make_unsaved(new_athlete()) for _ in range(3)]
        for seq, each in enumerate(group, 5):
            each.sealed.device_seqs.update(phone=seq, watch=seq + 10)
        assert all(save_session_group(group))
        assert [*Device.objects.order_by("last_seq").values_list("device_id", "last_seq")] == [
            *(("phone", seq) for seq in (5, 6, 7)),
            *(("watch", seq) for seq in (15, 16, 17)),
        ]

    def test_a_later_seq_of_a_device_is_kept(self) -> None:
        for seq, kept in ((5, 5), (9, 9), (7, 9)):
            unsaved = make_unsaved(self.user_id)
            unsaved.sealed.device_seqs["phone"] = seq
            save_session_group([unsaved])
            assert Device.objects.get().last_seq == kept

    def test_flags_are_found_in_each_athletes_own_day(self) -> None:
        steady = [make_sealed(new_athlete(), [690 * rep for rep in range(87)]) for _ in range(2)]
        group = [make_unsaved(new_athlete()) for _ in range(2)]
        group += [Unsaved(each, build_finished_row(each, each.name.user_id), "") for each in steady]
        rows = save_session_group(group)
        assert [row and flag_names(row) for row in rows] == [
            [],
            [],
            *[["metronome", "record_pace"]] * 2,
        ]
        assert [row and row.review_steps.count() for row in rows] == [0, 0, 1, 1]

    def test_of_two_sessions_of_one_athlete_the_first_is_saved_and_the_other_left_out(self) -> None:
        group = [make_unsaved(self.user_id), make_unsaved(self.user_id, exercise="lunge")]
        saved = save_session_group(group)
        assert [row is not None for row in saved] == [True, False]

    def test_one_that_is_saved_already_is_left_out(self) -> None:
        group = [make_unsaved(new_athlete()) for _ in range(3)]
        saved = save_sealed_session(group[1].sealed)
        first, second, third = save_session_group(group)
        assert isinstance(first, WorkoutSession)
        assert isinstance(third, WorkoutSession)
        assert second is None
        assert save_sealed_session(group[1].sealed) == saved
        assert {*WorkoutSession.objects.all()} == {first, saved, third}

    def test_the_review_of_one_that_is_saved_already_is_not_opened_again(self) -> None:
        group = [make_unsaved(new_athlete(), reps=EVEN) for _ in range(2)]
        save_sealed_session(group[0].sealed)
        save_session_group(group)
        assert ReviewStep.objects.count() == 2

    def test_a_session_that_flags_a_saved_one_is_left_out_and_flags_both_alone(self) -> None:
        saved = save_sealed_session(make_sealed(self.user_id, UNEVEN))
        later = make_sealed(self.user_id, [time + 900 for time in UNEVEN], exercise="lunge")
        unsaved = Unsaved(later, build_finished_row(later, self.user_id), "")
        assert save_session_group([unsaved]) == [None]
        row = save_sealed_session(later)
        assert [flag_names(each) for each in (saved, row)] == [["two_bodies"], ["two_bodies"]]

    def test_with_one_of_a_forgotten_athlete_nothing_is_saved_together(self) -> None:
        save_session(self.user_id)
        forget_athlete(self.user_id, keep_totals=False)
        group = [make_unsaved(self.user_id), make_unsaved(new_athlete())]
        assert save_session_group(group) == [None, None]
        assert not Athlete.objects.exists()
