import io
import threading
from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image

from tests.photos import make_photo
from tl_core.errors import DataError
from tl_core.modalities.base import MAX_BYTES
from tl_core.modalities.photo.decode import decode
from tl_core.modalities.photo.opening import describe, open_photo


def encode(image: Image.Image, kind: str, **options: object) -> bytes:
    stream = io.BytesIO()
    image.save(stream, kind, **options)
    return stream.getvalue()


def corner_photo() -> Image.Image:
    """Black, with a white top left corner: shows which way up it is."""
    image = Image.new("RGB", (40, 24))
    image.paste("white", (0, 0, 16, 12))
    return image


@pytest.mark.parametrize(
    "kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "HEIF", "AVIF", "PPM"]
)
def test_every_format_gives_rgb(kind: str) -> None:
    image = decode(encode(corner_photo(), kind))
    assert (image.mode, image.size) == ("RGB", (40, 24))
    assert min(image.getpixel((4, 4))) > 220 and max(image.getpixel((30, 20))) < 30
    assert describe(encode(corner_photo(), kind)).kind == kind


@pytest.mark.parametrize("kind", ["ICO", "PDF", "EPS", "TGA", "PCX", "JPEG2000"])
def test_other_formats_are_refused(kind: str) -> None:
    with pytest.raises(DataError, match="not a picture that can be read"):
        decode(encode(corner_photo(), kind))


def test_content_decides_not_the_name(tmp_path: Path) -> None:
    file = tmp_path / "photo.jpg"
    file.write_bytes(encode(corner_photo(), "PNG"))
    assert decode(file).size == (40, 24)
    assert describe(file) == ("PNG", "RGB", 40, 24)
    file.write_text("just words")
    with pytest.raises(DataError, match=r"photo\.jpg: not a picture"):
        decode(file)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF"])
def test_exif_orientation_is_applied(kind: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was held so that it has to be turned clockwise by 90 degrees
    if kind == "HEIF":
        data = io.BytesIO()
        pillow_heif.from_pillow(corner_photo()).save(data, exif=exif.tobytes())
        content = data.getvalue()
    else:
        content = encode(corner_photo(), kind, exif=exif)
    image = decode(content)
    assert image.size == (24, 40) == describe(content)[2:]
    assert min(image.getpixel((20, 4))) > 220 and max(image.getpixel((4, 4))) < 30
    opened = open_photo(content)
    assert describe(opened) == describe(content)
    assert decode(opened, shorter=8).tobytes() == decode(content, shorter=8).tobytes()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize(
    "exif", [b"garbage!", b"II*\0\x08\0\0\0\xff\xff", b"MM\0*\0\0\0\x08\0\x01"]
)
def test_damaged_exif_does_not_spoil_a_good_picture(kind: str, exif: bytes) -> None:
    exif = b"Exif\0\0" + exif
    data = encode(corner_photo(), kind, **({"exif": exif}))
    assert decode(data).size == (40, 24)


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
@pytest.mark.parametrize("kind", ["PNG", "WEBP", "TIFF"])
def test_transparency_becomes_white(mode: str, kind: str) -> None:
    image = Image.new(mode, (40, 24), (0,) * len(mode))
    image.paste((0, 255) if mode == "LA" else (200, 0, 0, 255), (0, 0, 20, 24))
    if (mode, kind) == ("LA", "WEBP"):
        image = image.convert("RGBA")
    result = decode(encode(image, kind, **({"lossless": True} if kind == "WEBP" else {})))
    assert result.getpixel((30, 5)) == (255, 255, 255)
    assert result.getpixel((5, 5)) == ((0, 0, 0) if mode == "LA" else (200, 0, 0))


@pytest.mark.parametrize(("kind", "transparency"), [("PNG", 0), ("PNG", b"\x00\xff"), ("GIF", 0)])
def test_a_transparent_palette_colour_becomes_white(kind: str, transparency: int | bytes) -> None:
    image = Image.new("P", (4, 4), 0)
    image.putpalette([0, 0, 0, 10, 200, 30])
    image.putpixel((1, 1), 1)
    result = decode(encode(image, kind, transparency=transparency))
    assert result.getpixel((0, 0)) == (255, 255, 255)
    assert result.getpixel((1, 1)) == (10, 200, 30)


def test_first_frame_of_an_animation() -> None:
    frames = [Image.new("RGB", (9, 9), colour) for colour in ("red", "blue")]
    data = encode(frames[0], "GIF", save_all=True, append_images=frames[1:])
    assert decode(data).getpixel((4, 4)) == (255, 0, 0)


def test_cmyk() -> None:
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    r, g, b = decode(encode(red, "JPEG")).getpixel((8, 8))
    assert r > 240 and g < 20 and b < 20


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_16_bit_grey_is_scaled_not_clipped(kind: str) -> None:
    values = np.array([[0, 257, 32896, 65535]], np.uint16)
    image = decode(encode(Image.fromarray(values), kind))
    assert [image.getpixel((x, 0))[0] for x in range(4)] == [0, 1, 128, 255]


@pytest.mark.parametrize("dtype", [np.int32, np.float32])
def test_32_bit_grey_is_stretched(dtype: type) -> None:
    image = Image.fromarray(np.array([[-100, 0, 300]], dtype))
    assert [decode(encode(image, "TIFF")).getpixel((x, 0))[1] for x in range(3)] == [0, 64, 255]
    even = Image.fromarray(np.full((3, 3), 7, dtype))
    assert decode(encode(even, "TIFF")).size == (3, 3)


def test_not_a_number_in_a_float_picture() -> None:
    values = np.array([[np.nan, 0.0, 1.0]], np.float32)
    assert decode(encode(Image.fromarray(values), "TIFF")).getpixel((2, 0)) == (255, 255, 255)


@pytest.mark.parametrize(
    "kind", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "HEIF", "AVIF", "PPM"]
)
@pytest.mark.parametrize("share", [0, 0.02, 0.3, 0.9])
def test_a_cut_off_file_is_an_error(kind: str, share: float) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (48, 64, 3), np.uint8)
    data = encode(Image.fromarray(noise), kind)
    with pytest.raises(DataError):
        decode(data[: int(len(data) * share)])


