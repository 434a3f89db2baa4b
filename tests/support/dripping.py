"""A service that sends its answer byte by byte."""

import socket
import threading
from contextlib import contextmanager

BETWEEN_S = 0.02


@contextmanager
def dripping(quick, slow):
    """A service that sends the first part at once and the second one byte after the other, and then ends; its address."""
    over = threading.Event()

    def answer(connection):
        with connection:
            connection.recv(65536)
            try:
                connection.sendall(quick)
                for byte in slow:
                    if over.wait(BETWEEN_S):
                        return
                    connection.sendall(bytes([byte]))
            except OSError:
                return  # the client has hung up

    def serve():
        while not over.is_set():
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            clients.append(threading.Thread(target=answer, args=(connection,)))
            clients[-1].start()

    clients = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = threading.Thread(target=serve)
        server.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            over.set()
            listener.shutdown(socket.SHUT_RDWR)
            server.join()
            for client in clients:
                client.join()
