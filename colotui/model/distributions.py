"""What distributions have of what COLO needs: which bring a QEMU that can do it, and in which package a program is."""

from __future__ import annotations

from colotui.model.survey import HostSurvey

BACKPORTED = "trixie"
"""The release of Debian whose backports have such a QEMU."""

PROGRAMS = {"nl-qdisc-list": "libnl-utils", "ifconfig": "net-tools", "ethtool": "ethtool", "tc": "iproute2"}
"""What the Xen scripts call, and Debian's package of it."""

_ROLLING = ("forky", "sid")
_TOO_OLD = ("bookworm", "bullseye", "buster")


def why_not(survey: HostSurvey) -> str:
    """Why this host's distribution cannot be asked for a QEMU that does COLO; "" where it can."""
    if survey.system == "debian":
        if survey.release in (BACKPORTED, *_ROLLING):
            return ""
        if survey.release in _TOO_OLD:
            return (
                f"Debian {survey.release} has no QEMU whose COLO works, nor have its backports: "
                "upgrade to trixie, or build QEMU 11.1 or newer into /usr/local."
            )
    name = " ".join(filter(None, (survey.system, survey.release))) or "this system"
    return f"no QEMU 11.1 or newer is known of {name}: install one by hand (/usr/local is looked at first)."
