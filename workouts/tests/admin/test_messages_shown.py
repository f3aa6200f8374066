"""Pages in Russian and Kazakh show our translations, and no English."""

import re

import polib
from django.conf import settings
from django.contrib.auth import get_user_model
from django.test import SimpleTestCase, TestCase
from django.utils import translation
from django.utils.html import strip_tags
from django.utils.text import capfirst

from workouts.tests.support.reviews import save_pending

LANGUAGES = ("ru", "kk")
LISTS = [f"/admin/workouts/{name}/" for name in ("workoutsession", "athlete", "team", "exercise")]
PAGES = ["/", "/admin/", "/admin/live/", *LISTS, *(f"{address}add/" for address in LISTS[1:])]
LABEL = re.compile(r'(?:aria-label|alt|title|<input type="submit"[^>]* value)="([^"]+)"')
SPACES = re.compile(r"\s*\n\s*")


def read_ours(language: str) -> list[polib.POEntry]:
    """Return our catalog's messages without a plural form."""
    path = settings.BASE_DIR / "workouts" / "locale" / language / "LC_MESSAGES" / "django.po"
    return [entry for entry in polib.pofile(str(path)) if not entry.msgid_plural]


class OursTests(SimpleTestCase):
    def test_no_other_catalog_overrides_our_messages(self) -> None:
        for language in LANGUAGES:
            with translation.override(language):
                for entry in read_ours(language):
                    said = (
                        translation.pgettext(entry.msgctxt, entry.msgid)
                        if entry.msgctxt
                        else translation.gettext(entry.msgid)
                    )
                    assert said == entry.msgstr, entry.msgid


class PageTests(TestCase):
    def setUp(self) -> None:
        self.session = save_pending("ana", reps=24)
        self.client.force_login(get_user_model().objects.create_superuser("head"))

    def read_lines(self, address: str, language: str) -> set[str]:
        """Return a page's texts and its elements' labels."""
        response = self.client.get(
            address, headers={"accept": "text/html", "accept-language": language}
        )
        assert response.status_code == 200, address
        page = re.sub(r"(?s)<(script|style)\b.*?</\1>", "", response.content.decode())
        texts = [*SPACES.split(strip_tags(page.replace(">", ">\n"))), *LABEL.findall(page)]
        return {text.strip(" :") for text in texts}

    def test_no_page_has_an_untranslated_message(self) -> None:
        session = f"/admin/workouts/workoutsession/{self.session.pk}/change/"
        athlete = f"/admin/workouts/athlete/{self.session.athlete.pk}/change/"
        decision = f"/admin/workouts/workoutsession/decision/?to=rejected&ids={self.session.pk}"
        others = [
            "/admin/workouts/workoutsession/export/",
            "/admin/workouts/workoutsession/parked/",
        ]
        for language in LANGUAGES:
            entries = [entry for entry in read_ours(language) if entry.msgid != entry.msgstr]
            english = {form for entry in entries for form in (entry.msgid, capfirst(entry.msgid))}
            translated = {
                form for entry in entries for form in (entry.msgstr, capfirst(entry.msgstr))
            }
            for address in [*PAGES, *others, session, athlete, decision]:
                lines = self.read_lines(address, language)
                assert lines & english == set(), (language, address)
                assert lines & translated, (language, address)
