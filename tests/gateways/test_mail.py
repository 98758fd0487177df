"""Mail: one builder that refuses line breaks in headers, SMTP servers as they come, and the folder."""

from __future__ import annotations

import functools
import smtplib
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope
from flask import Flask

from shop.db import operation
from shop.gateways import mail
from shop.gateways.mail import FolderMailbox, Letter, MailError, SmtpMailer, build_message, make_mailer
from tests import servers

ELSEWHERE = "127.0.0.2"  # loopback, but none of the names by which the gateway knows this machine
LETTER = Letter(
    id="mail_abc123",
    sender="shop@example.com",
    sender_name="Maison Aster",
    recipient="lina@example.com",
    subject="Your order SKN-2026-000001 is confirmed",
    text="Thank you, Liná!\n",
    html="<p>Thank you, <b>Liná</b>!</p>",
    date=datetime(2026, 11, 20, 12, 0, tzinfo=UTC),
    host="shop.example.com",
)


class Server:
    """A mail server that keeps what it gets, and refuses what it is told to."""

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.refusal = ""
        self.logins: list[tuple[bytes, bytes]] = []

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any) -> str:
        if self.refusal:
            return self.refusal
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        self.envelopes.append(envelope)
        return "250 OK"

    def authenticate(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        self.logins.append((data.login, data.password))
        return AuthResult(success=data.password == b"s3cret/word")

    def message(self) -> EmailMessage:
        content = self.envelopes[-1].content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=SMTP)
        assert isinstance(message, EmailMessage)
        return message


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def listen(server: Server) -> Iterator[Any]:
    """Starts the server: listen(host="127.0.0.1", **options of aiosmtpd) -> port."""
    controllers = []

    def start(host: str = "127.0.0.1", **options: Any) -> int:
        controllers.append(Controller(server, hostname=host, port=servers.free_port(), **options))
        controllers[-1].start()
        return int(controllers[-1].port)

    yield start
    for controller in controllers:
        controller.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of the server elsewhere, with its key."""
    folder = tmp_path_factory.mktemp("tls")
    made = (folder / "cert.pem", folder / "key.pem")
    names = ["-subj", "/CN=mail", "-addext", f"subjectAltName=IP:{ELSEWHERE}"]
    files = ["-keyout", str(made[1]), "-out", str(made[0])]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *names, *files], check=True, stderr=-3)
    return made


@pytest.fixture
def tls(certificate: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """The server's side of TLS; the gateway trusts its certificate."""
    trusting = functools.partial(ssl.create_default_context, cafile=str(certificate[0]))
    monkeypatch.setattr(mail.ssl, "create_default_context", trusting)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    return context


# -- building ---------------------------------------------------------------------------------------------------------


def test_a_message_has_its_headers_a_text_and_an_html_alternative() -> None:
    message = build_message(LETTER)

    assert message["Message-ID"] == "<mail_abc123@shop.example.com>"
    assert message["Date"] == "Fri, 20 Nov 2026 12:00:00 +0000"
    assert message["From"] == "Maison Aster <shop@example.com>"
    assert message["To"] == "lina@example.com"
    assert message.get_content_type() == "multipart/alternative"
    assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]
    text = message.get_body(("plain",))
    assert text is not None
    assert text.get_content() == LETTER.text


@pytest.mark.parametrize("field", ["id", "sender", "sender_name", "recipient", "subject", "host"])
@pytest.mark.parametrize("breaks", ["\r\nBcc: spy@example.com", "\nX: y", "\r", "\x00", "\u2028Bcc: spy@example.com"])
def test_a_line_break_in_a_header_is_refused_for_good(field: str, breaks: str) -> None:
    forged = replace(LETTER, **{field: getattr(LETTER, field) + breaks})

    with pytest.raises(MailError) as refusal:
        build_message(forged)

    assert refusal.value.for_good


@pytest.mark.parametrize("recipient", ["", "nobody", "@example.com", "a@b@c", "a b@example.com", "lina@"])
def test_a_broken_recipient_is_refused_for_good(recipient: str) -> None:
    with pytest.raises(MailError) as refusal:
        build_message(replace(LETTER, recipient=recipient))

    assert refusal.value.for_good


def test_a_domain_in_other_letters_is_written_as_dns_has_it() -> None:
    message = build_message(replace(LETTER, recipient="info@münchen.example", sender_name="Größe & Söhne"))

    assert message["To"] == "info@xn--mnchen-3ya.example"
    assert b"=?utf-8?" in message.as_bytes()


# -- SMTP -------------------------------------------------------------------------------------------------------------


def test_a_letter_arrives_by_smtp(server: Server, listen: Any) -> None:
    port = listen()

    SmtpMailer(f"smtp://127.0.0.1:{port}").send(LETTER)

    assert server.message()["Message-ID"] == "<mail_abc123@shop.example.com>"
    assert server.envelopes[0].mail_from == "shop@example.com"
    assert server.envelopes[0].rcpt_tos == ["lina@example.com"]


