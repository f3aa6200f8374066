"""`manage.py check --deploy`: clean with the public compose file, and it warns of the open mode."""

import re
from typing import Any

from django.core.checks import CheckMessage, Tags, run_checks
from django.test import SimpleTestCase, override_settings

from workouts.tests.support.compose import read_compose
from workouts.tests.support.environments import LONG_KEY
from workouts.tests.support.processes import run_manage
from workouts.tests.support.service import fresh_folder

PUBLIC: dict[str, Any] = {
    "SENIM_AUTH": "token",
    "SENIM_PUBLIC_URL": "https://senim.example.org",
    "HTTPS_ONLY": True,
    "TRUSTED_PROXIES": ["172.29.84.2"],
    "ALLOWED_HOSTS": ["senim.example.org"],
}


def find_warnings(**changes: Any) -> list[CheckMessage]:
    """Return Senim's own findings with the public settings but for these changes."""
    with override_settings(**{**PUBLIC, **changes}):
        found = run_checks(tags=[Tags.security], include_deployment_checks=True)
    return [message for message in found if str(message.id).startswith("workouts.")]


class DeployChecksTests(SimpleTestCase):
    def test_the_public_settings_are_clean(self) -> None:
        assert find_warnings() == []

    def test_each_weak_setting_is_named_with_a_hint(self) -> None:
        for name, value, id_ in (
            ("SENIM_AUTH", "open", "workouts.W001"),
            ("SENIM_AUTH", "", "workouts.W001"),
            ("SENIM_PUBLIC_URL", "", "workouts.W002"),
            ("SENIM_PUBLIC_URL", "http://senim.example.org", "workouts.W002"),
            ("TRUSTED_PROXIES", [], "workouts.W003"),
            ("ALLOWED_HOSTS", ["*"], "workouts.W004"),
            ("TRUSTED_PROXIES", ["10.0.0.0/8", "0.0.0.0/0"], "workouts.W005"),
        ):
            (warning,) = find_warnings(**{name: value})
            assert warning.id == id_
            assert warning.msg.startswith(name) or name in warning.msg
            assert name in str(warning.hint)

    def test_the_command_is_clean_with_the_public_compose_file(self) -> None:
        given = read_compose("deploy/compose.public.yml").environment("app")
        environment = {name: value for name, value in given.items() if value}
        done = run_manage("check", "--deploy", "--fail-level", "WARNING", **environment)
        assert done.returncode == 0, done.stderr
        assert "no issues" in done.stdout + done.stderr

    def test_the_command_warns_of_the_open_mode_and_of_http(self) -> None:
        done = run_manage(
            "check", "--deploy", SENIM_DATA=str(fresh_folder()), SECRET_KEY=LONG_KEY * 2
        )
        found = set(re.findall(r"\((\w+\.W\d+)\)", done.stderr))
        http = {f"security.W{number:03}" for number in (4, 8, 12, 16)}
        assert found == {"workouts.W001", *http}
