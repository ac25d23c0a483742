"""Rules: one ordered table that decides what becomes of every mail that comes in. The first rule that applies decides.

Pure: the facts of a case were looked up before (reply_router.mail_case), and what a rule decides is done afterwards
(reply_router.route). The winning rule's name and sentence stand in Received.reason, and as "why it is here" in the
conversation. To add a rule: its check in a file beside this one, a line in the table, and a line in docs/routing.md,
which a test asks for.
"""

from reply_router import command_rules as commands
from reply_router import machine_rules as machines
from reply_router import place_rules as places
from reply_router.case import Case, Filed, Rule
from reply_router.topics import rules as topics

__all__ = ["RULES", "Case", "Filed", "Rule", "judge"]

#: The whole decision, in order: name, what it is for, outcome, where the words go, the check, what it may do besides.
RULES: tuple[Rule, ...] = (
    Rule("probe", "Our own test mail came through.", "probe", Filed.NOWHERE, machines.probe),
    Rule("own", "Our own mark or address came back: a loop.", "machine", Filed.MACHINE, machines.own),
    Rule("duplicate", "The same content for the same recipient was filed.", "duplicate", Filed.NOWHERE,
         machines.duplicate),
    Rule("bounce", "A report to a return path of ours.", "bounce", Filed.MACHINE, machines.bounce),
    Rule("foreign", "A provider tells of mail that is none of ours.", "machine", Filed.NOWHERE, machines.foreign),
    Rule("doubtful_bounce", "A report that proves nothing.", "needs_person", Filed.APART, machines.doubtful_bounce),
    Rule("complaint", "A provider's report that names a letter.", "complaint", Filed.MACHINE, machines.complaint,
         ("opt_out",)),
    Rule("doubtful_complaint", "A report that names no letter.", "needs_person", Filed.APART,
         machines.doubtful_complaint),
    Rule("machine", "Away notes, receipts, lists. Never answered.", "machine", Filed.MACHINE, machines.machine),
    Rule("calendar", "A member's calendar answers for them.", "thread", Filed.PLACE, machines.calendar),
    Rule("doubtful_calendar", "A calendar's answer that proves nothing.", "needs_person", Filed.PLACE,
         machines.doubtful_calendar),
    Rule("moderation", "A steward's APPROVE, REJECT or LOCK, proven.", "command", Filed.TOPIC, topics.moderation,
         ("approved", "rejected", "locked")),
    Rule("moderator_note", "A steward's words about a post.", "thread", Filed.TOPIC, topics.moderator_note, ("noted",)),
    Rule("order_draft", "Staff's #pause or #resume everything to any address of ours, unproven: a draft.", "thread",
         Filed.ORDER, commands.order_draft, ("drafted",)),
    Rule("order", "The same, proven.", "command", Filed.ORDER, commands.order, ("sending_paused", "sending_resumed")),
    Rule("order_of_others", "The same, proven, by somebody whose it is not: they are told, and staff read it.",
         "thread", Filed.ORDER, commands.order_of_others),
    Rule("staff_draft", "An organizer answers a notice, unproven: a draft.", "thread", Filed.STAFF,
         commands.staff_draft, ("drafted",)),
    Rule("staff_command", "A command on a whole first line, proven.", "command", Filed.STAFF, commands.staff_command,
         ("noted", "closed", "assigned", "snoozed", "away", "back", "sending_paused", "sending_resumed")),
    Rule("staff", "An organizer answers a notice, proven: it goes out.", "thread", Filed.STAFF, commands.staff,
         ("answered", "noted", "closed", "assigned", "snoozed", "drafted")),
    Rule("not_staff", "Somebody else has an organizer's address.", "needs_person", Filed.APART, commands.not_staff),
    Rule("unreadable", "Beyond what we read by machine.", "needs_person", Filed.PLACE, machines.unreadable),
    Rule("own_word", "A plain yes or no to whether they asked that, proven.", "command", Filed.PLACE, commands.own_word,
         ("opt_out", "left", "pace", "address")),
    Rule("unsubscribe", "A whole line says stop, proven.", "command", Filed.PLACE, commands.unsubscribe, ("opt_out",)),
    Rule("leave", "A whole line says LEAVE and a chapter they are in, proven.", "command", Filed.PLACE, commands.leave,
         ("left",)),
    Rule("help", "A whole line says HELP, proven.", "command", Filed.PLACE, commands.help_),
    Rule("pace", "A whole line says LESS, PAUSE or MORE, proven.", "command", Filed.PLACE, commands.pace, ("pace",)),
    Rule("topics_choice", "EACH, DAILY, WEEKLY or MENTIONS, in answer to a topic, proven.", "command", Filed.PLACE,
         commands.topics_choice, ("topics",)),
    Rule("asks_first", "The same, unproven: kept, and its member is asked.", "command", Filed.PLACE,
         commands.asks_first, ("pending",)),
    Rule("asks_person", "The same, and its member was asked something lately already: a person finds out.",
         "needs_person", Filed.PLACE, commands.asks_person, ("pending",)),
    Rule("asks_to_stop", "A whole line says stop, unproven: pending.", "needs_person", Filed.PLACE,
         commands.asks_to_stop, ("pending",)),
    Rule("confirm", "Yes or no to a sign-up, from the mailbox asked, proven.", "command", Filed.SIGN_UP,
         commands.confirm, ("joined",)),
    Rule("join", "A stranger's whole line or subject says join.", "command", Filed.SIGN_UP, commands.join, ("join",)),
    Rule("junk", "A stranger's, that nobody has to look at.", "junk", Filed.NOWHERE, machines.junk),
    Rule("topic_command", "UNSEND, ONLY, ENOUGH, MUTE or REPORT, proven.", "command", Filed.TOPIC, topics.command,
         ("unsent", "only", "held", "enough", "muted", "reported")),
    Rule("topic_to_us", "Words in answer to a note about their own post.", "thread", Filed.TOPIC, topics.to_us),
    Rule("topic_list", "A list's mail to a chapter: lists do not write to lists.", "machine", Filed.MACHINE,
         topics.listed),
    Rule("topic_unproven", "For a chapter, and nothing proves by whom.", "thread", Filed.PLACE, topics.unproven),
    Rule("topic_outsider", "For a chapter, by somebody who is not in it.", "thread", Filed.PLACE, topics.outsider),
    Rule("topic_unwanted", "For somebody who wants no words of theirs.", "thread", Filed.PLACE, topics.unwanted),
    Rule("topic_locked", "In a topic that takes no more posts.", "thread", Filed.TOPIC, topics.locked),
    Rule("topic", "A member's words for their chapter.", "thread", Filed.TOPIC, topics.post,
         ("posted", "held", "relayed")),
    Rule("broken_address", "A reply address that does not verify.", "needs_person", Filed.APART, places.broken_address),
    Rule("several_chapters", "The same mail to another chapter: one conversation, seen in both.", "thread",
         Filed.BESIDE, places.several_chapters),
    Rule("several_unmatched", "The same, by somebody unknown.", "needs_person", Filed.BESIDE,
         places.several_unmatched),
    Rule("own_rule", "Staff's own rule: which chapter, and who answers.", "thread", Filed.CHOSEN, places.own_rule),
    Rule("token", "A signed reply address.", "thread", Filed.PLACE, places.token, ("answer", "pending")),
    Rule("reference", "A Message-ID of ours, by the same person.", "thread", Filed.PLACE, places.reference,
         ("answer",)),
    Rule("mailbox", "A person's own mailbox at our domain.", "thread", Filed.PLACE, places.mailbox),
    Rule("open", "Their open conversation.", "thread", Filed.PLACE, places.talking),
    Rule("chapter", "The chapter they wrote to, or their home.", "thread", Filed.PLACE, places.chapter),
    Rule("anybody", "Nobody knows yet whose it is.", "needs_person", Filed.PLACE, places.anybody),
)  # fmt: skip


def judge(case: Case) -> tuple[Rule, str]:
    """The rule that decides the case, and its sentence."""
    for rule in RULES:
        sentence = rule.check(case)
        if sentence is not None:
            return rule, sentence
    raise AssertionError("the last rule applies to everything")
