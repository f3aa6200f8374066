"""The list of sessions: columns, filters, and how much of the table it reads."""

from datetime import UTC, datetime, timedelta
from unittest.mock import patch

from django.db import connection
from django.test.utils import CaptureQueriesContext

from workouts.admin.sessions.page import draw_tempo_svg
from workouts.models import WorkoutSession
from workouts.tests.support.admin import SESSIONS, AdminCase
from workouts.tests.support.cast import CRUNCHES_MS, new_athlete, save_at, save_session

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


class ColumnTests(AdminCase):
    def test_it_shows_duration_pace_and_tempo(self) -> None:
        save_session(new_athlete(), reps=31)
        page = self.page(SESSIONS)
        for text in (
            'class="field-length">1:00</td>',
            'class="field-pace">30.0</td>',
            'aria-label="Tempo of 31 reps"',
        ):
            assert text in page

    def test_the_pace_is_that_within_sets(self) -> None:
        save_session(new_athlete(), times_ms=CRUNCHES_MS)
        page = self.page(SESSIONS)
        for text in (
            "Reps/min within sets",
            'class="field-pace">50.0</td>',
            'class="field-length">4:42<small class="ratio">1 : 5.5</small></td>',
        ):
            assert text in page

    def test_without_two_reps_or_known_sets_there_is_no_pace(self) -> None:
        for more in ({"reps": 1}, {"reps": 31}):
            row = save_session(new_athlete(), **more)
        WorkoutSession.objects.filter(pk=row.pk).update(sets=None)
        page = self.page(SESSIONS)
        assert page.count('class="field-pace">-</td>') == 2

    def test_the_latest_session_comes_first(self) -> None:
        rows = [save_at(NOON + timedelta(hours=hours)) for hours in (1, 3, 2)]
        listed = [row.pk for row in self.client.get(SESSIONS).context["cl"].result_list]
        assert listed == [rows[1].pk, rows[2].pk, rows[0].pk]

    def test_a_spark_is_drawn_within_its_box(self) -> None:
        assert draw_tempo_svg([0, 2000, 4000, 64_000, 65_000]) == "M0.0 1.0 L40.0 1.0 M120.0 12.0"
        assert draw_tempo_svg([]) == draw_tempo_svg([0]) == ""


class FilterTests(AdminCase):
    def setUp(self) -> None:
        super().setUp()
        self.early = save_at(datetime(2026, 3, 9, 20, 30, tzinfo=UTC))
        self.noon = save_at(NOON, user_id="bolat-2")

    def test_it_filters_by_athlete(self) -> None:
        assert self.listed(SESSIONS, athlete="bolat-2") == {self.noon.pk}
        assert self.listed(SESSIONS, athlete="bolat-2", q="aigerim") == set()
        assert '<option value="bolat-2" selected>bolat-2</option>' in self.page(
            SESSIONS, athlete="bolat-2"
        )

    def test_it_filters_by_days_both_ends_included(self) -> None:
        assert self.listed(SESSIONS, **{"from": "2026-03-10"}) == {self.noon.pk}
        assert self.listed(SESSIONS, to="2026-03-09") == {self.early.pk}
        assert self.listed(SESSIONS, **{"from": "2026-03-09", "to": "2026-03-10"}) == {
            self.early.pk,
            self.noon.pk,
        }
        assert self.listed(SESSIONS, to="9999-12-31") == {self.early.pk, self.noon.pk}

    def test_a_day_is_the_viewers(self) -> None:
        self.client.cookies["time_zone"] = "Asia/Almaty"
        assert self.listed(SESSIONS, **{"from": "2026-03-10", "to": "2026-03-10"}) == {
            self.early.pk,
            self.noon.pk,
        }

    def test_an_invalid_filter_shows_an_error_and_no_sessions(self) -> None:
        for query, error in (
            ({"from": "yesterday"}, "Enter a valid date."),
            ({"athlete": "nobody"}, "Select a valid choice."),
        ):
            assert self.listed(SESSIONS, **query) == set()
            assert error in self.page(SESSIONS, **query)

    def test_each_filter_keeps_the_others(self) -> None:
        page = self.page(
            SESSIONS,
            q="a",
            athlete="bolat-2",
            **{"from": "2026-03-10"},
            p="1",
            exercise__slug__exact="squat",
        )
        for name, value in (
            ("q", "a"),
            ("athlete", "bolat-2"),
            ("from", "2026-03-10"),
            ("exercise__slug__exact", "squat"),
        ):
            assert f'<input type="hidden" name="{name}" value="{value}">' in page
        assert '<input type="hidden" name="p"' not in page

    def test_an_empty_form_filters_nothing(self) -> None:
        assert self.listed(SESSIONS, **{"from": "", "to": "", "athlete": ""}) == {
            self.early.pk,
            self.noon.pk,
        }

    def test_exercises_are_listed_by_their_names_in_the_viewers_language(self) -> None:
        self.client.cookies.load({"django_language": "ru"})
        page = self.page(SESSIONS)
        shown = [page.index(f">{name}</a>") for name in ("Бёрпи", "Выпады", "Жим лёжа", "Скалолаз")]
        assert shown == sorted(shown)


class ReadingTests(AdminCase):
    def test_it_counts_no_more_rows_than_the_limit(self) -> None:
        for _ in range(4):
            save_session(new_athlete())
        with (
            patch("workouts.admin.paging.MAX_COUNTED", 3),
            CaptureQueriesContext(connection) as queries,
        ):
            page = self.page(SESSIONS)
        assert "More than 3: filter the list to see the rest." in page
        counts = [query["sql"] for query in queries if "COUNT(" in query["sql"]]
        assert len(counts) == 1
        assert "LIMIT 4" in counts[0]

    def test_it_offers_no_counts_of_filters(self) -> None:
        save_session(new_athlete())
        with CaptureQueriesContext(connection) as queries:
            self.client.get(SESSIONS, {"_facets": "True"})
        assert sum("COUNT(" in query["sql"] for query in queries) <= 1

    def test_it_reads_no_more_of_a_row_than_it_shows(self) -> None:
        save_session(new_athlete())
        with CaptureQueriesContext(connection) as queries:
            self.page(SESSIONS)
        reading = next(query["sql"] for query in queries if "timeline_ms" in query["sql"])
        assert not any(column in reading for column in ("refusals", "rep_devices", "device_seqs"))

    def test_a_search_looks_for_athletes_and_then_their_sessions(self) -> None:
        save_session("aigerim-1")
        with CaptureQueriesContext(connection) as queries:
            assert len(self.listed(SESSIONS, q="erim")) == 1
        assert len(queries) <= 9
