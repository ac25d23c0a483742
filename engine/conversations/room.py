"""Room: a conversation that came to the wrong chapter is moved to the right one, and somebody there answers it."""

from datetime import datetime

from sqlalchemy.orm import Session

from engine.audit.entry import record
from engine.base.errors import Invalid
from engine.chapters.chapter import Chapter
from engine.chapters.membership import set_home
from engine.conversations.assignment import assign, desk_for, may_answer
from engine.conversations.thread import Thread
from engine.conversations.thread_chapter import ThreadChapter


def move_to(
    session: Session, thread: Thread, chapter_id: int, by_id: int, now: datetime, *, home: bool = False
) -> bool:
    """That chapter's organizers see the conversation from now on, and one of them answers it and is told; False where
    it was there already. With `home` the member's first words go there too, if they are in that chapter.

    Whoever answers goes on if they may there. Raises Invalid for a chapter that is not there.
    """
    chapter = session.get(Chapter, chapter_id)
    if chapter is None:
        raise Invalid("There is no such chapter.")
    if home and thread.member_id is not None and set_home(session, thread.member_id, chapter_id):
        record(session, by_id, "home_chosen", "member", thread.member_id, now, chapter_id=chapter_id)
    before = thread.chapter_id
    if before == chapter_id:
        return False
    thread.chapter_id = chapter_id
    seen_beside = session.get(ThreadChapter, (thread.id, chapter_id))
    if seen_beside is not None:
        session.delete(seen_beside)
    session.flush()
    # In the log of both: whoever looks for it where it was finds where it went.
    for of in (before, chapter_id):
        record(
            session, by_id, "thread_moved", "thread", thread.id, now, chapter_id=of, from_id=before, to_id=chapter_id
        )
    person = thread.responsible_id
    if thread.closure_id is None and (person is None or not may_answer(session, person, chapter_id)):
        assign(session, thread, desk_for(session, chapter_id, now), by_id, f"it belongs to {chapter.name}", now)
    return True
