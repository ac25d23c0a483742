"""Rules for texts: one ordered table that decides what becomes of each. The first rule that applies decides.

Pure, as `reply_router.rules` is for mail: the facts were looked up before, what a rule decides is done afterwards
(reply_router.text_route). A stop comes before everything else that words may also be. A capability of its own brings
its checks in a file beside this one; the order stands here.
"""

from reply_router.reading.texts import TextKind
from reply_router.text_case import TextCase, TextFiled, TextRule, short
from reply_router.topics import text_rules as topics

__all__ = ["TEXT_RULES", "TextCase", "TextFiled", "TextRule", "judge_text"]


def judge_text(case: TextCase) -> tuple[TextRule, str]:
    """The rule that decides the case, and its sentence."""
    for rule in TEXT_RULES:
        sentence = rule.check(case)
        if sentence is not None:
            return rule, sentence
    raise AssertionError("the last rule applies to everything")


def _duplicate(case: TextCase) -> str | None:
    if case.duplicate_of is None:
        return None
    return "The provider told us of the very same text before. It stands in the conversation once."


def _broken(case: TextCase) -> str | None:
    return f"{case.text.trouble} Open the original." if case.text.trouble else None


def _own(case: TextCase) -> str | None:
    return "It came from a number of our own; answering it would go round in circles." if case.own else None


def _stop(case: TextCase) -> str | None:
    if case.kind not in (TextKind.STOP, TextKind.STOP_LENIENT):
        return None
    return f"{case.who} asked for no more texts: “{short(case.text.body)}”. None of ours go to this phone any more."


def _late_start(case: TextCase) -> str | None:
    if case.kind is not TextKind.START or not case.before_stop:
        return None
    return (
        f"{case.who} asked for texts, and asked for no more of them afterwards; the first of the two reached us late. "
        "The stop stands. Ask them by mail or in person if you are not sure."
    )


def _start(case: TextCase) -> str | None:
    if case.kind is TextKind.START_OR_ANSWER and (case.place.stopped_since is None or case.before_stop):
        return None  # an answer like any other
    if case.kind not in (TextKind.START, TextKind.START_OR_ANSWER):
        return None
    if case.place.stopped_since is not None:
        return f"{case.who} asked for texts again."
    return f"{case.who} asked for texts, which were not stopped." if case.place.member is not None else None


def _help(case: TextCase) -> str | None:
    asks = case.kind is TextKind.HELP and case.desk is None
    return f"{case.who} asked what this number is." if asks else None


def _wrong_number(case: TextCase) -> str | None:
    if case.kind is not TextKind.WRONG_NUMBER:
        return None
    return (
        "Whoever has this phone now is not whom we wrote to. Nothing goes there any more, and nothing was told to them."
    )


def _desk_which(case: TextCase) -> str | None:
    if case.desk is None or case.desk.alert is not None:
        return None
    return f"{case.who} answers people here, and texted while several alerts were open. We asked which one they mean."


def _desk_command(case: TextCase) -> str | None:
    if case.desk is None or not case.desk.is_command:
        return None
    return f"{case.who} said by text, answering an alert: “#{case.desk.order.verb}”."


def _desk(case: TextCase) -> str | None:
    return f"{case.who} answered an alert by text." if case.desk is not None else None


def _sent_twice(case: TextCase) -> str | None:
    return "The same words came from the same phone within a minute." if case.same is not None else None


def _confirm(case: TextCase) -> str | None:
    if case.confirms is None:
        return None
    if case.confirms.name == "yes":
        return f"They were asked whether they want our texts, and said: “{short(case.text.body)}”."
    return (
        f"Somebody gave this phone when they signed up. Whoever has it does not want texts: “{short(case.text.body)}”."
    )


def _tap(case: TextCase) -> str | None:
    echo = case.text.words.tapback
    if case.kind is not TextKind.TAPBACK or case.tapped is None or echo is None:
        return None
    took = "took back a tap on" if echo.removed else "tapped"
    return f"{case.who} {took} “{short(case.tapped.text)}”. Nobody has to answer that."


