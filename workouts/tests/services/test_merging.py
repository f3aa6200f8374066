"""Merging athletes: what moves, and what happens under the alias from then on."""

from datetime import timedelta
from unittest import mock

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import IntegrityError, connection, transaction
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from workouts.admin.sessions.parked import find_parked_for_coach
from workouts.clock import datetime_from_ms
from workouts.fairness.assessment import find_personal_pace_before
from workouts.live.sessions import ParkedSession, SessionName
from workouts.models import Athlete, Device, Team, WorkoutSession
from workouts.services.finishing import finish_workout
from workouts.services.merging import MergeRefusedError, merge_athletes
from workouts.services.saved_seqs import find_saved_seqs_of_devices
from workouts.services.saving import save_sealed_session
from workouts.tests.support.admin import ATHLETES, SESSIONS
from workouts.tests.support.cast import STARTED_MS, new_athlete, save_session, train
from workouts.tests.support.merges import MergingCase, merge, seal
from workouts.wall.audience import find_wall_audience


class MergeTests(MergingCase):
    def test_sessions_and_teams_move_and_an_alias_stays(self) -> None:
        ours, both = Team.objects.create(name="Ours"), Team.objects.create(name="Both")
        self.get(self.kept).teams.add(both)
        self.get(self.old).teams.add(ours, both)
        merged = merge(self.kept, self.old)
        assert (merged.sessions, merged.teams) == (1, 1)
        assert self.owners() == {self.kept}
        assert set(self.get(self.kept).teams.all()) == {ours, both}
        assert not self.get(self.old).teams.exists()
        assert self.get(self.old).merged_into == self.get(self.kept)

    def test_a_kept_athlete_without_name_and_account_gets_the_aliases(self) -> None:
        user = get_user_model().objects.create_user("ana")
        Athlete.objects.filter(user_id=self.old).update(display_name="Ana", account=user)
        merge(self.kept, self.old)
        kept = self.get(self.kept)
        assert (kept.display_name, kept.account) == ("Ana", user)
        assert self.get(self.old).account is None

    def test_the_kept_athletes_name_and_account_stay(self) -> None:
        for user_id in (self.kept, self.old):
            user = get_user_model().objects.create_user(user_id)
            Athlete.objects.filter(user_id=user_id).update(
                display_name=f"Ana {user_id}", account=user
            )
        merge(self.kept, self.old)
        kept = self.get(self.kept)
        assert kept.account is not None
        assert (kept.display_name, kept.account.get_username()) == (f"Ana {self.kept}", self.kept)

    def test_review_decisions_stand(self) -> None:
        WorkoutSession.objects.filter(pk=self.moved.pk).update(
            review_status="rejected", is_in_totals=False
        )
        merge(self.kept, self.old)
        self.moved.refresh_from_db()
        assert (self.moved.athlete_id, self.moved.review_status, self.moved.is_in_totals) == (
            self.kept,
            "rejected",
            False,
        )

    def test_the_merged_athletes_aliases_become_the_kept_ones(self) -> None:
        oldest = save_session(new_athlete()).athlete_id
        merge(self.old, oldest)
        merge(self.kept, self.old)
        assert set(self.get(self.kept).aliases.values_list("user_id", flat=True)) == {
            self.old,
            oldest,
        }
        assert save_sealed_session(seal(oldest)).athlete_id == self.kept

    def test_it_refuses_the_same_athlete_an_alias_and_a_missing_one(self) -> None:
        third = save_session(new_athlete()).athlete_id
        merge(self.kept, self.old)
        for kept, merged, reason in (
            (self.kept, self.kept, "itself"),
            (self.old, third, "already"),
            (third, self.old, "already"),
            (self.kept, self.old, "already"),
        ):
            with pytest.raises(MergeRefusedError, match=reason):
                merge(kept, merged)
        with pytest.raises(MergeRefusedError, match="no longer exists"):
            merge_athletes(kept_id=self.get(self.kept).pk, merged_id=10**15)
        assert self.get(third).merged_into is None

    def test_the_database_refuses_an_athlete_merged_into_itself(self) -> None:
        athlete = self.get(self.kept)
        with pytest.raises(IntegrityError, match="not_merged_into_itself"), transaction.atomic():
            Athlete.objects.filter(pk=athlete.pk).update(merged_into=athlete)


