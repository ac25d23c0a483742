"""Effects: what a received row may do besides standing where it belongs; `Received.effect` is one, or empty."""

from typing import Final

#: Each effect, and what is true afterwards. A rule says which ones it may have; docs/routing.md shows them.
EFFECTS: Final[dict[str, str]] = {
    "answer": "An open question has its answer, and its journey takes that branch.",
    "answered": "An organizer’s words are on their way to the member, under their public name.",
    "drafted": "An organizer’s words wait for one press.",
    "noted": "An organizer’s words stand in the conversation where no member sees them.",
    "closed": "The conversation is over for now.",
    "assigned": "Somebody else answers the conversation.",
    "snoozed": "The conversation comes back at the time that was said.",
    "away": "The organizer is away, and others have what was theirs.",
    "back": "The organizer is here again.",
    "opt_out": "Nothing more goes out on the channel it was said on.",
    "opt_in": "Texts may come again, by the member’s own word.",
    "pace": "We write to the member as often as they asked.",
    "topics": "A chapter’s topics come to the member as they chose.",
    "pending": "It is kept and not done: its member is asked, at an address that we know as theirs.",
    "address": "Another address is the member’s too, by their own word.",
    "number_off": "Nothing goes to that phone any more; somebody looks for another way.",
    "left": "The member is in that chapter no more.",
    "join": "Somebody is a step further in joining.",
    "joined": "Somebody is a member, or in one chapter more.",
    "call": "Somebody has a call to make: to whoever called us.",
    "tap": "The tap stands at the words it was on.",
    "posted": "A post is on its way to the chapter.",
    "held": "A post waits for its author or for a steward.",
    "relayed": "Words are on their way to the one neighbor they answer.",
    "unsent": "The author took a post back before it went out.",
    "only": "One neighbor alone gets what was written for the chapter.",
    "enough": "Nothing from that neighbor comes to the member any more.",
    "muted": "Nothing more of that topic comes to the member.",
    "reported": "Somebody who has no part in it looks at a neighbor’s words.",
    "approved": "A steward let a post go out to the chapter.",
    "rejected": "A steward let a post go to nobody; its author hears why.",
    "locked": "The topic takes no more posts.",
}
