"""The base of every REST resource: who gets in, how it refuses, keys, ETags, verbs, paging."""

import json
from base64 import b64encode
from urllib.parse import urlencode

import pytest
from django.utils import timezone

from cdmo.accounts.tokens import issue_token
from cdmo.portfolio.models import Product
from cdmo.records.models import AuditEvent, Signature, SigningAttempt
from tests.cast import PASSWORD

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.cdmo.api.small_site")]
HOME = "/api/v1/products/"


class Caller:
    """An integrator with a token."""

    def __init__(self, client, user, **token):
        secret, self.token = issue_token(user=user, by=user, at=timezone.now(), **token)
        self.client, self.headers = client, {"Authorization": f"Bearer {secret}"}

    def get(self, path=HOME, **headers):
        return self.client.get(path, headers={**self.headers, **headers})

    def send(self, body, path=HOME, method="post", **headers):
        data = body if isinstance(body, (str, bytes)) else json.dumps(body)
        return getattr(self.client, method)(
            path,
            data,
            content_type="application/json",
            headers={**self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}},
        )


@pytest.fixture
def qa(client, cast):
    return Caller(client, cast.qa)


@pytest.fixture
def product(cast):
    return Product.objects.create(
        code="ASTRORX", name="AstroRx", sponsor=cast.kadimastem, modality="allogeneic"
    )


def problem(response, status):
    assert response.status_code == status, response.content
    assert response["Content-Type"] == "application/problem+json"
    body = response.json()
    assert body["status"] == status
    assert body["title"]
    return body


@pytest.mark.statement("P-06")
@pytest.mark.parametrize(
    "header", [None, "Bearer nonsense", "Basic abc", "Bearer ", "Bearer " + "x" * 500]
)
def test_nothing_answers_without_a_good_token(client, cast, header):
    response = client.get(HOME, headers={"Authorization": header} if header else {})
    problem(response, 401)
    assert response["WWW-Authenticate"].startswith("Bearer")


def test_a_bad_token_does_not_fall_back_on_the_session(client, cast):
    client.force_login(cast.qa)
    assert client.get(HOME).status_code == 200
    problem(client.get(HOME, headers={"Authorization": "Bearer nonsense"}), 401)


def test_expired_revoked_and_deactivated_people_are_nobody(client, cast):
    caller = Caller(client, cast.qa, days=1)
    caller.token.expires_at = timezone.now()
    caller.token.save(update_fields=["expires_at"])
    problem(caller.get(), 401)

    caller = Caller(client, cast.qa2)
    cast.qa2.is_active = False
    cast.qa2.save(update_fields=["is_active"])
    problem(caller.get(), 401)


def test_a_record_is_found_by_its_key(qa, product):
    response = qa.get(f"{HOME}ASTRORX/")
    assert response.json()["sponsor"] == "KADIMASTEM"
    assert response["ETag"]


@pytest.mark.statement("P-06")
def test_another_sponsors_record_is_not_found(client, cast, product):
    problem(Caller(client, cast.ixaka_reader).get(f"{HOME}ASTRORX/"), 404)
    assert Caller(client, cast.ixaka_reader).get().json()["results"] == []
    assert Caller(client, cast.kadimastem_reader).get(f"{HOME}ASTRORX/").status_code == 200


