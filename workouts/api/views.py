"""The REST views: each parses the request, calls one verb and answers."""

from http import HTTPStatus
from typing import Any

import django.db
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ParseError
from rest_framework.generics import ListAPIView, RetrieveAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from workouts.api.authentication import get_caller
from workouts.api.common_finish import answer_common_finish, read_common_finish
from workouts.api.filters import SessionFilterSet
from workouts.api.health import check_health
from workouts.api.health_parts import OK
from workouts.api.pagination import NewestFirstCursorPagination
from workouts.api.parsers import BODY_PARSERS, read_request_body
from workouts.api.problems import answer_plain_problem, wants_page_instead_of_problem
from workouts.api.serializers import (
    AppealSerializer,
    FinishSerializer,
    ListedSessionSerializer,
    WorkoutSessionSerializer,
)
from workouts.exceptions import Code, WorkoutError
from workouts.fairness.review import appeal_review_decision
from workouts.loads import load_to_number
from workouts.metrics import count_outage_metric
from workouts.models import WorkoutSession, WorkoutSessionQuerySet, kept_user_id_expression
from workouts.services.finishing import finish_or_repeat_workout

COLUMNS_OF_REPS = ("timeline_ms", "refusals", "rep_devices", "late_reps")


@csrf_exempt  # a wrong method gets 405, not CSRF's 403
@never_cache
def show_health(request: HttpRequest) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        response = answer_plain_problem(
            HTTPStatus.METHOD_NOT_ALLOWED, f"{request.method} is not allowed."
        )
        response["Allow"] = "GET, HEAD"
        return response
    health = check_health()
    status = HTTPStatus.OK if health["status"] == OK else HTTPStatus.SERVICE_UNAVAILABLE
    if wants_page_instead_of_problem(request):
        response = render(request, "workouts/home.html", {"health": health}, status=status)
    else:
        response = JsonResponse(health, status=status)
    patch_vary_headers(response, ["Accept"])
    return response


class DatabaseView(APIView):
    """Answers 503 if the database is unavailable, and 400 if it cannot hold a value."""

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, django.db.Error):
            count_outage_metric(exc)
            exc = WorkoutError(Code.UNAVAILABLE, "the database cannot be reached; try again")
        elif isinstance(exc, OverflowError):
            # SQLite keeps times in UTC, up to the year 9999
            exc = ParseError("A time is out of range.")
        return super().handle_exception(exc)


class FinishView(DatabaseView):
    parser_classes = BODY_PARSERS
    error: Exception | None = None  # of a finish that was answered without DRF so far

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        common = read_common_finish(request)
        if common is not None:
            try:
                session, is_repeated = finish_or_repeat_workout(**common._asdict())
                return answer_common_finish(*describe_finish(session, is_repeated=is_repeated))
            except Exception as error:
                self.error = error
        return super().dispatch(request, *args, **kwargs)

    def post(self, request: Request) -> Response:
        error, self.error = self.error, None  # a cycle would keep it in memory for a while
        if error is not None:
            raise error
        body = read_request_body(request, FinishSerializer)
        user_id = get_caller(request).athlete_to_finish(body["user_id"])
        session, is_repeated = finish_or_repeat_workout(
            user_id=user_id, exercise_type=body["exercise_type"], load_kg=body["load_kg"]
        )
        answer, headers = describe_finish(session, is_repeated=is_repeated)
        if body["load_kg"] is not None:  # who sends none gets the two fields alone
            answer["load_kg"] = load_to_number(session.load_kg)
        return Response(answer, headers=headers)


def describe_finish(
    session: WorkoutSession, *, is_repeated: bool
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return the answer to a finish, and its headers."""
    headers = {"Location": reverse("session-detail", args=[session.pk])}
    if is_repeated:
        headers["Senim-Repeated"] = "true"
    return {"status": "success", "workout_id": session.pk}, headers


class AppealView(DatabaseView):
    """An athlete appeals against a coach's decision."""

    parser_classes = BODY_PARSERS

    def post(self, request: Request, pk: str) -> Response:
        body = read_request_body(request, AppealSerializer)
        caller = get_caller(request)
        athlete = kept_user_id_expression(caller.athlete_to_appeal(body["user_id"]))
        session = get_object_or_404(
            caller.visible_sessions(WorkoutSession.objects.only("pk")), pk=pk
        )
        if not WorkoutSession.objects.filter(pk=session.pk, athlete_id=athlete).exists():
            raise WorkoutError(Code.NOT_YOURS, f"user_id: session {pk} is another athlete's")
        step = appeal_review_decision(session.pk, text=body["text"])
        return Response(
            {"status": "success", "review_status": step.to_status}, status=HTTPStatus.CREATED
        )


class SessionView(DatabaseView, RetrieveAPIView[Any]):
    serializer_class = WorkoutSessionSerializer

    def get_queryset(self) -> WorkoutSessionQuerySet:
        sessions = WorkoutSession.objects.with_review_note()
        return get_caller(self.request).visible_sessions(sessions)


class SessionListView(DatabaseView, ListAPIView[Any]):
    serializer_class = ListedSessionSerializer
    pagination_class = NewestFirstCursorPagination
    filter_backends = [DjangoFilterBackend]
    filterset_class = SessionFilterSet

    def get_queryset(self) -> WorkoutSessionQuerySet:
        # a timeline can be tens of kilobytes, and a list shows none
        sessions = WorkoutSession.objects.with_review_note().defer(*COLUMNS_OF_REPS)
        return get_caller(self.request).visible_sessions(sessions)
