"""Whether a coach's session counts: the password alone may not be enough."""

from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_in
from django.db.models import Exists, OuterRef, QuerySet, Value
from django.dispatch import receiver
from django.utils import timezone
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.plugins.otp_static.models import StaticDevice
from django_otp.plugins.otp_totp.models import TOTPDevice

from workouts.models import TemporaryPassword, may_see_all_athletes

FACTORS: dict[str, Any] = {model.model_label(): model for model in (TOTPDevice, StaticDevice)}


class SignInStep(StrEnum):
    """What a session with the right password still lacks, in this order."""

    CODE = "code"  # from the user's second factor
    PASSWORD = "password"  # noqa: S105 (of the user's own, instead of a temporary one)
    SETUP = "setup"  # of a second factor, which SENIM_REQUIRE_2FA asks for


def is_fully_signed_in(user: Any, session: Any) -> bool:
    """Return whether this session counts as its user's, everywhere: pages, walls, the API."""
    is_known = bool(user.is_authenticated and user.is_active)
    return is_known and find_missing_sign_in_step(user, session) is None


def find_missing_sign_in_step(user: Any, session: Any) -> SignInStep | None:
    """Return what a logged-in user's session lacks, or None if it counts. One query."""
    of_user = {"user": OuterRef("pk")}
    has_temporary, has_factor, is_verified = (
        get_user_model()
        .objects.filter(pk=user.pk)
        .values_list(
            Exists(TemporaryPassword.objects.filter(**of_user)),
            Exists(TOTPDevice.objects.filter(**of_user, confirmed=True)),
            Exists(found.filter(**of_user))
            if (found := find_session_factor(session)) is not None
            else Value(False),
        )
        .get()
    )
    if has_factor and not is_verified:
        return SignInStep.CODE
    if has_temporary:
        return SignInStep.PASSWORD
    if not has_factor and must_have_second_factor(user):
        return SignInStep.SETUP
    return None


def find_session_factor(session: Any) -> QuerySet[Any] | None:
    """Return the device by which the session was verified, as a query, or None."""
    label, _, key = str(session.get(DEVICE_ID_SESSION_KEY, "")).partition("/")
    if label not in FACTORS or not key.isdecimal():
        return None
    device: QuerySet[Any] = FACTORS[label].objects.filter(pk=int(key), confirmed=True)
    return device


def must_have_second_factor(user: Any) -> bool:
    """Return whether SENIM_REQUIRE_2FA asks this user for a second factor."""
    if settings.SENIM_REQUIRE_2FA == "head_coaches":
        return may_see_all_athletes(user)
    return bool(settings.SENIM_REQUIRE_2FA == "all")


def make_password_temporary(user: Any) -> None:
    """Ask a user to change the password, which somebody else knows, at the next log-in."""
    TemporaryPassword.objects.get_or_create(user=user)


def forget_temporary_password(user: Any) -> None:
    """Note that a user has a password of their own."""
    TemporaryPassword.objects.filter(user=user).delete()


def note_whose_password(user: Any, *, by: Any) -> None:
    """Note that `by` has just set a user's password."""
    if by.pk == user.pk:
        forget_temporary_password(user)
    else:
        make_password_temporary(user)


@receiver(user_logged_in, dispatch_uid="end_session_in_time")
def end_session_in_time(sender: Any, request: Any, user: Any, **kwargs: Any) -> None:
    """Have the session end at a fixed time, however much it is used."""
    request.session.set_expiry(timezone.now() + timedelta(seconds=settings.SESSION_COOKIE_AGE))
