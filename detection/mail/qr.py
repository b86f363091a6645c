"""QR codes (ISO/IEC 18004) in a mail's pictures: the web addresses that a telephone would open.

Pictures are hostile input: they are cut down (`detection.mail.pictures`), their size is known before anything is decoded,
and the pixels of all pictures of one mail have one budget. It counts pixels, not milliseconds: a clock would give one mail
other columns on a busy machine.
"""

from __future__ import annotations

import binascii
import io
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING
from urllib.parse import unquote_to_bytes

import numpy as np

from detection.mail.attachments import sniffed
from detection.mail.defects import Defects
from detection.mail.limits import Limits
from detection.mail.links import urls_in
from detection.mail.message import Defect
from detection.mail.pictures import FORMATS, Picture, picture_of

if TYPE_CHECKING:
    from PIL import Image

_SMALLEST = 21
"""Modules of the side of the smallest code: a picture with a shorter side holds none."""
_MOST_CODES = 10
"""Codes read of one picture."""
_LONGEST_TEXT = 4_296
"""Characters that the largest code holds."""
_MOST_CORNERS = 4_000
"""Rows in which a corner's pattern may be: the reader's time grows with their square, to seconds in a picture full of them."""
_LEAST_CONTRAST = 8
"""Steps of grey between neighbours that make an edge: a third of what the reader needs."""
_SHOWN_ON_BLACK = 500_000
"""Pixels of a picture with transparency that is tried on a second ground."""
_MOST_KNOWN = 5_000
_DATA_URI = re.compile(r"data:image/[a-z.+-]{1,20}(?:;[a-z0-9=-]{1,30}){0,3};base64,([a-z0-9+/=%\s]++)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Reading:
    urls: tuple[str, ...]
    pixels: int
    """Zero for a picture that was not decoded."""
    readable: bool


_known: dict[str, _Reading] = {}
"""Pictures met in earlier mail, by digest: a company's logo comes with each of its mails."""


class QrCodes:
    """The codes of one mail's pictures, which are given in the order in which they stand in it.

    A picture that a cap left out, or that cannot be decoded, sets `Defect.PICTURE_UNREAD`: what it says is unknown. Caps:
    `pictures`, `picture_bytes`, and `picture_pixels` for all of them together.
    """

    def __init__(self, limits: Limits, defects: Defects) -> None:
        self._limits = limits
        self._defects = defects
        self._pictures = limits.pictures
        self._pixels = limits.picture_pixels

    def urls_of(self, data: bytes, media_type: str, digest: str = "") -> tuple[str, ...]:
        """The http and https addresses in a picture's codes; none for what is no picture of `FORMATS`. Never raises.

        `media_type` is what the first bytes say, `digest` the SHA-256 of the bytes where the caller has it already.
        """
        if media_type not in FORMATS:
            return ()
        if len(data) > self._limits.picture_bytes or self._pictures <= 0:
            self._defects.add(Defect.PICTURE_UNREAD)
            return ()
        digest = digest or sha256(data).hexdigest()
        reading = _known.get(digest)
        if reading is None:
            picture = picture_of(data, media_type)
            if (
                picture is not None
                and picture.pixels > self._pixels
                and min(picture.width, picture.height) >= _SMALLEST
            ):
                self._defects.add(Defect.PICTURE_UNREAD)
                return ()
            reading = _read(picture)
            if len(_known) >= _MOST_KNOWN:
                _known.clear()
            _known[digest] = reading
        # A picture known from another mail costs its budget all the same: one mail has the same links wherever it is read.
        if reading.pixels > self._pixels:
            self._defects.add(Defect.PICTURE_UNREAD)
            return ()
        if reading.pixels:
            self._pictures -= 1
            self._pixels -= reading.pixels
        if not reading.readable:
            self._defects.add(Defect.PICTURE_UNREAD)
        return reading.urls

    def urls_in_html(self, html: str) -> list[str]:
        """The same of the pictures that stand in an HTML text itself, as `data:` addresses (RFC 2397)."""
        if ";base64," not in html:
            return []
        found: list[str] = []
        for match in _DATA_URI.finditer(html):
            written = unquote_to_bytes(match[1]) if "%" in match[1] else match[1].encode()
            try:
                data = binascii.a2b_base64(written)
            except binascii.Error:
                self._defects.add(Defect.PICTURE_UNREAD)
                continue
            found += self.urls_of(data, sniffed(data))
        return found


def _read(picture: Picture | None) -> _Reading:
    if picture is None:
        return _Reading((), 0, readable=False)
    if min(picture.width, picture.height) < _SMALLEST:
        return _Reading((), 0, readable=True)
    try:
        texts = _texts(picture)
    except Exception:
        # Decoders raise whatever they please at broken pictures, and a picture must not cost the mail.
        return _Reading((), picture.pixels, readable=False)
    urls = [url for text in texts for url in urls_in(text[:_LONGEST_TEXT], 1) if url.lower().startswith("http")]
    return _Reading(tuple(dict.fromkeys(urls)), picture.pixels, readable=True)


def _texts(picture: Picture) -> list[str]:
    # Imported here: a tenth of a second that only mail with pictures needs.
    import zxingcpp
    from PIL import BmpImagePlugin, GifImagePlugin, Image, JpegImagePlugin, PngImagePlugin, WebPImagePlugin  # noqa: F401

    with Image.open(io.BytesIO(picture.data), formats=(picture.format,)) as image:
        if image.size[0] * image.size[1] > picture.pixels:
            raise ValueError("the decoder reads another size than the header tells")
        if picture.format == "JPEG":
            image.draft("L", image.size)
        for grey in _greys(image):
            if _corners(grey) > _MOST_CORNERS:
                raise ValueError("it looks like more corners of codes than are tried")
            codes = zxingcpp.read_barcodes(grey, formats=zxingcpp.barcode_formats_from_str("QRCode"))
            if codes:
                return [code.text for code in codes[:_MOST_CODES]]
    return []


def _greys(image: Image.Image) -> list[Image.Image]:
    """The picture in shades of grey; one with transparency on white and on black, as it may be shown on either."""
    from PIL import Image

    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        layers = image.convert("RGBA")
        shades, mask = layers.convert("L"), layers.getchannel("A")
        if mask.getextrema() == (255, 255):
            return [shades]
        colours = (255, 0) if shades.width * shades.height <= _SHOWN_ON_BLACK else (255,)
        grounds = [Image.new("L", image.size, colour) for colour in colours]
        for ground in grounds:
            ground.paste(shades, mask=mask)
        return grounds
    if image.mode.startswith("I"):
        return [image.convert("I").point(lambda shade: shade / 256).convert("L")]
    return [image.convert("L")]


def _corners(grey: Image.Image) -> int:
    """How often every third row goes dark and light as through a code's corner: 1 : 1 : 3 : 1 : 1 (ISO/IEC 18004, 5.3.2).

    The core of a corner is three modules high, so that none is missed however small it is.
    """
    steps = np.diff(np.asarray(grey)[::3].astype(np.int16), axis=1).reshape(-1)
    edges = np.flatnonzero(np.abs(steps) > _LEAST_CONTRAST)
    rising = steps[edges] > 0
    # A blurred edge is one edge.
    edges = edges[np.flatnonzero(rising[1:] != rising[:-1]) + 1]
    runs = np.diff(edges)
    if len(runs) < 5:
        return 0
    core = runs[2:-2]
    fits = core >= 2
    for module in (runs[:-4], runs[1:-3], runs[3:-1], runs[4:]):
        fits &= np.abs(3 * module - core) * 2 <= core + 3
    return int(np.count_nonzero(fits))
