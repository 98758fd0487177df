"""Proof on real pictures: photographs and product pictures are made, damaged files and bombs refused; time and memory.

The folder is named on the command line or found in ../shared/data/images; its files are never part of the project.
Beside them stand bombs and giants made here.
"""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from PIL import Image

from bench.record import ROOT, Record
from shop.domain.catalog.renditions import FALLBACK_WIDTH, WIDTHS
from shop.gateways.images import PictureRefused, Rendered, RenderingFailed, render_picture

USUAL = Path(os.environ.get("PICTURES", ROOT.parent / "shared" / "data" / "images"))
TYPES = {".jpg", ".jpeg", ".png", ".webp", ".avif", ".gif", ".tiff"}
REFUSED_WITHIN = 2.0  # seconds (reliability.md S30)
MOST_GROWTH = 100  # MB of the process that asks (the same)
BAD = {"broken", "decompression_bomb", "iss634", "tiff_16bit_RGB", "truncated_image", "truncated_jpeg"}
ORIENTED = {"exif-Landscape_1": (3, 2), "exif-Landscape_6": (3, 2), "exif-Portrait_3": (2, 3)}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, default=USUAL)
    parser.add_argument("--one", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        return measure(asked.one)
    record = Record("pictures", fresh=True)
    with tempfile.TemporaryDirectory() as folder:
        for group, files in (*found(asked.folder), *made_here(Path(folder))):
            record.keep(group, prove(files, must_fail=group.startswith("refused")))
            print(f"{group}: {record.results[group]}", flush=True)
    print(record.table())
    if any(result["verdict"] != "ok" for result in record.results.values()):
        return 1
    record.publish(
        "Pictures (`make prove-pictures`)",
        "Each in a process of its own, as a worker does it: AVIF in up to seven widths and a JPEG, or a refusal. "
        "Memory is the most that process held; growth is that of the worker.",
    )
    return 0


def found(folder: Path) -> Iterator[tuple[str, list[Path]]]:
    """The groups of the given folder: its good pictures by sub-folder, and the ones that must be refused."""
    files = sorted(file for file in folder.rglob("*") if file.suffix.lower() in TYPES)
    for name in sorted({file.parent.name for file in files}):
        good = [file for file in files if file.parent.name == name and file.stem not in BAD]
        if good:
            yield f"{name}: made", good
    if bad := [file for file in files if file.stem in BAD]:
        yield "refused: GIF, TIFF, cut off, damaged", bad


def made_here(folder: Path) -> Iterator[tuple[str, list[Path]]]:
    """The largest that are taken, and what claims to be larger."""
    exif = Image.Exif()
    exif[0x0112] = 6
    noise = Image.effect_noise((5400, 7200), 80).convert("RGB")
    giants = {
        "photo.jpg": lambda to: noise.save(to, "JPEG", quality=70, exif=exif),
        "photo.webp": lambda to: noise.save(to, "WEBP", quality=70),
        "photo.avif": lambda to: noise.save(to, "AVIF", quality=50, speed=10),
        "clear.png": lambda to: Image.new("RGBA", (5400, 7200), (1, 2, 3, 100)).save(to, "PNG", exif=exif),
    }
    yield "made: 39 megapixels", _written(folder, giants)
    bombs = {
        "8000.png": lambda to: Image.new("RGB", (8000, 8000)).save(to, "PNG"),
        "60000.png": lambda to: Image.new("1", (60_000, 60_000)).save(to, "PNG"),
        "16000.webp": lambda to: Image.new("L", (16_000, 16_000)).save(to, "WEBP", lossless=True, method=0),
    }
    yield "refused: bombs", _written(folder, bombs)
    scripts = {
        "svg.jpg": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "html.png": b"<!doctype html><script>alert(1)</script>",
        "php.jpg": b"<?php system($_GET['c']); ?>",
        "empty.png": b"",
        "half.jpg": _bytes_of(noise)[:500_000],
    }
    yield (
        "refused: scripts, nothing, half",
        _written(folder, {k: lambda to, v=v: to.write(v) for k, v in scripts.items()}),
    )


def _bytes_of(picture: Image.Image) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=70)
    return buffer.getvalue()


def _written(folder: Path, makers: dict[str, Callable[[io.BufferedWriter], object]]) -> list[Path]:
    files = []
    for name, make in makers.items():
        files.append(folder / name)
        with files[-1].open("wb") as file:
            make(file)
    return files


def prove(files: list[Path], *, must_fail: bool) -> dict:
    """Make each picture and look at what came of it."""
    made, seconds, megabytes, growth, weights, wrong = 0, [], [], [], [], []
    for file in files:
        before = _resident()
        took, memory, outcome = _run(file)
        seconds.append(took)
        megabytes.append(memory)
        growth.append(_resident() - before)
        if isinstance(outcome, Rendered):
            made += 1
            weights.append(len(outcome.avifs.get(640, b"")))
        is_right = isinstance(outcome, PictureRefused) if must_fail else isinstance(outcome, Rendered)
        if isinstance(outcome, Rendered):
            is_right = is_right and _is_clean(outcome) and _is_upright(file, outcome)
        if not is_right or (must_fail and took > REFUSED_WITHIN) or growth[-1] > MOST_GROWTH:
            wrong.append(file.name)
    return {
        "files": len(files),
        "made": made,
        "refused": len(files) - made,
        "slowest s": f"{max(seconds):.1f}",
        "memory MB": max(megabytes),
        "growth MB": max(growth),
        "640 px AVIF KB": f"{max(weights) / 1000:.0f}" if weights else "",
        "verdict": "ok" if not wrong else f"WRONG: {', '.join(wrong)}",
    }


def _run(file: Path) -> tuple[float, int, Rendered | Exception]:
    """Seconds, megabytes of the child, and what came of it."""
    started = time.monotonic()
    outcome: Rendered | Exception
    with file.open("rb") as source:
        try:
            outcome = render_picture(source, WIDTHS, FALLBACK_WIDTH)
        except (PictureRefused, RenderingFailed) as error:
            outcome = error
    took = time.monotonic() - started
    # The most that any child ever held is kept per process: a fresh one measures this child alone.
    measured = subprocess.run(
        [sys.executable, "-m", "bench.prove_pictures", "--one", file],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return took, int(measured.stdout), outcome


def measure(file: Path) -> int:
    """Print how many megabytes the child held at most."""
    with file.open("rb") as source, contextlib.suppress(PictureRefused, RenderingFailed):
        render_picture(source, WIDTHS, FALLBACK_WIDTH)
    print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024)
    return 0


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() // 2**20


def _is_clean(made: Rendered) -> bool:
    """Nothing of the file but its pixels: no place, no camera, no colour profile, no comment."""
    for data in (made.jpeg, *made.avifs.values()):
        with Image.open(io.BytesIO(data)) as picture:
            if picture.getexif() or picture.info.get("icc_profile") or picture.info.get("comment"):
                return False
    return True


def _is_upright(file: Path, made: Rendered) -> bool:
    wide, high = ORIENTED.get(file.stem, (made.width, made.height))
    return made.width * high == made.height * wide


if __name__ == "__main__":
    raise SystemExit(main())
