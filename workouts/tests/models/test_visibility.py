"""Who sees what: every URL of the admin and the API, for every role.

A new URL without a row here fails the test.
"""

import uuid
from collections.abc import Iterator
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.http import HttpResponse
from django.test import RequestFactory, TestCase, override_settings
from django.urls import NoReverseMatch, URLResolver, get_resolver, reverse

from workouts.admin.sessions.parked import find_parked_for_coach
from workouts.identity.access_tokens import issue_access_token
from workouts.live.sessions import ParkedSession, SessionName
from workouts.models import (
    ApiKey,
    Athlete,
    DisplayLink,
    Exercise,
    JoinedDevice,
    Team,
    WaitingAthlete,
    WorkoutSession,
)
from workouts.services.invitations import invite_athlete
from workouts.tests.support.door_cases import KEY, make_key
from workouts.tests.support.reviews import save_pending

# anonymous, the athlete, staff without a group, the coach, another team's coach, a head coach, a
# superuser
ROLES = ("nobody", "athlete", "staff", "coach", "other", "head", "superuser")
# In the open mode the API tells anyone who can reach it who trained, but holds a coach to their
# teams. tests/api/test_doors.py has the API's answers to all kinds of callers, in both modes.
# L: to the login, F: forbidden, G: not there (back to the index), R: redirected elsewhere, N: 404,
# M: method not allowed; S: shown with the athlete or the team, E: shown without
MATRIX = {
    "index": "LLESESS",
    "login": "EEGGGGG",
    "logout": "GGMMMMM",
    "password_change": "LLEEEEE",
    "password_change_done": "LLEEEEE",
    # nothing is missing, so the first page follows
    "second_factor_code": "LLGGGGG",
    "second_factor": "LLEEEEE",
    "second_factor_reset": "LLFFFFE",
    "trail": "LLFFFEE",
    "locks": "LLFFFFE",
    "autocomplete": "LLFSESS",
    "jsi18n": "LLEEEEE",
    "auth_group_changelist": "LLFFFFE",
    "auth_group_add": "LLFFFFE",
    "auth_group_history": "LLFFFFE",
    "auth_group_delete": "LLFFFFE",
    "auth_group_change": "LLFFFFE",
    "auth_user_password_change": "LLFFFFE",
    "auth_user_changelist": "LLFFFSS",
    "auth_user_add": "LLFFFSS",
    "auth_user_invite": "LLFFFSS",
    "auth_user_history": "LLFFFEE",
    "auth_user_delete": "LLFFFFE",
    "auth_user_change": "LLFFFES",
    "workouts_apikey_changelist": "LLFFFEE",
    "workouts_apikey_add": "LLFFFEE",
    "workouts_apikey_history": "LLGGGEE",
    "workouts_apikey_delete": "LLFFFFF",
    "workouts_apikey_change": "LLFFFEE",
    "workouts_apikey_revoke": "LLFFFEE",
    "workouts_athlete_changelist": "LLFSESS",
    "workouts_athlete_add": "LLFSESS",
    "workouts_athlete_invite": "LLFSNSS",
    "workouts_athlete_switch": "LLFSNSS",
    "workouts_athlete_trends": "LLFSNSS",
    "workouts_device_cut_off": "LLFSNSS",
    "workouts_invitation_withdraw": "LLFSNSS",
    "workouts_athlete_history": "LLGSGSS",
    "workouts_athlete_delete": "LLFFFFF",
    "workouts_athlete_change": "LLFSGSS",
    "workouts_merge": "LLFFFSS",
    "workouts_forget": "LLFFFSS",
    "workouts_exercise_changelist": "LLFEEEE",
    "workouts_exercise_add": "LLFFFFE",
    "workouts_exercise_history": "LLFEEEE",
    "workouts_exercise_delete": "LLFFFFF",
    "workouts_exercise_change": "LLFEEEE",
    "workouts_parked": "LLFEEEE",
    "workouts_decision": "LLFSRSS",
    "workouts_export": "LLFEEEE",
    "workouts_export_file": "LLFSESS",
    "workouts_export_progress": "LLFEEEE",
    "workouts_workoutsession_changelist": "LLFSESS",
    "workouts_workoutsession_add": "LLFFFFF",
    "workouts_workoutsession_history": "LLGSGSS",
    "workouts_workoutsession_delete": "LLFFFFF",
    "workouts_workoutsession_change": "LLFSGSS",
    "workouts_workoutsession_load": "LLFSNSS",
    "workouts_team_changelist": "LLFSESS",
    "workouts_team_add": "LLFFFEE",
    "workouts_team_history": "LLGSGSS",
    "workouts_team_delete": "LLFFFSS",
    "workouts_team_change": "LLFSGSS",
    "workouts_team_invite": "LLFSNSS",
    "workouts_team_screen": "LLFSNSS",
    "workouts_displaylink_revoke": "LLFSNSS",
    "workouts_waiting_answer": "LLMMMMM",
    "live": "LLFSESS",
    "health": "EEEEEEE",
    "metrics": "EEEEEEE",
    "finish": "MMMMMMM",
    "session-list": "SSESESS",
    "session-detail": "SSNSNSS",
    "session-appeal": "MMMMMMM",
    "join": "MMMMMMM",
    "token": "MMMMMMM",
    "leave": "MMMMMMM",
    "join-page": "EEEEEEE",
    "join-team-page": "EEEEEEE",
    "join-coach-page": "EEEEEEE",
    "screen-page": "EEEEEEE",
    "set_language": "RRRRRRR",
}
# URLs without a name: the admin's catch-all, and each object's old URL, which redirects to the new
NAMELESS = {
    "django.contrib.admin.sites.AdminSite.catch_all_view",
    "django.views.generic.base.RedirectView",
}


