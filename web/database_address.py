"""The address of a database, as settings have it: `sqlite:///` and a path, or `postgresql://...`."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qs, quote, urlsplit

SQLITE = "sqlite:///"
FORM = (
    "should be sqlite:///path/to/file.db or postgresql://user:password@host:port/database, with what is special in a "
    "password written as in an address (@ is %40)"
)


def sqlite_file(url: str) -> Path | None:
    """Return the file that `url` names, or None if it is not SQLite: three slashes and a path, relative or absolute."""
    return Path(url.removeprefix(SQLITE)) if url.startswith(SQLITE) else None


def names_database(url: str) -> bool:
    """Tell whether `url` is one of the two forms."""
    if url.startswith(SQLITE):
        return len(url) > len(SQLITE)
    try:
        parts = urlsplit(url)
        # What libpq can be told besides stands in the query: ?host=...&sslmode=verify-full
        host = parts.hostname or parse_qs(parts.query).get("host")
        return parts.scheme in ("postgresql", "postgres") and bool(host) and len(parts.path) > 1 and parts.port != 0
    except ValueError:
        return False


def misses_password(url: str) -> bool:
    """Tell whether `url` names a user and no password."""
    parts = urlsplit(url)
    return bool(parts.username) and parts.password is None


def with_password(url: str, password: str) -> str:
    """Return `url` with the password of its user."""
    return url.replace("@", f":{quote(password, safe='')}@", 1)


def first_line(path: Path) -> str:
    """Return the one line of a file that holds a secret. Raises ValueError with a sentence's end."""
    try:
        text = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} cannot be read ({type(error).__name__})") from error
    if not text or len(text.splitlines()) > 1:
        raise ValueError(f"{path} should hold one line")
    return text
