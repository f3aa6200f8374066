"""Links for screens on a team's page: made, listed and revoked there."""

import re
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Permission

from workouts.admin.screens import SHOWN
from workouts.models import DisplayLink
from workouts.services.display_links import make_display_link
from workouts.tests.support.coach_cast import TEAMS, CoachCase


class ScreenTests(CoachCase):
    def setUp(self) -> None:
        super().setUp()
        self.path = f"{self.team_page}screen/"

    def make(self) -> DisplayLink:
        return make_display_link(team=self.team, name="Hall 2", by=self.coach).display_link

    def revoke_path(self, display_link: DisplayLink) -> str:
        return f"{TEAMS}screens/{display_link.pk}/revoke/"

    def test_a_coach_makes_a_link_that_is_shown_once_and_recorded(self) -> None:
        page = self.client.post(self.path, {"name": "Hall 2"}).content.decode()
        (link,) = re.findall(r'id="invitation-link">([^<]+)<', page)
        assert re.fullmatch(r"http://testserver/wall/#[\w-]{43}", link)
        assert "<svg" in page
        made = DisplayLink.objects.get()
        assert (made.team, made.name, made.created_by) == (self.team, "Hall 2", self.coach)
        assert self.history(self.team) == ["Added screen link “Hall 2”."]
        token = link.partition("#")[2]
        assert token not in self.page(f"{self.team_page}change/")

    def test_a_link_begins_with_the_public_address(self) -> None:
        with self.settings(SENIM_PUBLIC_URL="https://senim.example.org"):
            page = self.client.post(self.path, {"name": "Hall 2"}).content.decode()
        assert "https://senim.example.org/wall/#" in page

    def test_in_token_mode_no_link_is_made_without_a_public_address(self) -> None:
        with self.settings(SENIM_AUTH="token"):
            page = self.client.post(self.path, {"name": "Hall 2"}).content.decode()
        assert "SENIM_PUBLIC_URL" in page
        assert not DisplayLink.objects.exists()

    def test_a_screen_needs_a_name(self) -> None:
        response = self.client.post(self.path, {"name": " "})
        assert "name" in response.context["form"].errors
        assert not DisplayLink.objects.exists()

    def test_the_teams_page_lists_screens_until_they_are_revoked(self) -> None:
        self.coach.first_name, self.coach.last_name = "Ana", "Lee"
        self.coach.save()
        page = self.page(f"{self.team_page}change/")
        assert "No screen shows this team's wall." in page
        made = self.make()
        page = self.page(f"{self.team_page}change/")
        for text in ("Hall 2", "Not used yet", "made by Ana Lee (coach)", self.revoke_path(made)):
            assert text in page
        self.client.post(self.revoke_path(made), {"answer": "yes"})
        assert self.revoke_path(made) not in self.page(f"{self.team_page}change/")

    def test_the_teams_page_says_how_many_screens_it_does_not_list(self) -> None:
        DisplayLink.objects.bulk_create(
            DisplayLink(team=self.team, name=f"Hall {number}", token_hash=str(number))
            for number in range(SHOWN)
        )
        assert "not shown" not in self.page(f"{self.team_page}change/")
        self.make()
        assert "1 more screen is not shown." in self.page(f"{self.team_page}change/")
        self.make()
        assert "2 more screens are not shown." in self.page(f"{self.team_page}change/")

    def test_a_link_whose_maker_was_switched_off_says_so(self) -> None:
        self.make()
        assert "switched off" not in self.page(f"{self.team_page}change/")
        get_user_model().objects.filter(pk=self.coach.pk).update(is_active=False)
        self.client.force_login(self.root)
        assert "switched off" in self.page(f"{self.team_page}change/")

    def test_revoking_is_asked_for_and_recorded_once(self) -> None:
        made = self.make()
        assert "goes dark" in self.page(self.revoke_path(made))
        made.refresh_from_db()
        assert made.revoked_at is None
        for _ in range(2):
            self.client.post(self.revoke_path(made), {"answer": "yes"})
        made.refresh_from_db()
        assert made.revoked_at is not None
        assert self.history(self.team) == ["Changed validity (revoked) for screen link “Hall 2”."]

    def test_another_teams_coach_neither_makes_nor_revokes_links(self) -> None:
        made = self.make()
        attempts: list[tuple[str, dict[str, Any]]] = [
            (self.path, {"name": "Spy"}),
            (self.revoke_path(made), {"answer": "yes"}),
        ]
        for path, form in attempts:
            assert self.status(self.other, path, **form) == 404
        assert list(DisplayLink.objects.filter(revoked_at=None)) == [made]

    def test_without_the_permissions_there_are_no_screens(self) -> None:
        made = self.make()
        group = self.coach.groups.get()
        group.permissions.remove(*Permission.objects.filter(content_type__model="displaylink"))
        assert self.status(self.coach, self.path, name="Hall 3") == 403
        assert self.status(self.coach, self.revoke_path(made), answer="yes") == 403
        assert 'id="screens"' not in self.page(f"{self.team_page}change/")
