"""Parsers for request bodies: JSON objects and forms."""

from collections.abc import Mapping
from typing import IO, Any

from django.http import QueryDict
from rest_framework.exceptions import ParseError, ValidationError
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.serializers import Serializer

CHARSETS = ("utf-8", "utf8", "us-ascii", "iso-8859-1", "latin-1")


class JsonObjectParser(JSONParser):
    """JSON that has to be an object. JSON nested too deeply is bad input, not a server error."""

    def parse(
        self,
        stream: IO[Any],
        media_type: str | None = None,
        parser_context: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        try:
            body = super().parse(stream, media_type, parser_context)
        except RecursionError:
            raise ParseError("JSON parse error - nested too deeply") from None
        if not isinstance(body, dict):
            raise ParseError(f"The body has to be a JSON object, not a JSON {type(body).__name__}.")
        return body


BODY_PARSERS = [JsonObjectParser, FormParser, MultiPartParser]


def read_request_body(request: Request, serializer_class: type[Serializer[Any]]) -> dict[str, Any]:
    """Return the validated fields of a JSON or form body.

    A body that cannot be read must not pass for an empty one, which would finish the guest's
    workout. Raises ParseError, ValidationError, or RequestDataTooBig over
    DATA_UPLOAD_MAX_MEMORY_SIZE.
    """
    # DRF takes a chunked body, which has no length, for an empty one
    request.META["CONTENT_LENGTH"] = str(len(request.body))
    charset = (request.content_params or {}).get("charset", "utf-8").lower()
    if charset not in CHARSETS:
        raise ParseError(f"The charset {charset[:40]!r} is not supported; use utf-8.")
    fields: Any = request.data
    is_form = isinstance(fields, QueryDict)
    if is_form:
        check_request_form_fields(fields, serializer_class().fields, is_empty=not request.body)
    # as a plain dict: DRF takes a form's empty field for a missing one
    serializer = serializer_class(data=dict(fields.items()), context={"is_form": is_form})
    serializer.is_valid(raise_exception=True)
    return dict(serializer.validated_data)


def check_request_form_fields(form: QueryDict, known: Mapping[str, Any], *, is_empty: bool) -> None:
    if not is_empty and not known.keys() & form.keys():
        raise ParseError(f"The form has none of these fields: {', '.join(known)}.")
    for name in form:
        if len(form.getlist(name)) > 1:
            raise ValidationError({name: ["This field is given more than once."]})
