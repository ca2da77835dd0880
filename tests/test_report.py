"""The report as a page: well-formed, self-contained, safe with any text, whole with any part missing."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import shutil
import subprocess
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from minilm_unsup.report import render_report, render_topics_text, write_report

VOID = {"meta", "link", "br", "hr", "img", "input", "col", "base", "area", "embed", "source", "track", "wbr"}
HOSTILE = [
    "</script><script>alert(1)</script>",
    "</SCRIPT ><b>bold</b></script/x>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    "<!-- <script> ]]> &amp; &lt;",
    "line\u2028separator\u2029paragraph",
    "中文 测试 𠮷 😀 e\u0301 \u202eabc",
    "nul\x00 bell\x07 return\r\n tab\t",
    "lone \ud800 and \udc00 surrogates",
    "javascript:alert(1) url(http://example.com/x)",
    "",
]


def report_data(n=40, n_topics=4, seed=0, text=None):
    rng = np.random.default_rng(seed)
    say = (lambda i: text) if text is not None else (lambda i: HOSTILE[i % len(HOSTILE)])
    topic = rng.integers(0, max(n_topics, 1), n)
    linkage = []
    for step in range(n_topics - 1):  # a chain: each topic joins all before it
        linkage.append([0 if step == 0 else n_topics + step - 1, step + 1, 0.1 * (step + 1), step + 2])
    return {
        "title": say(0),
        "created": "2025-01-01",
        "version": "0",
        "command": say(1),
        "python": "3",
        "seed": 1,
        "threads": 2,
        "vectors": say(2),
        "source": {
            "name": say(1),
            "n_documents": n + 3,
            "n_kept": n,
            "n_labels": 2,
            "languages": {"English": n - 1, "Chinese": 1},
            "n_characters": 999,
        },
        "cleaning": {
            "removed": [{"reason": say(3), "count": 3, "examples": [say(i) for i in range(10)]}],
            "edits": [
                {
                    "rule": say(4),
                    "count": 2,
                    "examples": [{"before": say(i), "after": say(i + 1)} for i in range(9)],
                }
            ],
        },
        "vocabulary": {
            "n_terms": 10,
            "n_tokens": 100,
            "mean_tokens": 2.5,
            "top_terms": [[say(i), i + 1] for i in range(8)],
        },
        "map": {
            "x": rng.normal(size=n).tolist(),
            "y": rng.normal(size=n).tolist(),
            "topic": topic.tolist(),
            "text": [say(i) for i in range(n)],
            "label": [say(i % 3) for i in range(n)],
            "document": list(range(n)),
        },
        "topics": [
            {
                "id": t,
                "size": int((topic == t).sum()),
                "words": [[say(t + i), 1 / (i + 1)] for i in range(6)],
                "documents": [say(i) for i in range(3)],
                "labels": [[say(0), 2], [say(1), 1]],
            }
            for t in range(n_topics)
        ],
        "dendrogram": {"linkage": linkage, "leaves": [f"{t} {say(t)}" for t in range(n_topics)]},
        "curves": [
            {
                "name": say(1),
                "unit": say(2),
                "x_name": "epoch",
                "values": {"loss": [3, 2, 1.5], "val_loss": [3, 2.5, 2]},
            }
        ],
        "evaluation": [
            {
                "title": say(1),
                "note": say(2),
                "columns": ["method", say(0), "loss"],
                "rows": [[say(3), 0.5, 2.0], ["baseline", 0.25, say(0)]],
            }
        ],
        "confusion": {"labels": [say(0), say(5)], "matrix": [[3, 1], [0, 2]]},
        "timings": [{"stage": say(0), "seconds": 1.5, "detail": say(1)}, {"stage": "b", "seconds": 0.0, "detail": ""}],
    }


class Reader(HTMLParser):
    """Checks the nesting and keeps what the laws below ask about."""

    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.open, self.seen, self.ids, self.attributes, self.scripts, self.shown = [], [], [], [], [], []

    def handle_starttag(self, tag, attrs):
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag} has an attribute twice"
        self.seen.append(tag)
        self.attributes += [(tag, name, value) for name, value in attrs]
        self.ids += [value for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data):
        if self.open and self.open[-1] == "script":
            self.scripts.append(data)
        elif not self.open or self.open[-1] != "style":
            self.shown.append(data)


def read(page):
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    assert len(reader.ids) == len(set(reader.ids))
    return reader


def assert_safe(page):
    page.encode("utf-8")  # no lone surrogate is left
    assert not set(page) & {chr(c) for c in range(32) if c not in (9, 10)}
    reader = read(page)
    assert not {"img", "iframe", "object", "embed", "link", "base", "video", "audio"} & set(reader.seen)
    scripts = reader.seen.count("script")
    assert scripts in (0, 2)  # the data and the program of the map, or neither
    for tag, name, value in reader.attributes:
        assert not name.startswith("on"), f"{tag} has the handler {name}"
        assert name not in ("src", "srcset", "data", "action", "formaction", "poster", "background"), (tag, name)
        if name in ("href", "xlink:href"):
            assert value.startswith("#")
            assert value[1:] in reader.ids
    for data in reader.scripts[:1]:
        assert not set(data) & set("<>&\u2028\u2029")
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    return reader


def map_of(reader):
    return json.loads(reader.scripts[0])


@pytest.mark.parametrize("text", [None, *HOSTILE])
def test_no_text_can_break_or_leave_the_page(text):
    reader = assert_safe(render_report(report_data(text=text)))
    shown = " ".join(reader.shown)
    assert "alert(1)" not in "".join(reader.scripts[1:])
    if text is not None and "alert" in text:
        assert text in shown  # as text it is there


@given(st.text(st.characters(exclude_categories=()), max_size=40))
def test_any_unicode_text_gives_a_safe_page(text):
    reader = assert_safe(render_report(report_data(n=3, n_topics=2, text=text)))
    assert len(map_of(reader)["text"]) == 3


def test_the_policy_allows_the_page_s_own_script_alone():
    page = render_report(report_data())
    reader = read(page)
    (policy,) = [v for tag, name, v in reader.attributes if tag == "meta" and name == "content" and "script-src" in v]
    digest = base64.b64encode(hashlib.sha256(reader.scripts[1].encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy
    assert "default-src 'none'" in policy
    assert "script-src 'none'" in render_report({"title": "t"})


SECTIONS = {
    "map": ("map",),
    "topics": ("topics",),
    "dendrogram": ("tree",),
    "curves": ("learning",),
    "cleaning": ("cleaning",),
    "vocabulary": ("vocabulary",),
    "timings": ("time",),
}


@pytest.mark.parametrize("part", SECTIONS)
@pytest.mark.parametrize("empty", ["absent", None])
def test_a_missing_part_is_left_out_and_the_rest_stays(part, empty):
    whole = read(render_report(report_data(text="word"))).ids
    data = report_data(text="word")
    if empty is None:
        data[part] = None
    else:
        del data[part]
    left = assert_safe(render_report(data)).ids
    gone = {i for i in whole if i not in left and not i.startswith("topic-")}
    expected = set(SECTIONS[part]) | ({"document-map", "map-caption", "map-data"} if part == "map" else set())
    assert gone == expected


def test_evaluation_stays_while_either_half_is_there():
    data = report_data(text="word")
    data["confusion"] = None
    assert "evaluation" in assert_safe(render_report(data)).ids
    data["evaluation"] = []
    assert "evaluation" not in assert_safe(render_report(data)).ids
    data["confusion"] = {"labels": ["a", "b"], "matrix": [[1, 0], [1, 1]]}
    assert "evaluation" in assert_safe(render_report(data)).ids


@pytest.mark.parametrize(
    "data", [{}, {"title": "only a title"}, {"topics": [], "map": {}, "curves": [], "timings": []}]
)
def test_almost_nothing_is_a_page_too(data):
    assert_safe(render_report(data))
    assert isinstance(render_topics_text(data), str)


@pytest.mark.parametrize("n_topics", [1, 2, 37, 200])
@pytest.mark.parametrize("n", [1, 2, 60])
def test_any_number_of_topics_and_documents(n_topics, n):
    data = report_data(n=n, n_topics=n_topics, text="词 word")
    reader = assert_safe(render_report(data))
    assert [i for i in reader.ids if i.startswith("topic-")] == [f"topic-{t}" for t in range(n_topics)]
    live = map_of(reader)
    assert len(live["x"]) == n
    assert len(live["topics"]) == n_topics
    assert sum(t["size"] for t in live["topics"]) == n
    assert len(render_topics_text(data).splitlines()) >= n_topics


@given(
    st.lists(
        st.tuples(*[st.floats(width=32) | st.none() | st.sampled_from([0.0, 1e300, -1e300])] * 2),
        min_size=0,
        max_size=12,
    )
)
def test_points_without_a_place_are_left_out(points):
    data = report_data(n=max(len(points), 1), text="w")
    data["map"].update(x=[x for x, _ in points], y=[y for _, y in points])
    for key in ("topic", "text", "label", "document"):
        data["map"][key] = data["map"][key][: len(points)]
    reader = assert_safe(render_report(data))
    finite = [i for i, p in enumerate(points) if all(v is not None and np.isfinite(v) for v in p)]
    if not finite:
        assert "document-map" not in reader.ids
        return
    live = map_of(reader)
    assert live["document"] == finite
    assert min(live["x"]) == 0
    assert max(live["x"]) <= live["width"]
    assert max(live["y"]) <= live["height"]
    assert max(live["width"], live["height"]) <= 9999


def test_the_map_keeps_shape_and_turns_y_up():
    data = report_data(n=3, n_topics=2, text="w")
    data["map"].update(x=[0.0, 4.0, 2.0], y=[0.0, 0.0, 1.0])
    live = map_of(read(render_report(data)))
    assert live["x"] == [0, 9999, 5000]
    assert live["y"] == [2500, 2500, 0]


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf"), None])
def test_numbers_that_are_none_show_as_dashes(bad):
    data = report_data(text="w")
    data["curves"][0]["values"] = {"loss": [bad, 2.0, bad, 1.0], "val_loss": [bad, bad]}
    data["evaluation"][0]["rows"] = [["a", bad, 1.0], ["b", 0.5, bad]]
    data["confusion"]["matrix"] = [[bad, 1], [2, bad]]
    data["timings"][0]["seconds"] = bad
    data["vocabulary"]["mean_tokens"] = bad
    data["topics"][0]["words"] = [["a", bad], ["b", 1.0]]
    data["dendrogram"]["linkage"][0][2] = bad
    page = render_report(data)
    assert_safe(page)
    body = re.sub("<script.*?</script>", "", page[page.index("</style>") :], flags=re.DOTALL)
    assert not re.search(r"\b(nan|inf|none)\b", body, re.IGNORECASE)
    assert "–" in body
    assert "–" in render_topics_text(data)


def test_a_curve_breaks_where_it_has_no_value_and_goes_on():
    data = {"curves": [{"name": "c", "unit": "u", "x_name": "epoch", "values": {"loss": [4.0, None, 2.0, 1.0]}}]}
    (path,) = re.findall(r'<path class="line s0" d="([^"]*)"', render_report(data))
    assert path.count("M") == 2
    assert path.count("L") == 1
    data["curves"][0]["values"]["loss"] = [None, float("nan")]
    assert "learning" not in read(render_report(data)).ids


def test_the_best_of_a_column_is_marked_by_its_direction():
    table = {"title": "t", "note": "", "columns": ["m", "accuracy", "loss"], "rows": [["a", 0.9, 3.0], ["b", 0.4, 2.0]]}
    page = render_report({"evaluation": [table]})
    assert re.findall(r'<td class="n best[^"]*"[^>]*>([\d.]+)</td>', page) == ["0.900", "2.000"]


@pytest.mark.parametrize(("n", "tag"), [(40, "td"), (41, "rect"), (401, "p")])
def test_large_confusion_matrices_shrink(n, tag):
    matrix = (np.eye(n, dtype=int) * 5).tolist()
    matrix[0][1] = 7
    reader = assert_safe(render_report({"confusion": {"labels": [f"c{i}" for i in range(n)], "matrix": matrix}}))
    assert ("table" in reader.seen) == (tag == "td")
    assert ("rect" in reader.seen) == (tag == "rect")
    shown = re.sub(r"\s+", " ", "".join(reader.shown))
    assert "c0 taken for c1: 7" in shown


def test_changes_show_what_went_and_what_came():
    edit = {"rule": "r", "count": 1, "examples": [{"before": "a  b <i>ＡＢ，好", "after": "a b AB，好"}]}
    page = render_report({"cleaning": {"removed": [], "edits": [edit]}})
    assert "<del>␣</del>" in page
    assert "<del>&lt;i&gt;ＡＢ</del><ins>AB</ins>，好" in page


def test_texts_of_many_documents_stay_within_three_megabytes():
    page = render_report(report_data(n=5000, n_topics=30, text="汉字" * 120))
    assert len(page.encode()) < 3_000_000


def test_the_same_data_give_the_same_page_and_are_not_changed():
    data = report_data(text="word")
    before = json.dumps(data)
    assert render_report(data) == render_report(data)
    assert json.dumps(data) == before


def test_topic_numbers_need_not_be_a_range():
    data = report_data(n=6, n_topics=2, text="w")
    for topic, new in zip(data["topics"], (7, 3), strict=True):
        topic["id"] = new
    data["map"]["topic"] = [7, 3, 7, 3, -1, 7]  # -1 belongs to none of them
    live = map_of(assert_safe(render_report(data)))
    assert [t["id"] for t in live["topics"]] == [3, 7, -1]
    assert live["topic"] == [1, 0, 1, 0, 2, 1]
    assert live["topics"][2]["name"] == "no topic"


def test_generated_codes_are_no_documents():
    data = report_data(n=6, n_topics=2, text="w")
    page = render_report(data)
    assert "Map of 6 documents" in page
    assert "GAN" not in page
    data["map"]["topic"] = [0, 1, 0, 1, -2, -2]
    page = render_report(data)
    assert "Map of 4 documents in 2 topics" in page
    assert "2 codes that the GAN made lie among the documents" in page
    live = map_of(assert_safe(page))
    assert live["topics"][2]["name"] == "generated by the GAN"
    assert live["topics"][2]["size"] == 2


def test_names_on_the_map_leave_out_parts_of_other_words():
    data = report_data(n=4, n_topics=1, text="w")
    data["topics"][0]["words"] = [["国", 1.0], ["总", 0.9], ["总统", 0.8], ["art", 0.7], ["party", 0.6]]
    (topic,) = map_of(read(render_report(data)))["topics"]
    assert topic["name"] == "0 · 国, 总统, art"
    assert topic["short"] == "国 总统"


def test_write_is_whole_or_nothing(tmp_path):
    path = tmp_path / "report.html"
    write_report(report_data(), path)
    assert path.read_text(encoding="utf-8") == render_report(report_data())
    with pytest.raises(FileExistsError):
        write_report({"title": "new"}, path)
    write_report({"title": "new"}, path, force=True)
    assert "new" in path.read_text(encoding="utf-8")
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]


def test_terminal_lines_are_plain_and_aligned():
    data = report_data(n_topics=3)
    text = render_topics_text(data)
    text.encode("utf-8")
    assert not set(text) & {chr(c) for c in range(32) if c != 10}
    assert "(3 topics" in text
    table = {"title": "t", "columns": ["method", "score"], "rows": [["基线方法", 0.5], ["ours", 0.75]]}
    lines = render_topics_text({"evaluation": [table]}).splitlines()[2:]
    assert lines == ["  基线方法  0.500", "  ours      0.750"]


def test_the_script_runs_in_a_browser_under_its_policy(tmp_path):
    browser = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))), None)
    if browser is None:
        pytest.skip("no Chromium on the path")
    page = tmp_path / "report.html"
    write_report(report_data(n=50, n_topics=3, text="词 </script> word"), page)
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
    command = [browser, *flags, f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=2000", "--dump-dom"]
    try:
        done = subprocess.run([*command, page.as_uri()], capture_output=True, timeout=60, check=True)
    except (subprocess.SubprocessError, OSError) as error:
        pytest.skip(f"Chromium does not start here: {error}")
    live = read(done.stdout.decode("utf-8"))
    assert "canvas" in live.seen
    assert ("figure", "class", "card map live") in live.attributes
    # One button a topic in the legend, one a card, two modes, three tools.
    assert live.seen.count("button") == 3 + 3 + 2 + 3
