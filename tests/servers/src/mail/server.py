"""A mail server for tests: what it does with a letter is said by whom the letter is for.

    refused@…      550 to RCPT: there is no such user      later@…      450 to RCPT
    blocked@…      554 5.7.1 to RCPT: relaying is denied   busy@…       421 to RCPT, and the connection is closed
    late@…         550 5.1.1 only after the letter         unwanted@…   554 5.6.0 after the letter
    hang@…         no answer to the letter                 cut@…        the connection is cut at RCPT
    cut-late@…     the connection is cut after the letter  stale@…      taken; the connection is cut at the next MAIL

Anybody else gets their letter: a line of JSON in the file of what was received. From stranger@… nothing is taken.
The user `tollgate` has the password `right`; whoever calls themselves `later` is to come again.
"""

import argparse
import asyncio
import json
import os
import shutil
import ssl

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

AT_RCPT = {
    "refused": "550 5.1.1 <{0}>: there is no such user here",
    "blocked": "554 5.7.1 <{0}>: relaying is denied",
    "later": "450 4.2.1 <{0}>: the mailbox is busy",
    "busy": "421 4.3.2 come back later",
}
AFTER_DATA = {
    "late": "550 5.1.1 <{0}>: there is no such user here",
    "unwanted": "554 5.6.0 this letter is not wanted",
}


class Handler:
    def __init__(self, received):
        self.received = received

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        if getattr(session, "stale", False):
            server.transport.abort()
            return "421 gone"
        if address.startswith("stranger@"):
            return f"553 5.7.1 <{address}>: not a sender of ours"
        envelope.mail_from = address
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        who = address.partition("@")[0]
        if who == "cut":
            server.transport.abort()
        if who == "busy":
            asyncio.get_running_loop().call_soon(server.transport.close)
        if who in AT_RCPT:
            return AT_RCPT[who].format(address)
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        who = envelope.rcpt_tos[0].partition("@")[0]
        if who == "hang":
            await asyncio.sleep(3600)
        if who == "cut-late":
            server.transport.abort()
            return "421 gone"
        if who in AFTER_DATA:
            return AFTER_DATA[who].format(envelope.rcpt_tos[0])
        session.stale = who == "stale"
        letter = {
            "from": envelope.mail_from,
            "to": envelope.rcpt_tos,
            "peer": session.peer[1],
            "hello": session.host_name,
            "tls": server.over_tls or session.ssl is not None,
            "user": session.auth_data,
            "letter": envelope.original_content.decode("utf-8", "replace"),
        }
        # Written before the answer: whoever has sent it can read it.
        with open(self.received, "a", encoding="utf-8") as file:
            file.write(json.dumps(letter) + "\n")
        return "250 OK"


def authenticate(server, session, envelope, mechanism, data):
    assert isinstance(data, LoginPassword)
    user, password = data.login.decode(), data.password.decode()
    if user == "later":
        return AuthResult(success=False, handled=False, message="454 4.7.0 come back later")
    if (user, password) == ("tollgate", "right"):
        return AuthResult(success=True, auth_data=user)
    return AuthResult(success=False, handled=False, message="535 5.7.8 wrong user or password")


async def main():
    parser = argparse.ArgumentParser()
    for name in ["starttls", "wrapped", "plain"]:
        parser.add_argument(f"--{name}", type=int, required=True)
    for name in ["certificate", "key", "received"]:
        parser.add_argument(f"--{name}", required=True)
    given = parser.parse_args()

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(given.certificate, given.key)
    loop = asyncio.get_running_loop()
    handler = Handler(given.received)

    def protocol(over_tls, **settings):
        def make():
            server = SMTP(handler, hostname="mail.test", loop=loop, enable_SMTPUTF8=False, **settings)
            server.over_tls = over_tls
            return server
        return make

    signed_in = {"authenticator": authenticate, "auth_required": True}
    starttls = protocol(False, tls_context=context, require_starttls=True, **signed_in)
    wrapped = protocol(True, auth_require_tls=False, **signed_in)
    await loop.create_server(starttls, "127.0.0.1", given.starttls)
    await loop.create_server(wrapped, "127.0.0.1", given.wrapped, ssl=context)
    await loop.create_server(protocol(False), "127.0.0.1", given.plain)
    # Ends with whoever has started it, however that one ends, and takes the files along.
    parent = os.getppid()
    while os.getppid() == parent:
        await asyncio.sleep(0.2)
    if not os.environ.get("TOLLGATE_TEST_KEEP"):
        for directory in {os.path.dirname(given.certificate), os.path.dirname(given.received)}:
            shutil.rmtree(directory, ignore_errors=True)


asyncio.run(main())
