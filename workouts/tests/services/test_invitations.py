"""Invitations: links and QR codes, a coach's yes and no, and new coaches' accounts."""

import xml.etree.ElementTree as ET

import pytest
from django.contrib.admin.models import ADDITION, LogEntry
from django.contrib.auth.models import Permission, User
from django.core.exceptions import ValidationError
from django.test import TestCase, TransactionTestCase, override_settings

from workouts.exceptions import Code
from workouts.identity.athlete_ids import USER_ID
from workouts.models import Athlete, Invitation, Team, WaitingAthlete
from workouts.services.invitations import (
    accept_coach_invitation,
    add_athlete,
    admit_waiting,
    decline_waiting,
    draw_invitation_qr,
    draw_invitation_qr_for_terminal,
    invitation_link,
    invite_coach,
    invite_team,
    withdraw_invitation,
)
from workouts.services.new_athletes import make_user_id
from workouts.services.roles import Role, give_role
from workouts.tests.support.at_once import run_at_once
from workouts.tests.support.joins import join, new_address, refused
from workouts.tests.support.log_lines import capture_unlimited_logs

PASSWORD = "correct horse battery"


class LinkTests(TestCase):
    @override_settings(SENIM_PUBLIC_URL="https://senim.example.org/gym")
    def test_it_begins_with_the_public_url_and_has_the_code_in_the_fragment(self) -> None:
        base = "https://senim.example.org/gym"
        assert invitation_link("abc", "athlete", "http://x") == f"{base}/join/#abc"
        assert invitation_link("abc", "team") == f"{base}/join/team/#abc"
        assert invitation_link("abc", "coach") == f"{base}/join/coach/#abc"

    def test_without_one_it_takes_the_callers_or_names_the_setting(self) -> None:
        assert invitation_link("abc", "athlete", "http://x/") == "http://x/join/#abc"
        with refused(Code.UNAVAILABLE) as caught:
            invitation_link("abc", "athlete")
        assert "SENIM_PUBLIC_URL" in str(caught.value)

    def test_its_qr_code_is_an_svg_that_the_policy_allows(self) -> None:
        svg = draw_invitation_qr("https://senim.example.org/join/#abc")
        root = ET.fromstring(svg)  # noqa: S314 (our own)
        assert root.tag == "svg"
        assert "viewBox" in root.attrib
        assert not {"style", "class"} & {name for each in root.iter() for name in each.attrib}

    def test_its_qr_code_fits_a_terminal(self) -> None:
        lines = draw_invitation_qr_for_terminal("https://senim.example.org/join/#abc").splitlines()
        assert 10 < len(lines) < 30


class NameTests(TestCase):
    def test_the_user_id_is_made_from_any_letters(self) -> None:
        for name, stem in {
            "Айгүл Қасым": "aygul-qasym-",
            "Щукин Ёж": "shchukin-yozh-",
            "José Müller": "jose-muller-",
            "李小龍": "athlete-",
            "": "athlete-",
            "me": "me-",
            "x" * 128: "x" * 40 + "-",
        }.items():
            user_id = make_user_id(name)
            assert user_id.startswith(stem), user_id
            assert USER_ID.match(user_id), user_id

    def test_an_added_athlete_is_in_the_team(self) -> None:
        team = Team.objects.create(name="Juniors")
        athlete = add_athlete(name="Әлия", by=None, team=team)
        assert athlete.display_name == "Әлия"
        assert list(team.athletes.all()) == [athlete]
        assert add_athlete(name="Әлия", by=None, team=None) != athlete


class WaitingTests(TestCase):
    def setUp(self) -> None:
        self.team = Team.objects.create(name="Juniors")
        self.joined = join(invite_team(team=self.team, by=None).code, name="Ana")
        self.waiting = WaitingAthlete.objects.get()

    def test_a_yes_takes_the_athlete_into_the_team_once(self) -> None:
        assert admit_waiting(self.waiting, None)
        assert not admit_waiting(self.waiting, None)
        assert not decline_waiting(self.waiting, None)
        assert list(self.team.athletes.all()) == [self.joined.athlete]
        self.joined.device.refresh_from_db()
        assert self.joined.device.revoked_at is None

    def test_a_no_cuts_off_what_joined_by_this_teams_links_alone(self) -> None:
        other = Team.objects.create(name="Seniors")
        invitation = invite_team(team=other, by=None).invitation
        kept = self.joined.athlete.joined_devices.create(invitation=invitation, join_hash="x")
        assert decline_waiting(self.waiting, None)
        assert not admit_waiting(self.waiting, None)
        assert not self.team.athletes.exists()
        for device, is_cut_off in ((self.joined.device, True), (kept, False)):
            device.refresh_from_db()
            assert (device.revoked_at is not None) == is_cut_off

    def test_a_yes_for_an_athlete_merged_meanwhile_is_the_kept_ones(self) -> None:
        kept = Athlete.objects.create(user_id="kept")
        Athlete.objects.filter(pk=self.joined.athlete.pk).update(merged_into=kept)
        admit_waiting(self.waiting, None)
        assert list(self.team.athletes.all()) == [kept]


