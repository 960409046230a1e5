"""What every backbone keeps to, whatever its family."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from tl_core.backbones import BackboneSpec, backbones
from tl_core.backbones.catalog import ARCHITECTURES, Architecture
from tl_core.backbones.staged import StagedBackbone
from tl_core.classifier import TransferClassifier, make_head
from tl_core.compat import torchvision
from tl_core.home import ASSETS
from tools.describe_backbones import describe

NAMES = ARCHITECTURES.names()
FROM_TORCHVISION = [a.name for a in ARCHITECTURES if a.weights is not None]
REQUIRED = {
    "resnet_mini",
    "resnet_mini_animals",
    "resnet_mini_objects",
    "mobilenet_mini",
    "vgg_mini",
    "vit_mini",
    "resnet18",
    "resnet34",
    "resnet50",
    "vgg16",
    "mobilenet_v2",
    "mobilenet_v3_small",
    "mobilenet_v3_large",
    "efficientnet_b0",
    "efficientnet_v2_s",
    "convnext_tiny",
    "densenet121",
    "vit_b_16",
    "swin_t",
}
SIZE = 64
WEIGHTS = ASSETS / "weights"


@dataclass
class Case:
    """A backbone, and what its original model did before it was taken apart."""

    architecture: Architecture
    spec: BackboneSpec
    images: torch.Tensor
    keys: list[str]
    evaluated: torch.Tensor
    trained: torch.Tensor
    backbone: StagedBackbone

    def buffers(self) -> dict[str, torch.Tensor]:
        return {name: buffer.clone() for name, buffer in self.backbone.model.named_buffers()}


@pytest.fixture(scope="module", params=NAMES)
def case(request: pytest.FixtureRequest) -> Iterator[Case]:
    architecture = ARCHITECTURES.get(request.param)
    torch.manual_seed(0)
    model = architecture.family.make(architecture.builder, SIZE)
    images = torch.randn(2, 3, SIZE, SIZE)
    layout = architecture.family.layout(model)
    head = model.get_submodule(layout.head_prefix)
    inputs: list[torch.Tensor] = []
    head.register_forward_pre_hook(lambda _, args: inputs.append(args[0]))
    keys = list(model.state_dict())
    with torch.no_grad():
        torch.manual_seed(1)
        model.train()(images)
        model.eval()(images)
    backbone = StagedBackbone(model, layout)
    spec = backbones().get(request.param)
    yield Case(architecture, spec, images, keys, inputs[1], inputs[0], backbone)


@torch.no_grad()
def test_stages_in_order_equal_the_original_bit_for_bit(case: Case) -> None:
    case.backbone.eval()
    x = case.images
    for i in range(len(case.backbone.stage_names)):
        before = x.clone()
        output = case.backbone.run(x, i, i + 1)
        assert torch.equal(x, before), "a stage changed its input in place"
        x = output
    assert torch.equal(case.backbone.pool(x), case.evaluated)
    assert torch.equal(case.backbone(case.images), case.evaluated)
    assert case.evaluated.shape == (2, case.backbone.num_features)
    assert case.evaluated.std() > 0


@torch.no_grad()
def test_training_mode_equals_the_original_too(case: Case) -> None:
    kept = case.buffers()
    torch.manual_seed(1)
    features = case.backbone.train()(case.images)
    assert torch.equal(features, case.trained), "dropout or stochastic depth went missing"
    case.backbone.load_state_dict(kept, strict=False)


@torch.no_grad()
def test_split_runs_join(case: Case) -> None:
    case.backbone.eval()
    middle = len(case.backbone.stage_names) // 2
    front = case.backbone.run(case.images, stop=middle)
    assert torch.equal(case.backbone.pool(case.backbone.run(front, middle)), case.evaluated)


def test_every_parameter_and_buffer_belongs_to_one_stage(case: Case) -> None:
    backbone = case.backbone
    owned: Counter[str] = Counter()
    for stage in backbone.stage_names:
        owned.update(name for name, _ in backbone.stage_parameters(stage))
        owned.update(name for name, _ in backbone.stage_buffers(stage))
    tensors = dict(backbone.model.named_parameters()) | dict(backbone.model.named_buffers())
    assert owned == Counter(list(tensors))


def test_every_module_with_a_mode_belongs_to_one_stage(case: Case) -> None:
    backbone = case.backbone
    kinds = (_BatchNorm, nn.Dropout, nn.MultiheadAttention, torchvision.ops.StochasticDepth)
    owned = Counter(
        id(module)
        for stage in backbone.stage_names
        for module in backbone.stage_modules(stage)
        if isinstance(module, kinds)
    )
    assert owned == Counter(id(m) for m in backbone.modules() if isinstance(m, kinds))


def test_state_has_the_original_keys(case: Case) -> None:
    head = {f"{case.backbone.head_prefix}.{name}" for name in ("weight", "bias")}
    assert list(case.backbone.state_dict()) == [key for key in case.keys if key not in head]
    assert head <= set(case.keys)


@torch.no_grad()
def test_exported_classifier_loads_in_the_original_model(case: Case) -> None:
    head = make_head("linear", case.backbone.num_features, 3)
    classifier = TransferClassifier(case.backbone, head).eval()
    size = {"image_size": SIZE} if case.spec.size_multiple > 1 else {}
    with torch.device("meta"):
        original = case.architecture.builder(num_classes=3, **size)
    original.load_state_dict(classifier.state_dict(), assign=True)
    assert torch.equal(original.eval()(case.images), classifier(case.images))


@torch.no_grad()
def test_stage_outputs_can_be_shown_as_maps(case: Case) -> None:
    case.backbone.eval()
    x = case.images
    for i, stage in enumerate(case.spec.stages):
        x = case.backbone.run(x, i, i + 1)
        shown = case.backbone.as_map(x)
        assert shown.shape[:2] == (2, stage.output_shape[0])
        assert shown.shape[2] == shown.shape[3]


def test_stage_names_and_texts(case: Case) -> None:
    spec = case.spec
    assert spec.stage_names == case.backbone.stage_names
    assert len(set(spec.stage_names)) == len(spec.stage_names)
    assert all(name.isidentifier() for name in spec.stage_names)
    for text in (spec.summary, spec.paper, spec.weights.license):
        assert text.strip()
    sentences = [stage.detects for stage in spec.stages]
    assert all(text.endswith(".") for text in sentences)
    assert len(set(sentences)) == len(sentences)


def test_the_list_is_complete() -> None:
    assert set(NAMES) >= REQUIRED
    assert backbones().names() == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_facts_file_is_up_to_date(name: str) -> None:
    described = json.loads(json.dumps(describe(ARCHITECTURES.get(name))))
    stored = json.loads(json.dumps(dataclasses.asdict(backbones().get(name))))
    assert stored == described, "run: python tools/describe_backbones.py"


@pytest.mark.parametrize("name", FROM_TORCHVISION)
def test_facts_agree_with_the_weight_enums(name: str) -> None:
    spec, enum = backbones().get(name), ARCHITECTURES.get(name).weights
    meta, transform = enum.meta, enum.transforms()
    assert spec.weights.url == enum.url
    assert enum.url.endswith(f"/{spec.weights.file}")
    assert f"-{spec.weights.sha256_prefix}." in spec.weights.file
    assert spec.weights.bytes / 2**20 == pytest.approx(meta["_file_size"], abs=1e-3)
    assert spec.weights.top1 * 100 == pytest.approx(meta["_metrics"]["ImageNet-1K"]["acc@1"])
    assert [spec.preprocessing.size] == transform.crop_size
    assert [spec.preprocessing.resize] == transform.resize_size
    assert spec.preprocessing.interpolation == transform.interpolation.value
    assert list(spec.preprocessing.mean) == transform.mean
    assert list(spec.preprocessing.std) == transform.std
    classes = len(meta["categories"])
    head = (spec.num_features + 1) * classes
    assert spec.total_parameters + head == meta["num_params"]
    operations = sum(stage.multiply_adds for stage in spec.stages) + spec.num_features * classes
    assert operations / 1e9 == pytest.approx(meta["_ops"], abs=1e-3)


@pytest.mark.parametrize(
    ("name", "stage", "pixels"),
    [
        # Araujo et al., "Computing receptive fields of convolutional neural networks", Distill 2019
        ("resnet50", "layer4", 427),
        ("vgg16", "block5", 212),
        ("mobilenet_v2", "conv_last", 491),
        ("vit_b_16", "patch_embedding", 16),
        ("vit_b_16", "encoder1", None),
        ("swin_t", "stage1", None),
        ("vgg16", "fc6", None),
    ],
)
def test_receptive_fields(name: str, stage: str, pixels: int | None) -> None:
    assert backbones().get(name).stage(stage).receptive_field == pixels


BUNDLED = {spec.name: spec for spec in backbones() if spec.weights.origin == "bundled"}


def test_bundled_weights_are_small() -> None:
    files = {file.stem: file.stat().st_size for file in WEIGHTS.glob("*.safetensors")}
    assert files == {name: spec.weights.bytes for name, spec in BUNDLED.items()}
    assert all(size <= 6_000_000 for size in files.values())
    assert sum(file.stat().st_size for file in WEIGHTS.iterdir()) <= 36_000_000


def test_bundled_backbones_stand_first() -> None:
    assert NAMES[: len(BUNDLED)] == list(BUNDLED)


@pytest.mark.parametrize("name", BUNDLED)
def test_the_card_of_a_bundled_backbone_says_what_it_learned_and_how_well(name: str) -> None:
    weights = BUNDLED[name].weights
    card = (WEIGHTS / f"{name}.md").read_text(encoding="utf-8")
    assert card.startswith(f"# Model card: {name}\n")
    assert weights.source_task.split(",")[0] in card
    assert f"{100 * weights.top1:.1f} %" in card
