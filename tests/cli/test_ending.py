"""A process that is asked to end hears it, however often and whenever it is asked."""

import os
import signal
import subprocess
import sys
import time

SCRIPT = """
from admin.cli.ending import Ending
ending = Ending()
print("ready", flush=True)
while not ending.wait(0.0001):
    pass
print("ended", flush=True)
"""


def test_a_storm_of_signals_at_any_moment_ends_a_process_that_waits() -> None:
    for _ in range(5):
        process = subprocess.Popen(
            [sys.executable, "-c", SCRIPT], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True
        )
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            until = time.monotonic() + 60
            while process.poll() is None and time.monotonic() < until:
                os.kill(process.pid, signal.SIGTERM)
            assert process.wait(60) in (0, -signal.SIGTERM)  # the last one may come when Python has put handlers away
            assert process.stdout.read() == "ended\n"
        finally:
            process.kill()
            process.wait(60)


def test_no_python_runs_when_a_signal_comes_which_the_next_could_interrupt_until_the_stack_is_full() -> None:
    asks = "import signal; from admin.cli.ending import Ending; Ending()\n"
    asks += "print(*{type(signal.getsignal(each)).__name__ for each in (signal.SIGTERM, signal.SIGINT)})"
    ran = subprocess.run([sys.executable, "-c", asks], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout == "builtin_function_or_method\n"
