"""The export of what the list's filter shows: who gets what, in which columns, and how far it is."""

import csv
import io
from datetime import UTC, datetime
from typing import Any
from unittest.mock import patch

import pytest
import redis
import time_machine
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import TestCase
from django.utils import translation

from workouts.exports import rows
from workouts.exports.progress import (
    DONE,
    FAILED,
    PREPARING,
    SENDING,
    Progress,
    ProgressNotes,
    read_progress,
)
from workouts.live.runtime import get_key_space, get_store
from workouts.models import Athlete, Team, WorkoutSession
from workouts.tests.support.cast import save_session
from workouts.tests.support.reviews import save_pending

LIST = "/admin/workouts/workoutsession/"
EXPORT, FILE, PROGRESS = f"{LIST}export/", f"{LIST}export/file/", f"{LIST}export/progress/"
TITLES = [
    *(
        "ID",
        "session ID",
        "user ID",
        "name",
        "exercise",
        "name of the exercise",
        "reps",
        "first rep",
        "last rep",
        "saved",
    ),
    *("length, s", "reps a minute", "refused reps", "review", "flags"),
]
TOKEN = "a-word-of-the-page"


class ExportCase(TestCase):
    def setUp(self) -> None:
        self.coach = get_user_model().objects.create_superuser("coach")
        self.client.force_login(self.coach)

    def download(self, **query: str) -> bytes:
        response = self.client.get(FILE, query)
        assert response.status_code == 200, response.content
        return b"".join(response)  # type: ignore[arg-type]

    def read_csv(self, **query: str) -> list[list[str]]:
        return list(csv.reader(io.StringIO(self.download(**query).decode("utf-8-sig"), newline="")))

    def ids(self, **query: str) -> list[int]:
        return [int(row[0]) for row in self.read_csv(**query)[1:]]

    def listed(self, **query: str) -> list[int]:
        response = self.client.get(LIST, query)
        assert response.status_code == 200
        return [row.pk for row in response.context["cl"].result_list]


class FilterTests(ExportCase):
    def setUp(self) -> None:
        super().setUp()
        self.team = Team.objects.create(name="Juniors")
        self.plain = save_session("aigerim-1", days_ago=1)
        self.pending = save_pending("bolat-2", exercise="lunge")
        self.team.athletes.add(Athlete.objects.get(user_id="bolat-2"))

    def test_it_has_what_the_list_shows(self) -> None:
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

    def test_it_has_all_pages_from_any_of_them(self) -> None:
        for page in ("1", "2", "90"):
            assert self.ids(p=page) == [self.pending.pk, self.plain.pk]

    def test_a_query_that_cannot_be_goes_where_the_list_goes(self) -> None:
        for path in (EXPORT, FILE, LIST):
            response = self.client.get(path, {"created_at__gte": "yesterday"})
            assert (response.status_code, response["Location"].split("/")[-1]) == (302, "?e=1")

    def test_it_refuses_what_it_does_not_know_and_names_it(self) -> None:
        for name, value in (("format", "pdf"), ("progress", "a b"), ("progress", "x" * 65)):
            response = self.client.get(FILE, {name: value})
            assert response.status_code == 400
            assert response.content.decode().startswith(f"{name}: ")

    def test_the_list_leads_to_it_with_its_query(self) -> None:
        page = self.client.get(LIST, {"q": "bolat", "p": "1"}).content.decode()
        assert f'href="{EXPORT}?q=bolat"' in page

    def test_the_page_says_what_is_exported(self) -> None:
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

    def test_leaving_a_team_in_the_middle_ends_it(self) -> None:
        first, second = save_session("ana-of-one"), self.own
        with patch.object(rows, "BATCH_ROWS", 1):
            response: Any = self.client.get(FILE)
            chunks = iter(response)
            assert "user ID" in next(chunks).decode()
            assert str(first.session_id) in next(chunks).decode()
            self.team.athletes.clear()
            assert str(second.session_id) not in b"".join(chunks).decode()

    def test_anothers_progress_is_not_known(self) -> None:
        ProgressNotes(str(self.coach.pk), TOKEN).note(Progress(SENDING, 5, 10))
        assert self.client.get(PROGRESS, {"progress": TOKEN}).json() == {
            "state": "unknown",
            "rows": 0,
            "total": None,
        }
        self.client.force_login(self.coach)
        assert self.client.get(PROGRESS, {"progress": TOKEN}).json() == {
            "state": "sending",
            "rows": 5,
            "total": 10,
        }


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
            *("60.0", "30.0", "5", "needs review", "too even"),
        ]

    def test_a_session_of_one_rep_has_no_pace(self) -> None:
        save_session("42", reps=1)
        assert self.read_csv()[1][10:12] == ["0.0", ""]

    def test_it_has_the_timeline_if_wanted(self) -> None:
        save_session("42", reps=3)
        titles, cells = self.read_csv(timeline="on")
        assert (titles, cells[-1]) == ([*TITLES, "timeline_ms"], "0 2000 4000")

    def test_nothing_leaves_the_titles(self) -> None:
        assert self.read_csv(q="nobody") == [TITLES]

    def test_it_reads_no_more_than_is_wanted(self) -> None:
        save_session("42")
        with (
            self.assertNumQueries(6) as queries
        ):  # the browser's session, the user, the filters' teams and exercises, a count, a batch
            self.download()
        for column in ("timeline_ms", "refusals", "rep_devices", "late_reps"):
            assert column not in queries[-1]["sql"]

    def test_it_speaks_the_language_of_the_coach_and_has_their_time(self) -> None:
        save_pending("42")
        self.client.cookies["time_zone"] = "Asia/Almaty"
        response: Any = self.client.get(FILE, headers={"accept-language": "ru"})
        with (
            translation.override("en"),
            patch("workouts.exports.rows.name_flag", lambda flag: translation.get_language()),
        ):
            cells = b"".join(response).decode().splitlines()[1].split(",")
        assert cells[-1] == "ru"
        assert cells[7].endswith("+05:00")

    def test_it_is_named_by_the_day_of_the_coach(self) -> None:
        self.client.cookies["time_zone"] = "Asia/Almaty"
        with time_machine.travel("2026-11-24T20:00:00Z", tick=False):
            response = self.client.get(FILE, {"format": "xlsx"})
        assert (
            response["Content-Disposition"]
            == 'attachment; filename="senim-sessions-2026-11-25.xlsx"'
        )


