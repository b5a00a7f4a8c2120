"""Ask the operator one line without stopping the event loop: the channels to the hosts stay alive meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import termios

from colotui.errors import ActionRefused


class Asker:
    """Asks on the terminal. `possible` is False where nobody sits at one."""

    @property
    def possible(self) -> bool:
        """True when both ends are a terminal."""
        try:
            return sys.stdin.isatty() and sys.stdout.isatty()
        except ValueError:  # a closed stream
            return False

    async def ask(self, question: str) -> str:
        """The line typed, without blanks around it. Raises ActionRefused at the end of the input."""
        # What was typed before the question is no answer to it.
        with contextlib.suppress(termios.error, OSError):
            termios.tcflush(sys.stdin, termios.TCIFLUSH)
        sys.stdout.write(question)
        sys.stdout.flush()
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[str] = loop.create_future()

        def typed() -> None:
            # A terminal hands over whole lines, so this read does not wait.
            line = sys.stdin.readline()
            if not answer.done():
                answer.set_result(line)

        loop.add_reader(sys.stdin, typed)
        try:
            line = await answer
        finally:
            loop.remove_reader(sys.stdin)
        if not line:
            raise ActionRefused("the input ended before an answer.", "Nothing was changed.")
        return line.strip()
