"""Compose files, read as far as tests need them: their variables filled in."""

import re
from typing import Any, NamedTuple

import yaml
from django.conf import settings

from workouts.tests.support.run import fresh_folder

# ${NAME}, ${NAME:-default} and ${NAME:?what is missing}
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?::([-?])([^}]*))?\}")
FILLED_IN = "filled-in-0123456789"


class Variable(NamedTuple):
    """A variable in a compose file; `kind` is "-" with a default, "?" if required, else empty."""

    name: str
    kind: str
    text: str


class ComposeFile(NamedTuple):
    """A compose file: its text, and what it says once the required variables are filled in."""

    text: str
    content: dict[str, Any]

    @property
    def services(self) -> dict[str, Any]:
        services: dict[str, Any] = self.content["services"]
        return services

    @property
    def variables(self) -> list[Variable]:
        return [Variable(*found) for found in VARIABLE.findall(self.text)]

    def environment(self, service: str) -> dict[str, str]:
        """Return the service's environment, with a SENIM_DATA of its own instead of a volume's."""
        given = self.services[service]["environment"]
        return {"SENIM_DATA": str(fresh_folder())} | {
            name: value or "" for name, value in given.items()
        }


def read_compose(path: str) -> ComposeFile:
    """Return a compose file of the project."""
    text = (settings.BASE_DIR / path).read_text()
    yaml.safe_load(text)  # Docker parses it before it fills anything in

    def fill_in(found: re.Match[str]) -> str:
        return str(found[3]) if found[2] == "-" else f"{FILLED_IN}.example"

    return ComposeFile(text, yaml.safe_load(VARIABLE.sub(fill_in, text).replace("$$", "$")))
