"""Turns: which files of tests begin first.

A run hands whole files to its processes, so that what a file has prepared is prepared once. A file of half a minute
that began last would leave the other processes idle for as long: long ones first, the rest as they stand.
"""

#: Folders and files that take longer than ten seconds, longest first.
LONG = (
    "tests/fuzz/",
    "tests/stories/test_demo.py",
    "tests/stories/test_trouble.py",
    "tests/setup/test_first_use.py",
    "tests/cli/test_installation.py",
    "tests/browser/test_pages.py",
    "tests/admin/test_in_a_browser.py",
    "tests/reply_router/reading/test_hostile.py",
    "tests/browser/",
    "tests/stories/",
    "tests/cli/test_journeys.py",
    "tests/trying/test_simulation.py",
    "tests/runner/test_lives.py",
    "tests/runner/test_library.py",
    "tests/audience/",
    "tests/reply_router/test_text_once.py",
    "tests/cli/",
    "tests/outbox/test_texts.py",
    "tests/servers/",
    "tests/journeys/test_schema.py",
    "tests/journeys/test_compiled.py",
    "tests/inbound/",
    "tests/outbox/",
    "tests/bench/",
    "tests/base/test_redis_queue.py",
)


def turn_of(nodeid: str) -> int:
    """The place of a test's file in the line: smaller begins earlier."""
    return next((turn for turn, place in enumerate(LONG) if nodeid.startswith(place)), len(LONG))
