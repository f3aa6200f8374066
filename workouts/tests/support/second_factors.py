"""Second factors of the tests' coaches, and the codes that their apps show."""

import base64
import time
from typing import Any

from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

STEP_S = 30
RECOVERY_CODE = "abcd2345"


def give_second_factor(user: Any) -> Any:
    """Give a user an app and one recovery code."""
    codes = StaticDevice.objects.create(user=user, name="recovery codes")
    codes.token_set.create(token=RECOVERY_CODE)
    return TOTPDevice.objects.create(user=user, name="app")


def show_code(device: Any, *, steps_ahead: int = 0) -> str:
    """Return what the app shows, now or some half minutes later."""
    return show_code_for_key(device.bin_key, steps_ahead)


def show_code_for_secret(secret: str, *, steps_ahead: int = 0) -> str:
    """Return what an app shows in which this secret was typed."""
    return show_code_for_key(base64.b32decode(secret.replace(" ", "")), steps_ahead)


def show_code_for_key(key: bytes, steps_ahead: int) -> str:
    totp = TOTP(key)
    totp.time = time.time() + steps_ahead * STEP_S
    return f"{totp.token():06d}"


def make_wrong(code: str) -> str:
    """Return a code that is not this one, nor its neighbours."""
    return f"{(int(code) + 500_000) % 1_000_000:06d}"
