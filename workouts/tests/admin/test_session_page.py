"""A session's page: chart, sets, evidence, decision."""

import json
import re
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext

from workouts.models import ReviewStatus, ReviewStep, Team, WorkoutSession
from workouts.tests.support.admin import SESSIONS, AdminCase
from workouts.tests.support.cast import CRUNCHES_MS, new_athlete, save_session
from workouts.tests.support.reviews import save_pending

TWO_SETS = [0, 2000, 4100, 6300, 8600, 68_600, 70_600]


def save_timeline(times_ms: list[int], **more: Any) -> WorkoutSession:
    return save_session(new_athlete(), times_ms=times_ms, **more)


class PageCase(AdminCase):
    def chart_of(self, row: WorkoutSession) -> dict[str, Any]:
        found = re.search(
            r'<script id="tempo-data" type="application/json">(.*?)</script>',
            self.page(f"{SESSIONS}{row.pk}/change/"),
        )
        assert found
        chart: dict[str, Any] = json.loads(found[1])
        return chart


class ChartTests(PageCase):
    def test_each_rep_has_an_interval_except_the_first_of_a_set(self) -> None:
        chart = self.chart_of(save_timeline(TWO_SETS))
        assert chart["at"] == [0, 2, 4.1, 6.3, 8.6, 68.6, 70.6]
        assert chart["intervals"] == [None, 2, 2.1, 2.2, 2.3, None, 2]
        assert chart["rests"] == [[8.6, 68.6]]

    def test_the_slowdown_of_a_set_is_a_line(self) -> None:
        (line,) = self.chart_of(save_timeline(TWO_SETS))["trends"]
        assert [[round(value, 6) for value in end] for end in line] == [[2, 2], [8.6, 2.3]]

    def test_late_reps_are_marked_whatever_their_order(self) -> None:
        chart = self.chart_of(save_timeline([4100, 0, 2000], late_reps=[0, 1]))
        assert chart["late"] == [0, None, 2.1]

    def test_a_refused_rep_is_marked_by_the_time_since_the_last_counted_one(self) -> None:
        chart = self.chart_of(
            save_timeline(
                [0, 2000],
                refused={"debounced": 2},
                refusals=[[-50, "debounced"], [2150, "debounced"]],
            )
        )
        assert chart["at"] == [-0.05, 0, 2, 2.15]
        assert chart["refused"] == [0, None, None, 0.15]
        assert chart["intervals"] == [None, None, 2, None]

    def test_late_reps_that_do_not_exist_are_not_marked(self) -> None:
        assert self.chart_of(save_timeline([0, 2000], late_reps=[1, 2, -5]))["late"] == [None, 2]

    def test_the_chart_shows_the_limits_of_the_exercise(self) -> None:
        limits = self.chart_of(save_timeline([0, 2000]))["limits"]
        assert limits == {"smallest": 0.45, "typical": [2, 4], "record": 60 / 74}

    def test_a_session_whose_timeline_was_erased_has_an_empty_chart(self) -> None:
        row = save_timeline([0, 2000])
        WorkoutSession.objects.filter(pk=row.pk).update(timeline_ms=[], sets=None)
        chart = self.chart_of(row)
        assert (chart["at"], chart["lanes"], chart["span"]) == ([], [], [0, 0])

    def test_it_charts_ten_thousand_reps_and_a_single_one(self) -> None:
        assert len(self.chart_of(save_timeline(list(range(0, 20_000_000, 2000))))["at"]) == 10_000
        assert self.chart_of(save_timeline([0]))["intervals"] == [None]