class VisibilityCase(TestCase):
    @classmethod
    def setUpTestData(cls) -> None:
        cls.session = save_pending("ana-of-team-one")
        cls.athlete = cls.session.athlete
        cls.stranger = save_pending("ben-of-team-two")
        cls.team, cls.other_team = (
            Team.objects.create(name="Team ana-of-team-one"),
            Team.objects.create(name="Team two"),
        )
        cls.users: dict[str, Any] = {}
        for role in ROLES[1:]:
            cls.users[role] = get_user_model().objects.create_user(
                role, is_staff=role != "athlete", is_superuser=role == "superuser"
            )
        Athlete.objects.filter(pk=cls.athlete.pk).update(account=cls.users["athlete"])
        cls.team.athletes.add(cls.athlete)
        cls.team.coaches.add(cls.users["coach"])
        cls.other_team.athletes.add(Athlete.objects.get(user_id="ben-of-team-two"))
        cls.other_team.coaches.add(cls.users["other"])
        make_key(KEY)
        cls.invitation = invite_athlete(athlete=cls.athlete, by=None).invitation
        cls.display_link = DisplayLink.objects.create(team=cls.team, name="Hall 2")
        cls.device = JoinedDevice.objects.create(athlete=cls.athlete, name="Phone")
        cls.waiting = WaitingAthlete.objects.create(athlete=cls.stranger.athlete, team=cls.team)
        for role, group in (("coach", "coaches"), ("other", "coaches"), ("head", "head coaches")):
            cls.users[role].groups.add(Group.objects.get(name=group))

    def be(self, role: str) -> None:
        self.client.logout()
        if role != "nobody":
            self.client.force_login(self.users[role])


