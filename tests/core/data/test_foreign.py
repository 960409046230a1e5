import io
import struct
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.photos import make_photo
from tl_core.data.foreign import EMPTY, RAW, TEXT, ZEROS, foreign
from tl_core.data.foreign_kinds import KINDS
from tl_core.data.passing import IN_MACOS_FOLDER, passing_rule
from tl_core.modalities import MODALITIES

CASES = Path(__file__).parents[4] / "shared" / "data" / "cases"


def said(path: str, content: bytes) -> str | None:
    return foreign(path, content[:4096], len(content))


def saved(form: str, **settings: object) -> bytes:
    stream = io.BytesIO()
    make_photo(0, seed=1).save(stream, form, **settings)
    return stream.getvalue()


READ = {form: saved(form) for form in ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "PPM")}
READ["HEIF"] = struct.pack(">L", 24) + b"ftypheic\0\0\0\0mif1heic" + bytes(90)
READ["PNG with a comment"] = READ["PNG"] + b"<html>"
READ["grey PNM"] = b"P2\n# made by hand\n2 2\n255\n0 1 2 3\n"
READ["BigTIFF"] = saved("TIFF", big_tiff=True)
READ["TIFF of many bytes"] = b"MM\0*" + struct.pack(">L", 90_000) + bytes(5000)


@pytest.mark.parametrize("content", READ.values(), ids=READ)
@pytest.mark.parametrize("suffix", ["", ".jpg", ".txt", ".mp4", ".xlsx", ".zip", ".exe", ".tga"])
def test_what_can_be_read_is_never_foreign(content: bytes, suffix: str) -> None:
    assert said(f"ant/x{suffix}", content) is None


def test_no_name_of_an_item_is_the_name_of_something_else() -> None:
    names = {f".{suffix}" for kind in KINDS for suffix in kind.suffixes}
    assert not names & {suffix for kind in MODALITIES for suffix in kind.suffixes}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.reason[:30])
def test_reasons_follow_a_path_and_end_a_sentence(kind: object) -> None:
    reason = kind.reason  # type: ignore[attr-defined]
    assert reason.startswith(("is ", "holds ")) and reason.endswith(".") and "\n" not in reason
    assert kind.suffixes or kind.start  # type: ignore[attr-defined]


ZIP_START = b"PK\x03\x04" + bytes(26)
BY_CONTENT = {
    "Git LFS": b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n",
    "git-annex": b"/annex/objects/SHA256E-s12--ab.jpg\n",
    "a shortcut": b"[InternetShortcut]\r\nURL=https://example.org/a.jpg\r\n",
    "a shortcut ": b"\x4c\0\0\0\x01\x14\x02\0" + bytes(60),
    "about another file": b"\0\x05\x16\x07\0\x02\0\0Mac OS X",
    "a web page": b"\n<!DOCTYPE html>\n<html><body>Sign in</body></html>",
    "a web page ": b"<HTML><HEAD><TITLE>404</TITLE></HEAD></HTML>",
    "(SVG)": b'<?xml version="1.0"?>\n<!-- a drawing -->\n<svg xmlns="x"></svg>',
    "(SVG) ": b'<svg width="9"/>',
    "Photoshop": b"8BPS\0\x01" + bytes(40),
    "GIMP": b"gimp xcf v011\0",
    "(EPS)": b"%!PS-Adobe-3.0 EPSF-3.0",
    "(DICOM)": bytes(128) + b"DICM" + bytes(40),
    "(NIfTI)": bytes(344) + b"n+1\0",
    "JPEG XL": b"\0\0\0\x0cJXL \r\n\x87\n",
    "JPEG XL ": b"\xff\x0a\xfa\x1f",
    "JPEG 2000": b"\0\0\0\x0cjP  \r\n\x87\n",
    "an icon": b"\0\0\x01\0\x02\0\x10\x10\0\0\x01\0\x20\0",
    "PCX": b"\x0a\x05\x01\x08" + bytes(60),
    "OpenEXR": b"\x76\x2f\x31\x01\x02\0\0\0",
    "HDR": b"#?RADIANCE\n",
    "FITS": b"SIMPLE  =                    T",
    "a video": b"\0\0\0\x20ftypisom\0\0\x02\0",
    "a video ": b"\0\0\0\x14ftypqt  \0\0\0\0",
    "a video  ": b"RIFF\x24\0\0\0AVI LIST",
    "a video   ": b"\x1a\x45\xdf\xa3\x9f",
    "a sound": b"RIFF\x24\0\0\0WAVEfmt ",
    "a sound ": b"ID3\x04\0\0\0",
    "a PDF": b"%PDF-1.7\n",
    "an office document": ZIP_START + b"[Content_Types].xml",
    "an office document ": b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(90),
    "an e-book": ZIP_START + b"mimetypeapplication/epub+zip",
    "weights": b"\x93NUMPY\x01\0v\0{'descr'",
    "weights ": b"\x89HDF\r\n\x1a\n",
    "weights  ": b"\x80\x04\x95\x12\0\0\0",
    "weights   ": struct.pack("<Q", 72) + b'{"__metadata__":{}}',
    "a database": b"SQLite format 3\0",
    "a program": b"MZ\x90\0\x03\0\0\0",
    "a program ": b"\x7fELF\x02\x01",
    "a program  ": b"#!/usr/bin/env python3\n",
    "packed": ZIP_START + b"notes.txt",
    "packed ": b"\x1f\x8b\x08\0",
    "a list or note": b'{"images": []}',
    "a list or note ": b'<?xml version="1.0"?><annotation/>',
    "is a text": "zu groß für den Server\n".encode(),
}


