"""Sending one e-mail: claim its row, write the letter, hand it over outside any transaction, note how it went."""

from __future__ import annotations

import structlog

from shop.db import end_read
from shop.domain.outbox import ClaimedEmail, claim_email, mark_failed, mark_sent, withdraw_email
from shop.extensions import mailer
from shop.gateways.mail import MailError
from shop.jobs.letters import NotMeantAnyMore, write_letter

log = structlog.get_logger()


def send_email(email_id: int) -> None:
    """Send an e-mail that is due. Called twice, late or for one that is sent, it does nothing."""
    claim = claim_email(email_id)
    if claim is None:
        return
    structlog.contextvars.bind_contextvars(request_id=claim.request_id, email=claim.public_id)
    try:
        letter = write_letter(claim)
        end_read()
        mailer.send(letter)
    except NotMeantAnyMore as reason:
        withdraw_email(claim, str(reason))
        return
    except Exception as error:  # whatever it was, the row must not wait for its lease to end
        _note_failure(claim, error)
        return
    mark_sent(claim.id)
    log.info("email_sent", kind=claim.kind, attempt=claim.attempt)


def _note_failure(claim: ClaimedEmail, error: Exception) -> None:
    is_expected = isinstance(error, MailError)
    reason = str(error) if is_expected else type(error).__name__
    for_good = isinstance(error, MailError) and error.for_good
    log.warning("email_not_sent", kind=claim.kind, attempt=claim.attempt, reason=reason, exc_info=not is_expected)
    mark_failed(claim, reason, for_good=for_good)
