"""Whatever the layout of the files: onboard and then offboard gives back the very bytes."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from kelid.edit.document import Document
from kelid.edit.kinds import kinds
from kelid.edit.offboard import farewell, take
from kelid.edit.onboard import Newcomer, free_number, onboard, sorted_place
from kelid.findings import KelidError
from kelid.load import load_files
from kelid.model.site import Site
from kelid.pipeline.drafts import schemas

ROOT = Path(__file__).parents[3]
FOLDERS = [
    *(folder.parent for folder in sorted((ROOT / "sites").glob("*/site.yml"))),
    ROOT / "tests" / "bad_sites" / "_base",
]
SITES = {
    folder.name.lstrip("_"): {path.stem: path.read_text(encoding="utf-8") for path in folder.glob("*.yml")}
    for folder in FOLDERS
}


def load(name: str, texts: dict[str, str]) -> Site:
    loaded = load_files(name, {f"{topic}.yml": text.encode() for topic, text in texts.items()}, shown=name)
    if loaded.site is None:
        reject()  # a comment fell into a text of several lines
    return loaded.site


def topic_of(file: str) -> str:
    return Path(file).stem


@st.composite
def noisy(draw: st.DrawFn, text: str) -> str:
    """Return the text of a file as somebody with other habits would have written it."""
    rows = text.split("\n")[:-1]
    for _ in range(draw(st.integers(0, 4))):
        place = draw(st.integers(0, len(rows)))
        rows.insert(place, draw(st.sampled_from(["", "  ", "# x", "  # - y", "      # z: [", "    # {"])))
    if draw(st.booleans()):
        rows = [row for row in rows if row]
    end = draw(st.sampled_from(["\n", "", "\n\n"]))
    eol = draw(st.sampled_from(["\n", "\r\n"]))
    return eol.join(rows) + end.replace("\n", eol)


@settings(max_examples=60)
@given(st.data())
def test_who_comes_and_goes_leaves_no_trace(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from(sorted(SITES)))
    # A sealed value has its lines; all other files may look as they like.
    texts = {
        topic: text if topic == "secrets" else data.draw(noisy(text)) for topic, text in SITES[name].items()
    }
    site = load(name, texts)
    known = kinds(schemas())
    digits = {entry.digits for ivr in site.ivrs[:1] for entry in ivr.entries}
    newcomer = Newcomer(
        number=data.draw(st.sampled_from([free_number(site, []), "9998", "0011"])),
        names=data.draw(st.sampled_from([{"fa": "زهرا"}, {"en": "O'Brien: x", "fa": "نیم‌فاصله"}])),
        mailbox=data.draw(st.booleans()),
        queues=data.draw(st.sampled_from([(), tuple(queue.name for queue in site.queues)])),
        penalty=data.draw(st.sampled_from([None, 0, 3])),
        ivr=data.draw(st.sampled_from(["", *(ivr.name for ivr in site.ivrs[:1])])),
        key=next(key for key in "7953#" if key not in digits),
        did=data.draw(st.sampled_from(["", "0219"])) if site.trunks else "",
        trunk=site.trunks[0].name if site.trunks else "",
    )
    documents = {topic: Document(text, f"{name}/{topic}.yml") for topic, text in texts.items()}
    onboard(newcomer, site, known, documents.__getitem__)

    after = load(name, {topic: document.text for topic, document in documents.items()})
    assert newcomer.number in {one.number for one in after.extensions}
    answer = farewell(newcomer.number, after, documents.__getitem__, topic_of)
    assert not answer.left
    take(answer, documents.__getitem__, schemas())
    assert {topic: document.text for topic, document in documents.items()} == texts


def test_a_list_in_order_stays_in_order() -> None:
    def place(present: str, new: str) -> int:
        return sorted_place(present.split(), new, key=lambda text: (len(text), text))

    assert place("101 102 104", "103") == 2
    assert place("101 102 104", "100") == 0
    assert place("104 101", "102") == 2
    assert place("99 101", "100") == 1


def test_a_number_is_free_that_nothing_has() -> None:
    texts = dict(SITES["noor-clinic"])
    texts["features"] = """conferences:
  - {name: board, names: {en: Board}, number: "109"}
parking_lots:
  - {name: hall, names: {en: Hall}, number: "110", slots: "111-112", destination: hangup}
speed_dials:
  - {code: "113", number: "09121234567", names: {en: Plumber}}
"""
    site = load("noor-clinic", texts)
    assert free_number(site, []) == "114"
    assert free_number(site, ["101-109", "0200-0209"]) == "0200"
    with pytest.raises(KelidError, match="no number is free"):
        free_number(site, ["101-113"])