class ProgressTests(ExportCase):
    def state(self) -> Progress:
        return read_progress(str(self.coach.pk), TOKEN)

    def forget(self) -> None:
        get_store().client.delete(get_key_space().progress(str(self.coach.pk), TOKEN))

    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(self.forget)
        for _ in range(3):
            save_session("42")

    def test_it_goes_from_preparing_to_done(self) -> None:
        seen = []
        with (
            patch.object(rows, "BATCH_ROWS", 1),
            patch("workouts.exports.progress.NOTE_EVERY_S", 0),
        ):
            response: Any = self.client.get(FILE, {"progress": TOKEN})
            for _ in response:
                seen.append(self.state())
        assert seen[0] == Progress(PREPARING)
        assert Progress(SENDING, 2, 3) in seen
        assert self.state() == Progress(DONE, 3, 3)
        assert (
            0 < get_store().client.ttl(get_key_space().progress(str(self.coach.pk), TOKEN)) <= 600
        )

    def test_it_is_noted_twice_a_second_at_most(self) -> None:
        notes = ProgressNotes(str(self.coach.pk), TOKEN)
        with (
            patch("workouts.exports.progress.time.monotonic") as clock,
            patch.object(get_store().client, "set") as noted,
        ):
            for now, state, calls in (
                (0, SENDING, 1),
                (0.4, SENDING, 1),
                (0.6, SENDING, 2),
                (0.7, DONE, 3),
            ):
                clock.return_value = now
                notes.note(Progress(state, 1, 50))
                assert noted.call_count == calls

    def test_an_export_that_fails_says_so_and_breaks_off(self) -> None:
        response: Any = self.client.get(FILE, {"progress": TOKEN})
        chunks = iter(response)
        next(chunks)
        with (
            patch("workouts.exports.steps.describe", side_effect=RuntimeError("no")),
            pytest.raises(RuntimeError),
        ):
            next(chunks)
        assert self.state() == Progress(FAILED, 0, 3)

    def test_it_goes_on_without_redis(self) -> None:
        with patch.object(
            get_store().client, "set", side_effect=redis.ConnectionError("away")
        ) as asked:
            assert len(self.read_csv(progress=TOKEN)) == 4
            assert asked.call_count == 1
        with patch.object(get_store().client, "get", side_effect=redis.ConnectionError("away")):
            assert self.client.get(PROGRESS, {"progress": TOKEN}).json()["state"] == "unknown"

    def test_a_word_that_cannot_be_is_not_known(self) -> None:
        for token in ("", "a:b", "x" * 65, "é" * 10):
            assert self.client.get(PROGRESS, {"progress": token}).json()["state"] == "unknown"
