"""The facts that `authority` judges, gathered for a set of sponsors in three queries."""

from collections import defaultdict
from collections.abc import Iterable

from cdmo.accounts.models import Organisation
from cdmo.portfolio.authority import AgreementFacts, Coverage, ScopeFacts
from cdmo.portfolio.models import Agreement, ScopeItem


def gather_coverage(sponsor_ids: Iterable[int]) -> dict[int, Coverage]:
    """Return each sponsor's agreements as frozen values; a sponsor without any has an empty one."""
    wanted = set(sponsor_ids)
    scope = defaultdict(list)
    for agreement_id, *facts in (
        ScopeItem.objects.filter(sponsor_id__in=wanted)
        .order_by("id")
        .values_list("agreement_id", "item", "work", "status", "product__code")
    ):
        scope[agreement_id].append(ScopeFacts(*facts))
    agreements = defaultdict(list)
    for pk, sponsor_id, *facts in (
        Agreement.objects.filter(sponsor_id__in=wanted)
        .order_by("number")
        .values_list("id", "sponsor_id", "number", "kind", "status", "valid_from", "valid_until")
    ):
        agreements[sponsor_id].append(AgreementFacts(*facts, scope=tuple(scope[pk])))
    internal = set(
        Organisation.objects.filter(
            pk__in=wanted, roles__contains=[Organisation.Kind.CDMO]
        ).values_list("pk", flat=True)
    )
    return {
        pk: Coverage(agreements=tuple(agreements[pk]), internal=pk in internal) for pk in wanted
    }
