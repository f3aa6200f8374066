"""Decisions of coaches, and the athlete's appeal over HTTP."""

import json
import threading
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import DatabaseError, connection, transaction
from django.db.models import ProtectedError
from django.test import TestCase, TransactionTestCase

from workouts.exceptions import Code, WorkoutError
from workouts.fairness.review import (
    ReviewDecided,
    appeal_review_decision,
    decide_reviews,
    find_last_review_steps,
)
from workouts.models import MAX_NOTE_LENGTH, ReviewStatus, ReviewStep, WorkoutSession
from workouts.tests.support.cast import new_athlete, save_session
from workouts.tests.support.reviews import APPROVED, METRONOME, PENDING, REJECTED, save_pending


class ReviewCase(TestCase):
    def setUp(self) -> None:
        self.coach = get_user_model().objects.create_user("aliya")
        self.row = save_pending()

    def decide(
        self, to: ReviewStatus, *, seen: int | None = None, note: str = "seen the video"
    ) -> ReviewDecided:
        steps = find_last_review_steps([self.row.pk]) if seen is None else {self.row.pk: seen}
        return decide_reviews(steps, to=to, reviewer=self.coach, note=note)

    def state(self) -> tuple[str, bool]:
        self.row.refresh_from_db()
        return self.row.review_status, self.row.is_in_totals

    def steps(self) -> list[tuple[str, str, str, str]]:
        return list(self.row.review_steps.values_list("actor", "from_status", "to_status", "note"))


class DecideTests(ReviewCase):
    def test_every_step_is_on_record(self) -> None:
        assert self.decide(REJECTED) == ReviewDecided(1, 0)
        appeal_review_decision(self.row.pk, text="it was me")
        self.decide(APPROVED, note="")
        assert self.steps() == [
            ("coach", "pending", "rejected", "seen the video"),
            ("athlete", "rejected", "pending", "it was me"),
            ("coach", "pending", "approved", ""),
        ]
        assert [step.reviewer for step in self.row.review_steps.all()] == [
            self.coach,
            None,
            self.coach,
        ]

    def test_rejected_reps_stay_out_of_the_totals_until_they_are_approved(self) -> None:
        assert self.state() == ("pending", True)
        self.decide(REJECTED)
        assert self.state() == ("rejected", False)
        assert self.row not in WorkoutSession.objects.in_totals()
        appeal_review_decision(self.row.pk, text="it was me")
        assert self.state() == ("pending", False)
        self.decide(APPROVED)
        assert self.state() == ("approved", True)

    def test_a_rejection_needs_a_note(self) -> None:
        for note in ("", "  \n"):
            with pytest.raises(ValueError, match="note"):
                self.decide(REJECTED, note=note)
        assert self.steps() == []

    def test_it_refuses_a_status_that_is_not_a_decision(self) -> None:
        for to in (PENDING, ReviewStatus.CLEAN):
            with pytest.raises(ValueError, match="not a decision"):
                self.decide(to)

    def test_it_leaves_a_session_that_someone_else_decided_meanwhile(self) -> None:
        self.decide(REJECTED)
        assert self.decide(APPROVED, seen=0) == ReviewDecided(0, 1)
        assert self.state() == ("rejected", False)

    def test_it_leaves_a_session_that_has_the_status_already(self) -> None:
        self.decide(APPROVED)
        assert self.decide(APPROVED) == ReviewDecided(0, 1)
        assert len(self.steps()) == 1

    def test_it_decides_on_many_sessions_at_once(self) -> None:
        rows = [save_pending() for _ in range(20)]
        rejected = rows[0]
        decide_reviews({rejected.pk: 0}, to=REJECTED, reviewer=self.coach, note="no")
        assert decide_reviews(
            {row.pk: 0 for row in rows}, to=APPROVED, reviewer=self.coach, note=""
        ) == ReviewDecided(19, 1)
        assert WorkoutSession.objects.filter(review_status=APPROVED).count() == 19

    def test_a_clean_session_can_be_rejected(self) -> None:
        self.row = save_session(new_athlete())
        assert self.decide(REJECTED) == ReviewDecided(1, 0)


class AppendOnlyTests(ReviewCase):
    def setUp(self) -> None:
        super().setUp()
        self.decide(APPROVED)
        self.step = self.row.review_steps.get()

    def test_the_model_refuses_to_change_or_delete_a_step(self) -> None:
        for act in (self.step.save, self.step.delete):
            with pytest.raises(TypeError):
                act()

    def test_the_database_refuses_to_change_or_delete_a_step(self) -> None:
        steps = ReviewStep.objects.all()
        for act in (lambda: steps.update(note="other"), lambda: steps._raw_delete("default")):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                act()
        assert ReviewStep.objects.get().note == "seen the video"

    def test_neither_the_coach_nor_the_session_of_a_step_can_be_deleted(self) -> None:
        for kept in (self.coach, self.row):
            with pytest.raises(ProtectedError):
                kept.delete()


