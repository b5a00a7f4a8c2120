"""The pair as a picture: two hosts as rails, the streams between them as rungs, the client above, at one moment."""

from __future__ import annotations

from colotui.model.protection import Copy, GuestView, Life, LinkState, Role, Snapshot, Stream
from colotui.report.content import Content, Part
from colotui.report.frame import LETTER
from colotui.report.markup import Html, joined, tag
from colotui.report.times import full
from colotui.ui.format import fine_duration, number

_RUNG = 22.0
_BOX_TOP = 54.0
_GONE = (Life.DEAD, Life.ABSENT)


def ladder(content: Content, part: Part, width: float, key: str) -> Html | None:
    """The picture of one guest; None where no snapshot has it."""
    moment = part.moment
    view = next((view for view in moment.guests if view.name == part.name), None) if moment is not None else None
    if moment is None or view is None:
        return None
    narrow = width < 600
    box = 128.0 if narrow else 264.0
    tall = max(_RUNG * max(len(view.streams), 4) + 20, 112.0)
    left, right = content.pair.hosts
    ink = [
        _client(moment, view, width, box),
        _rail(moment, view, left.name, 1, box, tall, narrow=narrow),
        _rail(moment, view, right.name, width - box - 1, box, tall, narrow=narrow),
        *(_rung(view, stream, place, box + 8, width - box - 8, left.name, narrow=narrow)
          for place, stream in enumerate(view.streams)),
    ]  # fmt: skip
    names = f"{key}-t", f"{key}-d"
    return tag(
        "svg",
        tag("title", f"The pair at {full(moment.at)}", id=names[0]),
        tag("desc", described(moment, view, (left.name, right.name)), id=names[1]),
        *ink,
        class_="ladder narrow" if narrow else "ladder wide",
        viewBox=f"0 0 {width:g} {_BOX_TOP + tall + 4:g}",
        role="img",
        aria_labelledby=" ".join(names),
    )


def described(moment: Snapshot, view: GuestView, hosts: tuple[str, str]) -> str:
    """The same in words."""
    copies = "; ".join(f"{name}: {', '.join(_rows(moment, view, name))}" for name in hosts)
    streams = "; ".join(f"{stream.name} {_stream_word(stream)}" for stream in view.streams)
    return f"{copies}. Streams: {streams or 'none'}. {_client_words(moment, view)[0]}"


def _badge(copy: Copy | None, link: LinkState) -> tuple[str, str]:
    if copy is None or (link is not LinkState.UP and copy.life is Life.UNREACHABLE):
        return "? NOT REACHED", "idle"
    role = "" if copy.role is Role.NONE else copy.role.value.upper()
    if copy.life in _GONE and role:
        return f"✘ {role}, {copy.life.value.upper()}", "bad"
    if copy.life is Life.HUNG:
        return f"✘ {role or 'COPY'}, HUNG", "bad"
    if copy.role is Role.PRIMARY:
        return role, "primary"
    return role or "NO COPY", "idle"


def _rows(moment: Snapshot, view: GuestView, host: str) -> list[str]:
    copy = view.copies.get(host)
    if copy is None:
        return ["no copy here"]
    pid = f", pid {copy.pid}" if copy.pid is not None else ""
    rows = [f"{copy.life.value}{pid}" + (f", {copy.exit}" if copy.exit is not None else "")]
    engine = f"QEMU {copy.version}" if copy.version else ""
    rows.append(", ".join(word for word in (engine, copy.accel) if word) or "version not read")
    if copy.life not in (*_GONE, Life.UNREACHABLE):
        speaks = {True: "its replies reach the client", False: "its replies are held", None: "replies: not known"}
        rows.append(speaks[copy.speaks])
    if moment.host(host).link is not LinkState.UP:
        rows.append("no channel to this host")
    return rows


