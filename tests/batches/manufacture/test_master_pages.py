"""Pages of master batch records: written, changed, copied, approved, retired and compared."""

import pytest
from django.urls import reverse

from batches.manufacture import differences, services
from batches.manufacture.models import MasterBatchRecord
from batches.manufacture.states import MasterStatus
from tests.builders.manufacture import STEPS, a_master
from tests.builders.portfolio import a_process_version, a_product
from tests.cast import NOON, PASSWORD

pytestmark = pytest.mark.django_db
VERBS = ("change", "copy", "approve", "retire")


@pytest.fixture
def version(cast):
    return a_process_version(cast, a_product(cast))


@pytest.fixture
def draft(cast, version):
    return a_master(cast, version, effective=False)


@pytest.fixture
def enter(client):
    def enter(user):
        client.force_login(user)
        return client

    return enter


def url(name="", master=None):
    name = f"batches:master_batch_record{'_' if name else ''}{name}"
    return reverse(name, args=[master.code] if master is not None else [])


def text(response, status=200) -> str:
    assert response.status_code == status, response.content.decode()[:2000]
    return response.content.decode()


def posted(steps, **facts) -> dict:
    """The form as a browser sends it; `steps` of dicts, with ORDER and DELETE where they matter."""
    count = str(len(steps))
    data = {"steps-TOTAL_FORMS": count, "steps-INITIAL_FORMS": "0", **facts}
    for at, step in enumerate(steps):
        given = {"kind": "check", "mandatory": "on", "ORDER": str(at + 1), **step}
        data |= {f"steps-{at}-{name}": value for name, value in given.items() if value is not None}
    return data


def codes_of(master):
    return list(master.steps.order_by("position").values_list("code", flat=True))


def test_instructions_are_written_in_the_order_that_was_chosen(cast, enter, version):
    client = enter(cast.supervisor)
    assert version.code in text(client.get(url("new")))
    steps = [
        {"code": "B", "title": "Second", "ORDER": "2"},
        {"code": "GONE", "title": "Removed", "ORDER": "3", "DELETE": "on"},
        {"code": "A", "title": "First", "ORDER": "1", "kind": "number", "lower": "80", "unit": "%"},
        {},
    ]

    answer = client.post(url("new"), posted(steps, process_version=version.pk))

    master = MasterBatchRecord.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, url(master=master))
    assert (codes_of(master), master.status, master.written_by) == (
        ["A", "B"],
        "draft",
        cast.supervisor,
    )


def test_a_refused_form_keeps_every_step_as_it_was_typed_and_in_its_place(cast, enter, version):
    steps = [
        {"code": "B", "title": "Second", "ORDER": "2", "instruction": "Turn it twice"},
        {"code": "A", "title": "First", "ORDER": "1", "upper": "7", "DELETE": None},
        {"code": "C", "title": "", "ORDER": "3", "mandatory": None},
    ]

    page = text(
        enter(cast.supervisor).post(url("new"), posted(steps, process_version=version.pk)), 422
    )

    assert "Only a measured value has limits." in page
    assert "This is needed." in page
    assert "Turn it twice" in page
    assert page.index('value="First"') < page.index('value="Second"')
    assert not MasterBatchRecord.objects.exists()


def test_a_step_twice_is_refused_in_the_words_of_the_rule_and_nothing_is_lost(cast, enter, version):
    steps = [{"code": "A", "title": "One"}, {"code": "A", "title": "Two"}]

    page = text(
        enter(cast.supervisor).post(url("new"), posted(steps, process_version=version.pk)), 409
    )

    assert "Step A stands here 2 times." in page
    assert 'value="Two"' in page


def test_a_draft_is_changed_with_a_reason_and_a_colleagues_change_is_not_overwritten(
    cast, enter, draft
):
    client = enter(cast.supervisor)
    page = text(client.get(url("change", draft)))
    assert all(step["title"] in page for step in STEPS)
    facts = {"seen": services.text_hash(draft), "title": "New title"}
    steps = [{"code": "FEED", "title": "Feed"}, {"code": "CLEAR", "title": "Clear"}]
    assert "This is needed" in text(client.post(url("change", draft), posted(steps, **facts)), 422)

    client.post(url("change", draft), posted(steps, reason="Shorter", **facts))

    draft.refresh_from_db()
    assert (draft.title, codes_of(draft)) == ("New title", ["FEED", "CLEAR"])
    again = client.post(url("change", draft), posted(steps, reason="Old form", **facts))
    assert "was changed since this form was opened" in text(again, 409)


