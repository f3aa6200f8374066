"""New athletes: what a name may be, and the user_id that is made from it."""

import re
import secrets
import unicodedata

from django.db import IntegrityError, transaction

from workouts.exceptions import Code, WorkoutError
from workouts.models import Athlete

MAX_ATHLETE_NAME_LENGTH = 128  # as the column
MAX_STEM_LENGTH = 40  # of the 64 that a user_id takes
SUFFIX_LENGTH = 5
SUFFIX_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that look alike
TRIES = 5
NAMELESS = "athlete"
JOINERS = "\u200c\u200d"  # parts of words in some scripts, and of emoji
# as in passports, simplified; Russian, then what Kazakh adds
LETTERS = {
    **dict(zip("абвгдезийклмнопрстуфыэ", "abvgdeziyklmnoprstufye", strict=True)),
    **dict(zip("әғқңөұүһі", "agqnouuhi", strict=True)),
}
SEVERAL = {"ё": "yo", "ж": "zh", "х": "kh", "ц": "ts", "ч": "ch", "ш": "sh", "щ": "shch"}
SOFT = {"ъ": "", "ь": "", "ю": "yu", "я": "ya"}
WESTERN = {"ß": "ss", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ı": "i"}
TRANSLITERATION = str.maketrans(LETTERS | SEVERAL | SOFT | WESTERN)


def clean_name(text: str, max_length: int) -> str:
    """Return a person's or a device's name: trimmed, composed, with single spaces.

    Raises WorkoutError(invalid_message) if it is too long or has control characters.
    """
    if any(unicodedata.category(each)[0] == "C" and each not in JOINERS for each in text):
        raise WorkoutError(Code.INVALID_MESSAGE, "a name takes no control characters")
    name = unicodedata.normalize("NFC", " ".join(text.split()))
    if len(name) > max_length:
        raise WorkoutError(Code.INVALID_MESSAGE, f"a name takes up to {max_length} characters")
    return name


def make_user_id(name: str) -> str:
    """Return a user_id made from a name, in Latin letters, with a random end.

    The end keeps it apart from athletes who have no row yet, and from a provider's user_ids.
    """
    latin = unicodedata.normalize("NFKD", name.lower().translate(TRANSLITERATION))
    plain = "".join(each for each in latin if not unicodedata.combining(each))
    stem = re.sub(r"[^a-z0-9]+", "-", plain)[:MAX_STEM_LENGTH].strip("-") or NAMELESS
    return f"{stem}-{''.join(secrets.choice(SUFFIX_LETTERS) for _ in range(SUFFIX_LENGTH))}"


def create_athlete(name: str) -> Athlete:
    """Create an athlete with this name; two of the same name are two athletes.

    Raises WorkoutError(invalid_message) for a name that `clean_name` refuses.
    """
    name = clean_name(name, MAX_ATHLETE_NAME_LENGTH)
    for _ in range(TRIES - 1):
        try:
            with transaction.atomic():
                return Athlete.objects.create(user_id=make_user_id(name), display_name=name)
        except IntegrityError:  # somebody has it
            continue
    return Athlete.objects.create(user_id=make_user_id(name), display_name=name)
