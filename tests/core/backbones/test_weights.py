"""Weights: where they are, downloads from a server on this machine, damaged and hostile files."""

from __future__ import annotations

import dataclasses
import hashlib
import io
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from tl_core import download
from tl_core.backbones import BackboneSpec, backbones, build, densenet, vit, weights
from tl_core.backbones.build import build_backbone
from tl_core.backbones.catalog import ARCHITECTURES
from tl_core.backbones.weights import load_state, location, prefetch, weights_path
from tl_core.errors import ConfigError, UnknownName, WeightsError

Answer = Callable[[BaseHTTPRequestHandler], None]


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "torch" / "hub" / "checkpoints"


def encode(content: object) -> bytes:
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


STATE = {"fc.weight": torch.arange(6.0).reshape(2, 3), "steps": torch.tensor(7)}
FILE = encode(STATE)


def spec_for(content: bytes, url: str = "http://127.0.0.1:9/") -> BackboneSpec:
    digest = hashlib.sha256(content).hexdigest()[:8]
    spec = backbones().get("resnet18")
    source = dataclasses.replace(
        spec.weights,
        file=f"resnet18-{digest}.pth",
        url=f"{url}resnet18-{digest}.pth",
        sha256_prefix=digest,
        bytes=len(content),
    )
    return dataclasses.replace(spec, weights=source)


def put(spec: BackboneSpec, content: bytes) -> Path:
    path = weights_path(spec)
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], str]]:
    servers: list[ThreadingHTTPServer] = []

    def start(answer: Answer) -> str:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                answer(self)

            def log_message(self, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/"

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def respond(content: bytes, length: int | None = None) -> Answer:
    def answer(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.send_header("Content-Length", str(length or len(content)))
        request.end_headers()
        request.wfile.write(content)

    return answer


# ---------------------------------------------------------------------------------- location


def test_cache_folder_is_torchs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def torchs() -> Path:
        return Path(torch.hub.get_dir()) / "checkpoints"

    assert weights.cache_folder() == torchs()
    monkeypatch.delenv("TORCH_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert weights.cache_folder() == torchs() == tmp_path / "xdg" / "torch/hub/checkpoints"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert weights.cache_folder() == torchs()


def test_location() -> None:
    spec = spec_for(FILE)
    assert location(backbones().get("resnet_mini")) == "bundled"
    assert location(spec) == "download"
    put(spec, FILE)
    assert location(spec) == "cached"


def test_facts_and_locations_need_no_torch() -> None:
    code = (
        "import sys, tl_core.heads\n"
        "from tl_core.backbones import backbones\n"
        "from tl_core.backbones.weights import location\n"
        "assert [location(spec) for spec in backbones()]\n"
        "assert not {'torch', 'torchvision', 'numpy'} & set(sys.modules), 'too heavy'\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])


# ---------------------------------------------------------------------------------- downloads


def test_prefetch_downloads_once_and_reports(serve: Callable[[Answer], str], cache: Path) -> None:
    requests: list[str] = []

    def answer(request: BaseHTTPRequestHandler) -> None:
        requests.append(request.path)
        respond(FILE)(request)

    spec = spec_for(FILE, serve(answer))
    seen: list[tuple[int, int]] = []
    path = prefetch(spec, lambda done, total, _: seen.append((done, total)))
    assert path.read_bytes() == FILE
    assert seen[-1] == (len(FILE), len(FILE))
    assert prefetch(spec) == path
    assert requests == [f"/{spec.weights.file}"]
    assert left(cache) == [spec.weights.file], "something besides the file was left"


def left(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.suffix != ".lock"]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(respond(FILE[:-100]), id="truncated"),
        pytest.param(respond(FILE[:-1] + b"?"), id="corrupted"),
        pytest.param(respond(b"<html>Log in to this network</html>"), id="another page"),
        pytest.param(lambda request: request.send_error(404), id="gone"),
        pytest.param(lambda request: None, id="closed without an answer"),
    ],
)
def test_a_failed_download_leaves_nothing_and_can_be_repeated(
    serve: Callable[[Answer], str], cache: Path, answer: Answer
) -> None:
    spec = spec_for(FILE, serve(answer))
    with pytest.raises(WeightsError):
        prefetch(spec)
    assert location(spec) == "download"
    assert left(cache) == []
    assert prefetch(spec_for(FILE, serve(respond(FILE)))).read_bytes() == FILE


def test_without_network_the_message_says_what_to_do() -> None:
    spec = dataclasses.replace(backbones().get("vgg16"))
    source = dataclasses.replace(spec.weights, url="http://127.0.0.1:9/vgg16.pth")
    with pytest.raises(WeightsError) as caught:
        load_state(dataclasses.replace(spec, weights=source))
    message = str(caught.value)
    for part in (
        "vgg16-397923af.pth",
        "553 MB",
        "python -m tl_core prefetch vgg16",
        "resnet_mini",
        "--weights none",
    ):
        assert part in message
    assert "<urlopen" not in message


def test_a_silent_server_is_given_up_on(
    serve: Callable[[Answer], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    given_up = threading.Event()

    def answer(request: BaseHTTPRequestHandler) -> None:
        given_up.wait(60)

    monkeypatch.setattr(download, "PATIENCE", 0.2)
    spec = spec_for(FILE, serve(answer))
    try:
        with pytest.raises(WeightsError, match=r"no answer within|timed out"):
            prefetch(spec)
    finally:
        given_up.set()


def test_a_cache_that_cannot_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "file"))
    with pytest.raises(WeightsError, match="Not a directory"):
        prefetch(spec_for(FILE))


# ------------------------------------------------------------------------------------ loading


def test_load_state_reads_tensors() -> None:
    spec = spec_for(FILE)
    put(spec, FILE)
    state = load_state(spec)
    assert state.keys() == STATE.keys()
    assert torch.equal(state["fc.weight"], STATE["fc.weight"])
    assert state["steps"].dtype == torch.int64


def test_load_state_downloads_what_is_missing(serve: Callable[[Answer], str]) -> None:
    spec = spec_for(FILE, serve(respond(FILE)))
    assert load_state(spec).keys() == STATE.keys()
    assert location(spec) == "cached"


def test_a_damaged_file_is_named_and_replaced(serve: Callable[[Answer], str]) -> None:
    spec = spec_for(FILE, serve(respond(FILE)))
    path = put(spec, FILE[:-100])
    with pytest.raises(WeightsError, match="damaged") as caught:
        load_state(spec)
    assert str(path) in str(caught.value)
    assert "python -m tl_core prefetch resnet18" in str(caught.value)
    prefetch(spec)
    assert load_state(spec).keys() == STATE.keys()


class Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, ("it-ran",)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(encode({"fc.weight": Hostile()}), id="code"),
        pytest.param(encode([torch.zeros(1)]), id="list"),
        pytest.param(encode({"fc.weight": "text"}), id="text"),
        pytest.param(b"not a weights file", id="garbage"),
        pytest.param(b"", id="empty"),
    ],
)
def test_only_tensors_are_read(
    content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    spec = spec_for(content)
    put(spec, content)
    with pytest.raises(WeightsError, match="damaged"):
        load_state(spec)
    assert not (tmp_path / "it-ran").exists()


def test_bundled_weights_load_as_float32() -> None:
    state = load_state(backbones().get("resnet_mini"))
    assert {value.dtype for value in state.values()} == {torch.float32}
    assert state["fc.weight"].shape == (200, 256)


def test_a_damaged_bundled_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "weights").mkdir()
    monkeypatch.setattr(weights, "ASSETS", tmp_path)
    spec = backbones().get("resnet_mini")
    for content in (None, b"\x10\0\0\0\0\0\0\0{"):
        if content is not None:
            weights_path(spec).write_bytes(content)
        with pytest.raises(WeightsError, match="Install this project again"):
            load_state(spec)


