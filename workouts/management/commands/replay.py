"""Replays recorded sets against a running service."""

import asyncio
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from workouts.simulation.behaviours.kinds import BEHAVIOURS
from workouts.simulation.replay import (
    Replay,
    ReplayedSet,
    ReplayTotals,
    read_sets_to_replay,
)
from workouts.simulation.service import check_service_answers, check_service_url

SHOWN_PROBLEMS = 10
SPEED_HELP = (
    "times as fast as recorded. Over senim.v1 each rep carries its recorded time, so a fast replay"
    " counts the same reps as a slow one, marked late; on a plain socket fast reps are debounced"
)


class Command(BaseCommand):
    help = (
        "Replay recorded sets against a running service, each as one athlete."
        " Exits with status 1 if any total is wrong."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "file", type=Path, help='one JSON object per line: {"exercise": …, "rep_end_ms": […]}'
        )
        parser.add_argument("--url", default="http://127.0.0.1:8000")
        parser.add_argument("--speed", type=float, default=1.0, help=SPEED_HELP)
        parser.add_argument("--limit", type=int, help="only the first N sets")
        parser.add_argument(
            "--protocol",
            choices=("v1", "plain"),
            default="v1",
            help="senim.v1 with the reference client, or a plain socket",
        )
        parser.add_argument(
            "--plain",
            dest="protocol",
            action="store_const",
            const="plain",
            help="the same as --protocol plain",
        )
        parser.add_argument(
            "--as",
            dest="behaviour",
            choices=BEHAVIOURS,
            metavar="KIND",
            default="",
            help="play each set as this kind of athlete or script, one of: "
            + ", ".join(BEHAVIOURS),
        )

    def handle(
        self, *, file: Path, url: str, speed: float, limit: int | None, **options: Any
    ) -> None:
        behaviour, protocol = options["behaviour"], options["protocol"]
        if speed <= 0:
            raise CommandError(f"--speed is {speed}; it takes a number above 0")
        if behaviour and (speed != 1 or protocol == "plain"):
            raise CommandError(
                "--as sets its own pace and sockets; it cannot be combined with --speed or --plain"
            )
        try:
            replay, sets = (
                Replay(
                    check_service_url(url),
                    speed=speed,
                    plain=protocol == "plain",
                    behaviour=behaviour,
                ),
                read_sets_to_replay(file, limit),
            )
        except (OSError, ValueError) as error:
            raise CommandError(str(error)) from None
        try:
            asyncio.run(check_service_answers(url))
        except ConnectionError as error:
            raise CommandError(str(error)) from None
        totals = ReplayTotals()
        with tqdm(total=len(sets), unit="set", disable=None) as bar:

            def on_done(outcome: ReplayedSet) -> None:
                totals.add(outcome)
                bar.update()

            asyncio.run(replay.play(sets, on_done))
        self.show(totals)
        if totals.problems or not sets:
            raise CommandError(f"{len(totals.problems)} of {len(sets)} sets have wrong totals")

    def show(self, totals: ReplayTotals) -> None:
        more = {
            name: number
            for name, number in sorted(totals.verdicts.items())
            if name not in ("counted", "debounced")
        }
        flags = {f"flagged {name}": number for name, number in sorted(totals.flags.items())}
        rows = {
            "sent": totals.sent,
            "counted": totals.counted,
            "debounced": totals.debounced,
            **more,
            "rows saved": totals.rows,
            **flags,
        }
        for name, number in rows.items():
            self.stdout.write(f"{name:<22} {number:>8}")
        for problem in totals.problems[:SHOWN_PROBLEMS]:
            self.stdout.write(problem)
