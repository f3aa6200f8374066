"""Dates and numbers are written as the browser's region writes them."""

import json
import re
from datetime import UTC, datetime

from django.contrib.auth import get_user_model
from django.test import SimpleTestCase, TestCase
from django.utils import formats, translation

from senim.middleware.regions import ANY_OTHER, WRITTEN_LIKE, find_middleware_variant
from workouts.models import WorkoutSession
from workouts.tests.support.cast import save_session

MOMENT = datetime(2026, 11, 30, 14, 2, tzinfo=UTC)
SESSION = "/admin/workouts/workoutsession/{}/change/"
SESSIONS = "/admin/workouts/workoutsession/"
# by the browser's language: a date, a date with the time, a day on a chart, and 1234.5
WRITTEN = {
    "": ["11/30/2026", "11/30/2026,\xa014:02", "11/30", "1,234.5"],
    "en-US,en;q=0.9": ["11/30/2026", "11/30/2026,\xa014:02", "11/30", "1,234.5"],
    "en-GB": ["30/11/2026", "30/11/2026,\xa014:02", "30/11", "1,234.5"],
    "en-AU": ["30/11/2026", "30/11/2026,\xa014:02", "30/11", "1,234.5"],
    "en-CA": ["2026-11-30", "2026-11-30,\xa014:02", "11-30", "1,234.5"],
    "en-KZ": ["30.11.2026", "30.11.2026,\xa014:02", "30.11", "1\xa0234,5"],
    "en-RU": ["30.11.2026", "30.11.2026,\xa014:02", "30.11", "1\xa0234,5"],
    "de-DE": ["30.11.2026", "30.11.2026,\xa014:02", "30.11", "1.234,5"],
    "fr": ["30/11/2026", "30/11/2026,\xa014:02", "30/11", "1\xa0234,5"],
    "ru-RU": ["30.11.2026", "30.11.2026\xa014:02", "30.11", "1\xa0234,5"],
    "kk-KZ": ["30.11.2026", "30.11.2026\xa014:02", "30.11", "1\xa0234,5"],
}


def write_examples() -> list[str]:
    names = [
        "SHORT_DATE_FORMAT",
        "SHORT_DATETIME_FORMAT",
        "CHART_DAY_FORMAT",
    ]
    return [
        *(formats.date_format(MOMENT, name) for name in names),
        formats.number_format(1234.5, 1, force_grouping=True),
    ]


class FormTests(SimpleTestCase):
    def test_forms_show_dates_as_pages_do(self) -> None:
        for variant in ("ru", "kk", ANY_OTHER, *WRITTEN_LIKE):
            with translation.override(variant):
                shown = formats.date_format(MOMENT, "SHORT_DATE_FORMAT")
                assert formats.localize_input(MOMENT.date()) == shown, variant


