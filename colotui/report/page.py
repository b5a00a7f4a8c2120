"""A report as one HTML file: nothing is loaded from anywhere, nothing runs in it; light, dark and on paper."""

from __future__ import annotations

from collections.abc import Callable

from colotui.model.checkpoint import percentile
from colotui.model.protection import Severity
from colotui.report import plots
from colotui.report.cases import action_html, incident_html
from colotui.report.clientplot import client_plot
from colotui.report.content import OTHER, Content, Part, Row, Sort
from colotui.report.doubts import doubts
from colotui.report.facts import general, spine
from colotui.report.frame import NARROW, WIDE, Size
from colotui.report.headline import headline, silent_s
from colotui.report.ladder import ladder
from colotui.report.markup import Child, Html, joined, tag
from colotui.report.strip import SIGNS, state_strip
from colotui.report.style import sheet
from colotui.report.times import dated, full, iso, since, span, zone
from colotui.ui.format import fine_duration, number, plural, whole

# Even a fault of ours could load nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"

_Drawn = Callable[[Content, Part, Size, str], Html]
_FIGURES: tuple[tuple[str, str, tuple[tuple[str, str], ...], _Drawn], ...] = (
    ("checkpoints a second", "rate", (("usual", "usual"), ("forced", "forced, ◆ by its cause")), plots.rate_plot),
    ("pause of the guest, ms", "pause",
     (("p50", "half within"), ("p95", "95 % within"), ("most", "longest")), plots.pause_plot),
    ("mismatches a minute", "differ", (("forced", "by protocol"),), plots.mismatch_plot),
    ("client round trip, ms", "client", (("answer", "an answer"), ("silence", "none")), client_plot),
)  # fmt: skip


def html(content: Content) -> str:
    """The whole file."""
    title = f"{content.pair.name}: {_about(content)}"
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        Html(f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}"/>'),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{title} - colotui report"),
        tag("style", sheet()),
    )
    count = _Counter()
    body = tag(
        "body",
        tag(
            "main",
            _top(content),
            *(_opening(content, part) for part in content.parts),
            *(_pictures(content, part, place, count) for place, part in enumerate(content.parts)),
            _timeline(content, count),
            _incidents(content, count),
            _actions(content, count),
            *(_hosts(content, part, count) for part in content.parts),
            _facts(content, count),
            _unknown(content, count),
            tag("footer", f"colotui report, made {dated(content.made_at)[:-4]} from {content.source}. "
                "Nothing in this file is loaded from elsewhere."),
        ),
    )  # fmt: skip
    return f"<!doctype html>\n{tag('html', head, body, lang='en')}\n"


class _Counter:
    """Numbers the sections as they come."""

    def __init__(self) -> None:
        self._count = 0

    def heading(self, title: str, note: Child = "") -> Html:
        self._count += 1
        return tag("h2", tag("span", str(self._count), class_="no"), tag("span", title),
                   tag("span", note, class_="note") if note else None)  # fmt: skip


def _about(content: Content) -> str:
    about = content.window.about
    return f"{about.id}, {about.now.kind.value}" if about is not None else span(content.window.low, content.window.high)


def _top(content: Content) -> Html:
    window = content.window
    return tag(
        "header",
        tag("span", tag("b", "colotui"), f" report   pair {content.pair.name}"),
        tag("span", f"{span(window.low, window.high)}   {zone(window.low)}"),
        class_="top",
    )


def _opening(content: Content, part: Part) -> Html:
    about = content.window.about
    worst = about or next((one for one in part.incidents if one.now.severity is Severity.ERROR), None)
    worst = worst or next(iter(part.incidents), None)
    if worst is not None:
        loud = worst.now.severity
        left, begin = f"{SIGNS[loud]} {worst.now.kind.value.upper()}", worst.now.since
        lasted = f" for {fine_duration(worst.closed_at - begin)}" if worst.closed_at is not None else ", still open"
        right = f"{worst.id}   since {full(begin)}{lasted}"
        if about is None and len(part.incidents) > 1:
            left, right = f"{SIGNS[loud]} {plural(len(part.incidents), 'incident')}", part.name
    else:
        loud, right = Severity.OK, part.name
        left = part.turns[-1].state if part.turns else "No state was recorded"
    word = tag("span", tag("span", left, class_="pill") if loud is Severity.OK else left, class_="word")
    band = tag(
        "section", tag("p", word, tag("span", right)), tag("h1", headline(content, part)), class_=f"band {loud.value}"
    )
    return joined((band, _figures(content, part)))


def _figures(content: Content, part: Part) -> Html:
    silent = silent_s(part, content.window.high)
    pauses = part.checkpoints.pauses()
    forced = part.checkpoints.forced
    last = part.last.protection.state.value if part.last is not None else "not known"
    asked = "?" if not part.asked else fine_duration(silent) if silent else "0"
    stretches = plural(len(part.silences), "stretch", "stretches")
    differ = ", ".join(f"{count} {name or OTHER}" for name, count in part.mismatches.protocols().items())
    how = "not asked" if not part.asked else f"in {stretches}" if silent else "answered whenever asked"
    return tag(
        "dl",
        _figure("client without an answer", asked, how, bad=silent > 0),
        _figure("at the end", last, f"at {full(content.window.high)}"),
        _figure("pause, 95 % within", f"{number(percentile(pauses, 0.95))} ms" if pauses else "—",
                f"{plural(len(part.checkpoints), 'checkpoint')}, {whole(forced)} forced"),
        _figure("mismatches", whole(len(part.mismatches)),
                differ or "none was seen"),
        class_="figures",
    )  # fmt: skip


