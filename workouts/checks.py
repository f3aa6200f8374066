"""Checks before a migration touches the database, and before a service is open to the internet."""

from collections.abc import Sequence
from ipaddress import ip_network
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register  # noqa: A004
from django.db import connections
from django.db.migrations.recorder import MigrationRecorder

from workouts.models import WorkoutSession

# another program's table of this name is unlikely to have these
OWN_COLUMNS = {"session_id", "timeline_ms", "total_reps"}


@register(Tags.database)
def check_table_is_ours(
    *, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Refuse a database in which another program has a table of the same name."""
    return [
        Error(
            f"The database already has a table {WorkoutSession._meta.db_table} of another program;"
            " nothing was changed. Point DATABASE_URL at a database for Senim alone.",
            id="workouts.E001",
        )
        for alias in databases or []
        if has_foreign_table(alias)
    ]


def has_foreign_table(alias: str) -> bool:
    """Return whether the database has a table or view of this name that is not Senim's.

    The name is compared in lower case. Migrations without the table are another program's too.
    """
    connection = connections[alias]
    migrated = ("workouts", "0001_initial") in MigrationRecorder(connection).applied_migrations()
    with connection.cursor() as cursor:
        names = {
            table.name.lower(): table.name
            for table in connection.introspection.get_table_list(cursor)
        }
        name = names.get(WorkoutSession._meta.db_table)
        if name is None:
            return migrated
        columns = {
            column.name for column in connection.introspection.get_table_description(cursor, name)
        }
    return not (migrated and columns >= OWN_COLUMNS)


@register(Tags.security, deploy=True)
def check_clients_are_known(**kwargs: Any) -> list[CheckMessage]:
    """Warn of the open mode."""
    if settings.SENIM_AUTH == "token":
        return []
    return [
        Warning(
            "SENIM_AUTH is not 'token': whoever reaches the service says who they are, unchecked, "
            "and sees and ends everybody's workouts.",
            hint="Set SENIM_AUTH=token, unless only people you trust reach it.",
            id="workouts.W001",
        )
    ]


@register(Tags.security, deploy=True)
def check_invitations_lead_to_https(**kwargs: Any) -> list[CheckMessage]:
    """Warn of links for phones and screens that would lead nowhere, or over HTTP."""
    if settings.SENIM_AUTH != "token" or settings.SENIM_PUBLIC_URL.startswith("https://"):
        return []
    return [
        Warning(
            "SENIM_PUBLIC_URL is not an https:// address: links begin with it.",
            hint="Set SENIM_PUBLIC_URL to the address that people type.",
            id="workouts.W002",
        )
    ]


@register(Tags.security, deploy=True)
def check_proxy_is_trusted(**kwargs: Any) -> list[CheckMessage]:
    """Warn of a proxy with TLS whose word does not count, so that requests look like HTTP."""
    if not settings.HTTPS_ONLY or settings.TRUSTED_PROXIES:
        return []
    return [
        Warning(
            "HTTPS_ONLY is on, but TRUSTED_PROXIES is empty: forms sent over HTTPS are refused, "
            "and all clients share the proxy's address.",
            hint="Set TRUSTED_PROXIES to the address of the proxy in front.",
            id="workouts.W003",
        )
    ]


@register(Tags.security, deploy=True)
def check_hosts_are_named(**kwargs: Any) -> list[CheckMessage]:
    """Warn if any Host is taken, and so ends up in redirects and links."""
    if "*" not in settings.ALLOWED_HOSTS:
        return []
    return [
        Warning(
            "ALLOWED_HOSTS has '*': whatever a client sends as its Host is taken for the service's "
            "name.",
            hint="Set ALLOWED_HOSTS to the names under which people reach the service.",
            id="workouts.W004",
        )
    ]


@register(Tags.security, deploy=True)
def check_trusted_proxies_are_few(**kwargs: Any) -> list[CheckMessage]:
    """Warn if anybody is trusted to say where a request comes from."""
    if not any(ip_network(proxy).prefixlen == 0 for proxy in settings.TRUSTED_PROXIES):
        return []
    return [
        Warning(
            "TRUSTED_PROXIES has every address: whoever tries passwords or codes chooses the "
            "address that is locked or slowed for it.",
            hint="Set TRUSTED_PROXIES to the addresses of your own proxies.",
            id="workouts.W005",
        )
    ]
