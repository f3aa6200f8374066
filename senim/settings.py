"""Senim's settings, all from the environment; .env.example lists them with their defaults."""

import os
from pathlib import Path
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured
from environs import validate

from senim import __version__
from senim.addresses import check_redis_url_setting
from senim.api_settings import (  # noqa: F401 (Django and its packages read them)
    API_PATHS,
    CORS_ALLOW_HEADERS,
    CORS_ALLOW_METHODS,
    CORS_EXPOSE_HEADERS,
    CORS_URLS_REGEX,
    REST_FRAMEWORK,
)
from senim.environment import (
    HOST_NAME,
    ON_OR_OFF,
    ORIGIN,
    check_time_zone_setting,
    choice_setting,
    env,
    is_network_setting,
    load_environment,
    whole_number_setting,
)
from senim.logs import build_logging_config
from senim.secret_key import check_secret_key, keep_secret_key
from senim.sign_in_settings import *  # noqa: F403 (they are all settings)
from senim.token_settings import (
    check_claim_setting,
    check_jwks_url_setting,
    check_jwt_secret_setting,
    check_provider_settings,
    check_public_key_setting,
    check_public_url_setting,
    check_signing_key_setting,
    keep_signing_key,
    make_signing_key,
    read_pem_setting,
)

MAX_SOCKET_PATH = 100  # bytes; a unix socket's address has room for 104 on macOS, 108 on Linux
A_YEAR_S = 31_536_000
BASE_DIR = Path(__file__).resolve().parent.parent
load_environment(BASE_DIR / ".env")

SENIM_VERSION = __version__
# unset, `start` takes "open" on loopback and asks for a choice on any other address
SENIM_AUTH = env.str("SENIM_AUTH", "", validate=choice_setting("open", "token"))
KEPT_IN_DATA = {"DATABASE_URL", "REDIS_URL", "SECRET_KEY"}
if SENIM_AUTH == "token":
    KEPT_IN_DATA.add("SENIM_SIGNING_KEY")
NEEDS_DATA = not os.environ.keys() >= KEPT_IN_DATA
SENIM_DATA = env.folder("SENIM_DATA", BASE_DIR / ".senim", writable=NEEDS_DATA)
SENIM_PUBLIC_URL = env.str("SENIM_PUBLIC_URL", "", validate=check_public_url_setting)
SENIM_REQUIRE_2FA = env.str(
    "SENIM_REQUIRE_2FA", "off", validate=choice_setting("off", "head_coaches", "all")
)
# 0 keeps personal data for ever
SENIM_RETENTION_DAYS = env.int("SENIM_RETENTION_DAYS", 0, **whole_number_setting(0, 36_500))
SENIM_WORKERS = env.int("SENIM_WORKERS", 1, **whole_number_setting(1, 64))
SENIM_IDLE_MINUTES = env.int("SENIM_IDLE_MINUTES", 30, **whole_number_setting(1, 1440))
SENIM_SWEEP_SECONDS = env.int("SENIM_SWEEP_SECONDS", 15, **whole_number_setting(1, 3600))
SENIM_MAX_MESSAGES_PER_SECOND = env.int(
    "SENIM_MAX_MESSAGES_PER_SECOND", 1000, **whole_number_setting(1, 1_000_000)
)
SENIM_MAX_CONNECTIONS = env.int(
    "SENIM_MAX_CONNECTIONS", 20_000, **whole_number_setting(10, 1_000_000)
)
SENIM_MAX_CONNECTIONS_PER_USER = env.int(
    "SENIM_MAX_CONNECTIONS_PER_USER", 8, **whole_number_setting(1, 1_000_000)
)
SENIM_REQUEST_SECONDS = env.int("SENIM_REQUEST_SECONDS", 10, **whole_number_setting(1, 3600))
SENIM_MAX_BODY_BYTES = env.int("SENIM_MAX_BODY_BYTES", 65_536, **whole_number_setting(8192, 2**30))
SENIM_MAX_ADMIN_BODY_BYTES = env.int(
    "SENIM_MAX_ADMIN_BODY_BYTES", 5_242_880, **whole_number_setting(65_536, 2**30)
)
SENIM_MAX_LONG_ANSWERS = env.int("SENIM_MAX_LONG_ANSWERS", 32, **whole_number_setting(1, 10_000))
SENIM_MAX_HEADERS = env.int("SENIM_MAX_HEADERS", 100, **whole_number_setting(20, 10_000))
SENIM_MAX_HEADER_BYTES = env.int(
    "SENIM_MAX_HEADER_BYTES", 16_384, **whole_number_setting(4096, 1_048_576)
)
# websockets reads the handshake's head once more, with a limit of its own for each line
os.environ.setdefault("WEBSOCKETS_MAX_LINE_LENGTH", str(SENIM_MAX_HEADER_BYTES))
SENIM_REDIS_PREFIX = env.str(
    "SENIM_REDIS_PREFIX",
    "senim",
    validate=validate.ContainsNoneOf(
        "{}: ", error="is {input!r}; it takes text without braces, colons and spaces."
    ),
)

