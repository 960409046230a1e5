"""What holds whatever comes in: an answer or one sentence, and nothing beside it.

``tests/fuzz/test_fuzz.py`` tries each property on a few hundred inputs, the same ones every time;
``benchmarks/fuzz.py`` on as many new ones as there is time for.
"""

from tests.fuzz import read_back, run_folders, way_in
from tests.fuzz.base import PROPERTIES, Property

__all__ = ["PROPERTIES", "Property", "read_back", "run_folders", "way_in"]
