"""Random and malformed requests to every address, by a seed."""

import json
import random
import re
import urllib.parse
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, NamedTuple

from django.urls import URLResolver, get_resolver
from django.urls.resolvers import RegexPattern
from django.utils.regex_helper import normalize

from workouts.tests.support.fuzz import VALUES

METHODS = ["GET", "GET", "GET", "POST", "POST", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH"]
PARAMETER = re.compile(r"<[^>]*>|%\(\w+\)s")
FIELD = re.compile(r'<(?:input|select|textarea|button)[^>]*? name="([^"]+)"')
OPTION = re.compile(r' value="([^"]{1,60})"')
CSRF = "c" * 32
BOUNDARY = "zzz"
MAX_TARGET = 3000
# at the edges of keys, of dates, of paths, of the database's types, and of the admin's own words
TEXTS = [
    *("", "0", "1", "2", "3", "-1", "01", "1e3", "999999999999999999", "9" * 30, "٣", "1_000"),
    *("squat", "guest", "me", "ana", "None", "null", "true", "on", "add", "change", "delete"),
    *(
        "..",
        "../../etc/passwd",
        "a/b",
        "%",
        "%00",
        "\0",
        "\r\nX: y",
        "\ud7ff",
        "ё",
        "😀",
        "x" * 500,
    ),
    *("2025-01-01", "2025-13-45", "0001-01-01", "9999-12-31T23:59:59Z", "1:2:3", "infinity", "NaN"),
    *("'", '"', "--", "<script>", "{{ x }}", "{% x %}", "%s%n", "[]", "[1,", "_3F", "x" * 500),
    *("https://evil.example/", "//evil.example", "javascript:alert(1)", "csv", "xlsx", "approved"),
    "00000000-0000-0000-0000-000000000000",
]
QUERY_FIELDS = [
    *("q", "p", "o", "e", "all", "page", "cursor", "page_size", "user_id", "exercise_type"),
    *("review_status", "from", "to", "team", "flag", "ids", "id", "id__in", "next", "_popup"),
    *(
        "_to_field",
        "_changelist_filters",
        "term",
        "app_label",
        "model_name",
        "field_name",
        "format",
    ),
    *("created_at__gte", "athlete__user_id", "day", "note", "seen", "language", "action", "format"),
]
BODY_FIELDS = [
    *(
        "user_id",
        "exercise_type",
        "text",
        "code",
        "join_id",
        "device_name",
        "refresh_token",
        "name",
    ),
    *("username", "password", "next", "language", "action", "_selected_action", "post", "name"),
    *("select_across", "index", "form-TOTAL_FORMS", "form-INITIAL_FORMS", "_save", "to", "ids"),
]
CONTENT_TYPES = [
    *("application/json", "application/x-www-form-urlencoded", "text/plain", "application/xml"),
    *("multipart/form-data", f"multipart/form-data; boundary={BOUNDARY}", "multipart/mixed", "x"),
    *("application/json; charset=utf-16", "application/x-www-form-urlencoded; charset=nonsense"),
    *("multipart/form-data; boundary=" + "y" * 300, "multipart/form-data; boundary=ё", ""),
]
HEADERS = [
    *("Accept", "Accept-Language", "Accept-Encoding", "Authorization", "Origin", "Referer"),
    *("Sec-Fetch-Site", "If-None-Match", "If-Modified-Since", "Range", "X-Forwarded-For", "Expect"),
    *("X-Forwarded-Host", "X-Requested-With", "X-Request-ID", "X-HTTP-Method-Override", "Upgrade"),
    *("Content-Encoding", "Access-Control-Request-Method", "Idempotency-Key", "Content-Range"),
]
HEADER_VALUES = [
    *(
        "text/html",
        "application/json",
        "*/*;q=x",
        "ru",
        "kk-KZ,ru;q=0.9",
        "xx-" + "y" * 200,
        "gzip",
    ),
    *("Bearer", "Bearer x.y.z", "Bearer senim_x", "Basic !!!", "Basic dTpw", "null", "cross-site"),
    *(
        "same-origin",
        "http://testserver",
        "bytes=0-",
        "bytes=9-1",
        "Thu, 99 Foo 2025",
        'W/"x"',
        "*",
    ),
    *("127.0.0.1", "::1, x", "é", "DELETE", "websocket", "-1", ",,,", '"', "*", "gzip", "x" * 2000),
]
COOKIES = ["csrftoken", "sessionid", "django_language", "messages", "timezone", "time_zone"]


class Visitor(NamedTuple):
    """Somebody who sends requests: with an admin session, an access token, or neither."""

    session: str = ""
    token: str = ""


class Request(NamedTuple):
    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def encode(self) -> bytes:
        lines = [f"{self.method} {self.target} HTTP/1.1", "Host: localhost", "Connection: close"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        head = "\r\n".join([*lines, f"Content-Length: {len(self.body)}", "", ""])
        return head.encode("latin-1", "replace") + self.body


def find_routes() -> list[str]:
    """Return the path of every address, with a placeholder for each argument."""
    return sorted(set(walk_routes(get_resolver().url_patterns, "/")))


def walk_routes(patterns: list[Any], prefix: str) -> Iterator[str]:
    for found in patterns:
        for path in expand_pattern(found.pattern):
            if isinstance(found, URLResolver):
                yield from walk_routes(found.url_patterns, prefix + path)
            else:
                yield prefix + path


def expand_pattern(pattern: Any) -> list[str]:
    if isinstance(pattern, RegexPattern):
        return [path for path, _ in normalize(str(pattern))]
    return [str(pattern)]


class HttpFuzzer:
    """Makes requests; the same seed and the same answers make the same ones."""

    def __init__(self, seed: str, keys: list[str]) -> None:
        self.chance = random.Random(seed)  # noqa: S311
        self.routes = find_routes()
        self.keys = keys
        self.fields: dict[str, list[str]] = defaultdict(list)
        self.options: list[str] = []
        self.route = ""

    def make_request(self, visitor: Visitor) -> Request:
        """Return a request to a random address."""
        self.route = self.chance.choice(self.routes)
        method = self.chance.choice(METHODS)
        headers = self._make_headers(visitor)
        body = b""
        if method not in ("GET", "HEAD") or self._has(0.05):
            content_type, body = self._make_body()
            headers.append(("Content-Type", content_type))
        return Request(method, self._make_target(), headers, body)

    def learn(self, html: str) -> None:
        """Remember the fields of the forms in the page that the last request got."""
        known = self.fields[self.route]
        known += [name for name in FIELD.findall(html) if name not in known]
        self.options = [*self.options, *OPTION.findall(html)][-500:]

    def _make_target(self) -> str:
        path = PARAMETER.sub(lambda _: self._quote(self._make_argument()), self.route)
        if self._has(0.05):
            path += self._quote(self._make_text())
        pairs = [
            f"{self._quote(self.chance.choice(QUERY_FIELDS))}={self._quote(self._make_text())}"
            for _ in range(self.chance.choice([0, 0, 1, 2, 4]))
        ]
        return (f"{path}?{'&'.join(pairs)}" if pairs else path)[:MAX_TARGET]

    def _quote(self, text: str) -> str:
        encoded = text.encode("utf-8", "surrogatepass")
        if self._has(0.05):
            encoded += b"\xff"
        return urllib.parse.quote(encoded, safe="/" if self._has(0.5) else "")

    def _make_argument(self) -> str:
        return self.chance.choice(self.keys) if self._has(0.6) else self._make_text()

    def _make_text(self) -> str:
        known = self.options if self.options and self._has(0.2) else TEXTS
        return self.chance.choice(self.keys if self._has(0.2) else known)

    def _make_headers(self, visitor: Visitor) -> list[tuple[str, str]]:
        cookies = {"csrftoken": CSRF}
        headers = [("Accept", self.chance.choice(["text/html", "application/json", "*/*"]))]
        if visitor.session:
            cookies["sessionid"] = visitor.session
        if visitor.token:
            headers.append(("Authorization", f"Bearer {visitor.token}"))
        if self._has(0.8):
            headers.append(("X-CSRFToken", CSRF))
        for _ in range(self.chance.choice([0, 0, 1, 3])):
            headers.append((self.chance.choice(HEADERS), self.chance.choice(HEADER_VALUES)))
        if self._has(0.1):
            odd = urllib.parse.quote(self._make_text()) if self._has(0.5) else '\x01\xff;="'
            cookies[self.chance.choice(COOKIES)] = odd
        pairs = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return [*headers, ("Cookie", pairs)]

    def _make_body(self) -> tuple[str, bytes]:
        make = self.chance.choice(
            [self._make_form, self._make_form, self._make_json, self._make_multipart]
        )
        content_type, body = make()
        if self._has(0.15):
            content_type = self.chance.choice(CONTENT_TYPES)
        if self._has(0.15):
            place = self.chance.randrange(len(body) + 1)
            body = body[:place] + self.chance.randbytes(self.chance.choice([0, 1, 9]))
        return content_type, body

    def _make_fields(self) -> list[tuple[str, str]]:
        known = self.fields[self.route] or BODY_FIELDS
        names = known if self._has(0.6) else self.chance.choices([*known, *BODY_FIELDS], k=4)
        return [(name, self._make_text()) for name in names if self._has(0.8)]

    def _make_form(self) -> tuple[str, bytes]:
        pairs = [*self._make_fields(), ("csrfmiddlewaretoken", CSRF)]
        encoded = "&".join(f"{self._quote(name)}={self._quote(value)}" for name, value in pairs)
        return "application/x-www-form-urlencoded", encoded.encode()

    def _make_json(self) -> tuple[str, bytes]:
        if self._has(0.2):
            return "application/json", self.chance.choice(VALUES).encode()
        pairs = [
            f"{json.dumps(name)}:"
            + (self.chance.choice(VALUES) if self._has(0.4) else json.dumps(value))
            for name, value in self._make_fields()
        ]
        return "application/json", ("{" + ",".join(pairs) + "}").encode()

    def _make_multipart(self) -> tuple[str, bytes]:
        parts = []
        for name, value in [*self._make_fields(), ("csrfmiddlewaretoken", CSRF)]:
            file = '; filename="x.csv"' if self._has(0.1) else ""
            encoding = "Content-Transfer-Encoding: base64\r\n" if self._has(0.05) else ""
            parts.append(
                f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{file}\r\n'
                f"{encoding}\r\n{value}\r\n"
            )
        end = f"--{BOUNDARY}--\r\n" if self._has(0.9) else ""
        return (
            f"multipart/form-data; boundary={BOUNDARY}",
            ("".join(parts) + end).encode("utf-8", "surrogatepass"),
        )

    def _has(self, share: float) -> bool:
        return self.chance.random() < share
