"""One incident as a page: what it is, its witnesses, what it means for the client, what to do and what not to do."""

from __future__ import annotations

import time

from colotui.model.incident import Confidence, Fact, Incident
from colotui.model.plan import Action
from colotui.model.protection import Severity
from colotui.model.text import plain
from colotui.ui.actions import ACTIONS, BY_ACTION, reason
from colotui.ui.format import clock, clock_ms, day_or_clock, fine_duration, lasting, plural
from colotui.ui.glyphs import BAD, WARN
from colotui.ui.paint.canvas import Span, cells_of
from colotui.ui.paint.scene import Scene
from colotui.ui.paint.sheet import Sheet, wrapped

ROOMY = 88
"""Cells from which on a witness has its source at the right, and remarks stand beside what they are about."""

_TIME = 14
_HOST = 13
_SOURCE = 9
_TAIL = 18
_WORDS = 600
_ROWS = 4
_COCKPIT = "cockpit"


def incident_sheet(scene: Scene, incident: Incident, width: int, *, airy: bool) -> Sheet:
    """The page, `width` cells wide. With little room (`airy` False) what to do comes before the evidence."""
    sheet = Sheet(width)
    _headline(scene, sheet, incident, width)
    told = incident.now
    client = (_client,) if told.client else ()
    not_todo = (_not_todo,) if incident.open and (told.do_not or told.forbids) else ()
    for section in (_evidence, *client, _todo, *not_todo) if airy else (_todo, *not_todo, *client, _evidence):
        if airy:
            sheet.row()
        section(scene, sheet, incident, width)
    return sheet


def lasted(incident: Incident, now: float) -> float:
    """For how long it has lasted, or lasted, in seconds."""
    return max(0.0, (now if incident.closed_at is None else incident.closed_at) - incident.now.since)


def sign(incident: Incident) -> Span:
    """Its glyph: of an open one how bad it is, of a past one a dot."""
    if not incident.open:
        return ("·", "muted")
    return (BAD, "error-bold") if incident.now.severity is Severity.ERROR else (WARN, "warn-bold")


def _section(sheet: Sheet, title: str, note: str = "") -> None:
    sheet.row()
    sheet.put(0, [(title, "bold")])
    start, end = len(title) + 1, sheet.width - (len(note) + 1 if note else 0)
    sheet.put(start, [("─" * max(0, end - start), "hairline")])
    if note:
        sheet.right(sheet.width, [(note, "low")])


def _full_stop(text: str) -> str:
    return text + ("" if text[-1:] in (".", "…", "?", "!", "") else ".")


def _sentence(text: str) -> str:
    """With a capital and a full stop: the table of advice has neither."""
    text = text.strip()
    return _full_stop(text[:1].upper() + text[1:])


def _headline(scene: Scene, sheet: Sheet, incident: Incident, width: int) -> None:
    told = incident.now
    sheet.row()
    sheet.put(0, [sign(incident)])
    sheet.text(2, plain(told.sentence, _WORDS), "strong", width - 2)
    hosts = {fact.host for fact in told.witnesses if fact.host}
    many = f"{told.confidence.value} by {plural(len(told.witnesses), 'witness', 'witnesses')}"
    many += f" on {plural(len(hosts), 'host')}" if hosts else ""
    took = f"open {lasting(lasted(incident, scene.now))}" if incident.open else f"took {_took(incident, scene.now)}"
    first, since = f"{incident.id}   {told.kind.value}", f"since {_when(told.since, scene.now)}"
    wide = f"{first}   {since}   {took}   {many}"
    rows = (wide,) if width >= ROOMY else (f"{first}   {took}", f"{since}   {many}")
    for text in rows:
        sheet.row()
        sheet.put(2, [(text, "muted")], width - 2)
    if told.settle and told.confidence is not Confidence.PROVEN:
        sheet.row()
        sheet.text(2, f"What would settle it: {plain(told.settle, _WORDS)}", "base", width - 2)


def _took(incident: Incident, now: float) -> str:
    return fine_duration(lasted(incident, now))


