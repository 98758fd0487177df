"""What a stored picture's name promises."""

from __future__ import annotations

import pytest

from shop.domain.catalog.renditions import WIDTHS, Rendition, largest_file, renditioned_name, renditions_of


def test_a_name_with_a_width_promises_an_avif_of_every_standard_width_up_to_it():
    assert renditions_of("demo/night-serum-1.w640.jpg") == (
        Rendition("demo/night-serum-1.w80.avif", 80),
        Rendition("demo/night-serum-1.w160.avif", 160),
        Rendition("demo/night-serum-1.w320.avif", 320),
        Rendition("demo/night-serum-1.w640.avif", 640),
    )


@pytest.mark.parametrize(
    ("width", "widths"),
    [(79, ()), (80, (80,)), (700, (80, 160, 320, 640)), (1920, WIDTHS), (4000, WIDTHS)],
)
def test_no_rendition_is_wider_than_the_picture(width, widths):
    assert tuple(each.width for each in renditions_of(renditioned_name("a/b", width))) == widths


@pytest.mark.parametrize(
    "name",
    [
        None,
        "",
        "logo.svg",
        "a.jpg",
        "a.w960.png",
        "a.w960.avif",
        "a.w0.jpg",
        "a.w.jpg",
        "a.w-1.jpg",
        ".w960.jpg",
        "aw960.jpg",
    ],
)
def test_any_other_name_is_one_file(name):
    assert renditions_of(name) == ()


@pytest.mark.parametrize(
    ("name", "largest"), [("a/b.w700.jpg", "a/b.w640.avif"), ("a/b.w40.jpg", "a/b.w40.jpg"), ("logo.svg", "logo.svg")]
)
def test_the_largest_file_is_the_widest_avif_or_the_file_itself(name, largest):
    assert largest_file(name) == largest


def test_no_width_is_more_than_twice_the_one_before():
    assert all(after <= 2 * before for before, after in zip(WIDTHS, WIDTHS[1:], strict=False))
