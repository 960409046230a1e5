"""What stands in deploy/ agrees with the rest of the project, and works where it can be tried."""

from __future__ import annotations

import importlib.util
import re
import shutil
import ssl
import stat
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from ui.guard.headers import answers_headers

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
NGINX, CADDY = DEPLOY / "nginx.conf", DEPLOY / "Caddyfile"
CONFIG = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text(encoding="utf-8"))


def pins(path: Path) -> dict[str, str]:
    found = re.findall(r"^([\w.-]+)==(\S+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return dict(found)


def needs(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        pytest.skip(f"{program} is not installed here")
    return path


# --------------------------------------------------------------------------------------- config


def test_the_config_is_that_of_a_shared_server() -> None:
    server, client = CONFIG["server"], CONFIG["client"]
    assert server["enableXsrfProtection"] is True and server["enableCORS"] is True
    assert server["headless"] is True and server["fileWatcherType"] == "none"
    assert CONFIG["browser"]["gatherUsageStats"] is False
    assert client["showErrorDetails"] == "none"
    assert "serverAddress" not in CONFIG["browser"]  # else the start would not tell the LAN address


def test_no_icon_or_font_comes_from_elsewhere() -> None:
    assert "page_icon=str(ASSETS" in (ROOT / "app.py").read_text(encoding="utf-8")
    assert (ROOT / "assets" / "icon.svg").is_file()
    assert "http" not in str(CONFIG["theme"])


# ---------------------------------------------------------------------------------- requirements


def test_the_library_asks_for_the_tested_versions_or_newer() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    bounds = dict(line.split(">=") for line in asked["dependencies"])
    assert bounds.items() <= pins(ROOT / "requirements.txt").items()


def test_the_container_copies_everything_that_the_app_needs() -> None:
    text = (DEPLOY / "Dockerfile").read_text(encoding="utf-8")
    copied = set(re.findall(r"^COPY (.+) \S+$", text, re.MULTILINE))
    copied = {path for paths in copied for path in paths.split()}
    assert all((ROOT / path).exists() for path in copied)
    assert {".streamlit", "assets", "tl_core", "ui", "pages", "app.py"} <= copied
    allowed = {line.removeprefix("!") for line in ignored() if line.startswith("!")}
    for path in copied:
        assert any(one == path or Path(path) in Path(one).parents for one in allowed), path
    assert re.search(r"^USER (?!root)", text, re.MULTILINE)
    assert "/_stcore/health" in text and "VOLUME" in text


def ignored() -> list[str]:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def test_secrets_are_neither_committed_nor_copied() -> None:
    lines = ignored()
    assert lines[0] == "*"  # nothing is copied but what is named
    allowed = {line.removeprefix("!") for line in lines if line.startswith("!")}
    assert not allowed & {".streamlit", "deploy", ".git", ".", "tests"}
    assert lines.index("**/secrets.toml") > lines.index("!.streamlit/config.toml")
    assert ".streamlit/secrets.toml" in (ROOT / ".gitignore").read_text().splitlines()


# ---------------------------------------------------------------------------------------- proxies


def test_proxies_take_as_much_as_the_app() -> None:
    size = CONFIG["server"]["maxUploadSize"]
    assert f"client_max_body_size {size}m;" in NGINX.read_text()
    assert f"max_size {size}MiB" in CADDY.read_text()


@pytest.mark.parametrize("header", ["Content-Security-Policy", "Permissions-Policy"])
def test_proxies_send_the_same_headers(header: str) -> None:
    values = [re.findall(rf'{header} "(.*?)"', path.read_text()) for path in (NGINX, CADDY)]
    assert values[0] == values[1] and len(values[0]) == 1
    assert "camera=(self)" in values[0][0] or "frame-ancestors 'self'" in values[0][0]


def test_proxies_and_the_app_say_the_same_of_frames_and_types() -> None:
    for name, value in answers_headers({}).items():
        for path in (NGINX, CADDY):
            text = path.read_text()
            [sent] = re.findall(rf'^\s*(?:add_header )?{name} "(.*?)"', text, re.MULTILINE)
            assert value in sent.split("; "), path
            assert re.search(rf"(?:proxy_hide_header |header_down -){name}", text), path


@pytest.fixture
def certified(tmp_path: Path, https: ModuleType) -> tuple[Path, Path]:
    needs("openssl")
    crt, key = https.certificate("192.0.2.7")
    return crt, key


def test_nginx_accepts_its_file(tmp_path: Path, certified: tuple[Path, Path]) -> None:
    nginx = needs("nginx")
    text = NGINX.read_text()
    for kind, path in zip(("crt", "key"), certified, strict=True):
        text = text.replace(f"/etc/ssl/lab.example.org.{kind}", str(path))
    (tmp_path / "lab.conf").write_text(text)
    whole = tmp_path / "nginx.conf"
    whole.write_text(
        f"pid {tmp_path}/pid; error_log stderr; events {{}}\n"
        f"http {{ access_log off; include {tmp_path}/lab.conf; }}\n"
    )
    done = subprocess.run([nginx, "-t", "-c", str(whole)], capture_output=True, text=True)
    assert "syntax is ok" in done.stderr, done.stderr


def test_caddy_accepts_its_file() -> None:
    command = [needs("caddy"), "adapt", "--config", str(CADDY), "--adapter", "caddyfile"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


# ------------------------------------------------------------------------------------------ https


@pytest.fixture
def https() -> ModuleType:
    spec = importlib.util.spec_from_file_location("https_start", DEPLOY / "https.py")
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_certificate_is_for_the_address_and_kept(https: Any, certified: Any) -> None:
    crt, key = certified
    text = https.openssl("x509", "-noout", "-text", "-in", str(crt))
    assert "IP Address:192.0.2.7" in text and "DNS:localhost" in text
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    before = crt.read_bytes()
    assert https.certificate("192.0.2.7") == certified and crt.read_bytes() == before


def test_a_certificate_serves_this_machine_and_signs_nothing(https: Any, certified: Any) -> None:
    text = https.openssl("x509", "-noout", "-text", "-in", str(certified[0]))
    said = " ".join(text.split())
    assert "X509v3 Basic Constraints: critical CA:FALSE" in said and "CA:TRUE" not in said
    assert "X509v3 Key Usage: critical Digital Signature, Key Encipherment" in said
    assert "Certificate Sign" not in said
    assert "X509v3 Extended Key Usage: TLS Web Server Authentication" in said
    assert said.count("X509v3 Basic Constraints") == said.count("X509v3 Key Usage") == 1


def test_who_trusts_the_certificate_reaches_this_server_by_its_names_alone(certified: Any) -> None:
    crt, key = certified
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(crt, key)
    client = ssl.create_default_context(cafile=str(crt))
    assert shake_hands(server, client, "192.0.2.7") and shake_hands(server, client, "localhost")
    with pytest.raises(ssl.SSLCertVerificationError, match="not valid for"):
        shake_hands(server, client, "example.org")
    with pytest.raises(ssl.SSLCertVerificationError, match="self-signed"):
        shake_hands(server, ssl.create_default_context(), "192.0.2.7")


def test_what_the_certificate_signs_is_trusted_by_nobody(
    https: Any, certified: Any, tmp_path: Path
) -> None:
    crt, key = certified
    other = [tmp_path / f"other.{end}" for end in ("key", "csr", "crt")]
    name = "/CN=bank.example.org"
    https.openssl(
        "req", "-newkey", "rsa:2048", "-nodes", "-subj", name,
        "-keyout", str(other[0]), "-out", str(other[1]),
    )  # fmt: skip
    https.openssl(
        "x509", "-req", "-in", str(other[1]), "-CA", str(crt), "-CAkey", str(key),
        "-CAcreateserial", "-days", "1", "-out", str(other[2]),
    )  # fmt: skip
    check = ["openssl", "verify", "-CAfile", str(crt)]
    assert subprocess.run([*check, str(crt)], capture_output=True).returncode == 0
    assert subprocess.run([*check, str(other[2])], capture_output=True).returncode != 0


def shake_hands(server: ssl.SSLContext, client: ssl.SSLContext, name: str) -> bool:
    """Let a client meet a server without a network; raise what the client finds wrong."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = [
        client.wrap_bio(to_client, to_server, server_hostname=name),
        server.wrap_bio(to_server, to_client, server_side=True),
    ]
    done: set[int] = set()
    for number in (0, 1) * 4:
        try:
            ends[number].do_handshake()
            done.add(number)
        except ssl.SSLWantReadError:
            pass
    return len(done) == 2


def test_an_authority_of_an_older_version_is_replaced(https: Any, certified: Any) -> None:
    crt, key = certified
    https.openssl(
        "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "90", "-subj", "/CN=old",
        "-addext", "basicConstraints=critical,CA:TRUE", "-keyout", str(key), "-out", str(crt),
    )  # fmt: skip
    https.certificate("192.0.2.7")
    assert "CA:FALSE" in https.openssl("x509", "-noout", "-text", "-in", str(crt))
    assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_a_certificate_that_ends_soon_is_made_anew(
    https: Any, certified: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(https, "RENEW_SECONDS", 10 * 365 * 24 * 3600)
    before = certified[0].read_bytes()
    assert https.certificate("192.0.2.7")[0].read_bytes() != before


def test_without_openssl_a_sentence_says_so(https: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    with pytest.raises(SystemExit, match="openssl is missing"):
        https.openssl("version")


# -------------------------------------------------------------------------------- community cloud


def test_the_entry_file_of_community_cloud_shows_the_laboratory() -> None:
    if not (DEPLOY / "community_cloud" / "pages").is_dir():
        pytest.skip("this checkout has no symbolic links")
    app: Any = AppTest.from_file(str(DEPLOY / "community_cloud" / "app.py"), default_timeout=60)
    app.session_state["owner"] = "somebody"
    app.run()
    assert [e.message for e in app.exception] == []
    assert app.title[0].value == "Transfer-learning laboratory"
    assert {"data", "train"} <= {link.proto.page for link in app.get("page_link")}
