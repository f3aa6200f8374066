"""A logged-in coach for a service under measurement."""

import subprocess
import sys
from pathlib import Path

from bench.services import PROJECT, clean_environment

MAKE_COACH = """
from importlib import import_module
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import Group, User
from workouts.models import Athlete, Team
user = User.objects.create_user("bench", is_staff=True)
user.groups.add(Group.objects.get(name="coaches"))
team = Team.objects.create(name="bench")
team.coaches.add(user)
athletes = [Athlete(user_id=f"bench-{{number}}") for number in range({watched})]
team.athletes.add(*Athlete.objects.bulk_create(athletes))
session = import_module(settings.SESSION_ENGINE).SessionStore()
session[SESSION_KEY] = str(user.pk)
session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
session[HASH_SESSION_KEY] = user.get_session_auth_hash()
session.create()
print(session.session_key)
"""


def make_coach(data: Path, watched: int, **more: str) -> str:
    """Make a coach with that many athletes, and return the key of a browser session."""
    environment = {**clean_environment(data), **more}
    command = [
        sys.executable,
        "manage.py",
        "shell",
        "-v",
        "0",
        "-c",
        MAKE_COACH.format(watched=watched),
    ]
    done = subprocess.run(
        command, cwd=PROJECT, env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout.strip()
