"""A coach's review queue: the sessions that they go through one by one, from page to page."""

from typing import NamedTuple
from urllib.parse import urlencode

from django.contrib import admin
from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.urls import reverse

from workouts.admin.sessions.whole_list import copy_changelist_query, read_whole_changelist
from workouts.fairness.review_queue import find_first_to_review
from workouts.models import WorkoutSession
from workouts.models.primary_keys import can_be_primary_key

FILTERS, SKIPPED = "_changelist_filters", "skipped"  # the first is what Django's lists add to links
MAX_SKIPPED = 50


class ReviewQueue(NamedTuple):
    """What a coach reviews: the list that they came from, and what they skipped since.

    It is kept in the query of the pages that they go through. Skipped sessions come again once all
    others are decided.
    """

    filters: str = ""
    skipped: tuple[int, ...] = ()

    def skip(self, pk: int) -> "ReviewQueue":
        return self._replace(skipped=(*self.skipped, pk)[-MAX_SKIPPED:])

    def write_query(self) -> str:
        """Return the query of a page in the queue, never empty: it has its question mark."""
        given = {FILTERS: self.filters, SKIPPED: ",".join(map(str, self.skipped))}
        return f"?{urlencode({name: value for name, value in given.items() if value})}"

    def link_to_session(self, pk: int) -> str:
        address = reverse("admin:workouts_workoutsession_change", args=[pk])
        return address + self.write_query().removesuffix("?")

    def link_to_list(self) -> str:
        address = reverse("admin:workouts_workoutsession_changelist")
        return f"{address}?{self.filters}" if self.filters else address


class NextReview(NamedTuple):
    """The next session, and the queue as it is from there on."""

    pk: int
    queue: ReviewQueue


def read_review_queue(query: QueryDict) -> ReviewQueue:
    """Return the queue that a page's query describes."""
    skipped = query.get(SKIPPED, "").split(",")[-MAX_SKIPPED:]
    return ReviewQueue(
        query.get(FILTERS, ""), tuple(int(pk) for pk in skipped if can_be_primary_key(pk))
    )


def find_next_in_review_queue(
    request: HttpRequest, queue: ReviewQueue, pk: int
) -> NextReview | None:
    """Return what to review after a session, None if nothing else waits.

    Filters that the list can't apply are left out.
    """
    try:
        return find_next_in_sessions(filter_review_queue(request, queue.filters), queue, pk)
    except (IncorrectLookupParameters, ValueError, OverflowError):
        visible = WorkoutSession.objects.visible_to(request.user)
        return find_next_in_sessions(visible, queue._replace(filters=""), pk)


def find_next_in_sessions(
    sessions: QuerySet[WorkoutSession], queue: ReviewQueue, pk: int
) -> NextReview | None:
    for skipped in dict.fromkeys((queue.skipped, ())):
        if found := find_first_to_review(sessions.exclude(pk__in=[*skipped, pk])):
            return NextReview(found, queue._replace(skipped=skipped))
    return None


def filter_review_queue(request: HttpRequest, filters: str) -> QuerySet[WorkoutSession]:
    """Return the sessions of the coach's list, whatever their review status."""
    if not filters:  # a list reads the choices of all its filters
        return WorkoutSession.objects.visible_to(request.user)
    query = copy_changelist_query(QueryDict(filters))
    for name in [name for name in query if name.startswith("review_status")]:
        del query[name]
    sessions = admin.site.get_model_admin(WorkoutSession)
    listed: QuerySet[WorkoutSession] = read_whole_changelist(sessions, request, query).queryset
    return listed
