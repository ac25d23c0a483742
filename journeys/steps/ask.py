"""A question by letter or by text, and the wait for its answer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import ClassVar, TypeAlias

from journeys.durations import say_duration
from journeys.groups import ByKind, Named, PerLanguage
from journeys.records import Default, Field, Record
from journeys.scalars import ANSWER_NAME, Closed, ListOf, Span, StepName, Text
from journeys.shapes import Next
from journeys.steps.kind import Way, kind, to
from journeys.steps.signing import CONTRIBUTES, OR_EMAIL, SENDING, Signer, or_by_letter
from journeys.vocabulary import Means, QuestionKind, Speaks

#: Language codes with the words for each, in the author's order.
Labels: TypeAlias = tuple[tuple[str, str], ...]
Words: TypeAlias = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer we recognize: how it is offered, which words mean it, and where it leads."""

    name: str
    label: Labels
    words: Words
    go: Next
    #: What somebody who answers this offers to contribute; see journeys.contributions.
    contributes: tuple[str, ...] = ()

    def label_in(self, language: str) -> str:
        """The label in the language, else in the first one written, else the name."""
        by_language = dict(self.label)
        first = self.label[0][1] if self.label else self.name
        return by_language.get(language) or by_language.get(language.partition("-")[0]) or first

    def words_in(self, language: str) -> tuple[str, ...]:
        """The words recognized in the language; none where none were written."""
        by_language = dict(self.words)
        return by_language.get(language) or by_language.get(language.partition("-")[0]) or ()


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. An open one has no answers of its own: every reply is words for a person.

    `otherwise` is the step after words that we did not recognize (with an open question, after any words).
    Those words always go to a person first, and the journey waits while they talk.
    """

    kind: QuestionKind
    answers: tuple[Answer, ...]
    otherwise: Next

    def answer(self, name: str) -> Answer | None:
        """The answer of that name."""
        return next((answer for answer in self.answers if answer.name == name), None)


@dataclass(frozen=True, slots=True)
class Ask:
    """A letter or a text with a question, and a wait of at most `timeout` for the answer.

    By text, the answers are offered with a digit each, and `or_email` is the letter for those whom no text may reach.
    """

    takes_time: ClassVar[bool] = True

    id: str
    template: str
    speaks: Speaks
    signed_by: Signer
    question: Question
    timeout: timedelta
    silent: Next
    by: Means = Means.EMAIL
    or_email: str | None = None
    contributes: tuple[str, ...] = ()

    @property
    def numbered(self) -> bool:
        """Whether a digit answers it, when it goes by text."""
        return self.by is Means.TEXT and self.question.kind is QuestionKind.CHOICE

    def ways(self) -> tuple[Way, ...]:
        answers = tuple(Way(f"answered {answer.name}", answer.go) for answer in self.question.answers)
        words = "replied" if self.question.kind is QuestionKind.OPEN else "other words"
        return (*answers, Way(words, self.question.otherwise), Way("silent", self.silent))

    def describe(self, ids: Sequence[str]) -> str:
        what = "text" if self.by is Means.TEXT else "letter"
        said = [
            f"asks with the {what} {self.template} ({self.speaks}){or_by_letter(self.or_email)}, "
            f"signed by {self.signed_by}, and waits up to {say_duration(self.timeout)}"
        ]
        for answer in self.question.answers:
            said.append(f'"{answer.label_in("")}" leads to {to(answer.go, ids)}')
        any_words = "any reply" if self.question.kind is QuestionKind.OPEN else "other words"
        said.append(f"{any_words}: a person answers, then {to(self.question.otherwise, ids)}")
        said.append(f"no reply: {to(self.silent, ids)}")
        return "; ".join(said)


# Every label and word, in the language of the journey or in several.
LABEL = Field("label", PerLanguage(Text(120)), "How the answer is offered, in words people would say.")
WORDS = Field(
    "words",
    PerLanguage(ListOf(Text(60), most=60)),
    "Words that mean this answer, by language; anything else goes to a person.",
)
ANSWER_GO = Field("go", StepName(), "The step after this answer; without it, the next in the list.", Default.NEXT)
OTHERWISE = Field(
    "otherwise",
    StepName(),
    "The step after words that were not recognized. A person reads and answers those words in every case, "
    "and the journey waits while they talk. Without it, the next in the list.",
    Default.NEXT,
)
CHOICE_ANSWER = Record(Answer, (LABEL, WORDS, ANSWER_GO, CONTRIBUTES))
# The plain words for yes and no are known in every language we read; a journey may add its own.
PLAIN_ANSWER = Record(
    Answer,
    (
        Field("label", LABEL.shape, LABEL.says, ()),
        Field("words", WORDS.shape, "More words that mean this answer, beside the plain ones.", ()),
        ANSWER_GO,
        CONTRIBUTES,
    ),
)
QUESTION: ByKind[Question] = ByKind(
    "kind",
    "which kind of question this is",
    {
        "open": Record(
            partial(Question, kind=QuestionKind.OPEN, answers=()),
            (
                Field(
                    "replied",
                    StepName(),
                    "The step after any reply. A person reads and answers it first, and the journey waits "
                    "while they talk. Without it, the next in the list.",
                    Default.NEXT,
                    attr="otherwise",
                ),
            ),
        ),
        "choice": Record(
            partial(Question, kind=QuestionKind.CHOICE),
            (
                # Nine, because an answer may be given as one digit.
                Field("answers", Named(ANSWER_NAME, CHOICE_ANSWER, 2, 9), "The answers we recognize, by name."),
                OTHERWISE,
            ),
        ),
        "yes_no": Record(
            partial(Question, kind=QuestionKind.YES_NO),
            (
                Field(
                    "answers",
                    Named(ANSWER_NAME, PLAIN_ANSWER, 2, 2, exactly=("yes", "no")),
                    "Where a yes and a no lead.",
                ),
                OTHERWISE,
            ),
        ),
    },
    lambda question: str(question.kind),
)

KIND = kind(
    "ask",
    "Asks by letter or by text and waits for the answer.",
    Record(
        Ask,
        (
            *SENDING,
            Field("question", QUESTION, "The question and the answers we recognize."),
            Field("timeout", Span(), "How long to wait for an answer."),
            Field(
                "silent",
                StepName(),
                "The step when no answer came in time; without it, the next in the list.",
                Default.NEXT,
            ),
            Field(
                "by",
                Closed(Means),
                "By `email` or by `text`; by text, answers are offered with a digit each.",
                Means.EMAIL,
            ),
            OR_EMAIL,
            CONTRIBUTES,
        ),
    ),
)
