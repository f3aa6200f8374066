"""Imports run one way, in the order that pyproject.toml gives."""

import ast
import functools
import gc
import graphlib
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.test import SimpleTestCase

LAYOUT = tomllib.loads((settings.BASE_DIR / "pyproject.toml").read_text())["tool"]["senim"]
ROWS: list[list[str]] = LAYOUT["import-order"]
RANKS = {room: rank for rank, row in enumerate(ROWS) for room in row}


class Import(NamedTuple):
    """Which module imports which, both as dotted names."""

    importer: str
    imported: str


def find_imports(package: str) -> Iterator[Import]:
    """Yield every import of a package, also inside functions, but not of tests and migrations."""
    for path in sorted((settings.BASE_DIR / package).rglob("*.py")):
        module = ".".join(path.relative_to(settings.BASE_DIR).with_suffix("").parts)
        if room_of(module) not in ("tests", "migrations"):
            yield from (Import(module, name) for name in imports_of(path))


@functools.cache
def imports_of(path: Path) -> list[str]:
    names: list[str] = []
    for node in ast.walk(parse(path)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: write the whole name of {node.module}"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return names


def parse(path: Path) -> ast.Module:
    # Python 3.11: garbage collection inside it, beside other threads, can raise SystemError
    # (https://github.com/python/cpython/issues/106905)
    gc.disable()
    try:
        return ast.parse(path.read_text())
    finally:
        gc.enable()


def find_test_imports(folder: str, *packages: str) -> list[Import]:
    """Return what the modules in a folder, tests among them, import of these packages."""
    return [
        Import(str(path.relative_to(settings.BASE_DIR)), name)
        for path in sorted((settings.BASE_DIR / folder).rglob("*.py"))
        for name in imports_of(path)
        if f"{name}.".startswith(tuple(f"{package}." for package in packages))
    ]


def room_of(module: str) -> str:
    """Return the room of a module of workouts: the package or the module right below it."""
    return [*module.split("."), ""][1]


def find_cycle(imports: list[Import]) -> list[str]:
    """Return modules that import each other in a circle, or an empty list."""
    modules = {found.importer for found in imports}
    graph: dict[str, set[str]] = defaultdict(set)
    for importer, imported in imports:
        # what is imported is a module, or a name in one
        target = imported if imported in modules else imported.rpartition(".")[0]
        if target in modules and target != importer:
            graph[importer].add(target)
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        return list(error.args[1])
    return []


class LayoutTests(SimpleTestCase):
    def setUp(self) -> None:
        self.inside = [
            found for found in find_imports("workouts") if found.imported.startswith("workouts.")
        ]
        assert len(self.inside) > 300

    def test_every_room_has_one_place_in_the_order(self) -> None:
        folder = settings.BASE_DIR / "workouts"
        packages = {path.parent.name for path in folder.glob("*/__init__.py")}
        modules = {path.stem for path in folder.glob("*.py")} - {"__init__"}
        assert sum(len(row) for row in ROWS) == len(RANKS)
        assert set(RANKS) == (packages | modules) - {"tests", "migrations"}

    def test_rooms_import_from_their_own_row_or_an_earlier_one(self) -> None:
        wrong = [
            found
            for found in self.inside
            if RANKS[room_of(found.imported)] > RANKS[room_of(found.importer)]
        ]
        assert wrong == []

    def test_rooms_of_one_row_do_not_import_each_other_in_a_circle(self) -> None:
        rooms = {(room_of(found.importer), room_of(found.imported)) for found in self.inside}
        graph: dict[str, set[str]] = defaultdict(set)
        for importer, imported in rooms:
            if importer != imported:
                graph[importer].add(imported)
        graphlib.TopologicalSorter(graph).prepare()

    def test_no_modules_import_each_other_in_a_circle(self) -> None:
        assert find_cycle(self.inside) == []

    def test_a_circle_is_found(self) -> None:
        circle = [Import("a.b", "a.c.name"), Import("a.c", "a.d"), Import("a.d", "a.b.other")]
        assert set(find_cycle(circle)) == {"a.b", "a.c", "a.d"}

    def test_no_migration_imports_live_code(self) -> None:
        paths = sorted((settings.BASE_DIR / "workouts" / "migrations").glob("0*.py"))
        assert paths
        for path in paths:
            assert not [name for name in imports_of(path) if name.split(".")[0] == "workouts"], path

    def test_workouts_never_imports_senim(self) -> None:
        assert [
            found for found in find_imports("workouts") if found.imported.split(".")[0] == "senim"
        ] == []

    def test_the_client_stands_alone(self) -> None:
        assert {
            room_of(found.imported) for found in self.inside if room_of(found.importer) == "client"
        } == {"client"}

    def test_live_and_events_take_plain_values(self) -> None:
        below = {
            room_of(found.imported)
            for found in self.inside
            if room_of(found.importer) in ("live", "events")
        }
        assert below == {"live", "events", *ROWS[0]} & below

    def test_only_commands_use_the_simulation(self) -> None:
        users = {
            room_of(found.importer)
            for found in self.inside
            if room_of(found.imported) == "simulation"
        }
        assert users == {"simulation", "management"}

    def test_senim_stands_on_workouts_and_not_on_its_tests(self) -> None:
        names = [
            found.imported
            for found in find_imports("senim")
            if found.imported.startswith("workouts.")
        ]
        assert names
        assert not [name for name in names if name.startswith("workouts.tests")]

    def test_tests_and_benchmarks_do_not_import_each_other(self) -> None:
        assert find_test_imports("workouts/tests", "bench") == []
        assert find_test_imports("bench", "workouts.tests") == []

    def test_no_test_module_is_imported(self) -> None:
        for folder in ("workouts/tests", "bench"):
            imports = find_test_imports(folder, "workouts.tests", "bench")
            assert len(imports) > 10
            assert [found for found in imports if ".test_" in found.imported] == []

    def test_the_docs_quote_the_order(self) -> None:
        text = (settings.BASE_DIR / "docs" / "architecture.md").read_text()
        quoted = [
            line.split()
            for line in text.split("<!-- import-order -->")[1].splitlines()
            if line.startswith("    ")
        ]
        assert quoted == ROWS
