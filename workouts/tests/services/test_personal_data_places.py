"""The list of where a person is, held against every table and every kind of key."""

import ast
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.test import SimpleTestCase

from workouts.live import keys
from workouts.live.keys import KINDS_BY_ATHLETE
from workouts.services.personal_data.places import (
    ACCOUNT_PLACE,
    ATHLETE_PLACES,
    DATED_PLACES,
    OTHER_PLACES,
    REDIS_PLACES,
    find_installed_model,
)

ADD = "say in workouts/services/personal_data/places.py what becomes of it"
DOCS = settings.BASE_DIR / "docs" / "privacy.md"


def list_fields() -> dict[str, set[str]]:
    """Return the fields of every table on the list."""
    listed = {
        place.label: {*place.exported, *place.withheld}
        for place in (*ATHLETE_PLACES, ACCOUNT_PLACE)
    }
    return listed | {label: {*place.fields.split()} for label, place in OTHER_PLACES.items()}


def find_kinds() -> set[str]:
    """Return the kinds of keys that live/keys.py makes: what comes first in each name."""
    kinds = set()
    for node in ast.walk(ast.parse(Path(keys.__file__).read_text())):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "_key":
            rest = node.args[1]
            text = rest.values[0] if isinstance(rest, ast.JoinedStr) else rest
            assert isinstance(text, ast.Constant), "a key begins with its kind"
            kinds.add(str(text.value).partition(":")[0])
    return kinds


class PlacesTests(SimpleTestCase):
    def test_every_field_of_every_table_is_on_the_list(self) -> None:
        listed = list_fields()
        for model in apps.get_models(include_auto_created=True):
            label = model._meta.label
            assert label in listed, f"{label}: {ADD}"
            fields = {field.name for field in model._meta.local_fields}
            assert fields == listed[label], f"{label}: {ADD}"

    def test_the_list_has_nothing_that_is_gone(self) -> None:
        for label in list_fields():
            if label.split(".")[0] in apps.app_configs:
                assert find_installed_model(label), label

    def test_every_kind_of_key_is_on_the_list(self) -> None:
        assert find_kinds() == {*REDIS_PLACES}, ADD
        owned = {kind for kind, place in REDIS_PLACES.items() if place.is_owned}
        assert owned == KINDS_BY_ATHLETE

    def test_each_table_of_an_athlete_can_be_erased_in_its_turn(self) -> None:
        """No later one is referred to by an earlier one's rows, which would keep it."""
        order = [place.model for place in ATHLETE_PLACES]
        for number, model in enumerate(order):
            for field in model._meta.local_fields:
                related = field.related_model
                assert related not in order[:number] or field.null, (model, field)

    def test_every_link_to_an_athlete_or_a_session_is_an_athletes_place(self) -> None:
        whose = {apps.get_model("workouts", name) for name in ("Athlete", "WorkoutSession")}
        labels = {place.label for place in ATHLETE_PLACES}
        for model in apps.get_models(include_auto_created=True):
            if any(field.related_model in whose for field in model._meta.local_fields):
                assert model._meta.label in labels, f"{model._meta.label}: {ADD}"

    def test_dated_places_have_their_time(self) -> None:
        for label, field in DATED_PLACES.items():
            assert field in list_fields()[label]

    def test_the_docs_name_every_table_and_key_with_personal_data(self) -> None:
        text = DOCS.read_text()
        tables = [place.model._meta.db_table for place in (*ATHLETE_PLACES, ACCOUNT_PLACE)]
        for name in (*tables, *REDIS_PLACES):
            assert f"`{name}`" in text, name
