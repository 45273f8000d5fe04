"""python -m conformance: write what the suite needs, start a provider for it, rotate its keys."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from conformance.browser import Person
from conformance.clients import Credentials
from conformance.configurations import Deployment, write_all
from conformance.provider import Provider

INITIAL_ACCESS_TOKEN = "initial-access-token"
DEMO_PASSWORD = "manyou-demo"


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says; return the exit code."""
    options = _parser().parse_args(arguments)
    folder = options.folder.resolve()
    credentials = Credentials(folder / "credentials.json")
    token = options.initial_access_token or credentials.secret(INITIAL_ACCESS_TOKEN)
    deployment = Deployment(
        issuer=options.issuer.rstrip("/"),
        suite=options.suite.rstrip("/"),
        person=Person(options.username, options.password),
        refuser=Person(options.refuser, options.password),
        initial_access_token=token,
    )
    provider = Provider(deployment.issuer, deployment.suite, folder, token, options.suite_certificate)
    if options.command == "rotate":
        return provider.rotate_keys()
    for plan in write_all(deployment, folder, credentials):
        print(f"{folder / plan.name}.json  {plan.call}", flush=True)
    return provider.serve() if options.command == "serve" else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m conformance", description=__doc__)
    parser.add_argument(
        "command",
        choices=("prepare", "serve", "rotate"),
        help="prepare: write configurations and clients; serve: that, then run the provider; rotate: its signing keys",
    )
    parser.add_argument("--issuer", default="https://idp.localhost:9443", help="the provider's address")
    parser.add_argument("--suite", default="https://localhost.emobix.co.uk:8443", help="the suite's address")
    parser.add_argument("--suite-certificate", type=Path, help="PEM file that the suite's certificate is checked with")
    parser.add_argument("--folder", type=Path, default=Path("var/conformance"), help="where everything is written")
    parser.add_argument("--initial-access-token", help="of a deployment that runs already; else one is made")
    parser.add_argument(
        "--username", default="every.claim", help="who logs in: by default the person with every standard claim"
    )
    parser.add_argument("--refuser", default="wang.tianjin", help="who logs in and does not consent")
    parser.add_argument("--password", default=DEMO_PASSWORD, help="of both")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