class RegionTests(TestCase):
    row: WorkoutSession

    @classmethod
    def setUpTestData(cls) -> None:
        cls.head = get_user_model().objects.create_superuser("head")
        cls.row = save_session("ann")
        WorkoutSession.objects.update(started_at=MOMENT)

    def setUp(self) -> None:
        self.addCleanup(translation.activate, translation.get_language())
        self.client.force_login(self.head)

    def read(self, address: str, accepted: str) -> str:
        headers = {"accept-language": accepted} if accepted else {}
        return self.client.get(address, headers=headers).content.decode()

    def test_pages_write_dates_and_numbers_as_the_region_does(self) -> None:
        for accepted, (_, moment, _, _) in WRITTEN.items():
            assert f">{moment}</" in self.read(SESSIONS, accepted), accepted
            assert f"<dd>{moment}</dd>" in self.read(SESSION.format(self.row.pk), accepted)
            # the formats that are active while the page is made
            assert write_examples() == WRITTEN[accepted], accepted

    def test_djangos_own_parts_of_a_page_write_them_the_same_way(self) -> None:
        WorkoutSession.objects.update(created_at=datetime(2026, 11, 30, 3, tzinfo=UTC))
        for accepted, (day, moment, _, _) in WRITTEN.items():
            page = self.read(SESSION.format(self.row.pk), accepted)
            assert f'<div class="readonly">{moment.replace("14:02", "03:00")}</div>' in page
            assert day in moment

    def test_charts_write_numbers_as_the_region_does(self) -> None:
        for accepted, decimal in (("en-US", "."), ("en-KZ", ","), ("de-DE", ",")):
            page = self.read(SESSION.format(self.row.pk), accepted)
            data = re.search(r'<script id="tempo-data"[^>]*>(.*?)</script>', page)
            assert data
            assert json.loads(data[1])["numbers"]["decimal"] == decimal

    def test_a_page_in_english_is_written_for_the_region_of_another_language(self) -> None:
        self.client.cookies["django_language"] = "en"
        for accepted in ("ru-KZ, en", "kk", "ru,en-US;q=0.8,en;q=0.7"):
            page = self.read(SESSION.format(self.row.pk), accepted)
            assert "<dd>30.11.2026,\xa014:02</dd>" in page, accepted
            assert "First rep" in page

    def test_a_page_in_russian_or_kazakh_is_written_like_its_language(self) -> None:
        for language in ("ru", "kk"):
            self.client.cookies["django_language"] = language
            page = self.read(SESSION.format(self.row.pk), "en-US")
            assert "<dd>30.11.2026\xa014:02</dd>" in page

    def test_the_language_switch_and_the_pages_language_still_fit(self) -> None:
        page = self.read(SESSIONS, "en-GB")
        assert '<html lang="en-gb"' in page
        assert 'value="en" lang="en" aria-current="true"' in page

    def test_answers_differ_by_the_browsers_language(self) -> None:
        answer = self.client.get(SESSIONS, headers={"accept-language": "en-GB"})
        assert "Accept-Language" in answer["Vary"]

    def test_the_export_page_names_days_as_the_region_does(self) -> None:
        address = f"{SESSIONS}export/?from=2026-11-29"
        for accepted, shown in (("en-GB", "29/11/2026"), ("en-US", "11/29/2026")):
            assert f"<strong>{shown}</strong>" in self.read(address, accepted)

    def test_exported_files_are_the_same_for_every_region(self) -> None:
        files = set()
        for accepted in ("en-US", "en-GB", "de-DE"):
            answer = self.client.get(
                f"{SESSIONS}export/file/?format=csv", headers={"accept-language": accepted}
            )
            files.add(b"".join(answer))
        assert len(files) == 1


class VariantTests(SimpleTestCase):
    def test_the_first_entry_that_is_more_than_english_decides(self) -> None:
        for accepted, variant in (
            ("en, en-GB;q=0.9", "en-gb"),
            ("en, ru;q=0.5", "en-ru"),
            ("zh-Hant-TW", "en-jp"),
            ("en-001", "en-gb"),
            ("en-PH", "en"),
            ("en-XX", "en-gb"),
            ("xx", "en-gb"),
            ("zh-TW", "en-jp"),
            ("zh-HK", "en-gb"),  # the day first, as CLDR has it
            ("en-MO", "en-gb"),
            ("*", "en"),
            ("nonsense; ÿ \0", "en"),
        ):
            assert find_middleware_variant(accepted) == variant, accepted

    def test_every_variant_has_formats_that_read_what_they_write(self) -> None:
        for variant in WRITTEN_LIKE:
            with translation.override(variant):
                shown = formats.date_format(MOMENT, "SHORT_DATE_FORMAT")
                typed = formats.localize_input(MOMENT.date())
                first = formats.get_format("DATE_INPUT_FORMATS")
                assert datetime.strptime(typed, first[0]).date() == MOMENT.date()  # noqa: DTZ007
                assert any(is_read_by(shown, each) for each in first), variant
                assert "_FORMAT" not in formats.date_format(MOMENT, "CHART_DAY_FORMAT")

    def test_there_is_one_way_to_write_a_date_and_one_to_write_a_time(self) -> None:
        for language in (*WRITTEN_LIKE, ANY_OTHER, "ru", "kk"):
            with translation.override(language):
                day, moment = (
                    formats.date_format(MOMENT, f"SHORT_{name}_FORMAT")
                    for name in ("DATE", "DATETIME")
                )
                assert formats.date_format(MOMENT) == day, language
                assert formats.date_format(MOMENT, "DATETIME_FORMAT") == moment
                assert moment in (f"{day},\xa014:02", f"{day}\xa014:02")
                assert formats.date_format(MOMENT, "CHART_DAY_FORMAT") in day
                assert formats.time_format(MOMENT.replace(hour=3, minute=0)) == "03:00"

    def test_each_region_is_written_in_one_way(self) -> None:
        names = " ".join(WRITTEN_LIKE.values()).split()
        assert len(names) == len(set(names))


def is_read_by(text: str, pattern: str) -> bool:
    try:
        return datetime.strptime(text, pattern).date() == MOMENT.date()  # noqa: DTZ007
    except ValueError:
        return False
