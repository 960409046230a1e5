"""Photos as tensors: the one view that is measured, and the many that are trained on.

A photo is decoded once, and its pixels are kept (:mod:`tl_core.cache`). For measuring it becomes
the centre crop that the weights were trained with; for training it is kept as small as its
augmentation allows, and every epoch cuts a new view from that.
"""

from __future__ import annotations

import contextlib
import hashlib
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import torch
from PIL import Image
from torch import Tensor, nn

from tl_core.backbones.spec import Preprocessing
from tl_core.cache import Array, NoRoom, digest, fetch
from tl_core.compat import torchvision  # noqa: F401  (its submodules come after it)
from tl_core.data.decode_once import ReadSmall, read_small, resize_shorter
from tl_core.device import send
from tl_core.modalities.photo.augment import Augmentation
from tl_core.modalities.photo.decode import DECODE_SETTINGS
from tl_core.parallel import Progress, each, stream

# isort: split
from torchvision.transforms import v2
from torchvision.transforms.v2 import functional as F


def eval_view(image: Image.Image, preprocessing: Preprocessing) -> Image.Image:
    """Resize a photo's shorter side and crop the centre, as torchvision's presets do.

    Returns
    -------
    PIL.Image.Image
        RGB, ``preprocessing.size`` pixels square.
    """
    resized = resize_shorter(image, preprocessing.resize, preprocessing)
    view: Image.Image = F.center_crop(resized, [preprocessing.size, preprocessing.size])
    return view


def load_eval(
    files: Sequence[Path],
    preprocessing: Preprocessing,
    progress: Progress | None = None,
    digests: Sequence[str] | None = None,
    read: ReadSmall = read_small,
) -> Tensor:
    """Decode photos for measuring.

    Parameters
    ----------
    files
        N photos.
    preprocessing
        What the weights expect.
    progress
        Called with the number of photos decoded and their total.
    digests
        Of the content of each photo, under which its pixels are kept; None keeps nothing.
    read
        Decodes a photo, or has it already.

    Returns
    -------
    Tensor
        (N, 3, S, S), uint8.

    Raises
    ------
    DataError
        If a file is not a readable photo; the message names it.
    """
    size = preprocessing.size
    if not files:
        return torch.empty(0, 3, size, size, dtype=torch.uint8)

    def load(file: Path) -> Tensor:
        return _to_tensor(eval_view(read(file, preprocessing.resize), preprocessing))

    def decoded() -> Iterator[Array]:
        return (view.numpy() for view in stream(load, files, progress))

    if digests:
        with contextlib.suppress(NoRoom):
            key = _key("centre", digests, preprocessing)
            return torch.from_numpy(fetch(key, decoded, len(files) * 3 * size**2).stacked())
    return torch.stack(each(load, files, progress))


def _key(kind: object, digests: Sequence[str], preprocessing: Preprocessing) -> str:
    sizes = (preprocessing.size, preprocessing.resize, preprocessing.interpolation)
    return digest("pixels", kind, list(digests), sizes, DECODE_SETTINGS)


def shorter_side(preprocessing: Preprocessing, augmentation: Augmentation) -> int:
    """Return the pixels that the shorter side of a training photo is resized to."""
    if augmentation.smallest_area is None:
        return preprocessing.resize
    # The smallest crop then still has as many pixels as the network sees.
    return math.ceil(preprocessing.size / math.sqrt(augmentation.smallest_area))


