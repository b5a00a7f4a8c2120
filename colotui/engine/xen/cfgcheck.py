"""What keeps a guest's configuration from COLO: each problem with its line, the reason and the cure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from colotui.engine.xen import diskcheck, vifcheck
from colotui.engine.xen.cfg import Items, Text, Value
from colotui.engine.xen.cfgdoc import Document
from colotui.engine.xen.disk import DiskError, parse_disk
from colotui.engine.xen.problem import Problem
from colotui.errors import ConfigError
from colotui.model.pair import HostSpec


class Form(StrEnum):
    """Whose COLO the configuration is for."""

    CLASSIC = "classic"
    MERGED = "merged"


def form_of(document: Document) -> Form | None:
    """The form its disks are written in; None when no disk says anything of COLO."""
    try:
        texts = [text.text for text in document.texts("disk")]
    except ConfigError:
        return None
    for text in texts:
        try:
            disk = parse_disk(text, classic=True)
        except DiskError:
            continue
        if disk.colo or disk.colo_host:
            return Form.MERGED
        if disk.filter == "colo":
            return Form.CLASSIC
    return None


def problems(document: Document, form: Form, primary: HostSpec, secondary: HostSpec) -> list[Problem]:
    """Everything that is wrong, by line. `primary` is the host that runs the guest, `secondary` the other."""
    found = [*_written(document), *_guest(document), *_kernel(document)]
    found += diskcheck.problems(document, form is Form.CLASSIC, primary, secondary)
    found += vifcheck.problems(document, form is Form.CLASSIC, primary, secondary)
    return sorted(found, key=lambda problem: (problem.line, not problem.blocking))


def _written(document: Document) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for setting in document.settings:
        if setting.name in seen and not setting.adds:
            yield Problem(
                setting.line, f"`{setting.name}` is set again; line {seen[setting.name]} has no effect.",
                "xl takes the last assignment of a name.", "Keep one of them.", blocking=False,
            )  # fmt: skip
        seen[setting.name] = setting.line
        if _lossy(setting.value):
            yield Problem(
                setting.line, f"`{setting.name}` has a numerical escape, of which xl keeps nothing.",
                "xl's reader checks such an escape and then writes no character for it.", "Write the character itself.",
            )  # fmt: skip
    text = document.text
    ends = text[-1:] in ("", "\n", ";", "]", "'", '"', " ", "\t")
    if not ends and not (document.settings and document.settings[-1].end == len(text)):
        yield Problem(
            text.count("\n") + 1, f"the last character, {text[-1]!a}, belongs to nothing.",
            "xl passes over a single stray character at the very end, and refuses it anywhere else.", "Take it away.",
            blocking=False,
        )  # fmt: skip


def _lossy(value: Value) -> bool:
    return value.lossy if isinstance(value, Text) else any(_lossy(item) for item in value.items)


def _guest(document: Document) -> Iterator[Problem]:
    if not _word(document, "name"):
        yield Problem(document.line("name"), "the guest has no name.", "xl refuses it.", 'Write name="..."')
    kinds = [(name, _word(document, name)) for name in ("type", "builder") if document.line(name)]
    if not kinds:
        yield Problem(
            0,
            "the guest has no type: xl makes a PV guest of it.",
            "COLO only supports HVM guests.",
            'Write type="hvm".',
        )
    for name, kind in kinds:
        if kind != "hvm":
            yield Problem(
                document.line(name), f"`{name}` is {kind or 'no word'!r}.", "COLO only supports HVM guests.",
                f'Write {name}="hvm"; the guest must boot so.',
            )  # fmt: skip
    try:
        pci = document.number("xen_platform_pci")
    except ConfigError as error:
        pci = None
        yield Problem(error.line, error.what.partition(": ")[2], "xl takes it for not written.", "Write 0.")
    if pci != 0:
        yield Problem(
            document.line("xen_platform_pci"),
            "xen_platform_pci is not 0: the guest gets PV drivers."
            if pci
            else "xen_platform_pci is not given: it is 1.",
            "With PV drivers the guest does not acknowledge suspend, and COLO cannot take a checkpoint.",
            "Write xen_platform_pci=0.",
        )
    model = _word(document, "device_model_version")
    if model and model != "qemu-xen":
        yield Problem(
            document.line("device_model_version"), f"device_model_version is {model!r}.",
            "COLO is in qemu-xen only; qemu-xen-traditional is not supported.", 'Write "qemu-xen", or take it away.',
        )  # fmt: skip


def _kernel(document: Document) -> Iterator[Problem]:
    if not _word(document, "kernel"):
        yield Problem(
            0, "whether the guest boots with xen_nopv is not seen here.",
            "A guest kernel with PV drivers does not acknowledge suspend.",
            "Add xen_nopv to the kernel's command line inside the guest.", blocking=False,
        )  # fmt: skip
        return
    name = "cmdline" if document.line("cmdline") else "extra"
    if "xen_nopv" not in (_word(document, name) or "").split():
        yield Problem(
            document.line(name), f"`{name}` does not hold xen_nopv.",
            "A guest kernel with PV drivers does not acknowledge suspend.", f"Add xen_nopv to `{name}`.",
        )  # fmt: skip


def _word(document: Document, name: str) -> str:
    parts = document.parts(name)
    if not parts or any(isinstance(part.value, Items) for part in parts):
        return ""
    return document.string(name) or ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a check of one file came to."""

    form: Form | None
    problems: tuple[Problem, ...]

    @property
    def fit(self) -> bool:
        """True when nothing stands in COLO's way."""
        return self.form is not None and not any(problem.blocking for problem in self.problems)


def check(document: Document, primary: HostSpec, secondary: HostSpec) -> Verdict:
    """Problems by the form the file is written in; a plain one is judged as MERGED."""
    form = form_of(document)
    return Verdict(form, tuple(problems(document, form or Form.MERGED, primary, secondary)))
