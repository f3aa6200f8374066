"""The compose files: what they pass on, publish and require."""

import re

from django.conf import settings
from django.test import SimpleTestCase

from senim.environment import NAMES
from workouts.tests.support.compose import FILLED_IN, Variable, read_compose

PUBLIC, LOCAL = "deploy/compose.public.yml", "docker-compose.yml"
# the folder is the image's, and DEBUG is for development
NOT_PASSED_ON = {"DEBUG", "SENIM_DATA"}
REQUIRED = {"DOMAIN", "POSTGRES_PASSWORD", "REDIS_PASSWORD"}
SECRET = re.compile(r"PASS|SECRET|_KEY$|TOKEN")


def read_example(path: str) -> set[str]:
    """Return the variables that a file of examples explains."""
    text = (settings.BASE_DIR / path).read_text()
    return set(re.findall(r"^(?:# )?([A-Z0-9_]+)=", text, re.MULTILINE))


class BothComposeFilesTests(SimpleTestCase):
    def test_every_setting_reaches_the_app(self) -> None:
        for path in (PUBLIC, LOCAL):
            passed_on = set(read_compose(path).services["app"]["environment"])
            assert set(NAMES) - passed_on == NOT_PASSED_ON, path


class PublicComposeTests(SimpleTestCase):
    def setUp(self) -> None:
        self.compose = read_compose(PUBLIC)

    def test_it_says_what_is_missing(self) -> None:
        said = {found.name: found.text for found in self.compose.variables if found.kind == "?"}
        assert said.keys() == REQUIRED
        assert all(said.values())

    def test_no_secret_has_a_default(self) -> None:
        secrets = [found for found in self.compose.variables if SECRET.search(found.name)]
        assert len(secrets) > len(REQUIRED)
        assert [found for found in secrets if found.kind == "-" and found.text] == []
        for service in self.compose.services.values():
            for name, value in service.get("environment", {}).items():
                if SECRET.search(name) and value:
                    assert FILLED_IN in value, f"{name} is {value}"

    def test_every_variable_is_documented(self) -> None:
        documented = read_example("deploy/public.env.example")
        assert {found.name for found in self.compose.variables} <= documented | read_example(
            ".env.example"
        )
        assert documented >= REQUIRED
        defaults = {found for found in self.compose.variables if found.kind == "-" and found.text}
        text = (settings.BASE_DIR / "deploy/public.env.example").read_text()
        assert {Variable("FRONT_NETWORK", "-", "172.29.84")} <= defaults
        for found in defaults:
            assert f"# {found.name}={found.text}\n" in text

    def test_only_nginx_publishes_ports(self) -> None:
        publishing = {name for name, service in self.compose.services.items() if "ports" in service}
        assert publishing == {"nginx"}

    def test_only_the_app_reaches_redis_and_postgresql(self) -> None:
        inside = {
            name for name, service in self.compose.services.items() if "back" in service["networks"]
        }
        assert inside == {"app", "postgres", "redis"}
        assert self.compose.content["networks"]["back"]["internal"] is True

    def test_the_app_trusts_nginx_alone(self) -> None:
        nginx = self.compose.services["nginx"]["networks"]["front"]["ipv4_address"]
        assert self.compose.environment("app")["TRUSTED_PROXIES"] == nginx

    def test_it_is_closed(self) -> None:
        environment = self.compose.environment("app")
        assert environment["SENIM_AUTH"] == "token"
        assert environment["HTTPS_ONLY"] == "on"
        assert environment["SENIM_PUBLIC_URL"].startswith("https://")
        assert "--requirepass" in self.compose.services["redis"]["command"]
