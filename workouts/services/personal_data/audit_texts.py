"""Names in the audit trail: who did what stays, whom it was about does not."""

import json
import re
from collections.abc import Collection
from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext_noop

from workouts.models import Athlete, WorkoutSession

FORGOTTEN = gettext_noop("forgotten athlete")  # the admin's history translates it when shown
# a user_id may have dots, colons and hyphens inside
BEFORE, AFTER = r"(?<![\w@.:-])", r"(?![\w@-]|[.:]\w)"


def erase_audit_texts(model: type[Model], ids: Collection[Any]) -> None:
    """Replace what the audit trail says about these objects by a neutral label."""
    about = LogEntry.objects.filter(
        content_type=ContentType.objects.get_for_model(model), object_id__in=[*map(str, ids)]
    )
    about.update(object_repr=FORGOTTEN, change_message="")


def erase_names_in_audit(user_ids: Collection[str], names: Collection[str]) -> None:
    """Replace a forgotten person's user_ids and names wherever else the audit trail has them.

    Names of people aren't unique, so they stay in what is about other athletes.
    """
    other_athletes = ContentType.objects.get_for_models(Athlete, WorkoutSession).values()
    elsewhere = LogEntry.objects.exclude(content_type__in=other_athletes)
    for words, entries in ((user_ids, LogEntry.objects.all()), (names, elsewhere)):
        for word in filter(None, words):
            replace_word_in_audit(word, entries)


def replace_word_in_audit(word: str, entries: QuerySet[LogEntry]) -> None:
    escaped = json.dumps(word)[1:-1]  # as Django stores its own messages
    found = entries.filter(
        Q(object_repr__contains=word)
        | Q(change_message__contains=word)
        | Q(change_message__contains=escaped)
    )
    pattern = re.compile(f"{BEFORE}{re.escape(word)}{AFTER}")
    for entry in found.iterator(chunk_size=500):
        entry.object_repr = pattern.sub(FORGOTTEN, entry.object_repr)[:200]
        entry.change_message = replace_in_audit_message(pattern, entry.change_message)
        entry.save(update_fields=["object_repr", "change_message"])


def replace_in_audit_message(pattern: re.Pattern[str], message: str) -> str:
    """Return the message without the word; Django's own messages are JSON."""
    try:
        parts = json.loads(message) if message.startswith("[") else None
    except ValueError:
        parts = None
    if parts is None:
        return pattern.sub(FORGOTTEN, message)
    return json.dumps(replace_in_audit_json(pattern, parts))


def replace_in_audit_json(pattern: re.Pattern[str], value: Any) -> Any:
    match value:
        case str():
            return pattern.sub(FORGOTTEN, value)
        case list():
            return [replace_in_audit_json(pattern, each) for each in value]
        case dict():
            return {key: replace_in_audit_json(pattern, each) for key, each in value.items()}
    return value
