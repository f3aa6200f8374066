"""Reviewing sessions: their flags in lists and pages, and deciding on one or many."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext

from workouts.fairness.evidence import EarlierSession, FlagEvidence, KnownPace
from workouts.fairness.flag_texts import NAMES, TEXTS, explain_flag
from workouts.fairness.flags import find_flags
from workouts.fairness.review import decide_reviews, find_last_review_steps
from workouts.models import Athlete, WorkoutSession
from workouts.tests.support.admin import ATHLETES, EXERCISES, SESSIONS, AdminCase
from workouts.tests.support.cast import new_athlete, save_session
from workouts.tests.support.reviews import APPROVED, METRONOME, REJECTED, save_pending

DECISION = f"{SESSIONS}decision/"
CLOCK = {"flag": "clock", "reps": 12}


class ListTests(AdminCase):
    def setUp(self) -> None:
        super().setUp()
        self.even, self.clean = save_pending(), save_session(new_athlete())
        self.clock = save_session(new_athlete(), flags=[CLOCK, METRONOME], review_status="approved")

    def test_it_shows_status_and_flags(self) -> None:
        page = self.page(SESSIONS)
        for text in ("needs review", "approved", "too even", "wrong clock, too even"):
            assert text in page

    def test_it_filters_by_status_and_flag(self) -> None:
        assert self.listed(SESSIONS, review_status__exact="pending") == {self.even.pk}
        assert self.listed(SESSIONS, flag="metronome") == {self.even.pk, self.clock.pk}
        assert self.listed(SESSIONS, flag="clock") == {self.clock.pk}
        assert self.listed(SESSIONS, flag="nonsense") == set()

    def test_it_asks_the_database_as_often_for_2_rows_as_for_22(self) -> None:
        counts = []
        for _ in range(2):
            with CaptureQueriesContext(connection) as queries:
                self.listed(SESSIONS, flag="metronome")
            counts.append(len(queries))
            for _ in range(20):
                save_pending()
        assert counts[0] == counts[1] <= 8


class DetailTests(AdminCase):
    def test_it_explains_each_flag_and_shows_each_step(self) -> None:
        row = save_pending()
        decide_reviews({row.pk: 0}, to=REJECTED, reviewer=self.coach, note="<b>a script</b>")
        page = self.page(f"{SESSIONS}{row.pk}/change/")
        assert "42 intervals in a row vary by only 0.40%; " in page
        assert "&lt;b&gt;a script&lt;/b&gt;" in page
        assert "coach" in page
        step = find_last_review_steps([row.pk])[row.pk]
        assert f'action="{DECISION}"' in page
        assert f'value="{row.pk}:{step}"' in page
        assert 'value="approved"' in page
        assert 'value="rejected"' not in page

    def test_every_flag_has_a_name_and_a_sentence(self) -> None:
        flags = find_flags(
            FlagEvidence(
                [i * 10 for i in range(5000)], [i % 2 for i in range(5000)], 4000, 9, 9000
            ),
            KnownPace(10, 20, 5),
        )
        flags += find_flags(FlagEvidence([i * 2000 for i in range(6000)]), KnownPace())
        beside = [EarlierSession(1, name, [i * 2000 + 500 for i in range(9)]) for name in "ab"]
        flags += find_flags(
            FlagEvidence([i * 2000 for i in range(9)], exercise="squat", earlier=beside[:1]),
            KnownPace(record_per_day=5),
        )
        joined = [EarlierSession(1, "squat", [-2000 * i for i in range(1, 40)]), *beside]
        flags += find_flags(
            FlagEvidence([0, 2000, 4000], exercise="squat", earlier=joined),
            KnownPace(record_per_minute=20),
        )
        flags.append({"flag": "record_pace", "reps": 39, "seconds": 10, "limit": 38})
        assert set(NAMES) == set(TEXTS) >= {flag["flag"] for flag in flags}
        for flag in flags:
            assert explain_flag(flag)[-1] in ".)"
        assert (
            explain_flag({"flag": "of a later version", "figure": 3})
            == "flag: of a later version, figure: 3"
        )
        assert explain_flag({"flag": "metronome", "cv": 0.01}) == "flag: metronome, cv: 0.01"


class DecisionTests(AdminCase):
    def setUp(self) -> None:
        super().setUp()
        self.rows = [save_pending() for _ in range(3)]

    def seen(self, *rows: WorkoutSession) -> str:
        return ",".join(
            f"{pk}:{step}" for pk, step in find_last_review_steps([row.pk for row in rows]).items()
        )

    def send(self, **fields: str) -> Any:
        return self.client.post(
            DECISION,
            {"to": "approved", "seen": self.seen(*self.rows), "note": "", **fields},
            follow=True,
        )

    def statuses(self) -> list[str]:
        return [row.review_status for row in WorkoutSession.objects.order_by("pk")]

    def test_both_actions_lead_to_one_page_for_all_chosen_sessions(self) -> None:
        for action, to, note in (
            ("reject_selected", "rejected", "a script"),
            ("approve_selected", "approved", ""),
        ):
            page = self.client.post(
                SESSIONS, {"action": action, "_selected_action": [row.pk for row in self.rows]}
            )
            assert page.status_code == 200
            seen = page.context["form"]["seen"].initial or page.context["form"].initial["seen"]
            response = self.send(to=to, seen=seen, note=note)
            assert "Decision saved for 3 sessions." in response.content.decode()
            assert self.statuses() == [to] * 3

    def test_a_decision_about_one_session_leads_back_to_it(self) -> None:
        page = self.page(DECISION, to="rejected", ids=str(self.rows[0].pk))
        assert self.rows[0].athlete_id in page
        response = self.send(seen=self.seen(self.rows[0]))
        assert response.redirect_chain[-1][0] == f"{SESSIONS}{self.rows[0].pk}/change/"
        assert self.statuses() == ["approved", "pending", "pending"]

    def test_looking_changes_nothing(self) -> None:
        self.page(DECISION, to="rejected", ids=str(self.rows[0].pk))
        assert self.statuses() == ["pending"] * 3

    def test_a_rejection_without_a_note_is_refused_and_says_so(self) -> None:
        response = self.send(to="rejected", note="  ")
        assert list(response.context["form"].errors) == ["note"]
        assert self.rows[2].athlete_id in response.content.decode()
        assert self.statuses() == ["pending"] * 3

    def test_it_says_which_sessions_someone_else_has_reviewed(self) -> None:
        seen = self.seen(*self.rows)
        decide_reviews({self.rows[0].pk: 0}, to=APPROVED, reviewer=self.coach, note="")
        response = self.send(to="rejected", note="a script", seen=seen)
        page = response.content.decode()
        assert "Decision saved for 2 sessions." in page
        assert "1 session was not changed" in page
        assert self.statuses() == ["approved", "rejected", "rejected"]

    def test_at_most_a_thousand_at_once(self) -> None:
        first = self.rows[0].pk
        response = self.send(seen=",".join(f"{pk}:0" for pk in range(first, first + 1001)))
        assert "Choose at most 1000 sessions" in response.content.decode()
        assert self.statuses() == ["pending"] * 3

    def test_a_session_of_another_team_is_not_found(self) -> None:
        other = get_user_model().objects.create_user("other", is_staff=True)
        other.groups.add(Group.objects.get(name="coaches"))
        self.client.force_login(other)
        assert "Session not found." in self.send().content.decode()
        assert self.statuses() == ["pending"] * 3

    def test_it_refuses_nonsense(self) -> None:
        for query in (
            {},
            {"to": "rejected"},
            {"to": "clean", "ids": str(self.rows[0].pk)},
            {"to": "approved", "ids": "x"},
        ):
            response = self.client.get(DECISION, query)
            assert (response.status_code, response["Location"]) == (302, SESSIONS)
        for fields in (
            {"to": "clean"},
            {"seen": "x"},
            {"seen": ""},
            {"note": "x" * 2001},
            {"seen": f"{10**30}:0"},
        ):
            assert self.send(**fields).status_code == 200
        assert self.statuses() == ["pending"] * 3

    def test_only_users_with_the_permission_may_decide(self) -> None:
        viewer = get_user_model().objects.create_user("viewer", is_staff=True)
        viewer.user_permissions.add(
            *Permission.objects.filter(codename__in=["view_workoutsession", "view_all_athletes"])
        )
        self.client.force_login(viewer)
        assert (
            self.client.get(DECISION, {"to": "approved", "ids": str(self.rows[0].pk)}).status_code
            == 403
        )
        assert (
            self.client.post(
                DECISION, {"to": "approved", "seen": self.seen(*self.rows)}
            ).status_code
            == 403
        )
        assert "approve_selected" not in self.page(SESSIONS)
        assert DECISION not in self.page(f"{SESSIONS}{self.rows[0].pk}/change/")
        assert self.statuses() == ["pending"] * 3

    def test_a_reviewer_cannot_be_deleted_and_the_admin_says_so(self) -> None:
        aliya = get_user_model().objects.create_superuser("aliya")
        decide_reviews({self.rows[0].pk: 0}, to=APPROVED, reviewer=aliya, note="")
        response = self.client.post(f"/admin/auth/user/{aliya.pk}/delete/", {"post": "yes"})
        assert response.status_code == 200
        assert "protected" in response.content.decode()
        assert get_user_model().objects.filter(pk=aliya.pk).exists()


class TotalsTests(AdminCase):
    def test_rejected_sessions_do_not_count_for_the_athlete(self) -> None:
        athlete = new_athlete()
        save_session(athlete, reps=10)
        row = save_pending(athlete, reps=7)
        pk = Athlete.objects.get(user_id=athlete).pk
        assert 'class="field-total_reps">17</td>' in self.page(ATHLETES)
        decide_reviews({row.pk: 0}, to=REJECTED, reviewer=self.coach, note="no")
        assert 'class="field-total_reps">10</td>' in self.page(ATHLETES)
        page = self.page(f"{ATHLETES}{pk}/change/")
        assert '<td data-label="Sessions">1</td>\n<td data-label="Total reps">10</td>' in page


class LimitTests(AdminCase):
    def errors(self, **fields: Any) -> dict[str, str]:
        values = {
            "name": "Squat",
            "min_interval_ms": 450,
            "record_per_minute": 74,
            "record_per_hour": 4656,
            "max_per_minute": 85,
        }
        values |= {
            "max_per_session": 10_000,
            "typical_ms_low": 2000,
            "typical_ms_high": 4000,
            "active": "on",
            **fields,
        }
        pk = self.client.get(EXERCISES, {"q": "squat"}).context["cl"].result_list[0].pk
        response = self.client.post(f"{EXERCISES}{pk}/change/", values)
        if response.status_code == 302:
            return {}
        return {
            name: " ".join(map(str, messages))
            for name, messages in response.context["adminform"].errors.items()
        }

    def test_bad_limits_are_refused_with_the_reason(self) -> None:
        for field in ("min_interval_ms", "max_per_minute", "max_per_session", "record_per_hour"):
            for value in (0, -1):
                assert "greater than or equal to" in self.errors(**{field: value})[field]
        assert (
            "Below the typical pace (30 per minute)"
            in self.errors(max_per_minute=29, record_per_minute="")["max_per_minute"]
        )
        assert (
            "Longer than a typical rep (2000 ms)"
            in self.errors(min_interval_ms=2001, record_per_minute="")["min_interval_ms"]
        )
        assert "a champion would be refused" in self.errors(min_interval_ms=811)["min_interval_ms"]
        assert "everyone would be flagged" in self.errors(record_per_minute=14)["record_per_minute"]
        assert (
            "Below the record for a minute (74)"
            in self.errors(record_per_hour=73)["record_per_hour"]
        )
        assert "100" in self.errors(max_per_session=99)["max_per_session"]
        assert "Above the maximum (85)" in self.errors(record_per_minute=86)["record_per_minute"]

    def test_records_that_contradict_those_for_longer_are_refused(self) -> None:
        assert (
            "Below half of the record for a minute (74)"
            in self.errors(record_per_30_s=36)["record_per_30_s"]
        )
        assert "nobody could reach it" in self.errors(record_per_30_s=67)["record_per_30_s"]
        assert "for an hour (4656)" in self.errors(record_per_day=4655)["record_per_day"]
        assert self.errors(record_per_30_s=37, record_per_day=4656) == {}

    def test_good_limits_are_accepted(self) -> None:
        assert self.errors(max_per_minute=30, record_per_minute=30, min_interval_ms=2000) == {}
        assert self.errors(record_per_minute="", record_per_hour="") == {}
