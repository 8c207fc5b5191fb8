"""Perth's weights: the encoder's, read from the wheel without importing Perth.

Importing Perth takes seconds (librosa, numba), and fails without pkg_resources.
"""

from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch

from worker.errors import EngineFailure

_FILE = Path("perth_net", "pretrained", "implicit", "perth_net_250000.pth.tar")

Layer = tuple[torch.Tensor, torch.Tensor]
"""A convolution's weight (out, in, width) and bias (out,)."""


def read_layers(shapes: list[tuple[int, int, int]], device: torch.device) -> list[Layer]:
    """Return the convolutions of Perth's encoder, in order.

    Raises ``EngineFailure`` if they are missing or damaged, or have other shapes.
    """
    file = _find()
    try:
        stored = torch.load(file, map_location="cpu", weights_only=True, mmap=True)["model"]
        layers = [_layer(stored, position, device) for position in range(len(shapes))]
    except Exception as error:
        told = (
            f"The watermark is on, but Perth's weights cannot be read ({type(error).__name__}): "
            'reinstall them with `pip install --force-reinstall "resemble-perth==1.0.1"`.'
        )
        raise EngineFailure(f"{told} They are in {file}.", told=told) from error
    found = [tuple(weight.shape) for weight, _ in layers]
    if found != shapes:
        told = f"Perth's weights have the shapes {found}, not {shapes}."
        raise EngineFailure(f"{told} They are in {file}.", told=told)
    return layers


def _find() -> Path:
    spec = find_spec("perth")
    for folder in (spec and spec.submodule_search_locations) or []:
        file = Path(folder) / _FILE
        if file.is_file():
            return file
    raise EngineFailure(
        f"The watermark is on, but Perth's weights ({_FILE.name}) are not installed: "
        'install them with `pip install "resemble-perth==1.0.1"`, or switch the watermark off.'
    )


def _layer(stored: dict[str, Any], position: int, device: torch.device) -> Layer:
    weight, bias = (stored[f"encoder.layers.{position}.conv.{name}"] for name in ("weight", "bias"))
    # Copies, so that the file, which is mostly the detector, does not stay in memory.
    return weight.clone().to(device), bias.clone().to(device)
