"""Names that topics came with."""

import json

from topicstream.model.given_names import GivenNames

WORDS = ("gun", "law", "police", "weapons", "firearms", "crime", "ban", "right", "own", "state")


def after(n_kept: int) -> GivenNames:
    """Return a name whose topic has kept so many of its words."""
    names = GivenNames({4: "Weapons"})
    names.look({4: WORDS})
    names.look({4: (*WORDS[:n_kept], *(f"new{i}" for i in range(10 - n_kept)))})
    return names


def test_a_name_holds_while_three_words_in_ten_are_those_of_before() -> None:
    assert after(3).label(4, ["new0"]) == "Weapons"
    assert after(2).label(4, ["new0"]) == "4_new0"


def test_a_name_that_was_dropped_does_not_come_back() -> None:
    names = after(2)

    names.look({4: WORDS})

    assert names.texts() == {}


def test_a_name_goes_with_its_topic() -> None:
    names = GivenNames({4: "Weapons", 7: "Space"})

    names.look({7: ("moon",)})

    assert names.texts() == {7: "Space"}


def test_names_survive_json_with_the_words_that_they_stand_for() -> None:
    names = GivenNames()
    names.restore(json.loads(json.dumps(after(3).scalars())))

    assert names.texts() == {4: "Weapons"}
    assert names.scalars() == after(3).scalars()
    names.look({4: ("moon", "orbit")})
    assert names.texts() == {}
