"""An athlete's export: everything about them, nothing about others, and no secrets."""

import csv
import io
import json
import zipfile
from typing import Any
from unittest import mock

import pytest
from django.test import TestCase

from workouts.exports import athlete_archive
from workouts.exports.athlete_archive import find_user_ids_to_archive, write_athlete_archive
from workouts.models import Invitation, JoinedDevice, ReviewStep
from workouts.services.personal_data.persons import UnknownAthleteError
from workouts.services.personal_data.places import ACCOUNT_PLACE, ATHLETE_PLACES
from workouts.tests.support.cast import new_athlete, train
from workouts.tests.support.people import make_person
from workouts.tests.support.sealed import OwnRedis


class ArchiveTests(OwnRedis, TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.person, self.other = make_person(), make_person()

    def read(self, user_id: str) -> dict[str, str]:
        data = b"".join(write_athlete_archive(find_user_ids_to_archive(user_id)))
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            assert archive.testzip() is None
            return {name: archive.read(name).decode("utf-8-sig") for name in archive.namelist()}

    def read_rows(self, user_id: str) -> dict[str, Any]:
        files = self.read(user_id)
        return {name: json.loads(text) for name, text in files.items() if name.endswith(".json")}

    def test_every_place_has_its_file_with_its_fields(self) -> None:
        rows = self.read_rows(self.person.user_id)
        for place in (*ATHLETE_PLACES, ACCOUNT_PLACE):
            assert rows[f"{place.file}.json"], place.file
            for row in rows[f"{place.file}.json"]:
                assert [*row] == [*place.exported], place.file

    def test_an_alias_gets_all_of_the_person(self) -> None:
        rows = self.read_rows(self.person.alias)
        athletes = {row["user_id"]: row for row in rows["athletes.json"]}
        assert {*athletes} == {self.person.user_id, self.person.alias}
        assert athletes[self.person.alias]["merged_into"] == self.person.user_id
        assert len(rows["sessions.json"]) == 4
        assert rows["sessions.json"][0]["timeline_ms"] == [0, 2000, 4000, 6000, 8000]
        assert {row["note"] for row in rows["reviews.json"]} == {f"note {self.person.words[2]}"}

    def test_it_has_nothing_of_others(self) -> None:
        text = " ".join(self.read(self.person.user_id).values())
        for word in self.other.words:
            assert word not in text
        for step in ReviewStep.objects.filter(reviewer__isnull=False):
            assert step.reviewer.username not in text

    def test_it_has_no_secrets(self) -> None:
        mine = Invitation.objects.filter(athlete_id=self.person.user_id)
        assert mine.update(code_hash="c" * 64) == 1
        JoinedDevice.objects.filter(athlete_id=self.person.user_id).update(join_hash="j" * 64)
        text = " ".join(self.read(self.person.user_id).values())
        assert "c" * 64 not in text
        assert "j" * 64 not in text

    def test_it_has_what_is_live(self) -> None:
        live = {row["key"]: row for row in self.read_rows(self.person.user_id)["live.json"]}
        mine = f"squat:{self.person.user_id}"
        reps = live[f"timeline:{mine}"]["value"]
        assert [rep["at_ms"] for rep in reps] == [0, 2000, 4000]
        assert live[f"device:phone-{self.person.words[2]}:{self.person.user_id}"]
        parked = [row["value"] for key, row in live.items() if key.startswith("parked:reason:")]
        assert parked == ["a reason"] * 2

    def test_sessions_are_in_csv_as_well(self) -> None:
        table = [*csv.DictReader(io.StringIO(self.read(self.person.user_id)["sessions.csv"]))]
        assert [row["total_reps"] for row in table] == ["5"] * 4
        assert table[0]["timeline_ms"] == "0 2000 4000 6000 8000"
        pace = ("total_sets", "reps_per_minute", "work_ms", "rest_ms")
        assert [table[0][name] for name in pace] == ["1", "30.0", "8000", "0"]
        assert table[0]["athlete_id"] == self.person.user_id

    def test_it_says_what_coaches_did_and_not_who(self) -> None:
        history = self.read_rows(self.person.user_id)["history.json"]
        assert [row["text"] for row in history] == [f"{self.person.alias} was merged into it."]

    def test_it_is_read_in_batches(self) -> None:
        with mock.patch.object(athlete_archive, "BATCH_ROWS", 1):
            assert len(self.read_rows(self.person.user_id)["sessions.json"]) == 4

    def test_rows_are_read_as_they_are_written(self) -> None:
        (place,) = (each for each in ATHLETE_PLACES if each.file == "sessions")
        with mock.patch.object(athlete_archive, "BATCH_ROWS", 2):
            rows = athlete_archive.read_place(place, [self.person.user_id])
            for queries in (1, 0, 1, 0):
                with self.assertNumQueries(queries):
                    next(rows)

    def test_who_has_only_trained_is_exported_too(self) -> None:
        user_id = new_athlete()
        train(user_id)
        assert self.read_rows(user_id)["live.json"]

    def test_nobody_is_an_error(self) -> None:
        with pytest.raises(UnknownAthleteError):
            find_user_ids_to_archive("nobody-at-all")
