"""Three journeys with every kind of step, and the versions they are edited to; their letters are the library's own."""

from collections.abc import Mapping

#: Asks, waits of most kinds, a task, and a round that only its guard ends.
PORCH = """
slug: porch
title: The porch
purpose: To say hello.
triggers: [joined, by_hand]
re_entry: after_exit
steps:
  - {id: hello, do: ask, template: porch/hello, speaks: listen, signed_by: desk, timeout: P2D, silent: story,
     question: {kind: open, replied: settle}}
  - {id: settle, do: wait, for: P1D}
  - {id: story, do: email, template: porch/a_story, speaks: give, signed_by: desk}
  - {id: room, do: wait, for_reply: {timeout: P3D, replied: morning, silent: morning}}
  - {id: morning, do: wait, until: {weekday: [tuesday, wednesday, thursday], hour: "10:00"}}
  - {id: when, do: ask, by: text, template: sms/porch/when_to_call, speaks: listen, signed_by: desk, timeout: P1D,
     silent: call, question: {kind: choice, otherwise: call, answers: {
       mornings: {label: mornings, words: [morning], go: call},
       evenings: {label: evenings, words: [evening], go: call}}}}
  - {id: call, do: hand_off, to: desk, title: A hello, script: Call them., due: P2D,
     outcomes: {reached: {label: We talked, go: choose}, later: {label: Another day, go: pause}},
     overdue: {after: P6D, go: choose}}
  - {id: pause, do: wait, for: P2D, go: again}
  - {id: again, do: jump, to: call, at_most: 2, otherwise: choose}
  - {id: choose, do: ask, template: porch/what_would_you_like, speaks: ask, signed_by: desk, timeout: P3D,
     silent: done, question: {kind: choice, answers: {
       meet: {label: meet, words: [meet], go: met}, read: {label: just read, words: [read], go: glad}}}}
  - {id: met, do: tag, add: ready, go: round}
  - {id: glad, do: email, template: porch/glad, speaks: give, signed_by: desk}
  - {id: round, do: jump, to: story, at_most: 2, otherwise: done}
  - {id: done, do: end}
"""
#: The same without its task and its wait for words, and with a shorter first question.
PORCH_SHORTER = (
    PORCH.replace("timeout: P2D, silent: story", "timeout: P1D, silent: story")
    .replace("  - {id: room, do: wait, for_reply: {timeout: P3D, replied: morning, silent: morning}}\n", "")
    .replace("go: call}", "go: choose}")
    .replace("otherwise: call", "otherwise: choose")
    .replace("silent: call", "silent: choose")
)
_CALL, _AFTER = PORCH_SHORTER.index("  - {id: call,"), PORCH_SHORTER.index("  - {id: choose,")
PORCH_SHORTER = PORCH_SHORTER[:_CALL] + PORCH_SHORTER[_AFTER:]

#: As much as can be asked and said, one after the other; what a pause keeps back here is a pile.
CROWD = """
slug: crowd
title: The crowd
purpose: To try our own patience.
triggers: [by_hand, {tag_added: keen}]
re_entry: after_exit
after_pause: newest
steps:
  - {id: which, do: split, ways: [{share: 50, go: first}, {share: 50, go: texted}]}
  - {id: first, do: email, template: porch/a_story, speaks: give, signed_by: desk}
  - {id: second, do: email, template: porch/glad, speaks: give, signed_by: desk}
  - {id: texted, do: ask, by: text, template: sms/porch/three_ways, or_email: porch/what_would_you_like, speaks: ask,
     signed_by: desk, timeout: P1D, silent: short, question: {kind: choice, otherwise: short, answers: {
       a: {label: soup, words: [soup], go: eager}, b: {label: tools, words: [tools]}}}}
  - {id: short, do: wait, for: PT20H}
  - {id: ask, do: ask, template: porch/what_would_you_like, speaks: ask, signed_by: desk, timeout: P1D, silent: again,
     question: {kind: yes_no, answers: {"yes": {go: eager}, "no": {go: tired}}, otherwise: again}}
  - {id: eager, do: tag, add: ready}
  - {id: bring, do: set, fact: brings, value: soup, go: again}
  - {id: tired, do: move, path: belonging, stage: resting, evidence: They said no., go: done}
  - {id: again, do: jump, to: which, at_most: 4, otherwise: done}
  - {id: done, do: end}
"""
#: With a new name for its question, and nothing behind it.
CROWD_RENAMED = CROWD.replace("{id: ask, do: ask", "{id: asked_anew, do: ask").replace("at_most: 4", "at_most: 2")

#: Waits for facts and dates, another journey, a goal, an exit and quiet hours.
FACTS = """
slug: facts
title: The facts
purpose: To wait for what comes.
triggers: by_hand
re_entry: after_exit
after_pause: ask
quiet_hours: {begins: "18:00", ends: "10:00", channels: all}
goal: {tag: arrived}
exit: [{when: {tag: moved}, says: They live elsewhere now., name: moved}]
steps:
  - {id: hope, do: wait, for_fact: {when: {tag: ready}, timeout: P6D, met: text, timed_out: day}}
  - {id: text, do: text, template: sms/porch/when_to_call, speaks: listen, signed_by: desk, or_email: porch/glad}
  - {id: day, do: wait, until_date: {fact: birthday, hour: "11:00", missing: fork, past: fork}}
  - {id: wish, do: email, template: porch/glad, speaks: give, signed_by: desk}
  - {id: fork, do: branch, turns: [{when: {tag: keen}, go: other}], else: rest}
  - {id: other, do: join, journey: porch}
  - {id: rest, do: wait, for: P3D}
  - {id: over, do: email, template: porch/come_by, speaks: give, signed_by: desk}
"""
FACTS_LATER = FACTS.replace("for: P3D", "for: P8D").replace("timeout: P6D", "timeout: P9D")

#: The journeys' versions, in the order in which they are edited, and round again.
EDITIONS: Mapping[str, tuple[str, ...]] = {
    "porch": (PORCH, PORCH_SHORTER),
    "crowd": (CROWD, CROWD_RENAMED),
    "facts": (FACTS, FACTS_LATER),
}
#: Where those go on whose step is not there any more.
MAPPING: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "porch": ({}, {"room": "morning", "call": "choose", "pause": "choose", "again": "end"}),
    "crowd": ({"asked_anew": "ask"}, {"ask": "asked_anew"}),
    "facts": ({}, {}),
}
SLUGS = tuple(EDITIONS)
