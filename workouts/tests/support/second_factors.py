"""Second factors of the tests' coaches, and the codes that their apps show."""

import time
from typing import Any

from django_otp.oath import TOTP
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

RECOVERY_CODE = "abcd2345"


def give_second_factor(user: Any) -> Any:
    """Give a user an app and one recovery code."""
    codes = StaticDevice.objects.create(user=user, name="recovery codes")
    codes.token_set.create(token=RECOVERY_CODE)
    return TOTPDevice.objects.create(user=user, name="app")


def show_code(device: Any, *, steps_ahead: int = 0) -> str:
    """Return what the app shows, now or some half minutes later."""
    totp = TOTP(device.bin_key, device.step, device.t0, device.digits)
    totp.time = time.time() + steps_ahead * device.step
    return f"{totp.token():06d}"


def make_wrong(code: str) -> str:
    """Return a code that is not this one, nor its neighbours."""
    return f"{(int(code) + 500_000) % 1_000_000:06d}"
