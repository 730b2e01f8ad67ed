"""What every act of the demonstration needs: the instant, the people, their signatures."""

from datetime import date, datetime, timedelta

from cdmo.accounts.models import Organisation, Site, User
from cdmo.portfolio.models import ProcessVersion, Product
from cdmo.records.signatures import Proof


class Stage:
    """The demonstration is told backwards from `at`: `ago(days=3)` is three days before it.

    Signatures carry the method `demonstration`: nobody typed a password for them.
    """

    def __init__(self, at: datetime):
        self.at = at.replace(microsecond=0)
        self._people: dict[str, User] = {}

    def ago(self, days: float = 0, **parts) -> datetime:
        return self.at - timedelta(days=days, **parts)

    def day(self, days_ago: int = 0) -> date:
        return self.ago(days_ago).date()

    def person(self, name: str) -> User:
        """Return a person by address; without a domain it is one of the CDMO's."""
        email = name if "@" in name else f"{name}@cdmo.example"
        if email not in self._people:
            self._people[email] = User.objects.select_related("organisation").get(email=email)
        return self._people[email]

    def __getattr__(self, name: str) -> User:
        if name.startswith("_"):
            raise AttributeError(name)
        return self.person(name)

    def signed(self, name: str, at: datetime) -> dict:
        """Return `by`, `at` and `proof` for a signed service."""
        by = self.person(name)
        return {
            "by": by,
            "at": at,
            "proof": Proof(user_id=by.pk, at=at, method="demonstration"),
        }

    def acted(self, name: str, at: datetime) -> dict:
        """Return `by` and `at` for a service."""
        return {"by": self.person(name), "at": at}


def organisation(code: str) -> Organisation:
    return Organisation.objects.get(code=code)


def site(code: str) -> Site:
    return Site.objects.get(code=code)


def product(code: str) -> Product:
    return Product.objects.get(code=code)


def process_version(product_code: str) -> ProcessVersion:
    return ProcessVersion.objects.filter(product__code=product_code).latest("version")
