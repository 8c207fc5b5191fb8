"""What fewer bits change: measured here as a bound, reported by ``scripts/bench t3``."""

from pathlib import Path
from typing import Any

import pytest
import torch
from t3_speech import Spoken, decode, decode_alone

from worker.engine.t3 import precision as precision_module
from worker.engine.t3.decoder import Decoder, cache_dtype
from worker.engine.t3.divergence import divergence_from
from worker.engine.t3.model import T3
from worker.engine.t3.precision import Precision
from worker.engine.t3.projections import DenseProjection, Int8Projection
from worker.engine.t3.sampling import Sampling

CPU = torch.device("cpu")