class AliasTests(MergingCase):
    def setUp(self) -> None:
        super().setUp()
        Device.objects.create(athlete_id=self.old, device_id="phone", last_seq=41)
        merge(self.kept, self.old)

    def test_a_finish_under_the_alias_saves_for_the_kept_athlete(self) -> None:
        train(self.old, 4)
        row = finish_workout(user_id=self.old, exercise_type="squat")
        assert (row.athlete_id, row.total_reps) == (self.kept, 4)
        assert self.owners() == {self.kept}

    def test_a_finish_can_be_repeated_with_either_user_id(self) -> None:
        train(self.old, 4)
        row = finish_workout(user_id=self.old, exercise_type="squat")
        for user_id in (self.old, self.kept):
            assert finish_workout(user_id=user_id, exercise_type="squat") == row

    def test_devices_stay_known_under_the_alias(self) -> None:
        asked = [(self.old, "phone"), (self.kept, "phone")]
        assert find_saved_seqs_of_devices(asked) == {(self.old, "phone"): 41}
        save_sealed_session(seal(self.old, device_seqs={"phone": 57}))
        assert find_saved_seqs_of_devices(asked) == {(self.old, "phone"): 57}

    def test_a_session_saved_before_the_merge_is_not_saved_again_after_it(self) -> None:
        late = save_session(new_athlete()).athlete_id
        sealed = seal(late)
        row = save_sealed_session(sealed)
        merge(self.kept, late)
        assert save_sealed_session(sealed) == row
        assert WorkoutSession.objects.filter(session_id=row.session_id).count() == 1

    def test_personal_bests_are_the_kept_athletes(self) -> None:
        earlier = datetime_from_ms(STARTED_MS) - timedelta(days=2)
        WorkoutSession.objects.filter(pk=self.row.pk).update(
            started_at=earlier, finished_at=earlier, best_minute=25
        )
        row = save_sealed_session(seal(self.old, reps=40))
        assert row.best_minute == 30
        assert find_personal_pace_before(row) == 25

    def test_a_save_takes_one_query_more_for_an_alias(self) -> None:
        counts = []
        for user_id in (self.kept, self.old):
            with CaptureQueriesContext(connection) as queries:
                save_sealed_session(seal(user_id))
            counts.append(len(queries))
        assert counts[1] == counts[0] + 1

    def test_the_list_of_the_api_takes_either_user_id(self) -> None:
        for user_id in (self.old, self.kept):
            with self.assertNumQueries(1):
                shown = self.client.get("/workout/sessions/", {"user_id": user_id}).json()[
                    "results"
                ]
            assert {each["id"] for each in shown} == {self.row.pk, self.moved.pk}

    def test_an_appeal_takes_either_user_id_and_no_other(self) -> None:
        for user_id, status in ((self.old, 409), (self.kept, 409), (new_athlete(), 403)):
            response = self.client.post(
                f"/workout/sessions/{self.moved.pk}/appeal/", {"user_id": user_id, "text": "please"}
            )
            assert response.status_code == status, response.content


class SeenTests(MergingCase):
    """How coaches see an alias."""

    def setUp(self) -> None:
        super().setUp()
        self.team = Team.objects.create(name="Team")
        self.coach = get_user_model().objects.create_user("coach", is_staff=True)
        self.coach.groups.add(Group.objects.get(name="coaches"))
        self.team.coaches.add(self.coach)
        self.team.athletes.add(self.get(self.old))
        Athlete.objects.filter(user_id=self.kept).update(display_name="Ana")
        merge(self.kept, self.old)
        self.client.force_login(self.coach)

    def listed(self, path: str, **query: str) -> set[int]:
        return {row.pk for row in self.client.get(path, query).context["cl"].result_list}

    def test_lists_show_only_the_kept_athlete_and_find_it_by_the_alias(self) -> None:
        assert (
            self.listed(ATHLETES) == self.listed(ATHLETES, q=self.old) == {self.get(self.kept).pk}
        )
        assert (
            self.listed(SESSIONS)
            == self.listed(SESSIONS, q=self.old)
            == {self.row.pk, self.moved.pk}
        )

    def test_the_page_of_an_alias_redirects_to_the_kept_athlete(self) -> None:
        path = f"{ATHLETES}{self.get(self.old).pk}/change/"
        assert self.client.get(path)["Location"] == f"{ATHLETES}{self.get(self.kept).pk}/change/"
        self.team.coaches.clear()
        assert self.client.get(path)["Location"] == "/admin/"

    def test_the_wall_shows_an_alias_under_the_kept_athletes_name(self) -> None:
        key = self.client.session.session_key
        audience = find_wall_audience(key, None)
        assert audience.names == {self.kept: "Ana", self.old: "Ana"}
        assert set(audience.aliases) == {self.old}
        assert find_wall_audience(key, str(self.team.pk)) == audience

    def test_coaches_see_sessions_parked_under_an_alias(self) -> None:
        request = RequestFactory().get("/")
        request.user = self.coach
        parked = [ParkedSession(SessionName(self.old, "squat", "id"), "no", 1)]
        with mock.patch(
            "workouts.live.store.LiveStore.parked_sessions", side_effect=lambda: iter(parked)
        ):
            assert find_parked_for_coach(request) == parked
            self.team.athletes.clear()
            assert find_parked_for_coach(request) == []

    def test_leaving_the_team_takes_the_alias_off_the_wall_too(self) -> None:
        self.team.athletes.remove(self.get(self.kept))
        assert find_wall_audience(self.client.session.session_key, None).names == {}

    def test_an_alias_cannot_be_put_into_a_team(self) -> None:
        self.client.force_login(get_user_model().objects.create_superuser("root"))
        response = self.client.post(
            f"/admin/workouts/team/{self.team.pk}/change/",
            {"name": "Team", "athletes": [self.get(self.old).pk]},
        )
        assert list(response.context["adminform"].errors) == ["athletes"]
        query = {
            "app_label": "workouts",
            "model_name": "team",
            "field_name": "athletes",
            "term": self.old,
        }
        assert [
            each["text"]
            for each in self.client.get("/admin/autocomplete/", query).json()["results"]
        ] == ["Ana"]

    def test_the_wall_of_everyone_shows_the_kept_athletes_name(self) -> None:
        self.coach.groups.add(Group.objects.get(name="head coaches"))
        assert find_wall_audience(self.client.session.session_key, None, [self.old]).names == {
            self.old: "Ana"
        }
