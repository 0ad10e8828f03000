"""Random event streams, read by the connector's decoder and by botocore's.

botocore reads more than the connector accepts: a frame without `:message-type`, an `InvokeComplete` that
is not a JSON object, and events after it. It rejects a header that appears twice even if no reader
uses it, and the connector only those that it reads. Everything else must agree.
"""

import collections
import json
import os
import random
import struct
import subprocess
import zlib

import botocore.session
import pytest
from botocore.eventstream import ChecksumMismatch, EventStream, ParserError
from botocore.exceptions import EventStreamError
from botocore.parsers import EventStreamJSONParser

from connector import HOST, ROOT

STREAMS = 4_000
OPERATION = "InvokeWithResponseStream"


@pytest.fixture(scope="module")
def decode():
    """Decodes streams with the connector: lists of pieces -> results."""
    subprocess.run(["cargo", "build", "--locked", "--quiet", "--example", "decode-event-stream"], cwd=ROOT, check=True)
    program = HOST.parent / "examples/decode-event-stream"

    def run(streams):
        lines = "".join(" ".join(piece.hex() for piece in pieces) + "\n" for pieces in streams)
        done = subprocess.run([program], input=lines, capture_output=True, text=True, check=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    return run


# Writing streams


def header(name, kind, value):
    return bytes([len(name.encode())]) + name.encode() + bytes([kind]) + value


def text(name, value):
    return header(name, 7, struct.pack("!H", len(value.encode())) + value.encode())


def frame(headers, payload):
    lengths = struct.pack("!II", 16 + len(headers) + len(payload), len(headers))
    message = lengths + struct.pack("!I", zlib.crc32(lengths)) + headers + payload
    return message + struct.pack("!I", zlib.crc32(message))


def other_headers(dice):
    """Headers of any type that no reader uses, each at most once."""
    values = [
        (0, b""),
        (1, b""),
        (2, dice.randbytes(1)),
        (3, dice.randbytes(2)),
        (4, dice.randbytes(4)),
        (5, dice.randbytes(8)),
        (6, struct.pack("!H", 5) + dice.randbytes(5)),
        (7, struct.pack("!H", 7) + "Grüße".encode()),
        (8, dice.randbytes(8)),
        (9, dice.randbytes(16)),
    ]
    chosen = dice.sample(values, dice.choice([0, 0, 1, 3, 10]))
    return [header(f"other-{kind}", kind, value) for kind, value in chosen]


def with_headers(dice, headers, payload):
    headers = [*headers, *other_headers(dice)]
    dice.shuffle(headers)
    return frame(b"".join(headers), payload)


def event(dice, kind, payload):
    headers = [text(":event-type", kind), text(":message-type", "event")]
    if dice.random() < 0.8:
        headers.append(text(":content-type", dice.choice(["application/octet-stream", "application/json"])))
    return with_headers(dice, headers, payload)


def chunk(dice):
    return event(dice, "PayloadChunk", dice.randbytes(dice.choice([0, 1, 10, 300, 5_000])))


def complete(dice):
    members = {
        "ErrorCode": [None, "Unhandled", ""],
        "ErrorDetails": [None, '{"errorMessage":"Grüße\\n🚀"}'],
        "LogResult": [None, "TE9H"],
    }
    chosen = {name: dice.choice(values) for name, values in members.items() if dice.random() < 0.7}
    payload = json.dumps(chosen, ensure_ascii=dice.random() < 0.5)
    return event(dice, "InvokeComplete", dice.choice([payload, payload, "{}", ""]).encode())


def exception(dice):
    if dice.random() < 0.5:
        return with_headers(dice, [text(":message-type", "exception"), text(":exception-type", "Broken")], b"{}")
    headers = [text(":message-type", "error"), text(":error-code", "InternalFailure"), text(":error-message", "why")]
    return with_headers(dice, headers, b"")


def unreadable(dice):
    """A frame with right checksums that neither decoder can read."""
    bad = dice.choice([header("bad", dice.randrange(10, 256), b""), header("bad", 7, b"\0\1\xff"), text(":event-type", "x")])
    return frame(text(":event-type", "PayloadChunk") + text(":message-type", "event") + bad, b"lost")


def too_long(dice):
    lengths = dice.choice([(24 * 1024 * 1024 + 17, 0), (128 * 1024 + 17, 128 * 1024 + 1)])
    prelude = struct.pack("!II", *lengths)
    return prelude + struct.pack("!I", zlib.crc32(prelude))


def untyped(dice):
    return with_headers(dice, [text(":event-type", "PayloadChunk")], b"")


def no_object(dice):
    return event(dice, "InvokeComplete", dice.choice([b"text", b"{", b'"text"']))


def stream(dice):
    """A stream that Lambda could send, or one that is wrong in one way."""
    frames = []
    for _ in range(dice.randrange(5)):
        frames.append(chunk(dice) if dice.random() < 0.7 else event(dice, dice.choice(["initial-response", "Future"]), b"{}"))
    if dice.random() < 0.7:
        frames.append(complete(dice))
    if dice.random() < 0.3:
        wrong = dice.choice([exception, exception, unreadable, too_long, untyped, no_object, chunk, complete])
        frames.insert(dice.randrange(len(frames) + 1), wrong(dice))
    written = bytearray(b"".join(frames))
    if written and dice.random() < 0.3:
        at = dice.randrange(len(written))
        if dice.random() < 0.5:
            written[at] ^= 1 << dice.randrange(8)
        else:
            del written[at:]
    return bytes(written)


def split(dice, whole):
    pieces, size = [], dice.choice([1, 7, 100, 1_000_000])
    while whole:
        length = dice.randint(1, size)
        pieces.append(whole[:length])
        whole = whole[length:]
    return pieces


# Reading streams

Reading = collections.namedtuple("Reading", "response completions failure rest")


class Body:
    """The body of a response, as botocore reads it."""

    def __init__(self, pieces):
        self.pieces = pieces

    def stream(self):
        yield from self.pieces


class Events(EventStream):
    """botocore's stream, which also reports the bytes after the last frame."""

    def _create_raw_event_generator(self):
        for message in super()._create_raw_event_generator():
            self.read = getattr(self, "read", 0) + message.prelude.total_length
            yield message


def read_by_botocore(pieces, shape):
    events = Events(Body(pieces), shape, EventStreamJSONParser(), OPERATION)
    response, completions, failure = b"", [], None
    try:
        for event in events:
            response += event.get("PayloadChunk", {}).get("Payload", b"")
            if "InvokeComplete" in event:
                completions.append(event["InvokeComplete"])
    # A type of header that it does not know is a `KeyError`, and text that is not UTF-8 a `UnicodeError`.
    except (EventStreamError, ParserError, KeyError, UnicodeError, AttributeError, TypeError) as error:
        failure = error
    rest = sum(map(len, pieces)) - getattr(events, "read", 0)
    return Reading(response, completions, failure, rest)


BOTOCORE_CONTINUES = ("MessageType", "Completion", "AfterCompletion")


def compare(result, theirs):
    """Asserts that both readings agree. Returns how the stream ended."""
    ((end, detail),) = result["end"].items()
    response = bytes.fromhex(result["response"])
    if end == "malformed" and detail in BOTOCORE_CONTINUES:
        assert theirs.response.startswith(response)
    else:
        # botocore returns a chunk once its frame is complete, and the connector before.
        assert response.startswith(theirs.response)
    match end, detail:
        case "complete", _:
            (completion,) = theirs.completions
            assert {name: completion.get(name) for name in detail} == detail
            assert (response, theirs.failure, theirs.rest) == (theirs.response, None, 0)
        case "cut-off", _:
            assert theirs.failure is None
            assert theirs.rest > 0 or not theirs.completions
        case "exception", [code, message]:
            assert isinstance(theirs.failure, EventStreamError)
            # It reads the code of an exception only if the exception is modelled.
            error = theirs.failure.response["Error"]
            assert (error["Code"], error["Message"]) == ((code, message) if message else ("", ""))
            assert response == theirs.response
        case "malformed", "PreludeChecksum" | "MessageChecksum":
            assert isinstance(theirs.failure, ChecksumMismatch)
        case "malformed", "Lengths":
            assert type(theirs.failure).__name__ in ("InvalidHeadersLength", "InvalidPayloadLength")
        case "malformed", "Headers":
            assert theirs.failure is not None and not isinstance(theirs.failure, ChecksumMismatch)
            assert response == theirs.response
        case "malformed", "AfterCompletion":
            assert theirs.completions
        case "malformed", "MessageType" | "Completion":
            pass
        case _:
            raise AssertionError(f"an unknown end: {end} {detail}")
    return detail if end == "malformed" else end


def test_streams_are_read_as_by_botocore(decode):
    model = botocore.session.get_session().get_service_model("lambda").operation_model(OPERATION)
    shape = model.output_shape.members["EventStream"]
    seed = int(os.environ.get("SEED", random.randrange(1_000_000)))
    print(f"SEED={seed}")
    dice = random.Random(seed)
    streams = [split(dice, stream(dice)) for _ in range(STREAMS)]
    ends = collections.Counter()
    for pieces, result in zip(streams, decode(streams), strict=True):
        ends[compare(result, read_by_botocore(pieces, shape))] += 1
    print(ends)
    # Every end occurs often enough to be compared.
    malformed = ["PreludeChecksum", "MessageChecksum", "Lengths", "Headers", "MessageType", "Completion", "AfterCompletion"]
    assert set(ends) == {"complete", "cut-off", "exception", *malformed}
    assert min(ends.values()) >= 10, ends
