"""A QR code in a picture is a link of the mail, and a picture that was not read is no picture without a code."""

from __future__ import annotations

import base64
import io
import time
import zlib
from collections.abc import Callable
from email.message import EmailMessage

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from detection.mail import qr
from detection.mail.batch import LinkFlag
from detection.mail.columns import Origin, from_messages
from detection.mail.limits import DEFAULT_LIMITS, Limits
from detection.mail.message import Defect, Link, Message
from detection.mail.organisation import Organisation
from detection.mail.parse import read_message
from onboarding.sources.simulated.qr import qr_picture

URL = "https://login.example.com/verify?x=1"
PNG = qr_picture(URL)
CODE = Image.open(io.BytesIO(PNG))
PLAIN = Image.linear_gradient("L")


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    kept = io.BytesIO()
    image.save(kept, kind, **options)
    return kept.getvalue()


def mail(*pictures: bytes, html: str = "") -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "a@example.com", "b@acme.example"
    message["Date"] = "Fri, 8 Sep 2023 05:47:04 +0000"
    message.set_content("hello")
    if html:
        message.add_alternative(html, subtype="html")
    for picture in pictures:
        message.add_attachment(picture, maintype="image", subtype="png", filename="p.png")
    return message.as_bytes()


def read(content: bytes, limits: Limits = DEFAULT_LIMITS) -> Message:
    message = read_message(content, limits)
    assert isinstance(message, Message)
    return message


def codes(message: Message) -> list[str]:
    return [link.url for link in message.links if link.from_code]


def transparent(colour: int) -> Image.Image:
    image = Image.new("RGBA", CODE.size, (colour, colour, colour, 0))
    image.putalpha(ImageOps.invert(CODE))
    return image


def page() -> Image.Image:
    image = Image.new("RGB", (1240, 1754), "white")
    image.paste(CODE, (600, 900))
    return image


READABLE: dict[str, Callable[[], bytes]] = {
    "PNG": lambda: PNG,
    "PNG with a palette": lambda: encoded(CODE.convert("P"), "PNG"),
    "PNG of one bit": lambda: encoded(CODE.convert("1"), "PNG"),
    "PNG of 16 bits": lambda: encoded(Image.fromarray(np.asarray(CODE).astype(np.uint16) * 257), "PNG"),
    "black on nothing": lambda: encoded(transparent(0), "PNG"),
    "white on nothing": lambda: encoded(transparent(255), "PNG"),
    "light on dark": lambda: encoded(ImageOps.invert(CODE), "PNG"),
    "in colours": lambda: encoded(ImageOps.colorize(CODE, "navy", "pink"), "PNG"),
    "turned": lambda: encoded(CODE.rotate(30, expand=True, fillcolor=255), "PNG"),
    "JPEG": lambda: encoded(CODE, "JPEG"),
    "progressive JPEG": lambda: encoded(CODE.convert("RGB"), "JPEG", progressive=True),
    "JPEG of four colours": lambda: encoded(CODE.convert("CMYK"), "JPEG"),
    "GIF": lambda: encoded(CODE, "GIF"),
    "GIF that moves": lambda: encoded(CODE, "GIF", save_all=True, append_images=[Image.new("L", CODE.size)]),
    "BMP": lambda: encoded(CODE, "BMP"),
    "WebP": lambda: encoded(CODE, "WEBP"),
    "WebP without loss": lambda: encoded(CODE.convert("RGB"), "WEBP", lossless=True),
    "on a page of A4": lambda: encoded(page(), "PNG"),
    "on a photographed page": lambda: encoded(page(), "JPEG"),
}


@pytest.mark.parametrize("kind", READABLE)
def test_a_code_is_read_in_every_kind_of_picture(kind: str) -> None:
    message = read(mail(READABLE[kind]()))
    assert codes(message) == [URL]
    assert message.links[-1].host == "login.example.com"
    assert message.defects == 0


def test_a_code_becomes_a_link_of_the_columns() -> None:
    batch = from_messages([(read(mail(PNG)), Origin("b", "x"))], Organisation(frozenset({"acme.example"})))
    assert list(batch.link_host) == ["login.example.com"]
    assert batch.link_flags[0] & LinkFlag.FROM_QR_CODE
    assert batch.link_count[0] == 1


def test_a_code_in_a_picture_of_the_html_itself_is_read() -> None:
    uri = base64.b64encode(PNG).decode()
    message = read(mail(html=f'<p>x</p><img src="data:image/png;base64,{uri}">'))
    assert codes(message) == [URL]


def test_a_link_that_the_text_gives_too_is_two_links() -> None:
    message = read(mail(PNG, html=f'<a href="{URL}">x</a>'))
    assert [link.from_code for link in message.links] == [False, True]