class DevicesTests(PageCase):
    def save_two(self, **more: Any) -> WorkoutSession:
        """Save a session of a phone and a watch; the watch counts what the phone misses."""
        seen_too = {"other_device_reps": [[150, 2], [2140, 2], [5900, 1]]}
        return save_timeline([0, 2000, 4000, 6000], rep_devices=[1, 1, 2, 2], **seen_too, **more)

    def test_each_device_has_a_lane_with_what_it_counted_and_what_it_saw_too(self) -> None:
        chart = self.chart_of(self.save_two())
        assert chart["lanes"] == [
            {"name": "device 1", "counted": [0, 2], "seenToo": [5.9]},
            {"name": "device 2", "counted": [4, 6], "seenToo": [0.15, 2.14]},
        ]
        assert chart["intervals"] == [None, 2, 2, 2]

    def test_the_chart_reaches_to_the_last_rep_that_any_device_saw(self) -> None:
        row = save_timeline([0, 2000], rep_devices=[1, 1], other_device_reps=[[-90, 2], [2140, 2]])
        assert self.chart_of(row)["span"] == [-0.09, 2.14]

    def test_a_table_has_the_same_figures(self) -> None:
        page = self.page(f"{SESSIONS}{self.save_two().pk}/change/")
        table = page[page.index('id="devices-title"') :]
        cells = re.findall(r"<t[dh] [^>]*data-label=[^>]*>([^<]*)</t[dh]>", table)
        assert cells[:5] == ["device 1", "2", "1", "0:00", "0:06"]
        assert cells[5:] == ["device 2", "2", "2", "0:00", "0:06"]

    def test_a_sentence_says_how_many_reps_two_devices_saw(self) -> None:
        page = self.page(f"{SESSIONS}{self.save_two().pk}/change/")
        assert "3 reps were seen by two devices and counted once." in page
        row = save_timeline([0], rep_devices=[1], other_device_reps=[[50, 2], [60, 3]])
        page = self.page(f"{SESSIONS}{row.pk}/change/")
        assert "Devices saw 2 reps that another device had already counted" in page

    def test_devices_that_took_turns_have_no_sentence(self) -> None:
        row = save_timeline([0, 2000], rep_devices=[1, 2])
        page = self.page(f"{SESSIONS}{row.pk}/change/")
        assert 'id="devices-title"' in page
        assert "counted once" not in page

    def test_sockets_that_named_no_device_are_a_device(self) -> None:
        lanes = self.chart_of(save_timeline([0, 2000], other_device_reps=[[90, 1]]))["lanes"]
        assert [lane["name"] for lane in lanes] == ["unnamed", "device 1"]
        assert lanes[0]["counted"] == [0, 2]

    def test_a_single_device_has_no_lane(self) -> None:
        row = save_timeline([0, 2000], rep_devices=[1, 1])
        assert self.chart_of(row)["lanes"] == []
        assert 'id="devices-title"' not in self.page(f"{SESSIONS}{row.pk}/change/")