def _leave(case: TextCase) -> str | None:
    if case.machine_rests or case.kind is not TextKind.LEAVE or case.chapter is None or not case.is_in:
        return None
    return f"{case.who} left {case.chapter.name}, in their own words: “{short(case.text.body)}”."


def _join(case: TextCase) -> str | None:
    if case.machine_rests or case.chapter is None or case.kind not in (TextKind.JOIN, TextKind.HUMAN):
        return None
    if case.place.member is None and not case.may_sign_up:
        return None
    return f"{case.who} asked to join {case.chapter.name}."


def _sign_up(case: TextCase) -> str | None:
    if case.machine_rests or not case.answers_sign_up or case.place.sign_up is None:
        return None
    what = "their name" if case.place.sign_up.state == "name" else "where they live"
    return f"They are joining by text, and told {what}."


def _which(case: TextCase) -> str | None:
    if case.machine_rests or len(case.place.asked) < 2 or any(each.heard.more for each in case.place.asked):
        return None
    return f"{case.who} answered, and two questions of ours are open. We asked which one they mean."


def _answer(case: TextCase) -> str | None:
    if len(case.place.asked) != 1:
        return None
    return f"{case.who} answered our question: “{short(case.text.body)}”."


def _pace(case: TextCase) -> str | None:
    if not case.pace or case.machine_rests or case.place.member is None:
        return None
    return f"{case.who} asked us to write {_PACES[case.pace]}: “{short(case.text.body)}”."


_PACES = {"less": "less often", "pause": "nothing for thirty days", "more": "as often as before"}


def _choice(case: TextCase) -> str | None:
    choice = case.choice
    if choice is None or case.machine_rests or case.place.asked:
        return None
    if choice.chapter is None:
        return f"{case.who} chose how topics come by text, and is in several chapters. We asked which one they mean."
    return f"{case.who} wants {_CHOICES[choice.wanted]} of {choice.chapter.name} by text: “{short(case.text.body)}”."


_CHOICES = {
    "daily": "one short text a day", "mentions": "only what names them", "both": "all that texts bring",
    "none": "nothing more",
}  # fmt: skip


def _again(case: TextCase) -> str | None:
    if case.place.stale != "again" or case.text.picture_count:
        return None
    return f"{case.who} gave the same answer once more: “{short(case.text.body)}”. It was heard the first time."


def _empty(case: TextCase) -> str | None:
    if case.kind is not TextKind.EMPTY or case.place.member is None:
        return None
    return f"{case.who} sent a text with nothing in it."


def _own_rule(case: TextCase) -> str | None:
    return case.chosen.says if case.chosen is not None else None


def _open(case: TextCase) -> str | None:
    if case.place.member is None or case.place.thread is None:
        return None
    return f"{case.who} texted, and you are talking already."


def _said(case: TextCase) -> str | None:
    if case.place.member is None or case.place.said is None:
        return None
    return f"{case.who} answered our text “{short(case.place.said.text)}”."


def _member(case: TextCase) -> str | None:
    return f"{case.who} texted us without answering anything of ours." if case.place.member is not None else None


def _anybody(case: TextCase) -> str | None:
    if case.place.sign_up is not None:
        return "Somebody who is joining by text said something else. They can still finish joining."
    if case.place.thread is not None:
        return "Somebody who is no member here texted again."
    return "Somebody whose phone we do not know texted us."


