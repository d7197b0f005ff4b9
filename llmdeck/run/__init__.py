"""A demo as a process: its signature, its sandbox, many of them side by side.

The way in: `batch.run_jobs` computes variants; `pool.Pool` keeps demos warm and answers requests;
`interface.find_demos` says which demos there are. Both batch and pool ask through a `session`,
the process behind it is `child`, and `child` says what the lines between them hold.
"""

from typing import Any

Line = dict[str, Any]
"""A request or an answer: one JSON object, one line."""
