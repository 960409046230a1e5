"""The kinds of files that are no items, as a table: what they are, their names, how they begin."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """Files of one kind.

    Attributes
    ----------
    reason
        What they are, and the remedy; it follows the path of the file.
    suffixes
        Of their names, in lower case, without the first dot.
    start
        A pattern of their first bytes; None if only the name tells.
    wrapper
        Whether files of many kinds begin like that, so that the name tells more.
    """

    reason: str
    suffixes: tuple[str, ...]
    start: re.Pattern[bytes] | None
    wrapper: bool = False


def _kind(reason: str, suffixes: str = "", start: bytes = b"", *, wrapper: bool = False) -> Kind:
    pattern = re.compile(start, re.DOTALL) if start else None
    return Kind(reason, tuple(suffixes.split()), pattern, wrapper)


_COMMENTS = rb"(<!--(?:(?!-->).)*-->\s*)*"
_MARKUP = rb"(\xef\xbb\xbf)?\s*(<\?xml[^>]*>\s*)?" + _COMMENTS
"""What may stand in front of the first element of a text in XML or HTML."""

_EXPORT = "export it as JPEG or PNG."
_CLOUD = "is only a link to a file in the cloud: download the photo itself and bring that."
_PAGE = (
    "is a web page, not a photo: the download gave a page in its place. Open its address, and save "
    "the photo itself."
)

KINDS = (
    _kind(
        "is a Git LFS pointer, not the photo itself: run `git lfs pull` and bring the folder "
        "again.",
        start=rb"version https://git-lfs\.github\.com/spec/",
    ),
    _kind(
        "is a pointer of git-annex, not the photo itself: run `git annex get` and bring the folder "
        "again.",
        start=rb"(\.\./)*(\.git)?/annex/objects/",
    ),
    _kind(_CLOUD, "gdoc gsheet gslides gdraw gform gmap gsite gjam glink dropbox paper boxnote"),
    _kind(
        "is a shortcut to another file or page, not the photo itself: bring what it leads to.",
        "url webloc lnk desktop alias website symlink",
        rb"\[InternetShortcut\]|\[Desktop Entry\]|\x4c\0\0\0\x01\x14\x02\0|book\0\0\0\0mark|"
        rb"!<symlink>|bplist00.{1,20}?SURL|<\?xml.{1,300}<plist.{1,100}<key>URL</key>",
    ),
    _kind(
        "is a note of macOS about another file, not the photo itself: leave it out.",
        start=rb"\0\x05\x16\x07",
    ),
    _kind(
        "is a download that was broken off: download it again.",
        "crdownload part partial download opdownload tmp !ut",
    ),
    # Pictures
    _kind(
        f"is a drawing (SVG), not a photo: {_EXPORT}",
        "svg svgz",
        _MARKUP + rb"(<!DOCTYPE svg[^>\[]*(\[[^\]]*\]\s*)?>\s*)?" + _COMMENTS
        + rb"<(\w+:)?svg\b",
    ),
    _kind(f"is a Photoshop file: {_EXPORT}", "psd psb", rb"8BPS\0"),
    _kind(f"is a GIMP file: {_EXPORT}", "xcf", rb"gimp xcf"),
    _kind(f"is a drawing for print (EPS): {_EXPORT}", "eps ps ai epsf", rb"%!PS|\xc5\xd0\xd3\xc6"),
    _kind(
        "is a medical image (DICOM): export it as PNG.", "dcm dicom dic ima", rb".{128}DICM"
    ),
    _kind("is a medical image (NIfTI): export its slices as PNG.", "nii nii.gz mgz nrrd mha mhd",
          rb".{344}n[i+]1\0|NRRD000"),
    _kind(f"is a JPEG XL file, which cannot be read here: {_EXPORT}", "jxl",
          rb"\xff\x0a|\0\0\0\x0cJXL "),
    _kind(f"is a JPEG 2000 file, which cannot be read here: {_EXPORT}",
          "jp2 j2k jpf jpx jpm j2c jpc", rb"\0\0\0\x0cjP  |\xff\x4f\xff\x51"),
    _kind(f"is a JPEG XR file, which cannot be read here: {_EXPORT}", "jxr wdp hdp", rb"II\xbc"),
    _kind(f"is an icon, not a photo: {_EXPORT}", "ico cur icns",
          rb"\0\0[\x01\x02]\0[^\0]\0|icns\0"),
    _kind(f"is a PCX file, which cannot be read here: {_EXPORT}", "pcx dcx",
          rb"\x0a[\0\x02-\x05]\x01[\x01\x02\x04\x08]"),
    _kind(f"is a TGA file, which cannot be read here: {_EXPORT}", "tga icb vda vst"),
    _kind("is a file of light values (OpenEXR or HDR): export it as PNG.", "exr hdr",
          rb"\x76\x2f\x31\x01|#\?RA(DIANC|\nGAMMA)"),
    _kind("is a file of a telescope (FITS): export it as PNG.", "fits fit fts", rb"SIMPLE  ="),
    _kind(f"is a picture in a format that cannot be read here: {_EXPORT}",
          "djvu djv wmf emf dds ktx pict pct ras sgi xpm xbm bpg flif qoi fpx mng sketch kra "
          "ora afphoto clip procreate cdr",
          rb"AT&TFORM|DDS |qoif|BPG\xfb|FLIF|\x01\0\0\0.{36} EMF|\xd7\xcd\xc6\x9a"),
    # Films and sounds
    _kind(
        "is a sound, not a photo: leave it out.",
        "mp3 wav m4a aac ogg oga opus flac wma aif aiff mid midi amr caf",
        rb"ID3[\x02-\x04]\0|fLaC\0|OggS\0|RIFF....WAVE|FORM....AIF|MThd\0|#!AMR|\0...ftypM4[AB]",
    ),
    _kind(
        "is a video, not a photo: take single pictures out of it and bring those.",
        "mp4 mov avi mkv m4v webm wmv mpg mpeg mts m2ts 3gp 3g2 flv vob ogv insv lrv braw",
        rb"\0...(ftyp|moov|mdat|wide|free|skip|pnot)|RIFF....AVI |\x1a\x45\xdf\xa3|FLV\x01|"
        rb"\x30\x26\xb2\x75\x8e\x66|\0\0\x01[\xb3\xba]",
    ),
    # Documents
    _kind(
        "is a PDF, not a photo: save the pictures in it as JPEG or PNG.", "pdf", rb"\s*%PDF-"
    ),
    _kind(
        "is an office document, not a photo: save the pictures in it as JPEG or PNG.",
        "doc docx docm dot dotx xls xlsx xlsm xlsb ppt pptx pptm ppsx odt ods odp odg rtf pages "
        "numbers key vsd vsdx pub mpp one wps",
        rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1|\{\\rtf|PK\x03\x04.{26}\[Content_Types\]\.xml|"
        rb"PK\x03\x04.{26}mimetypeapplication/vnd\.oasis",
    ),
    _kind(
        "is an e-book, not a photo.", "epub mobi azw azw3 fb2",
        rb"PK\x03\x04.{26}mimetypeapplication/epub|.{60}BOOKMOBI",
    ),
    _kind("is a message, an address or an appointment, not a photo.", "eml msg vcf ics mbox"),
    # Data
    _kind(
        "holds weights or numbers for a program, not a photo: leave it out.",
        "pt pth ckpt safetensors onnx h5 hdf5 keras tflite pb npz npy pkl pickle joblib gguf bin "
        "mat tfrecord tfrecords weights caffemodel mlmodel params",
        rb"\x93NUMPY|\x89HDF\r\n\x1a\n|\x80[\x02-\x05][\x95}\](cX\x8a]|.{5}\0{3}\{\"|....TFL3|GGUF|"
        rb"MATLAB 5\.0",
    ),
    _kind(
        "is a database, not a photo: leave it out.", "db sqlite sqlite3 mdb accdb parquet feather "
        "arrow lmdb dbf", rb"SQLite format 3\0|PAR1|ARROW1|\0\x01\0\0Standard (Jet|ACE) DB",
    ),
    _kind(_PAGE, "html htm mhtml xhtml php asp aspx",
          _MARKUP + rb"<(?i:!doctype html|html|head|body)\b"),
    # Programs
    _kind(
        "is a program, not a photo: leave it out.",
        "exe dll msi app apk jar so dylib com bat cmd ps1 sh py pyc ipynb js ts java class c cpp h "
        "m r rb go rs css sb3",
        rb"MZ.{0,2}[^ -~\s]|\x7fELF|\xfe\xed\xfa[\xce\xcf]|[\xce\xcf]\xfa\xed\xfe|\xca\xfe\xba\xbe|"
        rb"#!\s*/",
    ),
    _kind("is a font, not a photo.", "ttf otf woff woff2 ttc eot fon", rb"OTTO\0|wOF[F2]|ttcf\0"),
    # Packed files in which no items were found
    _kind(
        "is a packed file in which no photos were found: if there are some, unpack it and bring "
        "them.",
        "zip tar gz tgz bz2 xz zst 7z rar cab iso dmg z",
        rb"PK\x03\x04|PK\x05\x06|PK\x07\x08|\x1f\x8b\x08|BZh[1-9]1AY&SY|\xfd7zXZ\0|"
        rb"\x28\xb5\x2f\xfd|7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|MSCF\0\0\0\0|.{257}ustar",
        wrapper=True,
    ),
    # Texts
    _kind(
        "is a list or note (annotation, table, settings), not a photo.",
        "csv tsv xml json jsonl ndjson yaml yml toml ini cfg conf names data geojson kml gpx",
        rb"(\xef\xbb\xbf)?\s*(<\?xml|[\[{]\s*[\"\[{])",
        wrapper=True,
    ),
    _kind(
        "is a text, not a photo.",
        "txt md rst log tex bib srt vtt nfo readme license md5 sha1 sha256 sfv torrent",
    ),
)  # fmt: skip
"""All kinds, in the order in which they are tried."""
