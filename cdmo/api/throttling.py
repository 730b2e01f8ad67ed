"""So many requests a minute for each person."""

from rest_framework.throttling import UserRateThrottle


class PersonThrottle(UserRateThrottle):
    scope = "person"
