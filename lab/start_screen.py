"""What `manyou up` shows when everything answers: where everything is, who can log in, what to try."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.table import Table

from idp.people import demo_people
from idp.settings import Settings
from lab.region import Region
from web.tls import authority


def show(region: Region, log_file: Path, settings: Settings) -> None:
    """Print the screen, in Chinese and English."""
    console = Console(highlight=False)
    console.print("\n  [bold]Manyou 漫游[/]   一次登录，区域漫游   Log in once, roam the region\n")
    addresses = _columns()
    for part in region.parts:
        addresses.add_row(part.title["zh-CN"], part.title["en"], f"[bold]{part.address}[/]")
    console.print(addresses)
    if settings.demo:
        _show_people(console)
    console.print(
        "\n  [bold]试一试[/] 在一个门户登录，再打开其他三个；统一认证首页显示去过哪里，可一次退出全部。\n"
        "  [bold]Try[/]    Log in at one portal, then open the other three; the provider's page shows\n"
        "         where you have been and logs you out everywhere.\n"
        "         manyou tour --running    manyou inspect TOKEN\n\n"
        f"  日志 Log  {log_file}    结束 End  Ctrl-C"
    )
    if not settings.key_secret:
        console.print(
            f"  密钥 Keys  MANYOU_KEY_SECRET 未设置，演示用 {settings.var / 'key-secret'} 加密保存密钥\n"
            "             is not set: the demonstration encrypts its keys under that file"
        )
    if settings.tls and settings.tls_certificate is None:
        console.print(
            f"  证书 TLS   浏览器要信任 {authority(settings).certificate}\n"
            "             is what browsers and clients are to trust"
        )
    console.print()


def _show_people(console: Console) -> None:
    password, people = demo_people.read()
    console.print(f"\n  演示人员（虚构） Demo people (synthetic)   密码 Password [bold]{password}[/]\n")
    table = _columns()
    for one in people:
        table.add_row(f"[bold]{one.person.username}[/]", f"{one.note['zh']}\n[dim]{one.note['en']}[/]")
    console.print(table)


def _columns() -> Table:
    return Table(box=None, show_header=False, padding=(0, 0, 0, 2))
