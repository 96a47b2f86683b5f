"""Drives the loan journey of examples/journeys with the `websockets` library.

Usage: loan.py ws://HOST:PORT/ws/loans ASYNCAPI.json

Every frame must be a message of the AsyncAPI document, in the direction it goes; of its own, those that the server takes.

covers: [WS-020, WS-021, WS-030, WS-035, WS-036, WS-040, WS-042, OP-2, OP-4, OP-6, SUB-2, SUB-4, SUB-10, RT-1, ORD-2, RT-10]
"""

import itertools
import json
import sys

from jsonschema import Draft7Validator
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

URL = sys.argv[1]
APPLICATION = {"customerId": "c-17", "amount": 25000, "months": 48, "income": 3200}
URN = "urn:journeyforge:error:"


class Contract:
    """The messages of an AsyncAPI document by their direction and type."""

    def __init__(self, path):
        with open(path, encoding="utf-8") as file:
            self.document = json.load(file)
        self.messages = {"receive": {}, "send": {}}
        for operation in self.document["operations"].values():
            self.add(operation["action"], operation["messages"])
            self.add("send", operation.get("reply", {}).get("messages", []))

    def add(self, direction, references):
        for reference in references:
            message = self.find(self.find(reference["$ref"])["$ref"])
            schema = {"allOf": [message["payload"]], "components": self.document["components"]}
            Draft7Validator.check_schema(schema)
            self.messages[direction][message["name"]] = Draft7Validator(schema)

    def find(self, reference):
        found = self.document
        for step in reference.removeprefix("#/").split("/"):
            found = found[step]
        return found

    def holds(self, direction, frame):
        faults = [error.message for error in self.messages[direction][frame["type"]].iter_errors(frame)]
        assert not faults, (direction, frame, faults)


CONTRACT = Contract(sys.argv[2])


class Client:
    """One connection; frames that are not asked for yet are kept in order."""

    def __init__(self, **options):
        self.socket = connect(URL, open_timeout=20, proxy=None, **options)
        self.kept = []
        self.ids = (f"py-{n}" for n in itertools.count(1))
        self.welcome = self.frame()
        assert self.welcome["type"] == "welcome", self.welcome

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def frame(self, fits=lambda frame: True):
        for index, frame in enumerate(self.kept):
            if fits(frame):
                return self.kept.pop(index)
        while True:
            frame = json.loads(self.socket.recv(timeout=20))
            CONTRACT.holds("send", frame)
            if fits(frame):
                return frame
            self.kept.append(frame)

    def request(self, **frame):
        frame["id"] = next(self.ids)
        self.socket.send(json.dumps(frame))
        reply = self.frame(lambda reply: reply.get("id") == frame["id"] and reply["type"] != "accepted")
        if reply["type"] != "error":
            CONTRACT.holds("receive", frame)
        return reply

    def refused(self, slug, **frame):
        reply = self.request(**frame)
        assert reply["type"] == "error", reply
        assert reply["problem"]["type"] == URN + slug, reply
        assert reply["effect"] == "none", reply
        return reply["problem"]


