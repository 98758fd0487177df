"""Proof of the pages' quality: Lighthouse as on a phone, and an HTML checker, on the demo shop.

The shop runs as in production, behind this project's nginx.conf; where Nginx is missing, by itself (and uncompressed).
Both tools come by npm into var/page-tools, with a Node of their own; nothing of them is part of the project.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from bench.demo_shop import admin_pages, demo_pages, demo_shop
from bench.record import ROOT, Record
from bench.running_shop import RunningShop
from bench.shopper import Shopper
from shop.demo import processes
from tests import servers

TOOLS = ROOT / "var" / "page-tools"
PACKAGES = ("lighthouse@13.5.0", "html-validate@11.18.0", "node@22")
LEAST = {"performance": 95, "accessibility": 100, "best-practices": 100, "seo": 100}
MEASURED = {
    "LCP": "largest-contentful-paint",
    "TBT": "total-blocking-time",
    "CLS": "cumulative-layout-shift",
}
TRIES = 4
WITH_LIGHTHOUSE = ("home", "listing", "product")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="Lighthouse runs a page; the median counts")
    asked = parser.parse_args()
    chromium = servers.chromium_binary(whole=True)
    if chromium is None:
        raise SystemExit("Chromium is needed: install the package chromium.")
    install_tools()
    record = Record("page-quality", fresh=True)
    with demo_shop() as shop:
        pages = [*demo_pages(shop), *admin_pages(shop)]
        mistakes = {page.name: check_html(shop, number, page) for number, page in enumerate(pages)}
        print(*(mistake for found in mistakes.values() for mistake in found), sep="\n", flush=True)
        with edge_before(shop) as (url, flags):
            scores = {
                page.name: run_lighthouse(chromium, url + page.path, flags, asked.runs)
                for page in pages
                if page.name in WITH_LIGHTHOUSE
            }
    for name, found in mistakes.items():
        score = scores.get(name, {})
        is_ok = not found and all(score.get(category, least) >= least for category, least in LEAST.items())
        record.keep(name, {**score, "HTML mistakes": len(found), "verdict": "ok" if is_ok else "FAILED"})
    print(record.table())
    if any(result["verdict"] != "ok" for result in record.results.values()):
        return 1
    behind = "behind nginx.conf" if servers.nginx_binary() else "without Nginx, uncompressed"
    note = f"Lighthouse 13.5.0, phone, simulated slow 4G, median of {asked.runs}, {behind}; html-validate 11.18.0."
    record.publish("Pages (`make prove-pages`)", note)
    return 0


def install_tools() -> None:
    """Get the tools by npm, once."""
    stamp = TOOLS / "installed"
    if stamp.exists() and stamp.read_text() == " ".join(PACKAGES):
        return
    npm = shutil.which("npm")
    if npm is None:
        raise SystemExit("Node's npm is needed for Lighthouse: install the packages nodejs and npm, then try again.")
    shutil.rmtree(TOOLS, ignore_errors=True)
    TOOLS.mkdir(parents=True)
    (TOOLS / "package.json").write_text("{}")
    print("Getting Lighthouse and html-validate (once) …", flush=True)
    command = [npm, "install", "--no-audit", "--no-fund", "--loglevel=error", "--force", *PACKAGES]
    done = subprocess.run(
        command, cwd=TOOLS, env={**os.environ, "PUPPETEER_SKIP_DOWNLOAD": "1"}, capture_output=True, text=True
    )
    if done.returncode:
        raise SystemExit(f"npm could not get them:\n{done.stderr}")
    stamp.write_text(" ".join(PACKAGES))


def _node(script: str, *arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    command = [str(TOOLS / "node_modules/.bin/node"), str(TOOLS / "node_modules" / script), *arguments]
    environment = {**os.environ, **(environment or {})}
    # Into files: Node does not wait for a full pipe before it ends, and loses the rest.
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        done = subprocess.run(command, cwd=TOOLS, env=environment, stdout=out, stderr=err, check=False)
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(command, done.returncode, out.read(), err.read())


def check_html(shop: RunningShop, number: int, page) -> list[str]:
    """What the HTML checker has against a page, one mistake a line."""
    visitor = Shopper(shop.port, 100 + number)
    visitor.cookies.update(page.cookies)
    answer = visitor.request("GET", page.path)
    assert answer.status == page.status, (page.name, answer.status)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "page.html"
        file.write_bytes(answer.body)
        config = str(ROOT / "bench" / "html-validate.mjs")
        done = _node("html-validate/bin/html-validate.mjs", "--config", config, "--formatter", "json", str(file))
    if done.returncode not in {0, 1}:
        raise RuntimeError(done.stderr)
    return [
        f"{page.name}, line {mistake['line']}: {mistake['ruleId']}: {mistake['message']}"
        for report in json.loads(done.stdout or "[]")
        for mistake in report["messages"]
    ]


@contextlib.contextmanager
def edge_before(shop: RunningShop) -> Iterator[tuple[str, list[str]]]:
    """The same data served as in production: the address, and what Chromium must be told to find it."""
    if servers.nginx_binary() is None:
        yield shop.url, []
        return
    from tests.test_nginx import HOST, edge_in_new_folder, production_environment

    with edge_in_new_folder() as edge:
        shutil.copytree(shop.folder / "media", edge.folder / "var" / "media")
        environment = {
            **production_environment(edge),
            "DATABASE_URL": shop.environment["DATABASE_URL"],
            "SHOP_NAME": shop.environment["SHOP_NAME"],
            "TAX_RATE_PERCENT": shop.environment["TAX_RATE_PERCENT"],
            "RATELIMIT_ENABLED": "false",
            "WEB_CONCURRENCY": "2",
        }
        web = processes.start(
            [sys.executable, "-m", "gunicorn", "wsgi:app"], edge.folder / "app.log", env=environment, cwd=ROOT
        )
        try:
            _wait_for(edge, web)
            yield (
                f"https://{HOST}",
                [
                    f'--host-resolver-rules="MAP {HOST}:443 127.0.0.1:{edge.https_port}"',
                    "--ignore-certificate-errors",
                ],
            )
        finally:
            processes.stop(web, 5)


def _wait_for(edge, web: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + 60
    while edge.ask("/healthz").status != 200:
        if web.poll() is not None or time.monotonic() > give_up:
            raise RuntimeError(processes.last_lines(edge.folder / "app.log"))
        time.sleep(0.1)


def run_lighthouse(chromium: str, url: str, flags: list[str], runs: int) -> dict[str, object]:
    """Scores out of 100, and the three figures, each the median of the runs."""
    reports = [_run_once(chromium, url, flags) for _ in range(runs)]
    scores = {
        category: round(100 * statistics.median(report["categories"][category]["score"] or 0 for report in reports))
        for category in LEAST
    }
    for category, least in LEAST.items():
        if scores[category] < least:
            print(f"{url}: {category} {scores[category]}: {_reasons(reports[-1], category)}", flush=True)
    figures = {
        name: statistics.median(report["audits"][audit]["numericValue"] for report in reports)
        for name, audit in MEASURED.items()
    }
    shown = {"LCP": f"{figures['LCP'] / 1000:.2f} s", "TBT": f"{figures['TBT']:.0f} ms", "CLS": f"{figures['CLS']:.3f}"}
    print(f"{url}: {scores} {shown}", flush=True)
    return {**scores, **shown}


def _run_once(chromium: str, url: str, flags: list[str]) -> dict:
    """One report; where the browser lost its recording, which happens and Lighthouse asks for it, another try."""
    for _ in range(TRIES - 1):
        with contextlib.suppress(RecordingLost):
            return _try_once(chromium, url, flags)
    return _try_once(chromium, url, flags)


class RecordingLost(RuntimeError):
    """Lighthouse could not measure, and says why."""


def _try_once(chromium: str, url: str, flags: list[str]) -> dict:
    chrome = " ".join(("--headless=new", *servers.CHROMIUM_FLAGS, *flags))
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        options = ["--quiet", "--no-enable-error-reporting", "--output=json", f"--output-path={report}"]
        done = _node(
            "lighthouse/cli/index.js",
            url,
            *options,
            f"--only-categories={','.join(LEAST)}",
            f"--chrome-flags={chrome}",
            environment={"CHROME_PATH": chromium},
        )
        if not report.exists():
            raise RuntimeError(done.stderr[-2000:])
        found = json.loads(report.read_text())
    if found.get("runtimeError"):
        raise RecordingLost(found["runtimeError"]["message"])
    return found


def _reasons(report: dict, category: str) -> str:
    """The audits that took points away."""
    weighed = {ref["id"]: ref["weight"] for ref in report["categories"][category]["auditRefs"] if ref["weight"]}
    lost = [name for name in weighed if (report["audits"][name]["score"] or 0) < 1]
    return ", ".join(name for name in lost if report["audits"][name]["scoreDisplayMode"] != "notApplicable")


if __name__ == "__main__":
    raise SystemExit(main())
