"""Records snapshots and tells when it gave each: a process to be killed. python -m tests.unit.record.victim FILE"""

from __future__ import annotations

import sys
import time
from dataclasses import replace
from pathlib import Path

from colotui.record.recorder import Recorder, Stand
from tests.unit.record.taking import PAIR, Life, Step


def main() -> None:
    """Until it is killed."""
    recorder = Recorder(Path(sys.argv[1]), PAIR, waits=False)
    recorder.start()
    recorder.ready.wait()
    assert recorder.stand is Stand.RECORDING, recorder.failure
    print("ready", flush=True)
    life = Life()
    while True:
        snapshot = replace(life.live(Step(0.05, 0, (0.0,), (), (0.0,))), at=time.time())
        recorder.take(snapshot)
        print(time.monotonic(), repr(snapshot.at), flush=True)
        time.sleep(0.02)


if __name__ == "__main__":
    main()
