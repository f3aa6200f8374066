"""The Users page: roles instead of flags, and nobody rises above their own."""

from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission

from workouts.models import Invitation, Team
from workouts.services.invitations import accept_coach_invitation
from workouts.services.roles import Role, find_role
from workouts.tests.support.coach_cast import USERS, CoachCase

PASSWORD = "lunges-before-breakfast"
DATES = {"date_joined_0": "2026-01-01", "date_joined_1": "10:00:00"}  # on a superuser's form


class RoleCase(CoachCase):
    def setUp(self) -> None:
        self.client.force_login(self.head)

    def role(self, user: Any) -> Role:
        return find_role(get_user_model().objects.get(pk=user.pk))

    def change(self, user: Any, **form: Any) -> Any:
        given = {"username": user.username, "is_active": "on", "teams": [], **form}
        return self.client.post(f"{USERS}{user.pk}/change/", given)


class RoleTests(RoleCase):
    def test_the_list_shows_roles_and_teams(self) -> None:
        page = self.page(USERS)
        for text in ("head coach", "superuser", "Juniors", 'column-last_login"'):
            assert text in page
        assert "Staff status" not in page

    def test_the_list_counts_users_as_other_lists_count(self) -> None:
        self.client.cookies["django_language"] = "kk"
        assert f"Барлығы: {get_user_model().objects.count()}" in self.page(USERS)

    def test_a_role_gives_and_takes_flags_and_groups(self) -> None:
        person = get_user_model().objects.create_user("person")
        for by, role in (
            (self.head, Role.COACH),
            (self.head, Role.HEAD_COACH),
            (self.root, Role.NONE),
        ):
            self.client.force_login(by)
            assert self.change(person, role=role.value, **DATES).status_code == 302
            person.refresh_from_db()
            assert (self.role(person), person.is_staff) == (role, role is not Role.NONE)
        assert not person.groups.exists()

    def test_teams_are_chosen_with_the_role(self) -> None:
        self.change(self.coach, role=Role.COACH.value, teams=[self.other_team.pk])
        assert [*Team.objects.filter(coaches=self.coach)] == [self.other_team]
        assert self.history(self.coach) == ["Changed Teams."]

    def test_a_head_coach_adds_a_coach(self) -> None:
        form = {
            "username": "dana",
            "first_name": "Dana",
            "role": Role.COACH.value,
            "teams": [self.team.pk],
            "password1": PASSWORD,
            "password2": PASSWORD,
        }
        assert 'name="usable_password"' not in self.page(f"{USERS}add/")
        assert self.client.post(f"{USERS}add/", form).status_code == 302
        dana = get_user_model().objects.get(username="dana")
        assert (self.role(dana), dana.first_name) == (Role.COACH, "Dana")
        assert self.team in dana.teams.all()

    def test_the_form_asks_for_a_role_and_has_flags_for_superusers_only(self) -> None:
        path = f"{USERS}{self.coach.pk}/change/"
        page = self.page(path)
        assert 'name="role"' in page
        for name in ("is_staff", "is_superuser", "groups", "user_permissions"):
            assert f'name="{name}"' not in page
        self.client.force_login(self.root)
        page = self.page(path)
        assert 'name="user_permissions"' in page
        assert "Advanced" in page

    def test_the_page_leads_to_the_password_and_does_not_show_its_hash(self) -> None:
        path = f"{USERS}{self.coach.pk}/change/"
        for user in (self.head, self.root):
            self.client.force_login(user)
            for password, said in ((PASSWORD, "Reset password"), (None, "No password set.")):
                self.coach.set_password(password)
                self.coach.save()
                page = self.page(path)
                assert said in page
                assert 'href="../password/"' in page
                assert "algorithm" not in page


