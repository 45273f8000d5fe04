"""What every service in this repository needs to speak HTTP to people: the one thing provider, portals and lab share.

Nothing here knows OpenID Connect. Read in this order: clock (what time it is), addresses (where a service is
reached), connect (how a name becomes a connection), forms (what came in), language (zh-CN or en), csrf, pages
(what goes out), postgres (a database that may go away), dpop (whether a token came with its key), serve (sockets and
signals). `web` imports none of `idp`, `portals` and `lab`; a test holds that.
"""