def test_visible_to_hides_it_without_the_databases_help(client, cast, product, settings):
    """Row-level security would hide it too; each must hold alone."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "Isolation" not in name]
    problem(Caller(client, cast.ixaka_reader).get(f"{HOME}ASTRORX/"), 404)
    assert Caller(client, cast.ixaka_reader).get().json()["results"] == []


def test_sponsors_and_read_only_tokens_write_nothing(client, cast, product):
    for caller in (Caller(client, cast.kadimastem_reader), Caller(client, cast.qa, read_only=True)):
        problem(caller.send({"code": "X", "name": "X"}), 403)
        problem(caller.send({}, f"{HOME}ASTRORX/approve/"), 403)
    assert Product.objects.count() == 1


@pytest.mark.statement("U-18")
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b"[1]",
        b'"text"',
        b"null",
        b'{"code": NaN, "name": "x"}',
        b'{"code": "a", "code": "b", "name": "x"}',
        b'{"code": "a\\u0000", "name": "x"}',
        b'{"code": "\\ud800", "name": "x"}',
        b"[" * 100_000,
        b'{"code": ' + b"9" * 5000 + b', "name": "x"}',
        b'{"code": 1e999999999, "name": "x"}',
        b'{"code": "X"}',
        b'{"code": "X", "name": "x", "naem": "y"}',
        b'{"code": "X", "name": "x", "dose": "12,5"}',
        b'{"code": "X", "name": "x", "dose": 1e30}',
        b'{"code": "X", "name": "x", "dose": "\xef\xbc\x91"}',
    ],
)
def test_bad_bodies_are_400_with_the_reason_and_nothing_is_written(qa, body):
    found = problem(qa.send(body), 400)
    assert found["detail"]
    assert isinstance(found["errors"], list)
    assert not Product.objects.exists()


def test_a_new_record_says_where_it_is(qa):
    response = qa.send({"code": "X-1", "name": "x"})
    assert response.status_code == 201
    assert response["Location"].endswith("/api/v1/products/X-1/")


@pytest.mark.statement("P-47")
@pytest.mark.statement("U-18")
def test_the_same_key_twice_has_one_effect_and_one_answer(qa):
    first = qa.send({"code": "X-1", "name": "x"}, Idempotency_Key="k1")
    again = qa.send({"code": "X-1", "name": "x"}, Idempotency_Key="k1")

    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again["Location"] == first["Location"]
    assert AuditEvent.objects.filter(verb="product.add").count() == 1


@pytest.mark.statement("U-18")
def test_the_same_key_with_another_body_is_422(qa):
    qa.send({"code": "X-1", "name": "x"}, Idempotency_Key="k1")
    problem(qa.send({"code": "X-2", "name": "x"}, Idempotency_Key="k1"), 422)
    assert Product.objects.count() == 1


def test_keys_of_two_people_do_not_meet(client, cast):
    for user, code in ((cast.qa, "X-1"), (cast.qa2, "X-2")):
        answer = Caller(client, user).send({"code": code, "name": "x"}, Idempotency_Key="k1")
        assert answer.status_code == 201


def test_a_verb_wants_a_signature(qa, product):
    found = problem(qa.send({}, f"{HOME}ASTRORX/approve/"), 400)
    assert found["errors"][0]["field"] == "signature"


@pytest.mark.statement("P-27")
def test_a_wrong_password_is_403_and_recorded(qa, product):
    body = {"signature": {"password": "wrong"}}
    problem(qa.send(body, f"{HOME}ASTRORX/approve/"), 403)
    assert SigningAttempt.objects.count() == 1
    assert not Signature.objects.exists()


def test_a_wrong_password_is_recorded_under_an_idempotency_key_too(qa, product):
    body = {"signature": {"password": "wrong"}}
    problem(qa.send(body, f"{HOME}ASTRORX/approve/", Idempotency_Key="k"), 403)
    assert SigningAttempt.objects.count() == 1


def test_the_right_password_signs(qa, product):
    answer = qa.send({"signature": {"password": PASSWORD}}, f"{HOME}ASTRORX/approve/")
    assert answer.status_code == 200
    assert Signature.objects.get().record == "ASTRORX"


@pytest.mark.statement("U-14")
def test_a_refusal_lists_every_objection_and_signs_nothing(qa, product):
    body = {"signature": {"password": PASSWORD}, "refuse": ["a", "b"]}
    found = problem(qa.send(body, f"{HOME}ASTRORX/approve/"), 409)
    assert [b["code"] for b in found["blockers"]] == ["a", "b"]
    assert found["blockers"][0]["record"] == "ASTRORX"
    assert not Signature.objects.exists()


@pytest.mark.statement("P-15")
def test_only_a_missing_right_is_403(qa, product):
    body = {"signature": {"password": PASSWORD}, "refuse": ["no_right"]}
    problem(qa.send(body, f"{HOME}ASTRORX/approve/"), 403)


@pytest.mark.statement("U-18")
def test_if_match_refuses_a_stale_change(qa, product):
    stale = qa.get(f"{HOME}ASTRORX/")["ETag"]
    change = {"name": "New", "reason": "Renamed"}
    assert qa.send(change, f"{HOME}ASTRORX/", "patch", If_Match=stale).status_code == 200

    problem(qa.send(change, f"{HOME}ASTRORX/", "patch", If_Match=stale), 412)
    body = {"signature": {"password": PASSWORD}}
    problem(qa.send(body, f"{HOME}ASTRORX/approve/", If_Match=stale), 412)
    assert not Signature.objects.exists()


@pytest.mark.statement("P-08")
def test_a_change_wants_its_reason(qa, product):
    found = problem(qa.send({"name": "New"}, f"{HOME}ASTRORX/", "patch"), 400)
    assert found["errors"][0]["field"] == "reason"


@pytest.mark.statement("P-10")
def test_nothing_is_deleted_over_rest(qa, product):
    problem(qa.client.delete(f"{HOME}ASTRORX/", headers=qa.headers), 405)


def test_pages_reach_every_row_once(qa, cast):
    for number in range(7):
        Product.objects.create(
            code=f"P-{number}", name="same", sponsor=cast.ixaka, modality="allogeneic"
        )
    seen, path = [], f"{HOME}?limit=3&ordering=name"
    while path:
        page = qa.get(path).json()
        seen += [row["code"] for row in page["results"]]
        path = page["next"]
    assert sorted(seen) == [f"P-{number}" for number in range(7)]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", "limit=-1", "ordering=password", "modality=nope"]
)
def test_nonsense_in_the_query_is_400(qa, query):
    problem(qa.get(f"{HOME}?{query}"), 400)


def cursor_at(position: str) -> str:
    return urlencode({"cursor": b64encode(position.encode()).decode()})


@pytest.mark.parametrize("order", ["id", "-code"])
@pytest.mark.parametrize("position", ["p=%00", "p=\x00", "r=x&p=1", "p=\xff", "o=-1"])
def test_a_cursor_that_no_list_gave_is_400(qa, order, position):
    problem(qa.get(f"{HOME}?ordering={order}&{cursor_at(position)}"), 400)


@pytest.mark.parametrize("position", ["p=abc", "p=", "p=1e5", "r=1&p=zzz"])
def test_a_cursor_at_no_number_is_400_where_numbers_are_ordered(qa, position):
    problem(qa.get(f"{HOME}?{cursor_at(position)}"), 400)


@pytest.mark.parametrize("query", ["search=%00", "modality=%00", "cursor=%00"])
def test_a_nul_in_the_query_is_400(qa, query):
    assert qa.get(f"{HOME}?{query}").status_code == 400


def test_a_list_takes_the_same_queries_for_one_row_and_for_many(
    qa, cast, product, django_assert_num_queries
):
    with django_assert_num_queries(3) as few:
        qa.get()
    for number in range(20):
        Product.objects.create(
            code=f"P-{number}", name="x", sponsor=cast.ixaka, modality="allogeneic"
        )
    with django_assert_num_queries(len(few)):
        qa.get()
