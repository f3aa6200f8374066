"""Approving and rejecting sessions, one or many at once; and the record of review steps."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from workouts.admin.coach_names import name_coach
from workouts.admin.sessions.names import name_session_for_coach
from workouts.admin.sessions.queue import (
    ReviewQueue,
    find_next_in_review_queue,
    read_review_queue,
)
from workouts.fairness.flag_texts import name_flag
from workouts.fairness.review import (
    DECISIONS,
    ReviewDecided,
    decide_reviews,
    find_last_review_steps,
)
from workouts.models import MAX_NOTE_LENGTH, ReviewStatus, ReviewStep, WorkoutSession
from workouts.models.primary_keys import can_be_primary_key

MAX_AT_ONCE = 1000


def may_open_decision_page(request: HttpRequest) -> bool:
    return request.user.has_perm("workouts.review_workoutsession")


class ReviewStepInline(admin.TabularInline):
    """A permanent record: read-only."""

    model = ReviewStep
    template = "admin/workouts/workoutsession/review_steps.html"
    fields = ("at", "who", "from_status", "to_status", "said")
    readonly_fields = fields
    extra = 0
    verbose_name_plural = gettext_lazy("Review")

    @admin.display(description=gettext_lazy("by"))
    def who(self, step: ReviewStep) -> str:
        return name_coach(step.reviewer) if step.reviewer else step.get_actor_display()

    @admin.display(description=gettext_lazy("note"))
    def said(self, step: ReviewStep) -> str:
        """Return the note, or why the service asked for a review."""
        return step.note or ", ".join(name_flag({"flag": name}) for name in step.flag_names)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ReviewStep]:
        return super().get_queryset(request).select_related("reviewer")

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm("workouts.view_workoutsession")

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class DecisionForm(forms.Form):
    """`seen` lists `session:step` pairs: the last review step shown to the coach, 0 for none.

    `queue` is the query of a page in the review queue, and empty elsewhere.
    """

    to = forms.ChoiceField(choices=[(to, to.label) for to in DECISIONS], widget=forms.HiddenInput)
    seen = forms.RegexField(r"\A\d{1,18}:\d{1,18}(,\d{1,18}:\d{1,18})*\Z", widget=forms.HiddenInput)
    queue = forms.CharField(required=False, widget=forms.HiddenInput)
    note = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=MAX_NOTE_LENGTH,
        required=False,
        widget=forms.Textarea({"rows": 4, "cols": 60}),
    )

    def clean_seen(self) -> dict[int, int]:
        pairs = [pair.split(":") for pair in self.cleaned_data["seen"].split(",")]
        if len(pairs) > MAX_AT_ONCE:
            raise forms.ValidationError(too_many_for_decision_page())
        return {int(pk): int(step) for pk, step in pairs}

    def clean(self) -> dict[str, Any]:
        if (
            self.cleaned_data.get("to") == ReviewStatus.REJECTED
            and not self.cleaned_data.get("note")
            and "note" not in self.errors
        ):
            self.add_error("note", _("A rejection needs a note, which the athlete can read."))
        return self.cleaned_data


def show_decision_page(
    request: HttpRequest, queryset: QuerySet[WorkoutSession] | None = None, to: str = ""
) -> HttpResponse:
    """Show the sessions to decide on, and save the decision when the form comes back."""
    if not may_open_decision_page(request):
        raise PermissionDenied
    if "seen" in request.POST:
        form = DecisionForm(request.POST)
        if form.is_valid():
            return decide_and_redirect(request, form.cleaned_data)
        ids = [pair.partition(":")[0] for pair in request.POST["seen"].split(",")]
        sessions = find_sessions_for_decision_page(request, ids)
    else:
        to = to or request.GET.get("to", "")
        sessions = find_sessions_for_decision_page(
            request,
            request.GET.getlist("ids")
            if queryset is None
            else queryset.values_list("pk", flat=True),
        )
        steps = find_last_review_steps([session.pk for session in sessions])
        form = DecisionForm(
            initial={"to": to, "seen": ",".join(f"{pk}:{step}" for pk, step in steps.items())}
        )
    if problem := find_decision_form_error(sessions, to or request.POST.get("to", "")):
        messages.error(request, problem)
        return redirect("admin:workouts_workoutsession_changelist")
    return TemplateResponse(
        request,
        "admin/workouts/decision.html",
        describe_decision_page(request, form, sessions, to or request.POST["to"]),
    )


def find_sessions_for_decision_page(request: HttpRequest, ids: Any) -> list[WorkoutSession]:
    """Return the sessions among `ids` that are visible to the coach."""
    chosen = [int(pk) for pk in ids[: MAX_AT_ONCE + 1] if can_be_primary_key(str(pk))]
    visible = WorkoutSession.objects.visible_to(request.user)
    sessions = visible.filter(pk__in=chosen).with_athletes(request.user)
    return list(sessions.select_related("exercise").order_by("pk"))


def find_decision_form_error(sessions: list[WorkoutSession], to: str) -> str:
    if to not in DECISIONS:
        return _("Sessions can only be approved or rejected.")
    if not sessions:
        return _("Session not found.")
    if len(sessions) > MAX_AT_ONCE:
        return too_many_for_decision_page()
    return ""


def too_many_for_decision_page() -> str:
    return _("Choose at most %d sessions at once.") % MAX_AT_ONCE


def describe_decision_page(
    request: HttpRequest, form: DecisionForm, sessions: list[WorkoutSession], to: str
) -> dict[str, Any]:
    number = len(sessions)
    if to == ReviewStatus.REJECTED:
        title = ngettext("Reject %d session", "Reject %d sessions", number) % number
    else:
        title = ngettext("Approve %d session", "Approve %d sessions", number) % number
    return {
        **admin.site.each_context(request),
        "title": title,
        "form": form,
        "sessions": sessions,
        "is_rejection": to == ReviewStatus.REJECTED,
    }


def decide_and_redirect(request: HttpRequest, decision: dict[str, Any]) -> HttpResponse:
    visible = WorkoutSession.objects.visible_to(request.user).filter(pk__in=decision["seen"])
    seen = {pk: decision["seen"][pk] for pk in visible.values_list("pk", flat=True)}
    if not seen:
        messages.error(request, _("Session not found."))
        return redirect("admin:workouts_workoutsession_changelist")
    decided = decide_reviews(
        seen,
        to=ReviewStatus(decision["to"]),
        reviewer=request.user,  # type: ignore[arg-type]
        note=decision["note"],
    )
    if decision["queue"] and len(seen) == 1:
        (pk,) = seen
        return redirect_in_review_queue(request, decision, pk, decided)
    show_decision_message(request, decided)
    if len(seen) == 1:
        return redirect("admin:workouts_workoutsession_change", *seen)
    return redirect("admin:workouts_workoutsession_changelist")


def redirect_in_review_queue(
    request: HttpRequest, decision: dict[str, Any], pk: int, decided: ReviewDecided
) -> HttpResponse:
    """Lead to the next session to review, or back to one that someone else has just reviewed."""
    queue = read_review_queue(QueryDict(decision["queue"].removeprefix("?")))
    if not decided.moved:
        show_decision_message(request, decided)
        return redirect(queue.link_to_session(pk))
    show_decided_session(request, decision, pk, queue)
    if found := find_next_in_review_queue(request, queue, pk):
        return redirect(found.queue.link_to_session(found.pk))
    messages.info(request, _("Nothing is left to review here."))
    return redirect(queue.link_to_list())


def show_decided_session(
    request: HttpRequest, decision: dict[str, Any], pk: int, queue: ReviewQueue
) -> None:
    """Say what was decided, with a link back to the session."""
    (session,) = find_sessions_for_decision_page(request, [pk])
    link = format_html(
        '<a href="{}">{}</a>', queue.link_to_session(pk), name_session_for_coach(session)
    )
    text = _("Rejected: {}") if decision["to"] == ReviewStatus.REJECTED else _("Approved: {}")
    messages.success(request, format_html(text, link))


def show_decision_message(request: HttpRequest, decided: ReviewDecided) -> None:
    if decided.moved:
        messages.success(
            request,
            ngettext(
                "Decision saved for %d session.", "Decision saved for %d sessions.", decided.moved
            )
            % decided.moved,
        )
    if decided.left:
        text = ngettext(
            "%d session was not changed: someone else has just reviewed it, "
            "or it already had this status.",
            "%d sessions were not changed: someone else has just reviewed them, "
            "or they already had this status.",
            decided.left,
        )
        messages.warning(request, text % decided.left)
