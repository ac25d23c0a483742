"""The budget: mail is stranger's text, so it is read in a process of its own, with so much time and so much memory.

What runs out of either ends that process and nothing else: the row is tried again, and the third time it goes to a
person with the original (RELIABILITY.md, 1.3 and 2). `readers` keeps the processes, `child` is what runs in them,
`frames` is what goes through the pipe, `form` how a reading looks on the way. Nothing is imported here: the child has
only what reading needs.
"""
