"""The protocol: OAuth 2.0 and OpenID Connect, clause by clause; the only importer of authlib.

Authlib serves the grants, PKCE, client authentication, revocation, introspection and the validation of client
metadata (server.py registers them). Its hooks never touch a store: what a grant needs is loaded before, validated,
then consumed in one awaited statement, then minted. docs/decisions/ names the tests for each piece that is our own.
"""
