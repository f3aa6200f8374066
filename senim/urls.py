from django.contrib import admin
from django.urls import include, path
from django.views.i18n import set_language

urlpatterns = [
    path("", include("workouts.urls")),
    path("admin/", admin.site.urls),
    path("i18n/setlang/", set_language, name="set_language"),
]
handler400 = "workouts.api.problems.bad_request_problem"
handler404 = "workouts.api.problems.not_found_problem"
handler500 = "workouts.api.problems.server_error_problem"
