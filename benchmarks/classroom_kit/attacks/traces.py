"""Item 5: a coordinate in every place that a picture's format has for one, and what is stored."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pillow_heif
from PIL import Image, ImageCms, PngImagePlugin, TiffImagePlugin

from classroom_kit.attacks.files import chunk, small_photos, zipped
from classroom_kit.attacks.scene import Attack, Scene, Told

PLACE = "51.4778N-0.0014W"
GPS, AREA = 0x8825, 0x001C
"""The part of EXIF that tells of place, and its field in words."""


def mark(where: str) -> bytes:
    """Return the coordinate as it is planted in one place, and found again."""
    return f"{PLACE}:{where}:".encode()


def _picture(mode: str = "RGB", seed: int = 0) -> Image.Image:
    data = io.BytesIO(small_photos(8, 64)[seed % 8])
    return Image.open(data, formats=["JPEG"]).convert(mode)


def _exif(where: str) -> Image.Exif:
    exif = Image.Exif()
    exif.get_ifd(GPS)[AREA] = mark(where)
    exif[0x010E] = mark(where).decode()
    return exif


def _saved(kind: str, mode: str = "RGB", **options: object) -> bytes:
    stream = io.BytesIO()
    _picture(mode).save(stream, kind, **options)
    return stream.getvalue()


def _profile(where: str) -> bytes:
    """Return a colour profile that has the coordinate in its text."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    return profile + mark(where)


def _segment(marker: int, data: bytes) -> bytes:
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


