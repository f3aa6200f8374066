"""Prints a link and its QR code that let an athlete or a coach in."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from workouts.exceptions import WorkoutError
from workouts.identity.athlete_ids import check_user_id
from workouts.models import Athlete
from workouts.services.invitations import (
    NewInvitation,
    draw_invitation_qr_for_terminal,
    invitation_link,
    invite_athlete,
    invite_coach,
)


class Command(BaseCommand):
    help = (
        "Print a link and its QR code that let one device of an athlete in, or make a coach's"
        " account. The link works once, for 48 hours."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "user_id", nargs="?", help="the athlete, who is created if there is none of this ID"
        )
        parser.add_argument("--coach", metavar="NAME", help="invite a coach of this name instead")
        parser.add_argument("--head", action="store_true", help="make the coach a head coach")

    def handle(self, *, user_id: str | None, coach: str | None, head: bool, **options: Any) -> None:
        if (user_id is None) == (coach is None):
            raise CommandError("Name a USER_ID or --coach NAME, and not both.")
        if head and coach is None:
            raise CommandError("--head goes with --coach NAME.")
        try:
            invitation_link("", "athlete")  # before anything is made
            made = (
                self.invite_athlete(user_id)
                if user_id is not None
                else invite_coach(name=coach or "", is_head_coach=head, by=None)
            )
        except WorkoutError as error:
            raise CommandError(error.message) from None
        self.show(made)

    def invite_athlete(self, user_id: str) -> NewInvitation:
        if user_id == "me":
            raise CommandError('"me" stands for whoever asks; choose another USER_ID.')
        athlete, is_new = Athlete.objects.get_or_create(user_id=check_user_id(user_id))
        if is_new:
            self.stdout.write(f"{user_id} is a new athlete.")
        if athlete.switched_off_at is not None:
            raise CommandError(f"{user_id} has been switched off, so no link would let them in.")
        return invite_athlete(athlete=athlete, by=None)

    def show(self, made: NewInvitation) -> None:
        link = invitation_link(made.code, made.invitation.kind)
        self.stdout.write(link)
        self.stdout.write(draw_invitation_qr_for_terminal(link))
        self.stdout.write(f"It works once, until {made.invitation.expires_at:%Y-%m-%d %H:%M} UTC.")
