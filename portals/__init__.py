"""The portals: one service, one folder of data per region (beijing, tianjin, hebei, xiongan, or yours).

One roam, in order:
1. GET /login (login.py): sign_in.SignIn.begin makes state, nonce and PKCE verifier and pushes the request;
   stores/flows.py remembers them under the browser's flow cookie; the browser goes to the provider's /authorize.
2. GET /callback (callback.py): flow, `iss`, error, code are checked in that order; the flow is used once.
3. sign_in.SignIn.redeem exchanges the code, authenticated by the portal's own key (client_key.py); proving.py proves
   another one, to which the tokens are bound.
4. judging.Judge gives the ID token to verdict.judge, with the provider's keys (provider.py).
5. sign_in.SignIn.userinfo asks for the person; stores/sessions.py begins a new session and counts the visit.
6. /, /items/{code}, /me, /inspect (pages.py, me.py, inspection.py) show it; tokens.py renews tokens before they end.
7. /logout (sign_out.py) ends it here and goes to the provider, which tells every portal's /backchannel-logout
   (backchannel_logout.py); stores/endings.py remembers the `sid`, so that /api/whoami (api.py) refuses its tokens.
8. /api/whoami takes a token with a fresh proof of its key alone (checks/possession.py); stores/proofs.py remembers it.

Read in this order: portal.py (what a portal is), app.py (how its parts meet), login.py, callback.py, sign_in.py,
verdict.py, then what you came for.
"""
