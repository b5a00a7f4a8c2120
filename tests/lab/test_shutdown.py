"""A guest is shut down as by its power button: it puts its disk in order itself, and can be started again."""

from __future__ import annotations

from colotui.model.plan import Action
from colotui.model.protection import Life, State
from tests.lab.drive import Drive
from tests.lab.running import Lab


async def test_shut_down_and_start_again(lab: Lab) -> None:
    async with Drive(lab.pair_path) as drive:
        await drive.protected()
        assert drive.guest.actions[Action.SHUTDOWN] == "protected: stop the protection first"
        await drive.act(Action.STOP)
        host = drive.primary
        await drive.act(Action.SHUTDOWN)
        view = await drive.until(lambda view: view.copies[host].life is Life.ABSENT, what="the copy is gone")
        assert view.half_run == ""
        assert "powering off" in lab.serial()[host]
        assert view.protection.state is State.NOT_PROTECTED
        assert view.actions[Action.START] is None
        await drive.act(Action.START)
        await drive.serving()
        await drive.protected()
