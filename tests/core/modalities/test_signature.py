"""Signatures of photos: near for the same picture in another file, far for another picture."""

from __future__ import annotations

import io
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image, ImageEnhance

from tests.photos import make_photo
from tl_core.data.copies.twins import NEAR, NEAR_BY_NAME, TONE
from tl_core.modalities.photo.decode import decode
from tl_core.modalities.photo.signature import signature


def scene(seed: int, size: tuple[int, int] = (400, 300)) -> Image.Image:
    """Draw blobs of colour of every size, the larger the stronger, as in photos."""
    rng = np.random.default_rng(seed)
    total = np.full((size[1], size[0], 3), 128.0)
    for across in (4, 8, 16, 32, 64):
        blobs = rng.normal(128, 200 / across**0.8, (across * 3 // 4, across, 3)).clip(0, 255)
        blurred = Image.fromarray(blobs.astype(np.uint8)).resize(size, Image.Resampling.BICUBIC)
        total += np.asarray(blurred) - 128.0
    return Image.fromarray(total.clip(0, 255).astype(np.uint8))


def stored(image: Image.Image, kind: str = "JPEG", **settings: int) -> str:
    """Return the signature of a picture that was stored as a file, as the check decodes it."""
    stream = io.BytesIO()
    image.save(stream, kind, **settings)
    return signature(decode(stream.getvalue(), shorter=64))


def differences(one: str, other: str) -> tuple[int, int]:
    """Return the differing bits of shape, and the largest difference of a byte of tone."""
    a, b = (np.frombuffer(bytes.fromhex(text), np.uint8) for text in (one, other))
    tones = np.abs(a[32:].astype(int) - b[32:].astype(int))
    return int(np.bitwise_count(a[:32] ^ b[:32]).sum()), int(tones.max())


ORIGINAL = scene(1)

COPIES = {
    "recompressed": stored(ORIGINAL, quality=30),
    "png": stored(ORIGINAL, "PNG"),
    "webp": stored(ORIGINAL, "WEBP", quality=60),
    "heic": stored(ORIGINAL, "HEIF", quality=50),
    "gif": stored(ORIGINAL, "GIF"),
    "a quarter": stored(ORIGINAL.resize((100, 75), Image.Resampling.LANCZOS)),
    "four times": stored(ORIGINAL.resize((1600, 1200), Image.Resampling.BICUBIC)),
    "brighter": stored(ImageEnhance.Brightness(ORIGINAL).enhance(1.05)),
    "darker": stored(ImageEnhance.Brightness(ORIGINAL).enhance(0.95)),
}


@pytest.mark.parametrize("kind", COPIES)
def test_a_copy_is_near(kind: str) -> None:
    bits, tone = differences(stored(ORIGINAL, quality=95), COPIES[kind])
    assert bits <= NEAR and tone <= TONE


def test_what_is_cropped_a_little_is_near_enough_under_a_name_of_copies() -> None:
    cropped = ORIGINAL.crop((6, 4, 394, 296))
    bits, tone = differences(stored(ORIGINAL), stored(cropped))
    assert bits <= NEAR_BY_NAME and tone <= TONE


def test_different_photos_are_far() -> None:
    scenes = [stored(scene(seed)) for seed in range(12)]
    striped = [stored(make_photo(label, seed=seed)) for label in range(2) for seed in range(6)]
    for pictures in (scenes, striped):
        for number, one in enumerate(pictures):
            for other in pictures[:number]:
                assert differences(one, other)[0] > 2 * NEAR


def test_what_differs_in_colour_alone_is_not_the_same() -> None:
    grey = ORIGINAL.convert("L")
    dark = grey.point(lambda value: value // 2)
    reddish = Image.merge("RGB", (grey, dark, dark))
    greenish = Image.merge("RGB", (dark, grey, dark))
    bits, tone = differences(stored(reddish), stored(greenish))
    assert bits <= NEAR and tone > TONE


@pytest.mark.parametrize("colour", ["black", "white", "#4080c0"])
def test_what_shows_nothing_has_none(colour: str) -> None:
    flat = Image.new("RGB", (90, 70), colour)
    assert stored(flat) == ""
    noise = np.random.default_rng(0).integers(-1, 2, (70, 90, 3))
    noisy = (np.asarray(flat).astype(int) + noise).clip(0, 255).astype(np.uint8)
    assert stored(Image.fromarray(noisy), "PNG") == ""


@pytest.mark.parametrize("size", [(1, 1), (1, 90), (64, 64), (64, 6000), (2000, 70)])
def test_every_size_has_one_of_the_agreed_form(size: tuple[int, int]) -> None:
    text = signature(scene(3).resize(size))
    assert re.fullmatch("([0-9a-f]{128})?", text)
    assert bool(text) == (size != (1, 1))
    assert text == signature(scene(3).resize(size))


def test_the_hash_is_loaded_with_the_first_signature_alone() -> None:
    code = (
        "import sys, tl_core.modalities.photo.signature, tl_core.data.copies.twins;"
        "print({'imagehash', 'scipy', 'numpy', 'pywt'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
