"""What convolutional layers tend to detect, from shallow to deep.

The order (edges, textures, parts, objects) is the finding of Zeiler and Fergus, "Visualizing and
understanding convolutional networks", ECCV 2014, arXiv:1311.2901, and of Olah et al., "Feature
visualization", Distill 2017. These are tendencies: a real stage does some of everything.
"""

EDGES = (
    "Edges at many angles and blobs of colour; nearly every vision network learns much the same "
    "ones, whatever its task."
)
CORNERS = "Corners, curves and crossings, put together from a few edges."
TEXTURES = "Fine textures such as fur, stripes, grids and ripples."
PATTERNS = "Larger patterns that repeat, such as feathers, leaves, brickwork or lettering."
MOTIFS = "Rings, spirals, cells and other shapes that hint at a material or a surface."
PARTS = "Parts of things, such as eyes, wheels, legs or petals, wherever they lie in the photo."
ASSEMBLIES = "Parts in their usual arrangement, such as a face or a wing on a body."
OBJECTS = "Whole objects with their usual surroundings, shaped for the classes of the source task."
MIXTURE = (
    "Nothing new in space: it mixes all channels at each position into the final features, the "
    "ones closest to the classes of the source task."
)