@pytest.mark.slow
class MatrixTests(VisibilityCase):
    def addresses(self) -> Iterator[tuple[str, str]]:
        """Yield the name and URL of every page, with the objects of the first team."""
        objects = {
            "workoutsession": self.session.pk,
            "athlete": self.athlete.pk,
            "team": self.team.pk,
            "forget": self.athlete.pk,
            "exercise": Exercise.objects.get(slug="squat").pk,
            "user": self.users["superuser"].pk,
            "group": Group.objects.get(name="coaches").pk,
            "factor": self.users["superuser"].pk,
            "apikey": ApiKey.objects.get().pk,
            "device": self.device.pk,
            "invitation": self.invitation.pk,
            "waiting": self.waiting.pk,
            "displaylink": self.display_link.pk,
        }
        for namespace, name in self.names(get_resolver().url_patterns):
            model = name.split("_")[1] if namespace and "_" in name else ""
            yield (
                name,
                self.find(namespace + name, objects.get(model) if namespace else self.session.pk),
            )

    def names(self, patterns: Any, namespace: str = "") -> Iterator[tuple[str, str]]:
        for pattern in patterns:
            if isinstance(pattern, URLResolver):
                yield from self.names(
                    pattern.url_patterns,
                    f"{pattern.namespace}:" if pattern.namespace else namespace,
                )
            elif not pattern.name:
                assert pattern.lookup_str in NAMELESS, f"give {pattern} a name"
            elif pattern.name not in ("view_on_site", "app_list"):
                yield namespace, pattern.name

    def find(self, name: str, pk: Any) -> str:
        for args in ([], [pk]):
            try:
                return reverse(name, args=args)
            except NoReverseMatch:
                continue
        raise AssertionError(f"{name} takes other arguments: say here which")

    def outcome(self, response: HttpResponse) -> str:
        if response.status_code in (301, 302):
            to = response["Location"]
            return "L" if "/login/" in to else "G" if to == "/admin/" else "R"
        if response.status_code in (403, 404, 405):
            return {403: "F", 404: "N", 405: "M"}[response.status_code]
        assert response.status_code == 200, response.status_code
        return "S" if "ana-of-team-one" in b"".join(response).decode(errors="replace") else "E"

    def test_each_role_sees_only_what_it_may(self) -> None:
        found: dict[str, str] = {}
        for name, address in self.addresses():
            row = ""
            for role in ROLES:
                self.be(role)
                query = {
                    "autocomplete": {
                        "app_label": "workouts",
                        "model_name": "team",
                        "field_name": "athletes",
                        "term": "ana",
                    }
                }.get(name)
                query = {"workouts_athlete_switch": {"to": "off"}}.get(name, query)
                query = {"workouts_decision": {"to": "approved", "ids": self.session.pk}}.get(
                    name, query
                )
                query = {
                    "workouts_merge": {"ids": [self.athlete.pk, self.stranger.athlete.pk]}
                }.get(name, query)
                row += self.outcome(self.client.get(address, query))
            found[name] = row
        assert found == MATRIX

    @override_settings(SENIM_AUTH="token")
    def test_neither_tokens_nor_keys_open_a_page_of_the_admin(self) -> None:
        token = issue_access_token(self.athlete.user_id, uuid.uuid4())
        for name, address in self.addresses():
            if not address.startswith("/admin/"):
                continue
            for bearer in (token, KEY):
                response = self.client.get(address, headers={"authorization": f"Bearer {bearer}"})
                assert self.outcome(response) == MATRIX[name][0], (name, bearer)


