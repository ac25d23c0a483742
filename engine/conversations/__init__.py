"""What was said and who answers: threads, messages, assignments, questions, tasks, and the raw received rows."""