class CoachTests(TestCase):
    def accept(self, code: str, username: str = "dana", password: str = PASSWORD) -> User:
        return accept_coach_invitation(
            code, username=username, password=password, address=new_address()
        )

    def test_the_account_is_staff_in_its_group_with_its_team(self) -> None:
        team = Team.objects.create(name="Juniors")
        user = self.accept(invite_coach(name="Дана", is_head_coach=False, by=None, team=team).code)
        assert (user.first_name, user.is_staff, user.is_superuser) == ("Дана", True, False)
        assert [group.name for group in user.groups.all()] == ["coaches"]
        assert list(team.coaches.all()) == [user]
        assert self.client.login(username="dana", password=PASSWORD)

    def test_a_head_coach_is_in_the_head_coaches_group(self) -> None:
        user = self.accept(invite_coach(name="Dana", is_head_coach=True, by=None).code)
        assert user.has_perm("workouts.view_all_athletes")

    def test_it_works_once(self) -> None:
        code = invite_coach(name="Dana", is_head_coach=False, by=None).code
        self.accept(code)
        with refused(Code.INVITATION_USED):
            self.accept(code, "other")
        assert not User.objects.filter(username="other").exists()

    def test_what_the_form_gets_wrong_uses_nothing_up(self) -> None:
        User.objects.create_user("taken")
        code = invite_coach(name="Dana", is_head_coach=False, by=None).code
        for username, password, field in (
            ("taken", PASSWORD, "username"),
            ("a b", PASSWORD, "username"),
            ("", PASSWORD, "username"),
            ("dana", "12345678", "password"),
            ("dana", "", "password"),
            ("longusername", "longusername", "password"),
        ):
            with pytest.raises(ValidationError) as caught:
                self.accept(code, username, password)
            assert [*caught.value.error_dict] == [field]
        assert Invitation.objects.get().uses == 0

    def test_an_athletes_or_withdrawn_or_wrong_code_makes_no_account(self) -> None:
        team = invite_team(team=Team.objects.create(name="Juniors"), by=None)
        coach = invite_coach(name="Dana", is_head_coach=True, by=None)
        withdraw_invitation(coach.invitation)
        for code in (team.code, coach.code, "wrong"):
            with refused(Code.INVITATION_INVALID):
                self.accept(code)
        assert not User.objects.exists()


class MakerTests(TestCase):
    """A coach's invitation is worth no more than whoever made it."""

    def setUp(self) -> None:
        self.maker = User.objects.create_user("maker")
        give_role(self.maker, Role.HEAD_COACH)
        self.coach, self.head = (self.invite(is_head_coach=each) for each in (False, True))

    def invite(self, *, is_head_coach: bool) -> str:
        return invite_coach(name="Dana", is_head_coach=is_head_coach, by=self.maker).code

    def accept(self, code: str) -> User:
        return accept_coach_invitation(
            code, username="dana", password=PASSWORD, address=new_address()
        )

    def check_both_are_refused(self) -> None:
        for code in (self.coach, self.head):
            with refused(Code.INVITATION_INVALID):
                self.accept(code)
        assert not User.objects.filter(username="dana").exists()

    def test_the_audit_trail_and_the_log_say_who_let_the_new_coach_in(self) -> None:
        by_hand = invite_coach(name="Erlan", is_head_coach=False, by=None)
        with capture_unlimited_logs() as logs:
            dana = self.accept(self.coach)
            erlan = accept_coach_invitation(by_hand.code, username="erlan", password=PASSWORD)
        for user, by in ((dana, self.maker), (erlan, erlan)):
            entry = LogEntry.objects.get(object_id=str(user.pk))
            assert (entry.user, entry.action_flag) == (by, ADDITION)
            assert (entry.object_repr, str(entry)) == (str(user), f"Added “{user}”.")
        joined = [line for line in logs if line["event"] == "coach_joined"]
        assert [line["by"] for line in joined] == ["maker", None]
        assert joined[1]["invitation"] == by_hand.invitation.pk

    def test_it_works_while_the_maker_has_the_role(self) -> None:
        assert self.accept(self.head).groups.get().name == "head coaches"

    def test_nobody_comes_back_by_it_after_being_demoted(self) -> None:
        for role in (Role.COACH, Role.NONE):
            give_role(self.maker, role)
            self.check_both_are_refused()

    def test_who_may_still_invite_coaches_makes_no_head_coach(self) -> None:
        give_role(self.maker, Role.COACH)
        self.maker.user_permissions.add(Permission.objects.get(codename="invite_coach"))
        with refused(Code.INVITATION_INVALID):
            self.accept(self.head)
        assert self.accept(self.coach).groups.get().name == "coaches"

    def test_it_ends_with_the_makers_account(self) -> None:
        team = invite_team(team=Team.objects.create(name="Juniors"), by=self.maker)
        User.objects.filter(pk=self.maker.pk).delete()  # several at once, as the admin does
        self.check_both_are_refused()
        with refused(Code.INVITATION_INVALID):
            join(team.code, name="Ana")
        assert not Invitation.objects.usable().exists()


class CoachAtOnceTests(TransactionTestCase):
    serialized_rollback = True

    def test_one_link_makes_one_account(self) -> None:
        code = invite_coach(name="Dana", is_head_coach=True, by=None).code
        names = iter(f"dana{n}" for n in range(8))
        results = run_at_once(
            lambda: accept_coach_invitation(code, username=next(names), password=PASSWORD), 8
        )
        assert sum(isinstance(result, User) for result in results) == 1
        assert User.objects.count() == 1
