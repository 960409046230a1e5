"""The card of a bundled network: what it is, what it has seen, how often it is right."""

from __future__ import annotations

from textwrap import wrap
from typing import Any

from tl_core.backbones import mobilenet, resnet, vgg, vit
from tools.pretraining.data import MEAN, STD

Facts = dict[str, Any]

NETWORKS = {
    "resnet_mini": (
        resnet.FAMILY,
        "3 x 3 stem with stride 2, four stages of 1, 1, 2 and 2 basic blocks with 32, 64, 128 and "
        "256 channels",
    ),
    "mobilenet_mini": (
        mobilenet.V2,
        "3 x 3 stem with stride 2, inverted residual blocks with depthwise convolutions (1, 3, 4 "
        "and 3 of them with 32, 48, 96 and 192 channels), a 1 x 1 convolution to 1280 channels",
    ),
    "vgg_mini": (
        vgg.FAMILY,
        "eight plain 3 x 3 convolutions with BatchNorm in five blocks of 16, 32, 96, 192 and 384 "
        "channels, each closed by 2 x 2 max pooling, then the global average",
    ),
    "vit_mini": (
        vit.FAMILY,
        "four 3 x 3 convolutions with stride 2 that cut patches of 16 px, six encoder layers of "
        "width 192 with three heads, a class token",
    ),
}
"""Family and structure, in the words of the field."""

TEMPLATE = """# Model card: {name}

A small network for photos, pretrained by this project so that transfer learning can be taught with
no internet. `{name}.safetensors` holds its weights (fp16, its {n_classes}-class head included),
`{name}.json` the measured accuracy, the options of its training and its history. This card is
written from that file by `python tools/pretrain.py publish`.

| | |
| --- | --- |
| architecture | {structure} (`tl_core/backbones/mini.py`); {parameters:.2f} M parameters with the head |
| idea from | {paper} |
| source data | {source_task}: {train_photos:,} training and {val_photos:,} validation photos at 64 px; near-copies of the PyTorch tutorial's ants and bees were taken out beforehand |
| top-1 | {top1} on the {val_photos:,} validation photos, at 64 px, measured on this fp16 file in fp32 |
| input | RGB, 96 px by default (64 px in training), mean {mean}, standard deviation {std} |

## How it was trained

```
{commands}
```

One-cycle learning rate with a fifth of the steps for the rise; random resized crops and flips for
each photo, at 48 px for the number of epochs called small and at 64 px for the others; label smoothing
0.1; no weight decay on norms and biases; bfloat16 autocast on a CPU, channels last; an exponential
average of the weights (0.999 a step) is what is kept.
`python tools/pretrain.py evaluate {target} --pack PACK` repeats the {top1}.

## What it has seen

A target whose classes the network already knows is no test of transfer. The {n_classes} source classes:

{classes}.

## Limits and biases

- ImageNet's photos come from the web of the 2000s, mostly from North America and Europe; its objects
  are centred and its classes few. Scenes, drawings, medical and aerial pictures are far from it.
- A network of this size sees coarse shape, colour and texture. It is for learning about transfer, not
  for decisions about people or safety.
- People appear in the source photos by the way; no class describes them, and the network must not be
  used to recognise or judge them.

## Licence

The weights are MIT, as this project. No source photo is included. ImageNet's photos belong to their
owners and are offered for non-commercial research and education; whoever uses these weights otherwise
should judge for themselves what follows from that.
"""  # noqa: E501


def write_card(name: str, network: str, world: str | None, facts: Facts) -> str:
    """Return the card as Markdown.

    Parameters
    ----------
    name
        Of the backbone.
    network, world
        What :func:`tools.pretraining.networks.name_of` made the name of.
    facts
        As :func:`tools.pretraining.publishing.publish` collects them.
    """
    target = f"{network} --world {world}" if world else network
    family, structure = NETWORKS[network]
    steps = enumerate(facts["trainings"], 1)
    return TEMPLATE.format(
        **facts | {"classes": ", ".join(facts["classes"])},
        name=name,
        target=target,
        top1=f"{100 * facts['val_top1']:.1f} %",
        commands="\n".join(_command(target, step, options) for step, options in steps),
        structure=structure,
        paper=family.paper,
        n_classes=len(facts["classes"]),
        mean=" ".join(f"{value:.3f}" for value in MEAN),
        std=" ".join(f"{value:.3f}" for value in STD),
    )


def _command(target: str, step: int, options: Facts) -> str:
    """Write one training as it was started; folders are called WORK1, WORK2 and so on."""
    command = f"python tools/pretrain.py train {target} --pack PACK --out WORK{step}"
    if options["init"]:
        options = options | {"init": f"WORK{step - 1}/{options['init']}"}
    for key, value in options.items():
        if value is not None:
            command += f" --{key.replace('_', '-')} {value}"
    return " \\\n    ".join(wrap(command, 94, break_on_hyphens=False))
