"""The words that the simulated feed is made of: everyday subjects, written by hand."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Subject:
    """What documents of one class are about.

    Parameters
    ----------
    nouns, verbs, adjectives
        Words to fill sentences with; verbs are in the past tense and take an object.

    """

    nouns: tuple[str, ...]
    verbs: tuple[str, ...]
    adjectives: tuple[str, ...]


def _subject(nouns: str, verbs: str, adjectives: str) -> Subject:
    return Subject(tuple(nouns.split()), tuple(verbs.split()), tuple(adjectives.split()))


SUBJECTS = MappingProxyType(
    {
        "weather": _subject(
            "rain storm wind snow forecast thunder cloud fog hail drizzle temperature sunshine"
            " frost breeze humidity blizzard lightning downpour",
            "soaked chilled darkened followed cooled battered",
            "rainy windy cloudy stormy humid chilly mild freezing",
        ),
        "football": _subject(
            "goal striker goalkeeper penalty match league referee coach midfielder stadium"
            " tournament defender kick team championship supporters",
            "scored saved tackled kicked won coached",
            "offside winning unbeaten injured attacking defensive",
        ),
        "cooking": _subject(
            "recipe oven sauce garlic onion butter flour soup cake pepper dough pasta salad"
            " cheese kitchen spice tomato chef",
            "baked fried stirred roasted simmered seasoned",
            "tasty crispy spicy creamy sweet delicious",
        ),
        "space": _subject(
            "rocket satellite orbit astronaut planet telescope moon spacecraft galaxy launch"
            " comet mission asteroid lander star probe",
            "orbited launched observed landed explored circled",
            "lunar solar distant orbital interstellar cosmic",
        ),
        "medicine": _subject(
            "doctor patient hospital nurse surgery vaccine disease clinic treatment symptom"
            " medicine infection diagnosis therapy blood surgeon",
            "treated diagnosed cured prescribed examined vaccinated",
            "clinical chronic sick contagious medical infected",
        ),
        "courts": _subject(
            "judge jury lawyer trial verdict court prosecutor witness defendant appeal crime"
            " sentence evidence attorney prison lawsuit",
            "sentenced accused convicted sued acquitted testified",
            "guilty legal criminal innocent judicial unlawful",
        ),
        "music": _subject(
            "guitar song album concert singer drummer piano melody orchestra band violin"
            " rhythm chorus lyrics musician symphony",
            "sang played recorded composed rehearsed performed",
            "acoustic musical melodic loud classical harmonic",
        ),
        "trains": _subject(
            "train railway station locomotive track platform carriage passenger timetable"
            " conductor rail tunnel commuter ticket signal freight",
            "delayed departed cancelled derailed boarded arrived",
            "late express regional crowded punctual electric",
        ),
        "farming": _subject(
            "farmer crop wheat tractor harvest cattle barn soil sheep corn orchard fertilizer"
            " seed cow irrigation pasture field milk",
            "harvested planted ploughed fed sowed grazed",
            "organic fertile agricultural rural ripe dairy",
        ),
        "finance": _subject(
            "bank stock investor market loan interest bond dividend shares currency debt"
            " inflation broker profit mortgage fund",
            "invested borrowed traded lent earned refinanced",
            "financial profitable bankrupt fiscal volatile monetary",
        ),
        "gardens": _subject(
            "rose garden tulip shrub lawn petals compost weeds gardener blossom pruning"
            " hedge daisy bulb flowerbed lavender greenhouse ivy",
            "watered pruned trimmed mulched weeded bloomed",
            "blooming leafy fragrant floral green shady",
        ),
        "schools": _subject(
            "teacher pupil classroom exam homework lesson student curriculum textbook grade"
            " school principal university lecture essay tuition",
            "taught graded studied learned educated enrolled",
            "academic educational scholarly diligent graduate literate",
        ),
        "sailing": _subject(
            "boat sail harbor yacht anchor sailor mast captain ship deck rudder crew dock"
            " lighthouse voyage hull sea regatta",
            "sailed anchored steered docked moored rowed",
            "nautical seaworthy maritime coastal naval offshore",
        ),
        "phones": _subject(
            "phone handset caller keypad antenna voicemail ringtone dial operator landline"
            " receiver telephone cord pager fax switchboard",
            "dialled called rang answered telephoned faxed",
            "wireless cordless busy portable analog audible",
        ),
        "wildfire": _subject(
            "fire smoke firefighter flames blaze evacuation ash ember arson inferno wildfire"
            " burn firebreak hydrant spark scorch",
            "burned evacuated extinguished ignited scorched engulfed",
            "burning smoky charred flammable blazing smouldering",
        ),
        "elections": _subject(
            "election vote candidate ballot senator campaign parliament president poll voter"
            " mayor party coalition minister democracy governor",
            "voted elected campaigned nominated governed debated",
            "political electoral presidential democratic partisan conservative",
        ),
    }
)
"""Class to words. The plan in `simulation` says how often each is written about."""

PHONES_LATER = _subject(
    "phone handset caller voicemail ringtone dial telephone smartphone app touchscreen"
    " battery charger notification selfie texting bluetooth",
    "dialled called rang texted swiped charged",
    "wireless cordless portable mobile smart digital",
)
"""What documents about phones say once their words have changed."""

OPENINGS = (
    "this morning",
    "yesterday",
    "as we heard",
    "to my surprise",
    "once again",
    "in the end",
    "for a while",
    "by the way",
)
"""Ways to begin a sentence that say nothing about its subject."""

TEMPLATES = (
    "{opening} the {adjective} {noun} {verb} the {other}",
    "the {noun} and the {other} were {adjective} again",
    "people said that a {noun} {verb} every {other}",
    "{opening} nobody {verb} the {adjective} {noun} near the {other}",
    "what about the {noun}, the {other} and the {third}",
    "we {verb} it with a {noun} and some {adjective} {other}",
)
"""Sentences to be filled in."""
