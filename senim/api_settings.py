"""The settings of the API: who answers, who is asked, and which pages may read the answers."""

API_PATHS = r"^/workout/"
REST_FRAMEWORK = {
    # a view has to opt out of being asked for a token
    "DEFAULT_AUTHENTICATION_CLASSES": ["workouts.api.authentication.CallerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [],
    "UNAUTHENTICATED_USER": None,
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "EXCEPTION_HANDLER": "workouts.api.problems.answer_problem",
}
# CORS for ALLOWED_ORIGINS, without credentials: a page of another origin brings a token, never a
# coach's cookie
CORS_URLS_REGEX = API_PATHS
CORS_ALLOW_METHODS = ["GET", "HEAD", "POST"]
CORS_ALLOW_HEADERS = ["authorization", "content-type"]
CORS_EXPOSE_HEADERS = ["Senim-Repeated", "Location", "Retry-After", "ETag"]
