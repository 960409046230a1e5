from __future__ import annotations

import pytest
import torch
from torch import nn

from tests.families import ONE_OF_EACH_FAMILY
from tl_core.backbones.build import build_backbone
from tl_core.classifier import TransferClassifier, make_head
from tl_core.freezing import FreezePlan


def classifier(name: str) -> TransferClassifier:
    torch.manual_seed(0)
    backbone = build_backbone(name, pretrained=False, input_size=64)
    return TransferClassifier(backbone, make_head("linear", backbone.num_features, 2))


def one_step(model: TransferClassifier, plan: FreezePlan) -> None:
    plan.apply(model)
    learning = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.SGD(learning, lr=0.1, weight_decay=0.1)
    scores = model(torch.randn(4, 3, 64, 64))
    nn.functional.cross_entropy(scores, torch.tensor([0, 1, 0, 1])).backward()
    optimizer.step()


def changed_stages(name: str, plan: FreezePlan) -> tuple[set[str], set[str]]:
    """Return the stages of which a parameter, and of which a buffer, changed in one step."""
    model = classifier(name)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    owner = {
        key: stage
        for stage in model.backbone.stage_names
        for key, _ in (
            *model.backbone.stage_parameters(stage),
            *model.backbone.stage_buffers(stage),
        )
    }
    one_step(model, plan)
    buffers = {key for stage in model.backbone.stage_names
               for key, _ in model.backbone.stage_buffers(stage)}  # fmt: skip
    moved = {k for k, v in model.state_dict().items() if not torch.equal(v, before[k])}
    moved = {k for k in moved if k in owner}
    return {owner[k] for k in moved - buffers}, {owner[k] for k in moved & buffers}


@pytest.mark.parametrize("policy", ["frozen", "adapt"])
@pytest.mark.parametrize("name", ONE_OF_EACH_FAMILY)
def test_frozen_stages_are_bit_identical_after_a_step(name: str, policy: str) -> None:
    stages = build_backbone(name, pretrained=False, input_size=64).stage_names
    thawed = {stages[1], stages[-1]}  # not only a suffix
    parameters, buffers = changed_stages(name, FreezePlan(frozenset(thawed), policy))  # type: ignore[arg-type]
    assert parameters == thawed
    assert buffers <= (thawed if policy == "adapt" else set())


def test_adapt_updates_the_statistics_of_trainable_stages() -> None:
    _, buffers = changed_stages("resnet_mini", FreezePlan(frozenset({"layer4"}), "adapt"))
    assert buffers == {"layer4"}


def test_adapt_all_updates_the_statistics_of_frozen_stages_too() -> None:
    plan = FreezePlan(frozenset({"layer4"}), "adapt_all")
    parameters, buffers = changed_stages("resnet_mini", plan)
    assert parameters == {"layer4"}
    assert buffers == {"stem", "layer1", "layer2", "layer3", "layer4"}


def test_a_plan_survives_model_train_when_it_is_applied_again() -> None:
    model = classifier("resnet_mini")
    plan = FreezePlan(frozenset({"layer4"}))
    plan.apply(model)
    model.train()
    plan.apply(model)
    modes = {m.training for m in model.modules() if isinstance(m, nn.BatchNorm2d)}
    assert modes == {False}
