"""The parsers of xl's configuration against libxlutil itself: equal verdicts and equal values, or a named reason."""

from __future__ import annotations

import multiprocessing
import os
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from colotui.engine.xen.cfgcheck import Form, check
from colotui.engine.xen.cfgdoc import Document
from colotui.engine.xen.convert import to_merged
from colotui.engine.xen.disk import DiskError, parse_disk
from colotui.engine.xen.generate import generate
from colotui.engine.xen.vif import VifError, parse_rate, parse_rdm
from colotui.errors import ConfigError
from colotui.model.pair import DiskSpec, EngineKind, ForwardSpec, GuestSpec, HostSpec, NicSpec
from tests.xen import generator
from tests.xen.forms import disk_form, encoded, number, plain
from tests.xen.xlu import Xlu, fetch

pytestmark = pytest.mark.xen
FIXTURES = Path(__file__).parent.parent / "fixtures" / "xen"
CHUNK = 5000
CLASSIC = """\
name='hvm'
builder='hvm'
disk = [ 'format=raw,access=w,vdev=hda,backendtype=tap,filter=colo,filter-params=192.168.3.1:9000,target=/i,x.img' ]
vif = [ 'mac=00:16:4f:00:00:11, bridge=br0, model=e1000, forwarddev=eth0' ]
"""


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    found = fetch(tmp_path_factory.mktemp("xlu"))
    if found is None:
        pytest.skip("no libxlutil: name a folder with it in COLOTUI_XLU, or let apt-get download libxenmisc")
    return found


def config_difference(xlu: Xlu, text: str) -> tuple[bool, str]:
    theirs = xlu.read(encoded(text))
    try:
        ours = Document(text)
    except ConfigError as error:
        if "nested deeper" in str(error):
            return False, "" if theirs is None else "expected: nested deeper than our limit"
        return False, "" if theirs is None else f"we refuse ({error}), xl takes it"
    if theirs is None:
        return True, "xl refuses, we take it"
    if {encoded(name) for name in ours.names} != set(theirs.values):
        return True, "other names"
    for name in ours.names:
        key = encoded(name)
        if plain(ours, name) != theirs.values[key]:
            return True, f"{name}: {plain(ours, name)!r} is not {theirs.values[key]!r}"
        if ours.line(name) != theirs.lines[key]:
            return True, f"{name}: line {ours.line(name)} is not {theirs.lines[key]}"
        if number(ours, name) != theirs.numbers[key]:
            return True, f"{name}: number {number(ours, name)} is not {theirs.numbers[key]}"
    return True, ""


def jams(xlu: Xlu, text: str) -> bool:
    """True when xl's own lexer ends the process on this disk: no rule of it takes a newline behind a bad character."""
    if "\n" not in text:
        return False
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        xlu.disk(encoded(text))
        os._exit(0)
    return bool(os.waitpid(child, 0)[1])


def disk_difference(xlu: Xlu, text: str) -> tuple[bool, str]:
    if "trusted" in text and xlu.version == "4.17":
        return False, "expected: `trusted` and `untrusted` came after this library"
    theirs = None if jams(xlu, text) else xlu.disk(encoded(text))
    try:
        ours = parse_disk(text)
    except DiskError as error:
        return False, "" if theirs is None else f"we refuse ({error}), xl takes it"
    if theirs is None:
        return True, "xl refuses, we take it"
    form = disk_form(ours)
    told = {key: value for key, value in theirs.items() if value != "" or key in ("pdev_path", "vdev")}
    return True, "" if form == told else f"{form!r} is not {told!r}"


def rate_difference(xlu: Xlu, text: str) -> tuple[bool, str]:
    theirs = xlu.rate(encoded(text))
    try:
        ours = parse_rate(text)
    except VifError:
        return False, "" if theirs is None else f"we refuse, xl takes {theirs}"
    return True, "" if ours == theirs else f"{ours} is not {theirs}"


def rdm_difference(xlu: Xlu, text: str) -> tuple[bool, str]:
    theirs = xlu.rdm(encoded(text))
    try:
        ours = parse_rdm(text)
    except VifError:
        return False, "" if theirs is None else f"we refuse, xl takes {theirs}"
    return True, "" if theirs == (int(ours.strategy == "host"), 0) else f"{ours} is not {theirs}"


Compare = Callable[[Xlu, str], tuple[bool, str]]
Make = Callable[[random.Random], str]


