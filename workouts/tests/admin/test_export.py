"""Exports of what the list's filter shows: whose sessions, in which columns."""

from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import time_machine
from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import RequestFactory
from django.utils import translation

from workouts.admin.sessions.export import read_changelist_to_export
from workouts.exports import rows
from workouts.models import Athlete, Team, WorkoutSession
from workouts.tests.support.cast import CRUNCHES_MS, save_session
from workouts.tests.support.exports import FILE, LIST, TOKEN, ExportCase, read_xlsx
from workouts.tests.support.reviews import save_pending

EXPORT = f"{LIST}export/"
TITLES = [
    *("ID", "session ID", "user ID", "name", "exercise", "name of the exercise", "reps"),
    *("first rep", "last rep", "saved", "length, s", "sets", "work, s", "rest, s"),
    *("reps a minute within sets", "refused reps", "review", "flags", "load, kg"),
]


class FilterTests(ExportCase):
    def setUp(self) -> None:
        super().setUp()
        self.team = Team.objects.create(name="Juniors")
        self.plain = save_session("aigerim-1", days_ago=1)
        self.pending = save_pending("bolat-2", exercise="lunge")
        self.team.athletes.add(Athlete.objects.get(user_id="bolat-2"))

    def test_it_has_the_rows_that_the_list_shows(self) -> None:
        queries: list[dict[str, str]] = [
            {},
            {"review_status__exact": "pending"},
            {"q": "aigerim"},
            {"team": str(self.team.pk)},
            {"team": "0"},
            {"flag": "metronome"},
            {"exercise__slug__exact": "squat"},
            {"created_at__gte": f"{self.pending.created_at.date()} 00:00:00+00:00"},
            {"q": "bolat", "review_status__exact": "pending", "o": "1"},
        ]
        for query in queries:
            assert self.ids(**query) == self.listed(**query), query
        assert self.ids() == [self.pending.pk, self.plain.pk]

    def test_it_has_every_page_of_the_list_whichever_is_open(self) -> None:
        for page in ("1", "2", "90"):
            assert self.ids(p=page) == [self.pending.pk, self.plain.pk]

    def test_an_impossible_query_is_redirected_as_the_list_does(self) -> None:
        for path in (EXPORT, FILE, LIST):
            response = self.client.get(path, {"created_at__gte": "yesterday"})
            assert (response.status_code, response["Location"].split("/")[-1]) == (302, "?e=1")

    def test_it_names_the_field_that_it_refuses(self) -> None:
        for name, value in (("format", "pdf"), ("token", "a b"), ("token", "x" * 65)):
            response = self.client.get(FILE, {name: value})
            assert response.status_code == 400
            assert response.content.decode().startswith(f"{name}: ")

    def test_the_list_links_to_it_with_its_query(self) -> None:
        page = self.client.get(LIST, {"q": "bolat", "p": "1"}).content.decode()
        assert f'href="{EXPORT}?q=bolat"' in page

    def test_the_page_says_which_sessions_are_exported(self) -> None:
        page = self.client.get(
            EXPORT, {"q": "bolat", "review_status__exact": "pending", "team": str(self.team.pk)}
        ).content.decode()
        for text in (
            "1 session will be exported",
            "Juniors",
            "needs review",
            "bolat",
            'name="review_status__exact" value="pending"',
            "UTC",
        ):
            assert text in page
        with patch("workouts.admin.sessions.export.COUNTED_ON_PAGE", 1):
            assert (
                "More than 1 session will be exported" in self.client.get(EXPORT).content.decode()
            )

    def test_the_page_groups_the_digits_of_their_number(self) -> None:
        path = "workouts.admin.sessions.export.count_changelist_rows_up_to"
        for count, text in (
            (1234, "1,234 sessions will be"),
            (10_001, "More than 10,000 sessions"),
        ):
            with patch(path, return_value=count):
                assert text in self.client.get(EXPORT).content.decode()

    def test_the_request_keeps_its_query(self) -> None:
        query = {"q": "bolat", "p": "2", "format": "xlsx", "timeline": "on", "token": TOKEN}
        request = RequestFactory().get(FILE, query)
        request.user = self.coach
        given = request.GET
        shown = read_changelist_to_export(admin.site.get_model_admin(WorkoutSession), request)
        assert [session.pk for session in shown.queryset] == [self.pending.pk]
        assert request.GET is given
        assert given.dict() == query

    def test_the_form_keeps_the_query_of_the_list_only(self) -> None:
        query = {"q": "bolat", "p": "2", "e": "1", "format": "xlsx", "timeline": "on"}
        response = self.client.get(EXPORT, query)
        assert response.context["query"] == [("q", "bolat")]
        assert response.context["list_url"] == f"{LIST}?q=bolat"

    def test_the_page_needs_no_inline_script_or_style(self) -> None:
        page = self.client.get(EXPORT, {"q": "<b>'\""}).content.decode()
        assert "<b>'" not in page
        assert not {"style=", "onclick=", "onsubmit="} & set(page.replace(">", " ").split())