@pytest.mark.parametrize("text", ["WIFI:T:WPA;S=x;;", "tel:+15550100", "ftp://a.example/x", "hello"])
def test_a_code_that_is_no_web_address_is_no_link(text: str) -> None:
    message = read(mail(qr_picture(text)))
    assert codes(message) == []
    assert message.defects == 0


def test_a_picture_without_a_code_is_plain() -> None:
    message = read(mail(encoded(PLAIN, "PNG"), encoded(Image.new("L", (9, 9)), "GIF")))
    assert (codes(message), message.defects) == ([], 0)


def test_a_known_picture_gives_the_same_as_when_it_was_new() -> None:
    tight = Limits(picture_pixels=CODE.width * CODE.height * 3 // 2)
    content = mail(PNG, qr_picture("https://b.example/"))
    qr._known.clear()
    first = read(content, tight)
    read(mail(qr_picture("https://b.example/")), tight)
    assert read(content, tight) == first
    assert codes(first) == [URL]
    assert first.defects == Defect.PICTURE_UNREAD


def chunk(kind: bytes, content: bytes) -> bytes:
    return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")


def corners(module: int) -> bytes:
    """Nothing but corners of codes."""
    corner = np.zeros((7, 7), np.uint8)
    corner[1:6, 1:6] = 255
    corner[2:5, 2:5] = 0
    tile = np.pad(corner, ((0, 1), (0, 1)), constant_values=255)
    tile = np.kron(tile, np.ones((module, module), np.uint8))
    times = 1480 // len(tile)
    return encoded(Image.fromarray(np.tile(tile, (times, times))), "PNG")


def png_with(*chunks: bytes) -> bytes:
    return PNG[:33] + b"".join(chunks) + PNG[33:]


JPEG = encoded(CODE, "JPEG", progressive=True)
SCAN = JPEG.index(b"\xff\xda")
UNREAD: dict[str, Callable[[], list[bytes]]] = {
    "10,000 by 10,000 pixels": lambda: [encoded(Image.new("1", (10_000, 10_000)), "PNG")],
    "a JPEG of 60,000 by 60,000 in its header": lambda: [
        JPEG[: (at := JPEG.index(b"\xff\xc2")) + 5] + b"\xea\x60\xea\x60" + JPEG[at + 9 :]
    ],
    "a WebP canvas of 16,384 by 16,384": lambda: [
        b"RIFF\x1e\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0\xff\x3f\0\xff\x3f\0" + bytes(12)
    ],
    "cut off": lambda: [PNG[:150]],
    "only a beginning": lambda: [PNG[:8]],
    "a JPEG cut off": lambda: [JPEG[: len(JPEG) // 2]],
    "noise behind a header": lambda: [PNG[:33] + np.random.default_rng(1).bytes(5_000)],
    "too many bytes": lambda: [PNG + bytes(2_000_000)],
    "200 pictures": lambda: [PNG + bytes([i]) for i in range(200)],
    "a picture full of corners": lambda: [corners(1)],
    "a picture full of larger corners": lambda: [corners(3)],
    "50,000 chunks": lambda: [png_with(chunk(b"IDAT", b"") * 50_000)],
    "a thousand passes": lambda: [JPEG[:SCAN] + JPEG[SCAN : SCAN + 12] * 1_000 + JPEG[SCAN:]],
    "50,000 remarks in a JPEG": lambda: [JPEG[:2] + b"\xff\xfe\0\x02" * 50_000 + JPEG[2:]],
    "a GIF of remarks": lambda: [encoded(CODE, "GIF")[:13] + b"\x21\xfe" + b"\1x" * 100_000 + b"\0"],
}


@pytest.mark.parametrize("name", UNREAD)
def test_a_picture_beyond_the_caps_or_broken_is_unknown_and_costs_little(name: str) -> None:
    read(mail(PNG))
    content = mail(*UNREAD[name]())
    qr._known.clear()
    begun = time.process_time()
    message = read(content)
    assert time.process_time() - begun < 0.5, "on a quiet core it takes less than 50 ms"
    assert message.defects & Defect.PICTURE_UNREAD


def test_compressed_remarks_are_not_unpacked() -> None:
    remark = chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(50_000_000)))
    message = read(mail(png_with(*[remark] * 10)))
    assert codes(message) == [URL]


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from([PNG, JPEG, *(encoded(CODE, kind) for kind in ("GIF", "BMP", "WEBP"))]),
    st.lists(st.tuples(st.integers(0, 700), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_no_change_to_a_picture_makes_it_raise(picture: bytes, changes: list[tuple[int, int]]) -> None:
    changed = bytearray(picture)
    for at, value in changes:
        changed[at % len(changed)] = value
    message = read(mail(bytes(changed)))
    assert all(isinstance(link, Link) for link in message.links)
