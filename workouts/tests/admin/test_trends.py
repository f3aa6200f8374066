"""The page with an athlete's trends."""

import json
import re
from datetime import UTC, datetime
from unittest import mock

from workouts.admin.athletes import trends_page
from workouts.models import Athlete, WorkoutSession
from workouts.tests.support.admin import SESSIONS
from workouts.tests.support.cast import save_at, save_session
from workouts.tests.support.merges import merge
from workouts.tests.support.trends import SET, TrendsCase

SOON = "Trends appear after two weeks with sessions."


class FiguresTests(TrendsCase):
    def test_tables_have_the_figures_of_each_week_newest_first(self) -> None:
        self.save((12, 22_000, 0.1), (10, 22_500, 0.2))
        self.save((1200, 2_398_000, -0.05), (12, 22_000, -0.05), weeks_ago=2)
        rows = self.rows(self.page(self.trends_page, weeks=12))
        assert [*rows["reps"]][:4] == ["Week of", "11/23/2026", "11/16/2026", "11/09/2026"]
        figures = {figure: [cells for (cells,) in each.values()] for figure, each in rows.items()}
        nothing = ["-"] * 9
        assert figures == {
            "reps": ["Reps", "22", "-", "1,212", *nothing],
            "best_set": ["Reps", "12", "-", "1,200", *nothing],
            "tempo_s": ["Seconds per rep", "2.00", "-", "2.00", *nothing],
            "slow_down_percent": ["Slowdown, %", "+15.0", "-", "-5.0", *nothing],
        }

    def test_charts_have_the_same_figures_and_gaps(self) -> None:
        self.save((12, 22_000, 0.1))
        self.save((12, 24_200, 0.25), weeks_ago=2)
        page = self.page(self.trends_page)
        charts = {
            figure: json.loads(text)
            for figure, text in re.findall(
                r'<script id="trend-(\w+)-data" type="application/json">(.*?)</script>', page
            )
        }
        assert {figure: chart["own"][-3:] for figure, chart in charts.items()} == {
            "reps": [12, None, 12],
            "best_set": [12, None, 12],
            "tempo_s": [2.2, None, 2],
            "slow_down_percent": [25, None, 10],
        }
        assert {len(chart["own"]) for chart in charts.values()} == {26}
        assert charts["reps"]["names"][-3:] == ["11/09", "11/16", "11/23"]

    def test_the_page_says_which_set_lengths_are_compared(self) -> None:
        self.save((12, 22_000, 0.1), (13, 22_000, 0.1))
        assert "sets of 10 to 16 reps" in (page := self.page(self.trends_page))
        assert "the usual set of 12.5 reps" in page

    def test_rejected_sessions_are_left_out(self) -> None:
        self.save_two_weeks()
        self.save((40, 78_000, 0.5), is_in_totals=False)
        assert self.trends()["best_set"]["chart"]["own"][-2:] == [12, 12]

    def test_loads_add_columns_for_tonnage_and_the_heaviest_load(self) -> None:
        self.save_two_weeks()
        assert self.trends()["reps"]["columns"] == ["Reps"]
        self.save(SET, load_kg="62.5")
        self.save(SET, load_kg="80")
        volume = self.trends()["reps"]
        assert volume["columns"] == ["Reps", "Tonnage, kg", "Heaviest load, kg"]
        assert [cells for _week, cells in volume["rows"][:2]] == [
            ("36", "1,710", "80"),
            ("12", "-", "-"),
        ]

    def test_loads_are_written_as_in_the_list_of_sessions(self) -> None:
        self.save_two_weeks()
        self.save(SET, load_kg="62.5")
        assert self.trends()["reps"]["rows"][0][1] == ("24", "750", "62.5")

    def test_exercises_are_offered_by_the_readers_alphabet(self) -> None:
        for name in ("dip", "deadlift"):
            save_session("ana-1", exercise=name)
        self.client.cookies["django_language"] = "kk"
        form = self.client.get(self.trends_page).context["form"]
        names = [name for _slug, name in form.fields["exercise"].choices]
        assert names == ["Қос белағашта итерілу", "Штанганы еденнен тарту"]

    def test_weeks_begin_on_monday_in_the_viewers_time_zone(self) -> None:
        late_on_sunday = datetime(2026, 11, 22, 20, tzinfo=UTC)
        save_at(late_on_sunday, user_id="ana-1", sets=[SET])
        for zone, volume in (("UTC", [5, None]), ("Asia/Almaty", [None, 5])):
            self.client.cookies["time_zone"] = zone
            assert self.trends()["reps"]["chart"]["own"][-2:] == volume

    def test_sessions_whose_sets_are_not_worked_out_count_as_reps(self) -> None:
        row = save_session("ana-1")
        WorkoutSession.objects.filter(pk=row.pk).update(sets=None)
        assert self.trends()["reps"]["chart"]["own"][-1] == 5
        assert self.trends()["tempo_s"]["chart"]["own"][-1] is None

    def test_the_newest_sessions_are_read_and_the_page_says_so(self) -> None:
        self.save_two_weeks()
        with mock.patch.object(trends_page, "MAX_OWN_SESSIONS", 1):
            page = self.page(self.trends_page)
            assert self.trends()["reps"]["chart"]["own"][-2:] == [None, 12]
        assert "Only the newest 1 sessions are in the charts." in page
        assert "Only the newest" not in self.page(self.trends_page)


