"""What pages have in common: red for what is final, "Cancel" as a button, tables that scroll."""

import re
from collections.abc import Iterator
from pathlib import Path

from django.test import SimpleTestCase
from django.urls import reverse

import workouts
from workouts.models import Athlete, DisplayLink, JoinedDevice
from workouts.services.display_links import make_display_link
from workouts.services.key_making import make_api_key
from workouts.tests.support.admin import ATHLETES
from workouts.tests.support.coach_cast import CoachCase

# a form's styles, or a page of Django's that has them
FORM_STYLES = (
    "admin/css/forms.css",
    '{% extends "admin/submit_line.html" %}',
    '{% extends "admin/auth/user/change_password.html" %}',
    '{% extends "registration/password_change_form.html" %}',
)
TEMPLATES = Path(workouts.__file__).parent / "templates"


def read_templates() -> Iterator[tuple[Path, str]]:
    for path in TEMPLATES.rglob("*.html"):
        yield path, path.read_text()


class FinalButtonTests(CoachCase):
    def test_only_what_cannot_be_undone_has_a_red_button(self) -> None:
        device = JoinedDevice.objects.create(athlete=self.athlete, name="Phone")
        other = Athlete.objects.create(user_id="ana-2")
        key, _text = make_api_key(
            name="app", coach=None, may_finish=False, expires_at=None, created_by=self.root
        )
        self.client.force_login(self.root)
        merge = f"{ATHLETES}merge/?ids={self.athlete.pk}&ids={other.pk}"
        for path, button, kind in (
            (f"{self.athlete_page}forget/", "Forget", "is-final"),
            (merge, "Merge", "is-final"),
            (f"{ATHLETES}devices/{device.pk}/cut-off/", "Cut off", "is-final"),
            (f"/admin/workouts/apikey/{key.pk}/revoke/", "Revoke", "is-final"),
            (f"{self.athlete_page}switch/?to=off", "Switch off", "default"),
        ):
            assert f'<input type="submit" class="{kind}" value="{button}">' in self.page(path)

    def test_what_leads_to_its_question_is_marked_as_such(self) -> None:
        device = JoinedDevice.objects.create(athlete=self.athlete, name="Phone")
        make_display_link(team=self.team, name="Gym", by=self.root)
        screen = reverse("admin:workouts_displaylink_revoke", args=[DisplayLink.objects.get().pk])
        self.client.force_login(self.root)
        for path, link in (
            (f"{self.athlete_page}change/", f"{self.athlete_page}forget/"),
            (f"{self.athlete_page}change/", f"{ATHLETES}devices/{device.pk}/cut-off/"),
            (f"{self.team_page}change/", screen),
        ):
            tags = re.findall(f'<a [^>]*href="{re.escape(link)}"[^>]*>', self.page(path))
            assert len(tags) == 1, link
            assert re.search(r'class="(button )?is-final"', tags[0]), link


class CancelTests(CoachCase):
    def test_forms_have_a_way_back(self) -> None:
        self.client.force_login(self.root)
        users = "/admin/auth/user/"
        for path, back in (
            (f"{ATHLETES}add/", ATHLETES),
            (f"{ATHLETES}add/?team={self.team.pk}", f"{self.team_page}change/"),
            (f"{ATHLETES}add/?team=0", ATHLETES),
            (f"{users}add/", users),
            (f"{users}{self.coach.pk}/password/", f"{users}{self.coach.pk}/change/"),
            ("/admin/workouts/apikey/add/", "/admin/workouts/apikey/"),
            ("/admin/password_change/", "/admin/"),
            ("/admin/second-factor/", "/admin/"),
        ):
            assert f'<a class="closelink" href="{back}">Cancel</a>' in self.page(path), path
        assert "closelink" not in self.page(f"{ATHLETES}add/?_popup=1")


class TemplateTests(SimpleTestCase):
    def test_a_table_that_scrolls_can_be_focused_and_has_a_name(self) -> None:
        found = [
            (path, tag)
            for path, text in read_templates()
            for tag in re.findall(r'<div class="[^"]*\bsession-scroll\b[^>]*>', text)
        ]
        assert found
        for path, tag in found:
            assert re.search(r'tabindex="0" role="region" aria-label(ledby)?="', tag), path

    def test_cancel_is_a_button_wherever_it_is(self) -> None:
        found = [each for each in read_templates() if 'class="closelink"' in each[1]]
        assert found
        for path, text in found:
            assert any(each in text for each in FORM_STYLES), path  # without it, a bare link
