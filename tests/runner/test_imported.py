"""People from a file: the first they hear is a hello, and no other journey begins for them by their coming."""

from tests.runner.conftest import Town

JOURNEY = """
slug: {slug}
title: A journey
purpose: To be walked.
triggers: joined
re_entry: never
steps:
  - {{id: first, do: email, template: t/{letter}, speaks: give, signed_by: desk}}
  - {{id: done, do: end}}
"""


def test_only_the_journey_that_says_hello_begins(town: Town) -> None:
    hello = town.publish(JOURNEY.format(slug="hello", letter="hello"))
    town.publish(JOURNEY.format(slug="news", letter="story"))
    from_a_file, by_themselves = town.member(), town.member()
    town.hears("joined", from_a_file, journey_id=hello.journey_id)
    town.hears("joined", by_themselves)
    town.run()
    assert town.letters(from_a_file) == [1]
    assert sorted(town.letters(by_themselves)) == [1, 3]
