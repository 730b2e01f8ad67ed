"""Pages of deviations."""

from django.urls import path

from batches.deviations import views

_ONE = "deviations/<str:key>/"

urlpatterns = [
    path("deviations/", views.DeviationList.as_view(), name="deviation_list"),
    path(_ONE, views.DeviationPage.as_view(), name="deviation"),
    path(f"{_ONE}classify/", views.DeviationClassify.as_view(), name="deviation_classify"),
    path(f"{_ONE}change/", views.DeviationChange.as_view(), name="deviation_change"),
    path(f"{_ONE}close/", views.DeviationClose.as_view(), name="deviation_close"),
    path("batches/<str:key>/deviations/new/", views.DeviationNew.as_view(), name="deviation_new"),
]
