"""Making pictures of uploads: claim, render in a process of its own, store the files, show them; and sweep up after."""

from __future__ import annotations

import hashlib

import structlog

from shop.db import end_read
from shop.domain.catalog.pictures import (
    ClaimedPicture,
    claim_picture,
    forget_asking_for_pictures,
    forget_removed,
    list_folders_in_use,
    list_unknown_uploads,
    note_picture_failed,
    publish_picture,
    removed_for_good,
    take_pictures_to_ask,
    unasked_pictures,
)
from shop.domain.catalog.renditions import FALLBACK_WIDTH, WIDTHS, renditioned_name, renditions_of
from shop.domain.orders.queries import list_folders_of_sold_pictures
from shop.extensions import storage
from shop.gateways.images import PictureRefused, Rendered, RenderingFailed, render_picture
from shop.jobs.doorbell import MAKE_PICTURE, doorbell

log = structlog.get_logger()

GONE = "The uploaded file is gone. Remove this picture and upload it again."
BROKE_OFF = "The picture could not be made. Try again, or save it anew and upload that."
UNCLAIMED_FOR = 24 * 3600.0  # seconds after which an original that no picture waits for is removed


def make_picture(image_id: int) -> None:
    """Make the picture of an upload that is due. Called twice, late or for one that is made, it does nothing."""
    claim = claim_picture(image_id)
    if claim is None:
        return
    structlog.contextvars.bind_contextvars(picture=claim.public_id)
    try:
        with storage.quarantine.open(claim.upload_key) as original:
            rendered = render_picture(original, WIDTHS, FALLBACK_WIDTH)
        file_name = _store(claim, rendered)
    except PictureRefused as refusal:
        _note_refused(claim, str(refusal))
    except FileNotFoundError:
        _note_refused(claim, GONE)
    except Exception as error:  # whatever it was, the row must not wait for its lease to end
        is_expected = isinstance(error, RenderingFailed)
        log.warning("picture_not_made", attempt=claim.attempt, reason=str(error), exc_info=not is_expected)
        note_picture_failed(claim, BROKE_OFF)
    else:
        if publish_picture(claim, file_name, rendered.width, rendered.height):
            log.info("picture_made", file=file_name, attempt=claim.attempt)
            storage.quarantine.remove(claim.upload_key)  # not when it was removed meanwhile: it may be put back


def _note_refused(claim: ClaimedPicture, reason: str) -> None:
    if note_picture_failed(claim, reason, for_good=True):
        storage.quarantine.remove(claim.upload_key)


def _store(claim: ClaimedPicture, rendered: Rendered) -> str:
    """Write all files of the picture, that which the others are told by last; returns its name.

    The name holds a hash of what is in it: another picture never comes under the same name.
    """
    content = hashlib.sha256(rendered.jpeg)
    for data in rendered.avifs.values():
        content.update(data)
    file_name = renditioned_name(f"{claim.folder}/{content.hexdigest()[:12]}", rendered.width)
    for each in renditions_of(file_name):
        storage.save(each.file_name, rendered.avifs[each.width])
    storage.save(file_name, rendered.jpeg)
    return file_name


def ask_for_pictures() -> int:
    """Ask workers for the uploads that are due; returns how many. Without Redis nothing is noted, and nothing lost."""
    asked = 0
    while waiting := unasked_pictures():
        end_read()
        taken = take_pictures_to_ask(waiting) if doorbell().has_room(MAKE_PICTURE) else []
        for position, image_id in enumerate(taken):
            if not doorbell().ask(MAKE_PICTURE, image_id):
                forget_asking_for_pictures(taken[position:])
                return asked
            asked += 1
        if not taken:
            break
    return asked


def remove_old_pictures() -> int:
    """Remove the files of pictures that cannot be put back any more; returns how many.

    Files that an order shows stay where they are, and so do those of another picture.
    """
    removed = removed_for_good()
    folders = {folder for those in removed.values() for folder in those}
    unneeded = folders - list_folders_in_use(folders) - list_folders_of_sold_pictures(folders)
    end_read()
    for folder in unneeded:
        storage.remove_folder(folder)
    return forget_removed(removed) if removed else 0


def remove_stray_uploads() -> int:
    """Remove originals that lie in quarantine and that no picture waits for; returns how many."""
    stray = list_unknown_uploads(storage.quarantine.list_older_than(UNCLAIMED_FOR))
    end_read()
    for key in stray:
        storage.quarantine.remove(key)
    return len(stray)
