"""A team's page: its athletes and their training, and who may change what."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from workouts.admin.team_athletes import MAX_ATHLETES, TeamAthlete, find_team_athletes
from workouts.models import Athlete, Team
from workouts.services.display_links import make_display_link
from workouts.tests.support.admin import ATHLETES
from workouts.tests.support.cast import save_at, save_session
from workouts.tests.support.coach_cast import TEAMS, CoachCase

WEDNESDAY = datetime(2026, 3, 11, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MAX_QUERIES = 12


class TeamPageCase(CoachCase):
    def setUp(self) -> None:
        super().setUp()
        self.path = f"{self.team_page}change/"

    def add(self, user_id: str, name: str) -> Athlete:
        athlete = Athlete.objects.create(user_id=user_id, display_name=name)
        self.team.athletes.add(athlete)
        return athlete

    def shown(self, **query: str) -> list[str]:
        rows = self.client.get(self.path, query).context["team_rows"]
        return [str(row.athlete) for row in rows]


class TrainingTests(TeamPageCase):
    def row(self, now: datetime = WEDNESDAY) -> TeamAthlete:
        request = type("Request", (), {"user": self.coach})
        (row,) = find_team_athletes(request, self.team, now)  # type: ignore[arg-type]
        return row

    def test_this_week_begins_on_the_viewers_monday(self) -> None:
        for days, reps in ((0, 5), (2, 6), (3, 7)):  # Wednesday, Monday, Sunday
            save_at(WEDNESDAY - days * DAY, user_id="ana-1", reps=reps)
        assert (self.row().sessions, self.row().reps) == (2, 11)
        sunday_evening = datetime(2026, 3, 8, 20, tzinfo=UTC)  # Monday, 1 o'clock, in Almaty
        save_at(sunday_evening, user_id="ana-1", reps=1)
        with timezone.override("Asia/Almaty"):
            assert self.row(timezone.localtime(WEDNESDAY)).reps == 12

    def test_the_last_session_is_the_one_that_started_last_rejected_or_not(self) -> None:
        save_at(WEDNESDAY - 3 * DAY, user_id="ana-1")
        last = save_at(WEDNESDAY - DAY, user_id="ana-1", exercise="lunge", is_in_totals=False)
        found = self.row()
        assert (found.athlete.last_at, found.athlete.last_exercise) == (
            WEDNESDAY - DAY,
            last.exercise.name,
        )
        assert (found.sessions, found.reps) == (0, 0)

    def test_the_trend_compares_four_weeks_with_the_four_before(self) -> None:
        for days, reps in ((1, 30), (27, 30), (29, 40), (55, 10), (57, 1000)):
            save_at(WEDNESDAY - days * DAY, user_id="ana-1", reps=reps)
        found = self.row()
        assert (found.trend_reps, found.arrow, found.trend) == ((60, 50), "↑", "20% more")

    def test_the_trend_is_said_in_words(self) -> None:
        for reps, arrow, words in (
            ((0, 0), "", "-"),
            ((5, 0), "↑", "none before"),
            ((0, 5), "↓", "none since"),
            ((100, 100), "→", "about the same"),
            ((104, 100), "→", "about the same"),
            ((75, 100), "↓", "25% less"),
            ((3000, 100), "↑", "2,900% more"),
        ):
            row = TeamAthlete(self.athlete, trend_reps=reps)
            assert (row.arrow, row.trend) == (arrow, words)


class TableTests(TeamPageCase):
    def test_each_athlete_is_a_link_with_last_session_week_and_trend(self) -> None:
        save_session("ana-1", reps=7, exercise="lunge")
        page = self.page(self.path)
        assert f'<a href="{self.athlete_page}change/">Ana</a>' in page
        row = page.partition('scope="row"')[2].partition("</tr>")[0]
        for text in ("Lunge", "none before"):
            assert text in row
        assert "switched off" not in page
        Athlete.objects.update(switched_off_at=timezone.now())
        assert "switched off" in self.page(self.path)

    def test_it_is_sorted_by_name_and_by_any_column_both_ways(self) -> None:
        self.add("b", "болат")
        self.add("c", "Әсел")
        save_session("ana-1", reps=9, days_ago=40)
        for _ in range(2):
            save_session("b", reps=3)
        assert self.shown() == self.shown(sort="nonsense") == ["Ana", "Әсел", "болат"]
        assert self.shown(sort="-name") == ["болат", "Әсел", "Ana"]
        assert self.shown(sort="last") == ["Ana", "болат", "Әсел"]
        assert self.shown(sort="-last") == ["болат", "Ana", "Әсел"]
        assert self.shown(sort="-reps") == self.shown(sort="-sessions") == ["болат", "Ana", "Әсел"]
        assert self.shown(sort="trend") == ["Ana", "болат", "Әсел"]

    def test_an_athlete_whom_an_earlier_version_saved_is_sorted_by_name_too(self) -> None:
        self.add("b", "Bolat")
        self.add("c", "aigul")
        Athlete.objects.exclude(user_id="b").update(sort_name=None)
        assert self.shown() == ["aigul", "Ana", "Bolat"]

    def test_a_heading_says_how_the_table_is_sorted_and_turns_it_round(self) -> None:
        page = self.page(self.path, sort="-reps")
        assert 'aria-sort="descending"><a href="?sort=reps#athletes">' in page
        assert page.count("aria-sort=") == 1
        assert '<a href="?sort=-last#athletes">' in page
        assert 'aria-sort="ascending"><a href="?sort=-name#athletes">' in self.page(self.path)

    def test_athletes_of_one_name_are_told_apart(self) -> None:
        self.add("ana-2", "ANA")
        assert self.shown() == ["Ana (ana-1)", "ANA (ana-2)"]

    def test_an_empty_team_leads_to_its_first_athlete(self) -> None:
        self.team.athletes.clear()
        page = self.page(self.path)
        assert f'<a href="{ATHLETES}add/?team={self.team.pk}">Invite the first athlete</a>' in page

    def test_it_takes_at_most_12_queries_and_reads_no_timeline(self) -> None:
        athletes = Athlete.objects.bulk_create(
            Athlete(user_id=f"x-{number:03}", display_name="X") for number in range(MAX_ATHLETES)
        )
        self.team.athletes.add(*athletes)
        for athlete in athletes[:5]:
            save_session(athlete.user_id)
        for user in (self.coach, self.root):
            self.client.force_login(user)
            self.page(self.path)  # what a process reads only once does not count
            with CaptureQueriesContext(connection) as queries:
                page = self.page(self.path)
            assert len(queries) <= MAX_QUERIES
            assert not any("timeline_ms" in query["sql"] for query in queries)
            assert page.count('<th scope="row">') == MAX_ATHLETES
            assert f"The first {MAX_ATHLETES} athletes are shown." in page


class RightsTests(TeamPageCase):
    def save(self, user: Any, path: str = "", **form: Any) -> int:
        return self.status(user, path or self.path, **{"name": "Juniors", **form})

    def test_a_coach_renames_their_own_team(self) -> None:
        assert self.save(self.coach, name="Young ones") == 302
        self.team.refresh_from_db()
        assert self.team.name == "Young ones"

    def test_a_coach_renames_no_other_team(self) -> None:
        self.save(self.coach, f"{TEAMS}{self.other_team.pk}/change/", name="Mine")
        self.other_team.refresh_from_db()
        assert self.other_team.name == "Seniors"
        assert self.save(self.coach, f"{TEAMS}add/", name="New") == 403

    def test_a_coach_adds_nobody_to_a_team_and_takes_nobody_out(self) -> None:
        stranger = Athlete.objects.create(user_id="ben-1", display_name="Ben")
        self.other_team.athletes.add(stranger)
        self.save(self.coach, athletes=[stranger.pk], coaches=[self.other.pk])
        assert [*self.team.athletes.all()] == [self.athlete]
        assert [*self.team.coaches.all()] == [self.coach]

    def test_a_coach_is_offered_the_name_alone(self) -> None:
        page = self.page(self.path)
        assert 'name="name"' in page
        for name in ("athletes", "coaches"):
            assert f'name="{name}"' not in page

    def test_a_head_coach_changes_members_and_coaches(self) -> None:
        ben = Athlete.objects.create(user_id="ben-1")
        self.client.force_login(self.head)
        assert "Change members" in self.page(self.path)
        assert self.save(self.head, athletes=[ben.pk], coaches=[self.other.pk]) == 302
        assert [*self.team.athletes.all()] == [ben]
        assert [*self.team.coaches.all()] == [self.other]

    def test_a_head_coach_is_offered_coaches_with_their_names(self) -> None:
        self.other.first_name, self.other.last_name = "Ben", "Ito"
        self.other.save()
        self.client.force_login(self.head)
        assert ">Ben Ito (other)</option>" in (page := self.page(self.path))
        assert ">head</option>" in page

    def test_deleting_a_team_lists_what_goes_and_not_its_people(self) -> None:
        make_display_link(team=self.team, name="Hall 2", by=self.head)
        self.client.force_login(self.head)
        page = self.page(f"{self.team_page}delete/")
        assert "Hall 2" in page
        assert "relationship" not in page
        assert self.save(self.head, f"{self.team_page}delete/", post="yes") == 302
        assert Athlete.objects.filter(pk=self.athlete.pk).exists()

    def test_a_coach_names_an_athlete_of_the_team(self) -> None:
        self.status(self.coach, f"{self.athlete_page}change/", display_name="Anna")
        assert self.shown() == ["Anna"]

    def test_a_head_coach_makes_a_team_with_members(self) -> None:
        assert self.save(self.head, f"{TEAMS}add/", name="New", athletes=[self.athlete.pk]) == 302
        assert [*Team.objects.get(name="New").athletes.all()] == [self.athlete]
