"""E-mail: one builder of messages, and two ways out: an SMTP server, or a folder that keeps what was not sent."""

from __future__ import annotations

import contextlib
import os
import re
import smtplib
import ssl
import tempfile
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import message_from_bytes
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from shop.db import refuse_inside_operation

TIMEOUT = 10.0  # seconds for each answer of the mail server
LOCAL_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})
LETTER_ID = re.compile(r"mail_[A-Za-z0-9]{1,40}", re.ASCII)


class MailError(Exception):
    """The e-mail was not sent. `for_good`: trying again would not help."""

    def __init__(self, reason: str, *, for_good: bool = False) -> None:
        super().__init__(reason)
        self.for_good = for_good


@dataclass(frozen=True)
class Letter:
    """An e-mail in plain values. `id` makes its Message-ID, so that a repetition is the same message."""

    id: str
    sender: str
    sender_name: str
    recipient: str
    subject: str
    text: str
    html: str
    date: datetime
    host: str  # the right-hand side of the Message-ID


class Mailer(Protocol):
    """A way out for letters."""

    def send(self, letter: Letter) -> None:
        """Hand the letter over; returns once it is safely there. Raises MailError."""


def make_mailer(mail_url: str, folder: Path) -> Mailer:
    """The SMTP server of a MAIL_URL; without one the folder."""
    return SmtpMailer(mail_url) if mail_url else FolderMailbox(folder)


# -- building ---------------------------------------------------------------------------------------------------------


def build_message(letter: Letter) -> EmailMessage:
    """The letter as text with an HTML alternative. Raises MailError for a control character in a header."""
    message = EmailMessage(policy=SMTP)
    try:
        message["Message-ID"] = f"<{_plain(letter.id)}@{_plain(letter.host)}>"
        message["Date"] = format_datetime(letter.date)
        message["From"] = Address(_plain(letter.sender_name), addr_spec=_plain(letter.sender))
        message["To"] = Address(addr_spec=to_ascii_domain(_plain(letter.recipient)))
        message["Subject"] = _plain(letter.subject)
        message["Auto-Submitted"] = "auto-generated"  # keeps away-notices from answering (RFC 3834)
    except (ValueError, IndexError, HeaderParseError) as error:
        raise MailError(f"cannot be written as an e-mail: {error}", for_good=True) from None
    message.set_content(letter.text, cte="quoted-printable")
    message.add_alternative(letter.html, subtype="html", cte="quoted-printable")
    return message


def to_ascii_domain(address: str) -> str:
    """The address with its domain as DNS has it: name@xn--mnchen-3ya.example. Raises ValueError."""
    name, at, domain = address.rpartition("@")
    if not name or not domain:
        raise ValueError("that is no e-mail address")
    return name + at + domain.encode("idna").decode()


def _plain(value: str) -> str:
    """A header's value as it is. Raises ValueError for line breaks and other control characters."""
    if any(unicodedata.category(char) in {"Cc", "Zl", "Zp"} for char in value):
        raise ValueError("a header holds no control characters")
    return value


# -- by SMTP ----------------------------------------------------------------------------------------------------------


class SmtpMailer:
    """A mail server by its address: smtp://user:password@host:587 (STARTTLS where offered) or smtps://…:465."""

    def __init__(self, url: str, timeout: float = TIMEOUT) -> None:
        parts = urlsplit(url)
        self.is_tls = parts.scheme == "smtps"
        self.host = parts.hostname or "localhost"
        self.port = parts.port or (465 if self.is_tls else 25)
        self.user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self.timeout = timeout

    def send(self, letter: Letter) -> None:
        """Hand the letter to the server. Raises MailError."""
        refuse_inside_operation("sending mail")
        message = build_message(letter)
        with _as_mail_errors():
            server = self._connect()
            try:
                self._introduce(server)
                server.send_message(message, letter.sender, [to_ascii_domain(letter.recipient)])
            finally:
                _part_from(server)

    def _connect(self) -> smtplib.SMTP:
        if self.is_tls:
            return smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout, context=ssl.create_default_context())
        return smtplib.SMTP(self.host, self.port, timeout=self.timeout)

    def _introduce(self, server: smtplib.SMTP) -> None:
        server.ehlo_or_helo_if_needed()
        is_safe = self.is_tls or self.host in LOCAL_HOSTS
        if not is_safe and server.has_extn("starttls"):
            server.starttls(context=ssl.create_default_context())
            server.ehlo()
            is_safe = True
        if not self.user:
            return
        if not is_safe:
            raise MailError("the mail server offers no encryption: its password is not sent in the clear")
        server.login(self.user, self._password)


def _part_from(server: smtplib.SMTP) -> None:
    """Say goodbye; what goes wrong then changes nothing about a letter that the server took."""
    with contextlib.suppress(smtplib.SMTPException, OSError):
        server.quit()
    server.close()


@contextlib.contextmanager
def _as_mail_errors() -> Iterator[None]:
    """What the mail server did wrong, in words without addresses."""
    try:
        yield
    except smtplib.SMTPRecipientsRefused as error:
        code = next(iter(error.recipients.values()))[0]
        raise MailError(f"the mail server refused the recipient ({code})", for_good=code >= 500) from None
    except smtplib.SMTPNotSupportedError:
        raise MailError("the mail server cannot write to this address", for_good=True) from None
    except smtplib.SMTPResponseException as error:
        raise MailError(f"the mail server answered {error.smtp_code}") from None
    except smtplib.SMTPException as error:
        raise MailError(f"the mail server failed ({type(error).__name__})") from None
    except OSError as error:
        raise MailError(f"the mail server cannot be reached ({error.strerror or type(error).__name__})") from None


# -- into a folder ----------------------------------------------------------------------------------------------------


class FolderMailbox:
    """A folder that keeps each letter as a file; sending it again overwrites the same file."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def send(self, letter: Letter) -> None:
        """Write the letter whole or not at all. Raises MailError."""
        refuse_inside_operation("sending mail")
        data = build_message(letter).as_bytes()
        try:
            self._write(self._path_of(letter.id), data)
        except OSError as error:
            raise MailError(f"the mail folder cannot be written ({error.strerror})") from None

    def _write(self, target: Path, data: bytes) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=self.folder)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            Path(temporary).replace(target)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise

    def list_ids(self, limit: int = 200) -> list[str]:
        """The ids of the letters, the newest file first."""
        files = [path for path in self.folder.glob("mail_*.eml") if LETTER_ID.fullmatch(path.stem)]
        return [path.stem for path in sorted(files, key=_age)[:limit]]

    def find(self, letter_id: str) -> EmailMessage | None:
        """The message that was kept under this id."""
        if not LETTER_ID.fullmatch(letter_id):
            return None
        try:
            data = self._path_of(letter_id).read_bytes()
        except FileNotFoundError:
            return None
        message = message_from_bytes(data, policy=SMTP)
        assert isinstance(message, EmailMessage)
        return message

    def _path_of(self, letter_id: str) -> Path:
        if not LETTER_ID.fullmatch(letter_id):
            raise MailError("the letter has no usable id", for_good=True)
        return self.folder / f"{letter_id}.eml"


def _age(path: Path) -> float:
    try:
        return -path.stat().st_mtime
    except FileNotFoundError:  # reset a moment ago
        return 0.0