class ChoiceTests(TrendsCase):
    def test_the_exercise_with_most_reps_in_the_span_comes_first(self) -> None:
        self.save(SET, exercise="squat")
        for weeks_ago in (3, 4):
            self.save(SET, exercise="lunge", weeks_ago=weeks_ago)
        for weeks_ago in (30, 31, 32):
            self.save(SET, exercise="squat", weeks_ago=weeks_ago)
        self.save(SET, exercise="dip", is_in_totals=False)
        form = self.client.get(self.trends_page).context["form"]
        assert form.cleaned_data == {"exercise": "lunge", "weeks": 26}
        assert form.fields["exercise"].choices == [("lunge", "Lunge"), ("squat", "Squat")]
        form = self.client.get(self.trends_page, {"weeks": 52}).context["form"]
        assert form.cleaned_data == {"exercise": "squat", "weeks": 52}
        form = self.client.get(self.trends_page, {"exercise": "lunge", "weeks": 52}).context["form"]
        assert form.cleaned_data == {"exercise": "lunge", "weeks": 52}

    def test_exercises_are_listed_by_the_viewers_alphabet(self) -> None:
        self.save(SET, exercise="squat")
        self.save(SET, exercise="double_under")
        self.client.cookies.load({"django_language": "kk"})
        form = self.client.get(self.trends_page).context["form"]
        names = [name for _slug, name in form.fields["exercise"].choices]
        assert names == ["Қос айналым секіру", "Отырып-тұру"]

    def test_a_wrong_choice_is_made_up_for(self) -> None:
        self.save(SET)
        for wrong in ("", "dip", "' --", "27", "1e9", "٢٦"):
            form = self.client.get(self.trends_page, {"exercise": wrong, "weeks": wrong}).context[
                "form"
            ]
            assert form.cleaned_data == {"exercise": "squat", "weeks": 26}, wrong

    def test_other_exercises_are_not_in_the_charts(self) -> None:
        self.save(SET)
        self.save((30, 60_000, 0.1), exercise="lunge", weeks_ago=1)
        assert self.trends(exercise="squat")["best_set"]["chart"]["own"][-2:] == [None, 12]

    def test_the_pages_of_the_athlete_and_of_a_session_lead_here(self) -> None:
        row = self.save(SET)
        assert f'href="{self.trends_page}"' in self.page(f"{self.athlete_page}change/")
        page = self.page(f"{SESSIONS}{row.pk}/change/")
        assert f'<a href="{self.trends_page}?exercise=squat">Squat trends</a>' in page


class EmptyTests(TrendsCase):
    def test_an_athlete_who_has_not_trained_for_a_year_has_no_tables(self) -> None:
        self.save(SET, weeks_ago=60)
        page = self.page(self.trends_page)
        assert SOON in page
        assert "<table" not in page
        assert "<select" not in page

    def test_one_week_has_tables_but_no_charts(self) -> None:
        self.save(SET)
        self.save(SET)
        page = self.page(self.trends_page)
        assert SOON in page
        assert 'class="trend-chart"' not in page
        assert self.rows(page)["reps"]["11/23/2026"] == ["24"]
        self.save(SET, weeks_ago=1)
        page = self.page(self.trends_page)
        assert SOON not in page
        assert page.count('class="trend-chart"') == 4

    def test_without_longer_sets_nothing_is_compared(self) -> None:
        self.save((3, 4_000, None))
        self.save((4, 6_000, None), weeks_ago=1)
        assert "There is no set of 5 or more reps to compare." in self.page(self.trends_page)
        assert set(self.trends()["slow_down_percent"]["chart"]["own"]) == {None}


class AccessTests(TrendsCase):
    def test_another_teams_coach_finds_no_such_page(self) -> None:
        self.client.force_login(self.other)
        assert self.client.get(self.trends_page).status_code == 404

    def test_an_alias_leads_to_the_athlete_who_was_kept_and_their_sessions_count(self) -> None:
        self.save(SET, user_id="old-phone")
        alias = Athlete.objects.get(user_id="old-phone")
        merge("ana-1", "old-phone")
        old_page = self.trends_page.replace(f"/{self.athlete.pk}/", f"/{alias.pk}/")
        assert self.client.get(old_page)["Location"] == self.trends_page
        assert self.trends()["reps"]["chart"]["own"][-1] == 12
        self.client.force_login(self.other)
        assert self.client.get(old_page).status_code == 404

    def test_what_is_no_athlete_is_not_found(self) -> None:
        for wrong in ("0", "x", "9" * 30):
            page = self.trends_page.replace(f"/{self.athlete.pk}/", f"/{wrong}/")
            assert self.client.get(page).status_code == 404
