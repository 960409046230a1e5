"""What the name of a folder says: a split, a mask, a number in a row, or nothing at all.

A name is cut into words first (``seg_train``, ``Trainingsdaten``, ``train2017``), so that the lists
need no compounds. Accents, case and vowel signs do not count.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache


def _plain(text: str) -> str:
    """Return a text without accents, vowel signs and case."""
    decomposed = unicodedata.normalize("NFKD", text)
    return "".join(c for c in decomposed if unicodedata.category(c)[0] != "M").casefold()


def plain_words(text: str) -> frozenset[str]:
    """Return the words of a list as :func:`words_of` writes them."""
    return frozenset(_plain(text).split())


_SPLITS = {
    "train": plain_words(
        "train training trainings trainval trn learn learning lernen entrainement apprentissage "
        "entreno treino treinos trening uczacy uczaca uczace uczenie trenink traning latih "
        "antrenament egitim ogrenme трейн учебная учебные"
    ),
    "val": plain_words("val vali valid dev development doğrulama geçerleme"),
    "test": plain_words(
        "test tests testing tst eval evaluation holdout essai essais prueba pruebas evaluacion "
        "teste prova prove collaudo toets sınama sinama deneme тест тесты экзамен"
    ),
}
"""Whole words."""

_STEMS = {
    "train": tuple(
        plain_words(
            "training entrain entrena treinam addestram allenam oefen trening treniro antrena "
            "latihan pelatihan обуча обучен тренир навчал навчан трену εκπαιδ"
        )
    ),
    "val": tuple(
        plain_words(
            "validat validier validac validaz valideri convalid walid валид валід провер перевір"
        )
    ),
    "test": tuple(plain_words("testow testni тестов тестир тестув контрольн")),
}
"""Beginnings of words, in languages that bend or join them."""

_JOINED = {
    "train": "训练 訓練 学習 學習 トレーニング 教師データ 훈련 학습 트레이닝 تدريب प्रशिक्षण ट्रेनिंग",
    "val": "验证 驗證 検証 バリデーション 검증 تحقق सत्यापन",
    "test": "测试 測試 テスト 試験 評価 테스트 시험 평가 اختبار परीक्षण टेस्ट",
}
"""Words of scripts that write without spaces, or join the article."""

_ITEMS = plain_words(
    "image images img imgs jpegimages pngimages photo photos picture pictures pics data dataset "
    "datasets files jpg jpeg png bild bilder bilddaten foto fotos fotografien daten datensatz "
    "imagen imagenes imagem imagens imagine imagini immagine immagini photographies "
    "donnees datos dados dati afbeeldingen obrazy obraz zdjecia dane изображения изображение "
    "картинки фото данные данных датасет зображення світлини дані resim resimler goruntu "
    "fotograf fotograflar veri veriler صور الصور بيانات"
)
_MAY_BE_CLASS = plain_words("photo photos foto picture bild фото fotografie")
"""Neutral words that are classes where drawings are others."""

_KEPT = plain_words("raw original originals originale originaux color colour")
_JOINED_ITEMS = (
    "画像データ 画像 写真 圖片 图片 图像 照片 数据集 数据 數據 データセット データ セット "
    "이미지 사진 데이터셋 데이터 세트 चित्र तस्वीरें डेटा"
)
_GLUE = plain_words(
    "set sets split part folder dir new final full all the of for and a seg segmented small mini "
    "subset sample samples satz menge ordner jeu d de du des la le les l el los conjunto "
    "carpeta pasta di del zbior zestaw выборка набор папка вибірка набір kumesi seti klasoru "
    "مجموعة ال v x px"
)
_JOINED_GLUE = "集 組 组 用 셋 용 सेट"
_SUFFIXES = plain_words(
    "set sets data daten datensatz satz menge bilder fotos images image imgs img photos pictures "
    "gegevens folder split dir"
)
"""Written together with the name of a split: ``trainset``, ``Testdaten``."""

_MASKS = plain_words(
    "mask masks maske masken masque masques mascara mascaras maschera maschere maska maski masky "
    "maskeler label labels labelled etiqueta etiquetas etiquette etiquettes etichette etykiety "
    "annotation annotations anotaciones anotacoes annotazioni annotationen beschriftungen "
    "adnotacje segmentation segmentations segmentierung segmentierungen segmentacion "
    "segmentacao trimap trimaps groundtruth truth gt seg segs matte mattes "
    "маска маски метки разметка аннотации "
    "розмітка анотації etiket etiketler قناع أقنعة"
)
_JOINED_MASKS = (
    "マスク アノテーション ラベル "
    "掩码 掩膜 遮罩 蒙版 标注 标签 標註 標籤 마스크 라벨 어노테이션 मास्क"
)
_BESIDE_MASKS = plain_words("ground class object binary manual png instance semantic level")

_ROW = plain_words(
    "day days tag tage jour jours dia dias giorno giorni dzien den gun день дни session sessions "
    "sitzung seance sesion sessao sessione sesja сессия week woche semaine semana month monat mois "
    "mes run take cam camera kamera camara камера batch part parts teil partie parte fold folds "
    "group gruppe groupe grupo gruppo grupa группа folder ordner round runde trial clip video seq "
    "sequence scene frames view shot date datum photos images bilder fotos jan feb mar apr may jun "
    "jul aug sep oct nov dec"
)
"""Words that count together with a number."""

_SIDES = plain_words(
    "left right top bottom front back side links rechts oben unten vorne hinten gauche droite "
    "izquierda derecha esquerda direita sinistra destra lewa prawa левая правая слева справа"
)
_JOINED_ROW = "日 月 回 カメラ 摄像头 相机 카메라"
_JOINED_SIDES = "左 右 左侧 右侧 왼쪽 오른쪽"
_OF_A_CAMERA = re.compile(r"\d{3}[A-Z_][A-Z0-9_]{4}")
"""``100CANON``: folders of the Design rule for Camera File system (JEITA CP-3461)."""


def _alternatives(*lists: str) -> str:
    words = sorted({_plain(w) for text in lists for w in text.split()}, key=len, reverse=True)
    return "|".join(map(re.escape, words))


_JOINED_OTHERS = (_JOINED_ITEMS, _JOINED_GLUE, _JOINED_MASKS, _JOINED_ROW, _JOINED_SIDES)
_JOINED_WORDS = re.compile(f"({_alternatives(*_JOINED.values(), *_JOINED_OTHERS)})")
_HUMPS = re.compile(r"(?<=[a-zа-яё])(?=[A-ZА-ЯЁ])|(?<=[A-ZА-ЯЁ])(?=[A-ZА-ЯЁ][a-zа-яё])")
_JOINED_OF = {split: plain_words(text) for split, text in _JOINED.items()}
_ITEM_WORDS = _ITEMS | plain_words(_JOINED_ITEMS)
_NEUTRAL = _ITEM_WORDS | _KEPT
_FILLERS = _NEUTRAL | _GLUE | plain_words(_JOINED_GLUE)
_MASK_WORDS = _MASKS | plain_words(_JOINED_MASKS)
_SIDE_WORDS = _SIDES | plain_words(_JOINED_SIDES)
_ROW_WORDS = _ROW | plain_words(_JOINED_ROW) | _SIDE_WORDS


@lru_cache(maxsize=100_000)
def words_of(name: str) -> tuple[str, ...]:
    """Return the words and numbers of a name, without accents and case."""
    plain = _plain(_HUMPS.sub(" ", name)).replace("hold out", "holdout")
    plain = re.sub(r"h(?:old|eld)[\W_]*out", "holdout", plain)
    return tuple(re.findall(r"[^\W\d_]+|\d+", _JOINED_WORDS.sub(r" \1 ", plain)))


@lru_cache(maxsize=100_000)
def _split_of_word(word: str) -> str | None:
    for split in _SPLITS:
        if word in _SPLITS[split] or word in _JOINED_OF[split] or word.startswith(_STEMS[split]):
            return split
    short = max((word.removesuffix(s) for s in _SUFFIXES if word.endswith(s)), key=len, default="")
    return next((split for split in _SPLITS if short and short in _SPLITS[split]), None)


@lru_cache(maxsize=100_000)
def split_of(name: str) -> tuple[str | None, tuple[str, ...]]:
    """Say which split the name of a folder speaks of.

    Returns
    -------
    str or None
        ``train``, ``val`` or ``test``.
    tuple of str
        What else the name says: nothing in ``seg_train``, ``steam`` in ``steam_train``. A name that
        says more is a split only where other evidence speaks for it too.
    """
    words = words_of(name)
    found = {split for word in words if (split := _split_of_word(word))}
    if not found or found >= {"train", "test"} or found == {"val", "test"}:
        return None, words
    rest = tuple(
        word for word in words if not (_split_of_word(word) or word in _FILLERS or word.isdigit())
    )
    return ("train" if "train" in found else found.pop()), rest


def plainly(name: str) -> str | None:
    """Return the split that a name speaks of and says nothing else, or None."""
    split, rest = split_of(name)
    return None if rest else split


@lru_cache(maxsize=100_000)
def is_neutral(name: str) -> bool:
    """Tell whether a name says no more than that items lie here: ``images``, ``JPEGImages``."""
    words = words_of(name)
    return any(w in _NEUTRAL for w in words) and all(w in _FILLERS or w.isdigit() for w in words)


@lru_cache(maxsize=100_000)
def is_mask(name: str) -> bool:
    """Tell whether a name speaks of masks or annotations, and of no class: ``train_masks``."""
    words = words_of(name)
    masks = {word for word in words if word in _MASK_WORDS}
    if not masks or (masks <= {"seg", "segs"} and split_of(name)[0]):
        return False
    known = _MASK_WORDS | _FILLERS | _BESIDE_MASKS
    return all(word in known or word.isdigit() or _split_of_word(word) for word in words)


@lru_cache(maxsize=100_000)
def is_in_a_row(name: str) -> bool:
    """Tell whether a name only counts or sides: ``day1``, ``2024-05-01``, ``left``, ``s3``."""
    if _OF_A_CAMERA.fullmatch(name):
        return True
    words = words_of(name)
    letters = [word for word in words if not word.isdigit()]
    if len(letters) == len(words) > 0:
        return all(word in _SIDE_WORDS for word in words)
    one_letter = len(words) == 2 and len(words[0]) == 1
    return bool(words) and (one_letter or all(word in _ROW_WORDS for word in letters))


def is_doubtful(name: str) -> bool:
    """Tell whether hardly anyone gives a class this name: ``train``, ``images``, ``masks``."""
    if name.lower() == "__macosx" or plainly(name) or is_mask(name):
        return True
    words = words_of(name)
    about_items = any(word in _ITEM_WORDS - _MAY_BE_CLASS for word in words)
    return about_items and is_neutral(name) and not words[-1].isdigit()