EMBEDDED_REDIS_SOCKET = SENIM_DATA / "valkey.sock"
EMBEDDED_REDIS_URL = f"unix://{quote(str(EMBEDDED_REDIS_SOCKET))}"
REDIS_URL = env.str("REDIS_URL", EMBEDDED_REDIS_URL, validate=check_redis_url_setting)
REDIS_EMBEDDED = REDIS_URL == EMBEDDED_REDIS_URL
if REDIS_EMBEDDED and len(bytes(EMBEDDED_REDIS_SOCKET)) > MAX_SOCKET_PATH:
    raise ImproperlyConfigured(
        f"SENIM_DATA is {SENIM_DATA}; the embedded Valkey takes a shorter path, or set REDIS_URL."
    )

DEBUG = env.bool("DEBUG", False, **ON_OR_OFF)
SECRET_KEY = env.str("SECRET_KEY", "", validate=check_secret_key)
if not SECRET_KEY:
    SECRET_KEY = keep_secret_key(SENIM_DATA / "secret_key")
SENIM_SIGNING_KEY = read_pem_setting(
    env.str("SENIM_SIGNING_KEY", "", validate=check_signing_key_setting)
)
if not SENIM_SIGNING_KEY:
    SENIM_SIGNING_KEY = (
        keep_signing_key(SENIM_DATA / "signing_key")
        if NEEDS_DATA
        else make_signing_key()  # for this process alone: the open mode checks no token
    )
SENIM_JWT_SECRET = env.str("SENIM_JWT_SECRET", "", validate=check_jwt_secret_setting)
SENIM_JWT_PUBLIC_KEY = read_pem_setting(
    env.str("SENIM_JWT_PUBLIC_KEY", "", validate=check_public_key_setting)
)
SENIM_JWT_JWKS_URL = env.str("SENIM_JWT_JWKS_URL", "", validate=check_jwks_url_setting)
SENIM_JWT_ISSUER = env.str("SENIM_JWT_ISSUER", "", validate=check_claim_setting)
SENIM_JWT_AUDIENCE = env.str("SENIM_JWT_AUDIENCE", "", validate=check_claim_setting)
check_provider_settings(SENIM_JWT_ISSUER, SENIM_JWT_AUDIENCE)
ALLOWED_HOSTS = env.items(
    "ALLOWED_HOSTS",
    "localhost,127.0.0.1,[::1]",
    accept=HOST_NAME.fullmatch,
    takes="hosts like senim.example.org or [::1], without scheme and port",
)
ALLOWED_ORIGINS = env.items(
    "ALLOWED_ORIGINS", "", accept=ORIGIN.fullmatch, takes="origins like https://coach.example.org"
)
CSRF_TRUSTED_ORIGINS = CORS_ALLOWED_ORIGINS = ALLOWED_ORIGINS
TRUSTED_PROXIES = env.items(
    "TRUSTED_PROXIES", "", accept=is_network_setting, takes="addresses or networks like 10.0.0.0/8"
)
SENIM_METRICS_ALLOW = env.items(
    "SENIM_METRICS_ALLOW",
    "127.0.0.0/8,::1",
    accept=is_network_setting,
    takes="addresses or networks like 10.0.0.0/8",
)
HTTPS_ONLY = env.bool("HTTPS_ONLY", False, **ON_OR_OFF)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS_ONLY
SECURE_HSTS_SECONDS = A_YEAR_S if HTTPS_ONLY else 0
# HSTS for subdomains and the browsers' preload list bind a whole domain, which is not Senim's
SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
if HTTPS_ONLY:
    # the proxy that has the certificate redirects; Senim itself is asked for GET / over HTTP
    SILENCED_SYSTEM_CHECKS.append("security.W008")
