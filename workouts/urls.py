from django.urls import path, re_path

from workouts.api.join_pages import show_coach_join_page, show_join_page
from workouts.api.joining import JoinView, LeaveView, TokenView
from workouts.api.metrics import answer_metrics_request
from workouts.api.views import AppealView, FinishView, SessionListView, SessionView, show_health
from workouts.wall.screen_page import show_screen_page

urlpatterns = [
    path("", show_health, name="health"),
    re_path(r"^metrics/?$", answer_metrics_request, name="metrics"),
    re_path(r"^workout/finish/?$", FinishView.as_view(), name="finish"),
    re_path(r"^workout/join/?$", JoinView.as_view(), name="join"),
    re_path(r"^workout/token/?$", TokenView.as_view(), name="token"),
    re_path(r"^workout/leave/?$", LeaveView.as_view(), name="leave"),
    path("join/", show_join_page, {"kind": "athlete"}, name="join-page"),
    path("join/team/", show_join_page, {"kind": "team"}, name="join-team-page"),
    path("join/coach/", show_coach_join_page, name="join-coach-page"),
    path("wall/", show_screen_page, name="screen-page"),
    path("workout/sessions/", SessionListView.as_view(), name="session-list"),
    path("workout/sessions/<int:pk>/", SessionView.as_view(), name="session-detail"),
    re_path(
        r"^workout/sessions/(?P<pk>\d{1,18})/appeal/?$", AppealView.as_view(), name="session-appeal"
    ),
]
