"""Named limits of the service: every size, count and time a caller could push has one here."""

from __future__ import annotations

#: Bytes of one received message. Larger ones are refused by gRPC with RESOURCE_EXHAUSTED.
MAX_MESSAGE_BYTES = 4 * 2**20

#: Bytes of the metadata of one call; gRPC refuses more.
MAX_METADATA_BYTES = 16 * 2**10

#: Events of one message as rows (envelopes or JSON).
MAX_BATCH_ROWS = 1_000

#: Events of one message as Arrow columns.
MAX_BATCH_COLUMNAR = 100_000

#: Characters of an attempt id.
MAX_ATTEMPT_ID_CHARS = 64

#: Characters of a stream id.
MAX_STREAM_ID_CHARS = 128

#: Batches of a stream without an answer: the default and the most a client may ask for.
STREAM_WINDOW_DEFAULT = 8
STREAM_WINDOW_MAX = 64

#: Streams open at once in the whole server.
MAX_OPEN_STREAMS = 1_000

#: Calls, and bytes of calls, that wait for the decision thread. Beyond either, single calls are
#: refused and streams are not read further.
MAX_QUEUED_CALLS = 10_000
MAX_QUEUED_BYTES = 256 * 2**20

#: Events decided together in one commit; the last call drained may go beyond it.
MAX_COMMIT_EVENTS = 10_000

#: The same while somebody waits for answers to a few events: batches of a stream are then no longer
#: put together beyond this, as whoever comes next waits for the whole commit under way. Of batches
#: of 200 at full rate, 400 gives up 3 % and 200 nearly half; a reservation waits 60 ms beside
#: either, and 191 ms beside 1,000.
MAX_SHARED_COMMIT_EVENTS = 400

#: Seconds for which such a caller is expected to ask again.
SHARED_SECONDS = 1.0

#: Calls decided together in one commit.
MAX_COMMIT_CALLS = 1_000

#: Seconds for which small calls wait for others to share their commit, where there are others.
LINGER_SECONDS = 0.003

#: Seconds a thread may keep the interpreter from others. The decision thread gives it up at every
#: read, write and fsync; at Python's 5 ms it waited as long each time before it went on.
SWITCH_SECONDS = 0.001

#: Commits after which the state is written down, when nothing waits; and at the latest.
SNAPSHOT_EVERY_COMMITS = 10_000
SNAPSHOT_AT_LATEST_COMMITS = 50_000

#: Seconds a single call may last, whatever its caller allows.
MAX_CALL_SECONDS = 300

#: Seconds a read waits for the position it asks for.
MAX_SEQ_WAIT_SECONDS = 5

#: Calls under way at once; gRPC refuses more with RESOURCE_EXHAUSTED.
MAX_CONCURRENT_CALLS = 4_096

#: Calls under way at once on one connection; further ones wait in the client.
MAX_CONCURRENT_CALLS_PER_CONNECTION = 1_024

#: Entries of a page: the default and the most.
PAGE_SIZE_DEFAULT = 100
PAGE_SIZE_MAX = 1_000

#: Characters of a page token as we make them.
MAX_PAGE_TOKEN_CHARS = 2_048

#: Events of one retry call.
MAX_RETRY_EVENTS = 1_000

#: Demands of one check, and characters of a node's name.
MAX_CHECK_DEMANDS = 100
MAX_NODE_CHARS = 1_024

#: Seconds for which the names of declared budgets are taken for current.
DECLARED_SECONDS = 1

#: Watches open at once, and nodes that one of them follows.
MAX_OPEN_WATCHES = 1_000
MAX_WATCHED_NODES = 1_000

#: Seconds between two looks at the figures that are watched, and how many times as long as the look
#: before took, so that watching takes a bounded share of a processor.
WATCH_INTERVAL_SECONDS = 0.02
WATCH_REST_FACTOR = 4

#: Files of a rule book, and characters of a path in it.
MAX_RULE_FILES = 2_000
MAX_PATH_CHARS = 512

#: Dimensions that limit a list.
MAX_DIMENSION_FILTERS = 32

#: Characters of a comment.
MAX_COMMENT_CHARS = 2_000

#: Characters of a message, and of a metadata value, in an error. The details of an error travel
#: as metadata, of which many clients take no more than 8 KiB.
MAX_ERROR_MESSAGE_CHARS = 500
MAX_ERROR_VALUE_CHARS = 200

#: Bytes above which a message is converted beside the event loop instead of on it.
CONVERT_INLINE_BYTES = 64 * 2**10

#: Threads that convert large messages, read and dry-run.
WORKER_THREADS = 4

#: Seconds after which a full queue is worth another try.
RETRY_AFTER_SECONDS = 1

#: Keep-alive: seconds between probes of a silent connection, and until it counts as dead.
KEEPALIVE_SECONDS = 30
KEEPALIVE_TIMEOUT_SECONDS = 10

#: Seconds between two looks at the token file.
TOKEN_FILE_CHECK_SECONDS = 1

#: Seconds after which the principal of a running stream is looked up again.
STREAM_PRINCIPAL_CHECK_SECONDS = 10

#: Principals of one token file, and its bytes.
MAX_PRINCIPALS = 10_000
MAX_TOKEN_FILE_BYTES = 8 * 2**20

#: Events of a book up to which publishing computes the impact report by itself; of larger books
#: `tongpin impact --store` makes it beside the server.
MAX_IMPACT_EVENTS = 200_000
