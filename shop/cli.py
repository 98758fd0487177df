"""The `flask …` commands: thin faces like all others. What a person can put right is said in a sentence."""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from sqlalchemy.exc import DBAPIError

from shop.assets import compress
from shop.db import is_unreachable
from shop.domain.actors import SYSTEM
from shop.domain.api_keys.operations import NewApiKey, create_api_key
from shop.domain.audit_checks.check import Finding
from shop.domain.audit_checks.repair import advice_for, repair
from shop.domain.audit_checks.run import run_audit
from shop.domain.catalog.facets import count_products
from shop.domain.catalog.listings import refresh_all_listings
from shop.domain.customers.operations import OWNER, NewStaff, create_staff
from shop.domain.customers.queries import staff_of
from shop.domain.imports.operations import import_catalogue
from shop.domain.imports.report import ImportReport
from shop.domain.inputs import read_form, read_json
from shop.domain.orders.sold import recount_sold
from shop.domain.outbox import revive_dead_emails
from shop.domain.payments.provider_events import retry_parked_events
from shop.domain.payments.reconcile import compare_books
from shop.domain.search.engines import has_trigrams
from shop.domain.search.index import (
    count_documents,
    count_queued,
    index_queued,
    queue_whole_catalogue,
    recount_words,
)
from shop.domain.search.queries import searches_without_result
from shop.errors import ShopError
from shop.extensions import payment_provider, settings, storage, terms
from shop.jobs.schedule import run_scheduler
from shop.jobs.worker import run_worker

MOST_EXAMPLES = 5


