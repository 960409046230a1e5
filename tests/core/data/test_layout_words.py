"""What names of folders say, in the languages of those who bring them."""

from __future__ import annotations

import pytest

from tl_core.data.layout.words import is_in_a_row, is_mask, is_neutral, plainly, split_of

SPLITS = {
    "train": "train Training training_set seg_train train2017 trainset Train-Images TRAIN trainval "
    "Trainingsdaten entrenamiento entraînement apprentissage treino treinamento addestramento "
    "trening treningowe обучающая Обучение тренировка навчальна eğitim 訓練 訓練データ 学習用 "
    "训练集 훈련 تدريب प्रशिक्षण trainingsset dataset_train train_1 TrainData",
    "val": "val Valid validation valid_set dev Validierung Validierungsdaten validación validação "
    "validazione validatie walidacja валидация валідація doğrulama 検証 検証用 "
    "验证集 검증 تحقق सत्यापन",
    "test": "test Test1 testing test_set seg_test Testdaten testbilder prueba pruebas teste prova "
    "тест тестовая тестування 測試 测试集 テスト 테스트 اختبار परीक्षण holdout hold-out eval",
}


@pytest.mark.parametrize(("split", "name"), [(s, n) for s in SPLITS for n in SPLITS[s].split()])
def test_splits_are_known_in_many_languages(split: str, name: str) -> None:
    assert plainly(name) == split


@pytest.mark.parametrize(
    "name",
    [
        "trainer",
        "strain",
        "Testudo",
        "contest",
        "valley",
        "devil",
        "тесто",
        "trainers",
        "cat",
        "train_test",
    ],
)
def test_other_words_are_no_splits(name: str) -> None:
    assert split_of(name)[0] is None


def test_a_name_that_says_more_is_no_plain_split() -> None:
    assert split_of("steam_train") == ("train", ("steam",))
    assert plainly("steam_train") is None


@pytest.mark.parametrize(
    "name",
    [
        "masks",
        "Masken",
        "train_masks",
        "trimaps",
        "annotations",
        "ground_truth",
        "GroundTruth",
        "GT",
        "labels",
        "SegmentationClass",
        "máscaras",
        "masques",
        "マスク",
        "标注",
        "разметка",
    ],
)
def test_masks_are_known(name: str) -> None:
    assert is_mask(name)


@pytest.mark.parametrize(
    "name", ["with_mask", "without_mask", "seg_train", "masked_owl", "images", "gtr"]
)
def test_these_are_no_masks(name: str) -> None:
    assert not is_mask(name)


@pytest.mark.parametrize(
    "name",
    [
        "images",
        "imgs",
        "Photos",
        "JPEGImages",
        "data",
        "raw",
        "original",
        "Bilder",
        "fotos",
        "画像",
        "图片",
        "изображения",
    ],
)
def test_neutral_names_are_known(name: str) -> None:
    assert is_neutral(name)


@pytest.mark.parametrize("name", ["cat", "set1", "image_of_cat", "rawhide"])
def test_these_are_not_neutral(name: str) -> None:
    assert not is_neutral(name)


@pytest.mark.parametrize(
    "name",
    [
        "1",
        "007",
        "day1",
        "Tag_2",
        "session-3",
        "2024-05-01",
        "cam1",
        "left",
        "rechts",
        "s3",
        "100CANON",
        "batch_12",
        "fold5",
        "日1",
    ],
)
def test_names_in_a_row_are_known(name: str) -> None:
    assert is_in_a_row(name)


@pytest.mark.parametrize(
    "name", ["cat", "cat1", "apple pie", "apple", "Anna", "day", "001CAT", "Model 3"]
)
def test_these_are_not_in_a_row(name: str) -> None:
    assert not is_in_a_row(name)