# ----------------------------------------------------------------------------------- networks


def test_pretrained_differs_from_random_weights_and_repeats() -> None:
    first, second = (build_backbone("resnet_mini", pretrained=True) for _ in range(2))
    random = build_backbone("resnet_mini", pretrained=False)
    key = "layer4.1.conv2.weight"
    assert torch.equal(first.state_dict()[key], second.state_dict()[key])
    assert not torch.equal(first.state_dict()[key], random.state_dict()[key])
    with torch.inference_mode():
        assert first.eval()(torch.randn(1, 3, 96, 96)).isfinite().all()


def test_weights_of_another_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "load_state", lambda spec: {"conv1.weight": torch.zeros(1)})
    with pytest.raises(WeightsError, match="does not fit"):
        build_backbone("resnet18", pretrained=True)


def test_image_sizes_are_checked() -> None:
    with pytest.raises(ConfigError, match=r"ViT-B/16 .* multiple of 16.* is 96"):
        build_backbone("vit_b_16", pretrained=False, input_size=100)
    with pytest.raises(ConfigError, match=r"at least 32.* is 32"):
        build_backbone("resnet18", pretrained=False, input_size=8)
    with pytest.raises(UnknownName, match="Did you mean 'resnet18'"):
        build_backbone("resnet81", pretrained=False)


def test_position_embeddings_follow_the_image_size(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = ARCHITECTURES.get("vit_b_16")
    stored = entry.family.make(entry.builder, 224).state_dict()
    monkeypatch.setattr(build, "load_state", lambda spec: stored)
    backbone = build_backbone("vit_b_16", pretrained=True, input_size=96).eval()
    before, after = stored["encoder.pos_embedding"], backbone.state_dict()["encoder.pos_embedding"]
    assert after.shape == (1, 1 + (96 // vit.PATCH) ** 2, 768)
    assert torch.equal(after[:, 0], before[:, 0]), "the class token has no place in the grid"
    assert before.shape[1] == 1 + 14**2, "the stored weights were changed"
    with torch.inference_mode():
        assert backbone(torch.randn(1, 3, 96, 96)).shape == (1, 768)


def test_densenet_reads_the_published_keys() -> None:
    published = {
        "features.denseblock1.denselayer1.norm.1.weight": torch.zeros(1),
        "features.denseblock4.denselayer16.conv.2.weight": torch.zeros(1),
        "features.transition1.norm.weight": torch.zeros(1),
        "features.norm5.running_mean": torch.zeros(1),
    }
    assert list(densenet.adapt(published, 224)) == [
        "features.denseblock1.denselayer1.norm1.weight",
        "features.denseblock4.denselayer16.conv2.weight",
        "features.transition1.norm.weight",
        "features.norm5.running_mean",
    ]
