"""Model, light and path-trace fruit and vegetables: the parts of ``tools/render_samples.py``.

``items`` builds a fruit from ``surfaces`` (its form) and ``skin`` (its colours and relief);
``placing`` lets it rest among others and frames it; ``studio``, ``market`` and ``dusk`` in
``scenes`` light it on one of the ``grounds``; ``tracing`` renders it with Mitsuba and ``camera``
develops the light into a photo, while ``drawing`` turns its geometry into a line drawing.
Lengths are centimetres, z points up, colours are sRGB in 0 to 1.
"""
