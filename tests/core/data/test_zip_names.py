import random
import unicodedata
import zipfile
from pathlib import Path

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from tests.archives import DOS, UNIX, RawEntry, raw_zip, unicode_path
from tests.work import is_linear, work_of
from tl_core.data.archives import name_evidence
from tl_core.data.archives import names as module
from tl_core.data.archives.names import (
    ENCODINGS,
    MOST_CANDIDATES,
    ZipNames,
    read_names,
    visible,
    zip_names,
)
from tl_core.errors import DataError

SIGNS = {chr(code) for code in range(0x2400, 0x2427)}
"""What stands for what cannot be seen."""

CASES = Path(__file__).parents[4] / "shared" / "data" / "cases"

WORDS = {
    ("cp850", "cp437"): "Bäume Blüten Gräser Türen Stühle Töpfe Löffel Bücher Brücken Züge Rose "
    "Käfer Bär Löwe Kühe Mäuse Vögel Nüsse Süßkirsche Schlüssel Säge Kürbis Pfirsich Hammer Hund",
    (
        "cp850",
        "cp437 ",
    ): "théière cuillère vélo château église forêt pâtes gâteau café crème fourmi "
    "chèvre lézard éléphant zèbre pêche hérisson guêpe mûre clé règle marteau fraise",
    (
        "cp850",
    ): "maçã limão pêssego cão gato leão pássaro avó mamão melão feijão avião mão pão irmã "
    "botão televisão dragão tubarão jacaré rã lã romã açaí relógio lâmpada macaco",
    (
        "cp852",
        "cp1250",
    ): "wróbel gołąb jeż łasica ryś sójka ogórek śruba nóż drzwi książka wędka łódź "
    "żółw jabłko śliwka gruszka mysz źrebię łoś świnia żaba wąż kość młotek gęś słoń",
    (
        "cp866",
        "cp1251",
    ): "голубь воробей ворона сова ёжик заяц белка рысь лимон персик виноград арбуз "
    "кошки собаки медведь лиса яблоко груша вишня молоток пила ключ Розы Тюльпаны ЛЕС",
    ("cp866", "cp1251 "): "голуб сова заєць лимон персик кавун морква цвях сокира пензель дерево "
    "собака вовк яблуко груша молоток пила ключ бджола птах корова слива миша",
    ("cp737", "cp1253"): "γάτα σκύλος μήλο αχλάδι λύκος αρκούδα ψάρι πουλί άλογο κλειδί σφυρί",
    (
        "cp932",
    ): "桜 梅 菊 百合 薔薇 椅子 机 車 飛行機 電車 時計 眼鏡 鉛筆 はさみ ねじ スズメ カラス うさぎ "
    "猫 犬 写真 表札 表紙 鳥 魚 馬 林檎 桃 ネコ りんご ソーセージ 十円玉 能面 合格 不合格 構造 噂",
    (
        "gbk",
    ): "麻雀 鸽子 乌鸦 松鼠 刺猬 鹿 蛇 青蛙 柠檬 芒果 菠萝 南瓜 土豆 钉子 斧头 扳手 火车 船 桌子 "
    "猫 狗 犬 鸟 鱼 马 兔子 熊 狐狸 苹果 梨 香蕉 草莓 锤子 蜜蜂 剪刀 汽车 正常 异常 合格",
    (
        "big5",
    ): "麻雀 鴿子 烏鴉 松鼠 刺蝟 鹿 蛇 青蛙 檸檬 鳳梨 南瓜 釘子 斧頭 火車 船 桌子 杯子 鴨 雞 "
    "貓 狗 鳥 魚 馬 兔子 熊 狐狸 蘋果 香蕉 草莓 錘子 蜜蜂 剪刀 汽車 功能 許可 成功 正常 異常",
    (
        "cp949",
    ): "참새 비둘기 까마귀 다람쥐 사슴 거북이 개구리 레몬 자두 호박 당근 감자 도끼 기차 책상 의자 "
    "고양이 개 강아지 물고기 돼지 토끼 곰 호랑이 사과 포도 딸기 수박 망치 열쇠 나비 가위 꽃",
}
"""Animals, fruit and tools in eleven languages, by the encodings that Windows writes them in."""

