"""The entry file for Streamlit Community Cloud, which installs the requirements that lie beside it.

It runs the ``app.py`` of the repository behind the same guard; the link ``pages`` beside it makes
every page found.
"""

import os
import runpy
import sys
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

if __name__ == "__main__":
    runpy.run_path(str(ROOT / "app.py"), run_name="__main__")
else:
    from ui.guard import Guard
    from ui.shared.downloads import routes

    # Names are the host's affair, which also shows the app in a frame.
    os.environ.setdefault("TL_ALLOWED_HOSTS", "*")
    os.environ.setdefault(
        "TL_FRAME_ANCESTORS", "'self' https://*.streamlit.app https://*.streamlit.io"
    )
    guard = Guard(__file__)
    app = st.App(__file__, routes=routes(), middleware=guard.middleware, lifespan=guard.lifespan)
    guard.adopt(app)
