"""A session that the database refuses is parked: kept, shown, retried."""

import json

from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.test import TestCase

from workouts.live.runtime import get_live_store
from workouts.live.sessions import SessionName
from workouts.models import Exercise, WorkoutSession
from workouts.services.finishing import save_and_clear_session
from workouts.tests.support.cast import new_athlete, seal, train

PARKED = "/admin/workouts/workoutsession/parked/"


class ParkedTests(TestCase):
    """setUp() spoils the session's timeline so that it cannot be saved; mend() repairs it."""

    def setUp(self) -> None:
        self.athlete = new_athlete()
        train(self.athlete, 3)
        (session_id,) = seal(self.athlete)
        self.name = SessionName(self.athlete, "squat", session_id)
        self.timeline = (
            get_live_store()
            .keys.sealed(get_live_store().keys.live(self.athlete, "squat"), session_id)
            .timeline
        )
        get_live_store().client.rpush(self.timeline, "nonsense")
        self.addCleanup(get_live_store().clear, self.name)
        cache.clear()
        assert save_and_clear_session(self.name) is None

    def mend(self) -> None:
        get_live_store().client.rpop(self.timeline)

    def parked(self) -> list[SessionName]:
        return [each.name for each in get_live_store().parked_sessions() if each.name == self.name]

    def test_a_parked_session_is_kept_with_the_reason(self) -> None:
        (parked,) = [each for each in get_live_store().parked_sessions() if each.name == self.name]
        assert "nonsense" in parked.reason
        assert self.name in list(get_live_store().sealed_sessions())

    def test_a_retry_keeps_the_time_it_was_parked(self) -> None:
        before = {each.name: each.since_ms for each in get_live_store().parked_sessions()}
        save_and_clear_session(self.name)
        assert {each.name: each.since_ms for each in get_live_store().parked_sessions()} == before

    def test_a_saved_session_is_no_longer_parked(self) -> None:
        self.mend()
        saved = save_and_clear_session(self.name)
        assert saved is not None
        assert saved.total_reps == 3
        assert self.parked() == []

    def test_the_health_page_counts_parked_sessions(self) -> None:
        answer = json.loads(self.client.get("/").content)
        assert answer["status"] == "ok"
        assert answer["parked"] >= 1

    def test_only_coaches_see_parked_sessions(self) -> None:
        assert self.client.get(PARKED).status_code == 302
        self.client.force_login(get_user_model().objects.create_user("assistant", is_staff=True))
        assert self.client.get(PARKED).status_code == 403
        self.client.force_login(get_user_model().objects.create_superuser("coach"))
        page = self.client.get(PARKED).content.decode()
        assert self.athlete in page
        assert "nonsense" in page

    def test_a_coach_retries_a_parked_session(self) -> None:
        self.client.force_login(get_user_model().objects.create_superuser("coach"))
        self.mend()
        response = self.client.post(PARKED, follow=True)
        assert "Saved 1 of 1." in response.content.decode()
        assert (
            WorkoutSession.objects.filter(
                athlete_id=self.athlete, exercise=Exercise.objects.get(slug="squat")
            ).count()
            == 1
        )
        assert self.parked() == []
