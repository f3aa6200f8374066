"""A coach's second factor: an app that shows codes (TOTP), and recovery codes on paper."""

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.contrib.auth import get_user_model
from django.db import transaction
from django.utils import timezone
from django_otp import verify_token
from django_otp.plugins.otp_static.models import StaticDevice, StaticToken
from django_otp.plugins.otp_totp.models import TOTPDevice

APP, RECOVERY = "app", "recovery codes"
APP_CODE_LENGTH = 6
RECOVERY_CODES = 10
# so long a reload shows the same secret; an older one may have been seen by somebody else
SECRET_KEPT = timedelta(hours=1)
log = structlog.get_logger(__name__)


def find_second_factor(user: Any) -> Any:
    """Return the user's app, or None."""
    return TOTPDevice.objects.filter(user=user, confirmed=True).first()


def start_second_factor(user: Any) -> Any:
    """Return an app that is not confirmed yet, with its secret. Nothing depends on it so far."""
    with transaction.atomic():
        lock_user_row(user)
        drafts = TOTPDevice.objects.filter(user=user, confirmed=False)
        drafts.filter(created_at__lt=timezone.now() - SECRET_KEPT).delete()
        return drafts.first() or TOTPDevice.objects.create(user=user, name=APP, confirmed=False)


def confirm_second_factor(user: Any, code: str) -> tuple[Any, list[str]] | None:
    """Make the app count, if it shows this code: return it and new recovery codes, else None."""
    with transaction.atomic():
        lock_user_row(user)
        device = TOTPDevice.objects.filter(user=user, confirmed=False).first()
        if device is None or find_second_factor(user) is not None:
            return None
        if not device.verify_token(clean_code(code)):
            return None
        device.confirmed = True
        device.save()
        codes = make_recovery_codes(user)
    log.info("second_factor_set_up", user=user.get_username())
    return device, codes


def check_second_factor(user: Any, code: str) -> Any:
    """Return the device that this code belongs to, or None. django-otp slows down guesses."""
    code = clean_code(code)
    model = TOTPDevice if len(code) == APP_CODE_LENGTH and code.isdecimal() else StaticDevice
    device = model.objects.filter(user=user, confirmed=True).first()
    found = verify_token(user, device.persistent_id, code) if device is not None else None
    if found is None:
        log.warning("second_factor_failed", user=user.get_username())
    else:
        log.info("second_factor_verified", user=user.get_username(), by=found.name)
    return found


def find_code_wait(user: Any) -> datetime | None:
    """Return until when codes are refused after wrong ones, or None."""
    ends = [
        details["locked_until"]
        for model in (TOTPDevice, StaticDevice)
        for device in model.objects.filter(user=user)
        for is_allowed, details in [device.verify_is_allowed()]
        if not is_allowed
    ]
    return max(ends, default=None)


def make_recovery_codes(user: Any) -> list[str]:
    """Replace the user's recovery codes, and return the new ones; each works once."""
    with transaction.atomic():
        device, _ = StaticDevice.objects.get_or_create(user=user, defaults={"name": RECOVERY})
        device.token_set.all().delete()
        codes = [StaticToken.random_token() for _ in range(RECOVERY_CODES)]
        device.token_set.bulk_create([StaticToken(device=device, token=code) for code in codes])
    log.info("recovery_codes_made", user=user.get_username())
    return codes


def count_recovery_codes(user: Any) -> int:
    return int(StaticToken.objects.filter(device__user=user).count())


def remove_second_factor(user: Any, *, by: str) -> bool:
    """Remove the user's app and recovery codes. Return whether there was an app."""
    with transaction.atomic():
        count, _ = TOTPDevice.objects.filter(user=user, confirmed=True).delete()
        TOTPDevice.objects.filter(user=user).delete()
        StaticDevice.objects.filter(user=user).delete()
    if count:
        log.info("second_factor_removed", user=user.get_username(), by=by)
    return bool(count)


def clean_code(code: str) -> str:
    """Return a code as it is stored, whatever spaces, dashes or capitals it was typed with."""
    return "".join(letter for letter in code if letter.isalnum()).lower()


def lock_user_row(user: Any) -> None:
    """Have others wait who set up the same user's second factor in this moment."""
    get_user_model().objects.select_for_update().get(pk=user.pk)