def _evidence(scene: Scene, sheet: Sheet, incident: Incident, width: int) -> None:
    _section(sheet, "evidence", "in order")
    witnesses = incident.now.witnesses
    hosts = [len(cells_of(_host(fact))) for fact in witnesses]
    host = min(max(hosts, default=0), _HOST) + 2
    for fact in witnesses:
        sheet.row()
        sheet.put(0, [(clock_ms(fact.at), "muted")], _TIME - 1)
        sheet.put(_TIME, [(_host(fact), "base")], host - 1)
        after = fact.at - incident.now.since
        if width >= ROOMY:
            x, room = _TIME + host, width - _TIME - host - _TAIL - 1
            sheet.put(width - _TAIL, [(fact.source.value, "muted")], _SOURCE)
            if after >= 0.0005:
                sheet.right(width, [(_after(after), "low")], _TAIL - _SOURCE)
        else:
            x = _TIME + host
            sheet.put(x, [(fact.source.value, "muted")], _SOURCE - 1)
            x += _SOURCE
            room = width - x
        start = len(sheet) - 1
        lines = wrapped(_words(fact), room)
        if len(lines) > _ROWS:
            lines = [*lines[: _ROWS - 1], f"{lines[_ROWS - 1][: room - 2]} …"]
        for index, line in enumerate(lines):
            if start + index >= len(sheet):
                sheet.row()
            sheet.put(x, [(line, "base")], room, row=start + index)


def _host(fact: Fact) -> str:
    return plain(fact.host, 60) or _COCKPIT


def _when(at: float, now: float) -> str:
    """The time to the millisecond; the day and the time of what is older than today."""
    shown = day_or_clock(at, now)
    return clock_ms(at) if shown == clock(at) else f"{shown.strip()} {clock(at)[:5]}"


def _after(seconds: float) -> str:
    return f"+{seconds * 1000:.0f} ms" if seconds < 0.9995 else f"+{fine_duration(seconds)}"


def _words(fact: Fact) -> str:
    """The witness's words; QMP's names of events stand before them, they tell more than the rest."""
    text, what = plain(fact.text, _WORDS), plain(fact.what, 60)
    if not text:
        return what
    return f"{what}  {text}" if what.isupper() and what.casefold() not in text.casefold() else text


def _client(scene: Scene, sheet: Sheet, incident: Incident, width: int) -> None:
    _section(sheet, "what it means for the client" if incident.open else "what it meant for the client")
    sheet.row()
    sheet.text(0, _sentence(plain(incident.now.client, _WORDS)), "base", width)


def _todo(scene: Scene, sheet: Sheet, incident: Incident, width: int) -> None:
    told = incident.now
    _section(sheet, "what to do")
    sheet.row()
    text = plain(told.do_text, _WORDS) or (BY_ACTION[told.do].word if told.do in BY_ACTION else "")
    if incident.closed_at is not None:
        by = plain(incident.closed_by, _WORDS)
        # A plan closed it, or nobody witnesses it any more.
        by = f" by {by}" if by.startswith("`") else f": {by}" if by else ""
        over = f"Nothing: it closed at {_when(incident.closed_at, scene.now).partition('.')[0]}{by}"
        sheet.text(0, _sentence(over), "base", width)
        if text:
            sheet.row()
            sheet.text(0, _sentence(f"The advice was: {text}"), "muted", width)
        return
    if told.do is not None and told.do in BY_ACTION:
        _recommended(scene, sheet, told.do, text, width)
    else:
        sheet.text(0, _sentence(text) or "Nothing to do by hand: wait and watch.", "base", width)
    if width >= ROOMY:
        offers = [("copy", "y", "Copy the incident", "as text, with all its evidence")]
        if not scene.replay:  # of a recording there are no hosts to ask
            offers.append(("bundle", "B", "Support bundle …", "logs, traces and facts of both hosts in one file"))
        for name, default, word, remark in offers:
            sheet.row()
            sheet.put(1, [(scene.key(name, default), "strong")], 5)
            sheet.put(6, [(word, "base")], 40)
            sheet.put(48, [(remark, "muted")], width - 48)