@pytest.mark.parametrize(("what", "content"), BY_CONTENT.items(), ids=BY_CONTENT)
@pytest.mark.parametrize("path", ["ant/photo.jpg", "x", "ant/photo.PNG"])
def test_content_tells_what_a_file_is_whatever_its_name(
    what: str, content: bytes, path: str
) -> None:
    assert what.strip() in str(said(path, content))


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("x.docx", "an office document"),
        ("x.XLSX", "an office document"),
        ("x.pth", "weights"),
        ("x.npz", "weights"),
        ("x.epub", "an e-book"),
        ("x.kra", "a picture in a format"),
        ("x.jar", "a program"),
        ("x.zip", "packed"),
        ("x", "packed"),
        ("x.jpg", "packed"),
    ],
)
def test_of_zips_the_name_tells_more(name: str, what: str) -> None:
    assert what in str(said(f"ant/{name}", ZIP_START + b"_rels/.rels"))


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("x.csv", "a list or note"),
        ("x.txt", "a text"),
        ("README", "a text"),
        ("x.tga", "TGA"),
        ("x.nii.gz", "NIfTI"),
        ("Sheet.gdoc", "in the cloud"),
        ("x.jpg.crdownload", "broken off"),
        ("x.safetensors", "weights"),
        ("x.ttf", "a font"),
        ("x.py", "a program"),
        ("x.mkv", "a video"),
    ],
)
def test_the_name_tells_where_content_does_not(name: str, what: str) -> None:
    assert what in str(said(f"ant/{name}", b"\x07\x99\xfe" * 400))


def test_what_is_not_there() -> None:
    assert said("ant/x.jpg", b"") == EMPTY
    assert said("ant/x.jpg", bytes(900)) == said("ant/x.jpg", bytes(90_000)) == ZEROS
    placeholder = said("ant/.IMG_1.HEIC.icloud", b"bplist00\xd3")
    assert "'IMG_1.HEIC'" in str(placeholder) and "iCloud" in str(placeholder)
    assert said("ant/x.jpg", b"quota exceeded") == TEXT


@pytest.mark.parametrize(
    "content", [b"\xff\xd8", b"\x89PNG", b"\x99\x01\xfe" * 9, b"BMW and VW\xff"]
)
def test_of_a_damaged_photo_nothing_is_known(content: bytes) -> None:
    assert said("ant/x.jpg", content) is None


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from([*READ.values(), *BY_CONTENT.values(), b""]),
    st.binary(max_size=60),
    st.text(max_size=9),
)
def test_whatever_it_is_nothing_or_one_sentence_is_said(
    start: bytes, rest: bytes, name: str
) -> None:
    reason = said(name, start + rest)
    assert reason is None or (reason.endswith(".") and len(reason.splitlines()) == 1)


@pytest.mark.parametrize(
    "piece", [b"# ", b"<!---->", b"#\n", b"<?xml>", b" ", b"{", b"../", b"P1 "]
)
@pytest.mark.parametrize("start", [b"", b"P6 ", b"<svg", b"<!DOCTYPE svg [", b"<?xml?>"])
def test_no_start_takes_long_to_be_looked_at(start: bytes, piece: bytes) -> None:
    said("ant/x", (start + piece * 4096)[:4096])  # else it takes longer than the universe is old


# -------------------------------------------------------------------------------------- camera raw


def tiff(order: str, tags: dict[int, tuple[int, int]]) -> bytes:
    """Make the start of a TIFF whose first directory has these tags: types and values."""
    mark = {"<": b"II*\0", ">": b"MM\0*"}[order]
    entries = (
        struct.pack(f"{order}HHLL", tag, kind, 1, value) for tag, (kind, value) in tags.items()
    )
    return mark + struct.pack(f"{order}LH", 8, len(tags)) + b"".join(entries) + bytes(200)


NEF = {254: (4, 1), 271: (2, 100), 330: (4, 900)}
RAWS = {
    "CR2": b"II*\0\x10\0\0\0CR\x02\0",
    "CR3": b"\0\0\0\x18ftypcrx \0\0\0\x01",
    "RAF": b"FUJIFILMCCD-RAW 0201",
    "RW2": b"IIU\0\x18\0\0\0",
    "ORF": b"IIRO\x08\0\0\0",
    "NEF": tiff(">", NEF),
    "ARW": tiff("<", NEF),
    "DNG": tiff("<", {254: (4, 0), 50706: (1, 1025)}),
}


