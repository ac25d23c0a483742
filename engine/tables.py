"""Every table, imported once, so that the metadata is whole for migrations and for a new database."""

import engine.audit.entry
import engine.base.clock
import engine.base.lease
import engine.channels.dkim_keys
import engine.chapters.chapter
import engine.chapters.membership
import engine.chapters.topic_choice
import engine.content.approval
import engine.content.template
import engine.conversations.assignment
import engine.conversations.closure
import engine.conversations.draft
import engine.conversations.feed
import engine.conversations.junk
import engine.conversations.look
import engine.conversations.message
import engine.conversations.notice
import engine.conversations.overdue
import engine.conversations.picture
import engine.conversations.question
import engine.conversations.received
import engine.conversations.routing_rule
import engine.conversations.storm
import engine.conversations.talk
import engine.conversations.task
import engine.conversations.thread
import engine.conversations.thread_chapter
import engine.conversations.topic
import engine.conversations.voicemail
import engine.enrollments.enrollment
import engine.enrollments.entering
import engine.enrollments.journey
import engine.enrollments.pause
import engine.enrollments.signal
import engine.outbox.alert
import engine.outbox.delivery
import engine.outbox.desk_receipt
import engine.outbox.fan_out
import engine.outbox.limits
import engine.outbox.line
import engine.outbox.mailbox
import engine.outbox.probe
import engine.outbox.rate
import engine.outbox.relayed_picture
import engine.people.absence
import engine.people.address
import engine.people.consent
import engine.people.engagement
import engine.people.fresh_code
import engine.people.health
import engine.people.importing.file_import
import engine.people.link_request
import engine.people.login
import engine.people.member
import engine.people.member_pace
import engine.people.notice_choice
import engine.people.path
import engine.people.pending
import engine.people.sign_up
import engine.people.suppression
import engine.people.text_sign_up
import engine.people.text_stop
import engine.people.wish  # noqa: F401
from engine.base.db import Base

metadata = Base.metadata
