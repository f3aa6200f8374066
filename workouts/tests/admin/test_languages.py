"""Every message, ours and Django's, is translated, and no translation is broken."""

import json
import re
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import django
import polib
from django.conf import settings
from django.contrib.admin.models import LogEntry
from django.test import SimpleTestCase
from django.utils import formats, translation
from django.utils.translation import trans_real

from workouts.tests.support.required import need
from workouts.tests.support.service import clean_environment, fresh_folder

LANGUAGES = ("ru", "kk")
# the packages whose catalogs must have every message
COMPLETE = ("senim", "workouts")
FOLDERS = ("senim/locale", "senim/django_locale", "workouts/locale")
DJANGO = Path(django.__file__).parent
SHOWN = (
    "conf",
    "contrib/admin",
    "contrib/auth",
    "contrib/contenttypes",
    "contrib/sessions",
    "contrib/messages",
)
PLURALS = {"ru": (3, 4), "kk": (1, 2)}
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[srd]|\{\w*\}|<[^>]+>|%%")
# rightly the same in another language: signs, names, and words like Email
SAME = {
    ":",
    ":?.!",
    ", ",
    "…",
    "%(truncated_text)s…",
    "IPv4",
    "IPv6",
    "URL",
    "Email",
    "%(class_name)s %(instance)s",
    "Slug",
    "OK",
    "%(name)s",
}


def find_catalogs() -> Iterator[tuple[str, Path]]:
    """Yield the language and path of each .po file of ours."""
    for folder in FOLDERS:
        for path in sorted((settings.BASE_DIR / folder).glob("*/LC_MESSAGES/*.po")):
            yield path.parts[-3], path


def read_entries(path: Path) -> dict[tuple[str | None, str], polib.POEntry]:
    """Return the entries in use, by context and message."""
    return {
        (entry.msgctxt, entry.msgid): entry
        for entry in polib.pofile(str(path))
        if not entry.obsolete
    }


def read_texts(entry: polib.POEntry) -> list[str]:
    """Return an entry's translation: one text, or one per plural form."""
    return list(entry.msgstr_plural.values()) if entry.msgid_plural else [entry.msgstr]


def find_django_messages(domain: str) -> Iterator[polib.POEntry]:
    """Yield the messages of Django's pages, forms and errors."""
    for package in SHOWN:
        path = DJANGO / package / "locale" / "en" / "LC_MESSAGES" / f"{domain}.po"
        if path.exists():
            yield from (entry for entry in polib.pofile(str(path)) if not entry.obsolete)


class CatalogTests(SimpleTestCase):
    def test_each_language_has_all_catalogs(self) -> None:
        assert Counter(language for language, _ in find_catalogs()) == {"ru": 4, "kk": 4}

    def test_catalogs_are_compiled(self) -> None:
        for _, path in find_catalogs():
            compiled = {
                (entry.msgctxt, entry.msgid): read_texts(entry)
                for entry in polib.mofile(str(path.with_suffix(".mo")))
            }
            assert compiled == {
                key: read_texts(entry) for key, entry in read_entries(path).items()
            }, f"compile {path}"

    def test_every_message_is_translated(self) -> None:
        for _, path in find_catalogs():
            for entry in read_entries(path).values():
                assert not entry.fuzzy, f"{path}: {entry.msgid}"
                assert all(read_texts(entry)), f"{path}: {entry.msgid}"

    def test_plural_forms_fit_the_language(self) -> None:
        for language, path in find_catalogs():
            header = polib.pofile(str(path)).metadata["Plural-Forms"]
            count = int(header.split(";")[0].split("=")[1])
            assert count in PLURALS[language]
            for entry in read_entries(path).values():
                assert not entry.msgid_plural or len(entry.msgstr_plural) == count, (
                    f"{path}: {entry.msgid}"
                )

    def test_translations_keep_the_placeholders(self) -> None:
        for _, path in find_catalogs():
            for entry in read_entries(path).values():
                expected = Counter(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid))
                for text in read_texts(entry):
                    assert Counter(PLACEHOLDER.findall(text)) == expected, f"{path}: {text}"