LANGUAGES = [(code.strip(), words.split()) for codes, words in WORDS.items() for code in codes]


def entry_names(names: ZipNames) -> set[str]:
    return {path.rpartition("/")[0] for path in names.paths}


def read(names: list[str], encoding: str, unix: bool = False) -> ZipNames:
    return read_names([f"{name}/0.jpg".encode(encoding) for name in names], unix=unix)


@pytest.mark.parametrize(
    ("names", "encoding"),
    [
        (["maçã", "limão", "pêssego"], "cp850"),
        (["кошки", "собаки"], "cp866"),
        (["猫", "犬"], "gbk"),  # these bytes are UTF-8 as well
        (["写真/表札", "写真/表紙"], "cp932"),  # with a backslash as half of a character
    ],
)
def test_the_names_of_zips_from_windows(names: list[str], encoding: str) -> None:
    found = read(names, encoding)
    assert entry_names(found) == set(names) and found.encoding == encoding
    assert next(iter(found.candidates)) == encoding
    assert set(found.candidates[encoding]) == {part for name in names for part in name.split("/")}


@pytest.mark.skipif(not CASES.is_dir(), reason="the cases are not here")
@pytest.mark.parametrize(
    ("case", "names"),
    [
        ("cp850", {"maçã", "limão", "pêssego"}),
        ("cp866", {"кошки", "собаки"}),
        ("gbk", {"猫", "犬"}),
        ("shift_jis", {"写真/表札", "写真/表紙"}),
    ],
)
def test_the_cases(case: str, names: set[str]) -> None:
    with zipfile.ZipFile(CASES / f"zip_names_{case}.zip") as archive:
        assert entry_names(zip_names(archive.infolist())) == names


def test_most_names_are_read_rightly_and_no_wrong_reading_is_called_sure() -> None:
    random_ = random.Random(14)
    right = wrong_but_sure = trials = 0
    for encoding, words in LANGUAGES:
        for _ in range(25):
            names = random_.sample(words, random_.randint(2, 10))
            if all(name.isascii() for name in names):
                continue
            found = read(names, encoding)
            trials += 1
            right += entry_names(found) == set(names)
            wrong_but_sure += found.sure and entry_names(found) != set(names)
    assert right / trials > 0.96
    assert not wrong_but_sure


@pytest.mark.parametrize(("encoding", "words"), LANGUAGES, ids=lambda one: str(one)[:12])
def test_names_of_many_classes_are_read_rightly(encoding: str, words: list[str]) -> None:
    assert entry_names(read(words, encoding)) == set(words)


@pytest.mark.parametrize("words", [words for _, words in LANGUAGES])
@pytest.mark.parametrize("system", [DOS, UNIX])
def test_utf_8_without_its_flag(words: list[str], system: int) -> None:
    raw = {f"{word}/0.jpg".encode(): b"" for word in words}
    with zipfile.ZipFile(raw_zip(raw, system)) as archive:
        found = zip_names(archive.infolist())
    assert entry_names(found) == set(words) and found.encoding == "utf-8" and found.sure


def test_names_that_say_how_they_read_are_believed() -> None:
    dos = "Äpfel/0.jpg".encode("cp850")
    field = RawEntry(dos)
    field.extra = unicode_path(dos, "Äpfel & Birnen/0.jpg")
    renamed = RawEntry("Bär/0.jpg".encode("cp850"))
    renamed.extra = unicode_path(b"another name", "no bear/0.jpg")
    flagged = RawEntry("ночь/0.jpg".encode(), utf8=True)
    with zipfile.ZipFile(raw_zip([field, renamed, flagged])) as archive:
        found = zip_names(archive.infolist())
    assert found.paths == ("Äpfel & Birnen/0.jpg", "Bär/0.jpg", "ночь/0.jpg")