class BoundTests(RoleCase):
    def test_a_head_coach_makes_nobody_a_superuser(self) -> None:
        for form in ({"role": Role.SUPERUSER.value}, {"role": "1", "is_superuser": "on"}):
            self.change(self.coach, **form)
            assert self.role(self.coach) is Role.COACH
        assert '<option value="3"' not in self.page(f"{USERS}{self.coach.pk}/change/")

    def test_a_head_coach_neither_changes_nor_deletes_a_superuser(self) -> None:
        path = f"{USERS}{self.root.pk}/"
        assert 'name="_save"' not in self.page(f"{path}change/")
        assert self.change(self.root, role="0").status_code == 403
        assert self.client.get(f"{path}password/").status_code == 403
        assert self.status(self.head, f"{path}delete/", post="yes") == 403
        assert self.role(self.root) is Role.SUPERUSER

    def test_a_head_coach_sets_no_equals_password(self) -> None:
        equal = get_user_model().objects.create_user("equal", is_staff=True)
        equal.groups.add(Group.objects.get(name="head coaches"))
        form = {"usable_password": "true", "password1": PASSWORD, "password2": PASSWORD}
        for user, status in ((equal, 403), (self.root, 403), (self.coach, 302)):
            assert self.client.post(f"{USERS}{user.pk}/password/", form).status_code == status
            user.refresh_from_db()
            assert user.check_password(PASSWORD) == (status == 302)

    def test_a_head_coach_neither_demotes_nor_switches_off_an_equal(self) -> None:
        equal = get_user_model().objects.create_user("equal", is_staff=True)
        equal.groups.add(Group.objects.get(name="head coaches"))
        form = {"role": Role.COACH.value, "is_active": "", "first_name": "Dana"}
        assert self.change(equal, **form).status_code == 302
        equal.refresh_from_db()
        assert (self.role(equal), equal.is_active) == (Role.HEAD_COACH, True)
        assert equal.first_name == "Dana"
        self.client.force_login(self.root)
        self.change(equal, **form, **DATES)
        equal.refresh_from_db()
        assert (self.role(equal), equal.is_active) == (Role.COACH, False)

    def test_an_account_with_rights_that_the_head_coach_lacks_is_out_of_reach(self) -> None:
        self.coach.user_permissions.add(Permission.objects.get(codename="delete_user"))
        assert self.change(self.coach, role="0").status_code == 403
        assert self.client.get(f"{USERS}{self.coach.pk}/password/").status_code == 403

    def test_nobody_changes_their_own_role_or_shuts_themselves_out(self) -> None:
        for user, role in ((self.head, Role.HEAD_COACH), (self.root, Role.SUPERUSER)):
            self.client.force_login(user)
            extra = {"is_staff": "on", "is_superuser": "on"} if user == self.root else {}
            form = {"role": "0", "is_active": "", **extra}
            if user == self.root:
                form |= {"date_joined_0": "2026-01-01", "date_joined_1": "10:00:00"}
            assert self.change(user, **form).status_code == 302
            user.refresh_from_db()
            assert (self.role(user), user.is_active) == (role, True)

    def test_a_coach_sees_no_users(self) -> None:
        self.client.force_login(self.coach)
        for path in (USERS, f"{USERS}add/", f"{USERS}invite/", f"{USERS}{self.coach.pk}/change/"):
            assert self.client.get(path).status_code == 403

    def test_a_superuser_makes_a_superuser(self) -> None:
        self.client.force_login(self.root)
        form = {"role": "3", "date_joined_0": "2026-01-01", "date_joined_1": "10:00:00"}
        assert self.change(self.coach, **form).status_code == 302
        assert self.role(self.coach) is Role.SUPERUSER

    def test_a_superusers_flags_count_while_the_role_is_left_as_it_is(self) -> None:
        self.client.force_login(self.root)
        dates = {"date_joined_0": "2026-01-01", "date_joined_1": "10:00:00"}
        flags = {"is_staff": "on", "is_superuser": "on"}
        self.change(self.coach, role=Role.COACH.value, **flags, **dates)
        assert self.role(self.coach) is Role.SUPERUSER
        self.change(self.coach, role=Role.NONE.value, **flags, **dates)
        assert self.role(self.coach) is Role.NONE


class DeletingTests(RoleCase):
    def delete(self, user: Any) -> list[int]:
        """Delete a user on the own page and in the list, and return both answers' status."""
        listed = {"action": "delete_selected", "_selected_action": [user.pk], "post": "yes"}
        own = self.status(self.root, f"{USERS}{user.pk}/delete/", post="yes")
        return [own, self.status(self.root, USERS, **listed)]

    def test_an_account_that_the_audit_trail_names_cannot_be_deleted(self) -> None:
        self.change(self.coach, role=Role.COACH.value, teams=[self.other_team.pk])
        assert self.delete(self.head) == [403, 403]
        assert self.history(self.coach) == ["Changed Teams."]

    def test_a_superuser_deletes_one_without_a_trail(self) -> None:
        assert self.delete(self.coach)[0] == 302
        assert not get_user_model().objects.filter(pk=self.coach.pk).exists()


class CoachInviteTests(RoleCase):
    def invite(self, **form: Any) -> Any:
        given = {"name": "Dana", "role": Role.COACH.value, "team": self.team.pk, **form}
        return self.client.post(f"{USERS}invite/", given)

    def test_a_head_coach_invites_a_coach(self) -> None:
        link = self.invite().context["link"]
        assert link.startswith("http://testserver/join/coach/#")
        code = link.partition("#")[2]
        user = accept_coach_invitation(code, username="dana", password=PASSWORD)
        assert (self.role(user), user.first_name) == (Role.COACH, "Dana")
        assert self.team in user.teams.all()

    def test_the_link_is_listed_and_recorded_and_can_be_withdrawn(self) -> None:
        self.invite(role=Role.HEAD_COACH.value)
        made = Invitation.objects.get()
        assert made.is_head_coach
        assert self.history(made) == ["Added."]
        path = f"/admin/workouts/athlete/invitations/{made.pk}/withdraw/"
        assert path in self.page(f"{USERS}invite/")
        assert self.client.post(path)["Location"] == f"{USERS}invite/"
        assert not Invitation.objects.usable().exists()

    def test_nobody_invites_above_their_own_role(self) -> None:
        assert list(self.invite(role="3").context["form"].errors) == ["role"]
        invite_coach = Permission.objects.get(codename="invite_coach")
        self.coach.user_permissions.add(invite_coach)
        self.client.force_login(self.coach)
        assert list(self.invite(role="2").context["form"].errors) == ["role"]
        assert not Invitation.objects.exists()

    def test_a_coach_can_neither_invite_coaches_nor_withdraw_their_links(self) -> None:
        self.invite()
        made = Invitation.objects.get()
        assert self.status(self.coach, f"{USERS}invite/", name="x", role="1") == 403
        withdraw = f"/admin/workouts/athlete/invitations/{made.pk}/withdraw/"
        assert self.status(self.coach, withdraw) == 404
        assert Invitation.objects.usable().count() == 1

    def test_the_header_and_the_users_page_lead_there(self) -> None:
        assert f'href="{USERS}"' in self.page("/admin/")
        assert f"{USERS}invite/" in self.page(USERS)
        self.client.force_login(self.coach)
        assert f'href="{USERS}"' not in self.page("/admin/")
