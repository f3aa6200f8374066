"""The audit log, and the log lines for changed rights."""

from typing import Any

import time_machine
from axes.models import AccessLog
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Group
from django.utils import translation

from workouts.admin.accounts.trail import Trail, TrailPaginator
from workouts.models import Team
from workouts.services.personal_data.audit_texts import erase_names_in_audit
from workouts.tests.support.admin import PASSWORD
from workouts.tests.support.log_lines import capture_unlimited_logs
from workouts.tests.support.sign_ins import SignInCase

TRAIL, LOG_IN = "/admin/sign-ins/", "/admin/login/"


class TrailCase(SignInCase):
    def log_in(self, name: str, password: str = PASSWORD) -> None:
        self.client.post(LOG_IN, {"username": name, "password": password})


class TrailTests(TrailCase):
    def test_it_lists_log_ins_failures_and_changes_newest_first(self) -> None:
        with time_machine.travel("2026-11-30T10:00:00Z") as clock:
            self.log_in("intruder")
            clock.shift(1)
            self.log_in("head")
            clock.shift(1)
            self.client.post("/admin/workouts/team/add/", {"name": "Juniors"})
            lines = list(self.client.get(TRAIL).context["page"])
        assert [(line.user, line.event, line.object) for line in lines] == [
            ("head", "Added.", "team: Juniors"),
            ("head", "Logged in", ""),
            ("intruder", "Wrong password", ""),
        ]
        assert lines[-1].address == "127.0.0.1"

    def test_coaches_and_strangers_do_not_see_it(self) -> None:
        assert self.client.get(TRAIL).status_code == 302
        self.client.force_login(self.coach)
        assert self.client.get(TRAIL).status_code == 403

    def test_a_change_of_ones_own_password_is_in_it(self) -> None:
        self.log_in("root")
        new = "burpees-after-supper"
        self.client.post(
            "/admin/password_change/",
            {"old_password": PASSWORD, "new_password1": new, "new_password2": new},
        )
        assert "Changed password." in self.client.get(TRAIL).content.decode()

    def test_texts_are_in_the_viewers_language_whatever_the_actors_was(self) -> None:
        self.log_in("root")
        new = "burpees-after-supper"
        form = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
        self.client.post("/admin/password_change/", form, headers={"accept-language": "kk"})
        with translation.override("kk"):
            for text in ("ana-1", '[{"added": {"name": "athlete", "object": "ana-1"}}]'):
                LogEntry.objects.create(
                    user=self.root, object_repr="ana-1", action_flag=2, change_message=text
                )
            erase_names_in_audit(["ana-1"], [])
        for path in (TRAIL, f"/admin/auth/user/{self.root.pk}/history/"):
            page = self.client.get(path, headers={"accept-language": "ru"}).content.decode()
            assert "Пароль изменён." in page
        lines = self.client.get(TRAIL, headers={"accept-language": "ru"}).context["page"]
        assert [(line.event, line.object) for line in lines][:2] == [
            ("Добавлено: спортсмен «удалённый спортсмен».", "удалённый спортсмен"),
            ("удалённый спортсмен", "удалённый спортсмен"),
        ]

    def test_pages_join_without_a_gap_and_end_at_the_cap(self) -> None:
        for number in range(150):
            AccessLog.objects.create(username=f"user-{number}", ip_address="127.0.0.1")
            LogEntry.objects.create(user=self.root, object_repr=f"x-{number}", action_flag=2)
        paginator = TrailPaginator(Trail(), 100)
        lines = [line for page in paginator for line in page]
        assert paginator.count == len(lines) == 300
        assert [line.at for line in lines] == sorted((line.at for line in lines), reverse=True)


class RightsLogTests(TrailCase):
    def changes(self, path: str, form: dict[str, Any]) -> list[Any]:
        self.client.force_login(self.root)
        with capture_unlimited_logs() as logs:
            assert self.client.post(path, form).status_code == 302
        return [line for line in logs if line["event"] != "login_succeeded"]

    def test_flags_and_groups_of_a_user_are_logged_with_who_changed_them(self) -> None:
        group = Group.objects.get(name="head coaches")
        form = {
            "username": "coach",
            "is_active": "on",
            "is_staff": "on",
            "is_superuser": "on",
            "groups": [group.pk],
            "date_joined_0": "2026-11-30",
            "date_joined_1": "10:00:00",
        }
        lines = self.changes(f"/admin/auth/user/{self.coach.pk}/change/", form)
        flags = next(line for line in lines if line["event"] == "flags_changed")
        assert (flags["before"]["is_superuser"], flags["after"]["is_superuser"]) == (False, True)
        added = [line for line in lines if line.get("action") == "added"]
        assert [(line["kind"], line["ids"]) for line in added] == [("groups", [group.pk])]
        (entry,) = (line for line in lines if line["event"] == "admin_changed")
        assert (entry["user"], entry["object"]) == ("root", f"auth.user {self.coach.pk}")

    def test_a_teams_coaches_are_logged(self) -> None:
        team = Team.objects.create(name="Juniors")
        form = {"name": "Juniors", "coaches": [self.coach.pk]}
        lines = self.changes(f"/admin/workouts/team/{team.pk}/change/", form)
        (line,) = (line for line in lines if line["event"] == "rights_changed")
        assert (line["kind"], line["of"]) == ("team's coaches", f"workouts.team {team.pk}")
        assert line["ids"] == [self.coach.pk]

    def test_a_log_in_changes_no_flags(self) -> None:
        with capture_unlimited_logs() as logs:
            self.log_in("coach")
        assert [line["event"] for line in logs] == ["login_succeeded"]