class DjangoTests(SimpleTestCase):
    def find_gaps(self, catalog: trans_real.TranslationCatalog, domain: str) -> list[str]:
        gaps = []
        for entry in find_django_messages(domain):
            key = f"{entry.msgctxt}\x04{entry.msgid}" if entry.msgctxt else entry.msgid
            try:
                texts = (
                    [catalog.plural(key, number) for number in (1, 2, 5)]
                    if entry.msgid_plural
                    else [catalog.get(key)]
                )
            except KeyError:
                texts = [None]
            if not all(texts) or (entry.msgid in texts and entry.msgid not in SAME):
                gaps.append(entry.msgid)
        return gaps

    def test_djangos_pages_are_fully_translated(self) -> None:
        for language in LANGUAGES:
            assert self.find_gaps(trans_real.translation(language)._catalog, "django") == []

    def test_djangos_scripts_are_fully_translated(self) -> None:
        for language in LANGUAGES:
            made = trans_real.DjangoTranslation(
                language, domain="djangojs", localedirs=[str(DJANGO / "contrib/admin/locale")]
            )
            assert self.find_gaps(made._catalog, "djangojs") == []

    def test_our_translations_override_djangos(self) -> None:
        for language, text in (
            ("kk", "Таңдалғанды өшіру: сессиялар"),
            ("ru", "Удалить выбранное: сессиялар"),
        ):
            with translation.override(language):
                assert (
                    translation.gettext("Delete selected %(verbose_name_plural)s")
                    % {"verbose_name_plural": "сессиялар"}
                    == text
                )

    def test_the_history_has_no_words_that_would_have_to_agree_in_russian(self) -> None:
        part = {"name": "invitation", "object": "T1"}
        fields = {"fields": ["validity (withdrawn)"]}
        with translation.override("ru"):
            said = [
                LogEntry(change_message=json.dumps([message])).get_change_message()
                for message in (
                    {"added": part},
                    {"changed": {**part, **fields}},
                    {"changed": fields},
                    {"deleted": part},
                )
            ]
            (validity,) = map(translation.gettext, fields["fields"])
        assert said == [
            "Добавлено: приглашение «T1».",
            f"Изменено: приглашение «T1» — {validity}.",
            f"Изменено: {validity}.",
            "Удалено: приглашение «T1».",
        ]


class FormatTests(SimpleTestCase):
    MOMENT = datetime(2026, 11, 4, 9, 5)  # noqa: DTZ001  (already in the viewer's zone)

    def test_dates_are_written_as_in_the_language(self) -> None:
        shown = {
            "kk": [
                "04.11.2026",
                "04.11.2026\xa009:05",
                "2026 ж. қараша",
                "4 қараша",
                "04.11.2026\xa009:05",
            ],
            "ru": [
                "04.11.2026",
                "04.11.2026\xa009:05",
                "Ноябрь 2026 г.",
                "4 ноября",
                "04.11.2026\xa009:05",
            ],
        }
        names = [
            "DATE_FORMAT",
            "DATETIME_FORMAT",
            "YEAR_MONTH_FORMAT",
            "MONTH_DAY_FORMAT",
            "SHORT_DATETIME_FORMAT",
        ]
        for language, texts in shown.items():
            with translation.override(language):
                assert [formats.date_format(self.MOMENT, name) for name in names] == texts

    def test_it_reads_dates_as_people_type_them(self) -> None:
        for language in LANGUAGES:
            with translation.override(language):
                first = formats.get_format("DATE_INPUT_FORMATS")[0]
                assert datetime.strptime("04.11.2026", first) == datetime(2026, 11, 4)  # noqa: DTZ001, DTZ007
                assert "%Y-%m-%d" in formats.get_format("DATE_INPUT_FORMATS")
                assert formats.get_format("FIRST_DAY_OF_WEEK") == 1

    def test_no_line_breaks_before_a_percent_sign(self) -> None:
        for _, path in find_catalogs():
            for entry in read_entries(path).values():
                for text in read_texts(entry):
                    assert not re.search(r"[\ds] %%", text), f"{path}: {text}"

    def test_numbers_are_grouped_but_ids_are_not(self) -> None:
        for language in LANGUAGES:
            with translation.override(language):
                assert (
                    formats.number_format(1234567.5, 1, force_grouping=True) == "1\xa0234\xa0567,5"
                )
                assert formats.localize(1234567) == "1234567"  # ids stay what they are


class CodeTests(SimpleTestCase):
    def extract(self, package: str) -> Path:
        """Run makemessages on a copy of the package, and return the copy."""
        copy = fresh_folder() / package
        shutil.copytree(
            settings.BASE_DIR / package,
            copy,
            ignore=shutil.ignore_patterns("tests", "__pycache__", "django_locale"),
        )
        languages = [argument for language in LANGUAGES for argument in ("--locale", language)]
        command = [sys.executable, "-m", "django", "makemessages", "--no-location", *languages]
        subprocess.run(command, cwd=copy, env=clean_environment(), check=True, capture_output=True)
        return copy

    def test_catalogs_have_the_messages_of_the_code(self) -> None:
        need("gettext", shutil.which("xgettext"), "the package gettext has it")
        for package in COMPLETE:
            copy = self.extract(package)
            for language in LANGUAGES:
                path = Path("locale", language, "LC_MESSAGES", "django.po")
                assert set(read_entries(copy / path)) == set(
                    read_entries(settings.BASE_DIR / package / path)
                ), "run makemessages"
