"""Sender proof: whether a mail is from whom its From line names (law 9).

Said by a mail server of ours in Authentication-Results (`results`), else checked here (`check`): DKIM, SPF and DMARC,
with look-ups that are few, short and outside any transaction. `prove` is the one way in; what it says is a `Proof`.
"""
