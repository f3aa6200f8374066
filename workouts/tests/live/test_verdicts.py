"""Python and Lua name the same numbers."""

import re

from django.test import SimpleTestCase

from workouts.live import scripts, timeline
from workouts.live.counting import verdicts
from workouts.live.counting.verdicts import Verdict

SCRIPT = scripts.REP.text.decode()


class VerdictTests(SimpleTestCase):
    def test_the_verdicts_of_the_script_are_those_of_python(self) -> None:
        found = re.search(r"^local (COUNTED, .+) = (.+)$", SCRIPT, re.MULTILINE)
        assert found is not None
        names, numbers = found[1].split(", "), map(int, found[2].split(", "))
        assert dict(zip(names, numbers, strict=True)) == {one.name: one.value for one in Verdict}

    def test_each_verdict_can_be_imported_by_its_name(self) -> None:
        assert {name: getattr(verdicts, name) for name in Verdict.__members__} == {
            **Verdict.__members__
        }

    def test_the_script_returns_every_verdict_by_its_name(self) -> None:
        code = re.sub("--.*", "", SCRIPT)
        for verdict in Verdict:
            assert len(re.findall(rf"\b{verdict.name}\b", code)) > 1, verdict
        assert re.findall(r"return \d,", code) == []

    def test_the_reasons_of_the_script_are_those_of_the_timeline(self) -> None:
        found = re.search(r"^local REASONS = {(.+)}$", SCRIPT, re.MULTILINE)
        assert found is not None
        pairs = (pair.split(" = ") for pair in found[1].split(", "))
        assert {int(number): reason for reason, number in pairs} == timeline.REASONS

    def test_the_script_gives_every_reason(self) -> None:
        for reason in timeline.REASONS.values():
            assert f"'{reason}'" in SCRIPT
