"""Opens a report in headless Chromium, checks it there, and draws it: python -m tests.reportshots [FILE.colorec]

Without FILE the recording that came along, else the one of the unit tests. Needs `chromium` (Debian: apt-get install
chromium) and, for pictures of the printed pages, `pdftoppm` (poppler-utils). Checked: no console message, no failed or
outside request, nothing wider than the screen, and that a page with such faults would be noticed.
"""

from __future__ import annotations

import base64
import contextlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from colotui import paths
from colotui.record.recording import Recording
from colotui.report.gather import gathered
from colotui.report.page import html
from colotui.report.window import window_of
from tests.unit.report import story

FOLDER = Path(__file__).parents[1] / "screenshots"
LIMIT = 60.0
TALLEST = 3000
BAD = "<!doctype html><title>x</title><img src='http://127.0.0.1:9/x.png'><script>console.error('seen')</script>"


class Browser:
    """Chromium at the other end of its debugging pipe: one page, everything it reports kept."""

    def __init__(self, to: int, of: int) -> None:
        self._to, self._of, self._buffer, self._number = to, of, b"", 0
        self._session = ""
        self.events: list[dict[str, Any]] = []
        target = self("Target.createTarget", url="about:blank")["targetId"]
        self._session = self("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self(f"{domain}.enable")

    def __call__(self, method: str, **params: object) -> dict[str, Any]:
        """Ask, and wait for the answer."""
        self._number += 1
        asked: dict[str, object] = {"id": self._number, "method": method, "params": params}
        if self._session:
            asked["sessionId"] = self._session
        os.write(self._to, json.dumps(asked).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            self.events.append(answer)
        if "error" in answer:
            raise SystemExit(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            data = os.read(self._of, 1 << 16)
            if not data:
                raise SystemExit("chromium has ended")
            self._buffer += data
        line, _, self._buffer = self._buffer.partition(b"\0")
        found: dict[str, Any] = json.loads(line)
        return found

    def open(self, path: Path) -> list[str]:
        """Open a file, wait until it is still; what is wrong with it."""
        self.events.clear()
        self("Page.navigate", url=path.as_uri())
        end = time.monotonic() + LIMIT
        while not any(event.get("method") == "Page.loadEventFired" for event in self.events):
            self("Runtime.evaluate", expression="0")
            if time.monotonic() > end:
                raise SystemExit("the page does not load")
            time.sleep(0.05)
        time.sleep(0.5)
        self("Runtime.evaluate", expression="0")
        return list(self._faults(path.as_uri()))

    def _faults(self, own: str) -> Iterator[str]:
        for event in self.events:
            method, params = event.get("method", ""), event.get("params", {})
            if method == "Network.requestWillBeSent" and params["request"]["url"] != own:
                yield f"request: {params['request']['url'][:200]}"
            elif method in ("Network.loadingFailed", "Runtime.exceptionThrown", "Runtime.consoleAPICalled"):
                yield f"{method}: {json.dumps(params)[:200]}"
            elif method == "Log.entryAdded":
                yield f"console: {params['entry']['text'][:200]}"

    def look(self, width: int, *, dark: bool, target: Path) -> None:
        """A picture of the page's top; it must not be wider than the screen."""
        self("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 600)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self("Emulation.setEmulatedMedia", features=[scheme])
        asked = self("Runtime.evaluate", expression="document.documentElement.scrollWidth")
        if asked["result"]["value"] > width:
            raise SystemExit(f"at {width} px the page is {asked['result']['value']} px wide")
        height = self("Runtime.evaluate", expression="document.documentElement.scrollHeight")["result"]["value"]
        clip = {"x": 0, "y": 0, "width": width, "height": min(height, TALLEST), "scale": 1}
        shot = self("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        target.write_bytes(base64.b64decode(shot["data"]))
        print(f"screenshots/{target.name}", flush=True)

    def printed(self, target: Path) -> None:
        """The page on A4."""
        made = self("Page.printToPDF", printBackground=True, preferCSSPageSize=True, paperWidth=8.27, paperHeight=11.69)
        target.write_bytes(base64.b64decode(made["data"]))


@contextlib.contextmanager
def browser(home: Path) -> Iterator[Browser]:
    """A Chromium of its own, ended afterwards."""
    program = shutil.which("chromium")
    if program is None:
        raise SystemExit("there is no chromium here: apt-get install chromium")
    of_us, to_it = os.pipe()
    of_it, to_us = os.pipe()
    # It reads from descriptor 3 and writes to 4: the shell puts them there.
    line = f'exec "$0" "$@" 3<&{of_us} 4>&{to_us}'
    argv = [program, "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
            "--remote-debugging-pipe", f"--user-data-dir={home}"]  # fmt: skip
    process = subprocess.Popen(["bash", "-c", line, *argv], pass_fds=(of_us, to_us), stderr=subprocess.DEVNULL)
    os.close(of_us)
    os.close(to_us)
    try:
        yield Browser(to_it, of_it)
    finally:
        process.terminate()
        process.wait(10)
        os.close(to_it)
        os.close(of_it)


def report(arguments: list[str]) -> str:
    """The page to look at."""
    path = Path(arguments[0]) if arguments else paths.example_recording()
    if not path.is_file():
        recording = story.killed()
        return html(gathered(recording, window_of("last", recording), "lab.colorec"))  # type: ignore[arg-type]
    with contextlib.closing(Recording.open(path)) as kept:
        failed_over = [one for _, one in kept.incidents() if one.now.kind.value == "primary process dead"]
        words = failed_over[-1].id if failed_over else "last"
        return html(gathered(kept, window_of(words, kept), path.name))


def main(arguments: list[str]) -> None:
    """All checks and pictures."""
    FOLDER.mkdir(exist_ok=True)
    # Chromium as a package of some distributions sees only some folders: /tmp is one of them.
    with tempfile.TemporaryDirectory(prefix="colotui-report-", ignore_cleanup_errors=True) as folder:
        page, bad = Path(folder, "report.html"), Path(folder, "bad.html")
        page.write_text(report(arguments), encoding="utf-8")
        bad.write_text(BAD)
        with browser(Path(folder, "home")) as chromium:
            noticed = chromium.open(bad)
            if not any("127.0.0.1:9" in one for one in noticed) or not any("seen" in one for one in noticed):
                raise SystemExit(f"the check does not see faults: {noticed}")
            faults = chromium.open(page)
            if faults:
                raise SystemExit("\n".join(faults))
            chromium.look(1100, dark=False, target=FOLDER / "report.png")
            chromium.look(1100, dark=True, target=FOLDER / "report-dark.png")
            chromium.look(390, dark=False, target=FOLDER / "report-narrow.png")
            chromium.printed(Path(folder, "report.pdf"))
        if shutil.which("pdftoppm"):
            argv = ["pdftoppm", "-r", "80", "-png", "-f", "1", "-l", "1", "-singlefile", f"{folder}/report.pdf"]
            subprocess.run([*argv, str(FOLDER / "report-print")], check=True)
            print("screenshots/report-print.png")
    print("no console message, no outside request")


if __name__ == "__main__":
    main(sys.argv[1:])
