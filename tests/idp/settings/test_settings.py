"""What can be set about the provider; a mistake is one sentence, and the provider does not start."""

from __future__ import annotations

from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from pydantic import ValidationError

from idp.app import create_app
from idp.keys import key_secret
from idp.settings import BadSettings, Settings, load, load_or_exit


def test_without_an_environment_it_is_the_demonstration_on_port_8000() -> None:
    settings = load({})
    assert (settings.bind, settings.port_base, settings.issuer) == ("127.0.0.1", 8000, "http://idp.localhost:8000")
    assert settings.demo
    assert not settings.secure


def test_the_issuer_follows_the_port_base_unless_it_is_set() -> None:
    assert load({"MANYOU_PORT_BASE": "9000"}).issuer == "http://idp.localhost:9000"
    secure = load({"MANYOU_ISSUER": "https://idp.example/"})
    assert (secure.issuer, secure.secure) == ("https://idp.example", True)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MANYOU_PORT_BASE", "0"),
        ("MANYOU_PORT_BASE", "70000"),
        ("MANYOU_PORT_BASE", "eight"),
        ("MANYOU_ISSUER", "idp.example"),
        ("MANYOU_ISSUER", "https://idp.example?x=1"),
        ("MANYOU_ISSUER", "https://idp.example#x"),
        ("MANYOU_ISSUER", "ftp://idp.example"),
        ("MANYOU_ISSUER", "https://"),
        ("MANYOU_ISSUER", "https:///idp"),
        ("MANYOU_CONNECT", "idp.localhost"),
        ("MANYOU_DEMO", "perhaps"),
        ("MANYOU_IDP_FETCH_ALLOW", "http://client.example"),
        ("MANYOU_IDP_FETCH_ALLOW", "10.0.0.0/33"),
        ("MANYOU_KEY_SECRET", "short"),
        ("MANYOU_IDP_INITIAL_ACCESS_TOKEN", "short"),
        # It is sent as a bearer token (RFC 6750 2.1).
        ("MANYOU_IDP_INITIAL_ACCESS_TOKEN", f"{'x' * 40} {'x' * 40}"),
        ("MANYOU_IDP_INITIAL_ACCESS_TOKEN", "é" * 40),
        # FAPI 2.0 Security Profile 5.3.2.2: less than 600 seconds.
        ("MANYOU_IDP_PUSHED_REQUEST_SECONDS", "600"),
        ("MANYOU_IDP_DATABASE", "var/idp.db"),
        ("MANYOU_IDP_DATABASE", "sqlite:///"),
        ("MANYOU_IDP_DATABASE", "sqlite://var/idp.db"),
        ("MANYOU_IDP_DATABASE", "mysql://manyou:kept-secret@db.example/manyou"),
        ("MANYOU_IDP_DATABASE", "postgresql://manyou:kept-secret@db.example"),
        ("MANYOU_IDP_DATABASE", "postgresql:///manyou"),
        ("MANYOU_IDP_DATABASE", "postgresql://manyou:kept-secret@db.example:port/manyou"),
        ("MANYOU_IDP_DATABASE", "postgresql://manyou:kept-secret@db.example:70000/manyou"),
        ("MANYOU_IDP_CODE_SECONDS", "61"),
        ("MANYOU_IDP_CODE_SECONDS", "-1"),
        ("MANYOU_IDP_ACCESS_TOKEN_SECONDS", "86400"),
        ("MANYOU_IDP_SESSION_SECONDS", "nan"),
    ],
)
def test_a_value_that_cannot_be_used_is_one_sentence_that_names_it(name: str, value: str) -> None:
    with pytest.raises(BadSettings) as refused:
        load({name: value})
    assert str(refused.value).startswith(f"{name}: ")
    assert "\n" not in str(refused.value)
    # A secret that was too short is still a secret.
    assert value not in str(refused.value) or name not in ("MANYOU_KEY_SECRET", "MANYOU_IDP_INITIAL_ACCESS_TOKEN")
    assert "kept-secret" not in str(refused.value)


@pytest.mark.parametrize(
    "url",
    [
        "sqlite:////srv/manyou/idp.db",
        "postgresql://manyou:p%40ss@db.example:5433/manyou",
        "postgres://db.example/manyou?sslmode=verify-full&sslrootcert=/etc/ca.pem",
        "postgresql:///manyou?host=/run/postgresql",
    ],
)
def test_a_database_is_a_file_or_a_server(url: str) -> None:
    assert load({"MANYOU_IDP_DATABASE": url}).idp_database == url


def test_the_database_is_a_file_in_the_folder_of_state_unless_it_is_set() -> None:
    assert load({}).idp_database == "sqlite:///var/idp.db"
    assert load({"MANYOU_VAR": "/srv/manyou"}).idp_database == "sqlite:////srv/manyou/idp.db"


def test_a_secret_may_be_the_one_line_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "key-secret"
    file.write_text("k" * 64 + "\n")
    assert load({"MANYOU_KEY_SECRET_FILE": str(file)}).key_secret == "k" * 64