class WordsTests(PageCase):
    def test_it_lists_the_sets(self) -> None:
        page = self.page(f"{SESSIONS}{save_timeline(TWO_SETS).pk}/change/")
        cells = re.findall(
            r"<t[dh] [^>]*data-label=[^>]*>([^<]*)</t[dh]>",
            page[page.index('<table class="session-sets') :],
        )
        assert cells[:12] == [
            "1",
            "5",
            "0:09",
            "2.15",
            "+15",
            "-",
            "2",
            "2",
            "0:02",
            "2.00",
            "-",
            "1:00",
        ]

    def test_a_session_that_nobody_had_to_review_has_no_empty_table_of_reviews(self) -> None:
        row = save_timeline(TWO_SETS)
        path = f"{SESSIONS}{row.pk}/change/"
        assert 'id="steps-title"' not in self.page(path)
        ReviewStep.objects.create(
            session=row,
            actor=ReviewStep.Actor.SERVICE,
            from_status=ReviewStatus.CLEAN,
            to_status=ReviewStatus.PENDING,
        )
        assert 'id="steps-title"' in self.page(path)

    def test_the_pace_is_that_within_sets(self) -> None:
        page = self.page(f"{SESSIONS}{save_timeline(CRUNCHES_MS).pk}/change/")
        for text in (
            "<dt>Reps per minute within sets</dt><dd>50.0</dd>",
            "<dt>Work and rest</dt><dd>0:43 and 3:59 (1 : 5.5)</dd>",
        ):
            assert text in page

    def test_a_session_without_a_rest_shows_no_ratio(self) -> None:
        page = self.page(f"{SESSIONS}{save_timeline([0, 2000, 4000]).pk}/change/")
        assert "<dd>0:04 without rest</dd>" in page

    def test_the_sets_are_those_that_are_stored(self) -> None:
        row = save_timeline(TWO_SETS)
        WorkoutSession.objects.filter(pk=row.pk).update(
            sets=[[4, 6300, None], [1, 0, None], [2, 2000, None]]
        )
        assert len(self.chart_of(row)["rests"]) == 2
        page = self.page(f"{SESSIONS}{row.pk}/change/")
        assert page.count('<th scope="row" data-label="Set">') == 3
        assert "<dd>0:08 and 1:02 (1 : 7.5)</dd>" in page

    def test_a_short_rest_and_no_slow_down_are_written_as_such(self) -> None:
        row = save_timeline([0, 2000, 4000, 100_000])
        WorkoutSession.objects.filter(pk=row.pk).update(
            sets=[[2, 50_000, 0.004], [1, 49_000, 0.04], [1, 0, None]]
        )
        page = self.page(f"{SESSIONS}{row.pk}/change/")
        assert "<dd>1:39 and 0:01 (1 : &lt;0.1)</dd>" in page
        assert re.findall(r'data-label="Slowdown, %"( data-empty)?>([^<]*)<', page) == [
            ("", "0"),
            ("", "+4"),
            (" data-empty", "-"),  # left out on a phone
        ]

    def test_sets_that_were_not_worked_out_are_a_dash(self) -> None:
        row = save_timeline(TWO_SETS)
        WorkoutSession.objects.filter(pk=row.pk).update(sets=None)
        page = self.page(f"{SESSIONS}{row.pk}/change/")
        assert page.count("<dd>-</dd>") == 2
        assert '<td colspan="6">-</td>' in page

    def test_it_counts_refused_and_late_reps(self) -> None:
        row = save_timeline([0, 2000], refused={"pace": 3, "of later": 1}, late_reps=[1])
        page = self.page(f"{SESSIONS}{row.pk}/change/")
        for text in (
            "Refused, over the maximum reps per minute: 3",
            "Refused, of later: 1",
            "Arrived late: 1",
        ):
            assert text in page

    def test_it_takes_at_most_12_queries(self) -> None:
        row = save_pending()
        with CaptureQueriesContext(connection) as queries:
            self.page(f"{SESSIONS}{row.pk}/change/")
        assert len(queries) <= 12


class DecisionTests(PageCase):
    def setUp(self) -> None:
        super().setUp()
        self.row = save_pending()

    def decide(self, **form: str) -> str:
        page = self.page(f"{SESSIONS}{self.row.pk}/change/")
        seen = re.search(r'name="seen" value="([^"]*)"', page)
        assert seen
        response = self.client.post(f"{SESSIONS}decision/", {"seen": seen[1], **form}, follow=True)
        return str(response.content.decode())

    def status(self) -> str:
        return WorkoutSession.objects.get(pk=self.row.pk).review_status

    def test_a_coach_decides_on_the_page_itself(self) -> None:
        page = self.decide(to="approved", note="saw it")
        assert self.status() == "approved"
        assert "Decision saved for 1 session." in page
        assert "saw it" in self.page(f"{SESSIONS}{self.row.pk}/change/")

    def test_a_rejection_without_a_note_asks_for_one(self) -> None:
        page = self.decide(to="rejected", note="")
        assert self.status() == "pending"
        assert "A rejection needs a note, which the athlete can read." in page

    def test_a_viewer_without_the_permission_is_offered_no_decision(self) -> None:
        coach = get_user_model().objects.create_user("looker", is_staff=True)
        group = Group.objects.get(name="coaches")
        coach.user_permissions.set(group.permissions.exclude(codename="review_workoutsession"))
        team = Team.objects.create(name="Lookers")
        team.coaches.add(coach)
        team.athletes.add(self.row.athlete)
        self.client.force_login(coach)
        assert 'value="approved"' not in self.page(f"{SESSIONS}{self.row.pk}/change/")


class RequestIdTests(PageCase):
    def test_it_shows_the_request_that_saved_the_session(self) -> None:
        row = save_timeline(TWO_SETS, request_id="gym.7")
        page = self.page(f"{SESSIONS}{row.pk}/change/")
        assert '<div class="readonly">gym.7</div>' in page
