"""What a reading looks like once it is chosen: each file's place, and the sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from tl_core.data.layout import telling
from tl_core.data.layout.candidates import NO_FOLDER, Candidate, Ground
from tl_core.data.layout.choose import Choice
from tl_core.data.layout.detection import SERVES, detection_labels
from tl_core.data.layout.tree import COPY_RULE, Copies, Folders, Spot
from tl_core.data.layout.values import Place, Reading, Seen
from tl_core.data.layout.words import plainly
from tl_core.modalities import looks_like_an_item


class Result:
    """Puts a reading together from what was chosen."""

    def __init__(
        self,
        files: Sequence[Seen],
        ground: Ground,
        chosen: Choice,
        masks: Mapping[str, str],
        left_out: Mapping[str, str],
    ) -> None:
        self.ground, self.chosen, self.masks = ground, chosen, masks
        self.left_out, self.placed = dict(left_out), dict[str, Place]()
        self.boxes: str | None = None
        if not chosen.taken.of:
            counted = {spot.path for spot in ground.evidence}
            self.boxes = detection_labels(
                counted, (file.path for file in files if file.path not in counted)
            )

    def reading(self, wrapper: Folders, copies: Copies) -> Reading:
        """Place every file, and say what a person should know."""
        taken = self.chosen.taken
        empty = self._place_all(taken)
        merges = telling.near_misses(taken)
        doubts = telling.doubts(taken)
        suggestions = (*merges, *telling.unlearnt(taken, (*merges, *doubts)), *doubts)
        notes = [
            *copies.notes,
            *self._masks(),
            *_alone(wrapper),
            *self.chosen.notes,
            *self._notes(taken),
        ]
        notes += [suggestion.text for suggestion in suggestions]
        notes += [*telling.counting(taken), *telling.empty_text(empty, taken)]
        return Reading(
            layout=taken.layout,
            text=telling.reading_text(taken),
            wrapper="".join(f"{folder}/" for folder in wrapper),
            placed=self.placed,
            left_out={p: why for p, why in self.left_out.items() if not p.endswith("/")},
            passed_over={COPY_RULE: copies.passed} if copies.passed else {},
            splits=telling.split_folders(taken),
            others=telling.others(taken, self.chosen.candidates, self.chosen.undecided),
            undecided=self.chosen.undecided,
            notes=tuple(notes),
            suggestions=suggestions,
            tables=taken.labels.tables if taken.labels else (),
        )

    def _masks(self) -> list[str]:
        if not self.masks:
            return []
        number = f"{len(self.masks):,} files are masks or label images of others and are"
        which = number if len(self.masks) > 1 else "1 file is the mask of another and is"
        return [f"{which} left out, for example {min(self.masks)}."]

    def _place_all(self, taken: Candidate) -> dict[str, Place | str]:
        """Give every file a place or a reason; return what empty folders would be."""
        empty: dict[str, Place | str] = {}
        for spot in self.ground.spots:
            if spot.path in self.left_out:
                continue
            where = taken.place(spot)
            if spot.path.endswith("/"):
                empty[spot.path] = where
            elif isinstance(where, str):
                self.left_out[spot.path] = self._reason(spot, where)
            elif spot.counts or where.label in taken.sizes or looks_like_an_item(spot.path):
                self.placed[spot.path] = where
            else:
                self.left_out[spot.path] = NO_FOLDER
        for table in self.left_out.keys() & set(taken.labels.tables if taken.labels else ()):
            self.left_out[table] = "it is the table that labels the other files."
        return empty

    def _reason(self, spot: Spot, why: str) -> str:
        if self.boxes and spot.counts:
            return f"it has no class, only boxes beside it ({self.boxes})."
        return why

    def _notes(self, taken: Candidate) -> list[str]:
        beside = Counter(
            spot.folders[0] if spot.folders else spot.name
            for spot in self.ground.evidence
            if taken.splits.peel(spot.folders) is None
        )
        notes = telling.beside_splits(taken.splits, beside)
        if taken.of:
            notes += telling.without_class(
                spot.folders[0] if spot.folders else spot.name
                for spot in self.ground.evidence
                if spot.path not in taken.of and taken.splits.peel(spot.folders) is not None
            )
        if self.boxes:
            notes.append(f"These are detection labels ({self.boxes}). {SERVES}")
        elif not taken.of and self.ground.evidence and not self.chosen.notes:
            notes.append(
                "No folder, file name or table tells a class. What serves is one folder for each "
                "class, or a table (CSV) with the name and the class of each file."
            )
        return [*notes, *(telling.about_table(taken.labels) if taken.labels else ())]


def _alone(wrapper: Folders) -> list[str]:
    return [
        f"The folder {folder} stands alone, so it is looked through and not read as a split."
        for folder in wrapper
        if plainly(folder)
    ]
