"""Who is let in where: every address outside the admin, for every kind of caller, in both modes.

A new address without a row in tests/support/doors.py fails the test. The admin's addresses are in
tests/models/test_visibility.py.
"""

from typing import Any

from django.test import override_settings
from django.urls import NoReverseMatch, URLResolver, get_resolver, reverse

from workouts.fairness.review import decide_reviews, find_last_review_steps
from workouts.tests.support.door_cases import DoorCase, in_token_mode
from workouts.tests.support.doors import ATHLETE, BY_CODE, BY_STATUS, CALLERS, DOORS, Door
from workouts.tests.support.finishes import JSON
from workouts.tests.support.reviews import APPROVED, REJECTED


def names_outside_admin() -> set[str]:
    names, patterns = set(), [*get_resolver().url_patterns]
    while patterns:
        pattern = patterns.pop()
        if not isinstance(pattern, URLResolver):
            names.add(pattern.name)
        elif pattern.namespace != "admin":
            patterns += pattern.url_patterns
    return names


class DoorTests(DoorCase):
    def answer(self, door: Door) -> Any:
        if door.name == "session-appeal":
            self.decide_again()
        return self.client.generic(
            door.method,
            self.address(door.name),
            b"" if door.body is None else self.client._encode_json(door.body, JSON),
            content_type=JSON,
            query_params=dict([door.query.split("=")]) if door.query else None,
        )

    def address(self, name: str) -> str:
        if name.startswith("/"):
            return name
        try:
            return reverse(name)
        except NoReverseMatch:
            return reverse(name, args=[self.session.pk])

    def decide_again(self) -> None:
        """Decide on the session, so that each caller has something to appeal against."""
        for status in (APPROVED, REJECTED):
            seen = find_last_review_steps([self.session.pk])
            decide_reviews(seen, to=status, reviewer=self.users["coach"], note="no")

    def letter(self, door: Door) -> str:
        response = self.answer(door)
        if response.status_code == 401:
            assert response["WWW-Authenticate"] == "Bearer"
            return BY_CODE[response.json()["code"]]
        if response.status_code != 200:
            return BY_STATUS[response.status_code]
        if door.method == "POST":
            return "D"
        return "S" if ATHLETE in response.content.decode() else "E"

    def letters(self) -> list[str]:
        """Return a letter for each caller, for each door."""
        rows = [""] * len(DOORS)
        for caller in CALLERS:
            self.be(caller)
            rows = [row + self.letter(door) for row, door in zip(rows, DOORS, strict=True)]
        return rows

    def compare(self, expected: list[str]) -> None:
        for door, row, right in zip(DOORS, self.letters(), expected, strict=True):
            with self.subTest(f"{door.method} {door.name}", query=door.query, body=door.body):
                assert row == right.replace(" ", "")

    def test_each_address_has_a_row(self) -> None:
        assert names_outside_admin() == {door.name for door in DOORS if "/" not in door.name}

    @in_token_mode
    def test_in_token_mode_each_caller_gets_in_where_they_may(self) -> None:
        self.compare([door.token for door in DOORS])

    @override_settings(SENIM_AUTH="open")
    def test_in_the_open_mode_coaches_and_programs_are_held_to_their_rights(self) -> None:
        self.compare([door.open for door in DOORS])
