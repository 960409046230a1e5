"""Write ``assets/backbones.json``: all that is known about the backbones without loading torch.

    python tools/describe_backbones.py

Addresses, sizes, accuracies and preprocessing come from torchvision's weight enums; parameters,
shapes, multiply-adds and receptive fields are measured on the networks themselves. The output
depends on nothing else, so a second run changes nothing.
"""

from __future__ import annotations

import json
import math
import re
import sys
from pathlib import Path
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode
from torch.utils.weak import WeakTensorKeyDictionary

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tl_core.backbones.catalog import ARCHITECTURES, Architecture  # noqa: E402
from tl_core.backbones.spec import FACTS  # noqa: E402
from tl_core.backbones.staged import StagedBackbone  # noqa: E402
from tl_core.home import ASSETS, write_atomically  # noqa: E402

Facts = dict[str, Any]

MINI_PREPROCESSING = {
    # Photos of 64 px were seen in random crops, so objects appeared larger than they are; larger
    # test images make up for it (Touvron et al., NeurIPS 2019, arXiv:1906.06423).
    "resize": 96,
    "size": 96,
    "interpolation": "bilinear",
    "mean": [0.481, 0.449, 0.398],
    "std": [0.275, 0.268, 0.280],
}

TORCHVISION_LICENSE = (
    "Published by torchvision, whose code is BSD-3-Clause. torchvision points out that pretrained "
    "weights may be under terms of their own that follow from their training data; ImageNet is "
    "offered for non-commercial research and education."
)

BUNDLED_LICENSE = (
    "MIT, as this project. The source photos (Tiny ImageNet, a part of ImageNet) are not included "
    "and belong to their owners; ImageNet is offered for non-commercial research and education."
)


def main() -> None:
    """Describe every backbone and write the file."""
    facts = [describe(architecture) for architecture in ARCHITECTURES]
    write_atomically(FACTS, json.dumps(facts, indent=2, ensure_ascii=False) + "\n")
    print(f"{FACTS.relative_to(ROOT)}: {len(facts)} backbones")


def describe(architecture: Architecture) -> Facts:
    """Return all facts about one backbone, as the file holds them."""
    enum = architecture.weights
    preprocessing = torchvision_preprocessing(enum) if enum else MINI_PREPROCESSING
    size = preprocessing["size"]
    with torch.device("meta"):
        backbone = architecture.family.build(architecture.builder, size).eval()
    family = architecture.family
    return {
        "name": architecture.name,
        "title": architecture.title,
        "family": family.name,
        "modality": family.modality,
        "summary": architecture.summary,
        "paper": family.paper,
        "num_features": backbone.num_features,
        "size_multiple": family.size_multiple,
        "preprocessing": preprocessing,
        "weights": torchvision_weights(enum) if enum else bundled_weights(architecture.name),
        "stages": measure_stages(backbone, size),
    }


# ------------------------------------------------------------------------------------- weights


def torchvision_preprocessing(enum: Any) -> Facts:
    """Read the preprocessing that the weights carry."""
    transform = enum.transforms()
    return {
        "resize": transform.resize_size[0],
        "size": transform.crop_size[0],
        "interpolation": transform.interpolation.value,
        "mean": transform.mean,
        "std": transform.std,
    }


def torchvision_weights(enum: Any) -> Facts:
    """Read source, size and accuracy from a member of a weights enum."""
    file = enum.url.rsplit("/", 1)[-1]
    digest = re.search(r"-([0-9a-f]{8,})\.pth$", file)
    assert digest is not None
    metrics = enum.meta["_metrics"]["ImageNet-1K"]
    return {
        "origin": "torchvision",
        "file": file,
        "url": enum.url,
        "sha256_prefix": digest[1],
        "bytes": round(enum.meta["_file_size"] * 2**20),
        "source_task": f"ImageNet-1k, {len(enum.meta['categories'])} classes",
        "top1": round(metrics["acc@1"] / 100, 5),
        "license": enum.meta.get("license", TORCHVISION_LICENSE),
    }


def bundled_weights(name: str) -> Facts:
    """Read size and accuracy of a file that ``tools/pretrain.py`` made."""
    file = ASSETS / "weights" / f"{name}.safetensors"
    card = json.loads(file.with_suffix(".json").read_text(encoding="utf-8"))
    return {
        "origin": "bundled",
        "file": file.name,
        "url": None,
        "sha256_prefix": "",
        "bytes": file.stat().st_size,
        "source_task": card["source_task"],
        "top1": round(card["val_top1"], 5),
        "license": BUNDLED_LICENSE,
    }


# -------------------------------------------------------------------------------------- stages


def measure_stages(backbone: StagedBackbone, size: int) -> list[Facts]:
    """Count while one picture runs through a backbone on the meta device, computing nothing."""
    x = torch.empty(1, 3, size, size, device="meta")
    stages = []
    with ReceptiveFields(x) as fields:
        for i, stage in enumerate(backbone.layout.stages):
            with FlopCounterMode(display=False) as counter:
                x = backbone.run(x, i, i + 1)
            stages.append(
                {
                    "name": stage.name,
                    "title": stage.title,
                    "detects": stage.detects,
                    "parameters": sum(p.numel() for _, p in backbone.stage_parameters(stage.name)),
                    "output_shape": list(backbone.as_map(x).shape[1:]),
                    "multiply_adds": counter.get_total_flops() // 2,
                    "receptive_field": fields.of(x),
                }
            )
    return stages


class ReceptiveFields(TorchDispatchMode):
    """Follows through every operation how many input pixels (side of a square) a value depends on.

    A kernel of k values that lie ``jump`` input pixels apart widens the field by (k - 1) * jump; a
    stride s multiplies the jump by s (Araujo et al., "Computing receptive fields of convolutional
    neural networks", Distill 2019). Where branches meet, the wider one counts.

    Parameters
    ----------
    images
        The input, whose values see one pixel each.
    """

    def __init__(self, images: torch.Tensor) -> None:
        super().__init__()
        self._seen = WeakTensorKeyDictionary({images: (1.0, 1)})

    def of(self, x: torch.Tensor) -> int | None:
        """Return the receptive field of a tensor's values; None if they see everything."""
        field, _ = self._seen[x]
        return None if math.isinf(field) else int(field)

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        output = func(*args, **(kwargs or {}))
        tensors = [leaf for leaf in tree_leaves(args) if torch.is_tensor(leaf)]
        inputs = [self._seen[tensor] for tensor in tensors if tensor in self._seen]
        if inputs:
            field, jump = (max(values) for values in zip(*inputs, strict=True))
            kernel, stride = _reach(func, args)
            for tensor in tree_leaves(output):
                if torch.is_tensor(tensor):
                    self._seen[tensor] = (field + (kernel - 1) * jump, jump * stride)
        return output


def _reach(func: Any, args: Any) -> tuple[float, int]:
    """Return kernel size and stride of an operation; (1, 1) if it works on each position alone."""
    name = func.overloadpacket.__name__
    if name == "convolution":
        _, weight, _, stride, _, dilation, *_ = args
        return (weight.shape[-1] - 1) * dilation[-1] + 1, stride[-1]
    if name in ("max_pool2d_with_indices", "avg_pool2d"):
        _, kernel, stride, *_ = args
        return kernel[-1], stride[-1]
    # Pooling over the whole map is a mean; only attention multiplies two activations in batches.
    if name in ("mean", "_adaptive_avg_pool2d", "bmm") or "attention" in name:
        return math.inf, 1
    return 1, 1


if __name__ == "__main__":
    main()
