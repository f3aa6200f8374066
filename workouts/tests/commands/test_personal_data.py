"""`manage.py export_athlete` and `manage.py forget`."""

import io
import stat
import zipfile
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from django.core.management import CommandError, call_command
from django.test import TestCase, override_settings

from workouts.management.commands import export_athlete
from workouts.models import Athlete, WorkoutSession
from workouts.tests.support.backends import forget_store
from workouts.tests.support.cast import save_session
from workouts.tests.support.run import fresh_folder
from workouts.tests.support.sealed import OwnRedis


class CommandCase(OwnRedis, TestCase):
    def setUp(self) -> None:
        super().setUp()
        save_session(self.user_id)

    def run_command(self, *arguments: str, **options: Any) -> str:
        output = io.StringIO()
        call_command(*arguments, stdout=output, **options)
        return output.getvalue()

    def fail(self, *arguments: str) -> str:
        with pytest.raises(CommandError) as raised:
            self.run_command(*arguments)
        assert "\n" not in str(raised.value)
        return str(raised.value)


class ExportTests(CommandCase):
    def setUp(self) -> None:
        super().setUp()
        self.path = fresh_folder() / "mine.zip"

    def export(self, *options: str) -> str:
        return self.run_command("export_athlete", self.user_id, "--output", str(self.path))

    def test_it_writes_a_zip_for_its_owners_eyes_only(self) -> None:
        assert self.export() == f"{self.path}: {self.user_id}\n"
        assert zipfile.ZipFile(self.path).testzip() is None
        assert stat.S_IMODE(self.path.stat().st_mode) == 0o600

    def test_it_overwrites_nothing(self) -> None:
        self.path.write_text("kept")
        message = self.fail("export_athlete", self.user_id, "--output", str(self.path))
        assert message == f"{self.path} exists already"
        assert self.path.read_text() == "kept"

    def test_an_interrupted_one_leaves_no_file(self) -> None:
        def stop(user_ids: list[str]) -> Any:
            yield b"PK"
            raise LookupError

        broken = mock.patch.object(export_athlete, "write_athlete_archive", stop)
        with broken, pytest.raises(LookupError):
            self.export()
        assert not self.path.exists()

    def test_nobody_is_one_clear_line(self) -> None:
        assert self.fail("export_athlete", "nobody-at-all", "--output", str(self.path)) == (
            "there is nothing about 'nobody-at-all', neither in the database nor in Redis"
        )
        assert not self.path.exists()

    def test_a_folder_that_is_not_there_is_one_clear_line(self) -> None:
        path = Path("/nowhere/mine.zip")
        assert str(path) in self.fail("export_athlete", self.user_id, "--output", str(path))


class ForgetTests(CommandCase):
    def exists(self) -> bool:
        return Athlete.objects.filter(user_id=self.user_id).exists()

    def test_it_forgets(self) -> None:
        said = self.run_command("forget", self.user_id, "--yes")
        assert f"Forgotten: {self.user_id}. Sessions erased: 1." in said
        assert "a new rep under this user ID makes a new athlete" in said
        assert not self.exists()
        assert not WorkoutSession.objects.exists()

    @override_settings(SENIM_AUTH="token")
    def test_it_keeps_totals(self) -> None:
        said = self.run_command("forget", self.user_id, "--keep-totals", "--yes")
        assert said == f"Forgotten: {self.user_id}. Sessions made anonymous: 1.\n"
        assert WorkoutSession.objects.get().athlete_id.startswith("forgotten-")

    def test_it_asks_for_the_user_id(self) -> None:
        with mock.patch("builtins.input", return_value="yes"):
            assert self.fail("forget", self.user_id) == "nothing was erased"
        assert self.exists()
        with mock.patch("builtins.input", return_value=self.user_id):
            self.run_command("forget", self.user_id)
        assert not self.exists()

    def test_nobody_is_one_clear_line(self) -> None:
        assert self.fail("forget", "nobody-at-all", "--yes") == (
            "there is nothing about 'nobody-at-all', neither in the database nor in Redis"
        )

    def test_without_redis_it_says_to_run_it_again(self) -> None:
        with override_settings(REDIS_URL="unix:///nowhere/valkey.sock"):
            forget_store()
            message = self.fail("forget", self.user_id, "--yes")
            assert message.startswith("interrupted, run it again")
        forget_store()
        self.run_command("forget", self.user_id, "--yes")
        assert not self.exists()