def _jpegs() -> Iterator[tuple[str, bytes]]:
    plain = _saved("JPEG")

    def inserted(marker: int, data: bytes) -> bytes:
        return plain[:2] + _segment(marker, data) + plain[2:]

    yield "exif.jpg", _saved("JPEG", exif=_exif("exif.jpg"))
    yield "xmp.jpg", inserted(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + mark("xmp.jpg"))
    more = b"http://ns.adobe.com/xmp/extension/\0" + bytes(40) + mark("more-xmp.jpg")
    yield "more-xmp.jpg", inserted(0xE1, more)
    yield "iptc.jpg", inserted(0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0" + mark("iptc.jpg"))
    yield "comment.jpg", inserted(0xFE, mark("comment.jpg"))
    yield "profile.jpg", _saved("JPEG", icc_profile=_profile("profile.jpg"))
    yield "thumbnail.jpg", inserted(0xE0, b"JFXX\0\x10" + mark("thumbnail.jpg"))
    yield "own.jpg", inserted(0xEB, b"Maker\0" + mark("own.jpg"))
    yield "second.jpg", plain + _saved("JPEG", exif=_exif("second.jpg"))
    yield "motion.jpg", plain + b"\0\0\0\x18ftypmp42" + mark("motion.jpg") * 20
    picture = (mark("jfif.jpg") * 20)[: 3 * 10 * 10]
    yield "jfif.jpg", _with_thumbnail(plain, picture)
    yield "adobe.jpg", inserted(0xEE, b"Adobe\0\x64\0\0\0\0\1" + mark("adobe.jpg"))
    scan = plain.rindex(b"\xff\xd9")
    yield "before-end.jpg", plain[:scan] + _segment(0xFE, mark("before-end.jpg")) + plain[scan:]


def _with_thumbnail(data: bytes, pixels: bytes) -> bytes:
    """Return a JPEG whose first segment brings a small picture along."""
    length = struct.unpack(">H", data[4:6])[0]
    head = data[6 : 6 + 12] + bytes((10, 10)) + pixels
    return data[:2] + _segment(0xE0, head) + data[4 + length :]


def _pngs() -> Iterator[tuple[str, bytes]]:
    for mode in ("RGB", "RGBA", "P", "I;16", "L", "LA"):
        name = f"exif-{mode.replace(';', '')}.png"
        source = "L" if mode == "I;16" else mode
        picture = _picture(source)
        if mode == "I;16":
            picture = picture.convert("I").convert("I;16")
        stream = io.BytesIO()
        picture.save(stream, "PNG", exif=_exif(name))
        yield name, stream.getvalue()
    for name, add in (
        ("text.png", lambda i: i.add_text("Comment", mark("text.png").decode())),
        ("ztext.png", lambda i: i.add_text("Place", mark("ztext.png").decode(), zip=True)),
        ("xmp.png", lambda i: i.add_itxt("XML:com.adobe.xmp", mark("xmp.png").decode())),
        ("raw.png", lambda i: i.add_text("Raw profile type exif", _hexed("raw.png"))),
        ("own.png", lambda i: i.add(b"loCa", mark("own.png"))),
    ):
        info = PngImagePlugin.PngInfo()
        add(info)
        yield name, _saved("PNG", "RGBA", pnginfo=info)
    yield "profile.png", _saved("PNG", "RGBA", icc_profile=_profile("profile.png"))
    yield "behind.png", _saved("PNG", "RGBA") + mark("behind.png")
    png = _saved("PNG", "RGBA")
    inside = png[:-12] + chunk(b"IDAT", mark("late-data.png")) + png[-12:]
    yield "late-data.png", inside


def _hexed(where: str) -> str:
    data = b"Exif\0\0" + _exif(where).tobytes()
    return f"\nexif\n{len(data):8}\n{data.hex()}\n"


def _with_chunk(data: bytes, own: bytes) -> bytes:
    """Return a WebP with a chunk of its own at the end of its container."""
    more = b"loCa" + struct.pack("<I", len(own)) + own + bytes(len(own) % 2)
    return data[:4] + struct.pack("<I", len(data) - 8 + len(more)) + data[8:] + more


def _others() -> Iterator[tuple[str, bytes]]:
    for mode, lossless in (("RGB", False), ("RGBA", True)):
        for part in ("exif", "xmp", "icc_profile"):
            name = f"{part}-{mode}.webp"
            value = {
                "exif": _exif(name).tobytes(), "xmp": mark(name), "icc_profile": _profile(name),
            }[part]  # fmt: skip
            yield name, _saved("WEBP", mode, lossless=lossless, **{part: value})
    yield "behind.webp", _saved("WEBP") + mark("behind.webp")
    yield "own.webp", _with_chunk(_saved("WEBP", "RGBA", lossless=True), mark("own.webp"))
    yield "comment.gif", _saved("GIF", "P", comment=mark("comment.gif"))
    gif = _saved("GIF", "P")
    xmp = b"\x21\xff\x0bXMP DataXMP" + bytes([len(mark("xmp.gif"))]) + mark("xmp.gif") + b"\0"
    yield "xmp.gif", gif[:-1] + xmp + gif[-1:]
    text = mark("words.gif")
    words = b"\x21\x01\x0c" + bytes(12) + bytes([len(text)]) + text + b"\0"
    yield "words.gif", gif[:-1] + words + gif[-1:]
    yield "behind.gif", gif + mark("behind.gif")
    yield "exif.tif", _saved("TIFF", exif=_exif("exif.tif"))
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[700] = mark("xmp.tif")
    yield "xmp.tif", _saved("TIFF", tiffinfo=tags)
    yield "behind.tif", _saved("TIFF") + mark("behind.tif")
    bitmap = _saved("BMP")
    yield "behind.bmp", bitmap + mark("behind.bmp")
    start = struct.unpack("<I", bitmap[10:14])[0]
    gap = mark("gap.bmp")
    moved = bitmap[:10] + struct.pack("<I", start + len(gap)) + bitmap[14:start]
    yield "gap.bmp", moved + gap + bitmap[start:]
    stream = io.BytesIO()
    pillow_heif.from_pillow(_picture()).save(stream, exif=_exif("exif.heic").tobytes())
    yield "exif.heic", stream.getvalue()


@cache
def planted() -> dict[str, bytes]:
    """Return every picture by its name, which its coordinate repeats."""
    return dict([*_jpegs(), *_pngs(), *_others()])


def unfolded(data: bytes) -> bytes:
    """Return a file's bytes, and after them whatever is squeezed or spelled out in it."""
    found = [data]
    for kind, skip in ((b"zTXt", 1), (b"iCCP", 1), (b"iTXt", 5)):
        place = data.find(kind)
        while place >= 0:
            (length,) = struct.unpack(">I", data[place - 4 : place])
            body = data[place + 4 : place + 4 + length]
            start = body.find(b"\0") + skip
            for offset in range(start, min(start + 6, len(body))):
                try:
                    found.append(zlib.decompressobj().decompress(body[offset:]))
                except zlib.error:
                    continue
            place = data.find(kind, place + 4)
    return b"\n".join(found)


def left(folder: Path) -> list[str]:
    """Return the pictures whose coordinate stands in some file of a folder."""
    stored = b"\n".join(unfolded(p.read_bytes()) for p in folder.rglob("*") if p.is_file())
    return [n for n in planted() if mark(n) in stored or mark(n).hex().encode() in stored]


async def coordinates(scene: Scene) -> Told:
    """Upload every picture, and look for its coordinate in the files of the server."""
    visitor = await scene.visitor("data")
    await visitor.bring(
        zipped((f"{n % 2}/{name}", d) for n, (name, d) in enumerate(planted().items()))
    )
    photos = scene.count("select max(photos) from uploads")
    found = left(scene.home)
    text = f"{photos} of {len(planted())} pictures taken, the coordinate stays in {len(found)}"
    return Told(text + (f" ({', '.join(found)})" if found else ""), not found and photos > 0)


TRACES = (
    Attack(
        "coordinates", "5", "a coordinate in every place of JPEG, PNG, WebP, GIF, TIFF, BMP, HEIC",
        "in no stored byte", coordinates, prepare=planted,
    ),
)  # fmt: skip
