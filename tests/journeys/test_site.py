"""The site in a browser, before anybody has signed in."""

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_the_sign_in_page_loads_whole_under_the_strict_policy(site):
    foreign = []
    site.on("request", lambda request: foreign.append(request.url))
    site.goto("/accounts/login/")
    assert site.get_by_role("button", name="Sign in").is_visible()
    assert all(url.startswith(("http://127.0.0.1:", "data:")) for url in foreign)