# pages load nothing inline and nothing from other sites; frames are for downloads
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'none'"],
        "script-src": ["'self'"],
        "style-src": ["'self'"],
        "img-src": ["'self'"],
        "font-src": ["'self'"],
        "connect-src": ["'self'"],
        "frame-src": ["'self'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
        "base-uri": ["'none'"],
        "object-src": ["'none'"],
    },
}

INSTALLED_APPS = [
    "senim",
    "workouts",  # before Django's: the first translation wins, and Django has a "Sessions" too
    "workouts.apps.SenimAdminConfig",  # django.contrib.admin with our site
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "axes",
    "csp",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "django_filters",
    "rest_framework",
]
MIDDLEWARE = [
    "senim.middleware.caching.no_store_middleware",  # first, for the others' answers as well
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "senim.middleware.content_security.content_security_middleware",
    "corsheaders.middleware.CorsMiddleware",
    "senim.middleware.origins.refuse_foreign_pages_middleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "senim.middleware.regions.region_middleware",
    "senim.middleware.time_zones.time_zone_middleware",
    "senim.middleware.plain_text.refuse_malformed_middleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "axes.middleware.AxesMiddleware",
]
ROOT_URLCONF = "senim.urls"
ASGI_APPLICATION = "senim.asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.template.context_processors.tz",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

# processes x pool size has to stay below PostgreSQL's max_connections; half of it is for finishes
DATABASE_POOL_SIZE = env.int("DATABASE_POOL_SIZE", 16, **whole_number_setting(0, 500))
DATABASES = {
    "default": env.database(
        "DATABASE_URL",
        f"sqlite:///{quote(str(SENIM_DATA / 'senim.sqlite3'))}",
        pool_size=DATABASE_POOL_SIZE,
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CHANNELS_REDIS_URL = env.str("CHANNELS_REDIS_URL", REDIS_URL, validate=check_redis_url_setting)
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            "hosts": [env.layer_host("CHANNELS_REDIS_URL", REDIS_URL)],
            "prefix": SENIM_REDIS_PREFIX,
        },
    },
}

PASSWORD_HASHERS = [
    "senim.passwords.Argon2PasswordHasher",
    "senim.passwords.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("ru", "Русский"), ("kk", "Қазақша")]
LANGUAGE_COOKIE_AGE = A_YEAR_S
LANGUAGE_COOKIE_SECURE = HTTPS_ONLY
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
# what Django leaves untranslated; apart from our messages, or makemessages would drop it as unused
LOCALE_PATHS = [BASE_DIR / "senim" / "django_locale"]
FORMAT_MODULE_PATH = ["senim.formats"]
# for viewers whose own time zone is not known
TIME_ZONE = env.str("TIME_ZONE", "UTC", validate=check_time_zone_setting)
USE_TZ = True

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True

LOG_LEVEL = env.str(
    "LOG_LEVEL", "INFO", validate=choice_setting("DEBUG", "INFO", "WARNING", "ERROR")
)
LOG_FORMAT = env.str("LOG_FORMAT", "console", validate=choice_setting("console", "json"))
LOGGING_CONFIG = "senim.logs.configure_logs"
LOGGING = build_logging_config(LOG_LEVEL, LOG_FORMAT)