def test_limits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with (tmp_path / "large").open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10**12)
    with pytest.raises(DataError, match="10000 x 6000 pixels; at most 50 million"):
        decode(encode(Image.new("1", (10_000, 6_000)), "PNG"))
    with pytest.raises(DataError, match="thin line"):
        decode(encode(Image.new("1", (5_000, 3)), "PNG"))
    with pytest.raises(DataError, match="larger than 256 MB"):
        decode(tmp_path / "large")


def test_missing_file_and_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.jpg: the file cannot be read: No such file"):
        decode(tmp_path / "gone.jpg")
    with pytest.raises(DataError):
        decode(tmp_path)


def test_any_odd_exception_of_a_codec_becomes_a_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(corner_photo(), "PNG")
    for error in (SyntaxError("x"), OverflowError("x"), MemoryError(), RecursionError("x")):

        def fail(*args: object, error: Exception = error, **options: object) -> None:
            raise error

        monkeypatch.setattr(Image, "open", fail)
        with pytest.raises(DataError):
            decode(data)


def test_damaged_exif_in_many_threads_lets_no_warning_out() -> None:
    data = encode(corner_photo(), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff")
    failures: list[Exception] = []

    def work() -> None:
        try:
            for _ in range(20):
                decode(data)
        except Exception as error:
            failures.append(error)

    decode(data)
    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


@pytest.mark.timeout(60)
def test_malformed_files_decode_or_give_a_reason(malformed: Path) -> None:
    decoded = refused = 0
    for file in sorted(path for path in malformed.rglob("*") if path.is_file()):
        try:
            assert decode(file).mode == "RGB"
            decoded += 1
        except DataError as error:
            assert str(error).startswith(file.name)
            assert file.parent.name != "valid"
            refused += 1
    assert decoded > 150 and refused > 150


@pytest.mark.parametrize(
    ("size", "shorter", "expected"),
    [((1600, 1200), 100, (400, 300)), ((1600, 1200), 300, (800, 600)), ((160, 120), 100, None)],
)
def test_a_large_jpeg_is_decoded_smaller(
    size: tuple[int, int], shorter: int, expected: tuple[int, int] | None, tmp_path: Path
) -> None:
    file = tmp_path / "photo.jpg"
    make_photo(0, size=size).save(file, quality=95)
    image = decode(file, shorter=shorter)
    assert image.size == (expected or size)
    side = (shorter * size[0] // size[1], shorter)
    full = np.asarray(decode(file).resize(side, Image.Resampling.BILINEAR), dtype=float)
    draft = np.asarray(image.resize(side, Image.Resampling.BILINEAR), dtype=float)
    assert np.abs(full - draft).mean() < 3


def test_a_photo_on_its_side_is_decoded_smaller_and_stands(tmp_path: Path) -> None:
    file = tmp_path / "photo.jpg"
    exif = Image.Exif()
    exif[0x0112] = 6
    make_photo(0, size=(1600, 1200)).save(file, exif=exif)
    assert decode(file, shorter=100).size == (300, 400)


def test_other_formats_are_decoded_whole(tmp_path: Path) -> None:
    file = tmp_path / "photo.png"
    make_photo(0, size=(400, 300)).save(file)
    assert decode(file, shorter=20).size == (400, 300)


def test_what_a_codec_says_on_several_lines_is_told_on_one() -> None:
    whole = encode(make_photo(0, size=(24, 16)), "HEIF")
    with pytest.raises(DataError, match="damaged or cut off") as caught:
        decode(whole[:-1])
    assert "\n" not in str(caught.value)
