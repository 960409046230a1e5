r"""Pretrain the bundled backbones on the Tiny ImageNet pack.

    python tools/pretrain.py train resnet_mini --pack tiny_imagenet_200.npz --out work/
    python tools/pretrain.py train resnet_mini --pack tiny_imagenet_200.npz --out polish/ \
        --init work/resnet_mini.safetensors --epochs 5 --small-epochs 0 --lr 0.03 \
        --smallest-area 0.7
    python tools/pretrain.py train vit_mini --pack tiny_imagenet_200.npz --out work/ \
        --optimizer adamw --lr 1e-3 --weight-decay 0.05 --clip 1 --small-epochs 0
    python tools/pretrain.py publish resnet_mini --pack tiny_imagenet_200.npz --out work/ polish/
    python tools/pretrain.py evaluate resnet_mini --pack tiny_imagenet_200.npz
    python tools/pretrain.py overlap DATA --pack tiny_imagenet_200.npz

The pack is an npz with, for each split s of (train, val), ``s_bytes`` (all encoded photos end to
end), ``s_offset`` (n + 1 positions) and ``s_label``, besides ``wnid`` and ``name`` of each class.
Training resumes from the last epoch when it is started again with the same folder.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tools.pretraining.data import source_worlds
from tools.pretraining.publishing import evaluate, overlap, publish
from tools.pretraining.training import OPTIMIZERS, train


def main() -> None:
    """Read the command line and run one of the sub-commands."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True)
    train_parser = commands.add_parser("train", help="pretrain one backbone")
    train_parser.add_argument("--out", type=Path, required=True, help="checkpoint and history")
    train_parser.add_argument("--epochs", type=int, default=26)
    train_parser.add_argument("--small-epochs", type=int, default=12, help="first ones at 48 px")
    train_parser.add_argument("--batch-size", type=int, default=128)
    train_parser.add_argument("--optimizer", choices=OPTIMIZERS, default="sgd")
    train_parser.add_argument("--lr", type=float, default=0.15)
    train_parser.add_argument("--clip", type=float, help="longest gradient; default: any")
    train_parser.add_argument("--weight-decay", type=float, default=5e-4)
    train_parser.add_argument("--smallest-area", type=float, default=0.35, help="of a crop")
    train_parser.add_argument("--init", type=Path, help="weights to start from, to polish them")
    train_parser.add_argument("--seed", type=int, default=0)
    train_parser.set_defaults(run=train)
    evaluate_parser = commands.add_parser("evaluate", help="top-1 of the shipped file")
    evaluate_parser.set_defaults(run=evaluate)
    publish_parser = commands.add_parser("publish", help="bundle a finished network")
    publish_parser.add_argument(
        "--out", type=Path, nargs="+", required=True, help="folders of its trainings, in order"
    )
    publish_parser.set_defaults(run=publish)
    overlap_parser = commands.add_parser("overlap", help="near-copies between pack and a data set")
    overlap_parser.add_argument("data", type=Path, help="a folder of photos")
    overlap_parser.add_argument("--threshold", type=float, default=0.95)
    overlap_parser.set_defaults(run=overlap)
    for sub in (train_parser, evaluate_parser, publish_parser):
        sub.add_argument("network", help="a function of tl_core.backbones.mini")
        sub.add_argument("--world", choices=source_worlds(), help="see it alone; default: all")
    for sub in (train_parser, evaluate_parser, publish_parser, overlap_parser):
        sub.add_argument("--pack", type=Path, required=True)
    args = parser.parse_args()
    args.run(args)


if __name__ == "__main__":
    main()