def test_plain_names_leave_nothing_to_decide() -> None:
    names = [b"ant/0.jpg", b"bee/0.jpg"]
    found = read_names(names, unix=False)
    assert found == ZipNames(("ant/0.jpg", "bee/0.jpg"), raw=tuple(names))


def test_a_guess_is_called_a_guess_and_other_readings_are_offered() -> None:
    found = read(["hêtre", "pêche"], "cp1252")  # Windows' own, from a program that is not Explorer
    assert not found.sure
    assert found.candidates["cp1252"] == ("hêtre", "pêche")
    assert len(found.candidates) <= MOST_CANDIDATES
    assert len(set(found.candidates.values())) == len(found.candidates)


def test_an_encoding_can_be_asked_for() -> None:
    raw = [f"{name}/0.jpg".encode("cp866") for name in ("лес", "поле")]
    for name in ("cp1251", "windows-1251", "CP1251"):
        found = read_names(raw, unix=False, encoding=name)
        assert found.encoding == "cp1251" and found.sure and "cp866" in found.candidates
        assert found.paths == tuple(one.decode("cp1251") for one in raw)
    cat = read_names(["猫/0.jpg".encode("gbk")], unix=False, encoding="gb18030")
    assert cat.encoding == "gbk" and cat.paths == ("猫/0.jpg",)


@pytest.mark.parametrize("encoding", ["utf-8", "cp949"])
def test_an_encoding_that_cannot_be_is_refused_with_those_that_can(encoding: str) -> None:
    raw = ["ёж/0.jpg".encode("cp866"), b"\xff\xff/0.jpg"]
    with pytest.raises(DataError, match=rf"not written in {encoding}: .* cp437.* cp866"):
        read_names(raw, unix=False, encoding=encoding)


@pytest.mark.parametrize("encoding", ["klingon", "utf-16", "rot13", "\0", "x" * 500])
def test_an_unknown_encoding_is_refused_with_those_there_are(encoding: str) -> None:
    with pytest.raises(DataError, match=r"only as auto or utf-8, cp437") as caught:
        read_names([b"\x84"], unix=False, encoding=encoding)
    assert len(str(caught.value)) < 500


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.binary(min_size=1, max_size=8), min_size=1, max_size=8, unique=True), st.booleans()
)
@example([b"a\0", b"a\x01", b"a\xe2\x90\x80", b"a\x85"], False)
@example(["Í".encode()], True)  # of which the detector knows nothing
@example([b"\x81\xca", b"\xee\xf9"], False)  # one character under two codes of Shift-JIS
def test_different_names_stay_different_and_can_be_shown(raw: list[bytes], unix: bool) -> None:
    found = read_names(raw, unix=unix)
    assert len(set(found.paths)) == len(raw)
    assert found.encoding in ENCODINGS
    shown = "".join(found.paths) + "".join("".join(names) for names in found.candidates.values())
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cs", "Zl", "Zp"}
    for encoding in found.candidates:
        again = read_names(raw, unix=unix, encoding=encoding)
        assert len(set(again.paths)) == len(raw)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=6), st.text(max_size=6))
@example("\x00", "\x01")
@example("\x85", "\x86")
@example("\ud800", "\ud801")
def test_what_is_made_visible_stays_different(one: str, other: str) -> None:
    assume(not SIGNS & {*one, *other})
    assert (visible(one) == visible(other)) == (one == other)
    assert visible(visible(one)) == visible(one), "it goes through several hands"
    visible(one).encode()


def test_nothing_unseen_makes_two_names_look_the_same_or_turns_the_text_around_them() -> None:
    for mark in "\u200b\ufeff\u2060\u202e\u2066":
        assert mark not in visible(f"cat{mark}gpj.")
    for name in ("گربه\u200cها", "👩\u200d🔬", "\u200fقط"):
        assert visible(name) == name, "these marks belong to how it is written"


def test_reading_names_takes_work_in_proportion_to_their_number() -> None:
    def work(count: int) -> int:
        raw = [f"猫{i}/{i}.jpg".encode("gbk") for i in range(count)]
        return work_of(lambda: read_names(raw, unix=False), module, name_evidence)

    assert is_linear(work, 400)
