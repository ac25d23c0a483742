"""The outbox: post, gate, courier, receipts."""
