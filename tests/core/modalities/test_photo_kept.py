"""What is kept of a photo that was sent: its pixels, and not a word of place, time or camera."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pillow_heif
import pytest
from PIL import Image, PngImagePlugin

from tests.photos import make_photo
from tl_core.errors import DataError
from tl_core.modalities.photo.bare import bare
from tl_core.modalities.photo.decode import decode
from tl_core.modalities.photo.shrink import SHORTER_SIDE, preview, rewrite, shrink

WHERE = b"N 52 31 12.025"
"""What no stored byte may say."""

MANY = 10**7


def encoded(image: Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def picture(mode: str = "RGB") -> Image.Image:
    return make_photo(0, size=(80, 60)).convert(mode)


def telling_exif() -> bytes:
    exif = Image.Exif()
    exif[0x010F] = WHERE.decode()  # the camera's maker
    gps = exif.get_ifd(0x8825)
    gps[1], gps[27] = "N", WHERE
    return exif.tobytes()


def text_in_all_chunks() -> PngImagePlugin.PngInfo:
    info = PngImagePlugin.PngInfo()
    info.add_text("Comment", WHERE.decode())
    info.add_text("Raw profile type exif", "\nexif\n 14\n" + WHERE.hex())
    info.add_itxt("XML:com.adobe.xmp", WHERE.decode())
    return info


# ------------------------------------------------------------------------------- hand-made JPEGs


def segment(marker: int, content: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", len(content) + 2) + content


def jpeg(**options: Any) -> bytes:
    return encoded(picture(), quality=90, **options)


def behind_the_start(added: bytes) -> bytes:
    return jpeg()[:2] + added + jpeg()[2:]


def before_the_scan(added: bytes) -> bytes:
    data = jpeg()
    place = data.index(b"\xff\xda")
    return data[:place] + added + data[place:]


def in_the_scan(added: bytes) -> bytes:
    return jpeg()[:-2] + added + b"\xff\xd9"


def unused_code() -> bytes:
    return segment(0xC4, bytes([0x12, len(WHERE), *[0] * 15]) + WHERE)


def words_in_a_used_code() -> bytes:
    """Return a JPEG one of whose codes names signs that the pixels never use, and can never use."""
    data = encoded(Image.new("RGB", (80, 60), "white"), quality=90)
    place = data.index(b"\x22\x71\x14\x32")  # rare ones, as the standard lists them
    return data[:place] + WHERE + data[place + len(WHERE) :]


JPEGS: dict[str, Callable[[], bytes]] = {
    "EXIF": lambda: jpeg(exif=telling_exif()),
    "EXIF of a photo that lies": lambda: jpeg(exif=lying()),
    "comment": lambda: jpeg(comment=WHERE),
    "ICC profile": lambda: jpeg(icc_profile=b"\0" * 128 + WHERE),
    "XMP": lambda: jpeg(xmp=WHERE),
    "Photoshop": lambda: behind_the_start(segment(0xED, b"Photoshop 3.0\x008BIM" + WHERE)),
    "unknown application": lambda: behind_the_start(segment(0xE7, WHERE)),
    "thumbnail in JFIF": lambda: (
        b"\xff\xd8" + segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\5\1" + WHERE + b"!") + jpeg()[20:]
    ),
    "thumbnail in JFXX": lambda: (
        jpeg()[:20] + segment(0xE0, b"JFXX\0\x13\5\1" + WHERE) + jpeg()[20:]
    ),
    "too long an Adobe segment": lambda: behind_the_start(
        segment(0xEE, b"Adobe\0\x64\0\0\0\0\1" + WHERE)
    ),
    "between segments": lambda: before_the_scan(WHERE),
    "steps that nothing uses": lambda: before_the_scan(
        segment(0xDB, b"\3" + WHERE + b"\1" * (64 - len(WHERE)))
    ),
    "a code that nothing uses": lambda: before_the_scan(unused_code()),
    "words in a code": words_in_a_used_code,
    "behind the last pixel": lambda: in_the_scan(WHERE),
    "behind the end": lambda: jpeg() + WHERE,
    "a second picture": lambda: jpeg() + jpeg(exif=telling_exif()),
    "several pictures": lambda: encoded(
        picture(), "MPO", save_all=True, append_images=[picture()], exif=telling_exif()
    ),
    "progressive": lambda: jpeg(progressive=True, comment=WHERE),
    "restart intervals": lambda: jpeg(restart_marker_blocks=2, comment=WHERE),
    "in several scans' gaps": lambda: jpeg(progressive=True).replace(
        b"\xff\xc4", segment(0xFE, WHERE) + b"\xff\xc4"
    ),
}


def lying() -> bytes:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, WHERE.decode()
    return exif.tobytes()


# --------------------------------------------------------------------------------- hand-made PNGs


def chunk(kind: bytes, content: bytes) -> bytes:
    body = kind + content
    return struct.pack(">I", len(content)) + body + struct.pack(">I", zlib.crc32(body))


def png(mode: str = "RGB", **options: Any) -> bytes:
    return encoded(picture(mode), "PNG", **options)


def before_the_pixels(added: bytes, data: bytes | None = None) -> bytes:
    data = data or png()
    place = data.index(b"IDAT") - 4
    return data[:place] + added + data[place:]


def other_pixels(change: Callable[[bytes], bytes]) -> bytes:
    """Return a PNG whose compressed pixels are changed."""
    data = png()
    place = data.index(b"IDAT") - 4
    size = struct.unpack(">I", data[place : place + 4])[0]
    content = data[place + 8 : place + 8 + size]
    return data[:place] + chunk(b"IDAT", change(content)) + data[place + 12 + size :]


def hidden_below_transparency() -> bytes:
    pixels = np.zeros((60, 80, 4), np.uint8)
    pixels[:, :40] = 200, 30, 30, 255
    pixels[0, 40 : 40 + len(WHERE), 0] = list(WHERE)
    plain = pixels.tobytes()
    rows = b"".join(b"\0" + plain[i : i + 320] for i in range(0, len(plain), 320))
    header = struct.pack(">IIBBBBB", 80, 60, 8, 6, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(kind, content)
        for kind, content in (
            (b"IHDR", header), (b"IDAT", zlib.compress(rows, 0)), (b"IEND", b""),
        )
    )  # fmt: skip


def unused_colours() -> bytes:
    image = picture().quantize(16)
    palette = image.getpalette() or []
    image.putpalette((palette + [0] * 48)[:48] + list(WHERE) + [0])
    return encoded(image, "PNG", bits=8)


PNGS: dict[str, Callable[[], bytes]] = {
    **{
        f"EXIF, {mode}": lambda mode=mode: png(mode, exif=telling_exif())  # type: ignore[misc]
        for mode in ("L", "P", "RGB", "RGBA", "LA", "I;16", "1")
    },
    "text": lambda: png(pnginfo=text_in_all_chunks()),
    "text in a palette's": lambda: png("P", pnginfo=text_in_all_chunks()),
    "text behind the pixels": lambda: png()[:-12] + chunk(b"tEXt", b"a\0" + WHERE) + png()[-12:],
    "ICC profile": lambda: png(icc_profile=WHERE),
    "an own chunk": lambda: before_the_pixels(chunk(b"loCa", WHERE)),
    "a palette of a colour photo": lambda: before_the_pixels(chunk(b"PLTE", WHERE + b"1")),
    "a colour that means nothing": lambda: before_the_pixels(chunk(b"tRNS", WHERE[-6:])),
    "behind the compressed pixels": lambda: other_pixels(lambda data: data + WHERE),
    "behind the last row": lambda: other_pixels(
        lambda data: zlib.compress(zlib.decompress(data) + WHERE, 0)
    ),
    "behind the end": lambda: png() + WHERE,
    "below transparent pixels": hidden_below_transparency,
    "colours that nothing uses": unused_colours,
    "a film": lambda: encoded(
        picture(), "PNG", save_all=True, append_images=[picture("L").convert("RGB")],
        pnginfo=text_in_all_chunks(),
    ),
}  # fmt: skip


# ---------------------------------------------------------------------------------- other formats


def gif_with_xmp() -> bytes:
    data = encoded(picture().quantize(16), "GIF", comment=WHERE)
    xmp = b"\x21\xff\x0bXMP DataXMP" + bytes([len(WHERE)]) + WHERE + b"\0"
    return data[:-1] + xmp + b";" + WHERE


def bmp_with_a_gap() -> bytes:
    data = bytearray(encoded(picture(), "BMP"))
    start = struct.unpack("<I", data[10:14])[0]
    data[10:14] = struct.pack("<I", start + len(WHERE))
    return bytes(data[:start]) + WHERE + bytes(data[start:]) + WHERE


def heif() -> bytes:
    stream = io.BytesIO()
    pillow_heif.from_pillow(picture()).save(stream, exif=telling_exif(), xmp=WHERE)
    return stream.getvalue()


OTHERS: dict[str, Callable[[], bytes]] = {
    "WebP": lambda: encoded(picture(), "WEBP", exif=telling_exif(), xmp=WHERE),
    "WebP without loss": lambda: encoded(picture(), "WEBP", lossless=True, exif=telling_exif()),
    "WebP, transparent": lambda: encoded(picture("RGBA"), "WEBP", exif=telling_exif()),
    "WebP, moving": lambda: encoded(
        picture(), "WEBP", save_all=True, append_images=[picture()], xmp=WHERE
    ),
    "WebP with a tail": lambda: encoded(picture(), "WEBP") + WHERE,
    "GIF": gif_with_xmp,
    "BMP": bmp_with_a_gap,
    "TIFF": lambda: encoded(picture(), "TIFF", exif=telling_exif(), description=WHERE.decode()),
    "HEIF": heif,
    "AVIF": lambda: encoded(picture(), "AVIF", exif=telling_exif(), xmp=WHERE),
    "AVIF, ICC profile": lambda: encoded(picture(), "AVIF", icc_profile=b"\0" * 128 + WHERE),
    "AVIF with a tail": lambda: encoded(picture(), "AVIF") + WHERE,
    "AVIF with a box of its own": lambda: (
        encoded(picture(), "AVIF") + struct.pack(">I", 8 + len(WHERE)) + b"free" + WHERE
    ),
    "PPM": lambda: encoded(picture(), "PPM") + WHERE,
    "PPM, comment": lambda: b"P6\n#" + WHERE + encoded(picture(), "PPM")[2:],
    "PGM, 16 bits": lambda: encoded(picture("I;16"), "PPM") + WHERE,
    "TIFF, 16 bits": lambda: encoded(picture("I;16"), "TIFF", description=WHERE.decode()),
}

ALL = {
    f"{kind}: {name}": make
    for kind, some in (("JPEG", JPEGS), ("PNG", PNGS), ("other", OTHERS))
    for name, make in some.items()
}


def speaks(data: bytes) -> bool:
    """Tell whether a file says where it was taken, plainly, in hexadecimal or compressed."""
    plain = [data]
    if data.startswith(b"\x89PNG"):
        plain += [_inflated(data[i:]) for i in range(len(data)) if data[i : i + 1] == b"\x78"]
    if data.startswith(b"\x89PNG"):  # what lies below transparent pixels too
        with Image.open(io.BytesIO(data)) as image:
            plain.append(np.asarray(image)[..., :1].tobytes())
    return any(WHERE in text or WHERE.hex().encode() in text for text in plain)


def _inflated(data: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(data)
    except zlib.error:
        return b""


@pytest.mark.parametrize("make", ALL.values(), ids=ALL.keys())
def test_no_stored_byte_tells_the_place(make: Callable[[], bytes]) -> None:
    sent = make()
    assert speaks(sent) or WHERE[-6:] in sent
    kept = shrink(sent, MANY)
    assert kept.content is not None and not kept.smaller
    assert not speaks(kept.content) and not speaks(kept.preview)
    assert bare(kept.content) == kept.content  # so it stays as it is from now on
    again = shrink(kept.content, MANY)
    assert again.content is None
    asked = rewrite(sent, MANY)
    assert not speaks(asked.content) and not speaks(asked.picture)


PLAIN = {
    "JPEG": jpeg,
    "JPEG, best codes": lambda: jpeg(optimize=True),
    "JPEG, all colours": lambda: jpeg(subsampling=0),
    "JPEG, grey": lambda: encoded(picture("L")),
    "JPEG, CMYK": lambda: encoded(picture("CMYK")),
    "JPEG, black": lambda: encoded(Image.new("RGB", (80, 60))),
    "JPEG, white": lambda: encoded(Image.new("RGB", (80, 60), "white")),
    "JPEG, odd size": lambda: encoded(make_photo(0, size=(77, 51))),
    "PNG": png,
    "PNG, grey": lambda: png("L"),
    "PNG, 16 bits": lambda: png("I;16"),
    "PNG, hardly compressed": lambda: png(compress_level=0),
}


@pytest.mark.parametrize("make", PLAIN.values(), ids=PLAIN.keys())
def test_a_plain_photo_stays_byte_for_byte(make: Callable[[], bytes]) -> None:
    assert bare(make()) == make()
    assert shrink(make(), MANY).content is None


LOSSLESS = {
    name: make
    for name, make in ALL.items()
    if name
    in (
        "JPEG: EXIF", "JPEG: comment", "JPEG: ICC profile", "JPEG: XMP", "JPEG: Photoshop",
        "JPEG: behind the end", "JPEG: a second picture", "JPEG: several pictures",
        "other: WebP without loss", "other: GIF", "other: BMP", "other: TIFF", "other: PPM",
        "other: PPM, comment", "other: PGM, 16 bits", "other: TIFF, 16 bits",
    )
    or name.startswith("PNG")
}  # fmt: skip


@pytest.mark.parametrize("make", LOSSLESS.values(), ids=LOSSLESS.keys())
def test_pixels_stay_the_same_where_nothing_was_lost_before(make: Callable[[], bytes]) -> None:
    sent = make()
    content = shrink(sent, MANY).content
    assert content is not None
    assert np.array_equal(np.asarray(decode(content)), np.asarray(decode(sent)))


def test_a_photo_without_loss_takes_no_more_than_twice_its_room() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (400, 400), np.uint8)
    sent = encoded(Image.fromarray(noise).convert("P"), "GIF")
    content = shrink(sent, MANY).content
    assert content is not None and len(content) <= 2 * len(sent)


def test_thousands_of_scans_are_written_anew_as_one() -> None:
    once = jpeg(progressive=True)
    last = once.rindex(b"\xff\xda")
    scan = once[last:-2]
    sent = once[:-2] + 50 * scan + b"\xff\xd9"
    content = shrink(sent, MANY).content
    assert content is not None and content.count(b"\xff\xda") == 1


def test_a_word_hidden_behind_the_last_pixel_is_found_by_its_position_alone() -> None:
    """Short ones pass: some encoders fill up whole words."""
    assert bare(in_the_scan(b"\0" * 40)) is None
    assert bare(in_the_scan(b"N52")) == in_the_scan(b"N52")


def test_nothing_that_is_cut_or_changed_brings_the_parser_down() -> None:
    draw = np.random.default_rng(0)
    for data in (jpeg(), png()):
        for length in range(0, len(data), 7):
            assert bare(data[:length]) is None
        for _ in range(200):
            spoilt = bytearray(data)
            spoilt[draw.integers(2, len(data) // 3)] = draw.integers(256)
            try:
                decode(bytes(spoilt))
            except DataError:
                continue
            bare(bytes(spoilt))


def test_one_preview_or_a_sheet_of_four() -> None:
    for count, side in ((1, 180), (3, 360), (4, 360)):
        sheet = decode(preview([jpeg(), png(), png("RGBA"), jpeg()][:count]))
        assert sheet.size == (side, side)
    assert decode(shrink(jpeg(), MANY).preview).size == (180, 180)


def test_a_question_is_shown_no_larger_than_a_screen_needs() -> None:
    asked = rewrite(encoded(make_photo(0, size=(3000, 1200))), MANY)
    assert min(decode(asked.content).size) == SHORTER_SIDE
    assert asked.content.startswith(b"\x89PNG") and max(decode(asked.picture).size) == 960
