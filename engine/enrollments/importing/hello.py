"""Hello: the journey whose first letter is the first that imported people get."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from engine.base.errors import Invalid
from engine.enrollments.journey import Journey, Published, current_versions
from journeys.model import Joined
from journeys.steps import Ask, Email

#: What `--journey` takes for nobody being written to.
NONE = "none"


def hello_journey(session: Session, slug: str | None) -> tuple[int, str] | None:
    """(id, slug) of the journey that says hello: the one named, else the only one that begins when somebody joins.

    None when there is none, or none is wanted. Raises Invalid when it is not one, or several could be meant.
    """
    if slug == NONE:
        return None
    open_now = {version.journey_id: version for version in current_versions(session)}
    slugs = dict(
        session.execute(select(Journey.id, Journey.slug).where(Journey.id.in_(open_now)).order_by(Journey.slug))
        .tuples()
        .all()
    )
    if slug is None:
        begun = {id_: name for id_, name in slugs.items() if Joined() in open_now[id_].script.triggers}
        if len(begun) > 1:
            raise Invalid(
                f"Several journeys begin when somebody joins: {', '.join(begun.values())}. People from a file get one "
                "hello first: say which with --journey."
            )
    else:
        begun = {id_: name for id_, name in slugs.items() if name == slug}
        if not begun:
            there = f"There are: {', '.join(slugs.values())}." if slugs else "None is published yet."
            raise Invalid(f"No journey {slug!r} is open to new members. {there}")
    for journey_id, name in begun.items():
        _check_it_is_a_hello(open_now[journey_id], name)
        return journey_id, name
    return None


def _check_it_is_a_hello(version: Published, slug: str) -> None:
    first = next((step for step in version.script.steps if isinstance(step, Ask | Email)), None)
    if first is None:
        raise Invalid(f"The journey {slug!r} has no letter, so it cannot say hello. Choose another with --journey.")
    if first.speaks == "ask":
        raise Invalid(
            f"The first letter of the journey {slug!r} asks people for something. What people from a file hear first "
            "is a hello, which listens or gives: choose another with --journey."
        )
