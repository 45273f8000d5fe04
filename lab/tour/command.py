"""`manyou tour`: options in, a region to walk through, the exit code out."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import closing, contextmanager, nullcontext
from dataclasses import dataclass
from enum import StrEnum
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

import idp.settings
import portals.settings
from idp.people import demo_people
from lab.region import NoFreePorts
from lab.tour.grounds import Grounds, NobodyThere, own_region, running_region
from lab.tour.report import Report
from lab.tour.screen import Screen
from lab.tour.steps import Tour
from lab.tour.traveller import HttpTraveller, Traveller
from portals.portal import Portal
from web import serve
from web.addresses import BadPortalFile
from web.language import LANGUAGES

MISTAKES = (
    idp.settings.BadSettings, portals.settings.BadSettings, BadPortalFile, serve.CannotListen, serve.CannotStart,
    NoFreePorts, NobodyThere,
)  # fmt: skip
"""What keeps a tour from beginning; each says in one sentence what is wrong."""
NO_BROWSER = 2


class Language(StrEnum):
    """A language of the pages and of what the tour says; without one it says everything in both."""

    zh = "zh-CN"
    en = "en"


class NoBrowser(Exception):
    """No Playwright or no Chromium; the text is one sentence."""


@dataclass(frozen=True)
class Browsing:
    """How the person looks at pages: in Chromium or not, on a phone or at a desk, and where pictures go."""

    chromium: bool
    phone: bool
    shots: Path | None


def tour_command(
    running: Annotated[
        bool, typer.Option("--running", help="Walk through the region that is up. 用正在运行的区域。")
    ] = False,
    port_base: Annotated[
        int | None, typer.Option(help="Where that region is; means --running. 它的起始端口。", min=1, max=65000)
    ] = None,
    person: Annotated[str, typer.Option(help="The user name of a demo person. 演示人员的用户名。")] = "li.beijing",
    start: Annotated[str, typer.Option(help="The portal to log in at. 从哪个门户登录。")] = "beijing",
    browser: Annotated[bool, typer.Option("--browser", help="Travel in Chromium. 用真实浏览器。")] = False,
    shots: Annotated[
        Path | None, typer.Option(help="With --browser: keep a picture of each page here. 图片目录。", file_okay=False)
    ] = None,
    phone: Annotated[bool, typer.Option("--phone", help="With --browser: a phone's width. 手机宽度。")] = False,
    language: Annotated[
        Language | None, typer.Option(help="Of pages and words; both without it. 页面和说明的语言。")
    ] = None,
    within: Annotated[
        float, typer.Option(help="Seconds that a log-out may take everywhere. 退出的时限（秒）。", min=0.1, max=60)
    ] = 1.0,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Only the summary. 只看小结。")] = False,
    json_file: Annotated[
        str, typer.Option("--json", help="Write what happened to a file, or - for standard output. 写成 JSON。")
    ] = "",
) -> None:
    """Watch a person log in once and roam. 看一个人登录一次，走遍四地。"""
    console = Console(stderr=json_file == "-", soft_wrap=False)
    screen = Screen(console, [language.value] if language else LANGUAGES, quiet=quiet)
    browsing = Browsing(browser or phone or shots is not None, phone, shots)
    spoken = language.value if language else LANGUAGES[0]
    try:
        with _browser(browsing, spoken) as opened, _grounds(running or port_base is not None, port_base) as grounds:
            report = _walk(grounds, screen, opened, person=person, start=start, language=spoken, within=within)
    except NoBrowser as error:
        typer.echo(error, err=True)
        raise typer.Exit(NO_BROWSER) from error
    except MISTAKES as error:
        typer.echo(error, err=True)
        raise typer.Exit(1) from error
    screen.summary(report, shots)
    _write(report, json_file)
    if report.broken:
        typer.echo(f"Not as promised, {report.broken}", err=True)
        raise typer.Exit(1)


def _walk(
    grounds: Grounds, screen: Screen, browser: Any, *, person: str, start: str, language: str, within: float
) -> Report:
    """Let `person` walk through `grounds`, in `browser` if there is one. Raises NobodyThere."""
    password, people = demo_people.read()
    found = {one.person.username: one.person for one in people}
    if person not in found:
        raise NobodyThere(f"There is no demo person called {person}. There are: {', '.join(found)}.")
    tour = Tour(grounds, found[person], _portal(grounds, start), screen, language, within)
    traveller: Traveller
    if browser is None:
        traveller = HttpTraveller(grounds.connect, grounds.names, tour.on_hop, language, grounds.trust)
    else:
        traveller = browser.traveller(grounds.names, tour.on_hop)
    with screen, closing(traveller):
        return tour.run(traveller, password)


@contextmanager
def _browser(browsing: Browsing, language: str) -> Iterator[Any]:
    """Open Chromium if it is wanted: first of all, so that nothing is begun without it. Raises NoBrowser."""
    if not browsing.chromium:
        yield None
        return
    try:
        # Playwright is there for developers only.
        chromium: Any = import_module("lab.tour.chromium_traveller")
    except ModuleNotFoundError as error:
        raise NoBrowser("--browser needs Playwright, which `make test` installs (pip install playwright).") from error
    try:
        opened = chromium.Chromium(language, phone=browsing.phone, shots=browsing.shots)
    except chromium.CannotOpen as error:
        raise NoBrowser(str(error)) from error
    with opened:
        yield opened


def _portal(grounds: Grounds, name: str) -> Portal:
    names = [portal.client_id for portal in grounds.portals]
    if name not in names:
        raise NobodyThere(f"There is no portal called {name}. There are: {', '.join(names)}.")
    return grounds.portals[names.index(name)]


@contextmanager
def _grounds(running: bool, port_base: int | None) -> Iterator[Grounds]:
    with nullcontext(running_region(port_base)) if running else own_region() as grounds:
        yield grounds


def _write(report: Report, place: str) -> None:
    text = json.dumps(report.as_json(), ensure_ascii=False, indent=2)
    if place == "-":
        print(text)
    elif place:
        Path(place).write_text(text + os.linesep, encoding="utf-8")
