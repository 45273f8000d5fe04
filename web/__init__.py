"""What every service in this repository needs to speak HTTP to people: the one thing provider, portals and lab share.

Nothing here knows OpenID Connect; DPoP is of HTTP requests. Read in this order: clock (what time it is), addresses (where a service is
reached), connect (how a name becomes a connection), forms (what came in), language (zh-CN or en), csrf, pages
(what goes out), dpop (whoever asks has the key), serve (sockets and signals). `web` imports none of `idp`, `portals` and `lab`; a test holds that.
"""