class AtOnceTests(TransactionTestCase):
    serialized_rollback = True

    def test_of_two_coaches_at_once_one_decides(self) -> None:
        row = save_pending()
        coaches = [get_user_model().objects.create_user(name) for name in ("aliya", "bota")]
        barrier, decided = threading.Barrier(2), []

        def act(coach: Any, to: ReviewStatus) -> None:
            barrier.wait()
            decided.append(decide_reviews({row.pk: 0}, to=to, reviewer=coach, note="so"))
            connection.close()

        threads = [
            threading.Thread(target=act, args=pair)
            for pair in zip(coaches, (APPROVED, REJECTED), strict=True)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(decided) == [ReviewDecided(0, 1), ReviewDecided(1, 0)]
        (step,) = row.review_steps.all()
        row.refresh_from_db()
        assert (step.to_status, step.reviewer) in [(APPROVED, coaches[0]), (REJECTED, coaches[1])]
        assert row.review_status == step.to_status


class NoteTests(ReviewCase):
    def note(self) -> str:
        return str(self.client.get(f"/workout/sessions/{self.row.pk}/").json()["review_note"])

    def test_the_athlete_reads_the_last_note_of_a_coach(self) -> None:
        assert self.note() == ""
        self.decide(REJECTED, note="a script")
        assert self.note() == "a script"
        appeal_review_decision(self.row.pk, text="it was me")
        assert self.note() == "a script"
        self.decide(APPROVED, note="")
        assert self.note() == ""

    def test_a_stale_page_decides_nothing_even_if_the_status_is_the_same_again(self) -> None:
        seen = find_last_review_steps([self.row.pk])
        self.decide(REJECTED)
        appeal_review_decision(self.row.pk, text="it was me")
        assert decide_reviews(seen, to=APPROVED, reviewer=self.coach, note="") == ReviewDecided(
            0, 1
        )


class AppealTests(ReviewCase):
    def setUp(self) -> None:
        super().setUp()
        self.path = f"/workout/sessions/{self.row.pk}/appeal"

    def ask(self, path: str | None = None, **body: Any) -> Any:
        body = {"user_id": self.row.athlete_id, "text": "it was me"} | body
        body = {name: value for name, value in body.items() if value is not None}
        return self.client.post(
            path or self.path, json.dumps(body), content_type="application/json"
        )

    def test_it_makes_the_session_pending_again(self) -> None:
        self.decide(REJECTED)
        for path in (self.path, f"{self.path}/"):
            response = self.ask(path)
            assert (response.status_code, response.json()) == (
                201,
                {"status": "success", "review_status": "pending"},
            )
            assert self.steps()[-1] == ("athlete", "rejected", "pending", "it was me")
            self.decide(REJECTED)

    def test_it_takes_a_form_body(self) -> None:
        self.decide(APPROVED)
        assert (
            self.client.post(
                self.path, {"user_id": self.row.athlete_id, "text": "look again"}
            ).status_code
            == 201
        )

    def test_each_decision_can_be_appealed_once(self) -> None:
        assert self.ask().json()["code"] == "nothing_to_appeal"
        self.decide(REJECTED)
        assert self.ask().status_code == 201
        response = self.ask()
        assert (response.status_code, response.json()["code"]) == (409, Code.NOTHING_TO_APPEAL)
        with pytest.raises(WorkoutError):
            appeal_review_decision(self.row.pk, text="again")

    def test_a_stranger_cannot_appeal(self) -> None:
        self.decide(REJECTED)
        for user_id in (new_athlete(), None):
            response = self.ask(user_id=user_id)
            assert (response.status_code, response.json()["code"]) == (403, "not_yours")
            assert "user_id" in response.json()["detail"]
        assert len(self.steps()) == 1

    def test_bad_input_names_the_field(self) -> None:
        self.decide(REJECTED)
        for text in (None, "", "   ", "x" * (MAX_NOTE_LENGTH + 1), ["a"], {"a": 1}):
            with self.subTest(text=str(text)[:20]):
                response = self.ask(text=text)
                assert response.status_code == 400
                assert "text" in response.json()["errors"]
        assert "user_id" in self.ask(user_id="a b").json()["errors"]
        assert len(self.steps()) == 1

    def test_an_unknown_session_is_not_found(self) -> None:
        for pk in (self.row.pk + 1, 10**17, 0):
            assert self.ask(f"/workout/sessions/{pk}/appeal").status_code == 404

    def test_it_takes_only_post(self) -> None:
        assert self.client.get(self.path).status_code == 405


class ListTests(ReviewCase):
    def test_the_api_shows_and_filters_by_status(self) -> None:
        save_session(new_athlete())
        (found,) = self.client.get("/workout/sessions/", {"review_status": "pending"}).json()[
            "results"
        ]
        assert (found["id"], found["flags"]) == (self.row.pk, [METRONOME])
        response = self.client.get("/workout/sessions/", {"review_status": "doubtful"})
        assert response.status_code == 400
        assert "review_status" in response.json()["errors"]
