"""English as the browser's region writes its dates and numbers.

Russian and Kazakh have one way of writing them. For English, this activates a variant of the
language: its texts are the same, and its formats are in `senim/formats/` or Django's.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase
from django.utils import translation
from django.utils.translation.trans_real import parse_accept_lang_header

ENGLISH = "en"  # in Django, America's
ANY_OTHER = "en-gb"  # the day first: only America is sure to want it otherwise
# Regions, and languages that came without one, by who writes like them: Unicode CLDR 49, the short
# formats of each region's main language. Rare ways of writing are left out, and so are those who
# write like Britain. The clock has 24 hours for all.
WRITTEN_LIKE = {
    ENGLISH: "AS FM GU MH MP PH PR PW UM US VI",
    "en-ca": "CA",
    "en-de": "AT AZ BA CH DE DK FO HR IS LI MD ME MK RO RS SI TR az bs da de hr is mk ro sl sr tr",
    "en-es": "AD AO AR BO BR CL CO CR CU CY DO EC ES GR GT HN ID IT MX MZ NI PA PE PT PY SM SV UY "
    "VA VE VN ca el es gl id it pt vi",
    "en-fr": "BF BJ CD CG CI CM DJ FR GA GF GN GP LU MC MQ MU NC PF RE SC SN TG TJ UZ YT fr tg uz",
    "en-jp": "CN JP KR TW ja ko zh",
    "en-nl": "AW BE NL SR nl",
    "en-ru": "AM BG BY CZ EE FI GE HU KG KZ LV NO PL RU SJ SK TM UA "
    "be bg cs et fi hu hy ka kk ky lv nb nn no pl ru sk tk uk",
    "en-se": "AX LT SE lt sv",
}
VARIANTS = {name: like for like, names in WRITTEN_LIKE.items() for name in names.split()}


def region_middleware(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Activate the region's variant for a page in English; request.LANGUAGE_CODE stays "en"."""

    def middleware(request: HttpRequest) -> HttpResponseBase:
        if translation.get_language() == ENGLISH:
            accepted = request.headers.get("Accept-Language", "")
            translation.activate(find_middleware_variant(accepted))
        return get_response(request)

    return middleware


def find_middleware_variant(accepted: str) -> str:
    """Return the variant of English for an Accept-Language.

    The first entry that is more than `en` decides, whichever language the page is in: `ru, en-US`
    is what a browser in Russian sends.
    """
    for tag, _ in parse_accept_lang_header(accepted.lower()):
        language, *parts = tag.split("-")
        region = next((part for part in parts if len(part) == 2 or part.isdigit()), None)
        if region:
            return VARIANTS.get(region.upper(), ANY_OTHER)
        if language not in (ENGLISH, "*"):
            return VARIANTS.get(language, ANY_OTHER)
    return ENGLISH