class LeakTests(ExportCase):
    def setUp(self) -> None:
        super().setUp()
        self.own, self.stranger = save_session("ana-of-one"), save_session("ben-of-two")
        self.team, self.other_team = (
            Team.objects.create(name="One"),
            Team.objects.create(name="Two"),
        )
        self.team.athletes.add(self.own.athlete)
        self.other_team.athletes.add(self.stranger.athlete)
        user = get_user_model().objects.create_user("aliya", is_staff=True)
        user.groups.add(Group.objects.get(name="coaches"))
        self.team.coaches.add(user)
        self.client.force_login(user)

    def test_a_coach_gets_their_own_team_only(self) -> None:
        assert self.ids() == self.ids(q="of") == self.ids(team=str(self.team.pk)) == [self.own.pk]
        assert (
            self.ids(q="ben")
            == self.ids(team=str(self.other_team.pk))
            == self.ids(athlete__user_id="ben-of-two")
            == []
        )
        assert b"ben-of-two" not in self.download(format="csv", timeline="on")

    def test_an_athlete_who_leaves_the_team_midway_is_left_out_from_then_on(self) -> None:
        first, second = save_session("ana-of-one"), self.own
        with patch.object(rows, "BATCH_ROWS", 1):
            response: Any = self.client.get(FILE)
            chunks = iter(response)
            assert "user ID" in next(chunks).decode()
            assert str(first.session_id) in next(chunks).decode()
            self.team.athletes.clear()
            assert str(second.session_id) not in b"".join(chunks).decode()


class ColumnTests(ExportCase):
    def test_it_has_these_columns(self) -> None:
        row = save_pending("42", reps=31, refused={"debounced": 2, "late": 3})
        Athlete.objects.filter(user_id="42").update(display_name="Ана, «Лея»\nII")
        WorkoutSession.objects.update(
            started_at=datetime(2026, 1, 2, 3, 4, 5, 678, UTC),
            finished_at=datetime(2026, 1, 2, 3, 5, 5, 678, UTC),
        )
        saved = row.created_at.replace(microsecond=0).isoformat()
        titles, cells = self.read_csv()
        assert titles == TITLES
        assert cells == [
            *(str(row.pk), str(row.session_id), "42", "Ана, «Лея»\nII", "squat", "Squat", "31"),
            *("2026-01-02T03:04:05+00:00", "2026-01-02T03:05:05+00:00", saved),
            *("60.0", "1", "60.0", "0.0", "30.0", "5", "needs review", "too even", ""),
        ]

    def test_the_pace_is_that_within_sets(self) -> None:
        save_session("42", times_ms=CRUNCHES_MS)
        (sheet,) = read_xlsx(self.download(format="xlsx"))
        for cells in (self.read_csv()[1], [*map(str, sheet[1])]):
            assert [*map(float, cells[10:15])] == [282, 4, 43.2, 238.8, 50]

    def test_without_two_reps_or_known_sets_there_is_no_pace(self) -> None:
        row = save_session("42", reps=1)
        assert self.read_csv()[1][10:15] == ["0.0", "1", "0.0", "0.0", ""]
        WorkoutSession.objects.filter(pk=row.pk).update(sets=None)
        assert self.read_csv()[1][10:15] == ["0.0", "", "", "", ""]

    def test_it_has_the_timeline_if_asked(self) -> None:
        save_session("42", reps=3)
        titles, cells = self.read_csv(timeline="on")
        assert (titles, cells[-1]) == ([*TITLES, "timeline_ms"], "0 2000 4000")

    def test_without_sessions_it_has_the_titles(self) -> None:
        assert self.read_csv(q="nobody") == [TITLES]

    def test_it_reads_no_more_than_it_needs(self) -> None:
        save_session("42")
        # browser session, user, what the log-in lacks, the filters' teams and exercises, a count,
        # a batch
        with self.assertNumQueries(7) as queries:
            self.download()
        for column in ("timeline_ms", "refusals", "rep_devices", "late_reps"):
            assert column not in queries[-1]["sql"]

    def test_it_is_in_the_language_and_the_time_zone_of_the_coach(self) -> None:
        save_pending("42")
        self.client.cookies["time_zone"] = "Asia/Almaty"
        response: Any = self.client.get(FILE, headers={"accept-language": "ru"})
        with (
            translation.override("en"),
            patch("workouts.exports.rows.name_flag", lambda flag: translation.get_language()),
        ):
            cells = b"".join(response).decode().splitlines()[1].split(",")
        assert cells[TITLES.index("flags")] == "ru"
        assert cells[7].endswith("+05:00")

    def test_its_name_has_the_date_in_the_time_zone_of_the_coach(self) -> None:
        self.client.cookies["time_zone"] = "Asia/Almaty"
        with time_machine.travel("2026-11-24T20:00:00Z", tick=False):
            response = self.client.get(FILE, {"format": "xlsx"})
        assert (
            response["Content-Disposition"]
            == 'attachment; filename="senim-sessions-2026-11-25.xlsx"'
        )
