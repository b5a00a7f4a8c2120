"""One network link in words: its state, speed and addresses, and what goes through it."""

from __future__ import annotations

from colotui.model.facts import LinkFacts
from colotui.ui.format import link_speed, rate_count, size_bytes, whole
from colotui.ui.glyphs import BAD
from colotui.ui.paint.canvas import Span
from colotui.ui.paint.scene import Scene


def link_spans(link: LinkFacts) -> list[Span]:
    """`eth1 up   1 Gb/s   mtu 1500   52:54:00:00:00:01   10.78.0.1/24`."""
    state: list[Span] = [("up", "base")] if link.up else [(f"{BAD} down", "error-bold")]
    words = [link_speed(link.speed_mbps), f"mtu {link.mtu}" if link.mtu else "", link.mac, *link.addresses]
    return [(f"{link.nic} ", "strong"), *state, *((f"   {word}", "muted") for word in words if word)]


def rate_spans(scene: Scene, host: str, link: LinkFacts) -> list[Span]:
    """`out 1.9 MB/s  1.3 k pkt/s   in …`: the rates that are known, with a gap at the end."""
    spans: list[Span] = []
    both = (
        ("out", link.tx_bytes_per_s, link.tx_packets_per_s),
        ("in", link.rx_bytes_per_s, link.rx_packets_per_s),
    )
    for name, size, packets in both:
        if size is None:
            continue
        value, unit = size_bytes(size, scene.units, f"link-{host}-{link.nic}-{name}")
        spans += [(f"{name} ", "muted"), (value, "strong"), (f" {unit}/s", "low")]
        if packets is not None:
            count, prefix = rate_count(packets, scene.units, f"packets-{host}-{link.nic}-{name}")
            spans += [("  ", "low"), (count if prefix else whole(packets), "strong")]
            spans.append((f" {prefix} pkt/s".replace("  ", " "), "low"))
        spans.append(("   ", "low"))
    return spans
