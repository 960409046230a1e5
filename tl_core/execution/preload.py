"""What the fork server loads, once: workers share its memory until they write to it."""

import gc

import tl_core.execution.worker  # noqa: F401

gc.collect()
gc.freeze()  # otherwise a worker's collector writes to, and so copies, all that is loaded: 40 MB
