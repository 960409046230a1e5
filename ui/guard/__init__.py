"""What stands between the network and the pages.

Streamlit is made for a developer and their own visitors. On a server for a class anybody may send
anything, so each kind of thing that comes in has a rule here, one in each file, and reaches
Streamlit only by it. :class:`Guard` puts them in front of an app at its start.
"""

from ui.guard.start import Guard, say_if_unguarded

__all__ = ["Guard", "say_if_unguarded"]
