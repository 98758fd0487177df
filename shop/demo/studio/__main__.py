"""`make pictures`: draw the demo's pictures from its catalogue into shop/demo/pictures and static/img."""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import multiprocessing
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic

from PIL import Image

from shop.demo.looks import HERO, Portrait, file_names, portrait_of
from shop.demo.studio.scenes import draw_icon, draw_still_life, draw_view
from shop.domain.catalog.renditions import FALLBACK_WIDTH, renditions_of

DEMO = Path(__file__).parents[1]
FOLDER = DEMO / "pictures"
STATIC = DEMO.parents[1] / "static/img"
SMALL = 320  # up to this width, words on labels need more care than smooth walls do
FINE_QUALITY, AVIF_QUALITY, JPEG_QUALITY = 57, 43, 51
ICONS = {
    "icon-192.png": (192, False),
    "icon-512.png": (512, False),
    "icon-maskable-512.png": (512, True),
    "apple-touch-icon.png": (180, True),
}


def main(arguments: list[str]) -> int:
    """Draw everything, or what --only names; 1 for a product that is not in the catalogue."""
    parser = argparse.ArgumentParser(prog="make pictures", description=__doc__)
    parser.add_argument(
        "--only",
        metavar="SLUG",
        action="append",
        help="draw this product only (may be repeated); hero draws what is no product",
    )
    wanted = parser.parse_args(arguments).only
    known = portraits()
    if unknown := set(wanted or ()) - {*known, "hero"}:
        print(f"No such product: {', '.join(sorted(unknown))}.", file=sys.stderr)
        return 1
    started = monotonic()
    FOLDER.mkdir(exist_ok=True)
    slugs = [slug for slug in known if not wanted or slug in wanted]
    with multiprocessing.Pool() as pool:
        for number, slug in enumerate(pool.imap_unordered(draw_product, slugs), 1):
            print(f"{number:3}/{len(slugs)} {slug}", flush=True)
    if not wanted or "hero" in wanted:
        draw_shop_pictures()
    (FOLDER / "VERSION").write_text(f"{version_of(FOLDER)}\n", encoding="utf-8")
    total = sum(file.stat().st_size for file in FOLDER.iterdir())
    print(f"{total / 1_000_000:.1f} MB in {FOLDER.name}/, drawn in {monotonic() - started:.0f} s.")
    return 0


def version_of(folder: Path) -> str:
    """What tells these pictures from any others: a hash of them all."""
    whole = hashlib.sha256()
    for file in sorted(folder.glob("*.*")):
        whole.update(file.name.encode() + hashlib.sha256(file.read_bytes()).digest())
    return whole.hexdigest()[:12]


def portraits() -> dict[str, Portrait]:
    """slug -> how it looks, for the whole catalogue."""
    entries = json.loads((DEMO / "catalogue.json").read_text(encoding="utf-8"))["products"]
    return {entry["slug"]: portrait_of(entry) for entry in entries}


def draw_product(slug: str) -> str:
    """Draw both pictures of a product and write all their files."""
    known = portraits()
    for view, name in enumerate(file_names(slug), 1):
        write(draw_view(known[slug], view, known), name)
    return slug


def draw_shop_pictures() -> None:
    """Draw the hero and the icons."""
    known = portraits()
    write(draw_still_life(known, HERO.size), HERO.file_name, quality=FINE_QUALITY)
    for name, (size, maskable) in ICONS.items():
        draw_icon(size, maskable=maskable).quantize(64).save(STATIC / name, optimize=True)


def write(picture: Image.Image, file_name: str, quality: int = AVIF_QUALITY) -> None:
    """Write the picture's JPEG and its narrower AVIF renditions."""
    for name, data in files_of(picture, file_name, quality):
        (FOLDER / name).write_bytes(data)


def files_of(picture: Image.Image, file_name: str, quality: int) -> Iterator[tuple[str, bytes]]:
    """(name, content) of every file that the picture's name promises."""
    fallback = _narrowed(picture, FALLBACK_WIDTH)
    yield file_name, _encoded(fallback, "JPEG", quality=JPEG_QUALITY, optimize=True, progressive=True)
    for each in renditions_of(file_name):
        options = {
            "quality": FINE_QUALITY if each.width <= SMALL else quality,
            "speed": 4,
            "subsampling": "4:2:0",
            "max_threads": 1,
        }
        yield each.file_name, _encoded(_narrowed(picture, each.width), "AVIF", **options)


def _narrowed(picture: Image.Image, width: int) -> Image.Image:
    if width >= picture.width:
        return picture
    return picture.resize((width, round(width * picture.height / picture.width)), Image.Resampling.LANCZOS)


def _encoded(picture: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