def _recommended(scene: Scene, sheet: Sheet, action: Action, text: str, width: int) -> None:
    key = scene.key(action.value, BY_ACTION[action].key)
    label = text[0].upper() + text[1:] + ("" if text.endswith("…") else " …")
    why = scene.replay or (scene.snapshot.read_only and f"read-only: {scene.snapshot.read_only}")
    progress = scene.guest.progress
    if progress is not None and progress.running and not scene.replay:
        why = f"`{progress.title}` runs"
    why = plain(why or reason(scene.guest, action) or "", _WORDS)
    if why:
        sheet.put(0, [(f" {key} ", "low")], 5)
        start = len(sheet) - 1
        sheet.put(6, [(label, "low")], width - 6, row=start)
        sheet.row()
        sheet.text(6, f"not now: {why}", "muted", width - 6)
        return
    sheet.put(0, [(f" {key} ", "recommended")], 5)
    rows = sheet.text(6, label, "strong", width - 6 if width < ROOMY else width - 20)
    if width >= ROOMY:
        if rows == 1 and len(cells_of(label)) < 40:
            sheet.put(48, [("or Enter: its plan opens first", "muted")], width - 48 - 14)
        sheet.right(width, [("recommended", "focus")])


def _not_todo(scene: Scene, sheet: Sheet, incident: Incident, width: int) -> None:
    told = incident.now
    _section(sheet, "what not to do")
    if told.do_not:
        sheet.row()
        sheet.put(0, [(BAD, "error")])
        sheet.text(2, _sentence(plain(told.do_not, _WORDS)), "bold", width - 2)
    if told.forbids:
        sheet.row()
        why = _full_stop(f" Why: {plain(told.why_not, _WORDS)}") if told.why_not else ""
        sheet.text(2, f"{_refused(scene, told.forbids)}{why}", "muted", width - 2)


def _refused(scene: Scene, forbids: frozenset[Action]) -> str:
    """Which keys are refused meanwhile."""
    listed = [entry for entry in ACTIONS if entry.action in forbids]
    if len(listed) == len(ACTIONS):
        return "Every action is refused meanwhile."
    names = [f"{scene.key(entry.action.value, entry.key)} {entry.word}" for entry in listed]
    return f"Refused meanwhile: {', '.join(names)}."


def incident_line(incident: Incident) -> str:
    """What the filter looks at."""
    told = incident.now
    state = "open" if incident.open else "closed"
    return f"{incident.id}  {state}  {told.kind.value}  {told.confidence.value}  {told.sentence}  {incident.closed_by}"


def incident_text(incident: Incident, now: float) -> str:
    """The whole incident as text, for a mail or a ticket; times are local, with the day."""
    told = incident.now
    state = f"open for {lasting(lasted(incident, now))}" if incident.open else f"closed, took {_took(incident, now)}"
    lines = [f"{incident.id}  {told.kind.value}  {state}", told.sentence, ""]
    lines += [f"since       {_day(told.since)}", f"confidence  {told.confidence.value}"]
    if told.settle:
        lines.append(f"settled by  {told.settle}")
    lines += ["", "evidence"]
    for fact in told.witnesses:
        lines.append(f"  {_day(fact.at)}  {_host(fact)}  {fact.source.value}  {_words(fact)}")
    lines.append("")
    do = f" (colotui {told.do.value} {incident.guest})" if told.do is not None else ""
    for label, text in (("client", told.client), ("do", told.do_text + do), ("do not", told.do_not)):
        if text:
            lines.append(f"{label:<10}  {text}")
    if told.forbids:
        refused = ", ".join(sorted(action.value for action in told.forbids))
        lines.append(f"{'refused':<10}  {refused}: {told.why_not}")
    if incident.closed_at is not None:
        lines.append(f"{'closed':<10}  {_day(incident.closed_at)}, {incident.closed_by}")
    # A witness's line break must not look like a line of ours.
    return "\n".join(plain(line) for line in lines)


def _day(at: float) -> str:
    return f"{time.strftime('%Y-%m-%d', time.localtime(at))} {clock_ms(at)}"
