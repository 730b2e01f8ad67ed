"""A session ends when it is idle or old; what must come first comes first."""

from django.contrib.auth import logout
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.urls import reverse
from django.utils import timezone

from cdmo.access.gate import PAGES, UNATTENDED, WORDS, step_of, touch_every, why_ended
from cdmo.access.models import SignIn
from cdmo.access.standing import standing_of
from cdmo.accounts.roles import Role


class SignInMiddleware:
    """Judge a browser session before its request. Tokens have no session and pass.

    Stands above the sponsors' isolation: inside it nothing could be written or looked up here.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request):
        with_token = request.bearer is not None or request.bad_bearer
        if request.user.is_authenticated and not with_token:
            answer = self.judge(request, timezone.now())
            if answer is not None:
                return answer
        user = request.user
        if user.is_authenticated and user.is_sponsor_side and Role.SPONSOR_LEAD in user.roles:
            request.standing = standing_of(user, at=timezone.now())  # they sign gate decisions
        return self.get_response(request)

    def judge(self, request, at):
        request.ended_why = why_ended(request.session, at=at)
        if request.ended_why:
            logout(request)  # then as for anybody who is not signed in
            return None
        self.touch(request, at)
        step = step_of(request, at=at)
        if step and not request.path.startswith("/accounts/"):
            return self.first(request, step)
        return None

    def touch(self, request, at):
        now = at.timestamp()
        if now - request.session["seen"] < touch_every() or request.headers.get(UNATTENDED):
            return
        request.session["seen"] = now
        SignIn.objects.filter(pk=request.session["sign_in"]).update(last_seen_at=at)

    def first(self, request, step):
        page = reverse(PAGES[step])
        if request.path.startswith("/api/"):
            problem = {
                "type": "about:blank",
                "title": "Not allowed",
                "status": 403,
                "detail": f"{WORDS[step]} {page}",
            }
            return JsonResponse(problem, status=403, content_type="application/problem+json")
        if request.headers.get("HX-Request") == "true":
            return HttpResponse(status=204, headers={"HX-Redirect": page})
        return HttpResponseRedirect(page)
