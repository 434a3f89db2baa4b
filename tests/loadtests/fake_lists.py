"""The fake service without a ledger: it lists its captures as JSON, in one of the ways in which services list things.

Run as `python fake_lists.py WAY DEFECT [ODD]`. WAY is how the list goes on, DEFECT what is wrong with the service (those of
fake_service.py, and `wrong_amount`, `forgets`: page 1 is right, and each later page lacks its first item). ODD is a correct way:
`gzip`, `http10`, `empty` (204 for an empty list, and 404 after the last page), `slow`, `late` (listed a second later),
`late_double` (only what is settled twice is listed later: three seconds).
"""

import gzip
import json
import os
import sys
import threading
import time
from urllib.parse import parse_qs, urlsplit

from fake_service import Books, Handler, Server

WAYS = ("whole", "cursor", "page", "has_more", "link")
ODD = ("none", "gzip", "http10", "empty", "slow", "late", "late_double")
SIZE = 7


class Listing(Handler):
    """The fake service with a list of captures in place of its journal."""

    way, odd, defect = "whole", "none", "none"
    since: dict[int, float]

    def read(self):
        """Answer one read."""
        path, query = urlsplit(self.path).path, {name: values[0] for name, values in parse_qs(urlsplit(self.path).query).items()}
        if path != "/captures":
            super().read()
            return
        if self.odd == "slow":
            threading.Event().wait(0.05)
        with self.books.lock:
            self.captures(query)

    def captures(self, query):
        """One page."""
        items = self.items()
        if self.way == "whole":
            self.page({"data": items})
            return
        first = self.first(query, items)
        page, more = items[first : first + SIZE], first + SIZE < len(items)
        if self.defect == "forgets" and first:
            page = page[1:]
        if self.way == "page":
            self.page({"data": page, "page": first // SIZE + 1})
        elif self.way == "cursor":
            self.page({"data": page, "meta": {"next": f"c={first + SIZE}&" if more else None}})
        elif self.way == "has_more":
            self.page({"data": page, "has_more": more})
        else:
            host = self.headers["Host"]
            link = f'<http://{host}/captures?from={first + SIZE}>; rel="next", <http://{host}/captures>; rel="first"'
            self.page({"data": page}, link if more else "")

    def first(self, query, items):
        """The position of the first item of a page."""
        if self.way == "page":
            return (int(query["page"]) - 1) * SIZE
        if self.way == "cursor":
            return int(query.get("cursor", "c=0&")[2:-1])
        if self.way == "has_more":
            ids = [str(item["id"]) for item in items]
            return ids.index(query["starting_after"]) + 1 if "starting_after" in query else 0
        return int(query.get("from", "0"))

    def items(self):
        """Every capture, the oldest first; whole numbers as ids, and amounts in major units as numbers."""
        entries = [entry for entry in self.books.entries if entry["kind"] == "settle"]
        refunded = {entry["payment_id"] for entry in self.books.entries if entry["kind"] == "refund"}
        found = []
        for entry in entries:
            made = self.since.setdefault(entry["seq"], time.monotonic())
            if self.odd == "late" and time.monotonic() - made < 1:
                continue
            again = self.odd == "late_double" and entry["payment_id"] in {item["transfer"] for item in found}
            if again and time.monotonic() - made < 3:
                continue
            payment, (amount,) = (
                entry["payment_id"],
                [int(posting["amount"]) for posting in entry["postings"] if not posting["account"].startswith("wallet/")],
            )
            amount += self.defect == "wrong_amount" and entry["seq"] % 5 == 0
            state = "given_back" if payment in refunded else "done"
            found.append({"id": entry["seq"], "transfer": payment, "total": amount / 100, "status": state, "unit": "eur"})
        return found

    def page(self, document, link=""):
        """Send one page."""
        body = json.dumps(document).encode()
        if self.odd == "empty" and not document["data"]:
            missing = bool(self.books.transfers)
            self.send_response(404 if missing else 204)
            if missing:
                self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(200)
        if link:
            self.send_header("Link", link)
        if self.odd == "gzip":
            body = gzip.compress(body)
            self.send_header("Content-Encoding", "gzip")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def main():
    """Serve until killed."""
    way, defect, odd = (*sys.argv[1:], "none", "none")[:3]
    assert way in WAYS, way
    assert odd in ODD, odd
    books = Books(defect)
    protocol = "HTTP/1.0" if odd == "http10" else "HTTP/1.1"
    members = {"books": books, "way": way, "defect": defect, "odd": odd, "protocol_version": protocol, "since": {}}
    server = Server(("127.0.0.1", 0), type("Once", (Listing,), members))
    os.write(1, json.dumps({"url": f"http://127.0.0.1:{server.server_port}"}).encode() + b"\n")
    server.serve_forever()


if __name__ == "__main__":
    main()
