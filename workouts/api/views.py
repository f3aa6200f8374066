"""The REST side: parse, call one verb, answer."""

from http import HTTPStatus
from typing import Any

import django.db
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import parsers, viewsets
from rest_framework.exceptions import NotFound, ParseError
from rest_framework.exceptions import ValidationError as DRFValidationError
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from workouts.api.filters import WorkoutSessionFilter
from workouts.api.health import OK, check_health
from workouts.api.parsers import ObjectParser
from workouts.api.problems import plain_problem, wants_page
from workouts.api.serializers import AppealSerializer, FinishSerializer, WorkoutSessionSerializer
from workouts.exceptions import Code, WorkoutError
from workouts.fairness.review import appeal
from workouts.models import WorkoutSession, kept_user_id
from workouts.services.finishing import finish_workout

FINISH_FIELDS = {"user_id", "exercise_type"}
APPEAL_FIELDS = {"user_id", "text"}
CHARSETS = ("utf-8", "utf8", "us-ascii", "iso-8859-1", "latin-1")


@csrf_exempt  # it changes nothing, and a wrong method deserves its own answer
@never_cache
def show_health(request: HttpRequest) -> HttpResponse:
    if request.method not in ("GET", "HEAD"):
        response = plain_problem(
            HTTPStatus.METHOD_NOT_ALLOWED, f"{request.method} is not allowed here"
        )
        response["Allow"] = "GET, HEAD"
        return response
    health = check_health()
    status = HTTPStatus.OK if health["status"] == OK else HTTPStatus.SERVICE_UNAVAILABLE
    if wants_page(request):
        response = render(request, "workouts/home.html", {"health": health}, status=status)
    else:
        response = JsonResponse(health, status=status)
    patch_vary_headers(response, ["Accept"])
    return response


class DatabaseView(APIView):
    """A view that answers 503 where the database is away, and 400 where it cannot hold what is asked for."""

    def handle_exception(self, exc: Exception) -> Response:
        if isinstance(exc, django.db.Error):
            exc = WorkoutError(Code.UNAVAILABLE, "the database cannot be reached; try again")
        elif isinstance(exc, OverflowError):
            exc = ParseError(
                "a time is out of range"
            )  # on SQLite, which keeps times in UTC, to the year 9999
        return super().handle_exception(exc)


class FinishView(DatabaseView):
    parser_classes = [ObjectParser, parsers.FormParser, parsers.MultiPartParser]

    def post(self, request: Request) -> Response:
        body = FinishSerializer(data=read_fields(request, FINISH_FIELDS))
        body.is_valid(raise_exception=True)
        session = finish_workout(**body.validated_data)
        location = reverse("session-detail", args=[session.pk])
        return Response(
            {"status": "success", "workout_id": session.pk}, headers={"Location": location}
        )


class AppealView(DatabaseView):
    """The athlete asks for another look at a coach's decision."""

    parser_classes = [ObjectParser, parsers.FormParser, parsers.MultiPartParser]

    def post(self, request: Request, pk: str) -> Response:
        body = AppealSerializer(data=read_fields(request, APPEAL_FIELDS))
        body.is_valid(raise_exception=True)
        user_id = body.validated_data["user_id"]
        session = get_object_or_404(WorkoutSession.objects.only("pk"), pk=pk)
        if not WorkoutSession.objects.filter(
            pk=session.pk, athlete_id=kept_user_id(user_id)
        ).exists():
            raise WorkoutError(Code.NOT_YOURS, f"user_id: session {pk} is not of {user_id}")
        step = appeal(session.pk, text=body.validated_data["text"])
        return Response(
            {"status": "success", "review_status": step.to_status}, status=HTTPStatus.CREATED
        )


def read_fields(request: Request, known: set[str]) -> dict[str, Any]:
    """Return the fields of a body, whatever its kind. Raises RequestDataTooBig over DATA_UPLOAD_MAX_MEMORY_SIZE.

    What cannot be read must not be taken for an empty body: that would finish the guest's workout.
    """
    # DRF takes a body that comes in chunks, without a length, for none
    request.META["CONTENT_LENGTH"] = str(len(request.body))
    charset = (request.content_params or {}).get("charset", "utf-8").lower()
    if charset not in CHARSETS:
        raise ParseError(f"the charset is {charset[:40]!r}; it takes utf-8")
    fields: Any = request.data
    is_form = isinstance(fields, QueryDict)
    if is_form and request.body and not known & fields.keys():
        raise ParseError(f"the form has no {' and no '.join(sorted(known, reverse=True))}")
    for name in fields:
        if is_form and len(fields.getlist(name)) > 1:
            raise DRFValidationError({name: ["It stands more than once."]})
    # of a form, DRF takes an empty field for a missing one; of a plain dict it does not
    return dict(fields.items())


class NewestFirst(CursorPagination):
    ordering = ("-created_at", "-id")
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500

    def paginate_queryset(self, queryset: Any, request: Request, view: Any = None) -> Any:
        try:
            return super().paginate_queryset(queryset, request, view)
        except ValidationError:
            # DRF does not look whether a cursor's position is a time
            raise NotFound(self.invalid_cursor_message) from None


class SessionViewSet(DatabaseView, viewsets.ReadOnlyModelViewSet[Any]):
    queryset = WorkoutSession.objects.with_review_note()
    serializer_class = WorkoutSessionSerializer
    pagination_class = NewestFirst
    filter_backends = [DjangoFilterBackend]
    filterset_class = WorkoutSessionFilter