def equal(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


def whole_life(applicant, officer):
    """The applicant starts and is told everything; the officer decides and is told nothing but replies."""
    started = applicant.request(type="applyForLoan", payload=APPLICATION)
    equal((started["type"], started["seq"], started["subscribed"]), ("status", 2, True))
    equal(started["payload"]["currentState"], "officerReview")
    equal(started["payload"]["shareOfIncome"], 18)
    run = started["journeyId"]
    equal([action.get("stepId") for action in started["actions"]], ["officerReview", None])

    officer.refused("not-terminal", type="getOutcome", journeyId=run)
    problem = officer.refused("invalid-input", type="decideLoan", journeyId=run, payload={"decision": "maybe"})
    equal({error["pointer"] for error in problem["errors"]}, {"", "/decision"})
    decision = {"decision": "approve", "officer": "mia"}
    officer.refused("seq-mismatch", type="decideLoan", journeyId=run, ifSeq=1, payload=decision)
    decided = officer.request(type="decideLoan", journeyId=run, ifSeq=2, payload=decision)
    equal((decided["type"], decided["stepId"], decided["seq"]), ("status", "officerReview", 3))
    officer.refused("step-not-active", type="decideLoan", journeyId=run, payload=decision)

    pushed = applicant.frame()
    equal((pushed["type"], pushed["journeyId"], pushed["seq"]), ("status", run, 3))
    equal(pushed["payload"]["currentState"], "signature")
    signed = officer.request(type="signContract", journeyId=run, payload={"signed": True})
    equal((signed["type"], signed["payload"]["phase"]), ("status", "SUCCEEDED"))

    outcome = applicant.frame()
    equal((outcome["type"], outcome["seq"]), ("outcome", 4))
    equal(outcome["payload"]["output"]["status"], "APPROVED")
    done = applicant.frame()
    equal((done["type"], done["reason"]), ("unsubscribed", "completed"))
    read = officer.request(type="getOutcome", journeyId=run)
    equal(read["payload"], outcome["payload"])
    equal(officer.kept, [])
    return run


def late_subscriber(run):
    """A cursor gives what was missed, on a new connection."""
    with Client() as late:
        reply = late.request(type="subscribe", journeyId=run, after=2, conflate=False)
        equal((reply["type"], reply["recovered"], reply["head"]), ("subscribed", True, 4))
        frames = [late.frame(lambda frame: frame["type"] != "bookmark") for _ in range(3)]
        equal([(frame["type"], frame.get("seq")) for frame in frames],
              [("status", 3), ("outcome", 4), ("unsubscribed", None)])
        reply = late.request(type="subscribe", journeyId=run)
        equal(late.frame()["type"], "outcome")
        equal(late.request(type="unsubscribe", journeyId=run)["reason"], "requested")


def cancellation(client):
    started = client.request(type="applyForLoan", payload=APPLICATION, subscribe=False)
    equal(started["subscribed"], False)
    run = started["journeyId"]
    cancelled = client.request(type="cancel", journeyId=run)
    equal((cancelled["type"], cancelled["payload"]["phase"]), ("status", "FAILED"))
    again = client.request(type="cancel", journeyId=run)
    equal((again["seq"], again["payload"]), (cancelled["seq"], cancelled["payload"]))
    outcome = client.request(type="getOutcome", journeyId=run)
    equal(outcome["payload"]["error"]["code"], "JOURNEY_CANCELLED")


def small_loan(client):
    """A run that waits at another step than the first, by a client without ids."""
    client.socket.send(json.dumps({"type": "applyForLoan", "payload": {**APPLICATION, "amount": 1500}}))
    started = client.frame(lambda frame: frame["type"] == "status")
    assert "id" not in started, started
    equal(started["payload"]["currentState"], "signature")
    client.socket.send(json.dumps({"type": "signContract", "journeyId": started["journeyId"], "payload": {"signed": False}}))
    reply = client.frame(lambda frame: frame["type"] == "status")
    equal(reply["payload"]["phase"], "SUCCEEDED")
    outcome = client.frame(lambda frame: frame["type"] == "outcome")
    equal(outcome["payload"]["output"], {"status": "DECLINED"})
    equal(client.frame()["type"], "unsubscribed")


def failure(client):
    reply = client.request(type="applyForLoan", payload={**APPLICATION, "income": 100})
    equal((reply["type"], reply["payload"]["phase"], reply["subscribed"]), ("outcome", "FAILED", False))
    equal(reply["payload"]["error"]["code"], "LOAN_NOT_AFFORDABLE")


def faults(client):
    client.refused("unknown-type", type="applyForLoans", payload={})
    client.refused("unknown-member", type="applyForLoan", payload=APPLICATION, playload={})
    client.refused("invalid-input", type="applyForLoan", payload={"customerId": "c-17"})
    client.refused("not-found", type="getStatus", journeyId="A" * 22)
    client.refused("not-found", type="decideLoan", journeyId="A" * 22, payload={})
    for text in ["", "{", "[]", "nonsense"]:
        client.socket.send(text)
        reply = client.frame(lambda frame: frame["type"] == "error")
        equal(reply["problem"]["type"], URN + "malformed-frame")
        assert "id" not in reply, reply
    equal(client.request(type="ping")["type"], "pong")


def handshakes():
    with Client(subprotocols=["journeyforge.v1"]) as client:
        equal(client.socket.subprotocol, "journeyforge.v1")
    for options, status in [({"subprotocols": ["chat"]}, 400), ({"origin": "https://elsewhere.example"}, 403)]:
        try:
            connect(URL, open_timeout=20, proxy=None, **options)
        except InvalidStatus as refused:
            equal(refused.response.status_code, status)
        else:
            raise AssertionError(f"{options} was accepted")


def main():
    handshakes()
    with Client() as applicant, Client() as officer:
        equal(applicant.welcome["protocol"], "journeyforge.v1")
        equal(applicant.welcome["journeys"][0]["start"], "applyForLoan")
        late_subscriber(whole_life(applicant, officer))
        cancellation(officer)
        small_loan(applicant)
        failure(applicant)
        faults(officer)
    print("all good")


main()
