"""Finds what must not leave the operator's hands: passwords, keys, credentials; masks it in any text.

Two nets, one behind the other: the secrets that the pair file itself names are masked wherever they turn up (a kernel's
command line, a log, JSON), and whatever looks like a secret is masked by its shape.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import quote, unquote, urlsplit

from colotui.model.pair import GuestSpec, HostSpec, Pair

MASK = "***"

_NAMES = rb"passw(?:or)?d|passwd|passphrase|passcode|secret|token|credentials?|api[_-]?key|private[_-]?key|psk"
# One quoted text (its quotes perhaps escaped, inside JSON), or all up to a blank, a quote or QEMU's single comma.
_VALUE = rb"""\\?"[^"\n\x00]{0,4096}"?|\\?'[^'\n\x00]{0,4096}'?|(?:,,|[^\s,"'\x00\\])+"""
_ASSIGNED = re.compile(rb"(?i)((?:" + _NAMES + rb")[\w.-]{0,40}=)(" + _VALUE + rb")")
# A bare `key` is a secret only where a value is given to it on a command line: in JSON it names everything.
_KEY = re.compile(rb"(?i)((?<![a-z])key=)(" + _VALUE + rb")")
_TOLD = re.compile(rb"(?i)((?:" + _NAMES + rb")[\w.-]{0,40}\\?[\"']?[ \t]{0,8}:[ \t]{0,8})(" + _VALUE + rb")")
_DATA = re.compile(rb"(?i)(\bsecret\b[^\n\x00]{0,300}?\bdata\\?[\"']?[ \t]{0,8}[=:][ \t]{0,8})(" + _VALUE + rb")")
_URL = re.compile(rb"(?i)(\b[a-z][a-z0-9+.-]{1,15}://)[^/\s\"'\x00]{1,512}@")
_HEADER = re.compile(
    rb"(?i)(authorization\\?[\"']?[ \t]{0,8}[:=][ \t]{0,8}\\?[\"']?(?:basic|bearer|digest)[ \t]{1,8})[^\s\"'\\]+"
)
_BLOCK_ROOM = 16384
"""Bytes that a private key may be long; where its other end is missing, so many are masked."""
_BEGIN = rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----"
_END = rb"-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----"
_BLOCK = re.compile(rb"(?s)" + _BEGIN + rb"(?:.{0,16384}?" + _END + rb"|.{0,16384})")
_BLOCK_END = re.compile(_END)

_BITE = 64 << 10
_FLAG = re.compile(r"(?i)--?[\w-]*(?:passw(?:or)?d|passwd|passphrase|secret|token)[\w-]*")
_SHORTEST = 4
"""A shorter secret is masked where it stands, but not looked for elsewhere: it would be found in every word."""


class Cleaner:
    """Masks the secrets of one pair, and all that looks like one, in bytes of any kind."""

    def __init__(self, known: Mapping[str, str]) -> None:
        found: dict[bytes, bytes] = {}
        for secret, instead in known.items():
            if len(secret) >= _SHORTEST:
                forms = (secret, json.dumps(secret)[1:-1], json.dumps(json.dumps(secret)[1:-1])[1:-1])
                for form in (*forms, secret.replace(",", ",,"), quote(secret, safe="")):
                    found[form.encode("utf-8", "surrogatepass")] = instead.encode()
        self._known = sorted(found.items(), key=lambda item: -len(item[0]))

    def clean(self, data: bytes) -> bytes:
        """`data` without secrets."""
        for secret, instead in self._known:
            data = data.replace(secret, instead)
        mask = MASK.encode()
        data = _headless(_BLOCK.sub(b"(a private key) " + mask, data))
        return b"".join(_by_shape(piece, mask) for piece in _pieces(data))

    def words(self, text: str) -> str:
        """`text` without secrets."""
        return self.clean(text.encode("utf-8", "replace")).decode("utf-8", "replace")


