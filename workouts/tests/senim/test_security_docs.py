"""docs/security.md: what it says that a test shows."""

import ast
import re
from collections.abc import Iterator

from django.conf import settings
from django.test import SimpleTestCase

# file::class::name
NAMED_TEST = re.compile(r"`([\w/]+\.py)::(\w+)::(\w+)`")


def find_tests(path: str) -> Iterator[tuple[str, str]]:
    """Yield the class and the name of each test in a file below workouts/tests."""
    file = settings.BASE_DIR / "workouts" / "tests" / path
    tree = ast.parse(file.read_text()) if file.exists() else ast.Module([], [])
    for found in tree.body:
        if isinstance(found, ast.ClassDef):
            for function in found.body:
                if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                    yield found.name, function.name


class SecurityDocsTests(SimpleTestCase):
    def test_every_test_it_names_exists(self) -> None:
        text = (settings.BASE_DIR / "docs" / "security.md").read_text()
        named = [(path, (case, name)) for path, case, name in NAMED_TEST.findall(text)]
        assert len(named) > 20
        missing = [
            "::".join([path, *test]) for path, test in named if test not in set(find_tests(path))
        ]
        assert missing == []

    def test_every_attack_has_a_test(self) -> None:
        text = (settings.BASE_DIR / "docs" / "security.md").read_text()
        rows = text.split("| who | tries |")[1].split("\n\n")[0].splitlines()[2:]
        assert len(rows) > 10
        assert [row for row in rows if not NAMED_TEST.search(row)] == []