def test_an_untouched_draft_saved_again_is_the_same(cast, enter, draft):
    client, before = enter(cast.supervisor), services.text_hash(draft)
    form = client.get(url("change", draft)).context["form"]
    data = {f"steps-{name}": v for name, v in form.steps.management_form.initial.items()}
    for one in [form, *form.steps.forms]:
        for bound in one:
            if bound.value() not in (None, False):
                data[bound.html_name] = bound.value()

    client.post(url("change", draft), {**data, "reason": "Looked at"})

    draft.refresh_from_db()
    assert services.text_hash(draft) == before
    assert not draft.withdrawn_steps.exists()


def test_the_page_offers_what_may_be_done_and_says_why_not(cast, enter, draft, version):
    page = text(enter(cast.supervisor).get(url(master=draft)))
    assert url("change", draft) in page
    assert url("copy", draft) not in page
    page = text(enter(cast.operator).get(url(master=draft)))
    assert url("change", draft) not in page

    effective = a_master(cast, version)

    page = text(enter(cast.qa).get(url(master=effective)))
    assert url("change", effective) not in page
    for name in ("copy", "retire", "compare"):
        assert url(name, effective) in page
    assert "I approve these instructions" in page
    refused = text(enter(cast.supervisor).get(url("change", effective)))
    assert "is not edited any more" in refused


def test_instructions_are_copied_approved_and_retired_on_pages(cast, enter, version):
    master = a_master(cast, version)
    client = enter(cast.supervisor)
    answer = client.post(url("copy", master), {"process_version": version.pk, "reason": "New"})
    made = MasterBatchRecord.objects.get(version=2)
    assert answer["Location"] == url(master=made)

    client = enter(cast.qa)
    assert "password is not right" in text(
        client.post(url("approve", made), {"password": "no"}), 403
    )
    client.post(url("approve", made), {"password": PASSWORD})
    made.refresh_from_db()
    assert made.status == MasterStatus.EFFECTIVE

    assert client.post(url("retire", made), {}).status_code == 422
    client.post(url("retire", made), {"reason": "No longer made"})
    made.refresh_from_db()
    assert made.status == MasterStatus.RETIRED


def test_the_comparison_shows_what_changed_and_never_another_products(cast, enter, version):
    master = a_master(cast, version)
    made = services.copy_master(master=master, by=cast.supervisor, at=NOON)
    steps = [dict(step) for step in STEPS if step["code"] != "NOTE"]
    steps[1]["lower"] = 85
    services.change_master(
        master=made, steps=steps, title="Shorter", by=cast.supervisor, at=NOON, reason="x"
    )
    client = enter(cast.auditor)

    page = text(client.get(url("compare", made)))

    assert "<del>80</del>" in page
    assert "<ins>85</ins>" in page
    assert "Removed" in page
    assert "<ins>Shorter</ins>" in page
    other = a_master(cast, a_process_version(cast, a_product(cast, "REX-001", sponsor=cast.ixaka)))
    assert client.get(url("compare", made), {"with": other.code}).status_code == 404
    assert "There is no other version" in text(client.get(url("compare", other)))


@pytest.mark.parametrize("name", ["", "compare", *VERBS])
def test_to_a_sponsor_and_to_nobody_the_pages_do_not_exist(cast, client, enter, draft, name):
    assert client.get(url(name, draft)).status_code == 302

    assert enter(cast.kadimastem_reader).get(url(name, draft)).status_code == 404


def test_the_list_has_a_tab_for_every_status(cast, enter, version, draft):
    effective = a_master(cast, version)
    client = enter(cast.qa)

    for tab, shown in (("effective", effective), ("draft", draft)):
        page = text(client.get(reverse("batches:master_batch_record_list"), {"tab": tab}))
        assert [m.code for m in (effective, draft) if f">{m.code}<" in page] == [shown.code]
    assert url("new") not in text(
        enter(cast.operator).get(reverse("batches:master_batch_record_list"))
    )


def step(code, **facts):
    return {"code": code, "title": code, **facts}


def changes(old, new):
    return [
        (one.code, one.how, one.is_moved)
        for one in differences.changed_steps([step(c) for c in old], [step(c) for c in new])
    ]


def test_a_step_that_was_only_pushed_down_has_not_moved():
    assert changes("ABC", "XABC") == [("X", "added", False)]
    assert changes("ABCD", "BCDA") == [("A", "moved", True)]
    assert changes("ABCD", "AC") == [("B", "removed", False), ("D", "removed", False)]
    assert changes("ABC", "ABC") == []
    assert changes("", "A") == [("A", "added", False)]


def test_an_empty_limit_is_none_and_no_limit_of_zero():
    old, new = [step("A", lower=None)], [step("A", lower="0")]

    (one,) = differences.changed_steps(old, new)

    assert [(c.label, c.old, c.new) for c in one.changes] == [("Lower limit", None, "0")]
    assert differences.changed_steps([step("A", unit="")], [step("A", unit=None)]) == []