def _pieces(data: bytes) -> Iterator[bytes]:
    """`data` in pieces that end with a line: matching holds up every other thread, so it is done in small bites."""
    at = 0
    while at < len(data):
        end = data.find(b"\n", at + _BITE) + 1 or len(data)
        yield data[at:end]
        at = end


def _by_shape(data: bytes, mask: bytes) -> bytes:
    data = _URL.sub(rb"\1" + mask + b"@", data)
    data = _HEADER.sub(rb"\1" + mask, data)
    for pattern in (_ASSIGNED, _KEY, _TOLD, _DATA):
        data = pattern.sub(_masked, data)
    return data


def _headless(data: bytes) -> bytes:
    """`data` without private keys whose beginning was cut off."""
    parts, at = [], 0
    for end in _BLOCK_END.finditer(data):
        parts += [data[at : max(at, end.start() - _BLOCK_ROOM)], b"(the end of a private key) " + MASK.encode()]
        at = end.end()
    return b"".join((*parts, data[at:]))


def _masked(match: re.Match[bytes]) -> bytes:
    """The value masked; quotes stay, so that JSON stays JSON."""
    name, value = match[1], match[2]
    opening = re.match(rb"\\?[\"']", value)
    if opening is None:
        return name + MASK.encode()
    closed = len(value) > len(opening[0]) and value.endswith(opening[0][-1:])
    before = b"\\" if closed and value[:-1].endswith(b"\\") else b""
    return name + opening[0] + MASK.encode() + (before + opening[0][-1:] if closed else b"")


def cleaner_of(pair: Pair) -> Cleaner:
    """The cleaner that knows what `pair` must not tell."""
    known = {}
    for host in pair.hosts:
        for path in (host.key, host.known_hosts):
            if path:
                known[path] = _file_name(path)
    for guest in pair.guests:
        known |= dict.fromkeys(_of_guest(guest), MASK)
    return Cleaner(known)


def without_secrets(pair: Pair) -> Pair:
    """`pair` as it may be shown to others: key paths keep their file name, secrets are masked."""
    first, second = (_host(host) for host in pair.hosts)
    return replace(pair, hosts=(first, second), guests=tuple(_guest(guest) for guest in pair.guests), path="")


def _host(host: HostSpec) -> HostSpec:
    return replace(
        host,
        key=_file_name(host.key) if host.key else None,
        known_hosts=_file_name(host.known_hosts) if host.known_hosts else None,
    )


def _guest(guest: GuestSpec) -> GuestSpec:
    cleaner = Cleaner({})
    secrets = set(_flagged(guest.extra))
    extra = tuple(MASK if item in secrets else cleaner.words(item) for item in guest.extra)
    probe = replace(guest.probe, url=cleaner.words(guest.probe.url)) if guest.probe else None
    return replace(guest, append=cleaner.words(guest.append), extra=extra, probe=probe)


def _of_guest(guest: GuestSpec) -> Iterator[str]:
    """Every secret text that the guest's own words hold."""
    yield from _flagged(guest.extra)
    for words in (guest.append, *guest.extra):
        data = words.encode("utf-8", "replace")
        for pattern in (_ASSIGNED, _KEY, _TOLD, _DATA):
            for match in pattern.finditer(data):
                yield match[2].decode("utf-8", "replace").strip("\\\"'").replace(",,", ",")
    if guest.probe is not None and "@" in guest.probe.url:
        place = urlsplit(guest.probe.url).netloc.rpartition("@")[0]
        password = place.partition(":")[2]
        yield from (place, password, unquote(password))


def _flagged(extra: tuple[str, ...]) -> Iterator[str]:
    """What follows a flag like --password as an argument of its own."""
    for index, item in enumerate(extra[:-1]):
        if _FLAG.fullmatch(item):
            yield extra[index + 1]


def _file_name(path: str) -> str:
    return path.rpartition("/")[2] or path
