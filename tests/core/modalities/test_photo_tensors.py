"""Photos as tensors, against torchvision's own operations."""

import io
import math

import numpy as np
import pytest
import torch
from PIL import Image

from tl_core.compat import torchvision  # noqa: F401
from tl_core.modalities.photo.augment import AUGMENTATIONS
from tl_core.modalities.photo.opening import Photo, open_photo
from tl_core.modalities.photo.preprocessing import PhotoPreprocessing
from tl_core.modalities.photo.tensors import (
    PhotoForm,
    evaluation_form,
    input_layer,
    made_up_batch,
    to_array,
    training_form,
)

# isort: split
from torchvision.transforms import v2
from torchvision.transforms.functional import InterpolationMode

PREPROCESSING = PhotoPreprocessing(40, 32, "bilinear", (0.48, 0.45, 0.4), (0.27, 0.26, 0.28))


def random_image(width: int, height: int) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)
    return Image.fromarray(pixels)


def random_photo(width: int, height: int) -> Photo:
    stream = io.BytesIO()
    random_image(width, height).save(stream, "PNG")
    return open_photo(stream.getvalue())


@pytest.mark.parametrize("interpolation", ["bilinear", "bicubic"])
@pytest.mark.parametrize(
    "size", [(80, 60), (61, 97), (33, 200), (20, 20), (500, 375), (7, 300), (41, 40)]
)
def test_the_measured_view_equals_torchvisions_preset(
    interpolation: str, size: tuple[int, int]
) -> None:
    preset = v2.Compose([v2.Resize(40, InterpolationMode(interpolation)), v2.CenterCrop(32)])
    preprocessing = PhotoPreprocessing(40, 32, interpolation, (0.5,) * 3, (0.5,) * 3)
    view = to_array(random_photo(*size), evaluation_form(preprocessing))
    expected = np.asarray(preset(random_image(*size)))
    assert np.array_equal(view.transpose(1, 2, 0), expected)


def test_a_training_photo_is_kept_no_larger_than_its_smallest_crop_needs() -> None:
    form = training_form(PREPROCESSING, AUGMENTATIONS.get("standard"))
    enough = math.ceil(32 / math.sqrt(0.35))
    assert form == PhotoForm(enough, None, "bilinear")
    assert to_array(random_photo(300, 200), form).shape == (3, enough, int(enough * 1.5))
    assert to_array(random_photo(60, 45), form).shape == (3, 45, 60)


@pytest.mark.parametrize("name", ["none", "light"])
def test_without_a_random_crop_training_keeps_the_measured_view(name: str) -> None:
    form = training_form(PREPROCESSING, AUGMENTATIONS.get(name))
    assert form == evaluation_form(PREPROCESSING)


def test_a_form_knows_roughly_what_it_takes() -> None:
    for augmentation in AUGMENTATIONS:
        form = training_form(PREPROCESSING, augmentation)
        taken = to_array(random_photo(400, 300), form).nbytes
        assert taken <= form.nbytes <= 1.5 * taken


def test_the_input_layer_does_what_torchvision_does() -> None:
    batch = made_up_batch(3, PREPROCESSING)
    before = batch.clone()
    layer = input_layer(PREPROCESSING)
    result = layer(batch)
    preset = v2.Normalize(PREPROCESSING.mean, PREPROCESSING.std)
    assert torch.equal(batch, before) and not list(layer.parameters()) and not layer.state_dict()
    assert result.dtype == torch.float32
    assert result.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(result.contiguous(), preset(batch.float() / 255))
