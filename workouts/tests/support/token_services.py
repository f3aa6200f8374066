"""Services in token mode, their tokens, and devices that were let in."""

import time
from typing import Any

import websockets

from workouts.tests.support.phones import ANSWER_S, Phone
from workouts.tests.support.service import Service, shared_service
from workouts.tests.support.shell import run_shell
from workouts.tests.support.tokens import SECRET, sign_token

JOIN = """
import uuid
from workouts.models import Athlete, JoinedDevice
athlete, _ = Athlete.objects.get_or_create(user_id={user_id!r})
device = JoinedDevice.objects.create(athlete=athlete, join_hash=uuid.uuid4().hex)
from workouts.identity.access_tokens import issue_access_token
print(device.pk, issue_access_token(athlete.user_id, device.pk))
"""
CHANGE_DEVICE = """
from django.utils import timezone
from datetime import timedelta
from workouts.models import JoinedDevice
JoinedDevice.objects.filter(pk={device_id!r}).update({change})
"""
SWITCH_OFF = """
from django.utils import timezone
from workouts.models import Athlete
Athlete.objects.update_or_create(
    user_id={user_id!r}, defaults=dict(switched_off_at=timezone.now())
)
"""
LAST_SEEN = """
from workouts.models import JoinedDevice
print(JoinedDevice.objects.get(pk={device_id!r}).last_seen_at.timestamp())
"""


def shared_token_service() -> Service:
    """Return a service that takes a provider's tokens (HS256) as well as its own.

    It logs everything, so that a test can look for what must not be there.
    """
    return shared_service(SENIM_AUTH="token", SENIM_JWT_SECRET=SECRET, LOG_LEVEL="DEBUG")


def sign_brief_token(user_id: str, lifetime_s: float) -> tuple[str, float]:
    """Return a token that expires so soon, to the second, and when (Unix time, s)."""
    expires_at = int(time.time() + lifetime_s)
    return sign_token(user_id, exp=expires_at), float(expires_at)


def join_device(service: Service, user_id: str) -> tuple[str, str]:
    """Let a device in, and return its id and an access token."""
    device_id, token = run_shell(service, JOIN.format(user_id=user_id)).split()
    return device_id, token


def change_device(service: Service, device_id: str, change: str) -> None:
    """Change a device's row by keyword arguments in Python code."""
    run_shell(service, CHANGE_DEVICE.format(device_id=device_id, change=change))


def revoke_device(service: Service, device_id: str) -> None:
    change_device(service, device_id, "revoked_at=timezone.now()")


def read_last_seen(service: Service, device_id: str) -> float:
    """Return when a device was last seen (Unix time, s)."""
    return float(run_shell(service, LAST_SEEN.format(device_id=device_id)))


def switch_off_athlete(service: Service, user_id: str) -> None:
    run_shell(service, SWITCH_OFF.format(user_id=user_id))


def knock(
    service: Service, token: str = "", *, query: str = "", **options: Any
) -> websockets.connect:
    """Connect with a token in the header, or without one."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return websockets.connect(
        service.url.replace("http", "ws") + f"/ws/workout{query}",
        additional_headers=headers,
        max_queue=None,
        open_timeout=ANSWER_S,
        **options,
    )


async def let_in(service: Service, token: str) -> Phone:
    """Return a phone that was welcomed."""
    phone = Phone(await knock(service, token, subprotocols=["senim.v1"]))
    welcome = await phone.hear()
    assert welcome["event"] == "welcome", welcome
    return phone
