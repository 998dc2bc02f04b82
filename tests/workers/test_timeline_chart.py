"""The page of a timeline stands alone, tells every topic, and keeps text text."""

from __future__ import annotations

import re
from html.parser import HTMLParser

from tests.workers.timelines import DAY_S, LABELS, timeline_of, two_topics
from topicstream.workers.timeline_chart import render
from topicstream.workers.timeline_view import view_of

EVIL = "</script><script>alert(1)</script><b>&\"'"


class Reader(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.open: list[str] = []
        self.texts: list[str] = []
        self.titles: list[str] = []
        self.headings: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "wbr"):
            self.open.append(tag)
        if tag == "h3":
            self.headings.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self.open[-1:] == ["title"]:
            self.titles.append(data)
        if "h3" in self.open:
            self.headings[-1] += data


def read(page: str) -> Reader:
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    return reader


def page_of(n_topics: int) -> str:
    days = range(60)
    documents = [(day, (day * 7) % n_topics, f"word{day % n_topics}") for day in days]
    labels = {topic: f"{topic}_label" for topic in range(n_topics)}
    return render(view_of(timeline_of(documents), labels))


def test_the_page_stands_alone() -> None:
    page = render(view_of(two_topics(), LABELS))

    assert "script" not in read(page).tags
    assert "http" not in page


def test_each_topic_has_a_chart_with_its_largest_bin() -> None:
    found = read(render(view_of(two_topics(), LABELS, bin_width=DAY_S)))

    assert found.headings == ["0_rain_wind", "1_goal_match", "fits no topic"]
    assert any("19 documents; most 18 Jan 1970: penalty" in text for text in found.texts)


def test_the_pointer_is_told_what_a_time_was_about() -> None:
    titles = read(render(view_of(two_topics(), LABELS, bin_width=DAY_S))).titles

    told = "18 Jan 1970: 11 documents\n10  1_goal_match: penalty, goal, match\n1  0_rain_wind"
    assert any(title.startswith(told) for title in titles)
    assert any(title.startswith("18 Jan 1970: 10 documents\npenalty") for title in titles)


def test_axes_have_titles_with_units() -> None:
    texts = read(render(view_of(two_topics(), LABELS, bin_width=DAY_S))).texts

    assert "documents per day" in texts
    assert "time (UTC), 1970" in texts
    assert any("in bins of one day" in text for text in texts)


def test_of_many_topics_all_are_told_and_the_river_holds_them_together() -> None:
    found = read(page_of(50))

    assert len(found.headings) == 50
    assert "41 other topics" in found.texts


def test_the_river_shows_a_topic_that_once_was_all_the_news() -> None:
    steady = [(day, topic, "rain") for day in range(60) for topic in range(12)]
    news = [(30.0, 99, "war")] * 20
    labels = {topic: f"{topic}_label" for topic in range(100)}

    page = render(view_of(timeline_of([*steady, *news]), labels, bin_width=DAY_S))

    legend = page.split('<ul class="legend">')[1].split("</ul>")[0]
    assert "99_label" in legend


def test_steps_of_a_small_chart_are_as_high_as_its_counts() -> None:
    documents = [(0.0, 0, "a")] * 4 + [(1.0, 0, "a")] * 2
    page = render(view_of(timeline_of(documents), LABELS, bin_width=DAY_S))

    (path,) = re.findall(r'<path class="area" [^>]*d="M0,([^"]*)Z"', page)
    floor, *tops = [float(y) for y in re.findall(r"V([0-9.]+)", f"V{path.split('H')[0]}H{path}")]
    assert floor - tops[0] == 2 * (floor - tops[1])


def test_markup_in_words_and_labels_stays_text() -> None:
    labels = {0: EVIL}

    page = render(view_of(two_topics(), labels), title=EVIL)

    assert EVIL not in page
    assert "b" not in read(page).tags
    assert EVIL in read(page).headings


def test_a_page_without_documents_says_so() -> None:
    assert "There are no documents." in read(render(view_of(timeline_of([]), {}))).texts
