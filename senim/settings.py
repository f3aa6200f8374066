"""Senim's settings, all from the environment; .env.example lists them with their defaults."""

from pathlib import Path
from urllib.parse import quote

from django.core.exceptions import ImproperlyConfigured

from senim.addresses import read_database, read_layer_host, read_redis_url
from senim.environment import (
    is_given,
    load_env_file,
    read_choice,
    read_flag,
    read_folder,
    read_host_names,
    read_networks,
    read_number,
    read_origins,
    read_secret_key,
    read_text,
    read_time_zone,
)

MAX_SOCKET_PATH = 100  # the address of a unix socket has room for 104 bytes on macOS, 108 on Linux
A_YEAR_S = 31_536_000
BASE_DIR = Path(__file__).resolve().parent.parent
load_env_file(BASE_DIR / ".env")

SENIM_DATA = read_folder(
    "SENIM_DATA",
    BASE_DIR / ".senim",
    needed=not is_given("DATABASE_URL", "REDIS_URL", "SECRET_KEY"),
)
# "" is no choice: `start` then takes "open" on loopback and asks for one on any other address
SENIM_AUTH = read_choice("SENIM_AUTH", "", ("", "open", "token"))
SENIM_WORKERS = read_number("SENIM_WORKERS", 1, low=1, high=64)
SENIM_IDLE_MINUTES = read_number("SENIM_IDLE_MINUTES", 30, low=1, high=1440)
SENIM_SWEEP_SECONDS = read_number("SENIM_SWEEP_SECONDS", 15, low=1, high=3600)
SENIM_MAX_MESSAGES_PER_SECOND = read_number(
    "SENIM_MAX_MESSAGES_PER_SECOND", 1000, low=1, high=1_000_000
)
SENIM_MAX_CONNECTIONS = read_number("SENIM_MAX_CONNECTIONS", 10_000, low=10, high=1_000_000)
SENIM_REDIS_PREFIX = read_text("SENIM_REDIS_PREFIX", "senim")
if set(SENIM_REDIS_PREFIX) & set("{}: "):
    raise ImproperlyConfigured(
        "SENIM_REDIS_PREFIX has one of {}: or a space; it takes letters, digits and the likes of _ and -."
    )

EMBEDDED_REDIS_SOCKET = SENIM_DATA / "valkey.sock"
EMBEDDED_REDIS_URL = f"unix://{quote(str(EMBEDDED_REDIS_SOCKET))}"
REDIS_URL = read_redis_url("REDIS_URL", EMBEDDED_REDIS_URL)
REDIS_EMBEDDED = REDIS_URL == EMBEDDED_REDIS_URL
if REDIS_EMBEDDED and len(bytes(EMBEDDED_REDIS_SOCKET)) > MAX_SOCKET_PATH:
    raise ImproperlyConfigured(
        f"SENIM_DATA is {SENIM_DATA}; the embedded Valkey takes a shorter path, or give REDIS_URL."
    )

DEBUG = read_flag("DEBUG", default=False)
SECRET_KEY = read_secret_key("SECRET_KEY", SENIM_DATA / "secret_key")
ALLOWED_HOSTS = read_host_names("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
ALLOWED_ORIGINS = read_origins("ALLOWED_ORIGINS")
CSRF_TRUSTED_ORIGINS = ALLOWED_ORIGINS
TRUSTED_PROXIES = read_networks("TRUSTED_PROXIES")
HTTPS_ONLY = read_flag("HTTPS_ONLY", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS_ONLY
SECURE_HSTS_SECONDS = A_YEAR_S if HTTPS_ONLY else 0
# what a page may load and do: nothing inline, nothing of others. Downloads go through frames, which are nobody else's
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
    "workouts",  # before Django: what the first says is shown, and Django has a "Sessions" too
    "daphne",
    "workouts.apps.SenimAdminConfig",  # django.contrib.admin with our site
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "csp",
    "django_filters",
    "rest_framework",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "senim.middleware.time_zones.use_time_zone",
    "senim.middleware.plain_text.refuse_nul",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
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

# 0 turns the pool off; processes x size has to stay under PostgreSQL's max_connections
DATABASE_POOL_SIZE = read_number("DATABASE_POOL_SIZE", 8, low=0, high=500)
DATABASES = {
    "default": read_database(
        "DATABASE_URL", SENIM_DATA / "senim.sqlite3", pool_size=DATABASE_POOL_SIZE
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CHANNELS_REDIS_URL = read_redis_url("CHANNELS_REDIS_URL", REDIS_URL)
CHANNEL_LAYERS = {
    "default": {
        "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
        "CONFIG": {
            "hosts": [read_layer_host("CHANNELS_REDIS_URL", REDIS_URL)],
            "prefix": SENIM_REDIS_PREFIX,
        },
    },
}

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
# what Django itself leaves untranslated, apart from our own messages: makemessages would take it for unused
LOCALE_PATHS = [BASE_DIR / "senim" / "django_locale"]
FORMAT_MODULE_PATH = ["senim.formats"]
TIME_ZONE = read_time_zone("TIME_ZONE", "UTC")  # where the viewer's is not known
USE_TZ = True

STATIC_URL = "static/"
WHITENOISE_USE_FINDERS = True

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "workouts.api.problems.answer_problem",
}

LOG_LEVEL = read_choice("LOG_LEVEL", "INFO", ("DEBUG", "INFO", "WARNING", "ERROR"))
LOG_FORMAT = read_choice("LOG_FORMAT", "console", ("console", "json"))
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "events": {
            "()": "senim.logs.EventFormatter",
            "style_name": LOG_FORMAT,
        },
    },
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "events"}},
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "django.server": {"handlers": ["stderr"], "propagate": False},
        "uvicorn": {"level": "WARNING", "propagate": True},
        # each answer of 4xx is the client's business
        "django.request": {"level": "ERROR"},
        # or anybody could fill the log with tracebacks
        "django.security": {"level": "CRITICAL"},
    },
}
