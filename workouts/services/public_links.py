"""Links that coaches hand out: the service's public address, a page, and a secret after the #."""

from django.conf import settings

from workouts.exceptions import Code, WorkoutError


def build_public_link(page: str, secret: str, base_url: str | None = None) -> str:
    """Return a link that begins with SENIM_PUBLIC_URL or else with `base_url`.

    Raises WorkoutError(unavailable) if neither is there.
    """
    base = settings.SENIM_PUBLIC_URL or (base_url or "").rstrip("/")
    if not base:
        raise WorkoutError(Code.UNAVAILABLE, "SENIM_PUBLIC_URL is unset; links begin with it")
    return f"{base}{page}#{secret}"
