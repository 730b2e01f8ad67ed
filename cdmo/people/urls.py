"""Addresses of people, their tokens, and access reviews."""

from django.urls import path

from cdmo.people.views import people, reviews, tokens

app_name = "people"
urlpatterns = [
    path("people/", people.PersonList.as_view(), name="person_list"),
    path("people/+new/", people.PersonNew.as_view(), name="person_new"),
    path("people/+service/", people.ServiceNew.as_view(), name="service_new"),
    path("people/<str:key>/", people.PersonPage.as_view(), name="person"),
    path("people/<str:key>/change/", people.PersonChange.as_view(), name="person_change"),
    path(
        "people/<str:key>/deactivate/",
        people.PersonDeactivate.as_view(),
        name="person_deactivate",
    ),
    path(
        "people/<str:key>/reactivate/",
        people.PersonReactivate.as_view(),
        name="person_reactivate",
    ),
    path("people/<str:key>/appoint/", people.PersonAppoint.as_view(), name="person_appoint"),
    path("people/<str:key>/token/", tokens.ServiceTokenNew.as_view(), name="service_token_new"),
    path("appointments/<int:key>/end/", people.AppointmentEnd.as_view(), name="appointment_end"),
    path("tokens/", tokens.TokenList.as_view(), name="token_list"),
    path("tokens/<int:key>/revoke/", tokens.TokenRevoke.as_view(), name="token_revoke"),
    path("access-reviews/", reviews.ReviewList.as_view(), name="review_list"),
    path("access-reviews/+new/", reviews.ReviewNew.as_view(), name="review_new"),
    path("access-reviews/<str:key>/", reviews.ReviewPage.as_view(), name="review"),
    path(
        "access-reviews/<str:key>/lines/<int:line>/",
        reviews.LineDecide.as_view(),
        name="line_decide",
    ),
    path("access-reviews/<str:key>/keep-rest/", reviews.KeepRest.as_view(), name="keep_rest"),
    path("access-reviews/<str:key>/attest/", reviews.ReviewAttest.as_view(), name="review_attest"),
]