def test_the_password_of_the_database_may_be_the_one_line_of_a_file(tmp_path: Path) -> None:
    file = tmp_path / "password"
    file.write_text("p@ss/w:rd\n")
    told = {"MANYOU_IDP_DATABASE_PASSWORD_FILE": str(file)}
    url = "postgresql://manyou@db.example:5433/manyou?application_name=a@b"
    expected = "postgresql://manyou:p%40ss%2Fw%3Ard@db.example:5433/manyou?application_name=a@b"
    assert load({"MANYOU_IDP_DATABASE": url, **told}).idp_database == expected


@pytest.mark.parametrize(
    "database", ["", "sqlite:///var/idp.db", "postgresql://db.example/manyou", "postgresql://a:b@c/d"]
)
def test_a_password_for_nobody_or_a_second_one_is_refused(tmp_path: Path, database: str) -> None:
    file = tmp_path / "password"
    file.write_text("kept-secret")
    with pytest.raises(BadSettings, match=r"^MANYOU_IDP_DATABASE_PASSWORD_FILE: is for a ") as refused:
        load({"MANYOU_IDP_DATABASE": database, "MANYOU_IDP_DATABASE_PASSWORD_FILE": str(file)})
    assert "kept-secret" not in str(refused.value)


@pytest.mark.parametrize("text", [None, "", "\n", "short", "kept-secret" * 4 + "\n" + "kept-secret" * 4])
def test_a_file_that_holds_no_secret_is_one_sentence_that_names_the_setting(tmp_path: Path, text: str | None) -> None:
    file = tmp_path / "key-file"
    if text is not None:
        file.write_text(text)
    with pytest.raises(BadSettings, match=r"^MANYOU_KEY_SECRET_FILE: ") as refused:
        load({"MANYOU_KEY_SECRET_FILE": str(file)})
    assert "kept-secret" not in str(refused.value)


def test_one_secret_is_not_said_twice(tmp_path: Path) -> None:
    file = tmp_path / "key-secret"
    file.write_text("k" * 64)
    with pytest.raises(BadSettings, match="not set together"):
        load({"MANYOU_KEY_SECRET_FILE": str(file), "MANYOU_KEY_SECRET": "x" * 64})


@pytest.mark.parametrize("name", ["MANYOU_", "MANYOU_PROT_BASE", "MANYOU_IDP_", "MANYOU_IDP_CODE", "MANYOU_SECRET"])
def test_a_name_that_means_nothing_stops_the_start(name: str) -> None:
    with pytest.raises(BadSettings, match=name):
        load({name: "1"})


def test_a_mistake_ends_the_program_with_its_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("MANYOU_PROT_BASE", "9000")
    with pytest.raises(SystemExit) as ended:
        load_or_exit()
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("MANYOU_PROT_BASE is not a setting")


@pytest.mark.parametrize("name", ["MANYOU_ADDRESS_BEIJING", "MANYOU_PORTAL_SHOW_TOKENS", "PATH", "manyou_demo"])
def test_names_of_others_are_left_alone(name: str) -> None:
    assert load({name: "http://beijing.localhost:1"}) == load({})


def test_keyword_arguments_are_checked_like_the_environment() -> None:
    with pytest.raises(ValidationError):
        Settings(no_such_setting=1)  # type: ignore[call-arg]
    with pytest.raises(ValidationError):
        Settings(port_base=0)


def test_outside_the_demonstration_http_is_refused() -> None:
    with pytest.raises(BadSettings, match="https"):
        create_app(Settings(demo=False, key_secret="x" * 32))


def test_outside_the_demonstration_keys_need_a_secret_and_nothing_is_made_up(tmp_path: Path) -> None:
    with pytest.raises(BadSettings, match="MANYOU_KEY_SECRET"):
        key_secret(Settings(demo=False, issuer="https://idp.example", var=tmp_path))
    assert list(tmp_path.iterdir()) == []


def test_outside_the_demonstration_the_start_without_a_secret_is_one_sentence() -> None:
    with pytest.raises(BadSettings, match="MANYOU_KEY_SECRET"):
        create_app(Settings(demo=False, issuer="https://idp.example"))


async def test_where_the_demonstrations_people_are_nobody_starts_outside_it(tmp_path: Path) -> None:
    async with _started(Settings(var=tmp_path)):
        pass
    # Everybody knows their password.
    with pytest.raises(BadSettings, match="demonstration's people"):
        async with _started(Settings(var=tmp_path, demo=False, issuer="https://idp.example", key_secret="x" * 32)):
            pass


def _started(settings: Settings) -> AbstractAsyncContextManager[None]:
    app = create_app(settings)
    return app.router.lifespan_context(app)


def test_the_demonstration_makes_a_secret_once_that_nobody_else_reads(tmp_path: Path) -> None:
    settings = Settings(var=tmp_path / "var")
    secret, made = key_secret(settings)
    assert made is not None
    assert made.stat().st_mode & 0o777 == 0o600
    assert len(secret) >= 32
    assert key_secret(settings) == (secret, None)
    assert key_secret(Settings(var=tmp_path / "var", key_secret="y" * 32)) == ("y" * 32, None)
