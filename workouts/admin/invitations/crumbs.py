"""The ways to the pages that list invitations: names and addresses."""

from django.urls import reverse
from django.utils.translation import gettext as _

from workouts.models import Athlete, Invitation, Team

Crumbs = list[tuple[str, str]]


def find_invitation_crumbs(invitation: Invitation) -> Crumbs:
    """Return the way to the page that lists an invitation."""
    if invitation.athlete is not None:
        return find_athlete_crumbs(invitation.athlete.kept)
    if invitation.kind == Invitation.Kind.TEAM and invitation.team is not None:
        return find_team_crumbs(invitation.team)
    return find_coach_crumbs()


def find_athlete_crumbs(athlete: Athlete) -> Crumbs:
    return [
        (_("Athletes"), reverse("admin:workouts_athlete_changelist")),
        (str(athlete), reverse("admin:workouts_athlete_change", args=[athlete.pk])),
    ]


def find_team_crumbs(team: Team) -> Crumbs:
    return [
        (_("Teams"), reverse("admin:workouts_team_changelist")),
        (str(team), reverse("admin:workouts_team_change", args=[team.pk])),
    ]


def find_coach_crumbs() -> Crumbs:
    return [
        (_("Users"), reverse("admin:auth_user_changelist")),
        (_("Invite a coach"), reverse("admin:auth_user_invite")),
    ]
