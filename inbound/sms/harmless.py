"""Harmless: a picture as we keep it: what it really is, without what the camera wrote into it (where, when, by whom).

The type is read from the bytes; what a sender calls it counts for nothing. The picture is drawn anew, so that only its
points remain: no place, no serial number, no comment, no second file hidden behind it.
"""

import io
import threading
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from engine.base.errors import Invalid
from inbound.sms.heic import without_notes

if TYPE_CHECKING:
    from PIL import Image  # takes a moment to read: when first needed

#: 50 million points: more than any phone's camera sends by text, and 200 MB while it is drawn.
MOST_POINTS: Final = 50_000_000
MOST_FRAMES: Final = 200
TYPES: Final = {"JPEG": "image/jpeg", "PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp"}
#: Not shown, only given to be saved: browsers do not all draw it, and neither do we. Its notes are blanked.
HEIC: Final = "image/heic"
#: One at a time is drawn in a process: the largest take some 400 MB each, and a small machine has 1 GB for everything.
DRAWING: Final = threading.Lock()
_HEIC_BRANDS: Final = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"})


def harmless(body: bytes) -> tuple[str, bytes]:
    """The picture's type and its bytes drawn anew. Raises Invalid with a sentence for what is no picture.

    Raises MemoryError where this machine has no room just now, which says nothing of the picture.
    """
    from PIL import Image, UnidentifiedImageError

    try:
        if body[4:8] == b"ftyp" and body[8:12] in _HEIC_BRANDS:
            return HEIC, without_notes(body)
        # Its size is known before a point of it is drawn.
        with DRAWING, Image.open(io.BytesIO(body), formats=tuple(TYPES)) as image:
            if image.width * image.height > MOST_POINTS:
                raise Invalid("It is too large a picture to be shown.")
            return TYPES[str(image.format)], _drawn(image)
    except (Invalid, MemoryError):
        raise
    except Image.DecompressionBombError as error:
        raise Invalid("It is too large a picture to be shown.") from error
    except UnidentifiedImageError as error:
        raise Invalid("It is not a picture of a kind we show (JPEG, PNG, GIF, WebP or HEIC).") from error
    except Exception as error:  # a decoder meets a stranger's bytes: whatever it raises, the file is broken
        raise Invalid("The picture is broken and cannot be shown.") from error


def _drawn(image: "Image.Image") -> bytes:
    from PIL import ImageOps, ImageSequence

    kind = str(image.format)
    out = io.BytesIO()
    # The colours' meaning stays: it says nothing of anybody.
    colours = image.info.get("icc_profile")
    options: dict[str, Any] = {"icc_profile": colours} if colours and kind != "GIF" else {}
    if kind == "JPEG":
        upright = ImageOps.exif_transpose(image)
        upright = upright if upright.mode in ("RGB", "L", "CMYK") else upright.convert("RGB")
        _bare(upright).save(out, kind, quality=90, **options)
        return out.getvalue()
    # All frames together are no more than one picture may be: each is drawn whole.
    most = max(1, min(MOST_FRAMES, MOST_POINTS // max(1, image.width * image.height)))
    frames = [_bare(frame.copy()) for frame in islice(ImageSequence.Iterator(image), most)]
    if len(frames) > 1:
        options |= {"save_all": True, "append_images": frames[1:], "loop": int(image.info.get("loop", 0))}
        options["duration"] = image.info.get("duration", 100)
    frames[0].save(out, kind, **options)
    return out.getvalue()


def _bare(image: "Image.Image") -> "Image.Image":
    """The points alone; how they are see-through belongs to them."""
    image.info = {name: value for name, value in image.info.items() if name == "transparency"}
    return image