def _figure(label: str, value: str, note: str, *, bad: bool = False) -> Html:
    return tag("div", tag("dt", label), tag("dd", tag("b", value, class_="bad" if bad else None)), tag("dd", note))


def _pictures(content: Content, part: Part, place: int, count: _Counter) -> Html:
    drawn: list[Html] = []
    pictures = [ladder(content, part, size.width, f"p{place}l{name}") for name, size in (("w", WIDE), ("n", NARROW))]
    if part.moment is not None and all(picture is not None for picture in pictures):
        note = since(content.zero, part.moment.at)
        after = f", {note} from the first witness" if note else ""
        drawn += [count.heading(f"{part.name}, the pair", f"at {full(part.moment.at)}{after}"),
                  tag("figure", *pictures)]  # fmt: skip
    drawn.append(count.heading(f"{part.name}, on one clock", _marks(content, part)))
    drawn.append(_drawn("", (), state_strip, content, part, f"p{place}s"))
    drawn += [_drawn(title, keys, draw, content, part, f"p{place}{key}") for title, key, keys, draw in _FIGURES]
    return joined(drawn)


def _marks(content: Content, part: Part) -> Html:
    words: list[Child] = []
    if part.incidents:
        words += [tag("i", "│", class_="bad"), " an incident began"]
    if part.actions:
        words += ["   " if words else "", tag("i", "┆", class_="act"), " an action began"]
    if content.gaps:
        words += ["   " if words else "", "╱╱ nobody recorded"]
    return joined(words)


def _drawn(title: str, keys: tuple[tuple[str, str], ...], draw: _Drawn, content: Content, part: Part, key: str) -> Html:
    caption = None
    if title:
        swatches = [tag("span", tag("i", class_=f"swatch {style}"), word, class_="key") for style, word in keys]
        caption = tag("figcaption", tag("b", title), *swatches)
    return tag("figure", caption, draw(content, part, WIDE, f"{key}w"), draw(content, part, NARROW, f"{key}n"))


def _timeline(content: Content, count: _Counter) -> Html:
    zero = content.zero
    rows = [_row(row, zero) for row in content.rows]
    heads = ("time", "time"), ("+", "num"), ("", "sign"), ("who", ""), ("what", ""), ("detail", "")
    note = f"{plural(len(rows), 'row')}, local time, {zone(content.window.low)}"
    if zero is not None:
        note += "; + counts from the first witness"
    table = tag(
        "table",
        tag("thead", tag("tr", *(tag("th", name, scope="col", class_=style or None) for name, style in heads
                                 if name != "+" or zero is not None))),
        tag("tbody", *rows),
        class_="timeline stack",
    )  # fmt: skip
    return tag("section", count.heading("timeline", note), table if rows else tag("p", "Nothing happened."))


def _row(row: Row, zero: float | None) -> Html:
    loud = row.severity is not Severity.OK or row.sort in (Sort.STATE, Sort.ACTION)
    style = row.sort.value + (" loud" if loud else " mute" if row.sort is Sort.MISMATCH else "")
    sign = {Severity.ERROR: "✘", Severity.WARNING: "▲"}.get(row.severity, "")
    if row.sort is Sort.STATE or row.sort is Sort.ACTION:
        sign = SIGNS[row.severity] if row.sort is Sort.STATE else sign or "→"
    sign = "◆" if row.sort is Sort.MISMATCH else sign
    colour = {Severity.ERROR: " bad", Severity.WARNING: " warn"}.get(row.severity, "")
    return tag(
        "tr",
        tag("td", tag("time", full(row.at), datetime=iso(row.at)), class_="time"),
        tag("td", since(zero, row.at), class_="num") if zero is not None else None,
        tag("td", sign, class_=f"sign{colour}"),
        tag("td", row.who, class_="muted nowrap"),
        tag("td", row.what, class_="what"),
        tag("td", row.detail, class_="wide-row muted"),
        class_=style,
    )


def _incidents(content: Content, count: _Counter) -> Html:
    found = [incident for part in content.parts for incident in part.incidents]
    if content.window.about is not None:
        found.sort(key=lambda one: (one != content.window.about, one.opened_at))
    shown = [incident_html(content, incident) for incident in found] or [tag("p", "No incident in this time.")]
    return tag("section", count.heading("incidents", "evidence and advice"), *shown)


def _actions(content: Content, count: _Counter) -> Html:
    shown = [action_html(content, done) for part in content.parts for done in part.actions]
    return tag(
        "section", count.heading("actions", "what was done"), *(shown or [tag("p", "No action was run in this time.")])
    )


def _hosts(content: Content, part: Part, count: _Counter) -> Html:
    first, second = content.pair.hosts
    moment = "" if part.moment is None else f"at {full(part.moment.at)}"
    rows = [
        tag("tr", tag("td", left), tag("th", label, scope="row"), tag("td", right))
        for label, left, right in spine(content, part)
    ]
    head = tag(
        "tr",
        tag("th", first.name, scope="col", class_="host", style="text-align:right;border:0"),
        tag("th", part.name, scope="col"),
        tag("th", second.name, scope="col", class_="host", style="text-align:left;border:0"),
    )
    return tag(
        "section",
        count.heading("hosts", moment),
        tag("table", tag("thead", head), tag("tbody", *rows), class_="spine"),
    )


def _facts(content: Content, count: _Counter) -> Html:
    rows = [tag("tr", tag("th", label, scope="row"), tag("td", words)) for label, words in general(content)]
    return tag("section", count.heading("facts"), tag("table", tag("tbody", *rows), class_="facts"))


def _unknown(content: Content, count: _Counter) -> Html:
    return tag(
        "section", count.heading("what is not known"), tag("ul", *(tag("li", words) for words in doubts(content)))
    )
