"""The mail door: SMTP and LMTP, accepting durably before it says yes."""
