"""Hand a scene to Mitsuba 3 and get light, or geometry, back."""

from __future__ import annotations

from typing import Any

import drjit
import mitsuba as mi
import numpy as np
from scipy import ndimage

from tools.render.noise import Array
from tools.render.placing import Camera
from tools.render.skin import Part
from tools.render.surfaces import Mesh

mi.set_variant("scalar_rgb")
# Blocks of the picture are added in the order in which threads finish them, and sums of floats
# depend on their order: one thread makes a picture repeatable bit for bit.
drjit.set_thread_count(1)


def _bitmap(values: Array, raw: bool) -> dict[str, Any]:
    if raw:
        pixels = np.ascontiguousarray(values[..., None], np.float32)
    else:
        pixels = np.ascontiguousarray(np.round(np.clip(values, 0, 1) * 255), np.uint8)
    return {"type": "bitmap", "bitmap": mi.Bitmap(pixels), "raw": raw}


def _material(part: Part) -> Any:
    """Describe a skin as a principled BSDF under a bump map."""
    skin = part.skin
    principled: dict[str, Any] = {
        "type": "principled",
        "base_color": _bitmap(skin.colour, raw=False),
        "roughness": _bitmap(skin.roughness, raw=True),
        "specular": 0.5,
        "clearcoat": skin.gloss,
        "clearcoat_gloss": 0.9,
    }
    bumped: dict[str, Any] = {
        "type": "bumpmap",
        "relief": _bitmap(skin.relief, raw=True),
        "bsdf": principled,
    }
    if not np.ptp(skin.relief):
        bumped = principled
    return mi.load_dict({"type": "twosided", "bsdf": bumped} if part.thin else bumped)


def _shape(mesh: Mesh, material: Any) -> Any:
    properties = mi.Properties()
    properties["bsdf"] = material
    faces = mesh.faces
    count = mesh.vertices.shape[0] * mesh.vertices.shape[1]
    shape = mi.Mesh("part", count, len(faces), properties, True, True)
    fields = mi.traverse(shape)
    fields["vertex_positions"] = np.ascontiguousarray(mesh.vertices, np.float32).ravel()
    fields["vertex_normals"] = np.ascontiguousarray(mesh.normals, np.float32).ravel()
    fields["vertex_texcoords"] = np.ascontiguousarray(mesh.uv, np.float32).ravel()
    fields["faces"] = np.ascontiguousarray(faces, np.uint32).ravel()
    fields.update()
    return shape


def sky(light: Array) -> dict[str, Any]:
    """Surround the scene with light, shape (rows, columns, 3), the top row straight up."""
    pixels = np.ascontiguousarray(light, np.float32)
    turned = mi.ScalarTransform4f().rotate([1, 0, 0], 90)
    return {"type": "envmap", "bitmap": mi.Bitmap(pixels), "to_world": turned}


def lamp(position: Array, target: Array, size: tuple[float, float], light: Array) -> dict[str, Any]:
    """Hang a rectangular area light that faces the target; ``light`` is radiance, RGB."""
    place = mi.ScalarTransform4f().look_at(list(position), list(target), [0.1, 0.2, 1])
    return {
        "type": "rectangle",
        "to_world": place @ mi.ScalarTransform4f().scale([size[0] / 2, size[1] / 2, 1]),
        "emitter": {
            "type": "area",
            "radiance": {"type": "rgb", "value": [float(v) for v in light]},
        },
    }


def sun(direction: Array, light: Array) -> dict[str, Any]:
    """Shine along a direction with hard shadows; ``light`` is irradiance, RGB."""
    value = {"type": "rgb", "value": [float(v) for v in light]}
    return {"type": "directional", "direction": [float(v) for v in direction], "irradiance": value}


