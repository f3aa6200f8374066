"""Imports run one way."""

import ast
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.test import SimpleTestCase

# each line may import from its own and from those above
ORDER = [
    "exceptions clock close_codes",
    "models identity threads",
    "live client",
    "cheats",
    "player events",
    "replay",
    "checks",
    "fairness",
    "services sockets",
    "apps seeding exports",
    "wall",
    "api admin management",
    "urls routing",
]
RANKS = {name: rank for rank, names in enumerate(ORDER) for name in names.split()}


def find_imports(package: str) -> Iterator[tuple[str, str]]:
    """Yield the path of each module of the package with each module that it imports, wherever in it, tests and migrations aside."""
    for path in sorted((settings.BASE_DIR / package).rglob("*.py")):
        module = path.relative_to(settings.BASE_DIR).with_suffix("")
        if module.parts[1] in ("tests", "migrations"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from ((str(module), alias.name) for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                assert node.level == 0, f"{module}: write the whole name of {node.module}"
                assert node.module
                yield from ((str(module), f"{node.module}.{alias.name}") for alias in node.names)


def find_part(name: str) -> str:
    """Return which part of workouts a module belongs to."""
    return Path(name.replace(".", "/")).parts[1]


class LayoutTests(SimpleTestCase):
    def test_imports_run_one_way(self) -> None:
        inside = [(module, name) for module, name in find_imports("workouts") if name.startswith("workouts.")]
        assert len(inside) > 50
        for module, name in inside:
            importer, imported = find_part(module), find_part(name)
            assert {importer, imported} <= set(RANKS), f"give {importer} and {imported} a place in ORDER"
            assert RANKS[imported] <= RANKS[importer], f"{module} imports {name}"

    def test_workouts_never_imports_senim(self) -> None:
        assert not [pair for pair in find_imports("workouts") if pair[1].split(".")[0] == "senim"]

    def test_live_and_events_take_plain_values(self) -> None:
        plain = [
            name for module, name in find_imports("workouts") if find_part(module) in ("live", "events") and name.startswith("workouts.")
        ]
        assert plain
        assert {find_part(name) for name in plain} <= {"live", "events", "exceptions", "threads", "clock"}

    def test_senim_stands_on_workouts(self) -> None:
        assert any(name.startswith("workouts.") for _, name in find_imports("senim"))
        assert not [pair for pair in find_imports("senim") if pair[1].startswith("workouts.tests")]