def _chunk(pipe: object, folder: Path, make: Make, compare: Compare, seed: int, count: int) -> None:
    os.nice(5)
    xlu = Xlu(folder)
    taken = 0
    kinds: Counter[str] = Counter()
    found = []
    for seed_now in range(seed, seed + count):
        text = make(random.Random(seed_now))
        accepted, difference = compare(xlu, text)
        taken += accepted
        if difference.startswith("expected: "):
            kinds[difference] += 1
        elif difference:
            found.append((seed_now, text, difference))
    pipe.send((taken, kinds, found[:20], len(found)))  # type: ignore[attr-defined]


def run(folder: Path, make: Make, compare: Compare, seed: int, count: int) -> str:
    """Compare in processes of their own: a library that ends in an assertion takes only one chunk with it."""
    taken, differences, kinds = 0, 0, Counter[str]()
    shown: list[tuple[int, str, str]] = []
    fork = multiprocessing.get_context("fork")
    for first in range(seed, seed + count, CHUNK):
        ours, theirs = fork.Pipe(duplex=False)
        many = min(CHUNK, seed + count - first)
        child = fork.Process(target=_chunk, args=(theirs, folder, make, compare, first, many))
        child.start()
        theirs.close()
        try:
            accepted, expected, found, many_found = ours.recv()
        except EOFError:
            child.join()
            pytest.fail(f"the library ended with {child.exitcode} between seeds {first} and {first + many}")
        child.join()
        taken += accepted
        kinds.update(expected)
        differences += many_found
        shown += found
    summary = f"{count} from seed {seed}: {taken} accepted, {differences} differences, expected {dict(kinds)}"
    print(summary)
    assert not differences, "\n".join([summary, *(repr(one) for one in shown[:20])])
    assert count < 1000 or count // 50 < taken < count - count // 50, summary
    return summary


def real_configs() -> list[str]:
    return [path.read_text() for path in sorted(FIXTURES.glob("*.cfg"))]


def test_configurations(folder: Path, request: pytest.FixtureRequest) -> None:
    real = real_configs()
    options = request.config.option
    run(
        folder,
        lambda rng: generator.one_config(rng, real),
        config_difference,
        options.oracle_seed,
        options.oracle_count,
    )


def test_disks(folder: Path, request: pytest.FixtureRequest) -> None:
    options = request.config.option
    run(folder, generator.one_disk, disk_difference, options.oracle_seed, options.oracle_count)


@pytest.mark.parametrize(
    ("make", "compare"), [(generator.one_rate, rate_difference), (generator.one_rdm, rdm_difference)]
)
def test_words(folder: Path, request: pytest.FixtureRequest, make: Make, compare: Compare) -> None:
    run(folder, make, compare, request.config.option.oracle_seed, 5000)


def test_the_limit_is_a_known_difference(folder: Path) -> None:
    deep = f"a={'[' * 65}{']' * 65}\n"
    assert config_difference(Xlu(folder), deep)[1].startswith("expected")


def test_every_generated_and_converted_configuration_is_taken(folder: Path, request: pytest.FixtureRequest) -> None:
    """What we write, xl reads: and every disk of it."""
    xlu = Xlu(folder)
    alpha = HostSpec("alpha", "192.168.3.2", ForwardSpec("eth0", "10.0.0.1"))
    beta = HostSpec("beta", "192.168.3.1", ForwardSpec("eth0", "10.0.0.2"))
    real = [*real_configs(), CLASSIC]
    count = 0
    for seed in range(request.config.option.oracle_seed, request.config.option.oracle_seed + 2000):
        rng = random.Random(seed)
        odd = "".join(rng.choice("ab /'\"\\#=;[]é%$") for _ in range(rng.randrange(1, 9)))
        disks = tuple(DiskSpec(f"/srv/{n}{odd}", rng.choice(("raw", "qcow2"))) for n in range(rng.randrange(1, 5)))
        guest = GuestSpec(
            "web", rng.randrange(1, 4096) << 20, disks, (NicSpec("00:16:3e:00:00:01"),), EngineKind.XEN,
            kernel=rng.choice((None, f"/boot/{odd}")), append=odd, extra=(odd, odd),
            base_port=rng.randrange(1024, 60000),
        )  # fmt: skip
        made = [generate(guest, alpha, "192.168.3.2", "192.168.3.1", {"a": [odd, [odd]], "b": -1})]
        made.append(to_merged(Document(rng.choice(real)), alpha, "192.168.3.2", "192.168.3.1").document)
        made.append(made[1].with_value(rng.choice(made[1].names), odd).without(rng.choice(made[1].names)))
        for document in made:
            assert xlu.read(document.encode()) is not None, document.text
        for document in made[:2]:
            for item in document.texts("disk"):
                assert xlu.disk(encoded(item.text)) is not None, item.text
                count += 1
    assert check(made[0], alpha, beta).form is Form.MERGED
    print(f"2000 guests, {count} disks")
