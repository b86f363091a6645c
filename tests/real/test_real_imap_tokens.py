"""IMAP over TLS and by access tokens against a real Dovecot that asks an issuer of tokens about each."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import mail_servers
import pytest
from mail_servers import ADMIN, PASSWORD, MailServer, free_port
from real_mail import letters, listed, numbers

from onboarding.sources.base import SourceError
from onboarding.sources.imap.source import ImapSource
from onboarding.sources.registry import open_source

SECRET = "only-the-client-knows"


@dataclass
class Issuer:
    """Issues tokens to a client (RFC 6749 section 4.4) and tells the mail server whether one is good (RFC 7662)."""

    issued: list[str] = field(default_factory=list)
    revoked: set[str] = field(default_factory=set)
    for_user: str = ""
    port: int = 0

    def answer(self, path: str, form: dict[str, str]) -> tuple[int, dict[str, object]]:
        if path == "/token":
            if form.get("client_secret") != SECRET:
                return 401, {"error": "invalid_client"}
            self.issued.append(f"token-{len(self.issued)}-{len(self.issued):032x}")
            return 200, {"access_token": self.issued[-1], "expires_in": 3600}
        token = form.get("token", "")
        good = token in self.issued and token not in self.revoked
        return 200, {"active": good, "username": self.for_user}


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    made = Issuer()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            form = {name: values[0] for name, values in parse_qs(body).items()}
            status, document = made.answer(self.path, form)
            content = json.dumps(document).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.port = server.server_address[1]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield made
        server.shutdown()


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a private authority (`ca.pem`) and a certificate of its for localhost (`server.pem`, `server.key`)."""
    folder = tmp_path_factory.mktemp("authority")
    (folder / "names").write_text("subjectAltName=DNS:localhost\n")

    def openssl(*arguments: str) -> None:
        subprocess.run(["openssl", *arguments], cwd=folder, check=True, capture_output=True)

    new_key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")
    openssl("req", "-x509", *new_key, "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=Private")
    openssl("req", *new_key, "-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=localhost")
    openssl(
        *("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"),
        *("-out", "server.pem", "-days", "2", "-extfile", "names"),
    )
    return folder


@pytest.fixture(scope="module")
def server(issuer: Issuer, authority: Path) -> Iterator[tuple[MailServer, int]]:
    """A Dovecot with TLS and tokens, and its port of implicit TLS."""
    if missing := mail_servers.missing_dovecot():
        pytest.skip(missing)
    (authority / "tokens.conf").write_text(
        f"introspection_mode = post\nintrospection_url = http://127.0.0.1:{issuer.port}/introspect\n"
        "username_attribute = username\nactive_attribute = active\nactive_value = true\n"
    )
    port = free_port()
    started = mail_servers.dovecot(
        ("ann", "ben"),
        f"""
ssl = yes
ssl_cert = <{authority}/server.pem
ssl_key = <{authority}/server.key
auth_mechanisms = plain login xoauth2 oauthbearer
auth_cache_size = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service imap-login {{
  inet_listener imaps {{
    port = {port}
    ssl = yes
  }}
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {authority}/tokens.conf
}}
""",
    )
    mail_servers.wait_for(port)
    started.append("ann", "INBOX", letters(range(6)))
    started.append("ben", "INBOX", letters(range(10, 14)))
    yield started, port
    mail_servers.remove(started)


Open = Callable[..., ImapSource]


@pytest.fixture
def opened(
    server: tuple[MailServer, int], issuer: Issuer, authority: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Open:
    """Our source for the server, that trusts the authority and has all secrets."""
    monkeypatch.setenv("GATEHOUSE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SSL_CERT_FILE", str(authority / "ca.pem"))
    for name, value in {
        "CLIENT_ID": "gatehouse",
        "CLIENT_SECRET": SECRET,
        "USERNAME": ADMIN,
        "PASSWORD": PASSWORD,
    }.items():
        monkeypatch.setenv(f"GATEHOUSE_SECRET_IMAP_{name}", value)
    issuer.issued.clear()
    issuer.revoked.clear()
    issuer.for_user = "ann"

    def source(login: str, tls: str = "implicit", **options: str) -> ImapSource:
        port = server[1] if tls == "implicit" else server[0].imap_port
        given = {"login": login, "tls": tls, "include": "ann", **options}
        if login in ("xoauth2", "oauthbearer"):
            given["token_url"] = f"http://127.0.0.1:{issuer.port}/token"
        query = "&".join(f"{name}={value}" for name, value in given.items())
        made = open_source(f"imap:localhost:{port}?{query}")
        assert isinstance(made, ImapSource)
        made._sleep = lambda seconds: None
        return made

    return source


@pytest.mark.parametrize("login", ["oauthbearer", "xoauth2"])
@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_mailbox_is_read_over_tls_with_a_token_that_is_fetched(
    opened: Open, issuer: Issuer, login: str, tls: str
) -> None:
    source = opened(login, tls)
    assert all(one.granted for one in source.check() if not one.optional), source.check()
    assert sorted(numbers(listed(source.pages("ann", None)))) == list(range(6))
    assert len(issuer.issued) == 1


@pytest.mark.parametrize("login", ["oauthbearer", "xoauth2"])
def test_a_token_that_is_revoked_is_replaced_once_and_then_it_is_a_refusal(
    opened: Open, issuer: Issuer, login: str
) -> None:
    source = opened(login)
    assert len(listed(source.pages("ann", None))) == 6
    issuer.revoked.update(issuer.issued)
    assert len(listed(source.pages("ann", None))) == 6
    assert len(issuer.issued) == 2
    issuer.for_user = "somebody-else"
    with pytest.raises(SourceError, match=r"refuses the login for ann.*imap-client-id") as refused:
        list(source.pages("ann", None))
    assert not any(token in str(refused.value) for token in issuer.issued)


def test_an_admin_enters_other_mailboxes_over_tls(opened: Open) -> None:
    source = opened("master", include="ann,ben")
    assert sorted(numbers(listed(source.pages("ben", None)))) == [10, 11, 12, 13]


@pytest.mark.parametrize("tls", ["implicit", "starttls"])
def test_a_certificate_of_nobody_known_ends_it_before_anything_secret_is_said(
    opened: Open, issuer: Issuer, monkeypatch: pytest.MonkeyPatch, tls: str
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    source = opened("master", tls)
    with pytest.raises(SourceError, match=r"certificate that is not to be trusted.*SSL_CERT_FILE"):
        list(source.pages("ann", None))
    assert source.counts.requests == 1
