# SPDX-License-Identifier: LGPL-2.1-or-later
"""rivulet watch: what it asks a server for, what it prints, when it comes back and when it ends."""

import json
import os
import pty
import shutil
import socket
import tempfile
import unittest

import command
import daemon
from command import OK, OPEN, Command, Server
from waiting import Deadline, wait_until

TOKEN = "eyJ0.eyJzdWIi.c2lnbmVk-_"
QUICK = b"retry: 1\n\n"


def event(number, text="{}", event_type="quota"):
    return f"id: e-{number}\nevent: {event_type}\ndata: {text}\n\n".encode()


class WatchCase(unittest.TestCase):
    def serve(self, *answers):
        server = Server(*answers)
        self.addCleanup(server.close)
        return server

    def watch(self, server, *arguments, stream="/quota/stream", **more):
        more.setdefault("RIVULET_TOKEN", TOKEN)
        watch = Command("watch", stream, "--url", server.url, *arguments, **more)
        self.addCleanup(watch.close)
        return watch


class OutputTest(WatchCase):
    def test_readable(self):
        server = self.serve(OK + event(1, '{"type":"quota","é":1}') + event(2, "{}", "count") + OPEN)
        watch = self.watch(server)
        self.assertRegex(watch.output.next(),
                         r"\A\d\d:\d\d:\d\d  quota            \{\"type\":\"quota\",\"é\":1\}\Z")
        self.assertRegex(watch.output.next(), r"\A\d\d:\d\d:\d\d  count            \{\}\Z")
        watch.interrupt()
        self.assertEqual(watch.wait(), 0)
        self.assertEqual(watch.errors.all(), "")

    def test_json(self):
        data = '{"type":"quota","n":1.0,"é":[1, 2]}'
        server = self.serve(OK + event(1, data) + b"data: no JSON\n\n" + OPEN)
        watch = self.watch(server, "--json")
        self.assertEqual(watch.output.next(), '{"id":"e-1","event":"quota","data":' + data + "}")
        self.assertEqual(json.loads(watch.output.next()),
                         {"id": "e-1", "event": "message", "data": "no JSON"})

    def test_nothing_moves_the_terminal(self):
        server = self.serve(OK + event(1, '{"a":"\x1b[2J\x9b"}', "x\x1b") + OPEN)
        watch = self.watch(server)
        line = watch.output.next()
        self.assertNotRegex(line, "[\x00-\x1f\x7f-\x9f]")
        self.assertIn(r"\u001b[2J\u009b", line)

    def test_nothing_turns_the_line_around(self):
        """What reorders what is shown, or breaks its line, is escaped; in JSON it stays the same."""
        odd = "\u202e\u2066\u2028\u2029\u200b\U000e0001"
        server = self.serve(*[OK + event(1, json.dumps({"a": odd}, ensure_ascii=False)) + OPEN] * 2)
        line = self.watch(server).output.next()
        self.assertIn(r"\u202e\u2066\u2028\u2029\u200b\udb40\udc01", line)
        line = self.watch(server, "--json").output.next()
        self.assertTrue(line.isascii(), line)
        self.assertEqual(json.loads(line)["data"], {"a": odd})

    def look(self, **more):
        """The first line as a terminal gets it."""
        server = self.serve(OK + event(1) + OPEN)
        ours, its = pty.openpty()
        watch = self.watch(server, stdout=its, **more)
        os.close(its)
        self.addCleanup(os.close, ours)
        shown = command.read_until(ours, b"\n")
        watch.interrupt()
        self.assertEqual(watch.wait(), 0)
        return shown.decode()

    def test_colours_on_a_terminal(self):
        self.assertIn("\x1b[", self.look())

    def test_no_colours_where_unwanted(self):
        for more in ({"NO_COLOR": "1"}, {"TERM": "dumb"}):
            with self.subTest(**more):
                self.assertNotIn("\x1b", self.look(**more))

    def test_reader_leaves(self):
        server = self.serve(OK + event(1) + OPEN)
        reading, writing = os.pipe()
        watch = self.watch(server, stdout=writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            self.assertIn(b"quota", pipe.readline())
        # No further event comes.
        self.assertEqual(watch.wait(), 0)
        self.assertEqual(watch.errors.all(), "")

    def test_reader_leaves_before_more_comes(self):
        reading, writing = os.pipe()
        os.close(reading)
        server = self.serve(OK + event(1) * 1000 + OPEN)
        watch = self.watch(server, stdout=writing)
        os.close(writing)
        self.assertEqual(watch.wait(), 0)
        self.assertEqual(watch.errors.all(), "")

    def test_full_device(self):
        server = self.serve(OK + event(1) + OPEN)
        with open("/dev/full", "wb") as full:
            watch = self.watch(server, stdout=full)
        self.assertEqual(watch.wait(), 1)
        self.assertIn("No space left", watch.errors.all())


class RequestTest(WatchCase):
    def test_what_is_asked_for(self):
        server = self.serve(OK + event(1) + OPEN)
        watch = self.watch(server)
        watch.output.next()
        self.assertTrue(server.requests[0].startswith("GET /quota/stream HTTP/1.1\r\n"))
        self.assertEqual(server.header(0, "Authorization"), f"Bearer {TOKEN}")
        self.assertEqual(server.header(0, "Accept"), "text/event-stream")
        self.assertEqual(server.header(0, "Accept-Encoding"), None)
        self.assertEqual(server.header(0, "Last-Event-ID"), None)

    def test_last_event_id(self):
        server = self.serve(OK + event(8) + OPEN)
        watch = self.watch(server, "--last-event-id", "e-7")
        watch.output.next()
        self.assertEqual(server.header(0, "Last-Event-ID"), "e-7")

    def test_url_with_a_path(self):
        server = self.serve(OK + event(1) + OPEN)
        server.url += "/api/"
        self.watch(server).output.next()
        self.assertTrue(server.requests[0].startswith("GET /api/quota/stream HTTP/1.1\r\n"))

    def test_token_is_not_in_the_process_list(self):
        server = self.serve(OK + event(1) + OPEN)
        watch = self.watch(server)
        watch.output.next()
        with open(f"/proc/{watch.process.pid}/cmdline", "rb") as line:
            self.assertNotIn(TOKEN.encode(), line.read())

    def test_wrong_command_line(self):
        for arguments, said in (
            ([], "one stream"),
            (["quota", "posts-stats"], "one stream"),
            ([""], "must not be empty"),
            (["/quota/stream?token=" + TOKEN, "--url", "http://localhost"], "no query"),
            (["/quota/stream", "--url", "localhost:3001"], "http://"),
            (["/quota/stream", "--url", f"http://localhost/?token={TOKEN}"], "RIVULET_TOKEN"),
            (["/quota/stream", "--last-event-id", "a\nb"], "control characters"),
            (["quota", "--session", "--system", "--url", "http://localhost"], "only one"),
        ):
            with self.subTest(arguments=arguments):
                status, out, err = command.run("watch", *arguments, RIVULET_TOKEN=TOKEN)
                self.assertEqual((status, out), (2, ""))
                self.assertIn(said, err)
                self.assertNotIn(TOKEN, err)

    def test_unix_socket(self):
        folder = tempfile.mkdtemp(prefix="rivulet-cli-")
        self.addCleanup(shutil.rmtree, folder)
        path = os.path.join(folder, "socket")
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(path)
            listener.listen()
            watch = Command("watch", "/quota/stream", "--url", f"unix:{path}", RIVULET_TOKEN=TOKEN)
            self.addCleanup(watch.close)
            listener.settimeout(Deadline("a connection").left())
            client, _ = listener.accept()
            with client:
                client.recv(65536)
                client.sendall(OK + event(1))
                self.assertIn("quota", watch.output.next())


class TokenSourceTest(WatchCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp(prefix="rivulet-cli-")
        self.addCleanup(shutil.rmtree, self.folder)
        self.file = os.path.join(self.folder, "token")
        self.write("file.token.one\n")

    def write(self, text):
        with open(self.file, "w", encoding="utf-8") as file:
            file.write(text)

    def test_environment_before_file(self):
        server = self.serve(OK + event(1) + OPEN)
        watch = self.watch(server, "--token-file", self.file)
        watch.output.next()
        self.assertEqual(server.header(0, "Authorization"), f"Bearer {TOKEN}")
        self.assertIn("RIVULET_TOKEN is set", watch.errors.next())

    def test_file_is_read_for_each_connection(self):
        server = self.serve(OK + QUICK + event(1) + OPEN, OK + event(2) + OPEN)
        watch = self.watch(server, "--token-file", self.file, RIVULET_TOKEN="")
        watch.output.next()
        self.write("file.token.two")
        server.open[0].shutdown(socket.SHUT_RDWR)
        watch.output.next()
        self.assertEqual([server.header(number, "Authorization") for number in (0, 1)],
                         ["Bearer file.token.one", "Bearer file.token.two"])

    def test_bad_token(self):
        for text in ("", "two words", "a.b.c\r\nX-Other: 1", "é"):
            with self.subTest(text=text):
                self.write(text)
                status, out, err = command.run("watch", "/quota/stream", "--url",
                                               "http://127.0.0.1:9", "--token-file", self.file)
                self.assertEqual((status, out), (1, ""))
                self.assertIn(f"{self.file}: holds no token", err)

    def test_no_file(self):
        status, out, err = command.run("watch", "/quota/stream", "--url", "http://127.0.0.1:9",
                                       "--token-file", self.file + "x")
        self.assertEqual((status, out), (1, ""))
        self.assertIn(self.file + "x", err)

    def test_signed_anew_for_each_connection(self):
        secrets = [daemon.Secret(self.folder, name) for name in ("one", "two")]
        config = os.path.join(self.folder, "rivulet.conf")
        daemon.write_config(config, {"auth": {"secret-file": secrets[0].path}})
        server = self.serve(OK + QUICK + event(1) + OPEN, OK + event(2) + OPEN)
        watch = self.watch(server, "--config", config, "--sub", "42", RIVULET_TOKEN="")
        watch.output.next()
        daemon.write_config(config, {"auth": {"secret-file": secrets[1].path}})
        server.open[0].shutdown(socket.SHUT_RDWR)
        watch.output.next()
        signed = [server.header(number, "Authorization").rsplit(".", 1) for number in (0, 1)]
        self.assertNotEqual(signed[0][1], signed[1][1])

    def test_no_token(self):
        config = os.path.join(self.folder, "rivulet.conf")
        daemon.write_config(config, {})
        status, out, err = command.run("watch", "/quota/stream", "--url", "http://127.0.0.1:9",
                                       "--config", config)
        self.assertEqual((status, out), (1, ""))
        self.assertIn("RIVULET_TOKEN", err)
        self.assertIn("secret-file", err)


class ReconnectingTest(WatchCase):
    def test_resumes(self):
        server = self.serve(OK + QUICK + event(1) + b"id: e-9\nevent: quota\ndata: cut",
                            OK + b"data: again\n\n",
                            OK + event(3) + OPEN)
        watch = self.watch(server, "--json")
        ids = [json.loads(watch.output.next())["id"] for _ in range(3)]
        self.assertEqual(ids, ["e-1", "e-1", "e-3"])
        self.assertEqual([server.header(number, "Last-Event-ID") for number in range(3)],
                         [None, "e-1", "e-1"])
        self.assertIn("closed the connection; trying again in 0.1 s (1 of 3)", watch.errors.next())

    def test_gives_up_after_three(self):
        server = self.serve(OK + QUICK + event(1))
        watch = self.watch(server)
        watch.output.next()
        self.assertEqual(watch.wait(), 1)
        said = watch.errors.all().split("\n")
        self.assertEqual(len(said), 4)
        for line, delay in zip(said, ("0.1 s (1 of 3)", "0.2 s (2 of 3)", "0.4 s (3 of 3)")):
            self.assertIn(f"trying again in {delay}", line)
        self.assertIn("Connection refused; given up after 3 more attempts", said[3])

    def test_success_starts_the_count_again(self):
        server = self.serve(*[OK + QUICK + event(number) for number in range(6)])
        watch = self.watch(server)
        for _ in range(6):
            watch.output.next()
        self.assertEqual(watch.wait(), 1)
        self.assertEqual(len(server.requests), 6)

    def test_server_in_trouble(self):
        bad = b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n"
        server = self.serve(OK + QUICK, bad, bad, OK + event(5) + OPEN)
        watch = self.watch(server)
        self.assertIn("quota", watch.output.next())
        self.assertIn("closed", watch.errors.next())
        self.assertIn("503 Service Unavailable; trying again", watch.errors.next())

    def test_first_delay_without_the_server_saying(self):
        server = self.serve(OK)
        watch = self.watch(server)
        self.assertIn("trying again in 1.0 s (1 of 3)", watch.errors.next())

    def test_long_delay_of_the_server(self):
        server = self.serve(OK + b"retry: 3600000\n\n")
        watch = self.watch(server)
        self.assertIn("trying again in 3600.0 s (1 of 3)", watch.errors.next())
        watch.interrupt()
        self.assertEqual(watch.wait(), 0)

    def test_interrupt_before_an_answer(self):
        server = self.serve(OPEN)
        watch = self.watch(server)
        wait_until(lambda: server.requests, "a request")
        watch.interrupt()
        self.assertEqual(watch.wait(), 0)
        self.assertEqual(watch.errors.all(), "")


class RefusalTest(WatchCase):
    def refuse(self, head, said):
        server = self.serve(head + b"\r\nContent-Length: 0\r\n\r\n", OK)
        watch = self.watch(server)
        self.assertEqual(watch.wait(), 1)
        self.assertIn(said, watch.errors.all())
        self.assertNotIn(TOKEN, watch.errors.all())
        self.assertNotIn("trying again", watch.errors.all())
        self.assertEqual(watch.output.all(), "")
        self.assertEqual(len(server.requests), 1)

    def test_token_not_taken(self):
        self.refuse(b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer",
                    "does not take the token (401)")

    def test_no_such_stream(self):
        self.refuse(b"HTTP/1.1 404 Not Found", "no such stream (404)")

    def test_other_statuses(self):
        self.refuse(b"HTTP/1.1 204 No Content", "204 No Content")
        self.refuse(b"HTTP/1.1 403 Forbidden", "403 Forbidden; the token may")

    def test_no_stream(self):
        self.refuse(b"HTTP/1.1 200 OK\r\nContent-Type: text/html", "not an event stream, but text/html")
        self.refuse(b"HTTP/1.1 200 OK", "not an event stream")

    def test_nothing_moves_the_terminal(self):
        self.refuse(b"HTTP/1.1 403 \x1b[2J\xff", "403 \\u001b[2J\ufffd")

    def test_redirect(self):
        server = self.serve(OK)
        self.refuse(f"HTTP/1.1 302 Found\r\nLocation: {server.url}/".encode(),
                    f"redirected (302) to {server.url}/")
        self.assertEqual(server.requests, [])
