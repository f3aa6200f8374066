"""A password that somebody else knows is changed before anything else."""

import stat
import tempfile
from pathlib import Path
from typing import Any

from django.contrib.auth import get_user_model
from django.test import TestCase, override_settings

from senim.startup import FIRST_PASSWORD_FILE, make_first_coach_at_startup
from workouts.models import TemporaryPassword
from workouts.services.sign_ins import is_fully_signed_in, make_password_temporary

CHANGE = "/admin/password_change/"
NEW, OTHER = "burpees-after-supper", "planks-before-noon"


class FirstCoachTests(TestCase):
    def setUp(self) -> None:
        said = make_first_coach_at_startup()
        assert said is not None
        self.password = said.split("password ")[1].split()[0]
        self.coach = get_user_model().objects.get()

    def log_in(self) -> Any:
        form = {"username": "coach", "password": self.password, "next": "/admin/"}
        return self.client.post("/admin/login/", form, follow=True)

    def change(self, new: str) -> Any:
        form = {"old_password": self.password, "new_password1": new, "new_password2": new}
        return self.client.post(CHANGE, form)

    def test_the_first_log_in_leads_to_the_page_for_a_new_password(self) -> None:
        assert self.log_in().request["PATH_INFO"] == CHANGE
        assert not is_fully_signed_in(self.coach, self.client.session)
        for path in ("/admin/", "/admin/live/", "/admin/second-factor/", "/admin/auth/user/"):
            assert self.client.get(path).status_code == 302

    def test_the_same_password_is_refused(self) -> None:
        self.log_in()
        assert "Choose another" in self.change(self.password).content.decode()
        assert TemporaryPassword.objects.exists()

    def test_with_a_new_password_everything_is_open(self) -> None:
        self.log_in()
        assert self.change(NEW)["Location"] == "/admin/password_change/done/"
        assert not TemporaryPassword.objects.exists()
        assert is_fully_signed_in(self.coach, self.client.session)
        for path in ("/admin/password_change/done/", "/admin/"):
            assert self.client.get(path).status_code == 200


class OthersPasswordTests(TestCase):
    """What one user sets for another, on the pages for users."""

    def setUp(self) -> None:
        users = get_user_model().objects
        self.root = users.create_superuser("root", password=NEW)
        self.coach = users.create_user("coach", password=NEW, is_staff=True)
        self.client.force_login(self.root)

    def set_password(self, user: Any, password: str) -> None:
        form = {"usable_password": "true", "password1": password, "password2": password}
        self.client.post(f"/admin/auth/user/{user.pk}/password/", form)

    def is_temporary(self, user: Any) -> bool:
        return TemporaryPassword.objects.filter(user=user).exists()

    def test_a_new_accounts_password_is_temporary(self) -> None:
        form = {"username": "dana", "role": "1", "usable_password": "true"}
        self.client.post("/admin/auth/user/add/", {**form, "password1": NEW, "password2": NEW})
        assert self.is_temporary(get_user_model().objects.get(username="dana"))
        self.client.logout()
        form = {"username": "dana", "password": NEW, "next": "/admin/"}
        answer = self.client.post("/admin/login/", form, follow=True)
        assert answer.request["PATH_INFO"] == CHANGE

    def test_a_password_that_was_reset_is_temporary_until_it_is_changed(self) -> None:
        self.set_password(self.coach, "12345678")  # refused
        assert not self.is_temporary(self.coach)
        self.set_password(self.coach, OTHER)
        assert self.is_temporary(self.coach)
        self.client.logout()
        self.client.login(username="coach", password=OTHER)
        form = {"old_password": OTHER, "new_password1": NEW, "new_password2": NEW}
        self.client.post(CHANGE, form)
        assert not self.is_temporary(self.coach)

    def test_ones_own_is_not(self) -> None:
        self.set_password(self.root, OTHER)
        assert not self.is_temporary(self.root)
        assert self.client.get("/admin/").status_code == 200


@override_settings(LOG_FORMAT="json")
class JsonLogTests(TestCase):
    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)

    def test_the_password_is_in_a_file_of_the_services_user_and_not_in_the_line(self) -> None:
        with self.settings(SENIM_DATA=self.folder):
            said = make_first_coach_at_startup()
            path = self.folder / FIRST_PASSWORD_FILE
            password = path.read_text().strip()
            assert said is not None
            assert str(path) in said
            assert password not in said
            assert stat.S_IMODE(path.stat().st_mode) == 0o600
            assert get_user_model().objects.get().check_password(password)
            assert make_first_coach_at_startup() is None
            assert path.exists()
            TemporaryPassword.objects.all().delete()
            make_password_temporary(get_user_model().objects.create_user("another"))
            make_first_coach_at_startup()
            assert not path.exists()

    def test_without_a_folder_to_write_to_the_coach_has_no_password_yet(self) -> None:
        with self.settings(SENIM_DATA=self.folder / "missing"):
            said = make_first_coach_at_startup()
        assert said is not None
        assert "manage.py changepassword coach" in said
        assert not get_user_model().objects.get().has_usable_password()
