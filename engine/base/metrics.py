"""Metrics: what this process counts of itself, for /metrics. No label ever holds anything of a member's.

A counter is raised after the transaction that it speaks of was committed, never inside it. Each process tells only its
own; what the database knows is read when somebody asks (admin/watching). docs/watching.md says what each one means.
"""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.process_collector import ProcessCollector

# When each counter was made is nobody's question, and would double what is told.
disable_created_metrics()  # type: ignore[no-untyped-call]

#: Everything that this process counts; apart from the library's own registry, which any other library may write to.
REGISTRY = CollectorRegistry(auto_describe=True)
ProcessCollector(registry=REGISTRY)

#: Seconds: from a job that only looks to one that goes on for half a minute.
_JOB_BUCKETS = (0.005, 0.02, 0.1, 0.5, 1, 5, 15, 30, 60)
#: Seconds: from a plain mail to one that has used its time up.
_READ_BUCKETS = (0.002, 0.005, 0.01, 0.05, 0.2, 0.5, 1, 2)
#: Rows of one batch of steps.
_BATCH_BUCKETS = (1, 10, 50, 100, 250, 500, 1_000)

ACCEPTED = Counter(
    "hearthline_accepted", "Messages and webhooks on the disk before yes was said, one a recipient.", ["door"],
    registry=REGISTRY,
)  # fmt: skip
PUT_OFF = Counter(
    "hearthline_put_off", "Messages and webhooks told to come again, for our own trouble.", ["door"], registry=REGISTRY
)
DOOR_SESSIONS = Gauge("hearthline_door_sessions", "Connections open at the mail doors.", ["door"], registry=REGISTRY)
DOOR_REFUSALS = Counter(
    "hearthline_door_refusals", "Connections turned away at the mail doors, too many being open.", ["door"],
    registry=REGISTRY,
)  # fmt: skip
WEBHOOK_REFUSALS = Counter(
    "hearthline_webhook_refusals", "Webhooks answered with a refusal, nothing of them kept.", ["reason"],
    registry=REGISTRY,
)  # fmt: skip
SETTLED = Counter("hearthline_settled", "Received rows that got their outcome.", ["outcome"], registry=REGISTRY)
READING_SECONDS = Histogram(
    "hearthline_reading_seconds", "How long mails took to be read, in the process that reads.", buckets=_READ_BUCKETS,
    registry=REGISTRY,
)  # fmt: skip
READER_STARTS = Counter("hearthline_reader_starts", "Processes begun in which mail is read.", registry=REGISTRY)
READER_CRASHES = Counter(
    "hearthline_reader_crashes", "Mails that ran out of their budget, or ended the process that read them.", ["cause"],
    registry=REGISTRY,
)  # fmt: skip
DELIVERIES = Counter(
    "hearthline_deliveries", "What became of deliveries the courier took, one a try.",
    ["message_class", "channel", "result"], registry=REGISTRY,
)  # fmt: skip
TEXT_STATUSES = Counter(
    "hearthline_text_statuses", "What the provider told of texts afterwards, news only.", ["status"], registry=REGISTRY
)
JOB_SECONDS = Histogram(
    "hearthline_job_seconds", "How long background jobs ran.", ["job"], buckets=_JOB_BUCKETS, registry=REGISTRY
)
JOB_FAILURES = Counter(
    "hearthline_job_failures", "Background jobs that ended in an error; their rows are still due.", ["job"],
    registry=REGISTRY,
)  # fmt: skip
WAKES_LOST = Counter(
    "hearthline_wakes_lost", "Wakes the queue did not take; a sweep finds the row.", ["job"], registry=REGISTRY
)
STEP_BATCH = Histogram(
    "hearthline_step_batch_rows", "Due steps settled in one batch.", buckets=_BATCH_BUCKETS, registry=REGISTRY
)
DATABASE_ERRORS = Counter(
    "hearthline_database_errors", "Transactions that ended because the database was away or refused.", ["error"],
    registry=REGISTRY,
)  # fmt: skip
SCHEDULER_LEADS = Gauge("hearthline_scheduler_leads", "1 while this process leads the scheduling.", registry=REGISTRY)