@pytest.mark.parametrize("content", RAWS.values(), ids=RAWS)
@pytest.mark.parametrize("name", ["x.jpg", "x.tif", "x"])
def test_raw_files_of_cameras_are_named_by_content(content: bytes, name: str) -> None:
    assert said(name, content) == RAW


@pytest.mark.parametrize("suffix", ["cr2", "CR3", "nef", "arw", "dng", "orf", "rw2", "raf", "pef"])
def test_raw_files_of_cameras_are_named_by_suffix(suffix: str) -> None:
    assert said(f"x.{suffix}", READ["TIFF"]) == said(f"x.{suffix}", b"\x01\xfe" * 90) == RAW
    assert said(f"x.{suffix}", READ["JPEG"]) is None


@pytest.mark.parametrize("tags", [{271: (2, 100)}, {254: (4, 0), 271: (2, 9), 330: (4, 9)}, {}])
def test_an_ordinary_tiff_of_a_camera_is_no_raw_file(tags: dict[int, tuple[int, int]]) -> None:
    assert said("x.tif", tiff("<", tags)) is None
    assert said("x.tif", tiff(">", tags)[:11]) is None


# -------------------------------------------------------------------------------------- the cases

ODD = {
    "odd.jp2": "JPEG 2000", "odd.ico": "an icon", "odd.tga": "TGA", "odd.pdf": "a PDF",
    "odd.pcx": "PCX", "odd.eps": "(EPS)", "movie.mp4": "a video", "live.mov": "a video",
    "drawing.svg": "(SVG)", "empty.jpg": "is empty", "page.jpg": "a web page", "lfs.jpg": "Git LFS",
    "scan.dcm": "(DICOM)", "x.jxl": "JPEG XL", "y.psd": "Photoshop",
}  # fmt: skip


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not here")
def test_the_cases() -> None:
    with zipfile.ZipFile(CASES / "s-odd-formats.zip") as archive:
        found = {name: said(name, archive.read(name)) for name in archive.namelist()}
    named = {path.removeprefix("ant/"): reason for path, reason in found.items() if reason}
    assert named.keys() == ODD.keys()
    assert all(what in named[name] for name, what in ODD.items())
    several = {
        path.name: said(path.name, path.read_bytes()) for path in (CASES / "predict_many").iterdir()
    }
    assert {name for name, reason in several.items() if reason} == {"empty.jpg", "notes.txt"}


# ---------------------------------------------------------------------------- passed over by a rule


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("ant/@eaDir/0.jpg/SYNOPHOTO_THUMB_XL.jpg", "thumbnails of a network drive"),
        ("#recycle/ant/0.jpg", "files in a recycle bin"),
        ("$RECYCLE.BIN/S-1-5/x.jpg", "files in a recycle bin"),
        (".Trash-1000/files/0.jpg", "files in a recycle bin"),
        ("ant/.trashed-1700000000-IMG.jpg", "files in a recycle bin"),
        ("lost+found/0.jpg", "files that a check of the disk has found (lost+found)"),
        ("__MACOSX/ant/._0.jpg", "files of macOS"),
        ("ant/._0.jpg", "files of macOS"),
        ("ant/.DS_Store", "files of macOS"),
        ("Icon\r", "files of macOS"),
        ("ant/Thumbs.db", "files of Windows"),
        ("ant/Desktop.ini", "files of Windows"),
        ("System Volume Information/x", "files of Windows"),
        (".thumbnails/0.jpg", "thumbnails"),
        (".git/objects/ab/cd", "files of a version control"),
        ("ant/.gitkeep", "files of a version control"),
        (".ipynb_checkpoints/0-checkpoint.jpg", "files that Python keeps for itself"),
        ("__pycache__/x.pyc", "files that Python keeps for itself"),
        ("ant/IMG_1.AAE", "edit notes of a phone or a photo program"),
        ("ant/IMG_1.xmp", "edit notes of a phone or a photo program"),
        ("ant/~$labels.xlsx", "temporary files of an office program"),
        (".hidden/0.jpg", "hidden files"),
        ("ant/.0.jpg", "hidden files"),
        (".git/.x.jpg.icloud", "files of a version control"),
        ("__MACOSX/0.jpg", IN_MACOS_FOLDER),
        ("set/__MACOSX/cat/0.jpg", IN_MACOS_FOLDER),
    ],
)
def test_what_is_passed_over_by_which_rule(path: str, rule: str) -> None:
    assert passing_rule(path) == rule


@pytest.mark.parametrize(
    "path",
    ["ant/0.jpg", "0.jpg", "ant/.IMG_1.HEIC.icloud", "trash/0.jpg", "thumbs/0.jpg", "macosx/0.jpg",
     "git/0.jpg", "lost/0.jpg", "ant..bee/0.jpg", "recycler/plastic/0.jpg", ""],
)  # fmt: skip
def test_what_people_brought_is_looked_at(path: str) -> None:
    assert passing_rule(path) is None