class OtherWaysTests(VisibilityCase):
    """Searches, filters and forms, which have no URL of their own."""

    SESSIONS, ATHLETES = "/admin/workouts/workoutsession/", "/admin/workouts/athlete/"

    def ids(self, path: str, **query: str) -> set[int]:
        response = self.client.get(path, query)
        assert response.status_code == 200
        return {row.pk for row in response.context["cl"].result_list}

    def test_searches_and_filters_find_only_a_coachs_own_athletes(self) -> None:
        teams = {"coach": self.team, "other": self.other_team}
        for role, own in (("coach", self.session), ("other", self.stranger)):
            self.be(role)
            assert (
                self.ids(self.SESSIONS)
                == self.ids(self.SESSIONS, q="of-team")
                == self.ids(self.SESSIONS, flag="metronome")
                == {own.pk}
            )
            assert self.ids(self.ATHLETES, q="of-team") == {own.athlete.pk}
            for team_of, team in teams.items():
                assert self.ids(self.SESSIONS, team=str(team.pk)) == (
                    {own.pk} if team_of == role else set()
                )
                assert self.ids(self.ATHLETES, team=str(team.pk)) == (
                    {own.athlete.pk} if team_of == role else set()
                )
        self.be("head")
        assert self.ids(self.SESSIONS) == {self.session.pk, self.stranger.pk}
        assert self.ids(self.SESSIONS, team=str(self.team.pk)) == {self.session.pk}

    def decide(self, role: str) -> None:
        self.be(role)
        self.client.post(
            f"{self.SESSIONS}decision/",
            {"to": "approved", "seen": f"{self.session.pk}:0", "note": ""},
        )
        self.client.post(
            self.SESSIONS, {"action": "approve_selected", "_selected_action": [self.session.pk]}
        )

    def status(self) -> str:
        return WorkoutSession.objects.get(pk=self.session.pk).review_status

    def test_only_the_teams_coach_decides(self) -> None:
        for role in ("nobody", "athlete", "staff", "other"):
            self.decide(role)
            assert self.status() == "pending"
        self.decide("coach")
        assert self.status() == "approved"

    def test_only_the_teams_coach_renames_an_athlete(self) -> None:
        for role, name in (("other", ""), ("coach", "Ana")):
            self.be(role)
            self.client.post(f"{self.ATHLETES}{self.athlete.pk}/change/", {"display_name": "Ana"})
            assert Athlete.objects.get(pk=self.athlete.pk).display_name == name

    def test_a_coach_who_leaves_a_team_sees_nothing_of_it_at_once(self) -> None:
        self.be("coach")
        assert self.ids(self.SESSIONS) == {self.session.pk}
        self.team.coaches.remove(self.users["coach"])
        assert self.ids(self.SESSIONS) == set()
        assert self.client.get(f"{self.SESSIONS}{self.session.pk}/change/").status_code == 302

    def test_an_athlete_in_two_teams_is_listed_once_for_a_coach_of_both(self) -> None:
        self.other_team.athletes.add(self.athlete)
        self.other_team.coaches.add(self.users["coach"])
        self.be("coach")
        response = self.client.get(self.SESSIONS)
        assert sorted(row.pk for row in response.context["cl"].result_list) == [
            self.session.pk,
            self.stranger.pk,
        ]

    def test_a_head_coach_manages_teams(self) -> None:
        self.be("head")
        body = {
            "name": "Juniors",
            "coaches": [self.users["coach"].pk],
            "athletes": [self.athlete.pk],
        }
        assert self.client.post("/admin/workouts/team/add/", body).status_code == 302
        team = Team.objects.get(name="Juniors")
        assert (list(team.coaches.all()), list(team.athletes.all())) == (
            [self.users["coach"]],
            [self.athlete],
        )
        self.be("coach")
        assert self.client.get("/admin/workouts/team/add/").status_code == 403
        assert self.client.get(f"/admin/workouts/team/{team.pk}/delete/").status_code == 403

    def test_an_inactive_user_sees_nothing(self) -> None:
        head = self.users["head"]
        head.is_active = False
        assert not WorkoutSession.objects.visible_to(head).exists()

    def test_a_coach_sees_only_parked_sessions_of_their_own_athletes(self) -> None:
        user_ids = ("ana-of-team-one", "ben-of-team-two", "new")
        for role, seen in (("coach", 1), ("other", 1), ("head", 3), ("superuser", 3)):
            request = RequestFactory().get("/")
            request.user = self.users[role]
            parked = [
                ParkedSession(SessionName(user_id, "squat", "id"), "no", 1) for user_id in user_ids
            ]
            with patch("workouts.live.store.LiveStore.parked_sessions", return_value=iter(parked)):
                assert len(find_parked_for_coach(request)) == seen
