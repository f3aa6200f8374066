"""Fills the database with made-up workouts."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from tqdm import tqdm

from workouts.models import Exercise
from workouts.simulation.seeding.people import make_named_coach
from workouts.simulation.seeding.sessions import SeedPlan, seed_sessions
from workouts.simulation.seeding.tables import analyze_seeded_tables

MAX_DAYS = 36_500


class Command(BaseCommand):
    help = (
        "Fill the database with made-up workouts: teams of athletes with coaches, their sessions,"
        " flags and reviews. A second run adds new athletes with new sessions. Don't run it on a"
        " database that people use."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--sessions", type=int, required=True, help="number of sessions")
        parser.add_argument(
            "--athletes",
            type=int,
            help="number of new athletes (default: one per 100 sessions, at least 10)",
        )
        parser.add_argument(
            "--teams",
            type=int,
            help="number of new teams, each with a coach (default: one per 40 athletes)",
        )
        parser.add_argument(
            "--days",
            type=int,
            default=730,
            help="spread over this many days until now (default: %(default)s)",
        )
        parser.add_argument(
            "--seed",
            type=int,
            default=7,
            help="a different number makes different workouts (default: %(default)s)",
        )
        parser.add_argument(
            "--coach",
            metavar="NAME",
            help="the user who coaches the first team; created with a random password if missing",
        )

    def handle(
        self, *, sessions: int, athletes: int | None, teams: int | None, days: int, **options: Any
    ) -> None:
        for name, number in {
            "sessions": sessions,
            "athletes": athletes,
            "teams": teams,
            "days": days,
        }.items():
            if number is not None and number < 1:
                raise CommandError(f"--{name} is {number}; it takes a whole number from 1")
        if days > MAX_DAYS:
            raise CommandError(f"--days is {days}; it takes a whole number from 1 to {MAX_DAYS:,}")
        if not Exercise.objects.filter(active=True).exists():
            raise CommandError("There is no active exercise to train.")
        coach = options["coach"]
        if coach is not None:
            password = make_named_coach(coach)
            self.stdout.write(
                f"{coach}'s password, shown only once: {password}"
                if password
                else f"{coach} exists already, and keeps the password."
            )
        plan = SeedPlan(sessions, timezone.now(), athletes, teams, days, options["seed"], coach)
        with tqdm(total=sessions, unit="session", disable=None) as bar:
            for saved in seed_sessions(plan):
                bar.update(saved)
        analyze_seeded_tables()
        self.stdout.write(f"{sessions:,} sessions saved.")