def test_starttls_is_used_where_it_is_offered_and_then_the_password_is_sent(
    server: Server, listen: Any, tls: ssl.SSLContext
) -> None:
    port = listen(ELSEWHERE, tls_context=tls, authenticator=server.authenticate, auth_require_tls=True)

    SmtpMailer(f"smtp://shop%40example.com:s3cret%2Fword@{ELSEWHERE}:{port}").send(LETTER)

    assert server.logins == [(b"shop@example.com", b"s3cret/word")]
    assert len(server.envelopes) == 1


def test_a_password_is_not_sent_in_the_clear(server: Server, listen: Any) -> None:
    port = listen(ELSEWHERE, authenticator=server.authenticate, auth_require_tls=False)

    with pytest.raises(MailError, match="no encryption"):
        SmtpMailer(f"smtp://shop:secret@{ELSEWHERE}:{port}").send(LETTER)

    assert server.logins == []


def test_a_server_with_a_certificate_nobody_vouches_for_gets_nothing(
    server: Server, listen: Any, certificate: tuple[Path, Path]
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    port = listen(ELSEWHERE, tls_context=context)

    with pytest.raises(MailError) as refusal:
        SmtpMailer(f"smtp://{ELSEWHERE}:{port}").send(LETTER)

    assert not refusal.value.for_good
    assert server.envelopes == []


def test_smtps_is_encrypted_from_the_start(server: Server, listen: Any, tls: ssl.SSLContext) -> None:
    port = listen(ELSEWHERE, ssl_context=tls)

    SmtpMailer(f"smtps://{ELSEWHERE}:{port}").send(LETTER)

    assert len(server.envelopes) == 1


@pytest.mark.parametrize(("answer", "for_good"), [("550 unknown", True), ("451 later", False)])
def test_a_refused_recipient_is_given_up_or_tried_again_as_the_server_says(
    server: Server, listen: Any, answer: str, for_good: bool
) -> None:
    port = listen()
    server.refusal = answer

    with pytest.raises(MailError) as refusal:
        SmtpMailer(f"smtp://127.0.0.1:{port}").send(LETTER)

    assert refusal.value.for_good is for_good
    assert "lina" not in str(refusal.value)


def test_a_server_that_is_away_is_tried_again() -> None:
    with pytest.raises(MailError) as refusal:
        SmtpMailer(f"smtp://127.0.0.1:{servers.free_port()}").send(LETTER)

    assert not refusal.value.for_good


def test_a_server_that_takes_the_letter_and_drops_the_line_has_taken_it(
    server: Server, listen: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def drop(_self: smtplib.SMTP) -> None:
        raise TimeoutError

    monkeypatch.setattr(smtplib.SMTP, "quit", drop)
    port = listen()

    SmtpMailer(f"smtp://127.0.0.1:{port}").send(LETTER)

    assert len(server.envelopes) == 1


def test_the_password_is_in_no_repr() -> None:
    mailer = SmtpMailer("smtp://shop:hidden-word@mail.example.com:587")

    assert "hidden-word" not in repr(mailer)
    assert (mailer.host, mailer.port) == ("mail.example.com", 587)


# -- the folder -------------------------------------------------------------------------------------------------------


def test_without_a_mail_url_letters_are_kept_in_a_folder(tmp_path: Path) -> None:
    mailer = make_mailer("", tmp_path / "mail")

    mailer.send(LETTER)

    assert isinstance(mailer, FolderMailbox)
    assert mailer.list_ids() == ["mail_abc123"]
    kept = mailer.find("mail_abc123")
    assert kept is not None
    assert kept["Subject"] == LETTER.subject


def test_a_repetition_overwrites_the_same_file(tmp_path: Path) -> None:
    mailbox = FolderMailbox(tmp_path)

    mailbox.send(LETTER)
    mailbox.send(replace(LETTER, subject="Again"))

    kept = mailbox.find(LETTER.id)
    assert [path.name for path in tmp_path.iterdir()] == ["mail_abc123.eml"]
    assert kept is not None
    assert kept["Subject"] == "Again"


@pytest.mark.parametrize("name", ["../secret", "mail_../x", "mail_", "x", "mail_a/b", "mail_a\x00"])
def test_names_that_are_no_letters_find_nothing(tmp_path: Path, name: str) -> None:
    (tmp_path.parent / "secret.eml").write_text("secret")

    assert FolderMailbox(tmp_path).find(name) is None


def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "mail").write_text("a file where the folder should be")

    with pytest.raises(MailError) as refusal:
        FolderMailbox(tmp_path / "mail").send(LETTER)

    assert not refusal.value.for_good


@pytest.mark.parametrize("kind", ["smtp", "folder"])
def test_no_mail_is_sent_inside_an_operation(app: Flask, tmp_path: Path, kind: str) -> None:
    mailer = make_mailer("smtp://127.0.0.1:1" if kind == "smtp" else "", tmp_path)

    @operation
    def send() -> None:
        mailer.send(LETTER)

    with pytest.raises(RuntimeError, match="inside operation"):
        send()