def _sensor(camera: Camera, side: int) -> dict[str, Any]:
    focus = float(np.linalg.norm(camera.target - camera.origin))
    return {
        "type": "thinlens" if camera.aperture else "perspective",
        **(
            {"aperture_radius": camera.aperture, "focus_distance": focus} if camera.aperture else {}
        ),
        "fov": camera.fov,
        "near_clip": 0.5,
        "far_clip": 2000.0,
        "to_world": mi.ScalarTransform4f().look_at(
            list(camera.origin), list(camera.target), list(camera.up)
        ),
        "film": {
            "type": "hdrfilm",
            "width": side,
            "height": side,
            "pixel_format": "rgb",
            "rfilter": {"type": "box"},
        },
        "sampler": {"type": "multijitter"},
    }


def trace(
    parts: list[Part],
    emitters: list[dict[str, Any]],
    camera: Camera,
    side: int,
    samples: int,
    seed: int,
) -> Array:
    """Path-trace a picture and remove the grain of few samples: linear light, (side, side, 3)."""
    scene: dict[str, Any] = {"type": "scene", "sensor": _sensor(camera, side)}
    scene |= {f"part{i}": _shape(part.mesh, _material(part)) for i, part in enumerate(parts)}
    scene |= {f"light{i}": emitter for i, emitter in enumerate(emitters)}
    traced = mi.load_dict(scene)
    path = mi.load_dict({"type": "path", "max_depth": 4})
    # A pass of its own: carried along with every path, the layers would cost more than the light.
    aov = mi.load_dict({"type": "aov", "aovs": "albedo:albedo,normal:sh_normal,depth:depth"})
    light = np.array(mi.render(traced, integrator=path, spp=samples, seed=seed))
    layers = np.array(mi.render(traced, integrator=aov, spp=1, seed=seed))
    scales = np.array([0.08, 0.08, 0.08, 0.25, 0.25, 0.25, 1.5])
    return _smooth(np.nan_to_num(light), np.nan_to_num(layers[..., -7:]) / scales)


def _smooth(light: Array, guide: Array, reach: int = 3) -> Array:
    """Average light over neighbours of like kind and like light: a cross-bilateral filter.

    Eisemann & Durand (2004) describe the filter.

    Parameters
    ----------
    guide
        Albedo, normal and depth, shape (side, side, 7), in units of what tells surfaces apart.
    """
    # A path that met a lamp by chance leaves one pixel far too bright: hold it near the others.
    usual = ndimage.median_filter(light, (3, 3, 1))
    light = np.clip(light, None, 2.5 * usual + 0.1 * light.mean())
    tone = np.log(ndimage.gaussian_filter(light, (0.7, 0.7, 0)).mean(-1) + 0.02 * light.mean())
    guide = np.concatenate([guide, tone[..., None] / 0.3], -1)
    total, weights = np.zeros(light.shape), np.zeros(light.shape[:2])
    for row in range(-reach, reach + 1):
        for column in range(-reach, reach + 1):
            other = np.roll(guide, (row, column), (0, 1))
            apart = ((guide - other) ** 2).sum(-1) + (row**2 + column**2) / (0.5 * reach**2)
            weight = np.exp(-apart / 2)
            total += weight[..., None] * np.roll(light, (row, column), (0, 1))
            weights += weight
    smooth: Array = total / weights[..., None]
    return smooth


def geometry(parts: list[Part], camera: Camera, side: int) -> dict[str, Array]:
    """Read the geometry under each pixel's centre.

    Returns
    -------
    dict
        ``depth`` (side, side), ``normal`` and ``position`` (side, side, 3), ``index`` (side, side):
        the number of the part, counted from 1; 0 where there is none.
    """
    matt = mi.load_dict({"type": "diffuse"})
    scene = {
        "type": "scene",
        "integrator": {
            "type": "aov",
            "aovs": "depth:depth,normal:sh_normal,position:position,index:shape_index",
        },
        "sensor": _sensor(camera, side),
    }
    scene |= {f"part{i:03d}": _shape(part.mesh, matt) for i, part in enumerate(parts)}
    layers = np.array(mi.render(mi.load_dict(scene), spp=1, seed=0))[..., -8:]
    depth = layers[..., 0]
    return {
        "depth": depth,
        "normal": layers[..., 1:4],
        "position": layers[..., 4:7],
        "index": np.where(depth > 0, np.round(layers[..., 7]) + 1, 0),
    }
