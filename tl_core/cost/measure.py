"""How long each stage of a network takes on this machine, measured once in a few seconds.

The measurement takes the paths of a run itself: its layout, precision, threads and folding. What is
predicted from it, without torch, is in :mod:`tl_core.cost.estimate`.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Callable, Iterator
from functools import partial
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import nn

from tl_core import device as devices
from tl_core.backbones.build import build_backbone
from tl_core.backbones.folding import folded
from tl_core.backbones.spec import backbones
from tl_core.backbones.staged import StagedBackbone
from tl_core.classifier import TransferClassifier, make_head
from tl_core.cost.benchmarks import item_costs, touch_rate, write_rate
from tl_core.cost.profile import CostProfile, Line, ProfileKey, StageCost
from tl_core.freezing import FreezePlan
from tl_core.machine import Contention
from tl_core.memory import process_memory
from tl_core.precision import resolve_precision
from tl_core.prefix import inference_batch
from tl_core.training.optim import KINDS

WORK = 64e9
"""Multiply-adds that a batch may take forward; large networks are measured with smaller ones."""

LARGEST, SMALLEST = 32, 8
"""Items in the batch that learning is measured with; a quarter of them is the other point."""

PATIENCE = 0.2
"""Seconds after which something is not measured again."""

REPEATS = 5
"""The median of so many counts: a run will meet with what is usual, not with the best case."""


def measure_costs(what: ProfileKey) -> CostProfile:
    """Measure what a network costs here, and keep it for :meth:`CostProfile.load`.

    Raises
    ------
    ConfigError
        If this machine lacks the device, or the network cannot take inputs of that size.
    """
    torch.set_num_threads(what.threads)
    device = devices.resolve_device(what.device)
    network = (what.backbone, what.input_size)
    precision = resolve_precision(what.precision, device, what.threads, [network])
    contention = Contention()
    base = 0 if device != "cpu" else process_memory(os.getpid()) or 0
    began = time.perf_counter()
    with torch.random.fork_rng():
        torch.manual_seed(0)
        backbone = build_backbone(what.backbone, pretrained=False, input_size=what.input_size)
        head = make_head("linear", backbone.num_features, 2)
        classifier = devices.to_device(TransferClassifier(backbone, head), device)
        building = time.perf_counter() - began
        bench = _Bench(classifier, what, device, precision)
        head_alone = bench.head()  # before all others: the first backward pass sets much up
        decode, views = item_costs(bench.kind, bench.preprocessing)
        profile = CostProfile(
            device=device,
            precision=precision,
            stages=tuple(bench.stages()),
            head=head_alone,
            building=building,
            opening=bench.opening,
            base_bytes=base,
            write_rate=write_rate(),
            touch_rate=touch_rate(),
            decode=decode,
            views=views,
            busy=contention.found(),
        )
    profile.save(what)
    return profile


class _Bench:
    """One network and the batches that it is measured with."""

    def __init__(
        self, classifier: TransferClassifier, what: ProfileKey, device: str, precision: str
    ) -> None:
        spec = backbones().get(what.backbone)
        self.classifier, self.device, self.precision = classifier, device, precision
        self.kind, self.preprocessing = spec.kind, spec.preprocessing.at(what.input_size)
        work = sum(spec.multiply_adds(stage, what.input_size) for stage in spec.stages)
        self.items = int(min(LARGEST, max(SMALLEST, WORK // max(1, work))))
        self.batch = spec.kind.load_tensors().made_up_batch(self.items, self.preprocessing)
        self.quick, self.opening = self._open()

    def _open(self) -> tuple[StagedBackbone, float]:
        """Fold the network, and recognise it by its values; return the seconds too."""
        began = time.perf_counter()
        backbone = self.classifier.eval().backbone
        quick = folded(backbone, self._here(self.batch[:2]), 0, len(backbone.stage_names))
        for tensor in backbone.state_dict().values():
            hashlib.sha256(np.ascontiguousarray(tensor.cpu().numpy()).data)
        return quick, time.perf_counter() - began

    def stages(self) -> Iterator[StageCost]:
        """Measure one stage after the other."""
        backbone = self.classifier.backbone
        x = self._here(self.batch)
        everything = FreezePlan(frozenset(backbone.stage_names))
        few = min(self.items, inference_batch(self.device))
        for position, name in enumerate(backbone.stage_names):
            self.classifier.eval()
            source = self.batch if position == 0 else x
            run = self._forward(self.quick, position)
            frozen = self._line(run, source[:few])
            evaluated = self._line(self._forward(backbone, position), source[:few])
            recorded = evaluated
            if self.precision != "fp32":
                plain = source if position == 0 else source.float()
                recorded = self._line(self._forward(backbone, position, "fp32"), plain[:few])
            working = self._working_bytes(name, position, source)
            everything.apply(self.classifier)
            trained = self._line(self._learning(position), source)
            yield StageCost(
                frozen=frozen,
                evaluated=evaluated,
                recorded=recorded,
                trained=trained,
                update=self._update(
                    nn.ParameterList(p for _, p in backbone.stage_parameters(name))
                ),
                saved_bytes=self._saved_bytes(position, source),
                working_bytes=working,
                state_bytes=_state_bytes(backbone, name),
            )
            self.classifier.zero_grad()
            self.classifier.eval()
            with torch.no_grad(), devices.autocast(self.device, self.precision):
                x = backbone.prefix(x, position, position + 1)

    def head(self) -> Line:
        """Measure a step in which the head alone learns, from kept features."""
        head = self.classifier.head
        optimizer = KINDS["adamw"](head.parameters(), lr=0.0)
        criterion = nn.CrossEntropyLoss()
        features = torch.randn(self.items, self.classifier.backbone.num_features)

        def step(x: torch.Tensor) -> None:
            with devices.autocast(self.device, self.precision):
                scores = self.classifier.forward_head(x.to(self.device))
            loss = criterion(scores.float(), torch.zeros(len(x), dtype=torch.long).to(self.device))
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

        return self._line(step, features)

    def _here(self, x: torch.Tensor) -> torch.Tensor:
        """Return a batch on the device; a raw one travels there in every step, as in a run."""
        return devices.send(x, self.device) if x.device.type != self.device else x

    def _forward(
        self, backbone: StagedBackbone, position: int, precision: str | None = None
    ) -> Callable[[torch.Tensor], None]:
        @torch.inference_mode()
        def run(x: torch.Tensor) -> None:
            with devices.autocast(self.device, precision or self.precision):
                backbone.prefix(self._here(x), position, position + 1)

        return run

    def _learning(self, position: int) -> Callable[[torch.Tensor], None]:
        backbone = self.classifier.backbone

        def run(x: torch.Tensor) -> None:
            self.classifier.zero_grad()
            read = self._here(x).detach().requires_grad_(position > 0)
            with devices.autocast(self.device, self.precision):
                y = backbone.prefix(read, position, position + 1)
            if y.requires_grad:
                torch.autograd.backward(y.sum())  # a scalar: other gradients load sympy

        return run

    def _update(self, parameters: nn.ParameterList) -> float:
        """Return the seconds of one step of the optimiser, its state not counted."""
        if not any(p.grad is not None for p in parameters):
            return 0.0
        return self._seconds(KINDS["adamw"](parameters, lr=0.0).step)[1]

    def _saved_bytes(self, position: int, x: torch.Tensor) -> int:
        """Return the bytes that one item adds to the tensors of the backward pass."""

        def saved(part: torch.Tensor) -> int:
            found: dict[int, int] = {}

            def note(tensor: torch.Tensor) -> torch.Tensor:
                storage = tensor.untyped_storage()
                found[storage.data_ptr()] = storage.nbytes()
                return tensor

            with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
                self._learning(position)(part)
            return sum(found.values())

        few = len(x) // 4
        return max(0, saved(x) - saved(x[:few])) // (len(x) - few)

    def _working_bytes(self, name: str, position: int, x: torch.Tensor) -> int:
        """Return the bytes of one item around the largest layer: what it reads and writes.

        What the stage read is counted too, since shortcuts keep it.
        """
        largest = 0

        def look(_: nn.Module, inputs: Any, output: Any) -> None:
            nonlocal largest
            tensors = [t for t in (*inputs, output) if isinstance(t, torch.Tensor)]
            largest = max(largest, sum(t.nbytes for t in tensors) // len(x))

        backbone = self.classifier.backbone
        layers = [m for m in backbone.stage_modules(name) if not list(m.children())]
        hooks = [layer.register_forward_hook(look) for layer in layers]
        self._forward(backbone, position)(x)
        for hook in hooks:
            hook.remove()
        return largest + x.nbytes // len(x)

    def _line(self, run: Callable[[torch.Tensor], None], x: torch.Tensor) -> Line:
        few = len(x) // 4
        first, large = self._seconds(partial(run, x))
        _, small = self._seconds(partial(run, x[:few]))
        return Line.through(few, small, len(x), large, first - large)

    def _seconds(self, run: Callable[[], Any]) -> tuple[float, float]:
        """Return the seconds of the first run, which sets things up, and the usual ones after."""
        taken: list[float] = []
        while len(taken) < 2 or (len(taken) <= REPEATS and sum(taken[1:]) < PATIENCE):
            start = time.perf_counter()
            run()
            devices.synchronize(self.device)
            taken.append(time.perf_counter() - start)
        return taken[0], median(taken[1:])


def _state_bytes(backbone: StagedBackbone, name: str) -> int:
    tensors = [t for _, t in [*backbone.stage_parameters(name), *backbone.stage_buffers(name)]]
    return sum(t.nbytes for t in tensors)
