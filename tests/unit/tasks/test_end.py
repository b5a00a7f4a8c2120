"""Tasks end for certain, also when the first cancellation is lost."""

import asyncio

from colotui.tasks import end


async def test_a_task_that_swallows_the_first_cancellation_ends() -> None:
    swallowed = 0

    async def stubborn() -> None:
        nonlocal swallowed
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                swallowed += 1
                if swallowed > 1:
                    raise

    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    await asyncio.wait_for(end([task]), 5)
    assert swallowed == 2


async def test_what_a_task_raised_stays_with_it() -> None:
    async def broken() -> None:
        raise ValueError("oh")

    task = asyncio.create_task(broken())
    await asyncio.sleep(0)
    await end([task])