class PlainGroup(AppGroup):
    """Commands whose refusals are sentences on standard error and exit code 1."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except ShopError as error:
            raise click.ClickException("\n".join([error.message, *_details_of(error)])) from None
        except DBAPIError as error:
            raise click.ClickException(_database_sentence(error)) from None


def _details_of(error: ShopError) -> list[str]:
    return [f"  {detail.field}: {detail.message}" for detail in error.details if detail.message != error.message]


def _database_sentence(error: DBAPIError) -> str:
    words = str(error.orig)
    if "no such table" in words or getattr(error.orig, "sqlstate", None) == "42P01":
        return "The database has no tables yet, or old ones. Run: flask db upgrade"
    if is_unreachable(error):
        return f"The database cannot be used now: {words.splitlines()[0]}"
    raise error


shop = PlainGroup("shop", help="The shop's data: demo data, the audit of its invariants, mail that was given up.")
catalog = PlainGroup("catalog", help="The catalogue.")
search = PlainGroup("search", help="The search index, and what was searched for.")
payments = PlainGroup("payments", help="Card payments.")
user = PlainGroup("user", help="People who can sign in.")


def register(app: Flask) -> None:
    """Add the commands."""
    for command in (shop, catalog, search, payments, user, worker, scheduler):
        app.cli.add_command(command)


# -- shop -------------------------------------------------------------------------------------------------------------


@shop.command("compress")
@with_appcontext
def compress_static() -> None:
    """Write compressed copies of the static files for Nginx (gzip_static). Part of putting a version into service."""
    click.echo(f"{len(compress(Path(current_app.static_folder or '')))} files written beside the static files.")


@shop.command()
def seed() -> None:
    """Fill an empty development shop with demo products, people and orders; a second time changes nothing.

    Example: flask shop seed
    """
    if not settings.is_development:
        raise click.ClickException("Demo data is for development only, and SHOP_ENV says production.")
    from shop.demo.seed import seed_demo

    seed_demo(terms, storage, echo=click.echo)


@shop.command()
@click.option(
    "--repair", "with_repair", is_flag=True, help="First put right what other rows say how; explain the rest."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
def audit(with_repair: bool, as_json: bool) -> None:
    """Check every invariant of the shop's tables; exit code 1 when one is broken.

    With --repair, counters, lists and messages that follow from other rows are made anew, each written in the audit
    log. Money, the ledger of stock and the histories are never touched; what to look at is said.

    Example: flask shop audit --json | jq '.checks[] | select(.rows > 0)'
    """
    findings = run_audit()
    repairs = []
    if with_repair:
        delays = {"review_request": timedelta(days=settings.review_request_days)}
        for sentence in repair(findings, SYSTEM, delays=delays):
            repairs.append(sentence)
            if not as_json:
                click.echo(f"repaired  {sentence}")
        findings = run_audit() if repairs else findings
    is_clean = not any(finding.rows for finding in findings)
    if as_json:
        checks = [vars(finding) for finding in findings]
        values = {"is_clean": is_clean, **({"repairs": repairs} if with_repair else {}), "checks": checks}
        click.echo(json.dumps(values, ensure_ascii=False, default=str))
    else:
        for finding in findings:
            click.echo(_audit_line(finding))
            if finding.rows and with_repair:
                click.echo(f"     not repaired. {advice_for(finding)}")
    if not is_clean:
        sys.exit(1)


def _audit_line(finding: Finding) -> str:
    if not finding.rows:
        return f"{finding.id}  ok  {finding.promise}"
    examples = "; ".join(finding.examples)
    return f"{finding.id}  {finding.rows} broken  {finding.promise}: {examples}"


@shop.command("revive-emails")
def revive_emails() -> None:
    """Try again to send the e-mails that were given up after their last attempt.

    Example: flask shop revive-emails
    """
    click.echo(f"{revive_dead_emails()} e-mails are due again.")


# -- people -----------------------------------------------------------------------------------------------------------


@click.command("create-staff")
@click.argument("email")
@click.option("--role", default=OWNER, show_default=True, help="The role; owner may do everything.")
@with_appcontext
def create_staff_command(email: str, role: str) -> None:
    """Make an account for a member of staff. The password is asked for, or read as a line from standard input.

    Example: flask user create-staff anna@example.com --role owner
    """
    pairs = [("email", email), ("role", role), ("password", _ask_password())]
    person = create_staff(read_form(NewStaff, pairs), SYSTEM)
    click.echo(f"{person.email} can sign in now, with the role {role}.")


def _ask_password() -> str:
    if sys.stdin.isatty():
        return cast(str, click.prompt("Password (10 characters or more)", hide_input=True, confirmation_prompt=True))
    return sys.stdin.readline().rstrip("\r\n")


for group in (user, shop):
    group.add_command(create_staff_command, "create-staff")


@click.command("create-api-key")
@click.argument("name")
@click.option("--owner", required=True, help="The e-mail address of the member of staff it acts for.")
@click.option("--scope", "scopes", multiple=True, required=True, help="What it may do; give it again for more.")
@click.option("--days", type=int, help="For how many days it is good.")
@with_appcontext
def create_api_key_command(name: str, owner: str, scopes: tuple[str, ...], days: int | None) -> None:
    """Make a key by which a program calls the API. It is shown once, here.

    Example: flask user create-api-key "Stock sync" --owner anna@example.com --scope products:read
    """
    wanted = read_json(NewApiKey, json.dumps({"name": name, "scopes": scopes, "days": days}).encode())
    made = create_api_key(wanted, staff_of(owner), is_live=not settings.is_development)
    click.echo(made.secret)


user.add_command(create_api_key_command)


# -- catalogue --------------------------------------------------------------------------------------------------------


@catalog.command("refresh")
@with_appcontext
def refresh_command() -> None:
    """Make anew what lists show, sort and are narrowed by, from the products; nothing else changes.

    Example: flask catalog refresh
    """
    total = count_products([])

    def show(done: int) -> None:
        click.echo(f"\r{done} of {total} products", nl=False, err=True)

    done = refresh_all_listings(show) if sys.stderr.isatty() else refresh_all_listings()
    recount_sold()
    click.echo(f"{done} products are listed as they are now.")


@catalog.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Say what an import would do, and change nothing.")
@click.option("--set-stock", is_flag=True, help="Also set the stock of variants that exist already.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
def import_command(file: Path, dry_run: bool, set_stock: bool, as_json: bool) -> None:
    """Import a Shopify product CSV; importing the same file again changes nothing.

    Rows with a problem are listed and stop no other; exit code 1 only when the whole file is refused.

    Example: flask catalog import products.csv --dry-run
    """
    report = import_catalogue(
        file,
        actor=SYSTEM,
        currency=terms.currency,
        dry_run=dry_run,
        set_stock=set_stock,
        on_progress=_show_progress if sys.stderr.isatty() else None,
    )
    if as_json:
        click.echo(json.dumps(_report_as_json(report), ensure_ascii=False))
        return
    for line in [*report.describe(), *_problem_table(report)]:
        click.echo(line)


def _show_progress(done: int, products: int) -> None:
    if done == products or done % 20 == 0:
        end = "\n" if done == products else ""
        print(f"\r{done} of {products} products", end=end, file=sys.stderr, flush=True)


def _report_as_json(report: ImportReport) -> dict[str, Any]:
    values = {**vars(report), "rows_reported": report.rows_reported, "products": report.products}
    fields = ("row", "handle", "column", "message")
    return {**values, "problems": [{f: getattr(problem, f) for f in fields} for problem in report.problems]}


def _problem_table(report: ImportReport) -> list[str]:
    if not report.problems:
        return []
    cells = [("Row", "Handle", "Column", "Problem")]
    cells += [(str(p.row), p.handle, p.column, p.message) for p in report.problems]
    widths = [max(len(row[column]) for row in cells) for column in range(3)]
    return ["", *("  ".join([*map(str.ljust, row[:3], widths), row[3]]) for row in cells)]


# -- search -----------------------------------------------------------------------------------------------------------

AT_ONCE = 200


@search.command()
@click.option("--resume", is_flag=True, help="Only go on with what is still queued, such as after Ctrl-C.")
def rebuild(resume: bool) -> None:
    """Make the search index anew, in batches, while the shop goes on searching the old one.

    Stopped half-way it loses nothing: the scheduler goes on with it, or this command with --resume.

    Example: flask search rebuild
    """
    total = count_queued() if resume else queue_whole_catalogue()
    done = 0
    while worked_off := index_queued(AT_ONCE):
        done += worked_off
        if sys.stderr.isatty():
            print(f"\r{min(done, total)} of {total} products", end="", file=sys.stderr, flush=True)
    corrected = recount_words()
    if sys.stderr.isatty():
        print(file=sys.stderr)
    click.echo(f"{done} products looked at; {count_documents()} can be found. {corrected} words were put right.")
    if not has_trigrams():
        click.echo(
            "The extension pg_trgm is missing here: a word with one wrong letter is understood, with two it is not."
            " Have the database's owner run: CREATE EXTENSION pg_trgm; CREATE INDEX ix_search_words_trigrams"
            " ON search_words USING gin (word gin_trgm_ops);"
        )


@search.command()
@click.option("--days", default=30, show_default=True, type=click.IntRange(1, 400), help="How far to look back.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of lines.")
def report(days: int, as_json: bool) -> None:
    """What was searched for most without finding anything: what to stock, or to add as a synonym.

    Example: flask search report --days 7
    """
    rows = searches_without_result(days=days)
    if as_json:
        searches = [{"query": row.query, "times": row.times, "lastDay": row.last_day.isoformat()} for row in rows]
        click.echo(json.dumps({"searches": searches}, ensure_ascii=False))
        return
    if not rows:
        click.echo(f"Every search of the last {days} days found something, as far as they were counted.")
    for row in rows:
        click.echo(f"{row.times:6}  {row.last_day}  {row.query}")


# -- payments ---------------------------------------------------------------------------------------------------------


@payments.command()
@click.option("--days", default=3, show_default=True, type=click.IntRange(1, 400), help="How far to look back.")
def reconcile(days: int) -> None:
    """Compare the provider's books with ours: what was missed is settled, what differs is listed; exit code 1 then.

    Example: flask payments reconcile --days 3
    """
    provider = payment_provider()
    if provider is None:
        raise click.ClickException("This shop takes no cards: the settings STRIPE_… are empty.")
    found = compare_books(provider, terms, days=days)
    if found:
        cells = [("Order", "Reference", "Here", "At the provider")]
        cells += [(each.number or "?", each.reference, each.ours, each.theirs) for each in found]
        widths = [max(len(row[column]) for row in cells) for column in range(3)]
        for row in cells:
            click.echo("  ".join([*map(str.ljust, row[:3], widths), row[3]]))
    click.echo(f"{len(found)} payments and refunds of the last {days} days differ.")
    if found:
        sys.exit(1)


@payments.command("retry-events")
def retry_events() -> None:
    """Apply the webhooks again that were parked after their last attempt.

    Example: flask payments retry-events
    """
    click.echo(f"{retry_parked_events()} events are due again.")


# -- processes --------------------------------------------------------------------------------------------------------


@click.command()
@click.option("--burst", is_flag=True, help="End when the queues are empty.")
@with_appcontext
def worker(burst: bool) -> None:
    """Run the background jobs, such as sending mail. Start as many as you like.

    Example: flask worker
    """
    run_worker(_application(), burst=burst)


@click.command()
@with_appcontext
def scheduler() -> None:
    """Sweep the outbox every two seconds and keep house. One is enough; several do no harm.

    Example: flask scheduler
    """
    run_scheduler(_application())


def _application() -> Flask:
    return cast(Flask, current_app._get_current_object())  # type: ignore[attr-defined]
