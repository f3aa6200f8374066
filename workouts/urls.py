from django.urls import path, re_path

from workouts.api.metrics import answer_metrics_request
from workouts.api.views import AppealView, FinishView, SessionListView, SessionView, show_health

urlpatterns = [
    path("", show_health, name="health"),
    re_path(r"^metrics/?$", answer_metrics_request, name="metrics"),
    re_path(r"^workout/finish/?$", FinishView.as_view(), name="finish"),
    path("workout/sessions/", SessionListView.as_view(), name="session-list"),
    path("workout/sessions/<int:pk>/", SessionView.as_view(), name="session-detail"),
    re_path(
        r"^workout/sessions/(?P<pk>\d{1,18})/appeal/?$", AppealView.as_view(), name="session-appeal"
    ),
]
