from django.contrib import admin
from django.urls import include, path
from django.utils.translation import gettext_lazy as _
from django.views.i18n import set_language

admin.site.site_header = admin.site.site_title = "Senim"
admin.site.index_title = _("Overview")

urlpatterns = [
    path("", include("workouts.urls")),  # first: it has pages of the admin
    path("admin/", admin.site.urls),
    path("i18n/setlang/", set_language, name="set_language"),
]
handler400 = "workouts.api.problems.bad_request"
handler404 = "workouts.api.problems.not_found"
handler500 = "workouts.api.problems.server_error"
