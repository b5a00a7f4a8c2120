"""The last row of the band: the one key to press, the key to the incident behind it, and what not to do."""

from __future__ import annotations

from colotui.ui.actions import BY_ACTION
from colotui.ui.paint.canvas import Canvas
from colotui.ui.paint.incidentbadge import band_group
from colotui.ui.paint.scene import Scene


def paint_advice(scene: Scene, canvas: Canvas, row: int, margin: int, style: str) -> None:
    """Draw it in `style`, the ink of the band; the incident only where there is room."""
    protection, progress = scene.protection, scene.guest.progress
    end, roomy = canvas.width - margin, canvas.height >= 3
    if protection.do_not:
        if protection.do_now is None and (progress is None or not progress.running):
            x = canvas.put(margin, row, protection.do_not, f"{style}-bold", end - margin)
            _why(scene, canvas, row, x, end, style)
            return
        end = canvas.right(end, row, [(protection.do_not, style)], max(20, end - margin - 34)) - 2
    x = margin
    if protection.do_now is not None:
        key = scene.key(protection.do_now.value, BY_ACTION[protection.do_now].key)
        x = canvas.put(x, row, "Do now", style) + (2 if roomy else 1)
        x = canvas.put(x, row, f" {key} ", f"{style}-key") + (2 if roomy else 1)
        text = protection.do_now_text or BY_ACTION[protection.do_now].word
        x = canvas.put(x, row, text if text.endswith("…") else f"{text} …", f"{style}-bold", end - x)
    elif progress is not None and progress.running:
        step = progress.steps[min(progress.current, len(progress.steps) - 1)] if progress.steps else None
        if step is not None:
            x = canvas.put(x, row, f"{step.host}  ", style, end - x)
            x = canvas.put(x, row, step.title, f"{style}-bold", end - x)
        x = canvas.put(x + 3, row, f" {scene.key('view-plan', 'v')} ", f"{style}-key", end - x)
        x = canvas.put(x + 2, row, "the steps", style, end - x)
    elif not roomy and end - x > 10:
        x = canvas.put(x, row, protection.meaning, style, end - x)
    elif protection.do_now_text:
        x = canvas.put(x, row, protection.do_now_text, f"{style}-bold", end - x)
    _why(scene, canvas, row, x, end, style)


def _why(scene: Scene, canvas: Canvas, row: int, x: int, end: int, style: str) -> None:
    x += 6 if canvas.height >= 3 else 2
    canvas.spans(x, row, band_group(scene, style, end - x))
