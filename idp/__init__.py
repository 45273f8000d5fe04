"""The identity provider of Manyou: an OpenID Provider modelled on the national platform's unified authentication.

One roam, hop by hop, and where to read it:

1. A portal sends the browser to /authorize        endpoints/authorize.py
2. the request is checked, in a visible order       oauth/authorization_request.py
3. the next step is decided                         oauth/next_step.py
4. log-in or consent, when needed, and back to 1    endpoints/login.py, endpoints/consent.py
5. a code goes to the portal with `state` and `iss` oauth/front_channel.py, oauth/authorization_response.py
6. the portal redeems it at /token, once            endpoints/token.py, oauth/token_request.py
7. tokens are minted                                oauth/id_token.py, oauth/access_token.py
8. /userinfo gives what was granted                 endpoints/userinfo.py, oauth/claims.py
9. whatever ends a sign-in ends its `sid`           people/sign_outs.py
10. and every portal is told, sooner or later       delivery/queue.py

Reading order: model, errors, settings; stores/protocols; then the list above.
assembly.py is where the parts meet; app.py lists the URLs.
"""
