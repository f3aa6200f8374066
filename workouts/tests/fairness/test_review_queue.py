"""The order in which sessions wait for a coach."""

from django.contrib.auth import get_user_model
from django.test import TestCase

from workouts.fairness.review import appeal_review_decision, decide_reviews, find_last_review_steps
from workouts.fairness.review_queue import (
    find_appealed_sessions,
    find_first_to_review,
    find_unreviewed_sessions,
)
from workouts.models import WorkoutSession
from workouts.tests.support.cast import new_athlete, save_session
from workouts.tests.support.reviews import APPROVED, REJECTED, save_appealed, save_pending


class QueueTests(TestCase):
    def setUp(self) -> None:
        self.coach = get_user_model().objects.create_user("aliya")

    def unreviewed(self) -> list[WorkoutSession]:
        return [*find_unreviewed_sessions(WorkoutSession.objects.all())]

    def appealed(self) -> list[WorkoutSession]:
        return [*find_appealed_sessions(WorkoutSession.objects.all())]

    def decide(self, row: WorkoutSession, to: str = REJECTED) -> None:
        seen = find_last_review_steps([row.pk])
        decide_reviews(seen, to=to, reviewer=self.coach, note="a script")

    def test_the_session_with_the_oldest_reps_is_first(self) -> None:
        young, old, middle = (save_pending(days_ago=days) for days in (1, 9, 4))
        assert self.unreviewed() == [old, middle, young]

    def test_only_what_waits_for_a_coach_is_in_the_queue(self) -> None:
        save_session(new_athlete())
        self.decide(save_pending(), APPROVED)
        self.decide(save_appealed(self.coach))
        assert self.unreviewed() == self.appealed() == []
        assert find_first_to_review(WorkoutSession.objects.all()) is None

    def test_appeals_come_before_first_reviews(self) -> None:
        save_pending(days_ago=30)
        appealed = save_appealed(self.coach)
        assert find_first_to_review(WorkoutSession.objects.all()) == appealed.pk
        assert appealed not in self.unreviewed()

    def test_the_oldest_appeal_is_first_however_old_the_reps_are(self) -> None:
        first = save_appealed(self.coach, text="first")
        second = save_appealed(self.coach, text="second", days_ago=30)
        assert [(row, row.appeal_text) for row in self.appealed()] == [
            (first, "first"),
            (second, "second"),
        ]

    def test_a_second_appeal_waits_from_its_own_time_with_its_own_text(self) -> None:
        again = save_appealed(self.coach, text="first")
        self.decide(again)
        other = save_appealed(self.coach, text="another")
        appeal_review_decision(again.pk, text="second")
        assert [(row, row.appeal_text) for row in self.appealed()] == [
            (other, "another"),
            (again, "second"),
        ]
