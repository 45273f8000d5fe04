"""What has to happen next for an authorization request, as a table (Core 3.1.2.3 to 3.1.2.6)."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import pytest

from idp.errors import RedirectRefusal
from idp.model import LEVELS, AuthorizationRequest, ClaimsRequest, Interaction, Person, Session, Wish
from idp.oauth.next_step import Step, next_step
from idp.people.sessions import SignedIn
from tests.idp.oauth.checker import NOW, Checker
from tests.replaced import replace

AUTH_TIME = int(NOW) - 100
PERSON = Person("li", "li.beijing", 3, False, "李明", "110000", "110000190001010012")
SESSION = Session("session", "li", AUTH_TIME, 3, ("pwd",), AUTH_TIME, AUTH_TIME, NOW + 1000)
SIGNED_IN = SignedIn(SESSION, PERSON)
WAITING = Interaction("interaction", "beijing", (), "mark", NOW - 10, NOW + 10)
LOGGED_IN_FOR_THIS = replace(WAITING, authenticated=SESSION.session_id)
LOGGED_IN_ELSEWHERE = replace(WAITING, authenticated="a session that ended")
SUB = "pairwise"
NOTHING = ClaimsRequest()


@dataclass(frozen=True)
class Case:
    """A request by what is asked, who is signed in, how far its interaction is, and what must happen."""

    expected: Step | str
    prompt: str = ""
    max_age: int | None = None
    hint: str | None = None
    signed_in: SignedIn | None = SIGNED_IN
    interaction: Interaction | None = None
    wanted: tuple[str, ...] = ()
    claims: ClaimsRequest = NOTHING
    native: bool = False


LOGIN = Step("login")
AGAIN = Step("login", reauthenticate=True)
GRANT = Step("grant")
CONSENT = Step("consent")
ALLOWED = replace(WAITING, decision="allow", decided_by=SESSION.session_id)
DENIED = replace(WAITING, decision="deny", decided_by=SESSION.session_id)
DECIDED_BY_ANOTHER = "the session of somebody else"
RISEN = SignedIn(SESSION, replace(PERSON, level=4))
FALLEN = SignedIn(SESSION, replace(PERSON, level=2))
UNMET = "unmet_authentication_requirements"


def acr(level: int, *, essential: bool = True) -> ClaimsRequest:
    """A request for an acr of that level."""
    return ClaimsRequest({}, {"acr": Wish(essential, (LEVELS[level - 1],))})


def sub_is(*values: str) -> ClaimsRequest:
    """A request for one of these people, and nobody else."""
    return ClaimsRequest({}, {"sub": Wish(values=values)})


CASES = {
    "nobody is signed in": Case(LOGIN, signed_in=None),
    "nobody is signed in, and max_age does not change that": Case(LOGIN, max_age=10000, signed_in=None),
    "nobody is signed in, and prompt=none": Case("login_required", "none", signed_in=None),
    "somebody is signed in": Case(GRANT),
    "somebody is signed in, and prompt=none": Case(GRANT, "none"),
    "prompt=login asks again": Case(AGAIN, "login"),
    "prompt=select_account asks again": Case(AGAIN, "select_account"),
    "prompt=login of somebody who is not signed in": Case(LOGIN, "login", signed_in=None),
    "prompt=login after logging in for it": Case(GRANT, "login", interaction=LOGGED_IN_FOR_THIS),
    "prompt=login after logging in for something else": Case(AGAIN, "login", interaction=LOGGED_IN_ELSEWHERE),
    "prompt=login while its page waits": Case(AGAIN, "login", interaction=WAITING),
    "prompt=login consent, first log in": Case(AGAIN, "login consent"),
    "prompt=login consent, then consent": Case(CONSENT, "login consent", interaction=LOGGED_IN_FOR_THIS),
    "prompt=login consent, both done": Case(
        GRANT, "login consent", interaction=replace(LOGGED_IN_FOR_THIS, decision="allow", decided_by=SESSION.session_id)
    ),
    "prompt=consent asks though nothing is wanting": Case(CONSENT, "consent"),
    "prompt=consent after consenting": Case(GRANT, "consent", interaction=ALLOWED),
    "max_age is not reached": Case(GRANT, max_age=101),
    "max_age is just reached": Case(GRANT, max_age=100),
    "max_age has passed": Case(AGAIN, max_age=99),
    "max_age has passed, and prompt=none": Case("login_required", "none", max_age=99),
    "max_age is huge": Case(GRANT, max_age=2**63 - 1),
    "max_age=0 asks again": Case(AGAIN, max_age=0),
    "max_age=0 within the second of the log-in": Case(
        AGAIN, max_age=0, signed_in=SignedIn(replace(SESSION, auth_time=int(NOW)), PERSON)
    ),
    "max_age=0 after logging in for it": Case(GRANT, max_age=0, interaction=LOGGED_IN_FOR_THIS),
    "max_age=0 and prompt=none": Case("login_required", "none", max_age=0),
    "the hint names who is signed in": Case(GRANT, hint=SUB),
    "the hint names who is signed in, and prompt=none": Case(GRANT, "none", hint=SUB),
    "the hint names another person": Case(AGAIN, hint="other"),
    "the hint names another person, and prompt=none": Case("login_required", "none", hint="other"),
    "the hint names another person than who logged in for it": Case(
        "login_required", hint="other", interaction=LOGGED_IN_FOR_THIS
    ),
    "the hint names somebody, and nobody is signed in": Case(LOGIN, hint=SUB, signed_in=None),
    "consent is wanting": Case(replace(CONSENT, scopes=("phone",)), wanted=("phone",)),
    "consent is wanting, and prompt=none": Case("consent_required", "none", wanted=("phone",)),
    "consent was withdrawn in another tab meanwhile": Case(
        replace(CONSENT, scopes=("phone",)), wanted=("phone",), interaction=ALLOWED
    ),
    "logging in comes before consenting": Case(AGAIN, max_age=1, wanted=("phone",)),
    "consent was denied": Case("access_denied", interaction=DENIED),
    "consent was denied in a session that has ended": Case(LOGIN, interaction=DENIED, signed_in=None),
    "consent was denied by somebody else": Case(GRANT, interaction=replace(DENIED, decided_by=DECIDED_BY_ANOTHER)),
    "an essential acr is met": Case(GRANT, claims=acr(3)),
    "an essential acr is more than met": Case(GRANT, "none", claims=acr(2)),
    "an essential acr is not met": Case(UNMET, claims=acr(4)),
    "an essential acr is not met, and prompt=none": Case(UNMET, "none", claims=acr(4)),
    "an essential acr, and nobody is signed in": Case(LOGIN, claims=acr(4), signed_in=None),
    "an essential acr is not met, but prompt=login comes first": Case(AGAIN, "login", claims=acr(4)),
    "an essential acr is not met by who logged in for it": Case(
        UNMET, "login", interaction=LOGGED_IN_FOR_THIS, claims=acr(4)
    ),
    "an essential acr is not met, and consent is not asked for in vain": Case(UNMET, wanted=("phone",), claims=acr(4)),
    "an essential acr is met by the person, who has risen since the log-in": Case(
        AGAIN, signed_in=RISEN, claims=acr(4)
    ),
    "the same, and prompt=none": Case("login_required", "none", signed_in=RISEN, claims=acr(4)),
    "the person has risen between logging in for it and now": Case(
        UNMET, signed_in=RISEN, interaction=LOGGED_IN_FOR_THIS, claims=acr(4)
    ),
    "an essential acr was met at the log-in, and is no more": Case(UNMET, signed_in=FALLEN, claims=acr(3)),
    "a voluntary acr is not met": Case(GRANT, claims=acr(4, essential=False)),
    "the sub that is asked for is signed in": Case(GRANT, "none", claims=sub_is("other", SUB)),
    "another sub is asked for": Case(AGAIN, claims=sub_is("other")),
    "another sub is asked for at /userinfo": Case(AGAIN, claims=ClaimsRequest(sub_is("other").id_token)),
    "another sub is asked for, and prompt=none": Case("login_required", "none", claims=sub_is("other")),
    "another sub is asked for than who logged in for it": Case(
        "login_required", interaction=LOGGED_IN_FOR_THIS, claims=sub_is("other")
    ),
    "a sub is asked for, and the hint names another": Case(AGAIN, hint="other", claims=sub_is(SUB)),
    "sub is asked for without a value": Case(GRANT, claims=ClaimsRequest({"sub": Wish()}, {"sub": Wish(True)})),
    "a public native application, whatever was agreed to before": Case(CONSENT, native=True),
    "a public native application, and prompt=none": Case("consent_required", "none", native=True),
    "a public native application after consenting": Case(GRANT, native=True, interaction=ALLOWED),
    "prompt=consent was answered by somebody else": Case(
        CONSENT, "consent", interaction=replace(ALLOWED, decided_by=DECIDED_BY_ANOTHER)
    ),
}


def decide(case: Case, asked: AuthorizationRequest) -> Step:
    request = replace(
        asked, prompt=frozenset(case.prompt.split()), max_age=case.max_age, hinted_sub=case.hint, claims=case.claims
    )
    if case.native:
        client = replace(asked.client, application_type="native", token_endpoint_auth_method="none")
        request = replace(request, client=client)
    sub = SUB if case.signed_in else None
    return next_step(request, case.signed_in, sub, case.interaction, case.wanted, NOW)


def outcome(case: Case, asked: AuthorizationRequest) -> Step | str:
    """Return the step, or the error code that the client is told instead."""
    try:
        return decide(case, asked)
    except RedirectRefusal as refused:
        return refused.code


@pytest.mark.parametrize("name", CASES)
def test_the_next_step_when(name: str, check: Checker) -> None:
    assert outcome(CASES[name], check()) == CASES[name].expected


MAX_AGES = (None, 0, 50, 1000)
HINTS = (None, SUB, "other")
INTERACTIONS = (None, WAITING, LOGGED_IN_FOR_THIS, LOGGED_IN_ELSEWHERE, ALLOWED)


def test_prompt_none_never_leads_to_a_page_whatever_else_is_asked_core_3_1_2_1(check: Checker) -> None:
    asked = check()
    for max_age, hint, signed_in, wanted in itertools.product(MAX_AGES, HINTS, (None, SIGNED_IN), ((), ("phone",))):
        case = Case("", "none", max_age, hint, signed_in, None, wanted)
        assert outcome(case, asked) in (GRANT, "login_required", "consent_required")


def test_nothing_is_granted_to_nobody_or_without_the_consent_that_is_wanting(check: Checker) -> None:
    asked = check()
    prompts = ("", "login", "consent", "select_account", "login consent")
    for prompt, max_age, hint, interaction in itertools.product(prompts, MAX_AGES, HINTS, INTERACTIONS):
        assert outcome(Case("", prompt, max_age, hint, None, interaction), asked) == LOGIN
        assert outcome(Case("", prompt, max_age, hint, SIGNED_IN, interaction, ("phone",)), asked) != GRANT