def _rail(moment: Snapshot, view: GuestView, host: str, x: float, box: float, tall: float, *, narrow: bool) -> Html:
    copy = view.copies.get(host)
    badge, style = _badge(copy, moment.host(host).link)
    pad = 8.0 if narrow else 14.0
    letters = int((box - 2 * pad) / LETTER)
    found = [
        tag("rect", class_=f"rail {style}", x=x, y=_BOX_TOP, width=box, height=tall),
        tag("text", _cut(host, 12 if narrow else 14), class_="strong", x=x + pad, y=_BOX_TOP + 22),
    ]
    room = len(badge) * LETTER + 12
    at = (x + pad, _BOX_TOP + 30) if narrow else (x + box - pad - room, _BOX_TOP + 9)
    found.append(tag("rect", class_=f"badge {style}", x=at[0], y=at[1], width=min(room, box - 2 * pad), height=18))
    found.append(tag("text", _cut(badge, letters), class_=f"on {style}", x=at[0] + 6, y=at[1] + 13))
    top = _BOX_TOP + (66 if narrow else 50)
    for place, row in enumerate(_rows(moment, view, host)[: 3 if narrow else 4]):
        found.append(tag("text", _cut(row, letters), class_="word", x=x + pad, y=top + 18 * place))
    return joined(found)


def _stream_word(stream: Stream) -> str:
    if stream.up is None:
        return "not known"
    return "open" if stream.up else "closed"


def _rung(
    view: GuestView, stream: Stream, place: int, left: float, right: float, first_host: str, *, narrow: bool
) -> Html:
    y = _BOX_TOP + 22 + _RUNG * place
    style = {True: "up", False: "cut", None: "idle"}[stream.up]
    # "right" is from the primary on: turned round when the primary is the host on the right.
    turned = view.protection.primary not in ("", first_host)
    to_right = (stream.direction == "right") is not turned
    head = f"M{right - 7:.1f} {y - 4:.1f}l7 4l-7 4" if to_right else f"M{left + 7:.1f} {y - 4:.1f}l-7 4l7 4"
    word = {True: "", False: "✘ closed", None: "? not known"}[stream.up]
    figure = f"{number(stream.value)} {stream.unit}" if stream.up and stream.value is not None else word
    label = stream.name if narrow else f"{stream.name} :{stream.port}"
    found = [tag("line", class_=f"rung {style}", x1=left, x2=right, y1=y, y2=y)]
    if stream.up:
        found.append(tag("path", class_="head", d=head))
    x = left + (8 if narrow else 24)
    found += _cutting(label, x, y, "word")
    if figure and not narrow:
        found += _cutting(figure, right - 24 - len(figure) * LETTER, y, "bad" if stream.up is False else "word")
    elif stream.up is False:
        found += _cutting("✘", right - 16, y, "bad")
    return joined(found)


def _cutting(words: str, x: float, y: float, style: str) -> list[Html]:
    """Words that cut the line they lie on."""
    return [
        tag("rect", class_="ground", x=x - 5, y=y - 8, width=len(words) * LETTER + 10, height=16),
        tag("text", words, class_=style, x=x, y=y + 4),
    ]


def _client_words(moment: Snapshot, view: GuestView) -> tuple[str, bool]:
    probe = view.probe
    if probe is None:
        return "client: not asked", True
    if probe.ok:
        # The answer of a primary that has died since is no sign of life.
        speaks = any(copy.role is Role.PRIMARY and copy.life not in _GONE for copy in view.copies.values())
        age = "" if speaks else f", {fine_duration(moment.at - probe.at)} before this moment"
        return f"client → {probe.target}   {number(probe.rtt_ms)} ms{age}", speaks
    silent = "" if probe.silent_since is None else f" for {fine_duration(moment.at - probe.silent_since)}"
    return f"client → {probe.target}   ✘ no reply{silent}", False


def _client(moment: Snapshot, view: GuestView, width: float, box: float) -> Html:
    words, well = _client_words(moment, view)
    letters = int(width / LETTER) - 4
    words = _cut(words if width >= 600 else words.replace("client → ", "").replace("   ", " "), letters)
    speaker = next((copy for copy in view.copies.values() if copy.role is Role.PRIMARY), None)
    x = box / 2 if speaker is None or speaker.host == moment.hosts[0].spec.name else width - box / 2
    style = "up" if well else "cut"
    room = len(words) * LETTER
    return joined(
        (
            tag("path", class_=f"way {style}", d=f"M{x:.1f} {_BOX_TOP:.1f}V34H{width / 2:.1f}V24"),
            tag("rect", class_="ground", x=(width - room) / 2 - 6, y=4, width=room + 12, height=20),
            tag("text", words, class_="strong" if well else "bad", x=width / 2, y=18, text_anchor="middle"),
        )
    )


def _cut(words: str, letters: int) -> str:
    return words if len(words) <= letters else f"{words[: max(letters - 1, 1)]}…"
