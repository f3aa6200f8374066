"""Fills the database with made-up sessions and the reviews of flagged ones."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from random import Random
from typing import Any
from uuid import UUID

from django.db import transaction

from workouts.fairness.assessment import read_flag_records
from workouts.models import Exercise, ReviewStatus, ReviewStep, WorkoutSession
from workouts.simulation.seeding.days import seed_times_saved
from workouts.simulation.seeding.patterns import LEVELS, SeedPattern, SeedPatterns
from workouts.simulation.seeding.people import SeedPeople, first_free_seed_number, make_up_people
from workouts.simulation.seeding.tables import insert_seed_rows

CHUNK = 10_000  # sessions per transaction
ATHLETES_EACH, LEAST_ATHLETES, TEAM_SIZE = 100, 10, 40
KEENNESS = 1.5  # above 1, some athletes train far more than others
DECIDED = {ReviewStatus.PENDING: 20, ReviewStatus.APPROVED: 60, ReviewStatus.REJECTED: 20}
NOTES = {
    ReviewStatus.APPROVED: ["", "", "Seen on video.", "I was there."],
    ReviewStatus.REJECTED: [
        "Not done by a person.",
        "The sensor bounced; please repeat it.",
        "The watch was shaken.",
    ],
}
COLUMNS = (
    *(
        "session_id",
        "user_id",
        "exercise_type",
        "total_reps",
        "created_at",
        "started_at",
        "finished_at",
    ),
    *(
        "refused",
        "refusals",
        "timeline_ms",
        "rep_devices",
        "late_reps",
        "device_seqs",
        "distrusted_times",
    ),
    *("best_minute", "sets", "flags", "review_status", "is_in_totals", "load_kg"),
)


@dataclass(frozen=True, slots=True)
class SeedPlan:
    """What to make.

    By default an athlete for every 100 sessions, at least 10, and a team for every 40 athletes.
    """

    sessions: int
    until: datetime
    athletes: int | None = None
    teams: int | None = None
    days: int = 730
    seed: int = 7
    coach: str | None = None


@dataclass(frozen=True, slots=True)
class SeedSession:
    """A made-up session and its review; `decided_at` is None if no coach decided."""

    session_id: UUID
    user_id: str
    saved_at: datetime
    finished_at: datetime
    pattern: SeedPattern
    status: ReviewStatus
    decided_at: datetime | None
    reviewer_id: int
    note: str

    def row(self) -> tuple[Any, ...]:
        """Return the row in the order of COLUMNS."""
        pattern, started_at = (
            self.pattern,
            self.finished_at - timedelta(milliseconds=self.pattern.span_ms),
        )
        return (
            *(
                self.session_id,
                self.user_id,
                pattern.exercise,
                pattern.reps,
                self.saved_at,
                started_at,
                self.finished_at,
            ),
            *(
                pattern.refused,
                pattern.refusals,
                pattern.timeline,
                "[]",
                pattern.late,
                "{}",
                pattern.distrusted,
            ),
            *(
                pattern.best_minute,
                pattern.sets,
                pattern.flags,
                self.status.value,
                self.status != ReviewStatus.REJECTED,
                pattern.load_kg,
            ),
        )

    def steps(self, pk: int) -> Iterator[ReviewStep]:
        """Yield the review steps, unsaved."""
        actors, pending = ReviewStep.Actor, ReviewStatus.PENDING
        opened: dict[str, Any] = {
            "at": self.saved_at,
            "from_status": ReviewStatus.CLEAN,
            "to_status": pending,
        }
        yield ReviewStep(
            session_id=pk, actor=actors.SERVICE, flag_names=self.pattern.flag_names, **opened
        )
        if self.decided_at is not None:
            decided: dict[str, Any] = {
                "at": self.decided_at,
                "from_status": pending,
                "to_status": self.status,
            }
            yield ReviewStep(
                session_id=pk,
                actor=actors.COACH,
                reviewer_id=self.reviewer_id,
                note=self.note,
                **decided,
            )


@dataclass(frozen=True, slots=True)
class SeedSessionMaker:
    """Makes these people's sessions."""

    patterns: SeedPatterns
    people: SeedPeople
    until: datetime
    rng: Random
    keenest: list[int]  # athletes' indexes, those who train most first

    def make(self, saved_at: datetime) -> SeedSession:
        index = self.keenest[int(len(self.keenest) * self.rng.random() ** KEENNESS)]
        pattern = self.patterns.pick(self.rng, index % LEVELS)
        status, decided_at = (
            self.review(saved_at) if pattern.flag_names else (ReviewStatus.CLEAN, None)
        )
        return SeedSession(
            session_id=UUID(int=self.rng.getrandbits(128), version=4),
            user_id=self.people.athletes[index],
            saved_at=saved_at,
            finished_at=round_seed_time_to_ms(
                saved_at - timedelta(milliseconds=self.rng.randint(900, 9000))
            ),
            pattern=pattern,
            status=status,
            decided_at=decided_at,
            reviewer_id=self.people.coach_of(index),
            note=self.rng.choice(NOTES[status]) if decided_at else "",
        )

    def review(self, saved_at: datetime) -> tuple[ReviewStatus, datetime | None]:
        """Return a coach's decision and its time, up to four days after the session.

        A session whose decision would be in the future is still pending.
        """
        (status,) = self.rng.choices([*DECIDED], [*DECIDED.values()])
        decided_at = saved_at + timedelta(hours=self.rng.uniform(0.5, 96))
        waits = status == ReviewStatus.PENDING or decided_at > self.until
        return (ReviewStatus.PENDING, None) if waits else (status, decided_at)


def round_seed_time_to_ms(moment: datetime) -> datetime:
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def seed_sessions(plan: SeedPlan) -> Iterator[int]:
    """Make athletes, teams, coaches and sessions; yield each transaction's number of sessions.

    On an empty database the same plan makes the same data. An interrupted run leaves only complete
    transactions.
    """
    rng = Random(f"{plan.seed}:{first_free_seed_number()}")  # noqa: S311
    athletes = plan.athletes or max(LEAST_ATHLETES, plan.sessions // ATHLETES_EACH)
    people = make_up_people(
        athletes=athletes,
        teams=plan.teams or -(-athletes // TEAM_SIZE),
        coach=plan.coach,
        since=plan.until - timedelta(days=plan.days),
        rng=rng,
    )
    patterns = SeedPatterns(Exercise.objects.filter(active=True), read_flag_records(), plan.seed)
    maker = SeedSessionMaker(
        patterns, people, plan.until, rng, keenest=rng.sample(range(athletes), athletes)
    )
    times = seed_times_saved(plan.sessions, days=plan.days, until=plan.until, rng=rng)
    while moments := list(islice(times, CHUNK)):
        save_seed_sessions([*map(maker.make, moments)])
        yield len(moments)


@transaction.atomic
def save_seed_sessions(sessions: list[SeedSession]) -> None:
    insert_seed_rows(
        WorkoutSession._meta.db_table, COLUMNS, (session.row() for session in sessions)
    )
    flagged = [session for session in sessions if session.pattern.flag_names]
    rows = WorkoutSession.objects.filter(session_id__in=[session.session_id for session in flagged])
    ids = dict(rows.values_list("session_id", "pk"))
    ReviewStep.objects.bulk_create(
        [step for session in flagged for step in session.steps(ids[session.session_id])]
    )
