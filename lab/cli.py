"""The program `manyou`: one command, one module; only the module of the command that was asked for is imported."""

from __future__ import annotations

import gc
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import Any

import typer

COMMANDS = {
    "up": ("lab.up:up_command", "Start the provider and the four portals. 启动整个区域。"),
    "inspect": ("lab.inspect:inspect_command", "Explain a token and judge it. 解读并核验令牌。"),
    "keys": ("lab.keys:keys_group", "List, rotate, retire and revoke the signing keys. 签名密钥。"),
    "people": ("lab.people:people_group", "List people, freeze accounts, set levels. 人员与级别。"),
    "audit": ("lab.audit:audit_group", "List security events, verify their chains. 安全事件。"),
    "db": ("lab.db:db_group", "Migrate, check, back up and restore the provider's database. 数据库。"),
    "certificates": ("lab.certificates:certificates_command", "Make a certificate for each service. 本地证书。"),
    "tour": ("lab.tour.command:tour_command", "Watch a person log in once and roam. 看一个人登录一次，走遍四地。"),
    "reset": ("lab.reset:reset_command", "Empty the folder of state. 清空状态目录。"),
}
"""Name -> (where the function, or the Typer of a group, is; what `manyou --help` says about it)."""


def program(arguments: Sequence[str]) -> typer.Typer:
    """Return the program with every command listed, and those that `arguments` name made ready to run."""
    manyou = typer.Typer(
        name="manyou",
        help="Manyou 漫游: log in once, roam the region. 一次登录，区域漫游。",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,  # its tracebacks show local variables, tokens among them
    )
    # With a callback a lone command stays a command instead of becoming the program itself.
    manyou.callback()(_nothing)
    for name, (target, text) in COMMANDS.items():
        if name not in arguments:
            manyou.command(name, help=text)(_nothing)
            continue
        found = _load(target)
        if isinstance(found, typer.Typer):
            manyou.add_typer(found, name=name, help=text)
        else:
            manyou.command(name)(found)
    return manyou


def main() -> None:
    """Run the command line."""
    program(sys.argv[1:])()


def _load(target: str) -> Callable[..., Any] | typer.Typer:
    module, _, attribute = target.partition(":")
    # What imports make stays: to look for garbage in it meanwhile, and ever after, costs a tenth of the start.
    gc.disable()
    found: Callable[..., Any] | typer.Typer = getattr(import_module(module), attribute)
    gc.freeze()
    gc.enable()
    return found


def _nothing() -> None:
    """Log in once, roam the region."""


if __name__ == "__main__":
    main()
