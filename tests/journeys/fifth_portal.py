"""A fifth portal: one folder with one portal.toml, written where a test says."""

from __future__ import annotations

import os
from pathlib import Path

from idp.settings import REPOSITORY

PORTAL_TOML = """
[service]
host = "shanxi.localhost"
offset = 5

[region]
code = "140000"
order = 5

[name]
zh = "山西省政务服务门户"
en = "Shanxi government-service portal"

[short]
zh = "山西"
en = "Shanxi"

[greeting]
zh = "新来的门户。"
en = "The new portal."

[look]
colour = "#5b3a8c"
deep = "#3d2760"
tint = "#f4f0fa"

[[items]]
code = "SX-0101"
name = { zh = "失业登记", en = "Registration of unemployment" }
who = ["natural"]
level = 2
mode = "online"
needs = ["phone"]
where = ["140000"]

[client]
client_name = "山西省政务服务门户"
"client_name#en" = "Shanxi government-service portal"
client_uri = "{address}"
redirect_uris = ["{address}/callback"]
post_logout_redirect_uris = ["{address}/"]
initiate_login_uri = "{address}/login"
backchannel_logout_uri = "{address}/backchannel-logout"
backchannel_logout_session_required = true
jwks_uri = "{address}/jwks"
grant_types = ["authorization_code", "refresh_token"]
response_types = ["code"]
token_endpoint_auth_method = "private_key_jwt"
token_endpoint_auth_signing_alg = "ES256"
id_token_signed_response_alg = "ES256"
subject_type = "pairwise"
scope = "openid profile real_name phone"
resources = ["{address}/api"]
profile = "fapi2"
legal_basis = "LEGAL_BASIS"
"""


def write_fifth_portal(place: Path, legal_basis: str = "legal_duty") -> str:
    """Write the folder of Shanxi into `place` and return the `portals` setting that has it beside the other four."""
    folder = place / "shanxi"
    folder.mkdir(parents=True)
    (folder / "portal.toml").write_text(PORTAL_TOML.replace("LEGAL_BASIS", legal_basis), encoding="utf-8")
    return os.pathsep.join([str(REPOSITORY / "portals"), str(place)])
