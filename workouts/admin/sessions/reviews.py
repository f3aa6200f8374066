"""The review on a session's page: the appeal, the decision or the form for it, what comes next."""

from typing import Any

from django.http import HttpRequest

from workouts.admin.sessions.decisions import DecisionForm, may_open_decision_page
from workouts.admin.sessions.queue import (
    ReviewQueue,
    find_next_in_review_queue,
    read_review_queue,
)
from workouts.models import ReviewStatus, ReviewStep, WorkoutSession

Json = dict[str, Any]


def describe_review_for_session_page(request: HttpRequest, session: WorkoutSession) -> Json:
    """Return the template's context; the last decision is the one that an appeal is about."""
    steps = list(session.review_steps.select_related("reviewer"))
    decisions = [step for step in steps if step.actor == ReviewStep.Actor.COACH]
    is_appealed = bool(steps) and steps[-1].actor == ReviewStep.Actor.ATHLETE
    review: Json = {
        "appeal": steps[-1] if is_appealed else None,
        "last_decision": decisions[-1] if decisions else None,
        "is_waiting": session.review_status == ReviewStatus.PENDING,
    }
    if may_open_decision_page(request):
        queue = read_review_queue(request.GET)
        review["decision"] = build_decision_form(session, steps, queue)
        review["next_url"] = link_to_next_review(request, session, queue)
    return review


def build_decision_form(
    session: WorkoutSession, steps: list[ReviewStep], queue: ReviewQueue
) -> Json:
    """Return the form, and which of the decisions would change the session's status.

    Only the decision on a session that waits for one opens the next in the queue.
    """
    seen = f"{session.pk}:{steps[-1].pk if steps else 0}"
    is_waiting = session.review_status == ReviewStatus.PENDING
    form = DecisionForm(
        initial={"seen": seen, "queue": queue.write_query() if is_waiting else ""},
        auto_id="decision_%s",
    )
    form.fields["note"].widget.attrs["required"] = True  # for a rejection: Approve skips the check
    return {
        "form": form,
        "may_approve": session.review_status != ReviewStatus.APPROVED,
        "may_reject": session.review_status != ReviewStatus.REJECTED,
    }


def link_to_next_review(request: HttpRequest, session: WorkoutSession, queue: ReviewQueue) -> str:
    """Return the address of what to review instead, "" if nothing else waits."""
    found = find_next_in_review_queue(request, queue, session.pk)
    return found.queue.skip(session.pk).link_to_session(found.pk) if found else ""
