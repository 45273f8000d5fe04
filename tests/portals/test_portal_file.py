"""portal.toml: the four that are here, and what is said about each mistake in one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from portals.dialect import NATIONAL
from portals.portal import Portal, find, load
from portals.settings import PORTALS, Settings
from web.addresses import BadPortalFile, portal_folders

FOLDERS = portal_folders(str(PORTALS))
ITEM = 'code = "BJ-0101"'


def changed(tmp_path: Path, old: str, new: str) -> Portal:
    """Load a copy of Beijing in which `old` has become `new`, once."""
    folder = tmp_path / "beijing"
    shutil.copytree(PORTALS / "beijing", folder)
    file = folder / "portal.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    return load(folder, Settings(portals=str(tmp_path)))


def test_there_are_four_with_their_contract_addresses() -> None:
    found = {folder.name: load(folder, Settings()).address for folder in FOLDERS}
    assert found == {
        "beijing": "http://beijing.localhost:8001",
        "tianjin": "http://tianjin.localhost:8002",
        "hebei": "http://hebei.localhost:8003",
        "xiongan": "http://xiongan.localhost:8004",
    }


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_each_offers_what_shows_every_kind_of_gate(folder: Path) -> None:
    portal = load(folder, Settings())
    assert len(portal.items) >= 8
    assert {item.level for item in portal.items} == {1, 2, 3, 4}
    assert any(item.who == ("legal",) for item in portal.items)
    needs = {need for item in portal.items for need in item.needs}
    assert {"id_number", "phone"} <= needs


def test_codes_are_one_portals_own() -> None:
    codes = [item.code for folder in FOLDERS for item in load(folder, Settings()).items]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ("[service]", "[servce]", "needs a [service] table"),
        ('code = "110000"', "code = 110000", "region.code should be a six-digit"),
        ('zh = "北京"', "", "short should be a text in zh and in en"),
        ('colour = "#9e2a2b"', 'colour = "red"', "look.colour should be a colour"),
        (ITEM, 'code = "BJ 01"', "items[1].code should be letters"),
        (ITEM, 'code = "BJ-0102"', "items[2].code should be a code of its own; BJ-0102 is used twice"),
        ("level = 3 ", "level = 5 ", "items[1].level should be a level"),
        ("level = 3 ", "level = true ", "items[1].level should be a level"),
        ('mode = "online"', 'mode = "fax"', "items[1].mode should be one of online, collect, joint"),
        ('who = ["natural"]', 'who = ["anyone"]', "items[1].who should be"),
        (
            'needs = ["id_number"]',
            'needs = ["salary"]',
            "items[1].needs should be a list of scopes that client.scope holds",
        ),
        ('where = ["110000"', 'where = ["Beijing"', "items[1].where should be"),
        ('scope = "openid profile real_name', 'scope = "openid profile', "client.scope should be"),
        ('["{address}/callback"]', '["{address}/back"]', "client.redirect_uris should be a list that holds http://"),
        ('"{address}/api"', '"https://elsewhere/api"', "client.resources should be a list that holds"),
        ('"private_key_jwt"', '"client_secret_basic"', "token_endpoint_auth_method should be private_key_jwt"),
        ('profile = "fapi2"', 'profile = "oidc"', "client.profile should be fapi2: a portal pushes its requests"),
        ('= "legal_duty"', '= "because"', "client.legal_basis should be legal_duty or consent"),
        ('id_token_signed_response_alg = "ES256"', 'id_token_signed_response_alg = "none"', "should be ES256"),
    ],
)
def test_a_mistake_is_named_by_file_entry_and_what_it_should_be(tmp_path: Path, old: str, new: str, says: str) -> None:
    with pytest.raises(BadPortalFile) as caught:
        changed(tmp_path, old, new)
    assert says in str(caught.value)
    assert str(tmp_path / "beijing" / "portal.toml") in str(caught.value)


def test_a_fifth_portal_is_one_folder_with_one_file(tmp_path: Path) -> None:
    folder = tmp_path / "langfang"
    folder.mkdir()
    text = (PORTALS / "beijing" / "portal.toml").read_text(encoding="utf-8")
    text = text.replace("beijing.localhost", "langfang.localhost").replace("offset = 1", "offset = 5")
    (folder / "portal.toml").write_text(text, encoding="utf-8")
    settings = Settings(portals=f"{PORTALS}:{tmp_path}")
    portal = load(find("langfang", settings), settings)
    assert (portal.client_id, portal.address) == ("langfang", "http://langfang.localhost:8005")
    assert portal.dialect is NATIONAL
    assert portal.others["http://hebei.localhost:8003/api"] == "hebei"


@pytest.mark.parametrize("text", ["DIALECT = 1", "raise RuntimeError('broken')", "import nowhere_at_all", "x = 1", "("])
def test_a_broken_dialect_stops_the_start(tmp_path: Path, text: str) -> None:
    shutil.copytree(PORTALS / "beijing", tmp_path / "beijing")
    (tmp_path / "beijing" / "records.py").write_text(text, encoding="utf-8")
    with pytest.raises(BadPortalFile, match=r"records\.py"):
        load(tmp_path / "beijing", Settings(portals=str(tmp_path)))


def test_a_neighbours_broken_file_is_the_neighbours_affair(tmp_path: Path) -> None:
    shutil.copytree(PORTALS / "beijing", tmp_path / "beijing")
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "portal.toml").write_text("[", encoding="utf-8")
    assert load(tmp_path / "beijing", Settings(portals=str(tmp_path))).others == {}
