from __future__ import annotations

import argparse
import io
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from tools.pretraining import publishing, training


def blotches(seed: int, side: int = 64) -> Image.Image:
    """Draw random soft blotches: no two pictures are alike."""
    pixels = np.random.default_rng(seed).integers(0, 256, (7, 7, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((side, side), Image.Resampling.BICUBIC)


def make_pack(path: Path, photos: int = 12) -> Path:
    arrays = {"wnid": np.array(["n0", "n1"]), "name": np.array(["a", "b"])}
    for split in ("train", "val"):
        blobs = []
        for i in range(photos):
            buffer = io.BytesIO()
            blotches(i + 1000 * (split == "val")).save(buffer, "PNG")
            blobs.append(buffer.getvalue())
        arrays[f"{split}_bytes"] = np.frombuffer(b"".join(blobs), np.uint8)
        arrays[f"{split}_offset"] = np.cumsum([0, *map(len, blobs)])
        arrays[f"{split}_label"] = np.arange(photos, dtype=np.uint8) % 2
    np.savez(path, **arrays)
    return path


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return make_pack(tmp_path / "pack.npz")


def options(pack: Path, out: Path, epochs: int) -> argparse.Namespace:
    return argparse.Namespace(
        network="resnet_mini", world=None, pack=pack, out=out, epochs=epochs, small_epochs=1,
        batch_size=4, lr=0.05, weight_decay=5e-4, seed=0, init=None, smallest_area=0.35,
        optimizer="sgd", clip=None,
    )  # fmt: skip


def test_a_training_that_was_interrupted_goes_on_where_it_was(pack: Path, tmp_path: Path) -> None:
    class Interrupted(Exception):
        pass

    whole, parts = options(pack, tmp_path / "whole", 2), options(pack, tmp_path / "parts", 2)
    training.train(whole)

    def stop(self: training.Training, path: Path) -> None:
        save(self, path)
        raise Interrupted

    save = training.Training.save
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training.Training, "save", stop)
        with pytest.raises(Interrupted):
            training.train(parts)
    training.train(parts)
    one, two = (
        torch.load(args.out / "resnet_mini.checkpoint.pt", weights_only=True)
        for args in (whole, parts)
    )
    assert [e["epoch"] for e in two["history"]] == [1, 2]
    assert all(torch.equal(one["model"][key], two["model"][key]) for key in one["model"])


def test_what_is_published_says_how_it_was_made_and_how_often_it_is_right(
    pack: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    args = options(pack, tmp_path / "work", 1)
    training.train(args)
    weights = tmp_path / "weights"
    weights.mkdir()
    monkeypatch.setattr(publishing, "WEIGHTS", weights)
    args.out = [args.out]
    publishing.publish(args)
    facts = json.loads((weights / "resnet_mini.json").read_text())
    assert facts["source_task"] == "Tiny ImageNet, 2 classes"
    assert (facts["train_photos"], facts["val_photos"], facts["classes"]) == (12, 12, ["a", "b"])
    assert facts["val_top1"] in {round(hits / 12, 4) for hits in range(13)}
    card = (weights / "resnet_mini.md").read_text()
    assert f"{100 * facts['val_top1']:.1f} % on the 12 validation photos" in card
    assert "--batch-size 4" in card and "--lr 0.05" in card and "--clip" not in card
    assert (weights / "resnet_mini.safetensors").stat().st_size < 6_000_000


def test_overlap_finds_a_resized_crop_and_nothing_else(
    pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    for number in range(8):
        folder = data / ("ant", "bee")[number % 2]
        folder.mkdir(parents=True, exist_ok=True)
        blotches(5000 + number, side=90).save(folder / f"{number}.png")
    args = argparse.Namespace(pack=pack, data=data, threshold=0.95)
    with pytest.raises(SystemExit) as end:
        publishing.overlap(args)
    assert end.value.code == 0
    framed = Image.new("RGB", (100, 100), "grey")
    framed.paste(blotches(4, side=80), (10, 10))
    framed.save(data / "ant" / "copy.png")
    with pytest.raises(SystemExit) as end:
        publishing.overlap(args)
    assert end.value.code == 1
    assert "ant/copy.png is like source photo train 4" in capsys.readouterr().out
