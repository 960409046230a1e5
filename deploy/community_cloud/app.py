"""The entry file for Streamlit Community Cloud, which installs the requirements that lie beside it.

It runs the ``app.py`` of the repository; the link ``pages`` beside it makes every page found.
"""

import runpy
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))
runpy.run_path(str(ROOT / "app.py"))