#: The whole decision, in order.
TEXT_RULES: tuple[TextRule, ...] = (
    TextRule("duplicate", "The provider's same text again.", "duplicate", TextFiled.NOWHERE, _duplicate),
    TextRule("broken", "It names no phone.", "needs_person", TextFiled.PLACE, _broken),
    TextRule("own", "From a number of ours: a loop.", "machine", TextFiled.NOWHERE, _own),
    TextRule("stop", "No more texts, in any plain wording.", "command", TextFiled.STOP, _stop,
             ("opt_out",)),
    TextRule("late_start", "START from before a stop, heard late.", "needs_person", TextFiled.PLACE, _late_start),
    TextRule("start", "Texts again; YES only where they had stopped.", "command", TextFiled.START, _start,
             ("opt_in",)),
    TextRule("help", "HELP and INFO.", "command", TextFiled.HELP, _help),
    TextRule("wrong_number", "Somebody else has this phone.", "command", TextFiled.NUMBER_OFF, _wrong_number,
             ("number_off",)),
    TextRule("desk_which", "An organizer's text, with several alerts open.", "command", TextFiled.DESK, _desk_which,
             ("drafted",)),
    TextRule("desk_command", "A command by text, answering an alert.", "command", TextFiled.DESK, _desk_command,
             ("noted", "closed", "assigned", "snoozed", "away", "back", "sending_paused", "sending_resumed")),
    TextRule("desk", "An organizer answers an alert: it goes out.", "thread", TextFiled.DESK, _desk,
             ("answered", "noted", "closed", "assigned", "snoozed", "drafted")),
    TextRule("sent_twice", "The same words within a minute.", "duplicate", TextFiled.AGAIN, _sent_twice),
    TextRule("confirm", "Yes or no to a sign-up that named this phone.", "command", TextFiled.CONFIRM, _confirm,
             ("joined",)),
    TextRule("tap", "A tap on words of ours.", "thread", TextFiled.TAP, _tap,
             ("tap",)),
    TextRule("moderation", "A steward's APPROVE or REJECT.", "command", TextFiled.TOPIC, topics.moderation,
             ("approved", "rejected")),
    TextRule("moderation_which", "The same, and it is not plain about which post: they are asked for its number.",
             "command", TextFiled.TOPIC, topics.moderation_which),
    TextRule("topic_command", "UNSEND, ONLY, ENOUGH, MUTE or REPORT.", "command", TextFiled.TOPIC, topics.command,
             ("unsent", "only", "held", "enough", "muted", "reported")),
    TextRule("leave", "LEAVE and a chapter they are in.", "command", TextFiled.LEAVE, _leave,
             ("left",)),
    TextRule("join", "JOIN and a chapter, or a stranger's keyword.", "command", TextFiled.JOIN, _join,
             ("join", "joined")),
    TextRule("sign_up", "A name or a ZIP code, asked for in joining.", "command", TextFiled.SIGN_UP, _sign_up,
             ("join", "joined")),
    TextRule("which", "An answer to two open questions.", "thread", TextFiled.WHICH, _which),
    TextRule("answer", "A recognized answer to an open question.", "thread", TextFiled.PLACE, _answer,
             ("answer",)),
    TextRule("pace", "LESS, PAUSE or MORE, answering nothing.", "command", TextFiled.PACE, _pace,
             ("pace",)),
    TextRule("topics_choice", "DAILY, MENTIONS, EACH or NONE, of a chapter's topics.", "command", TextFiled.CHOICE,
             _choice, ("topics",)),
    TextRule("again", "The answer that was given before.", "thread", TextFiled.PLACE, _again),
    TextRule("empty", "Nothing in it.", "thread", TextFiled.PLACE, _empty),
    TextRule("topic_to_us", "Words while a post of theirs waits.", "thread", TextFiled.TOPIC, topics.to_us),
    TextRule("topic_outsider", "For a chapter they are not in.", "thread", TextFiled.PLACE, topics.outsider),
    TextRule("topic_unwanted", "For somebody who wants no words of theirs.", "thread", TextFiled.PLACE,
             topics.unwanted),
    TextRule("topic_locked", "In a topic that takes no more posts.", "thread", TextFiled.TOPIC, topics.locked),
    TextRule("topic", "Words after a text of a topic.", "thread", TextFiled.TOPIC, topics.post,
             ("posted", "held", "relayed")),
    TextRule("own_rule", "Staff's own rule: which chapter, and who answers.", "thread", TextFiled.CHOSEN, _own_rule),
    TextRule("open", "Their open conversation, by any way.", "thread", TextFiled.PLACE, _open),
    TextRule("said", "Words after a text of ours.", "thread", TextFiled.PLACE, _said),
    TextRule("member", "A member's phone.", "thread", TextFiled.PLACE, _member),
    TextRule("anybody", "Nobody knows yet whose it is.", "needs_person", TextFiled.PLACE, _anybody),
)  # fmt: skip
