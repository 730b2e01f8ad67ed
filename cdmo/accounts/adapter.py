"""allauth's hooks: nobody signs up by themselves; accounts are made by administrators."""

from allauth.account.adapter import DefaultAccountAdapter


class ClosedSignup(DefaultAccountAdapter):
    def is_open_for_signup(self, request):
        return False
