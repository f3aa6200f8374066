"""manage.py invite: a link and a QR code in the terminal."""

import io

import pytest
from django.core.management import CommandError, call_command
from django.test import TestCase, override_settings
from django.utils import timezone

from workouts.models import Athlete, Invitation
from workouts.services.invitations import accept_coach_invitation
from workouts.tests.support.joins import join

BASE = "https://senim.example.org"


def invite(*arguments: str) -> str:
    """Run the command and return what it prints."""
    out = io.StringIO()
    call_command("invite", *arguments, stdout=out)
    return out.getvalue()


def find_code(printed: str, page: str) -> str:
    """Return the code in the printed link."""
    link = next(line for line in printed.splitlines() if line.startswith(BASE))
    assert link.startswith(f"{BASE}{page}#"), link
    return link.partition("#")[2]


@override_settings(SENIM_PUBLIC_URL=BASE)
class InviteTests(TestCase):
    def test_an_athletes_link_lets_the_athlete_in(self) -> None:
        Athlete.objects.create(user_id="ana")
        printed = invite("ana")
        assert join(find_code(printed, "/join/")).athlete.user_id == "ana"
        assert "new athlete" not in printed
        assert "▄" in printed

    def test_an_unknown_athlete_is_created(self) -> None:
        assert "dana is a new athlete." in invite("dana")
        assert Athlete.objects.filter(user_id="dana").exists()

    def test_a_coachs_link_makes_the_account(self) -> None:
        for options, group in (([], "coaches"), (["--head"], "head coaches")):
            code = find_code(invite("--coach", "Dana", *options), "/join/coach/")
            user = accept_coach_invitation(
                code, username=f"dana{len(options)}", password="correct horse battery"
            )
            assert [each.name for each in user.groups.all()] == [group]

    def test_what_makes_no_sense_makes_nothing(self) -> None:
        Athlete.objects.create(user_id="off", switched_off_at=timezone.now())
        for arguments in (
            [],
            ["ana", "--coach", "Dana"],
            ["ana", "--head"],
            ["no spaces"],
            ["me"],
            ["off"],
            ["--coach", "a\nb"],
        ):
            with pytest.raises(CommandError):
                invite(*arguments)
        assert not Invitation.objects.exists()

    @override_settings(SENIM_PUBLIC_URL="")
    def test_without_a_public_url_it_names_the_setting_and_makes_nothing(self) -> None:
        with pytest.raises(CommandError, match="SENIM_PUBLIC_URL is unset") as caught:
            invite("dana")
        assert "\n" not in str(caught.value)
        assert not Athlete.objects.exists()
