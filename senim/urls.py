from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    path("", include("workouts.urls")),  # first: it has pages of the admin
    path("admin/", admin.site.urls),
]
handler400 = "workouts.problems.bad_request"
handler404 = "workouts.problems.not_found"
handler500 = "workouts.problems.server_error"