class TrainViews:
    """Training photos, of which every epoch sees other views.

    What a photo looks like depends on the seed, the epoch and its index alone: not on the batch it
    is in, nor on what was drawn before. No random state of the process is touched.

    Parameters
    ----------
    files
        N photos, each decoded once, now.
    preprocessing
        What the weights expect.
    augmentation
        Which changes are drawn.
    seed
        Of the draws.
    progress
        Called with the number of photos decoded and their total.
    digests
        Of the content of each photo, under which its pixels are kept; None keeps nothing.
    read
        Decodes a photo, or has it already.

    Raises
    ------
    DataError
        If a file is not a readable photo; the message names it.
    """

    def __init__(
        self,
        files: Sequence[Path],
        preprocessing: Preprocessing,
        augmentation: Augmentation,
        seed: int,
        progress: Progress | None = None,
        digests: Sequence[str] | None = None,
        read: ReadSmall = read_small,
    ) -> None:
        self.seed = seed
        self._change = _operations(augmentation, preprocessing)
        if augmentation.smallest_area is None:
            centres = load_eval(files, preprocessing, progress, digests, read)
            self._photo: Callable[[int], Tensor] = centres.__getitem__
        else:
            enough = shorter_side(preprocessing, augmentation)
            self._photo = _load_wholes(files, preprocessing, enough, progress, digests, read)

    def batch(self, indices: Sequence[int], epoch: int) -> Tensor:
        """Draw one view of each photo.

        Parameters
        ----------
        indices
            B positions in the list of files.
        epoch
            Other epochs see other views.

        Returns
        -------
        Tensor
            (B, 3, S, S), uint8.
        """
        # torchvision draws from torch's global generator: borrow it, and give it back unchanged.
        with torch.random.fork_rng(devices=[]):
            return torch.stack([self._draw(index, epoch) for index in indices])

    def _draw(self, index: int, epoch: int) -> Tensor:
        key = hashlib.sha256(f"{self.seed}/{epoch}/{index}".encode()).digest()
        # Not torch.manual_seed, which would seed the accelerators too.
        torch.default_generator.manual_seed(int.from_bytes(key[:4], "big"))
        view: Tensor = self._change(self._photo(index))
        return view


def _load_wholes(
    files: Sequence[Path],
    preprocessing: Preprocessing,
    shorter: int,
    progress: Progress | None,
    digests: Sequence[str] | None,
    read: ReadSmall,
) -> Callable[[int], Tensor]:
    """Decode whole photos, their shorter side at most ``shorter``; return the way to each.

    Where there is room for them neither on disk nor in memory, a photo is decoded when it is asked
    for, in every epoch again.
    """

    def load(file: Path) -> Tensor:
        image = read(file, shorter)
        if min(image.size) > shorter:
            image = resize_shorter(image, shorter, preprocessing)
        return _to_tensor(image)

    def decoded() -> Iterator[Array]:
        return (photo.numpy() for photo in stream(load, files, progress))

    if not digests:
        return each(load, files, progress).__getitem__
    try:
        # Most photos are 4 : 3 or 3 : 2.
        kept = fetch(_key(shorter, digests, preprocessing), decoded, len(files) * 5 * shorter**2)
    except NoRoom:
        return lambda index: load(files[index])
    return lambda index: torch.from_numpy(kept[index])


def normalise(batch: Tensor, preprocessing: Preprocessing, device: torch.device | str) -> Tensor:
    """Turn pixels into what a network expects.

    Parameters
    ----------
    batch
        (B, 3, S, S), uint8.
    preprocessing
        Mean and standard deviation of each channel.
    device
        Where to put the result; the pixels travel as bytes.

    Returns
    -------
    Tensor
        (B, 3, S, S), float32, channels last.
    """
    mean = send(torch.tensor(preprocessing.mean), device).view(1, 3, 1, 1)
    std = send(torch.tensor(preprocessing.std), device).view(1, 3, 1, 1)
    pixels = send(batch, device).float().div_(255).sub_(mean).div_(std)
    return pixels.contiguous(memory_format=torch.channels_last)


def _operations(augmentation: Augmentation, preprocessing: Preprocessing) -> nn.Module:
    """Build the recipe from torchvision's operations."""
    size = preprocessing.size
    steps: list[nn.Module] = []
    if augmentation.smallest_area is not None:
        interpolation = v2.InterpolationMode(preprocessing.interpolation)
        scale = (augmentation.smallest_area, 1.0)
        steps.append(v2.RandomResizedCrop(size, scale, interpolation=interpolation, antialias=True))
    if augmentation.flip:
        steps.append(v2.RandomHorizontalFlip())
    if augmentation.degrees or augmentation.shift:
        steps.append(
            v2.RandomAffine(
                augmentation.degrees,
                (augmentation.shift, augmentation.shift),
                interpolation=v2.InterpolationMode.BILINEAR,
                fill=[round(255 * mean) for mean in preprocessing.mean],
            )
        )
    if colour := augmentation.colour:
        steps.append(v2.ColorJitter(colour, colour, colour))
    return nn.Sequential(*steps)


def _to_tensor(image: Image.Image) -> Tensor:
    tensor: Tensor = F.pil_to_tensor(image)
    return tensor
