"""portal.toml as provider and portals read it alike: where a portal is reached, and a sentence for each mistake."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from web.addresses import BadPortalFile, PortalFile, portal_folders, read_portal_file

GOOD = '[service]\nhost = "langfang.localhost"\noffset = 5\n'


def read(place: Path, text: str = GOOD, environment: Mapping[str, str] | None = None) -> PortalFile:
    folder = place / "lang-fang"
    folder.mkdir()
    (folder / "portal.toml").write_text(text, "utf-8")
    return read_portal_file(folder, 8000, "http", environment or {})


def test_the_address_is_host_and_port_base_with_offset_and_fills_the_texts(tmp_path: Path) -> None:
    portal = read(tmp_path, GOOD + '[client]\nuris = ["{address}/callback"]\n')
    assert (portal.client_id, portal.port) == ("lang-fang", 8005)
    assert portal.address == "http://langfang.localhost:8005"
    assert portal.table["client"] == {"uris": ["http://langfang.localhost:8005/callback"]}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[service", "cannot be read"),
        ("", r"needs a \[service\] table"),
        ("service = 7", r"needs a \[service\] table"),
        ("[service]\noffset = 5", r"\[service\] needs host"),
        ("[service]\nhost = 7\noffset = 5", r"\[service\] needs host"),
        ('[service]\nhost = ""\noffset = 5', r"\[service\] needs host"),
        ('[service]\nhost = "langfang.localhost"', "and offset"),
        ('[service]\nhost = "langfang.localhost"\noffset = "5"', "and offset"),
        ('[service]\nhost = "langfang.localhost"\noffset = true', "and offset"),
    ],
)
def test_a_mistake_is_told_with_the_file_that_it_is_in(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(BadPortalFile, match=says) as refused:
        read(tmp_path, text)
    assert str(tmp_path / "lang-fang" / "portal.toml") in str(refused.value)


def test_a_file_that_is_no_text_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "portal.toml").write_bytes(b"\xff")
    with pytest.raises(BadPortalFile, match="cannot be read"):
        read_portal_file(tmp_path, 8000)


def test_the_environment_says_where_a_portal_is_if_it_is_elsewhere(tmp_path: Path) -> None:
    elsewhere = {"MANYOU_ADDRESS_LANG_FANG": "https://portal.example"}
    assert read(tmp_path, environment=elsewhere).address == "https://portal.example"


@pytest.mark.parametrize(
    "address",
    [
        "portal.example",
        "ftp://portal.example",
        "https://",
        "https://portal.example/",
        "https://portal.example/path",
        "https://portal.example?query",
        "https://portal.example#part",
    ],
)
def test_an_address_that_is_no_origin_is_refused(tmp_path: Path, address: str) -> None:
    with pytest.raises(BadPortalFile, match=r"should be like http://langfang\.localhost:8005"):
        read(tmp_path, environment={"MANYOU_ADDRESS_LANG_FANG": address})


def test_a_place_is_a_folder_of_portals_or_a_portals_own(tmp_path: Path) -> None:
    folder = read(tmp_path).folder
    (tmp_path / "no portal").mkdir()
    assert portal_folders(f"{tmp_path}:") == portal_folders(str(folder)) == [folder]
    with pytest.raises(BadPortalFile, match="is not a folder"):
        portal_folders(str(tmp_path / "nowhere"))
